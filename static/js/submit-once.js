/* A form is sent once: its button shows that it works and refuses a second press. The server's submit key does the
   same for a second tab; this only spares the person the doubt. */
(() => {
  "use strict";
  const AGAIN = 15000;  // a download leaves the page standing: the button comes back

  function busy(form, button) {
    form.dataset.sending = "1";
    // After this turn of the loop, or the button's own name and value would not be sent.
    setTimeout(() => {
      if (!button || !form.dataset.sending) return;
      button.classList.add("is-sending");
      button.disabled = true;
    });
    setTimeout(() => free(form), AGAIN);
  }

  function free(form) {
    delete form.dataset.sending;
    for (const button of form.querySelectorAll(".is-sending")) {
      button.classList.remove("is-sending");
      button.disabled = false;
    }
    for (const button of document.querySelectorAll(`.is-sending[form="${form.id}"]`)) {
      button.classList.remove("is-sending");
      button.disabled = false;
    }
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.matches("[hx-post], [hx-put], [hx-delete]")) return;
    if (form.dataset.sending) return event.preventDefault();
    if (!event.defaultPrevented) busy(form, event.submitter);
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.target.closest?.("form");
    if (form && event.detail.requestConfig.verb !== "get") busy(form, event.detail.requestConfig.triggeringEvent?.submitter);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target.closest?.("form");
    if (form) free(form);
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("form[data-sending]").forEach(free);
  });
})();
