// Goes back and forth through the steps in which pictures became sharp.
import { h, unique } from './dom.js';

export class Scrubber {
  #steps = [];

  /** @param onmove takes the images of the step that is looked at, or null for the finished pictures */
  constructor(onmove) {
    const id = unique('step');
    this.input = h('input', { type: 'range', id, min: 1, step: 1, oninput: () => this.#move() });
    this.output = h('output', { for: id });
    this.onmove = onmove;
    this.element = h('div', { class: 'scrubber', hidden: true }, h('label', { for: id }, 'Look back'), this.input, this.output);
  }

  /** Forgets the steps of the last pictures. */
  clear() {
    this.#steps = [];
    this.element.hidden = true;
  }

  /** Remembers a step as the event stream tells of it. */
  add(step) {
    this.#steps.push(step);
  }

  /** Shows itself if there is more than one step to look at. */
  done() {
    this.element.hidden = this.#steps.length < 2;
    this.input.max = this.#steps.length;
    this.input.value = this.#steps.length;
    this.#words();
  }

  #words() {
    const at = Number(this.input.value);
    const step = this.#steps[at - 1];
    if (!step) return;
    this.output.textContent = `step ${at} of ${this.#steps.length}, from σ ${Number(step.sigma.toPrecision(3))}`;
    this.input.setAttribute('aria-valuetext', this.output.textContent);
  }

  #move() {
    this.#words();
    const at = Number(this.input.value);
    this.onmove(at === this.#steps.length ? null : this.#steps[at - 1].images);
  }
}
