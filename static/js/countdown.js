/* Deadline chips count down. The server gave the thresholds and its own clock; a PC's wrong clock is ignored.
   A tap on a chip shows what its title says, for screens without a pointer. */
(() => {
  "use strict";
  const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content;
  const words = JSON.parse(meta("due-words") || "{}");
  const skew = Number(meta("server-now") || Date.now()) - Date.now();
  const now = () => Date.now() + skew;
  const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (_, key) => values[key]);

  function said(kind, ms) {
    const minutes = Math.floor(ms / 60000);
    if (minutes < 1) return words[`${kind}_lt`];
    const d = Math.floor(minutes / 1440), h = Math.floor((minutes % 1440) / 60), m = minutes % 60;
    const key = d ? (h ? "dh" : "d") : h ? (m ? "hm" : "h") : "m";
    return fill(words[kind], { span: fill(words[key], { d, h, m }) });
  }

  function write(target, text, bold) {
    const parts = bold ? text.split(/(\d+)/) : [text];
    target.replaceChildren(...parts.map((part, i) => {
      if (!(i % 2)) return document.createTextNode(part);
      const b = document.createElement("b");
      b.textContent = part;
      return b;
    }));
  }

  function setState(chip, state) {
    chip.className = chip.className.replace(/\bdue-(ok|warn|over|later)\b/, `due-${state}`);
    chip.dataset.state = state;
    if (state !== "over") return;
    const icon = document.createElement("i");
    icon.className = "bi bi-exclamation-triangle-fill";
    icon.setAttribute("aria-hidden", "true");
    chip.querySelector("svg, i")?.remove();
    chip.prepend(icon);
  }

  function show(chip, at) {
    const due = Number(chip.dataset.dueAt), warn = Number(chip.dataset.warnAt) || Infinity;
    const before = chip.dataset.state || (chip.className.match(/\bdue-(ok|warn|over|later)\b/) || [])[1];
    const state = at > due ? "over" : at >= warn ? "warn" : before;
    if (state !== before || !chip.dataset.state) setState(chip, state);
    if (state === "over") return write(chip.lastElementChild, said("over", at - due), false);
    if (!chip.dataset.count) return;
    write(chip.lastElementChild, said(state === "warn" ? "only" : "left", due - at), true);
    turn(chip, at, due);
  }

  function turn(chip, at, due) {
    const ring = chip.querySelector(".v");
    if (!ring) return;
    chip.firstSeen ??= at;
    const whole = due - chip.firstSeen;
    const left = whole > 0 ? (Number(chip.dataset.left) * (due - at)) / whole : 0;
    ring.setAttribute("stroke-dasharray", `${Math.max(0, Math.round(left))} 100`);
  }

  function tick() {
    const at = now();
    for (const chip of document.querySelectorAll(".due[data-due-at]")) show(chip, at);
    for (const clock of document.querySelectorAll("[data-since]")) {
      const seconds = Math.max(0, Math.floor((at - Number(clock.dataset.since)) / 1000));
      clock.textContent = `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`;
    }
  }

  function hint(event) {
    const open = document.querySelector(".due-tip");
    open?.remove();
    const chip = event.target.closest(".due[title]");
    if (!chip || chip.closest("summary, a, button") || open?.parentElement === chip) return;
    const tip = document.createElement("span");
    tip.className = "due-tip";
    tip.setAttribute("role", "tooltip");
    tip.textContent = chip.title;
    if (chip.getBoundingClientRect().left + 280 > window.innerWidth) tip.classList.add("due-tip-end");
    chip.prepend(tip);
  }

  tick();
  const fast = document.querySelector("[data-since]") ? 1000 : 10000;
  setInterval(() => { if (!document.hidden) tick(); }, fast);
  document.addEventListener("visibilitychange", tick);
  document.addEventListener("htmx:afterSettle", tick);
  document.addEventListener("click", hint);
})();
