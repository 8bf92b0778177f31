/* Folds the rail to icons; a cookie tells the server, so that the next page comes folded. Folded, the word of a
   place stands beside its icon while the pointer or the keyboard is on it. */
(() => {
  "use strict";
  let tip = null;

  function hide() {
    tip?.remove();
    tip = null;
  }

  function show(event) {
    hide();
    const link = event.target.closest?.(".app-icons .rail-link[data-tip]");
    if (!link || (event.type === "focusin" && !link.matches(":focus-visible"))) return;
    const box = link.getBoundingClientRect();
    tip = document.createElement("div");
    tip.className = "rail-tip";
    tip.setAttribute("aria-hidden", "true");
    tip.textContent = link.dataset.tip;
    tip.style.left = `${box.right + 8}px`;
    tip.style.top = `${box.top + box.height / 2}px`;
    document.body.append(tip);
  }

  document.addEventListener("mouseover", show);
  document.addEventListener("focusin", show);
  document.addEventListener("focusout", hide);
  document.addEventListener("scroll", hide, true);

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-rail-toggle]");
    if (!button) return;
    const folded = document.getElementById("app").classList.toggle("app-icons");
    button.setAttribute("aria-pressed", String(folded));
    hide();
    document.cookie = `rail=${folded ? "icons" : ""}; path=/; max-age=${folded ? 31536000 : 0}; SameSite=Lax`;
  });
})();
