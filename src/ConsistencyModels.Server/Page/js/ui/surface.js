// A canvas to paint on by mouse, finger, pen and keys, with a way back. What a stroke means is up to who makes it.
import { h, unique } from './dom.js';
import { announce } from './announce.js';
import { disc, line } from './brush.js';

const remembered = 40;

export class Surface {
  #undo = [];
  #at = null;
  #stroke = null;
  #context;

  /** @param paint { label, ink(): a colour or null to erase, size(): pixels, resize(change), onchange() } */
  constructor(paint) {
    this.paint = paint;
    const keys = unique('keys');
    this.canvas = h('canvas', { class: 'ink', tabIndex: 0, role: 'application', 'aria-roledescription': 'painting surface', 'aria-label': paint.label, 'aria-describedby': keys });
    this.keys = h('p', { class: 'note keys', id: keys }, 'Arrow keys move the brush, space paints, shift and arrows paint a line, [ and ] change the size, Ctrl + Z takes back.');
    this.under = h('canvas', { class: 'under', 'aria-hidden': 'true' });
    this.ring = h('div', { class: 'ring', hidden: true });
    this.element = h('div', { class: 'surface' }, this.under, this.canvas, this.ring);
    this.#context = this.canvas.getContext('2d', { willReadFrequently: true });
    this.canvas.addEventListener('pointerdown', event => this.#down(event));
    this.canvas.addEventListener('pointermove', event => this.#move(event));
    for (const name of ['pointerup', 'pointercancel']) this.canvas.addEventListener(name, () => this.#up());
    this.canvas.addEventListener('pointerleave', () => { this.ring.hidden = true; });
    this.canvas.addEventListener('blur', () => { this.ring.hidden = true; });
    this.canvas.addEventListener('keydown', event => this.#key(event));
    new ResizeObserver(() => this.#fit()).observe(this.element);
  }

  /** Another picture to paint on (or over): a canvas of that size, with nothing painted. */
  open(picture, copy = false) {
    for (const canvas of [this.canvas, this.under]) [canvas.width, canvas.height] = [picture.width, picture.height];
    (copy ? this.#context : this.under.getContext('2d')).drawImage(picture, 0, 0);
    this.#undo = [];
    this.#at = { x: picture.width / 2, y: picture.height / 2 };
    this.#fit();
  }

  get width() { return this.canvas.width; }
  get height() { return this.canvas.height; }
  get canUndo() { return this.#undo.length > 0; }

  /** Takes back the last stroke. */
  undo() {
    const before = this.#undo.pop();
    if (!before) return;
    this.#context.putImageData(before, 0, 0);
    this.paint.onchange();
  }

  /** Changes all of it at once, as one stroke. */
  change(work) {
    this.#remember();
    work(this.#context);
    this.paint.onchange();
  }

  #remember() {
    this.#undo.push(this.#context.getImageData(0, 0, this.width, this.height));
    if (this.#undo.length > remembered) this.#undo.shift();
  }

  #where(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: (event.clientX - box.left) * this.width / box.width, y: (event.clientY - box.top) * this.height / box.height };
  }

  #down(event) {
    if (event.button > 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.#remember();
    this.#stroke = this.#at = this.#where(event);
    this.#dab(this.#at);
  }

  #move(event) {
    // A fast hand is between two frames at several places.
    const places = this.#stroke ? event.getCoalescedEvents?.() ?? [] : [];
    for (const place of places.length ? places : [event]) {
      const to = this.#where(place);
      if (this.#stroke) this.#line(this.#stroke, to);
      this.#at = to;
    }
    this.#showRing();
  }

  #up() {
    if (!this.#stroke) return;
    this.#stroke = null;
    this.paint.onchange();
  }

  #line(from, to) {
    for (const point of line(from, to)) this.#dab(point);
    this.#stroke &&= to;
  }

  #dab({ x, y }) {
    const ink = this.paint.ink();
    if (ink) this.#context.fillStyle = ink;
    disc(x, y, this.paint.size(), (left, top, length) => ink ? this.#context.fillRect(left, top, length, 1) : this.#context.clearRect(left, top, length, 1));
  }

  #key(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const move = moves[event.key];
    if (move && !event.altKey) {
      const far = event.ctrlKey ? 4 : 1;
      const to = { x: Math.min(this.width - 0.5, Math.max(0.5, this.#at.x + move[0] * far)), y: Math.min(this.height - 0.5, Math.max(0.5, this.#at.y + move[1] * far)) };
      if (event.shiftKey) {
        this.#remember();
        this.#line(this.#at, to);
        this.paint.onchange();
      }
      this.#at = to;
      announce(`column ${Math.ceil(to.x)}, row ${Math.ceil(to.y)}`);
    } else if (event.key === ' ') {
      this.#remember();
      this.#dab(this.#at);
      this.paint.onchange();
    } else if (event.key === 'z' && (event.ctrlKey || event.metaKey)) {
      this.undo();
    } else if (event.key === '[' || event.key === ']') {
      this.paint.resize(event.key === ']' ? 1 : -1);
    } else {
      return;
    }
    event.preventDefault();
    this.#showRing();
  }

  #showRing() {
    if (!this.#at) return;
    const scale = this.canvas.clientWidth / this.width;
    const size = this.paint.size();
    this.ring.hidden = false;
    Object.assign(this.ring.style, { width: `${size * scale}px`, height: `${size * scale}px`, left: `${this.#at.x * scale}px`, top: `${this.#at.y * scale}px` });
  }

  // As with tiles: a pixel of the picture is whole pixels of the screen.
  #fit() {
    const room = this.element.parentElement?.clientWidth ?? 0;
    if (!room || !this.width) return;
    const exact = Math.min(room / this.width, Math.max(innerHeight * 0.6, 240) / this.height) * devicePixelRatio;
    const scale = (exact >= 1 ? Math.floor(exact) : exact) / devicePixelRatio;
    Object.assign(this.element.style, { width: `${this.width * scale}px`, height: `${this.height * scale}px` });
  }
}
