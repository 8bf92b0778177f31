/* Nothing typed is lost. A form with data-autosave, and every POST form with a text area, keeps a twin of its fields
   in this browser, per person, page and form, and sends it to data-autosave-url when there is one. The twin comes
   back after a crash, a reload or a new sign-in, and goes once the form was really sent. */
(() => {
  "use strict";
  const PREFIX = "typed:", DAYS = 7, PAUSE = 800;
  const person = document.body.dataset.person || "";
  const keepsTyped = "keepTyped" in document.body.dataset;  // sign-in and error pages: the sending did not succeed
  const ready = new WeakSet();

  const store = {
    read(key) { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } },
    write(key, value) { try { localStorage.setItem(key, JSON.stringify(value)); return true; } catch { return false; } },
    drop(key) { try { localStorage.removeItem(key); } catch { /* private window: there is nothing to drop */ } },
    keys() { try { return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)); } catch { return []; } },
  };
  const forms = () => [...document.querySelectorAll("form[method=post]")].filter((form) =>
    "autosave" in form.dataset || (form.querySelector("textarea:not([readonly])") && !("noAutosave" in form.dataset)));
  const nameOf = (form) => {
    const action = form.getAttribute("action") || "";
    return form.id || `${action}#${forms().filter((one) => (one.getAttribute("action") || "") === action).indexOf(form)}`;
  };
  const keyOf = (form) => `${PREFIX}${person}:${location.pathname}:${nameOf(form)}`;
  const kept = (field) => field.name && !field.disabled && !["hidden", "password", "file", "submit", "button"].includes(field.type)
    && !("noAutosave" in field.dataset);

  function values(form) {
    const found = {};
    for (const field of form.elements) {
      if (!kept(field)) continue;
      const list = (found[field.name] ??= []);
      if (field.type === "radio" || field.type === "checkbox") { if (field.checked) list.push(field.value); }
      else if (field.multiple) list.push(...[...field.selectedOptions].map((option) => option.value));
      else list.push(field.value);
    }
    return found;
  }

  function fill(form, found) {
    const seen = {};
    for (const field of form.elements) {
      if (!kept(field) || !(field.name in found)) continue;
      const list = found[field.name];
      if (field.type === "radio" || field.type === "checkbox") field.checked = list.includes(field.value);
      else if (field.multiple) for (const option of field.options) option.selected = list.includes(option.value);
      else field.value = list[(seen[field.name] = (seen[field.name] ?? -1) + 1)] ?? "";
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }

  function say(form, kind, at = new Date()) {
    const line = form.querySelector("[data-autosave-status]") || document.querySelector(`[data-autosave-status="${form.id}"]`);
    if (!line) return;
    const time = `${String(at.getHours()).padStart(2, "0")}:${String(at.getMinutes()).padStart(2, "0")}`;
    const words = line.querySelector("span") || line;
    words.textContent = (line.dataset[kind] || "").replace("{time}", time);
    line.classList.toggle("saved-kept", kind === "kept");
    line.hidden = false;
    const discard = line.querySelector("[data-autosave-discard]");
    if (discard) discard.hidden = kind !== "restored";
  }

  async function save(form) {
    const key = keyOf(form), twin = { at: Date.now(), values: values(form), sent: false, onServer: false };
    const safe = store.write(key, twin);
    const url = form.dataset.autosaveUrl;
    if (!url) return safe && say(form, "saved");
    try {
      const answer = await fetch(url, { method: "POST", body: new FormData(form), credentials: "same-origin", redirect: "error" });
      if (!answer.ok) throw new Error(String(answer.status));
      const latest = store.read(key);
      if (latest && latest.at === twin.at) store.write(key, { ...latest, onServer: true });
      say(form, "saved");
      form.dispatchEvent(new CustomEvent("autosave:done", { bubbles: true }));
    } catch {
      say(form, "kept");
      form.dispatchEvent(new CustomEvent("autosave:failed", { bubbles: true }));
    }
  }

  /* True when the page in front is the answer to this form's own successful sending (sent, then redirected here). */
  function arrivedBySending() {
    const way = performance.getEntriesByType("navigation")[0];
    return Boolean(way && way.type === "navigate" && way.redirectCount > 0);
  }

  function restore(form) {
    const key = keyOf(form), twin = store.read(key);
    if (!twin || twin.onServer) return;
    if (twin.sent && arrivedBySending()) return store.drop(key);
    const server = values(form);
    if (JSON.stringify(server) === JSON.stringify(twin.values)) return;
    if (form.querySelector(".is-invalid, [aria-invalid='true']")) return;  // the server gave back what was sent
    fill(form, twin.values);
    say(form, "restored", new Date(twin.at));
    form.addEventListener("click", (event) => {
      if (!event.target.closest("[data-autosave-discard]")) return;
      store.drop(key);
      fill(form, server);
      store.drop(key);
      const line = event.target.closest("[data-autosave-status]");
      if (line) line.hidden = true;
    });
  }

  function watch(form) {
    if (ready.has(form)) return;
    ready.add(form);
    restore(form);
    let timer = 0, dirty = false;
    const flush = () => { clearTimeout(timer); if (dirty) { dirty = false; save(form); } };
    form.addEventListener("input", (event) => {
      if (!event.isTrusted || !kept(event.target)) return;
      dirty = true;
      clearTimeout(timer);
      timer = setTimeout(flush, PAUSE);
    });
    form.addEventListener("change", (event) => { if (event.isTrusted && kept(event.target)) { dirty = true; flush(); } });
    window.addEventListener("pagehide", () => { if (dirty) store.write(keyOf(form), { at: Date.now(), values: values(form), sent: false }); });
    form.addEventListener("submit", () => {
      clearTimeout(timer);
      dirty = false;
      store.write(keyOf(form), { at: Date.now(), values: values(form), sent: true });
    });
  }

  const watchAll = () => forms().forEach(watch);

  /* What was sent from another page and did not end at the sign-in or an error has arrived; old twins go. */
  function tidy() {
    const here = new Set(forms().map(keyOf));
    for (const key of store.keys()) {
      const twin = store.read(key);
      if (!twin || Date.now() - twin.at > DAYS * 86400000) store.drop(key);
      else if (twin.sent && keepsTyped) store.write(key, { ...twin, sent: false });
      else if (twin.sent && key.startsWith(`${PREFIX}${person}:`) && !here.has(key)) store.drop(key);
    }
  }

  /* On the sign-in page: the promise is made only when there is something to give back. */
  function promise() {
    const note = document.querySelector("[data-typed-kept]");
    const next = document.querySelector("form input[name=next]")?.value.split("?")[0];
    if (note && next) note.hidden = !store.keys().some((key) => key.split(":")[2] === next);
  }

  tidy();
  promise();
  watchAll();
  document.addEventListener("htmx:afterSettle", watchAll);
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target.closest?.("form");
    if (!form || !ready.has(form)) return;
    const lost = !event.detail.successful || /login/.test(event.detail.xhr.getResponseHeader("HX-Redirect") || "");
    if (lost) store.write(keyOf(form), { at: Date.now(), values: values(form), sent: false });
    else if (event.detail.requestConfig.verb !== "get") store.drop(keyOf(form));
  });
})();
