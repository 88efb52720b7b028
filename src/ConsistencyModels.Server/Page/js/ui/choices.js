// The settings themselves, each made for a model. What they say is for people who have never heard of a sampler.
import { button, h, unique } from './dom.js';
import { chips, number, select, slider } from './fields.js';
import { settings } from '../data/settings.js';
import { isSeed, newSeed } from '../data/seeds.js';

const fewClasses = 32;

const samplerWords = {
  onestep: 'one step', multistep: 'multistep', heun: 'Heun', euler: 'Euler', ancestral: 'Euler ancestral', dpm2: 'DPM-2', edm: 'EDM', progressive: 'progressive',
};

function toggle(index, on) {
  const rest = settings.get('classes').filter(one => one !== index);
  settings.set({ classes: on ? [...rest, index].sort((a, b) => a - b) : rest });
}

/** What to draw: chips where there are few classes, a list to search where there are many. */
function classes(model) {
  if (!model.classes) return null;
  const isOn = index => index === null ? !settings.get('classes').length : settings.get('classes').includes(index);
  const set = (index, on) => index === null ? settings.set({ classes: [] }) : toggle(index, on);
  if (model.classes.length <= fewClasses) {
    const options = [{ value: null, text: 'anything' }, ...model.classes.map(one => ({ value: one.index, text: one.name ?? `class ${one.index}` }))];
    const field = chips('What', options, { get: isOn, set: (index, on) => { set(index, on); field.refresh(); }, several: true });
    return field;
  }

  const [id, names] = [unique('class'), unique('classes')];
  const chosen = h('div', { class: 'row' });
  const find = text => model.classes.find(one => String(one.index) === text || one.name?.toLowerCase() === text.toLowerCase());
  const input = h('input', {
    id, type: 'text', list: names, placeholder: 'a name or a number', autocomplete: 'off',
    onchange: () => {
      const found = find(input.value.trim());
      input.setCustomValidity(found || !input.value ? '' : `No class of this model is called "${input.value}".`);
      if (input.reportValidity() && found) { toggle(found.index, true); input.value = ''; }
    },
  });
  return {
    element: h('div', { class: 'field chips' }, h('label', { for: id }, 'What'), input,
      h('datalist', { id: names }, model.classes.map(one => h('option', { value: one.name ?? String(one.index) }))), chosen),
    refresh: () => chosen.replaceChildren(...settings.get('classes').map(index =>
      button(`${model.className(index)} ×`, () => toggle(index, false), { class: 'chip', 'aria-label': `${model.className(index)}: not any more` }))),
  };
}

function seed() {
  const id = unique('seed');
  const input = h('input', {
    id, type: 'text', inputMode: 'numeric', autocomplete: 'off', spellcheck: false, required: true,
    onchange: () => {
      const text = input.value.trim();
      input.setCustomValidity(isSeed(text) ? '' : 'A seed is a whole number from 0 to 18446744073709551615.');
      // Who writes a seed wants that one.
      if (input.reportValidity()) settings.set({ seed: text, locked: true });
    },
  });
  const lock = button('', () => settings.set({ locked: !settings.get('locked') }), { class: 'lock', 'aria-label': 'Lock the seed' });
  const dice = button('New', () => settings.set({ seed: newSeed() }), { 'aria-label': 'New seed' });
  const note = h('p', { class: 'note' });
  return {
    element: h('div', { class: 'field' }, h('label', { for: id }, 'Seed'), h('div', { class: 'row seed' }, input, lock, dice), note),
    refresh: () => {
      const locked = settings.get('locked');
      input.value = settings.get('seed');
      input.setCustomValidity('');
      lock.setAttribute('aria-pressed', String(locked));
      lock.textContent = locked ? 'Locked' : 'Lock';
      note.textContent = locked ? 'The same noise each time.' : 'New noise each time.';
    },
  };
}

/** All fields by name, for a model; `mode` tells which mode is shown, for what is chosen for each by itself. */
export function choicesOf(model, limits, mode) {
  const stepsOf = () => settings.of('steps', mode().id, mode().stepsOf(model));
  const perMode = (name, otherwise) => ({ get: () => settings.of(name, mode().id, otherwise()), set: value => settings.setOf(name, mode().id, value) });
  const factors = model.edits?.superres?.factors ?? [];
  return {
    classes: classes(model),
    steps: number('Steps', model.stepChoices(), { min: 1, max: limits.steps, get: stepsOf, set: value => settings.setOf('steps', mode().id, value) }),
    count: chips('Pictures', [1, 4, 9, 16].filter(n => n <= limits.count).map(value => ({ value, text: String(value) })),
      { get: value => value === mode().countOf(model), set: count => settings.set({ count }) }),
    times: chips('Size', [1, 2, 4].filter(n => model.width * model.height * n * n <= limits.pixels).map(value => ({ value, text: `${model.width * value} × ${model.height * value}` })),
      { get: value => value === settings.get('times'), set: times => settings.set({ times }), note: 'Larger than the model: drawn in tiles, without seams.' }),
    sampler: select('Sampler', model.samplers.map(value => ({ value, text: samplerWords[value] ?? value })),
      { get: () => settings.get('sampler') ?? model.sampler, set: sampler => settings.set({ sampler }) }),
    sigma: slider('Freedom', { min: 0.1, max: 10, step: 0.1, ...perMode('sigma', () => mode().sigmaOf(model)), show: value => `σ ${value.toFixed(1)}`, ends: ['as it is', 'as it likes'] }),
    factor: chips('Enlarge', factors.map(value => ({ value, text: `${value} ×` })),
      { get: value => value === (settings.get('factor') ?? model.edits.superres.factor), set: factor => settings.set({ factor }) }),
    seed: seed(),
  };
}
