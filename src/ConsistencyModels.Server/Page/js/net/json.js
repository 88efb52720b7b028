// JSON whose whole numbers stay whole: a seed has up to 64 bits, and a number of JavaScript only 53. Larger ones become their text.
const keepWhole = (_, value, context) =>
  typeof value === 'number' && !Number.isSafeInteger(value) && /^\d+$/.test(context?.source ?? '') ? context.source : value;

/** An object of its text. */
export const parse = text => JSON.parse(text, keepWhole);
