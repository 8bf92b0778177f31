/* The look: light, dark, or as the device says. Runs before the page is painted, so nothing flashes. */
(() => {
  "use strict";
  const root = document.documentElement;
  const device = window.matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => (document.cookie.match(/(?:^|; )theme=(light|dark)/) || [])[1] || "";

  function apply() {
    root.dataset.bsTheme = chosen() || (device.matches ? "dark" : "light");
    for (const button of document.querySelectorAll("[data-theme-pick] button")) {
      button.setAttribute("aria-pressed", String(button.dataset.theme === chosen()));
    }
  }

  apply();
  device.addEventListener("change", apply);
  document.addEventListener("DOMContentLoaded", () => {
    for (const group of document.querySelectorAll("[data-theme-pick]")) group.hidden = false;
    apply();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-pick] button");
    if (!button) return;
    const age = button.dataset.theme ? 31536000 : 0;
    document.cookie = `theme=${button.dataset.theme}; path=/; max-age=${age}; SameSite=Lax`;
    apply();
  });
})();
