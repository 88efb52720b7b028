// The snow that stands where a picture will be. It is the page's own: the server's noise has other numbers, and is not sent.
import { canvasOf } from '../data/pictures.js';

/** A canvas of coloured snow, at most 48 pixels wide. */
export function snow(width, height) {
  const scale = Math.max(1, Math.ceil(Math.max(width, height) / 48));
  const [w, h] = [Math.ceil(width / scale), Math.ceil(height / scale)];
  const canvas = canvasOf(w, h, context => {
    const image = context.createImageData(w, h);
    crypto.getRandomValues(image.data);
    // Two dice make the middle likelier than the ends.
    for (let i = 0; i < image.data.length; i++) image.data[i] = i % 4 === 3 ? 255 : (image.data[i] + Math.random() * 255) / 2;
    context.putImageData(image, 0, 0);
  });
  canvas.className = 'snow';
  canvas.setAttribute('aria-hidden', 'true');
  return canvas;
}
