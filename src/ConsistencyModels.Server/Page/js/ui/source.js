// Where the picture to work on comes from: a file, the model, or the gallery.
import { button, h } from './dom.js';

/** A button that takes a file of this device, and the input behind it. */
export function fileButton(text, onfile) {
  const input = h('input', {
    type: 'file', accept: 'image/*', class: 'hidden', tabIndex: -1, 'aria-label': 'A picture from this device',
    onchange: () => {
      if (input.files[0]) onfile(input.files[0]);
      // The same file may be taken again.
      input.value = '';
    },
  });
  return [button(text, () => input.click()), input];
}

/** The row of buttons above a picture; `onfile` takes a file, `ondraw` makes a new one. */
export const sourceRow = ({ onfile, ondraw, more = [] }) =>
  h('div', { class: 'row source' }, fileButton('Open …', onfile), ondraw ? button('New picture', ondraw) : null, ...more);
