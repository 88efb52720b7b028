// One stop for the Tab key in a row or grid of things, and the arrow keys within it.

/** Makes the elements of a list one stop; `columns` says how many stand side by side, `onmove` is called with the one moved to. */
export function roving(list, selector, { columns = () => 1, onmove } = {}) {
  const all = () => [...list.querySelectorAll(selector)].filter(element => !element.disabled && !element.closest('[hidden]'));

  list.addEventListener('keydown', event => {
    const elements = all();
    const at = elements.indexOf(document.activeElement);
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const moves = { ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - columns(), ArrowDown: at + columns(), Home: 0, End: elements.length - 1 };
    const to = elements[moves[event.key]];
    if (!(event.key in moves)) return;
    event.preventDefault();
    if (!to) return;
    to.focus();
    onmove?.(to);
  });

  // Where the focus was last is where it comes back to.
  list.addEventListener('focusin', event => stop(event.target.closest(selector)));

  function stop(element) {
    const elements = all();
    const chosen = elements.includes(element) ? element : elements.find(one => one.tabIndex === 0) ?? elements[0];
    for (const one of elements) one.tabIndex = one === chosen ? 0 : -1;
  }

  /** To be called when the elements have changed. */
  return { refresh: element => stop(element) };
}
