// The page: it asks what the server has, and puts the parts together.
import { get, inspect } from './net/api.js';
import { connection } from './net/connection.js';
import { Model } from './data/models.js';
import { settings } from './data/settings.js';
import { decode, isGray } from './data/pictures.js';
import { h, unique } from './ui/dom.js';
import { announce } from './ui/announce.js';
import { setUpDrop } from './ui/drop.js';
import { Gallery } from './ui/gallery.js';
import { roving } from './ui/roving.js';
import { SettingsPanel } from './ui/settings-panel.js';
import { setUpTheme } from './ui/theme.js';
import { Viewer } from './ui/viewer.js';
import { modeOf, restoreSettings } from './restore.js';
import { actionsOf } from './actions.js';
import { DrawMode } from './modes/draw.js';
import { CompareMode } from './modes/compare.js';
import { WalkMode } from './modes/walk.js';
import { FillMode } from './modes/fill.js';
import { ColourMode } from './modes/colour.js';
import { EnlargeMode } from './modes/enlarge.js';
import { SketchMode } from './modes/sketch.js';

const byId = id => document.getElementById(id);
const needed = { walk: 'interpolate', fill: 'inpaint', colour: 'colorize', enlarge: 'superres', sketch: 'stroke' };

class App {
  models = [];
  model = null;
  limits = null;
  mode = null;
  open = (picture, pictures) => this.viewer.open(picture, pictures);

  constructor() {
    this.panel = new SettingsPanel(byId('settings'));
    this.gallery = new Gallery(byId('gallery'), this.open, file => this.dropped(file));
    this.viewer = new Viewer(picture => actionsOf(this, picture));
    this.modes = [DrawMode, CompareMode, WalkMode, FillMode, ColourMode, EnlargeMode, SketchMode].map(Kind => new Kind(this));
    this.tabs = roving(byId('modes'), 'button', { onmove: tab => this.show(tab.dataset.mode) });
    byId('panels').append(...this.modes.map(mode => mode.element));
    byId('modes').append(...this.modes.map(mode => {
      const tab = h('button', { type: 'button', role: 'tab', id: `tab-${mode.id}`, 'aria-controls': `panel-${mode.id}`, onclick: () => this.show(mode.id) }, mode.words.title);
      tab.dataset.mode = mode.id;
      return tab;
    }));
    addEventListener('hashchange', () => this.show(location.hash.slice(1)));
    setUpDrop(byId('drop'), () => 'Drop it: a picture of this page sets everything as it was.', (file, place) => this.dropped(file, place));
  }

  async start() {
    const { models, limits, default: first } = await get('v1/models');
    this.models = models.map(model => new Model(model));
    this.limits = limits;
    this.setModel(this.models.some(model => model.id === settings.get('model')) ? settings.get('model') : first);
  }

  /** Takes another model. */
  setModel(id) {
    if (settings.get('model') !== id) settings.forgetModel(id);
    this.model = this.models.find(model => model.id === id);
    this.panel.build(this.model, this.limits);
    this.#about();
    for (const mode of this.modes) {
      mode.stop();
      mode.extra = {};
      byId(`tab-${mode.id}`).hidden = needed[mode.id] !== undefined && !this.model.can(needed[mode.id]);
      if (!byId(`tab-${mode.id}`).hidden) mode.reset();
    }
    this.show(location.hash.slice(1) || 'draw');
  }

  /** Brings a mode into sight. */
  show(id, enter = true) {
    const asked = this.modes.find(mode => mode.id === id);
    const mode = asked && !byId(`tab-${id}`).hidden ? asked : this.modes[0];
    if (this.mode !== mode) this.mode?.leave?.();
    this.mode = mode;
    for (const one of this.modes) {
      one.element.hidden = one !== mode;
      byId(`tab-${one.id}`).setAttribute('aria-selected', String(one === mode));
    }
    this.tabs.refresh(byId(`tab-${mode.id}`));
    byId(`tab-${mode.id}`).scrollIntoView({ block: 'nearest', inline: 'nearest' });
    if (location.hash.slice(1) !== mode.id) history.replaceState(null, '', `#${mode.id}`);
    this.panel.show(mode);
    if (enter && this.model) mode.enter();
    return mode;
  }

  /** Something of a mode has changed. */
  refresh(mode) {
    if (mode === this.mode) this.panel.refresh();
  }

  keep(pictures) {
    return this.gallery.add(pictures);
  }

  /** A file from outside: one of this page sets everything as it was, another is worked on. */
  async dropped(file, place) {
    const edits = this.mode.take && place?.closest?.('.before');
    if (edits) return void this.mode.open(file);
    try {
      const picture = await decode(file);
      const known = file.type === 'image/png' ? await inspect(file).catch(() => null) : null;
      if (known?.request && modeOf(known.operation)) return this.#restoreFile(file, picture, known);
      if (this.mode.take) return void await this.mode.open(file);
      const [fill, colour, enlarge] = ['inpaint', 'colorize', 'superres'].map(edit => this.model.can(edit));
      const id = colour && isGray(picture) ? 'colour' : enlarge && picture.width * 2 <= this.model.width ? 'enlarge' : fill ? 'fill' : null;
      if (id) await this.show(id, false).open(file);
    } catch (error) {
      this.mode.error = error.message;
      this.refresh(this.mode);
    }
  }

  #restoreFile(file, canvas, { operation, request, text }) {
    const label = request.classes?.[0] ?? null;
    const picture = {
      id: unique('dropped'), blob: file, operation, request, model: request.model ?? text.model, seed: text.seed ?? String(request.seed ?? 0), sources: {}, created: Date.now(),
      class: label, className: label === null ? text['class name'] ?? null : this.model.className(label), steps: Number(text.steps), sampler: request.sampler, width: canvas.width, height: canvas.height,
    };
    return this.restore(picture);
  }

  /** Sets everything as it was when a picture was made. */
  async restore(picture) {
    const { operation, request, sources = {} } = picture;
    const served = !request.model || this.models.some(model => model.id === request.model);
    if (request.model && served && request.model !== this.model.id) this.setModel(request.model);
    const mode = this.show(modeOf(operation), false);
    mode.extra = restoreSettings(request, mode.id, this.model, operation === 'edit/variations');
    const complete = await mode.restored(picture, sources);
    const elsewhere = served ? '' : ` The model ${request.model} is not on this server.`;
    mode.say(`Everything is set as it was.${complete ? '' : ' The picture it was made from is not in the file: open it too.'}${elsewhere}`);
  }

  #about() {
    const id = unique('model');
    const models = this.models.map(model => h('option', { value: model.id, selected: model === this.model }, model.id));
    const name = this.models.length > 1
      ? [h('label', { for: id, class: 'hidden' }, 'Model'), h('select', { id, onchange: event => this.setModel(event.target.value) }, models)]
      : [h('b', {}, this.model.id)];
    byId('about').replaceChildren(...name, h('span', { class: 'note' }, this.model.about()));
  }
}

function setUpBanner() {
  const banner = byId('banner');
  connection.addEventListener('change', () => {
    banner.hidden = !connection.words;
    banner.textContent = connection.words ?? '';
    if (!connection.words) announce('The server is there.');
  });
}

setUpTheme(byId('theme'));
setUpBanner();
const app = new App();
app.start().catch(error => {
  byId('banner').hidden = false;
  byId('banner').replaceChildren(`${error.message} `, h('button', { type: 'button', onclick: () => location.reload() }, 'Try again'));
});
