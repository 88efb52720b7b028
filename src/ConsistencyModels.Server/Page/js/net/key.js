// The key of a server that wants one. It is kept for this tab alone, and goes with it.
import { button, h, unique } from '../ui/dom.js';

const name = 'cm-key';
let asking = null;

/** What to send along. */
export const keyHeaders = () => {
  const key = sessionStorage.getItem(name);
  return key ? { Authorization: `Bearer ${key}` } : {};
};

/** The header of a request that was refused: if it is not today's, another key has been given in the meantime. */
export const isToday = headers => headers.Authorization === keyHeaders().Authorization;

/** Asks the person, once for all who wait. Rejects if they would not. */
export function askForKey(wrong) {
  asking ??= new Promise((resolve, reject) => {
    const id = unique('key');
    const input = h('input', { id, type: 'password', autocomplete: 'off', spellcheck: false, required: true });
    const dialog = h('dialog', { class: 'small', 'aria-labelledby': `${id}-title` },
      h('form', { method: 'dialog', onsubmit: () => { sessionStorage.setItem(name, input.value.trim()); resolve(); } },
        h('h2', { id: `${id}-title` }, 'This server wants a key'),
        h('p', { role: wrong ? 'alert' : null }, wrong ? 'It does not know the one that was given.' : 'Whoever runs it has one. It is forgotten when this tab closes.'),
        h('label', { for: id }, 'Key'), input,
        h('div', { class: 'row' }, h('button', { type: 'submit', class: 'go' }, 'Go on'), button('Not now', () => dialog.close()))));
    dialog.addEventListener('close', () => {
      dialog.remove();
      reject(new Error('This server wants a key.'));
    });
    document.body.append(dialog);
    dialog.showModal();
  }).finally(() => { asking = null; });
  return asking;
}
