// Steps of a small model come faster than eyes follow. They are shown one after another, none for less than a moment.
import { calm, sleep } from './dom.js';

const moment = 130;

/** Gives a function that shows things in turn, and a promise for when all are shown. */
export function pace(show) {
  let last = Promise.resolve();
  return {
    add: thing => { last = last.then(() => { show(thing); return calm() ? undefined : sleep(moment); }); },
    shown: () => last,
  };
}
