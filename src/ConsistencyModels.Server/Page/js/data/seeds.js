// Seeds: whole numbers of 64 bits, kept as text.
const end = 1n << 64n;

/** A new one, short enough to tell someone. */
export const newSeed = () => String(crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000);

/** Whether a text is one. */
export const isSeed = text => /^\d{1,20}$/.test(text) && BigInt(text) < end;

/** The one that many places on; after the last comes 0. */
export const seedAfter = (seed, places) => String((BigInt(seed) + BigInt(places)) % end);
