// What the person has chosen. Kept in this browser; whoever shows a choice listens to "change".
import { isSeed, newSeed } from './seeds.js';

const key = 'cm-settings';

class Settings extends EventTarget {
  #values = { model: null, classes: [], seed: newSeed(), locked: false, sampler: null, count: null, times: 1, factor: null, steps: {}, sigma: {} };

  constructor() {
    super();
    try {
      const kept = JSON.parse(localStorage.getItem(key)) ?? {};
      for (const name of Object.keys(this.#values)) {
        if (name in kept) this.#values[name] = kept[name];
      }
      if (!isSeed(this.#values.seed)) this.#values.seed = newSeed();
    } catch {
      // What cannot be read is chosen anew.
    }
  }

  get(name) {
    return this.#values[name];
  }

  set(values) {
    Object.assign(this.#values, values);
    localStorage.setItem(key, JSON.stringify(this.#values));
    this.dispatchEvent(new Event('change'));
  }

  /** Steps and noise levels are chosen for each mode by itself. */
  of(name, mode, otherwise) {
    return this.#values[name][mode] ?? otherwise;
  }

  setOf(name, mode, value) {
    this.set({ [name]: { ...this.#values[name], [mode]: value } });
  }

  /** The seed of the next pictures: a new one each time, unless it is locked. */
  nextSeed() {
    if (!this.#values.locked) this.set({ seed: newSeed() });
    return this.#values.seed;
  }

  /** Another model has other steps, classes and samplers. */
  forgetModel(model) {
    this.set({ model, classes: [], sampler: null, count: null, times: 1, factor: null, steps: {}, sigma: {} });
  }
}

export const settings = new Settings();
