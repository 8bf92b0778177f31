/* Copying: data-copy holds the text, data-copy-from names the element whose text is taken. The button says so. */
(() => {
  "use strict";
  async function copy(text) {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    // A store's server without https has no clipboard API.
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "visually-hidden";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) throw new Error("copy refused");
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-copy-from]");
    if (!button) return;
    const source = button.dataset.copyFrom ? document.querySelector(button.dataset.copyFrom) : null;
    const words = button.querySelector("[data-copy-word]") || button;
    const before = (button.dataset.copyBefore ??= words.textContent);
    try {
      await copy(source ? (source.value ?? source.innerText).trim() : button.dataset.copy);
      words.textContent = button.dataset.copied || before;
    } catch {
      words.textContent = button.dataset.copyFailed || before;
    }
    setTimeout(() => { words.textContent = before; }, 2000);
  });
})();
