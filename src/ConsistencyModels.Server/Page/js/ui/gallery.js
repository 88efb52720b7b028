// All that was drawn, newest first, as it stays in this browser.
import { button, counted, h } from './dom.js';
import { announce } from './announce.js';
import { fileButton } from './source.js';
import { roving } from './roving.js';
import { nameOf } from './tiles.js';
import { GalleryStore, limit, order } from '../data/gallery-store.js';
import { urlOf } from '../data/pictures.js';

export class Gallery {
  #store = new GalleryStore();
  #pictures = [];
  #onlyStarred = false;
  #gone = [];
  #saving = 0;
  #list = h('ul', { class: 'shelf', role: 'list', 'aria-labelledby': 'gallery-title' });
  #count = h('span', { class: 'note' });
  #note = h('p', { class: 'note' });
  #starred = button('Starred', () => { this.#onlyStarred = !this.#onlyStarred; this.#show(); }, { 'aria-pressed': 'false' });
  #undo = button('Bring back', () => this.#bringBack(), { hidden: true });
  #clear = button('Remove all but starred', () => this.remove(this.#pictures.filter(picture => !picture.starred)));

  /** @param onopen takes a picture and all that are shown; @param onfile takes a file from this device */
  constructor(element, onopen, onfile) {
    this.onopen = onopen;
    element.append(h('div', { class: 'split' }, h('h2', { id: 'gallery-title' }, 'Gallery ', this.#count), h('div', { class: 'row' }, fileButton('Open a picture …', onfile), this.#undo, this.#starred, this.#clear)), this.#list, this.#note);
    this.roving = roving(this.#list, 'button', { columns: () => this.#columns() });
    this.#list.addEventListener('keydown', event => {
      const picture = this.#pictures.find(one => one.id === event.target.dataset.id);
      if ((event.key === 'Delete' || event.key === 'Backspace') && picture) this.remove([picture]);
    });
    this.#load();
  }

  async #load() {
    this.#pictures = [...this.#pictures, ...await this.#store.all().catch(() => [])];
    this.#show();
  }

  has(picture) {
    return this.#pictures.some(one => one.id === picture.id);
  }

  /** Keeps pictures; the oldest without a star make room. */
  async add(pictures) {
    const fresh = pictures.filter(picture => !this.has(picture));
    this.#pictures = [...fresh, ...this.#pictures];
    const surplus = this.#pictures.filter(picture => !picture.starred).slice(limit);
    this.#pictures = this.#pictures.filter(picture => !surplus.includes(picture));
    this.#show();
    await this.#save(() => this.#store.put(fresh));
    if (surplus.length) await this.#save(() => this.#store.remove(surplus));
  }

  /** Gives a star, or takes it. */
  async star(picture) {
    picture.starred = !picture.starred;
    await (this.has(picture) ? this.#save(() => this.#store.put([picture])) : this.add([picture]));
    this.#show();
  }

  async remove(pictures) {
    if (!pictures.length) return;
    this.#gone = pictures;
    const at = this.#shown().indexOf(pictures[0]);
    const hadFocus = this.#list.contains(document.activeElement);
    this.#pictures = this.#pictures.filter(picture => !pictures.includes(picture));
    this.#show();
    if (hadFocus) [...this.#list.querySelectorAll('button')].at(Math.min(at, this.#shown().length - 1))?.focus();
    announce(`${counted(pictures.length, 'picture')} removed. "Bring back" undoes it.`);
    await this.#save(() => this.#store.remove(pictures));
  }

  async #bringBack() {
    const back = this.#gone;
    this.#gone = [];
    this.#pictures = [...back, ...this.#pictures].sort(order);
    this.#show();
    announce(`${counted(back.length, 'picture')} back.`);
    await this.#save(() => this.#store.put(back));
  }

  // Busy until it is on disk: a page that is left before that has not kept it.
  async #save(work) {
    this.#saving++;
    this.#list.setAttribute('aria-busy', 'true');
    try {
      await work();
    } catch (error) {
      this.#note.textContent = `The gallery could not be saved: ${error.message}`;
    }
    if (!--this.#saving) this.#list.removeAttribute('aria-busy');
  }

  #shown() {
    return this.#onlyStarred ? this.#pictures.filter(picture => picture.starred) : this.#pictures;
  }

  async #show() {
    const shown = this.#shown();
    this.#starred.setAttribute('aria-pressed', String(this.#onlyStarred));
    this.#undo.hidden = !this.#gone.length;
    this.#clear.disabled = !this.#pictures.some(picture => !picture.starred);
    this.#count.textContent = this.#pictures.length ? String(this.#pictures.length) : '';
    const old = new Map([...this.#list.children].map(item => [item.firstChild.dataset.id, item]));
    this.#list.replaceChildren(...shown.map(picture => this.#item(picture, old.get(picture.id))));
    this.roving.refresh();
    this.#note.textContent = shown.length
      ? await this.#store.isKept() ? `The last ${limit} pictures stay in this browser, starred ones for good.` : 'This browser keeps nothing here: the gallery goes with the page.'
      : 'What you draw gathers here, and is still here tomorrow.';
  }

  #item(picture, old) {
    const item = old ?? h('li', {}, h('button', { type: 'button', class: 'tile', onclick: () => this.onopen(picture, this.#shown()) },
      h('img', { src: urlOf(picture.blob), width: picture.width, height: picture.height, loading: 'lazy', draggable: false })));
    item.firstChild.dataset.id = picture.id;
    item.firstChild.classList.toggle('starred', Boolean(picture.starred));
    item.querySelector('img').alt = nameOf(picture) + (picture.starred ? ', starred' : '');
    return item;
  }

  #columns() {
    const items = [...this.#list.children];
    const next = items.findIndex(item => item.offsetTop > items[0].offsetTop);
    return next < 0 ? items.length : next;
  }
}
