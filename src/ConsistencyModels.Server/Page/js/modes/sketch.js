// A few strokes of colour, and the model makes a picture of them, again with each stroke.
import { EditMode } from './edit.js';
import { canvasOf, encode } from '../data/pictures.js';
import { settings } from '../data/settings.js';
import { button, h, unique } from '../ui/dom.js';
import { disc } from '../ui/brush.js';
import { sourceRow } from '../ui/source.js';
import { Surface } from '../ui/surface.js';
import { Tools } from '../ui/tools.js';

const colours = {
  black: '#000000', gray: '#6f7683', white: '#f4f4f0', brown: '#5c3a1c', ochre: '#a8702a', gold: '#f2c233',
  red: '#b3262b', rose: '#e08a8f', green: '#3c7a3a', leaf: '#9bc456', blue: '#2e5aac', sky: '#8ec1e8',
};
const afterStroke = 250;

export class SketchMode extends EditMode {
  #colour = colours.gold;
  #live = true;
  #timer;

  constructor(app) {
    super(app, 'sketch', 'stroke', {
      title: 'Sketch', go: 'Draw', lead: 'A few strokes become a picture.', more: 'It is drawn again with each stroke.',
      hint: 'Sketch something: the pictures follow.',
    }, ['classes', 'sigma', 'steps', 'seed']);
    this.tools = new Tools({ onundo: () => this.surface.undo(), onclear: () => this.surface.change(() => this.#begin()), before: [this.#palette()] });
    this.surface = new Surface({
      label: 'The sketch',
      ink: () => this.#colour,
      size: () => this.tools.size,
      resize: change => this.tools.resize(change),
      onchange: () => this.#changed(),
    });
    this.before.append(sourceRow({ onfile: this.open, more: [this.#switch()] }), this.surface.element, this.surface.keys, this.tools.element);
  }

  enter() {
    if (this.picture) return;
    this.picture = canvasOf(this.model.width, this.model.height);
    this.opened(this.picture);
    this.#begin();
    this.#example();
    this.#changed();
  }

  opened(picture) {
    this.surface.open(picture, true);
    this.tools.fit(picture);
    this.tools.refresh(this.surface);
    if (this.file) this.#changed();
  }

  // A photograph to sketch over is one picture for the model, whatever its size.
  fieldsOf() {
    return { sigma: settings.of('sigma', this.id, this.sigmaOf(this.model)) };
  }

  async files() {
    return { image: await encode(this.surface.canvas) };
  }

  #begin() {
    const context = this.surface.canvas.getContext('2d');
    context.fillStyle = colours.black;
    context.fillRect(0, 0, this.surface.width, this.surface.height);
  }

  // Something to look at and to paint over, in any size: a lump of gold on a stone.
  #example() {
    const context = this.surface.canvas.getContext('2d');
    const unit = this.surface.width / 16;
    for (const [colour, x, y, size] of [['gray', 5, 12, 5], ['gray', 8, 12, 5], ['gray', 11, 12, 5], ['ochre', 8, 7, 8], ['gold', 7, 6, 5]]) {
      context.fillStyle = colours[colour];
      disc(x * unit, y * unit, Math.round(size * unit), (left, top, length) => context.fillRect(left, top, length, 1));
    }
  }

  // The seed stays while one paints: else every stroke would change everything.
  #changed() {
    this.tools.refresh(this.surface);
    clearTimeout(this.#timer);
    if (!this.#live || !this.model.isLight(4, this.stepsOf(this.model))) return;
    this.#timer = setTimeout(() => this.results(settings.get('seed'), false), afterStroke);
  }

  #palette() {
    const name = unique('colour');
    const own = h('input', { type: 'color', value: '#7a4fc0', 'aria-label': 'A colour of your own', oninput: () => { this.#colour = own.value; } });
    const choices = Object.entries(colours).map(([word, colour]) => {
      const input = h('input', { type: 'radio', name, id: unique('swatch'), checked: colour === this.#colour, onchange: () => { this.#colour = colour; } });
      return [input, h('label', { for: input.id, class: 'swatch', title: word, style: { background: colour } }, h('span', { class: 'hidden' }, word))];
    });
    return h('fieldset', { class: 'palette' }, h('legend', { class: 'hidden' }, 'Colour'), choices, own);
  }

  #switch() {
    const live = button('Live', () => {
      this.#live = !this.#live;
      live.setAttribute('aria-pressed', String(this.#live));
      this.#changed();
    }, { 'aria-pressed': 'true', title: 'Draw again with each stroke' });
    return live;
  }
}
