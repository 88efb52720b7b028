// Sets everything as it was when a picture was made.
import { settings } from './data/settings.js';

const modes = { generate: 'draw', 'edit/inpaint': 'fill', 'edit/colorize': 'colour', 'edit/superres': 'enlarge', 'edit/stroke': 'sketch', 'edit/interpolate': 'walk', 'edit/variations': 'draw' };

/** The mode in which a request is made; none for those that the page has no mode for. */
export const modeOf = operation => modes[operation];

// What has a control of its own, or is the same for each picture.
const controlled = ['model', 'seed', 'seeds', 'classes', 'steps', 'sampler', 'count', 'factor', 'frames', 'width', 'height', 'format', 'scale', 'quality', 'previews'];

/** Sets the settings, and gives what is left: the fields that have no control. */
export function restoreSettings(request, mode, model, vary = false) {
  const { seed, seeds, classes, steps, sampler, factor, sigma, width, height } = request;
  const first = mode === 'walk' ? seed : seed ?? seeds?.[0];
  const times = width ? width / model.width : 1;
  const fits = [1, 2, 4].includes(times) && (height ?? model.height) === model.height * times;
  const known = (classes ?? []).map(Number).filter(index => model.classes?.some(one => one.index === index));
  settings.set({
    ...(first === undefined ? {} : { seed: String(first), locked: true }),
    ...(mode === 'draw' && !vary ? { count: 1, sampler: sampler ?? null, times: fits ? times : 1 } : {}),
    ...(factor ? { factor } : {}),
    classes: known,
  });
  const own = mode === 'sketch' ? [...controlled, 'sigma'] : controlled;
  if (steps && !vary) settings.setOf('steps', mode, steps);
  if (sigma && mode === 'sketch') settings.setOf('sigma', mode, sigma);
  // Variations are made once more as they were; the settings are for what is drawn next.
  const extra = vary ? [] : Object.entries(request).filter(([name, value]) => !own.includes(name) && value !== null);
  return Object.fromEntries([...extra, ...(fits || !width ? [] : [['width', width], ['height', height]])]);
}
