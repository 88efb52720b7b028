// What the server's models can do, and how much of it at once is no burden.

// Network calls times parameters times pixels of the bundled model's first screen (16 pictures, 4 steps) are about 2e11.
const light = 1e12;

/** A model of the server, with what the page asks about it. */
export class Model {
  constructor(description) {
    Object.assign(this, description);
  }

  /** Whether so many pictures in so many steps are drawn in about a second. */
  isLight(pictures, steps) {
    return this.parameter_count * this.width * this.height * pictures * steps < light;
  }

  /** As many as are light, from a falling list of choices. */
  lightest(choices, steps) {
    return choices.find(count => this.isLight(count, steps)) ?? choices.at(-1);
  }

  /** Whether it can do an edit. */
  can(edit) {
    return this.edits?.[edit] !== undefined;
  }

  /** A class in words. */
  className(index) {
    return this.classes?.find(entry => entry.index === index)?.name ?? `class ${index}`;
  }

  /** The numbers of steps to choose between at a touch. */
  stepChoices() {
    const choices = this.kind === 'consistency' ? [1, 2, 4, 8] : [9, 18, 36];
    return choices.filter(steps => steps <= this.max_steps);
  }

  /** Few words about it. */
  about() {
    const [count, millions] = [this.parameter_count, this.parameter_count / 1e6];
    const parameters = count < 1e6 ? count.toLocaleString('en') : `${millions < 100 ? millions.toPrecision(3) : Math.round(millions).toLocaleString('en')} M`;
    return `${parameters} parameters, ${this.width} × ${this.height} pixels`;
  }
}
