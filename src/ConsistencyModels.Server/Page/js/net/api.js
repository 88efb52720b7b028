// Asks the server. A server that is away or busy is asked again, so that nobody above needs to think of it; asking twice is safe, as the
// same request makes the same picture.
import { whenFree, whenReady } from './connection.js';
import { askForKey, isToday, keyHeaders } from './key.js';
import { parse } from './json.js';

const patience = 6;

/** What the server would not do, in its own words; `field` names what was wrong, where it says so. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? `The server answered ${status}.`);
    this.field = body.field;
    this.status = status;
  }
}

async function problemOf(answer) {
  let body = {};
  try {
    body = parse(await answer.text());
  } catch {
    // Something on the way (a proxy) that speaks otherwise.
  }
  return new Problem(answer.status, body);
}

/** Asks until there is an answer to read; `read` takes it, and may find that it broke off. */
export async function ask(path, options, read, signal) {
  for (let broken = 0; ;) {
    // What goes wrong again and again is no restart.
    let answer;
    const key = keyHeaders();
    try {
      answer = await fetch(path, { ...options, headers: { ...options?.headers, ...key }, cache: 'no-store', signal });
      if (answer.ok) return await read(answer);
    } catch (error) {
      signal?.throwIfAborted();
      // fetch and its streams say TypeError when the line breaks; what else is thrown is for whoever asked.
      if (!(error instanceof TypeError) || ++broken > patience) throw error;
      await whenReady(signal);
      continue;
    }

    if (answer.status === 503 && ++broken <= patience) {
      await whenReady(signal);
    } else if (answer.status === 429) {
      await whenFree(Number(answer.headers.get('Retry-After')) || 1, signal);
    } else if (answer.status === 401) {
      if (isToday(key)) await askForKey('Authorization' in key);
    } else {
      throw await problemOf(answer);
    }
  }
}

/** GET, as an object. */
export const get = (path, signal) => ask(path, {}, async answer => parse(await answer.text()), signal);

/** What a PNG says of how it was made. */
export const inspect = blob => ask('v1/inspect', { method: 'POST', body: blob, headers: { 'Content-Type': 'image/png' } }, async answer => parse(await answer.text()));
