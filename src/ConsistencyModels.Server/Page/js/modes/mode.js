// What every mode is: a panel with pictures, the fields it has, and at most one piece of work under way.
import { h } from '../ui/dom.js';
import { announce } from '../ui/announce.js';
import { settings } from '../data/settings.js';
import { Lines } from '../ui/lines.js';

export class Mode {
  /** Fields of a request that have no control on the page, as a dropped picture set them. */
  extra = {};
  status = '';
  error = '';
  busy = false;
  #work = null;

  /** @param words { title, lead, more, go }: what the person reads */
  constructor(app, id, words, fields) {
    Object.assign(this, { app, id, words, fields });
    this.progress = h('progress', { max: 1, value: 0, 'aria-label': 'How far it is' });
    this.lines = new Lines('The same from elsewhere');
    this.body = h('div', { class: 'body' });
    this.element = h('section', { class: `panel ${id}`, id: `panel-${id}`, role: 'tabpanel', 'aria-labelledby': `tab-${id}`, hidden: true },
      h('p', { class: 'lead' }, h('strong', {}, words.lead), ' ', h('span', {}, words.more)), this.body, this.progress, this.lines.element);
  }

  get model() {
    return this.app.model;
  }

  /** What is chosen where nothing was said. */
  stepsOf(model) {
    return model.steps;
  }

  sigmaOf() {
    return 1;
  }

  countOf() {
    return 4;
  }

  /** Called when it comes into sight. */
  enter() {}

  /** Called when the model is another. */
  reset() {}

  /** The person asks for it. */
  go() {}

  /** Ends what is under way. */
  stop() {
    this.#work?.abort(new DOMException('Stopped', 'AbortError'));
  }

  /** What all requests have: model, seed, classes, steps. */
  request(seed) {
    const steps = settings.of('steps', this.id, this.stepsOf(this.model));
    const classes = this.model.classes ? settings.get('classes') : [];
    return {
      model: this.model.id,
      seed,
      ...(classes.length ? { classes } : {}),
      ...('timesteps' in this.extra ? {} : { steps }),
      ...this.extra,
    };
  }

  /** Does a piece of work; the one before is given up. Resolves to whether it was done. */
  async run(words, work) {
    this.stop();
    const controller = this.#work = new AbortController();
    Object.assign(this, { busy: true, status: words, error: '' });
    this.progress.value = 0;
    this.element.setAttribute('aria-busy', 'true');
    this.app.refresh(this);
    let done = false;
    try {
      await work(controller.signal);
      done = true;
    } catch (error) {
      if (this.#work === controller) {
        const stopped = controller.signal.aborted;
        Object.assign(this, { status: stopped ? 'Stopped.' : '', error: stopped ? '' : error.message });
        this.failed?.();
      }
    }
    if (this.#work === controller) {
      this.#work = null;
      this.busy = false;
      this.element.removeAttribute('aria-busy');
      this.app.refresh(this);
    }
    return done;
  }

  /** What has come of it, for eyes and ears. */
  say(words) {
    this.status = words;
    announce(words);
    this.app.refresh(this);
  }
}
