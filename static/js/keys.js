/* Keys of every page: `/` and Ctrl+K search; an element with data-key="A" is pressed by A. Typing and an input
   method that composes are never disturbed. */
(() => {
  "use strict";
  const typing = (target) => target.isContentEditable || target.matches?.("input:not([type=radio], [type=checkbox], [type=button], [type=submit]), textarea, select");
  const seen = (element) => element.offsetParent !== null && !element.disabled;

  function search() {
    const field = [...document.querySelectorAll("[data-global-search]")].find(seen);
    if (!field) return false;
    field.focus();
    field.select();
    return true;
  }

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return;
    const control = event.ctrlKey || event.metaKey;
    if (control && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      if (search()) event.preventDefault();
      return;
    }
    if (control || event.altKey || typing(event.target)) return;
    if (event.key === "/") {
      if (search()) event.preventDefault();
      return;
    }
    if (event.key.length !== 1) return;
    const wanted = event.key.toUpperCase();
    const element = [...document.querySelectorAll("[data-key]")].find((one) => seen(one) && one.dataset.key.split(" ").includes(wanted));
    if (!element) return;
    event.preventDefault();
    element.matches("input, textarea, select") ? element.focus() : element.click();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.matches?.("[data-global-search]")) event.target.blur();
  });
})();
