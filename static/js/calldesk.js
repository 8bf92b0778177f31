/* The call desk: one question at a time, everything by keyboard, nothing typed is lost.
   The page is a plain form; this shows one question of it, saves drafts to the server and keeps a twin of what was
   typed in this browser until the server has it. The server decides; this only spares hands. */
(() => {
  "use strict";
  const person = document.body.dataset.person || "";
  const keyOf = (call) => `call:${person}:${call}`;
  const store = {
    read(key) { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } },
    write(key, value) { try { localStorage.setItem(key, JSON.stringify(value)); return true; } catch { return false; } },
    drop(key) { try { localStorage.removeItem(key); } catch { /* private window: there is nothing to drop */ } },
  };

  /* The page after saving: what this browser kept of the call has arrived. */
  const finished = document.querySelector("[data-finished-call]");
  if (finished) store.drop(keyOf(finished.dataset.finishedCall));
  const desk = document.getElementById("desk");
  if (!desk) return;

  const form = document.getElementById("call-form");
  const words = JSON.parse(document.getElementById("desk-words").textContent);
  const one = (selector, root = desk) => root.querySelector(selector);
  const all = (selector, root = desk) => [...root.querySelectorAll(selector)];
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
  const twinKey = keyOf(desk.dataset.call);
  const questions = all("[data-ask]");
  const byKey = Object.fromEntries(questions.map((ask) => [ask.dataset.ask, ask]));
  const dots = Object.fromEntries(all("[data-dot]").map((dot) => [dot.dataset.dot, dot]));
  const outcomes = all('input[name="outcome"]');
  const completes = outcomes.find((way) => "completes" in way.dataset);
  const go = one("[data-go]"), back = one("[data-back]");
  const lapsedAtStart = "lapsed" in desk.dataset;
  let at = null;             // key of the question in front, null at the end
  let lapsed = lapsedAtStart;
  let pickedByItself = false;  // "completed" was chosen by reaching the end, not by the agent

  /* ---- answers ---- */
  const picked = (ask) => all("[data-figure]", ask).filter((choice) => choice.checked);
  const typed = (ask) => one('[name^="t."]', ask)?.value.trim() || "";
  const isAnswered = (ask) => picked(ask).length > 0 || typed(ask) !== "";
  const judged = (ask) => Boolean(one("[data-judged]", ask)?.checked);
  const isNotApplicable = (ask) => picked(ask).some((choice) => choice.value === "-");
  const points = (ask) => {
    const known = picked(ask).map((choice) => choice.dataset.points).filter((value) => value !== undefined && value !== "");
    return known.length ? known.reduce((sum, value) => sum + Number(value), 0) / known.length : null;
  };
  const isLow = (ask) => judged(ask) || picked(ask).some((choice) => "low" in choice.dataset);

  function isShown(ask, seen) {
    if (!ask.dataset.showIf) return true;
    const rule = JSON.parse(ask.dataset.showIf), parent = byKey[rule.question];
    if (!parent || !seen.has(rule.question) || isNotApplicable(parent)) return false;
    if (rule.op === "lte") { const value = points(parent); return value !== null && value <= rule.value; }
    return picked(parent).some((choice) => rule.value.includes(choice.value));
  }

  function visible() {
    const seen = new Set();
    return questions.filter((ask) => { const shown = isShown(ask, seen); if (shown) seen.add(ask.dataset.ask); return shown; });
  }
  const openOnes = () => visible().filter((ask) => "mandatory" in ask.dataset && !isAnswered(ask));
  const outcome = () => outcomes.find((way) => way.checked);

  /* ---- showing ---- */
  const title = (ask) => one("[data-ask-text]", ask).textContent;
  function figure(ask) {
    if (isNotApplicable(ask)) return ["-", words.na];
    const chosen = picked(ask);
    if (chosen.length) return [chosen.map((choice) => (ask.dataset.kind === "rating5" || ask.dataset.kind === "rating10" ? choice.value : "")).join(""), chosen.map((choice) => choice.dataset.label).filter(Boolean).join(", ")];
    return ["", typed(ask)];
  }

  function row(ask, number) {
    const item = document.createElement("li");
    item.className = `so-far-row${isLow(ask) ? " so-far-low" : ""}`;
    const [short, long] = figure(ask), said = one("[data-words]", ask)?.value.trim();
    const cell = (cls, ...children) => { const span = document.createElement("span"); span.className = cls; span.append(...children); return span; };
    const name = cell("so-far-q", title(ask));
    if (said && isLow(ask)) name.append(cell("meta", ` · ${said}`));
    const bold = document.createElement("b");
    bold.textContent = short;
    const change = document.createElement("button");
    change.type = "button";
    change.className = "btn-link-plain";
    change.textContent = words.change;
    change.setAttribute("aria-label", `${words.change}: ${title(ask)}`);
    change.addEventListener("click", () => { unpickByItself(); show(ask.dataset.ask, true); });
    item.append(cell("quiet num", String(number)), name, cell("val", bold, cell("quiet", long)), change);
    return item;
  }

  function soFar(shown) {
    const box = one("[data-so-far]"), rows = [];
    shown.forEach((ask, index) => { if (isAnswered(ask) && ask.dataset.ask !== at) rows.unshift(row(ask, index + 1)); });
    box.hidden = rows.length === 0;
    one("[data-so-far-title]").textContent = fill(words.soFar, { n: rows.length });
    const left = openOnes().length;
    one("[data-so-far-rest]").textContent = left ? fill(words.rest, { n: left }) : "";
    one("ol", box).replaceChildren(...rows);
  }

  function paint() {
    const shown = visible(), index = shown.findIndex((ask) => ask.dataset.ask === at);
    for (const ask of questions) {
      ask.hidden = ask.dataset.ask !== at;
      const dot = dots[ask.dataset.ask], there = shown.includes(ask);
      dot.hidden = !there;
      dot.className = ask.dataset.ask === at ? "d-now" : isLow(ask) ? "d-low" : isAnswered(ask) ? "d-done" : "";
      const box = one("[data-low-box]", ask);
      if (box) box.hidden = !isLow(ask);
      const judge = one("[data-judge]", ask);
      if (judge) judge.hidden = !isAnswered(ask) || isNotApplicable(ask) || picked(ask).some((choice) => "low" in choice.dataset);
    }
    const intro = one("[data-intro]");
    if (intro) intro.hidden = index !== 0;
    const count = one("[data-count]");
    if (count) count.textContent = index >= 0 ? fill(words.count, { n: index + 1, all: shown.length }) : "";
    soFar(shown);
    paintEnd(shown, index);
  }

  function paintEnd(shown, index) {
    const left = openOnes(), way = outcome(), end = index < 0;
    one("[data-finish]").hidden = !end;
    if (questions.length) one("[data-finish-say]").textContent = left.length ? fill(words.stillOpen, { n: left.length }) : words.allDone;
    const low = shown.filter(isLow).length, lowLine = one("[data-finish-low]");
    lowLine.hidden = low === 0;
    one("span", lowLine).textContent = fill(words.lowEnd, { n: low });
    if (completes) {
      completes.disabled = left.length > 0;
      if (completes.disabled && completes.checked) completes.checked = false;
      one("[data-missing]").textContent = left.length ? fill(words.missing, { n: left.length }) : "";
    }
    const leads = one("[data-leads-line]");
    leads.hidden = !way;
    if (way) one("span", leads).textContent = way.dataset.leads;
    for (const more of all("[data-more]")) more.hidden = way?.dataset.asks !== more.dataset.more && !(more.dataset.more === "note" && way);
    back.hidden = end ? shown.length === 0 : index === 0;
    const word = way ? fill(words.saveAs, { outcome: labelOf(way) })
      : end ? (left.length ? words.firstOpen : words.save)
      : index === shown.length - 1 ? words.toFinish : words.next;
    one("[data-go-word]").textContent = word;
  }
  const labelOf = (way) => way.closest("label").querySelector(".out > span").firstChild.textContent.trim();

  function show(key, focus) {
    at = key;
    paint();
    const ask = byKey[key];
    keep();
    if (!focus) return;
    const field = ask && (picked(ask)[0] || one('[name^="t."]', ask));
    if (field && !field.matches("[data-figure]")) field.focus();
    else if (document.activeElement && document.activeElement !== document.body) document.activeElement.blur();
    (ask || one("[data-finish]")).scrollIntoView({ block: "nearest" });
  }

  /* ---- moving ---- */
  function next() {
    const shown = visible(), index = shown.findIndex((ask) => ask.dataset.ask === at);
    if (index >= 0 && index < shown.length - 1) return show(shown[index + 1].dataset.ask, true);
    if (index >= 0) return toEnd();
    const left = openOnes();
    if (left.length) return show(left[0].dataset.ask, true);
    return toEnd();
  }

  function toEnd() {
    if (!openOnes().length && completes && !outcome()) { completes.checked = true; pickedByItself = true; }
    show(null, true);
  }

  function previous() {
    const shown = visible(), index = shown.findIndex((ask) => ask.dataset.ask === at);
    unpickByItself();
    if (index > 0) show(shown[index - 1].dataset.ask, true);
    else if (index < 0 && shown.length) show(shown[shown.length - 1].dataset.ask, true);
  }

  function unpickByItself() {
    if (pickedByItself && outcome() === completes) completes.checked = false;
    pickedByItself = false;
  }

  function forward() {
    if (lapsed) return one("[data-lapsed-note] button").focus();
    if (outcome()) return form.requestSubmit(go);
    return next();
  }

  function choose(way) {
    if (!way || way.disabled) return;
    pickedByItself = false;
    way.checked = true;
    paint();
    keep();
    const more = one(`[data-more="${way.dataset.asks}"]`);
    if (!more) return document.activeElement?.blur();
    more.scrollIntoView({ block: "nearest" });
    if (way.dataset.asks === "note") one("textarea", more).focus();
  }

  function press(ask, figureKey) {
    const choice = all("[data-figure]", ask).find((each) => each.dataset.figure === figureKey);
    if (!choice) return false;
    const alone = choice.value === "-" || choice.type === "radio";
    const before = choice.checked;
    for (const other of all("[data-figure]", ask)) if (alone || other.value === "-") other.checked = false;
    choice.checked = choice.type === "radio" ? true : !before;
    changed();
    return true;
  }

  function pressMore(figureKey) {
    const more = one(`[data-more="${outcome()?.dataset.asks}"]`);
    const choice = more && all('input[type="radio"]', more)[Number(figureKey) - 1];
    if (!choice) return false;
    choice.checked = true;
    choice.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
  }

  /* ---- keys ---- */
  const isText = (target) => target.matches?.("textarea, input:not([type=radio], [type=checkbox], [type=button], [type=submit]), select");
  const inRoom = (target) => target === document.body || desk.contains(target);

  document.addEventListener("keydown", (event) => {
    // 229: the input method has the key; Enter while it composes picks a word and never moves on
    if (event.isComposing || event.keyCode === 229 || event.altKey || event.metaKey || !inRoom(event.target)) return;
    touched();
    const target = event.target;
    if (event.key === "Enter") return enter(event, target);
    if (event.key === "Escape") return escape(event, target);
    if (isText(target) || event.ctrlKey || event.repeat) return;
    if (event.key.length === 1 && byCharacter(event.key)) { event.preventDefault(); event.stopImmediatePropagation(); }
  }, true);

  function enter(event, target) {
    if (target.matches("button, a, summary, select") && target !== go) return;
    if (target.closest("#dial-form")) return;
    event.preventDefault();
    if (event.repeat) return;
    if (target.matches("textarea") && event.ctrlKey) {
      target.setRangeText("\n", target.selectionStart, target.selectionEnd, "end");
      target.dispatchEvent(new Event("input", { bubbles: true }));
    } else if (event.shiftKey) previous();
    else forward();
  }

  function escape(event, target) {
    if (document.querySelector("details.menu[open]")) return;
    if (isText(target)) return target.blur();
    const way = outcome();
    if (!way) return;
    event.preventDefault();
    way.checked = false;
    pickedByItself = false;
    paint();
    keep();
  }

  function byCharacter(key) {
    const ask = byKey[at], upper = key.toUpperCase();
    if (/^[0-9]$/.test(key)) return outcome()?.dataset.asks ? pressMore(key) : Boolean(ask && press(ask, key));
    if (key === "-") return Boolean(ask && press(ask, "-"));
    if (upper === "N") return openNote();
    if (upper === "A") { const button = one("[data-dial]:not([hidden]) button"); button?.click(); return Boolean(button); }
    if (upper === "M" && ask) { const box = one("[data-judge]:not([hidden]) [data-judged]", ask); if (box) { box.checked = !box.checked; changed(); } return Boolean(box); }
    if (upper === "R" && ask) { const field = isLow(ask) && one("[data-words]", ask); if (field) field.focus(); return Boolean(field); }
    const way = outcomes.find((each) => each.dataset.hotkey === upper);
    if (!way) return false;
    choose(way);
    return true;
  }

  function openNote() {
    const note = one("details.note");
    note.open = true;
    one("textarea", note).focus();
    return true;
  }

  /* ---- the twin in this browser, and the draft on the server ---- */
  const ANSWERS = /^(q|t|low|why|words)\.|^comment$/;
  const fields = () => [...form.elements].filter((field) => field.name && field.type !== "hidden" && field.type !== "submit");

  function values() {
    const found = [];
    for (const field of fields()) {
      if (field.type === "radio" || field.type === "checkbox") { if (field.checked) found.push([field.name, field.value]); }
      else if (field.value !== "") found.push([field.name, field.value]);
    }
    return found;
  }

  function putBack(list, wanted) {
    const left = list.map((pair) => pair.join("\u0000"));
    for (const field of fields()) {
      if (!wanted(field.name)) continue;
      if (field.type === "radio" || field.type === "checkbox") field.checked = left.includes(`${field.name}\u0000${field.value}`);
      else field.value = (list.find(([name]) => name === field.name) || ["", ""])[1];
    }
  }

  let version = Number(form.elements.version.value) || 0;
  let dirty = false, timer = 0, saving = null;
  const keep = () => store.write(twinKey, { at: Date.now(), base: version, dirty, values: values(), step: at });
  const answersOf = (list) => JSON.stringify(list.filter(([name]) => ANSWERS.test(name)).sort());

  function changed() {
    dirty = true;
    paint();
    keep();
    clearTimeout(timer);
    timer = setTimeout(save, 500);
  }

  async function post(url, body) {
    const answer = await fetch(url, { method: "POST", body, credentials: "same-origin", redirect: "manual", headers: { Accept: "application/json" } });
    if (answer.type === "opaqueredirect" || answer.status === 0) throw new Error("signed out");
    const data = (answer.headers.get("Content-Type") || "").includes("json") ? await answer.json() : {};
    return { ok: answer.ok, status: answer.status, data };
  }

  function bodyOf() {
    const body = new FormData(form);
    body.set("version", String(version));
    return body;
  }

  async function save() {
    clearTimeout(timer);
    if (!questions.length || lapsed || !dirty || stale) return;
    if (saving) { await saving; return save(); }
    const sent = JSON.stringify(values());
    saving = post(desk.dataset.draftUrl, bodyOf()).then(({ ok, data }) => {
      if (ok) return saved(data, sent);
      if (data.lapsed) return lose(data.message);
      if (data.stale) return conflict(data.version);
      return say(words.kept, true);
    }).catch(() => say(words.kept, true)).finally(() => { saving = null; });
    await saving;
    if (dirty && !lapsed && !stale) { clearTimeout(timer); timer = setTimeout(save, 5000); }
  }

  function saved(data, sent) {
    version = data.version;
    form.elements.version.value = String(version);
    if (JSON.stringify(values()) === sent) dirty = false;
    keep();
    renewed(data.lease);
    say(fill(words.saved, { time: data.at }), false);
  }

  function say(text, bad) {
    const line = one("[data-saved]");
    line.hidden = false;
    line.classList.toggle("saved-kept", bad);
    one("span", line).textContent = text;
  }

  let stale = false;
  function conflict(newest) {
    stale = true;
    keep();
    one("[data-stale-note]").hidden = false;
    one("[data-keep-mine]").onclick = () => { stale = false; version = newest; form.elements.version.value = String(newest); one("[data-stale-note]").hidden = true; dirty = true; save(); };
    one("[data-load-theirs]").onclick = () => { store.drop(twinKey); leaving = true; window.location.reload(); };
  }

  function lose(message) {
    lapsed = true;
    keep();
    one("[data-lapsed-note]").hidden = false;
    one("[data-lapsed-text]").textContent = message || words.lapsed;
    go.disabled = true;
    leaseText();
  }

  /* ---- the lease ---- */
  let leaseEnds = Date.now() + Number(desk.dataset.lease) * 1000;
  let active = false;
  const touched = () => { active = true; };
  const renewed = (seconds) => { leaseEnds = Date.now() + seconds * 1000; active = false; leaseText(); };

  function leaseText() {
    const line = one("[data-lease-text]"), left = Math.max(0, leaseEnds - Date.now()), minutes = Math.ceil(left / 60000);
    line.textContent = lapsed ? words.lapsed : fill(minutes <= 3 ? words.fading : words.holding, { n: minutes });
    line.classList.toggle("late-words", lapsed || minutes <= 3);
  }

  async function heartbeat() {
    if (lapsed || !active) return leaseText();
    try {
      const { ok, data } = await post(desk.dataset.holdUrl, bodyOf());
      if (ok) renewed(data.lease);
      else if (data.lapsed) lose(data.message);
    } catch { leaseText(); }
  }

  /* ---- dialling ---- */
  let since = Number(desk.dataset.dialledMs) || 0, hiddenNumber = "";
  const skew = Number(document.querySelector('meta[name="server-now"]')?.content || Date.now()) - Date.now();
  function tick() {
    if (!since) return;
    const seconds = Math.max(0, Math.floor((Date.now() + skew - since) / 1000));
    one("[data-timer]").textContent = `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`;
  }

  const dialForm = document.getElementById("dial-form");
  dialForm.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    const error = one("[data-dial-error]"), button = one("[data-dial] button");
    if (!button || button.disabled) return;
    button.disabled = true;
    error.hidden = true;
    try {
      const { ok, data } = await post(dialForm.action, new FormData(dialForm));
      if (ok) dialled(data);
      else if (data.lapsed) lose(data.message);
      else { error.textContent = data.message || words.kept; error.hidden = false; }
    } catch { error.textContent = words.kept; error.hidden = false; }
    button.disabled = false;
  }, true);

  function dialled(data) {
    const link = document.createElement("a");
    link.className = "phone-lg";
    link.dataset.number = "";
    link.href = `tel:${data.number}`;
    link.textContent = data.shown;
    one("[data-number]").replaceWith(link);
    one("[data-dial]").hidden = true;
    one("[data-hide-number]").hidden = false;
    one("[data-qr]").hidden = false;
    one("[data-qr] img").src = `${data.qr}?t=${data.since}`;
    one("[data-dial-said]").textContent = fill(words.dialled, { time: data.at });
    one("[data-live]").hidden = false;
    since = data.since;
    tick();
    touched();
    // on a phone the number is for this very phone; a PC's softphone takes it from the link
    if (window.matchMedia("(pointer: coarse)").matches) link.click();
  }

  one("[data-hide-number]").addEventListener("click", (event) => {
    const link = one("[data-number]"), hide = !hiddenNumber;
    if (hide) { hiddenNumber = link.textContent; link.textContent = hiddenNumber.replace(/^(...)(.*)(....)$/, (_, head, middle, tail) => head + middle.replace(/\d/g, "*") + tail); }
    else { link.textContent = hiddenNumber; hiddenNumber = ""; }
    event.currentTarget.setAttribute("aria-pressed", String(hide));
  });

  /* ---- events ---- */
  desk.addEventListener("change", (event) => {
    const field = event.target;
    if (field.form !== form) return;
    touched();
    if (field.name === "outcome") return choose(field);
    if (field.name === "appointment_pick") one("#appointment_at").value = field.value;
    if (field.name === "appointment_at") for (const pick of all('[name="appointment_pick"]')) pick.checked = pick.value === field.value;
    if (field.matches("[data-figure]")) {
      const ask = field.closest("[data-ask]");
      if (field.checked) for (const other of all("[data-figure]", ask)) if (other !== field && (field.value === "-" || other.value === "-")) other.checked = false;
    }
    if (ANSWERS.test(field.name)) changed();
    else keep();
  });
  desk.addEventListener("input", (event) => {
    const field = event.target;
    if (field.form !== form || field.type === "radio" || field.type === "checkbox") return;
    touched();
    if (ANSWERS.test(field.name)) changed();
    else keep();
  });
  desk.addEventListener("pointerdown", touched);
  back.addEventListener("click", previous);
  for (const [key, dot] of Object.entries(dots)) dot.addEventListener("click", () => { unpickByItself(); show(key, true); });
  go.addEventListener("click", (event) => { if (!outcome()) { event.preventDefault(); forward(); } });

  let leaving = false;
  form.addEventListener("submit", (event) => {
    if (event.submitter?.formAction.includes("/claim/")) { keep(); leaving = true; return; }
    if (!outcome()) { event.preventDefault(); event.stopImmediatePropagation(); return forward(); }
    clearTimeout(timer);
    form.elements.version.value = String(version);
    if (saving) {  // the draft under way raises the version: wait for it, or the save would look stale
      event.preventDefault();
      event.stopImmediatePropagation();
      saving.finally(() => { if (!lapsed && !stale) form.requestSubmit(go); });
      return;
    }
    dirty = true;  // until the page after it says that it arrived
    keep();
    leaving = true;
  }, true);
  window.addEventListener("pagehide", () => { if (!leaving) keep(); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });

  /* ---- beginning: bring back what the server does not have ---- */
  function begin() {
    const twin = store.read(twinKey), refused = "refused" in desk.dataset;
    let step;
    if (twin && !refused) {
      step = twin.step;
      const differs = answersOf(twin.values) !== answersOf(values());
      if (twin.dirty && differs && twin.base >= version) {
        putBack(twin.values, () => true);
        dirty = true;
        const moment = new Date(twin.at);
        say(fill(words.restored, { time: `${String(moment.getHours()).padStart(2, "0")}:${String(moment.getMinutes()).padStart(2, "0")}` }), false);
      } else if (twin.dirty && differs) {
        const mine = twin.values;
        conflict(version);
        const accept = one("[data-keep-mine]").onclick;
        one("[data-keep-mine]").onclick = () => { putBack(mine, (name) => ANSWERS.test(name)); paint(); accept(); };
      } else putBack(twin.values, (name) => !ANSWERS.test(name));
    }
    const shown = visible();
    const there = shown.find((ask) => ask.dataset.ask === step);
    const first = there || shown.find((ask) => !isAnswered(ask)) || (step === undefined ? shown[0] : null);
    desk.classList.add("is-live");
    // on a phone the question comes first; what is known of the customer opens with a tap
    if (window.matchMedia("(max-width: 991.98px)").matches) for (const fold of all(".fold")) fold.open = false;
    if (step === null && twin) show(null, false);
    else show(first ? first.dataset.ask : null, false);
    if (stale) store.write(twinKey, twin);  // what was typed stays until somebody decides
    if (dirty) save();
  }

  begin();
  if (lapsed) lose(one("[data-lapsed-text]").textContent);
  leaseText();
  tick();
  setInterval(tick, 1000);
  setInterval(heartbeat, 30000);
})();
