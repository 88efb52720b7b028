// What a screen reader hears of things that change out of its sight. One region for the whole page: two would talk over each other.
const region = document.getElementById('live');
let timer;

/** Says it, a moment later, so that a quick series ends in its last sentence. */
export function announce(text) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    // The same sentence twice is read twice only if the region was empty between.
    region.textContent = '';
    requestAnimationFrame(() => { region.textContent = text; });
  }, 120);
}
