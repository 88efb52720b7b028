// From one picture to another, as far as the slider says.
import { Mode } from './mode.js';
import { draw } from '../net/draw.js';
import { settings } from '../data/settings.js';
import { newSeed } from '../data/seeds.js';
import { decode, urlOf } from '../data/pictures.js';
import { button, calm, counted, h, lasting } from '../ui/dom.js';
import { sourceRow } from '../ui/source.js';
import { snow } from '../ui/noise.js';
import { nameOf } from '../ui/tiles.js';

const frameTime = 90;

export class WalkMode extends Mode {
  /** Each end is a seed, or a file. */
  ends = [{ seed: newSeed() }, { seed: newSeed() }];
  #frames = [];
  #playing = null;
  #asked = null;

  constructor(app) {
    super(app, 'walk', { title: 'Walk', go: 'New walk', lead: 'Walk from one picture to another.', more: 'Move the slider: every place between them is a picture too.' }, ['classes', 'steps', 'seed']);
    this.view = h('img', { class: 'view', alt: '', hidden: true });
    this.frame = h('button', { type: 'button', class: 'tile', 'aria-label': 'Open this picture', onclick: () => this.#frames.length && app.open(this.#frames[this.at], this.#frames) }, this.view);
    this.slider = h('input', { type: 'range', min: 0, max: 1, step: 1, value: 0, 'aria-label': 'How far', disabled: true, oninput: () => { this.pause(); this.#look(); } });
    this.play = button('Play', () => this.#playing ? this.pause() : this.#start(), { 'aria-pressed': 'false', disabled: true });
    this.thumbs = [0, 1].map(i => h('img', { class: 'end', alt: i ? 'The other end' : 'This end', hidden: true }));
    this.body.append(h('div', { class: 'stage' }, this.frame),
      h('div', { class: 'way' }, this.thumbs[0], this.slider, this.thumbs[1]),
      h('div', { class: 'ends' }, this.#endRow(0, 'From'), this.play, this.#endRow(1, 'To')));
  }

  get at() {
    return Number(this.slider.value);
  }

  stepsOf(model) {
    return model.edits.interpolate.steps;
  }

  framesOf() {
    return this.#asked ?? Math.min(this.app.limits.frames, this.model.lightest([33, 17, this.model.edits.interpolate.frames], this.stepsOf(this.model)));
  }

  /** Walks the same way again. Gives whether its ends are there. */
  async restored(picture, sources) {
    const { seeds, frames } = picture.request;
    if (!seeds && !(sources.image && sources.to)) {
      this.#show({ pictures: [picture], equivalents: picture.lines ?? null, notes: [], total_ms: 0 });
      return false;
    }
    this.ends = seeds ? seeds.map(seed => ({ seed: String(seed) })) : [{ blob: sources.image }, { blob: sources.to }];
    this.#asked = frames ?? null;
    await this.walk();
    if (picture.frame !== null && picture.frame !== undefined) {
      this.slider.value = picture.frame;
      this.#look();
    }
    return true;
  }

  reset() {
    this.#asked = null;
    this.#frames = [];
  }

  enter() {
    if (!this.#frames.length && !this.busy && this.model.isLight(8, this.stepsOf(this.model))) this.walk();
  }

  go() {
    this.#asked = null;
    this.ends = [{ seed: settings.nextSeed() }, { seed: newSeed() }];
    this.walk(true);
  }

  /** Puts a picture at an end: 0 from, 1 to. */
  async setEnd(i, end) {
    if (end.blob && !await this.run('Reading …', () => decode(end.blob))) return;
    this.ends[i] = end;
    await this.walk();
  }

  walk() {
    this.pause();
    return this.run('Walking …', async signal => {
      if (!this.#frames.length) this.frame.replaceChildren(snow(this.model.width, this.model.height));
      const { seed, ...request } = this.request(settings.get('seed'));
      const ends = this.ends.every(end => end.seed) ? { seeds: this.ends.map(end => end.seed) } : {};
      const files = ends.seeds ? {} : { image: await this.#fileOf(0, signal), to: await this.#fileOf(1, signal) };
      // One class for the whole way: what changes on it is the noise.
      const classes = request.classes ? { classes: request.classes.slice(0, 1) } : {};
      const on = { progress: ({ fraction }) => { this.progress.value = fraction; } };
      const result = await draw('edit/interpolate', { ...request, ...classes, ...ends, seed, frames: this.framesOf(), ...this.extra }, { files, on, signal });
      this.#show(result);
    });
  }

  #show(result) {
    const kept = this.#frames.length ? this.at / Number(this.slider.max) : 0.5;
    this.#frames = result.pictures;
    const last = result.pictures.length - 1;
    this.slider.max = last;
    this.slider.value = Math.round(kept * last);
    this.slider.disabled = this.play.disabled = false;
    [0, last].forEach((frame, i) => { Object.assign(this.thumbs[i], { src: urlOf(result.pictures[frame].blob), hidden: false }); });
    // One address for each, made now: the slider must not wait for a picture.
    this.#frames.forEach(frame => { new Image().src = urlOf(frame.blob); });
    this.#look();
    this.lines.show(result.equivalents);
    this.say([`${counted(result.pictures.length, 'picture')} on the way, in ${lasting(result.total_ms)}.`, ...result.notes].join(' '));
  }

  #look() {
    const frame = this.#frames[this.at];
    if (!frame) return;
    if (!this.view.isConnected) this.frame.replaceChildren(this.view);
    Object.assign(this.view, { src: urlOf(frame.blob), hidden: false, alt: nameOf(frame) });
    this.slider.setAttribute('aria-valuetext', `${Math.round(100 * this.at / (this.#frames.length - 1))} %`);
  }

  // An end that is a seed beside one that is a file becomes a file.
  async #fileOf(i, signal) {
    const end = this.ends[i];
    if (end.blob) return end.blob;
    const { steps, ...request } = this.request(end.seed);
    return (await draw('generate', request, { signal })).pictures[0].blob;
  }

  #start() {
    let [step, last] = [1, performance.now()];
    const tick = now => {
      if (now - last >= (calm() ? 5 : 1) * frameTime) {
        last = now;
        if (this.at >= Number(this.slider.max)) step = -1;
        if (this.at <= 0) step = 1;
        this.slider.value = this.at + step;
        this.#look();
      }
      this.#playing = requestAnimationFrame(tick);
    };
    this.#playing = requestAnimationFrame(tick);
    this.#showPlay();
  }

  pause() {
    cancelAnimationFrame(this.#playing);
    this.#playing = null;
    this.#showPlay();
  }

  leave() {
    this.pause();
  }

  #showPlay() {
    this.play.textContent = this.#playing ? 'Pause' : 'Play';
    this.play.setAttribute('aria-pressed', String(Boolean(this.#playing)));
  }

  #endRow(i, name) {
    return h('div', { class: 'row', role: 'group', 'aria-label': name }, h('b', {}, name),
      sourceRow({ onfile: blob => this.setEnd(i, { blob }), ondraw: () => this.setEnd(i, { seed: newSeed() }) }));
  }
}
