// The form beside the pictures: the fields that the mode has, and the button that draws.
import { button, h } from './dom.js';
import { choicesOf } from './choices.js';
import { settings } from '../data/settings.js';

export class SettingsPanel {
  #fields = {};
  #mode;
  #go = h('button', { type: 'submit', class: 'go' });
  #stop = button('Stop', () => this.#mode.stop(), { class: 'stop', hidden: true });
  #status = h('p', { class: 'status' });
  #alert = h('p', { class: 'alert', role: 'alert' });
  #extra = h('div', { class: 'extra' });
  #list = h('div', { class: 'fields' });

  constructor(form) {
    this.form = form;
    form.append(this.#list, this.#extra, h('div', { class: 'act' }, h('div', { class: 'row' }, this.#go, this.#stop), this.#status, this.#alert));
    form.addEventListener('submit', event => {
      event.preventDefault();
      this.#mode.go();
    });
    // Enter in a field that is not a button draws, as forms do; with Control it draws from anywhere.
    document.addEventListener('keydown', event => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !document.querySelector('dialog[open]')) {
        event.preventDefault();
        form.requestSubmit();
      }
    });
    settings.addEventListener('change', () => this.refresh());
  }

  /** Another model: other choices. */
  build(model, limits) {
    this.form.hidden = false;
    this.#fields = choicesOf(model, limits, () => this.#mode);
    this.#list.replaceChildren(...Object.values(this.#fields).filter(Boolean).map(field => field.element));
  }

  /** Another mode: other fields. */
  show(mode) {
    this.#mode = mode;
    for (const [name, field] of Object.entries(this.#fields)) {
      if (!field) continue;
      field.element.hidden = !mode.fields.includes(name);
      // What is not to be seen is not to be checked, either: an empty field there would hold the form back in silence.
      for (const input of field.element.querySelectorAll('input, select')) input.disabled = field.element.hidden;
    }
    this.refresh();
  }

  /** Shows what is set and what happens. */
  refresh() {
    const mode = this.#mode;
    if (!mode) return;
    for (const name of mode.fields) this.#fields[name]?.refresh();
    this.#go.textContent = mode.words.go;
    this.#go.title = 'Ctrl + Enter';
    this.#stop.hidden = !mode.busy;
    this.#status.textContent = mode.status;
    if (this.#alert.textContent !== mode.error) this.#alert.textContent = mode.error;
    const extra = Object.entries(mode.extra);
    this.#extra.replaceChildren(...(extra.length ? [
      h('p', { class: 'note' }, 'Also set: ', extra.map(([name, value]) => `${name} ${value}`).join(', ')),
      button('Forget these', () => { mode.extra = {}; this.refresh(); }),
    ] : []));
  }
}
