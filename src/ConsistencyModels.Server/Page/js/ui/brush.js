// A round brush in whole pixels: no soft edge, as pictures of few pixels want it.

/** Calls for each row of a disc: its left end, its height, its length. */
export function disc(x, y, size, row) {
  const radius = size / 2;
  // An even brush lies between pixels, an odd one on them.
  const [cx, cy] = size % 2 ? [Math.floor(x) + 0.5, Math.floor(y) + 0.5] : [Math.round(x), Math.round(y)];
  for (let top = Math.ceil(cy - radius - 0.5); top < cy + radius; top++) {
    const dy = top + 0.5 - cy;
    const half = Math.sqrt(Math.max(0, radius * radius - dy * dy));
    const left = Math.round(cx - half);
    const length = Math.round(cx + half) - left;
    if (length > 0) row(left, top, length);
  }
}

/** The points of a line, close enough that discs on them leave no gap. */
export function* line(from, to) {
  const steps = Math.max(1, Math.ceil(Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y)) * 2));
  for (let i = 0; i <= steps; i++) yield { x: from.x + (to.x - from.x) * i / steps, y: from.y + (to.y - from.y) * i / steps };
}
