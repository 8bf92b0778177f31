/* A filter bar works as soon as something is chosen; what is typed waits for Enter, so that an input method can
   compose in peace. */
(() => {
  "use strict";
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-filters]");
    if (form && event.target.matches("select, input[type=checkbox], input[type=radio], input[type=date], input[type=month]")) form.requestSubmit();
  });
})();
