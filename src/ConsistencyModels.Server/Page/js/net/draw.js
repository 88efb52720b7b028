// One request for pictures, from its fields to pictures that the page can show.
import { ask, Problem } from './api.js';
import { events } from './events.js';
import { blobOf } from '../data/pictures.js';

/** A note of the server as a sentence among sentences. */
const sentence = note => `${note[0].toUpperCase()}${note.slice(1)}${/[.!?]$/.test(note) ? '' : '.'}`;

/** Fields and files as the server takes them. */
function bodyOf(request, files) {
  const json = JSON.stringify(request);
  if (!Object.keys(files).length) return { body: json, headers: { 'Content-Type': 'application/json' } };
  const form = new FormData();
  form.append('request', json);
  for (const [name, blob] of Object.entries(files)) form.append(name, blob, `${name}.png`);
  return { body: form, headers: {} };
}

/** What makes one of a result's pictures again, alone. A class that its seed drew stays the seed's to draw: asked for, it would be another picture. */
function requestOf(result, image) {
  if (result.operation === 'edit/interpolate') return result.request;
  const { count, seeds, seed, classes, ...rest } = result.request;
  return { ...rest, seed: image.seed, ...(classes ? { classes: [classes[image.index % classes.length]] } : {}) };
}

/** A picture of the page: what is shown, kept in the gallery, and set as it was. */
function pictureOf(result, image, files, created) {
  return {
    id: crypto.randomUUID?.() ?? `${result.id}-${image.index}`,
    blob: blobOf(image.data, image.media_type),
    operation: result.operation,
    model: result.model,
    seed: String(image.seed),
    class: image.class ?? null,
    className: image.class_name ?? null,
    frame: result.operation === 'edit/interpolate' ? image.index : null,
    sampler: result.sampler,
    steps: result.steps,
    width: image.width,
    height: image.height,
    request: requestOf(result, image),
    lines: image.equivalents ?? result.equivalents,
    sources: files,
    created,
    index: image.index,
  };
}

/**
 * Draws. Told of what happens by `on` (queued, started, progress, step); if the line breaks the whole request is made again.
 * Gives the result with `pictures`.
 */
export async function draw(operation, request, { files = {}, on = {}, previews = false, signal } = {}) {
  const { body, headers } = bodyOf({ ...request, ...(previews ? { previews: true } : {}) }, files);
  return ask(`v1/${operation}`, { method: 'POST', body, headers: { ...headers, Accept: 'text/event-stream' } }, async answer => {
    let result = null;
    // Read to its end: to turn away earlier would look like a client that has lost patience.
    for await (const { event, data } of events(answer.body)) {
      if (event === 'error') throw new Problem(data.status, data);
      if (event === 'done') result = data;
      else on[event]?.(data);
    }
    if (!result) throw new TypeError('The answer broke off.');
    const now = Date.now();
    return { ...result, pictures: result.images.map(image => pictureOf(result, image, files, now)), notes: result.notes.map(sentence) };
  }, signal);
}
