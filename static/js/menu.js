/* Menus and panels are <details>: this closes them as people expect. Also lines that can be hidden, and the
   eye of a password field. */
(() => {
  "use strict";
  const openMenus = () => document.querySelectorAll("details.menu[open]");

  document.addEventListener("click", (event) => {
    for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;

    const cancel = event.target.closest("[data-close]");
    if (cancel) {
      const panel = cancel.closest("details");
      panel.open = false;
      panel.querySelector("summary")?.focus();
    }
    const hide = event.target.closest("[data-dismiss]");
    if (hide) hide.closest(hide.dataset.dismiss)?.remove();

    const eye = event.target.closest("[data-reveal]");
    if (eye) reveal(eye, document.getElementById(eye.dataset.reveal));
  });

  function reveal(eye, field) {
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    eye.setAttribute("aria-pressed", String(shown));
    eye.querySelector(".bi")?.classList.replace(shown ? "bi-eye" : "bi-eye-slash", shown ? "bi-eye-slash" : "bi-eye");
  }

  document.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const menu = event.target.closest?.("details.menu[open]") || openMenus()[0];
    if (!menu) return;
    if (event.key === "Escape") {
      menu.open = false;
      menu.querySelector("summary").focus();
      return;
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const items = [...menu.querySelectorAll("a[href], button:not(:disabled)")].filter((item) => item.offsetParent);
    if (!items.length || !menu.contains(event.target)) return;
    const at = items.indexOf(document.activeElement);
    const step = event.key === "ArrowDown" ? 1 : -1;
    items[(at + step + items.length) % items.length].focus();
    event.preventDefault();
  });
})();
