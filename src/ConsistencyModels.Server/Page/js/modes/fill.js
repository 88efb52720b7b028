// A part of a picture is painted over, and the model fills it.
import { EditMode } from './edit.js';
import { canvasOf, decode, eachPixel, encode } from '../data/pictures.js';
import { disc } from '../ui/brush.js';
import { button } from '../ui/dom.js';
import { sourceRow } from '../ui/source.js';
import { Surface } from '../ui/surface.js';
import { Tools } from '../ui/tools.js';

const veilBytes = [255, 61, 154];
const veil = `rgb(${veilBytes.join(' ')})`;

export class FillMode extends EditMode {
  constructor(app) {
    super(app, 'fill', 'inpaint', {
      title: 'Fill', go: 'Fill', lead: 'Paint over a part, and the model fills it.', more: 'What you leave stays as it is, to the last bit.',
      hint: 'Paint on the picture, then fill.',
    }, ['classes', 'steps', 'seed']);
    this.tools = new Tools({ onundo: () => this.surface.undo(), onclear: () => this.surface.change(context => context.clearRect(0, 0, this.surface.width, this.surface.height)), erase: true });
    this.surface = new Surface({
      label: 'The part to fill',
      ink: () => this.tools.erasing ? null : veil,
      size: () => this.tools.size,
      resize: change => this.tools.resize(change),
      onchange: () => this.tools.refresh(this.surface),
    });
    const invert = button('Invert', () => this.surface.change(() => this.#invert()));
    this.before.append(sourceRow({ onfile: this.open, ondraw: this.drawNew }), this.surface.element, this.surface.keys, this.tools.element, this.fit.element);
    this.tools.element.querySelector('.row').append(invert);
  }

  opened(picture) {
    this.surface.open(picture);
    this.tools.fit(picture);
    this.tools.refresh(this.surface);
  }

  /** Paints a mask that goes with the picture: white is filled. */
  mask(canvas) {
    this.surface.change(context => {
      context.drawImage(canvas, 0, 0, this.surface.width, this.surface.height);
      eachPixel(this.surface.canvas, (data, i) => { data.set([...veilBytes, data[i] > 127 ? 255 : 0], i); });
    });
  }

  example() {
    this.surface.change(context => {
      context.fillStyle = veil;
      disc(this.surface.width * 0.6, this.surface.height * 0.4, Math.round(this.surface.width / 2), (left, top, length) => context.fillRect(left, top, length, 1));
    });
  }

  async restored(picture, sources) {
    const complete = await super.restored(picture, sources);
    if (sources.mask) this.mask(await decode(sources.mask));
    return complete && Boolean(sources.mask);
  }

  #invert() {
    eachPixel(this.surface.canvas, (data, i) => { data.set([...veilBytes, data[i + 3] > 127 ? 0 : 255], i); });
  }

  async files() {
    const painted = this.surface.canvas;
    let any = false;
    const mask = eachPixel(canvasOf(painted.width, painted.height, context => context.drawImage(painted, 0, 0)), (data, i) => {
      const on = data[i + 3] > 127;
      any ||= on;
      data.fill(on ? 255 : 0, i, i + 3);
      data[i + 3] = 255;
    });
    if (!any) throw new Error('Nothing is painted: paint over the part to fill.');
    return { image: this.file, mask: await encode(mask) };
  }
}
