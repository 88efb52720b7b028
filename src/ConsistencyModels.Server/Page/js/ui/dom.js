// Elements in one expression. Text is always text: nothing here reads HTML, so what a file or a server says cannot become markup.

/**
 * An element with its properties and children.
 * Names that begin with "on" are listeners; "class" and names with a dash are attributes; all else is a property.
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'style') Object.assign(element.style, value);
    else if (name === 'class' || name === 'role' || name === 'for' || name === 'list' || name.includes('-')) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.flat(Infinity).filter(child => child !== undefined && child !== null && child !== false));
  return element;
}

let last = 0;

/** A name that no other element has. */
export const unique = prefix => `${prefix}-${++last}`;

/** Waits, unless what it is for was given up. */
export const sleep = (milliseconds, signal) => new Promise((resolve, reject) => {
  signal?.throwIfAborted();
  const timer = setTimeout(resolve, milliseconds);
  signal?.addEventListener('abort', () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
});

/** Whether the person asked for less movement. */
export const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** "1 picture", "3 pictures". */
export const counted = (n, one, many = `${one}s`) => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

/** "420 ms", "1.2 s". */
export const lasting = milliseconds => milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;

/** A button. */
export const button = (text, onclick, properties = {}) => h('button', { type: 'button', onclick, ...properties }, text);
