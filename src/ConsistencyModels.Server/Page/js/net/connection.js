// Whether the server is there. It may restart under an open page: whoever asks then waits here, all of them behind one question.
import { sleep } from '../ui/dom.js';

const pauses = [250, 500, 1000, 2000, 3000];

/** Tells of "change": `words` is what to say to people, or null while all is well. */
export const connection = Object.assign(new EventTarget(), { words: null });

let waiting = null;

function say(words) {
  if (connection.words === words) return;
  connection.words = words;
  connection.dispatchEvent(new Event('change'));
}

async function poll() {
  for (let round = 0; ; round++) {
    // A blink is nobody's business: the first pause is silent.
    await sleep(pauses[Math.min(round, pauses.length - 1)]);
    try {
      const answer = await fetch('health/ready', { cache: 'no-store' });
      if (answer.ok) {
        say(null);
        return;
      }
      const state = (await answer.text()).trim();
      say(state === 'starting' ? 'The server is starting. Your work goes on by itself.' : 'The server is about to restart. Your work goes on by itself.');
    } catch {
      say('The server is away. Trying again; your work goes on by itself.');
    }
  }
}

/** Resolves when the server draws again. */
export function whenReady(signal) {
  waiting ??= poll().finally(() => { waiting = null; });
  if (!signal) return waiting;
  return Promise.race([waiting, new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))]);
}

/** Waits as long as a busy server asks for. */
export async function whenFree(seconds, signal) {
  say(`The server is busy. Next try in ${seconds} s.`);
  try {
    await sleep(seconds * 1000, signal);
  } finally {
    say(null);
  }
}
