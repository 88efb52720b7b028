// The same noise in one, two and four steps, row under row.
import { Mode } from './mode.js';
import { draw } from '../net/draw.js';
import { settings } from '../data/settings.js';
import { counted, h, lasting } from '../ui/dom.js';
import { Tiles } from '../ui/tiles.js';

const columns = 4;

export class CompareMode extends Mode {
  #rows = [];
  #drawn = false;

  constructor(app) {
    super(app, 'compare', { title: 'Compare', go: 'Compare', lead: 'The same noise, in more and more steps.', more: 'Each column starts from one noise.' }, ['classes', 'seed']);
  }

  reset() {
    this.#drawn = false;
    const choices = this.model.stepChoices().slice(0, 3);
    this.#rows = choices.map(steps => ({ steps, tiles: new Tiles(`In ${counted(steps, 'step')}`, this.app.open, { columns: () => columns, largest: 0.24 }), time: h('span', { class: 'note' }) }));
    this.body.replaceChildren(...this.#rows.map(row => h('section', { class: 'row-of', 'aria-label': counted(row.steps, 'step') },
      h('h3', {}, h('b', {}, String(row.steps)), row.steps === 1 ? ' step' : ' steps', row.time), row.tiles.element)));
  }

  enter() {
    if (!this.#drawn && !this.busy && this.model.isLight(columns, 8)) this.#draw(settings.get('seed'));
  }

  go() {
    this.#draw(settings.nextSeed());
  }

  #draw(seed) {
    return this.run('Comparing …', async signal => {
      const { steps, ...request } = this.request(seed);
      // A request with the seed alone draws the class by it: all three rows show the same thing.
      const results = await Promise.all(this.#rows.map(async row => {
        row.tiles.wait(columns, this.model.width, this.model.height);
        row.time.textContent = '';
        const result = await draw('generate', { ...request, steps: row.steps, count: columns }, { signal });
        row.tiles.show(result.pictures);
        row.time.textContent = ` ${counted(result.network_calls, 'network call')}, ${lasting(result.total_ms)}`;
        return result;
      }));
      this.#drawn = true;
      this.lines.show(Object.fromEntries(['cm', 'curl', 'csharp'].map(kind => [kind, results.map(result => result.equivalents[kind]).join('\n\n')])));
      this.app.keep(results.at(-1).pictures);
      this.say(`${counted(columns, 'noise')} in ${this.#rows.map(row => row.steps).join(', ')} steps.`);
    });
  }
}
