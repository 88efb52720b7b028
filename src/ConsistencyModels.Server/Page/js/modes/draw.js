// Noise becomes pictures, and one sees how.
import { Mode } from './mode.js';
import { draw } from '../net/draw.js';
import { settings } from '../data/settings.js';
import { counted, lasting } from '../ui/dom.js';
import { pace } from '../ui/pace.js';
import { Scrubber } from '../ui/scrubber.js';
import { Tiles } from '../ui/tiles.js';

const counts = [16, 9, 4, 1];

export class DrawMode extends Mode {
  #pictures = null;

  constructor(app) {
    super(app, 'draw', { title: 'Draw', go: 'Draw', lead: 'Noise becomes a picture in one step.', more: 'A few more steps sharpen it.' },
      ['classes', 'steps', 'count', 'times', 'sampler', 'seed']);
    this.tiles = new Tiles('Pictures', app.open, { largest: 0.72 });
    this.scrubber = new Scrubber(images => images ? this.tiles.preview(images) : this.tiles.show(this.#pictures));
    this.body.append(this.tiles.element, this.scrubber.element);
  }

  stepsOf(model) {
    return model.isLight(1, 4) ? model.stepChoices().find(steps => steps >= 4) ?? model.steps : model.steps;
  }

  countOf(model) {
    const chosen = settings.get('count');
    return settings.get('times') > 1 && chosen === null ? 1 : chosen ?? model.lightest(counts, this.stepsOf(model));
  }

  reset() {
    this.#pictures = null;
  }

  // The first screen is not empty, if that is no burden for the server.
  enter() {
    if (this.#pictures || this.busy || !this.model.isLight(1, this.stepsOf(this.model))) return;
    this.#draw(settings.get('seed'), false);
  }

  go() {
    this.#draw(settings.nextSeed(), true);
  }

  /** More of the kind of a picture; `fields` are those of a request to make again. */
  vary(source, fields = {}) {
    this.app.show('draw', false);
    const count = Math.max(4, this.countOf(this.model));
    const { steps, ...rest } = this.request(fields.seed ?? settings.nextSeed());
    const classes = source.class === null ? {} : { classes: [source.class] };
    this.#run('edit/variations', { ...rest, ...classes, count, ...fields }, { image: source.blob }, true, 'variation');
  }

  /** Shows a picture that everything is set for. */
  async restored(picture, sources) {
    this.stop();
    this.#pictures = [picture];
    this.scrubber.clear();
    this.tiles.show(this.#pictures);
    this.lines.show(picture.lines ?? null);
    if (picture.operation === 'generate') return true;
    if (sources.image) this.vary({ blob: sources.image, class: picture.class }, picture.request);
    return Boolean(sources.image);
  }

  #draw(seed, keep) {
    const times = settings.get('times');
    const size = times > 1 ? { width: this.model.width * times, height: this.model.height * times } : {};
    const sampler = settings.get('sampler');
    // One step has no number of steps.
    const { steps, ...rest } = this.request(seed);
    const fields = { ...rest, ...(sampler === 'onestep' ? {} : { steps }), ...(sampler ? { sampler } : {}), ...size, count: this.countOf(this.model), ...this.extra };
    return this.#run('generate', fields, {}, keep, 'picture');
  }

  #run(operation, request, files, keep, noun) {
    return this.run(`Drawing ${counted(request.count, noun)} …`, async signal => {
      this.scrubber.clear();
      this.tiles.wait(request.count, request.width ?? this.model.width, request.height ?? this.model.height);
      const steps = pace(step => { this.tiles.preview(step.images); });
      const on = {
        queued: ({ ahead }) => { if (ahead) this.say(`Waiting for ${counted(ahead, 'other')} …`); },
        progress: ({ fraction }) => { this.progress.value = fraction; },
        step: step => { this.scrubber.add(step); steps.add(step); },
      };
      const result = await draw(operation, request, { files, on, previews: true, signal });
      await steps.shown();
      signal.throwIfAborted();
      this.#pictures = result.pictures;
      this.tiles.show(result.pictures);
      this.scrubber.done();
      this.lines.show(result.equivalents);
      if (keep) this.app.keep(result.pictures);
      this.say([`${counted(result.pictures.length, noun)} in ${lasting(result.total_ms)}.`, ...result.notes].join(' '));
    });
  }

  failed() {
    if (this.#pictures) this.tiles.show(this.#pictures);
    else this.tiles.element.removeAttribute('aria-busy');
  }
}
