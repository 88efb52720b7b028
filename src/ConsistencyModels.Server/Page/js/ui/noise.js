// The snow that stands where a picture will be. It is the page's own: the server's noise has other numbers, and is not sent.
import { canvasOf } from '../data/pictures.js';

/** A canvas of coloured snow, at most 48 pixels wide. */
export function snow(width, height) {
  const scale = Math.max(1, Math.ceil(Math.max(width, height) / 48));
  const [w, h] = [Math.ceil(width / scale), Math.ceil(height / scale)];
  const canvas = canvasOf(w, h, context => {
    const image = context.createImageData(w, h);
    crypto.getRandomValues(image.data);
    // Mostly gray, and dark: it stands for something, and should not shout.
    for (let i = 0; i < image.data.length; i += 4) {
      const gray = image.data[i + 3];
      for (let c = 0; c < 3; c++) image.data[i + c] = 12 + gray * 0.3 + image.data[i + c] * 0.28;
      image.data[i + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  });
  canvas.className = 'snow';
  canvas.setAttribute('aria-hidden', 'true');
  return canvas;
}
