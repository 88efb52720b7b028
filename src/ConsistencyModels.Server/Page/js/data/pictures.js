// Pictures between bytes, elements and canvases.

/** A file of its base64. */
export function blobOf(base64, type) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return new Blob([bytes], { type });
}

const addresses = new WeakMap();

/** An address that shows a file; the same one each time, so that nothing is loaded twice. It lives as long as the page. */
export function urlOf(blob) {
  if (!addresses.has(blob)) addresses.set(blob, URL.createObjectURL(blob));
  return addresses.get(blob);
}

/** A canvas of a size, made by a function of its context. */
export function canvasOf(width, height, paint) {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [width, height];
  paint?.(canvas.getContext('2d', { willReadFrequently: true }));
  return canvas;
}

/** A canvas with a file's picture. Throws an error with words for people if it is none. */
export async function decode(blob) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(blob, { colorSpaceConversion: 'none' });
  } catch {
    throw new Error('This is not a picture that the browser can read.');
  }
  const canvas = canvasOf(bitmap.width, bitmap.height, context => context.drawImage(bitmap, 0, 0));
  bitmap.close();
  return canvas;
}

/** A canvas as a PNG. */
export const encode = canvas => new Promise((resolve, reject) =>
  canvas.toBlob(blob => blob ? resolve(blob) : reject(new Error('The picture is too large for this browser.')), 'image/png'));

/** The same picture, smaller: each pixel the mean of those it stands for. */
export function shrink(canvas, width, height) {
  return canvasOf(width, height, context => {
    context.imageSmoothingQuality = 'high';
    // Halves at a time: one long step would skip pixels.
    let from = canvas;
    while (from.width >= width * 2 && from.height >= height * 2 && (from.width > width || from.height > height)) {
      const [w, h] = [Math.max(width, from.width >> 1), Math.max(height, from.height >> 1)];
      const source = from;
      from = canvasOf(w, h, half => half.drawImage(source, 0, 0, w, h));
      if (w === width && h === height) break;
    }
    context.drawImage(from, 0, 0, width, height);
  });
}

/** Changes every pixel in place. */
export function eachPixel(canvas, change) {
  const context = canvas.getContext('2d');
  const image = context.getImageData(0, 0, canvas.width, canvas.height);
  for (let i = 0; i < image.data.length; i += 4) change(image.data, i);
  context.putImageData(image, 0, 0);
  return canvas;
}

/** Its gray, as a television sees it. */
export const grayOf = canvas => eachPixel(canvasOf(canvas.width, canvas.height, context => context.drawImage(canvas, 0, 0)), (data, i) => {
  data[i] = data[i + 1] = data[i + 2] = Math.round(0.2989 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2]);
});

/** Whether no pixel has a colour. */
export function isGray(canvas) {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  for (let i = 0; i < data.length; i += 4) {
    if (Math.abs(data[i] - data[i + 1]) > 2 || Math.abs(data[i] - data[i + 2]) > 2) return false;
  }
  return true;
}
