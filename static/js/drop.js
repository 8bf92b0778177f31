/* File drop: dragging onto the box, the chosen names, and a word when a file is too large. */
(() => {
  "use strict";
  const boxOf = (event) => event.target.closest?.(".drop");
  const size = (bytes) => (bytes < 1048576 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1048576).toFixed(1)} MB`);

  function show(box) {
    const input = box.querySelector("input[type=file]"), line = box.querySelector("[data-drop-names]");
    const limit = Number(box.dataset.maxBytes) || Infinity;
    const files = [...input.files], large = files.find((file) => file.size > limit);
    input.setCustomValidity(large ? (box.dataset.tooLarge || "").replace("{name}", large.name) : "");
    line.textContent = large ? input.validationMessage : files.map((file) => `${file.name} · ${size(file.size)}`).join("\n");
    box.classList.toggle("drop-bad", Boolean(large));
    box.classList.toggle("drop-has", files.length > 0 && !large);
  }

  document.addEventListener("change", (event) => {
    const box = boxOf(event);
    if (box && event.target.type === "file") show(box);
  });
  for (const kind of ["dragenter", "dragover"]) {
    document.addEventListener(kind, (event) => {
      const box = boxOf(event);
      if (!box) return;
      event.preventDefault();
      box.classList.add("drop-over");
    });
  }
  document.addEventListener("dragleave", (event) => {
    const box = boxOf(event);
    if (box && !box.contains(event.relatedTarget)) box.classList.remove("drop-over");
  });
  document.addEventListener("drop", (event) => {
    const box = boxOf(event);
    if (!box) return;
    event.preventDefault();
    box.classList.remove("drop-over");
    const input = box.querySelector("input[type=file]");
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
})();
