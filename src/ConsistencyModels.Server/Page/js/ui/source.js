// Where the picture to work on comes from: a file, the model, or the gallery.
import { button, h } from './dom.js';

/** The row of buttons above a picture; `onfile` takes a file, `ondraw` makes a new one. */
export function sourceRow({ onfile, ondraw, more = [] }) {
  const input = h('input', {
    type: 'file', accept: 'image/*', class: 'hidden', tabIndex: -1, 'aria-label': 'A picture from this device',
    onchange: () => {
      if (input.files[0]) onfile(input.files[0]);
      // The same file may be taken again.
      input.value = '';
    },
  });
  return h('div', { class: 'row source' }, button('Open …', () => input.click()), ondraw ? button('New picture', ondraw) : null, ...more, input);
}
