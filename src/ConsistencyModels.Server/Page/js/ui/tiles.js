// A grid of pictures on a dark ground. A click opens one; the arrow keys go from one to the next.
import { h } from './dom.js';
import { roving } from './roving.js';
import { snow } from './noise.js';
import { urlOf } from '../data/pictures.js';

const gap = 4;

/** A picture in a few words. */
export function nameOf(picture) {
  const made = picture.operation === 'generate' ? '' : `, ${picture.operation.split('/')[1]}`;
  return `${picture.className ?? (picture.class === null ? 'picture' : `class ${picture.class}`)}${made}, seed ${picture.seed}, ${picture.steps} ${picture.steps === 1 ? 'step' : 'steps'}`;
}

/** As many columns as make a square, or nearly. */
export const squareOf = count => Math.ceil(Math.sqrt(count));

export class Tiles {
  #columns = 1;
  #size = { width: 1, height: 1 };
  #buttons = [];
  #roving;

  /** @param label what a screen reader calls it; @param onopen takes the picture and all of them; @param options columns(): how many, where not a square; largest: of the window's height */
  constructor(label, onopen, { columns, largest = 1 } = {}) {
    this.element = h('ul', { class: 'tiles', role: 'list', 'aria-label': label });
    this.onopen = onopen;
    this.fixed = columns;
    this.largest = largest;
    this.#roving = roving(this.element, 'button', { columns: () => this.#columns });
    new ResizeObserver(() => this.#fit()).observe(this.element);
  }

  /** Snow, while pictures are on their way. */
  wait(count, width, height) {
    this.element.setAttribute('aria-busy', 'true');
    this.#fill(count, width, height, () => snow(width, height));
  }

  /** What is known of them so far; data of the event stream. */
  preview(images) {
    images.forEach(image => this.#put(image.index, `data:${image.media_type};base64,${image.data}`, ''));
  }

  /** Finished pictures. */
  show(pictures) {
    this.element.removeAttribute('aria-busy');
    const [first] = pictures;
    if (this.#buttons.length !== pictures.length || this.#size.width !== first.width) this.#fill(pictures.length, first.width, first.height, () => null);
    pictures.forEach((picture, i) => {
      this.#put(i, urlOf(picture.blob), nameOf(picture));
      const tile = this.#buttons[i];
      tile.disabled = false;
      tile.onclick = () => this.onopen(picture, pictures);
    });
    this.#roving.refresh();
  }

  #fill(count, width, height, content) {
    this.#columns = Math.min(count, this.fixed?.() ?? squareOf(count));
    this.#size = { width, height };
    this.#buttons = Array.from({ length: count }, () => h('button', { type: 'button', class: 'tile', disabled: true }, content()));
    this.element.replaceChildren(...this.#buttons.map(one => h('li', {}, one)));
    this.#fit();
  }

  #put(index, address, name) {
    const tile = this.#buttons[index];
    if (!tile) return;
    let image = tile.querySelector('img');
    if (!image) tile.replaceChildren(image = h('img', { width: this.#size.width, height: this.#size.height, draggable: false }));
    image.alt = name;
    image.src = address;
  }

  // Every pixel of a picture as a square of whole pixels of the screen: anything between shows as stripes.
  #fit() {
    const room = (this.element.clientWidth - gap * (this.#columns - 1)) / this.#columns;
    if (room <= 0) return;
    const { width, height } = this.#size;
    const tall = this.largest * innerHeight / Math.ceil(this.#buttons.length / this.#columns) - gap;
    const exact = Math.min(room / width, Math.max(tall / height, 64 / height)) * devicePixelRatio;
    const scale = (exact >= 1 ? Math.floor(exact) : exact) / devicePixelRatio;
    this.element.style.setProperty('--tile-w', `${width * scale}px`);
    this.element.style.setProperty('--tile-h', `${height * scale}px`);
    this.element.style.setProperty('--columns', this.#columns);
  }
}
