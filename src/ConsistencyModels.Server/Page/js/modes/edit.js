// Work on one picture: it stands on the left, what the model makes of it on the right.
import { Mode } from './mode.js';
import { draw } from '../net/draw.js';
import { settings } from '../data/settings.js';
import { decode, encode, urlOf } from '../data/pictures.js';
import { counted, h, lasting } from '../ui/dom.js';
import { chips } from '../ui/fields.js';
import { Tiles } from '../ui/tiles.js';

export class EditMode extends Mode {
  /** The picture as a canvas, as a file, and its class if the model made it: it is edited as one of that class. */
  picture = null;
  file = null;
  label = null;
  #inTiles = false;

  /** @param edit what the server calls it @param hint what stands where results will be */
  constructor(app, id, edit, words, fields) {
    super(app, id, words, fields);
    this.edit = edit;
    this.before = h('div', { class: 'before' });
    this.tiles = new Tiles('Results', app.open, { columns: () => matchMedia('(max-width: 860px)').matches ? 4 : 2, largest: 0.6 });
    this.empty = h('p', { class: 'empty' }, words.hint);
    this.fit = chips('A large picture', [{ value: false, text: 'its middle, scaled' }, { value: true, text: 'all of it, in tiles' }],
      { get: value => value === this.#inTiles, set: value => { this.#inTiles = value; } });
    this.after = h('div', { class: 'after' }, this.empty, this.tiles.element);
    this.body.append(h('div', { class: 'pair' }, this.before, this.after));
    this.tiles.element.hidden = true;
    this.fit.element.hidden = true;
  }

  stepsOf(model) {
    return model.edits[this.edit].steps;
  }

  sigmaOf(model) {
    return model.edits[this.edit].sigma ?? 1;
  }

  reset() {
    [this.picture, this.file] = [null, null];
  }

  // What it does shows at once, where that is no burden.
  async enter() {
    if (this.picture || this.busy || !this.model.isLight(4, this.stepsOf(this.model))) return;
    if (!await this.drawNew()) return;
    this.example();
    await this.results(settings.get('seed'), false);
  }

  /** Readies a picture to show what the mode does. */
  example() {}

  // Not "any class" for a picture whose class is known.
  request(seed) {
    const request = super.request(seed);
    return this.label === null || request.classes ? request : { ...request, classes: [this.label] };
  }

  /** Takes a file to work on. */
  async take(file, label = null) {
    const picture = await decode(file);
    [this.picture, this.file, this.label] = [picture, file, label];
    this.tiles.element.hidden = true;
    this.empty.hidden = false;
    this.lines.show(null);
    this.fit.element.hidden = !this.isLarger;
    this.fit.refresh();
    await this.opened(picture);
    this.say(`${label === null ? 'A picture' : `A picture of the class ${this.model.className(label)}`}, ${picture.width} × ${picture.height} pixels.`);
  }

  /** Takes a file as a person gives one: what is wrong with it is said. */
  open = (file, label) => this.run('Reading …', () => this.take(file, label));

  /** Lets the model make a picture to work on. */
  drawNew = () => this.run('Drawing one to begin with …', async signal => {
    const { steps, ...request } = super.request(settings.nextSeed());
    const result = await draw('generate', { ...request, ...this.starting?.(), steps: Math.min(4, this.model.max_steps) }, { signal });
    await this.take(result.pictures[0].blob, result.pictures[0].class);
  });

  /** What is sent: files by field. Called when the person asks for results. */
  async files() {
    return { image: await encode(this.picture) };
  }

  /** Fields of this edit. A picture of another size than the model's comes back at its own. */
  fieldsOf() {
    const { width, height } = this.model;
    if (this.picture.width === width && this.picture.height === height) return {};
    return this.isLarger && this.#inTiles ? { fit: 'tile' } : { paste: true };
  }

  /** Whether there is more in it than the model sees at once. */
  get isLarger() {
    return this.picture.width > this.model.width || this.picture.height > this.model.height;
  }

  go() {
    if (this.picture) this.results(settings.nextSeed(), true);
    else this.error = 'There is no picture yet.', this.app.refresh(this);
  }

  results(seed, keep) {
    return this.run(`${this.words.go} …`, async signal => {
      const [files, count] = [await this.files(), this.resultsOf()];
      if (keep || this.tiles.element.hidden) this.tiles.wait(count, this.shown?.width ?? this.model.width, this.shown?.height ?? this.model.height);
      this.tiles.element.hidden = false;
      this.empty.hidden = true;
      const on = {
        queued: ({ ahead }) => { if (ahead) this.say(`Waiting for ${counted(ahead, 'other')} …`); },
        progress: ({ fraction }) => { this.progress.value = fraction; },
        step: step => this.tiles.preview(step.images),
      };
      const result = await draw(`edit/${this.edit}`, { ...this.request(seed), ...this.fieldsOf(), count, ...this.extra }, { files, on, previews: keep, signal });
      this.last = result.pictures;
      [this.shown] = result.pictures;
      this.tiles.show(result.pictures);
      this.lines.show(result.equivalents);
      if (keep) this.app.keep(result.pictures);
      this.say([`${counted(result.pictures.length, 'picture')} in ${lasting(result.total_ms)}.`, ...result.notes].join(' '));
    });
  }

  /** Sets what a picture was made of, and shows it. Gives whether all of it is there. */
  async restored(picture, sources) {
    if (sources.image) await this.take(sources.image, picture.class);
    this.last = [picture];
    this.tiles.element.hidden = false;
    this.empty.hidden = true;
    this.tiles.show(this.last);
    this.lines.show(picture.lines ?? null);
    return Boolean(sources.image);
  }

  resultsOf() {
    return this.model.isLight(4, this.stepsOf(this.model)) ? 4 : 1;
  }

  failed() {
    if (this.last) this.tiles.show(this.last);
    else [this.tiles.element.hidden, this.empty.hidden] = [true, false];
  }
}

/** A picture to look at, not to paint on. */
export const plain = (canvas, blob, label) => h('img', { class: 'plain', src: urlOf(blob), alt: label, width: canvas.width, height: canvas.height });
