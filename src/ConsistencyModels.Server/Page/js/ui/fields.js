// The kinds of fields that settings are made of. Each is { element, refresh }: refresh shows what is set now.
import { h, unique } from './dom.js';

/** Chips, of which one is on (or several). `options` are { value, text }; `get` tells whether a value is on, `set` takes the value and whether it is. */
export function chips(legend, options, { get, set, several = false, note }) {
  const name = unique('chips');
  const inputs = options.map(({ value, text }) => {
    const input = h('input', { type: several ? 'checkbox' : 'radio', name, id: unique('chip'), onchange: () => set(value, input.checked) });
    return { input, value, label: h('label', { for: input.id, class: 'chip' }, text) };
  });
  return {
    element: h('fieldset', { class: 'field chips' }, h('legend', {}, legend), h('div', { class: 'row' }, inputs.map(one => [one.input, one.label])), note ? h('p', { class: 'note' }, note) : null),
    refresh: () => inputs.forEach(one => { one.input.checked = get(one.value); }),
  };
}

/** A list to choose from. */
export function select(text, options, { get, set }) {
  const id = unique('select');
  const list = h('select', { id, onchange: () => set(list.value) }, options.map(option => h('option', { value: option.value }, option.text)));
  return {
    element: h('div', { class: 'field' }, h('label', { for: id }, text), list),
    refresh: () => {
      const value = get();
      // What was set by a picture of elsewhere is shown even if it is not among the choices.
      if (![...list.options].some(option => option.value === value)) list.append(h('option', { value }, value));
      list.value = value;
    },
  };
}

/** A slider with its value in words. */
export function slider(text, { min, max, step, get, set, show = value => value, ends }) {
  const id = unique('slider');
  const input = h('input', { type: 'range', id, min, max, step, oninput: () => { words(); set(Number(input.value)); } });
  const output = h('output', { for: id });
  const words = () => {
    output.textContent = show(Number(input.value));
    input.setAttribute('aria-valuetext', output.textContent);
  };
  return {
    element: h('div', { class: 'field' }, h('div', { class: 'split' }, h('label', { for: id }, text), output), input,
      ends ? h('div', { class: 'split note', 'aria-hidden': 'true' }, ...ends.map(end => h('span', {}, end))) : null),
    refresh: () => { input.value = get(); words(); },
  };
}

/** A number beside chips for the usual ones. */
export function number(text, usual, { min, max, get, set }) {
  const id = unique('number');
  const input = h('input', { type: 'number', id, min, max, step: 1, required: true, onchange: () => { if (input.reportValidity()) set(input.valueAsNumber); } });
  const group = chips(text, usual.map(value => ({ value, text: String(value) })), { get: value => get() === value, set: value => set(value) });
  group.element.querySelector('.row').append(h('label', { for: id, class: 'hidden' }, `${text}, a number`), input);
  return { element: group.element, refresh: () => { group.refresh(); input.value = get(); } };
}
