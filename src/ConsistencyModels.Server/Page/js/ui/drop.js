// A picture may be dropped anywhere on the page, or pasted.

/** Calls with the file, and where it fell. */
export function setUpDrop(veil, words, onfile) {
  const text = veil.querySelector('p');
  const hasFiles = event => event.dataTransfer?.types.includes('Files');
  let depth = 0;

  addEventListener('dragenter', event => {
    if (!hasFiles(event)) return;
    depth++;
    text.textContent = words();
    veil.hidden = false;
  });
  addEventListener('dragleave', event => {
    if (hasFiles(event) && --depth <= 0) veil.hidden = true;
  });
  addEventListener('dragover', event => {
    if (hasFiles(event)) event.preventDefault();
  });
  addEventListener('drop', event => {
    depth = 0;
    veil.hidden = true;
    if (!hasFiles(event)) return;
    event.preventDefault();
    if (event.dataTransfer.files[0]) onfile(event.dataTransfer.files[0], event.target);
  });
  addEventListener('paste', event => {
    const file = event.clipboardData?.files[0];
    if (!file) return;
    event.preventDefault();
    onfile(file, document.activeElement);
  });
}
