// The lines that make the same pictures elsewhere: a command, a request, a program.
import { button, h, unique } from './dom.js';
import { announce } from './announce.js';
import { roving } from './roving.js';

const kinds = { cm: 'cm', curl: 'curl', csharp: 'C#' };
// Whoever reads C# in one place reads it in the next.
let chosen = 'cm';

export class Lines {
  #lines = null;
  #tabs;
  #code = h('code');
  #copy = button('Copy', () => this.#take());

  constructor(title) {
    const panel = unique('lines');
    const list = h('div', { class: 'line-tabs', role: 'tablist', 'aria-label': title });
    this.#tabs = Object.entries(kinds).map(([kind, text]) => {
      const tab = button(text, () => this.#choose(kind), { role: 'tab', id: unique('line'), 'aria-controls': panel });
      tab.dataset.kind = kind;
      return tab;
    });
    list.append(...this.#tabs);
    this.pre = h('pre', { id: panel, role: 'tabpanel', tabIndex: 0 }, this.#code);
    this.element = h('section', { class: 'lines', hidden: true, 'aria-label': title }, h('div', { class: 'split' }, h('h3', {}, title), h('div', { class: 'row' }, list, this.#copy)), this.pre);
    this.roving = roving(list, 'button', { onmove: tab => this.#choose(tab.dataset.kind) });
  }

  /** Shows lines as the server gives them; nothing for none. */
  show(lines) {
    this.#lines = lines;
    this.element.hidden = !lines;
    if (lines) this.#choose(chosen);
  }

  #choose(kind) {
    chosen = kind;
    for (const tab of this.#tabs) {
      const on = tab.dataset.kind === kind;
      tab.setAttribute('aria-selected', String(on));
      if (on) {
        this.pre.setAttribute('aria-labelledby', tab.id);
        this.roving.refresh(tab);
      }
    }
    this.#code.textContent = this.#text();
  }

  // The server does not know under which address it was asked; the page does.
  #text() {
    const address = new URL('.', location.href).href.replace(/\/$/, '');
    return (this.#lines[chosen] ?? '').replaceAll('ADDRESS', address);
  }

  async #take() {
    let done = 'Copied';
    try {
      await navigator.clipboard.writeText(this.#text());
    } catch {
      // Without https the browser gives no clipboard: the text is marked, for the keys that copy.
      getSelection().selectAllChildren(this.#code);
      done = 'Marked: copy with Ctrl + C';
    }
    announce(done);
    this.#copy.textContent = done;
    setTimeout(() => { this.#copy.textContent = 'Copy'; }, 2000);
  }
}
