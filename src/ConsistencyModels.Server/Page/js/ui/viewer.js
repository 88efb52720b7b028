// One picture, large, with what is known of it and what can be done with it.
import { button, h } from './dom.js';
import { Lines } from './lines.js';
import { nameOf } from './tiles.js';
import { urlOf } from '../data/pictures.js';
import { download } from './download.js';

export class Viewer {
  #pictures = [];
  #at = 0;
  #image = h('img', { class: 'large' });
  #title = h('h2', { id: 'viewer-title' });
  #facts = h('dl', { class: 'facts' });
  #actions = h('div', { class: 'actions' });
  #lines = new Lines('This picture from elsewhere');
  #back = button('←', () => this.#go(-1), { 'aria-label': 'The picture before' });
  #on = button('→', () => this.#go(1), { 'aria-label': 'The next picture' });

  /** @param actionsOf gives { text, act, pressed?, stay? } for a picture */
  constructor(actionsOf) {
    this.actionsOf = actionsOf;
    const close = button('×', () => this.dialog.close(), { class: 'close', 'aria-label': 'Close' });
    this.dialog = h('dialog', { class: 'viewer', 'aria-labelledby': 'viewer-title' },
      h('div', { class: 'split head' }, this.#title, h('div', { class: 'row' }, this.#back, this.#on, close)),
      h('div', { class: 'viewer-body' }, h('div', { class: 'frame' }, this.#image), h('div', { class: 'side' }, this.#facts, this.#actions)),
      this.#lines.element);
    this.dialog.addEventListener('keydown', event => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step || event.target.closest('[role=tablist], pre')) return;
      this.#go(step);
    });
    // A click beside it closes it.
    this.dialog.addEventListener('click', event => { if (event.target === this.dialog) this.dialog.close(); });
    document.body.append(this.dialog);
  }

  /** Shows a picture of several. */
  open(picture, pictures = [picture]) {
    this.#pictures = pictures;
    this.#at = Math.max(0, pictures.indexOf(picture));
    this.#show();
    if (!this.dialog.open) this.dialog.showModal();
  }

  get picture() {
    return this.#pictures[this.#at];
  }

  #go(step) {
    const to = this.#at + step;
    if (to < 0 || to >= this.#pictures.length) return;
    this.#at = to;
    this.#show();
  }

  #show() {
    const picture = this.picture;
    this.#title.textContent = picture.className ?? (picture.class === null ? 'A picture' : `Class ${picture.class}`);
    this.#image.src = urlOf(picture.blob);
    this.#image.alt = nameOf(picture);
    [this.#image.width, this.#image.height] = [picture.width, picture.height];
    this.#back.disabled = this.#at === 0;
    this.#on.disabled = this.#at === this.#pictures.length - 1;
    const facts = { Seed: picture.seed, Steps: picture.steps, Sampler: picture.sampler, Size: `${picture.width} × ${picture.height}`, Made: picture.operation.replace('edit/', ''), Model: picture.model };
    this.#facts.replaceChildren(...Object.entries(facts).flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, String(value ?? '–'))]));
    this.#fillActions();
    this.#lines.show(picture.lines);
  }

  #fillActions() {
    const picture = this.picture;
    const focused = this.#actions.contains(document.activeElement) ? document.activeElement.textContent : null;
    const all = [{ text: 'Download', act: () => download(picture), stay: true }, ...this.actionsOf(picture)];
    this.#actions.replaceChildren(...all.map(({ text, act, pressed, stay, danger }) => button(text, async () => {
      if (!stay) this.dialog.close();
      await act();
      if (stay) this.#fillActions();
    }, { 'aria-pressed': pressed === undefined ? null : String(pressed), class: danger ? 'danger' : null })));
    [...this.#actions.children].find(one => one.textContent === focused)?.focus();
  }
}
