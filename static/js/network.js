/* When the server does not answer or refuses, the page says so instead of staying silent, and typed text stays.
   A session that ended is handled by the server's HX-Redirect. */
(() => {
  "use strict";
  const box = document.getElementById("net");
  if (!box) return;

  function say(kind) {
    for (const line of box.querySelectorAll("[data-net]")) line.hidden = line.dataset.net !== kind;
    box.querySelector("[data-net-reload]").hidden = kind !== "stale";
    box.hidden = false;
  }
  const hide = () => { box.hidden = true; };
  const kindOf = (status) => (status === 403 ? "denied" : [404, 409, 410, 412].includes(status) ? "stale" : status ? "server" : "offline");

  document.addEventListener("htmx:sendError", () => say("offline"));
  document.addEventListener("htmx:timeout", () => say("offline"));
  document.addEventListener("htmx:responseError", (event) => say(kindOf(event.detail.xhr.status)));
  document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) hide(); });
  window.addEventListener("online", hide);
  // A plain form sent without a connection would end on the browser's own error page.
  document.addEventListener("submit", (event) => {
    if (navigator.onLine) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    say("offline");
  }, true);
  box.addEventListener("click", (event) => {
    if (event.target.closest("[data-net-hide]")) hide();
    if (event.target.closest("[data-net-reload]")) window.location.reload();
  });
})();
