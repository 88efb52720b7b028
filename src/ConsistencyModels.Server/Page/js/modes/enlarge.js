// A small picture becomes a large one.
import { EditMode, plain } from './edit.js';
import { encode, shrink } from '../data/pictures.js';
import { settings } from '../data/settings.js';
import { chips } from '../ui/fields.js';
import { h } from '../ui/dom.js';
import { sourceRow } from '../ui/source.js';

export class EnlargeMode extends EditMode {
  #place = h('div', { class: 'place' });
  #shrunk = true;

  constructor(app) {
    super(app, 'enlarge', 'superres', {
      title: 'Enlarge', go: 'Enlarge', lead: 'A small picture becomes a large one.', more: 'Each block of pixels keeps its mean; the model invents the rest.',
      hint: 'Large pictures come here.',
    }, ['classes', 'factor', 'steps', 'seed']);
    this.choice = chips('Enlarge what', [{ value: true, text: 'shrunk first' }, { value: false, text: 'as it is' }],
      { get: value => value === this.#shrunk, set: value => { this.#shrunk = value; this.#show(); } });
    this.before.append(sourceRow({ onfile: this.open, ondraw: this.drawNew }), this.#place, this.choice.element);
    settings.addEventListener('change', () => this.picture && this.#show());
  }

  get factor() {
    return settings.get('factor') ?? this.model.edits.superres.factor;
  }

  opened(picture) {
    // What is small already is taken as it is; the model's own size makes a fair test of what it knows.
    this.#shrunk = picture.width >= this.model.width && picture.height >= this.model.height;
    return this.#show();
  }

  async restored(picture, sources) {
    const complete = await super.restored(picture, sources);
    if (complete) {
      this.#shrunk = false;
      await this.#show();
    }
    return complete;
  }

  async #show() {
    const [w, h2] = [Math.max(1, Math.round(this.picture.width / this.factor)), Math.max(1, Math.round(this.picture.height / this.factor))];
    this.small = this.#shrunk ? shrink(this.picture, w, h2) : this.picture;
    this.smallFile = encode(this.small);
    const words = `${this.small.width} × ${this.small.height} pixels, to become ${this.small.width * this.factor} × ${this.small.height * this.factor}.`;
    this.choice.refresh();
    this.#place.replaceChildren(plain(this.small, await this.smallFile, 'The small picture'), h('p', { class: 'note' }, words));
  }

  async files() {
    return { image: await this.smallFile };
  }

  fieldsOf() {
    return { factor: this.factor };
  }

  resultsOf() {
    const pixels = this.small.width * this.small.height * this.factor ** 2;
    return pixels > this.model.width * this.model.height ? 1 : super.resultsOf();
  }
}
