// What one paints with: the size of the brush, colours or an eraser, and the way back.
import { button, h } from './dom.js';
import { slider } from './fields.js';

export class Tools {
  size = 4;
  erasing = false;
  #undo;
  #erase;
  #slider;

  constructor({ onundo, onclear, erase = false, before = [] }) {
    this.#undo = button('Undo', onundo, { title: 'Ctrl + Z' });
    this.#erase = erase ? button('Erase', () => { this.erasing = !this.erasing; this.#show(); }, { 'aria-pressed': 'false' }) : null;
    this.#slider = slider('Brush', { min: 1, max: 16, step: 1, get: () => this.size, set: value => { this.size = value; }, show: value => `${value} px` });
    this.element = h('div', { class: 'tools', role: 'group', 'aria-label': 'Brush' }, ...before, this.#slider.element,
      h('div', { class: 'row' }, this.#erase, this.#undo, button('Clear', onclear)));
    this.#slider.refresh();
  }

  /** Another picture: a brush that suits it. */
  fit({ width, height }) {
    const side = Math.min(width, height);
    const input = this.#slider.element.querySelector('input');
    input.max = Math.max(4, Math.round(side / 2));
    this.size = Math.max(1, Math.round(side / 6));
    this.#slider.refresh();
  }

  resize(change) {
    const input = this.#slider.element.querySelector('input');
    this.size = Math.min(Number(input.max), Math.max(1, this.size + change));
    this.#slider.refresh();
  }

  refresh(surface) {
    this.#undo.disabled = !surface.canUndo;
  }

  #show() {
    this.#erase.setAttribute('aria-pressed', String(this.erasing));
  }
}
