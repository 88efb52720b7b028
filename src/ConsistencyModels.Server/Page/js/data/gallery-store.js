// The gallery on this browser's disk (IndexedDB), so that it is there again after a reload. The last pictures are kept, starred ones for good.
const version = 1;
export const limit = 300;

/** Newest first, and those that were drawn together in their order. */
export const order = (a, b) => b.created - a.created || (a.index ?? 0) - (b.index ?? 0);

const most = 1 << 20;
const isLight = picture => Object.values(picture.sources ?? {}).reduce((sum, file) => sum + file.size, 0) <= most;

const promised = request => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

function open() {
  const request = indexedDB.open('consistency-models', version);
  request.onupgradeneeded = () => request.result.createObjectStore('pictures', { keyPath: 'id' });
  return promised(request);
}

/** Where pictures are kept; where the browser keeps nothing (a private window), they last as long as the page. */
export class GalleryStore {
  #database = open().catch(() => null);

  /** Whether it outlives the page. */
  async isKept() {
    return await this.#database !== null;
  }

  async #do(mode, work) {
    const database = await this.#database;
    if (!database) return undefined;
    const transaction = database.transaction('pictures', mode);
    const result = work(transaction.objectStore('pictures'));
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error ?? new Error('The browser has no room for more pictures.'));
    });
    return result?.result;
  }

  /** All of them, newest first. */
  async all() {
    const pictures = await this.#do('readonly', store => store.getAll()) ?? [];
    return pictures.sort(order);
  }

  // What a picture was made of is kept with it, unless that is a whole photograph for each of its results.
  put(pictures) {
    return this.#do('readwrite', store => { pictures.forEach(picture => store.put(isLight(picture) ? picture : { ...picture, sources: {} })); });
  }

  remove(pictures) {
    return this.#do('readwrite', store => { pictures.forEach(picture => store.delete(picture.id)); });
  }
}
