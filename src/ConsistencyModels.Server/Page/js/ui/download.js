// The file as the server made it: a PNG carries its parameters, and no browser's encoder has touched them.
import { h } from './dom.js';
import { urlOf } from '../data/pictures.js';

/** Saves a picture under a name that says what it is. */
export function download(picture) {
  const words = [picture.className ?? picture.model, picture.operation === 'generate' ? null : picture.operation.split('/')[1], picture.seed, `${picture.steps}-steps`, picture.frame];
  const name = words.filter(word => word !== null && word !== undefined).join('-').replace(/[^\w.-]+/g, '_');
  const link = h('a', { href: urlOf(picture.blob), download: `${name}.png` });
  document.body.append(link);
  link.click();
  link.remove();
}
