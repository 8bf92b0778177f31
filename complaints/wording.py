"""The words of every message about a complaint, in the reader's language and the store's time."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from csi_portal.notifications.wording import register_wording
from csi_portal.organization.due import full_moment

from .enums import ALL_STEPS, Level, Status

_STEPS = dict(ALL_STEPS)
_LEVELS = dict(Level.choices)

_WORDS = {
    "complaint.registered": (
        gettext_lazy("%(number)s: pass it on"),
        gettext_lazy("A %(level)s was registered. Pass it on to the department. %(until)s"),
    ),
    "complaint.passed_on": (
        gettext_lazy("%(number)s: speak with the customer"),
        gettext_lazy("A %(level)s was passed on to you. Speak with the customer. %(until)s"),
    ),
    "complaint.reissued": (
        gettext_lazy("%(number)s: handle it once more"),
        gettext_lazy("The customer of %(before)s is not satisfied. The matter was re-issued as %(number)s."),
    ),
    "complaint.assigned": (
        gettext_lazy("%(number)s: now yours"),
        gettext_lazy("A %(level)s was handed to you."),
    ),
    "complaint.resolved": (
        gettext_lazy("%(number)s: call the customer back"),
        gettext_lazy("The department has agreed with the customer. Ask whether the customer is satisfied. %(until)s"),
    ),
    "complaint.callback_not_reached": (
        gettext_lazy("%(number)s: customer not reached"),
        gettext_lazy("Three tries did not reach the customer. The link stays open for seven days."),
    ),
    "complaint.callback_refused": (
        gettext_lazy("%(number)s: customer refused the callback"),
        gettext_lazy("The customer does not want to be asked. The link stays open for seven days."),
    ),
    "complaint.approval": (
        gettext_lazy("%(number)s: waits for your approval"),
        gettext_lazy("The customer is satisfied. Read the form and close it. %(until)s"),
    ),
    "complaint.unverified": (
        gettext_lazy("%(number)s: may be closed unverified"),
        gettext_lazy("The customer could not be asked and has not answered the link for seven days."),
    ),
    "complaint.closed": (
        gettext_lazy("%(number)s: %(status)s"),
        gettext_lazy("The form has ended: %(status)s."),
    ),
    "complaint.sign": (
        gettext_lazy("%(number)s: your signature is needed"),
        gettext_lazy("Read the form and sign it. Without your signature it cannot be closed."),
    ),
    "complaint.signature_void": (
        gettext_lazy("%(number)s: sign once more"),
        gettext_lazy("The form was changed after you signed it, so your signature is void."),
    ),
    "complaint.blamed": (
        gettext_lazy("%(number)s: you are named as responsible"),
        gettext_lazy("Your name stands on this form as a responsible person. Read it and say if you see it otherwise."),
    ),
    "complaint.confirm_major": (
        gettext_lazy("%(number)s: major complaint to confirm"),
        gettext_lazy("A form is rated as a major complaint. Confirm it, or move it to another level with the reason."),
    ),
    "complaint.instruction_asked": (
        gettext_lazy("%(number)s: your instruction is asked for"),
        gettext_lazy("A %(level)s waits for your answer."),
    ),
    "complaint.instruction_reminder": (
        gettext_lazy("%(number)s: still without your instruction"),
        gettext_lazy("A %(level)s has been waiting for your answer since yesterday or longer."),
    ),
    "complaint.instructed": (
        gettext_lazy("%(number)s: the general manager has instructed"),
        gettext_lazy("Read the general manager's instruction on the form and act on it."),
    ),
    "complaint.chased": (
        gettext_lazy("%(number)s: %(step)s, please"),
        gettext_lazy("%(by_name)s asks you for: %(step)s. %(until)s"),
    ),
    "complaint.warning": (
        gettext_lazy("%(number)s: %(step)s is due soon"),
        gettext_lazy("%(step)s of a %(level)s. %(until)s"),
    ),
    "complaint.overdue": (
        gettext_lazy("%(number)s: %(step)s is overdue"),
        gettext_lazy("%(step)s of a %(level)s was not done in time. %(until)s"),
    ),
    "complaint.escalated": (
        gettext_lazy("%(number)s: escalated to you, %(step)s is overdue"),
        gettext_lazy("%(step)s of a %(level)s is long overdue and waits for your instruction. %(until)s"),
    ),
    "complaint.digest": (
        gettext_lazy("%(total)s complaint deadlines need you"),
        gettext_lazy(
            "Overdue: %(overdue)s, escalated: %(escalated)s, due soon: %(warning)s. The list has them by time."
        ),
    ),
    "complaint.nobody": (
        gettext_lazy("Error: nobody to tell about %(number)s"),
        gettext_lazy("Nobody holds the role that “%(step)s” waits for. Appoint somebody or set a stand-in. %(until)s"),
    ),
    "complaint.relationship_contact": (
        gettext_lazy("%(number)s: a word with the customer after the complaint"),
        gettext_lazy("A month has passed since the form was closed. Ask how the car is, and note what was said."),
    ),
    "complaint.measures_after_closing": (
        gettext_lazy("%(number)s is closed, its improvement measures are still open"),
        gettext_lazy("Get the measures handed in and checked, and note what came of it."),
    ),
    "complaint.calendar_missing": (
        gettext_lazy("Calendar without the year %(year)s"),
        gettext_lazy(
            "Due times of %(number)s were reckoned without holidays, because the calendar has none for %(year)s."
        ),
    ),
}


def register_all() -> None:
    for kind, (title, text) in _WORDS.items():
        register_wording(kind, title, text, _prepare)


def _prepare(params: dict, store) -> dict:
    """Codes become words, instants become the store's time."""
    step = params.get("step", "")
    ready = {**params, "until": _until(params, store), "step": _STEPS.get(step, _("instruction"))}
    if "level" in params:
        ready["level"] = _LEVELS.get(params["level"], params["level"])
    if "status" in params:
        ready["status"] = Status(params["status"]).label
    return ready


def _until(params: dict, store) -> str:
    """At night the next morning for a phone call, else the due time."""
    if "call_by" in params:
        morning = full_moment(datetime.fromisoformat(params["call_by"]), store.zone)
        return _("Call by %(time)s; nobody is phoned at night.") % {"time": morning}
    if "due_at" in params:
        return _("Due %(time)s.") % {"time": full_moment(datetime.fromisoformat(params["due_at"]), store.zone)}
    return ""
