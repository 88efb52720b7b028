// A gray picture gets colours.
import { EditMode, plain } from './edit.js';
import { encode, grayOf, isGray } from '../data/pictures.js';
import { sourceRow } from '../ui/source.js';
import { h } from '../ui/dom.js';

export class ColourMode extends EditMode {
  #place = h('div', { class: 'place' });

  constructor(app) {
    super(app, 'colour', 'colorize', {
      title: 'Colour', go: 'Colour', lead: 'Drop a gray picture, and it gets colours.', more: 'Its light and dark stay; four guesses at the rest.',
      hint: 'Colours come here.',
    }, ['classes', 'steps', 'seed']);
    this.before.append(sourceRow({ onfile: this.open, ondraw: this.drawNew }), this.#place, this.fit.element);
  }

  async opened(picture) {
    const colourful = !isGray(picture);
    this.gray = await encode(colourful ? grayOf(picture) : picture);
    this.#place.replaceChildren(plain(picture, this.gray, 'The gray picture'), h('p', { class: 'note' }, colourful ? 'Its own colours are not shown to the model.' : ''));
  }

  async files() {
    return { image: this.gray };
  }
}
