"""The steps as verbs: what the box of a tracking form offers next."""

from collections.abc import Callable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import services
from ..enums import ALL_STEPS, BesideStep, Status, Step, TryChannel, TryResult
from ..forms import steps as step_forms
from ..forms.base import TimedForm
from ..services.doing import action_for, first_open_before
from .base import Action, Call, Facts

_STEP_WORDS = dict(ALL_STEPS)


def _complete(call: Call, step: str, **details):
    timing = call.form.timing() if isinstance(call.form, TimedForm) else {}
    note = call.data.get("note", "")
    return services.complete_step(call.complaint, step, **call.guarded(), note=note, **timing, **details)


def _transfer(call: Call) -> str:
    details = {"department": call.data["department"]}
    if call.data.get("assignee"):
        details["assignee"] = call.data["assignee"]
    _complete(call, Step.TRANSFER, **details)
    return _("Passed on to %(department)s.") % {"department": call.data["department"]}


def _contact(call: Call) -> str:
    if call.data["result"] == "reached":
        _complete(call, Step.FIRST_CONTACT)
        return _("The first contact is noted.")
    _log_tries(call, Step.FIRST_CONTACT)
    if call.complaint.status == Status.CONTACTED:
        return _("Tried often enough: the first contact counts as attempted, not reached.")
    return _("The try is noted; the time runs on.")


def _log_tries(call: Call, step: str) -> None:
    timing = {"happened_at": call.data.get("happened_at"), "note": call.data.get("note", "")}
    services.log_try(call.complaint, step, **call.guarded(), **timing)
    if call.data["result"] == "sms" and call.complaint.status != Status.CONTACTED:
        services.log_try(
            call.complaint, step, by=call.by, now=call.now, channel=TryChannel.SMS, result=TryResult.NOT_REACHED
        )


def _reply(call: Call) -> str:
    _complete(call, Step.REPLY)
    return _("The reply is noted.")


def _resolution(call: Call) -> str:
    data = call.data
    if data["agreed"] == "no":
        parts = [data["remedy"], data["cause"], data["measures"]]
        services.add_note(call.complaint, "\n".join(part for part in parts if part), by=call.by, now=call.now)
        return _("Noted. The resolution stays open until the customer agrees.")
    details = {name: data[name] for name in ("remedy", "cause", "measures", "cause_category")}
    _complete(call, Step.RESOLUTION, **details)
    return _("The resolution is noted; customer care calls the customer back.")


def _callback(call: Call) -> str:
    data = call.data
    if data["result"] == "not_reached":
        services.log_try(
            call.complaint,
            Step.CALLBACK,
            **call.guarded("note"),
            happened_at=data.get("happened_at"),
        )
        if call.complaint.status == Status.CALLED_BACK:
            return _("Tried on three half-days: not reached. The link stays open for seven days.")
        return _("The try is noted; the time runs on.")
    if data["result"] == "refused":
        _complete(call, Step.CALLBACK, result="refused")
        return _("Noted. The link stays open for seven days.")
    _complete(call, Step.CALLBACK, overall=data["overall"])
    return satisfied_or_not(call)


def satisfied_or_not(call: Call) -> str:
    if call.complaint.callback_satisfied:
        return _("The customer is satisfied; the general manager approves.")
    following = call.complaint.following
    return _("Re-issued as %(number)s, round %(round)s.") % {"number": following.number, "round": following.round}


def _plain(step: str, said) -> Callable[[Call], str]:
    def run(call: Call) -> str:
        _complete(call, step)
        return str(said)

    return run


def _measures(call: Call) -> str:
    _complete(call, BesideStep.MEASURES, measures=call.data["measures"])
    return _("The measures are handed in.")


def _region(call: Call) -> str:
    _complete(call, BesideStep.REGION_REPORT, recipient=call.data["recipient"], channel=call.data["channel"])
    return _("The report to the region is noted.")


def _approve(call: Call) -> str:
    services.approve(call.complaint, **call.guarded("note"))
    return _("Closed.")


def _step(step: str, *, form, run, title, submit, icon, hint="") -> Action:
    def possible(facts: Facts) -> bool:
        row = facts.live.get(step)
        open_now = row is not None and row.is_open and row.silenced_at is None
        return not facts.form.is_final and open_now and first_open_before(step, facts.live) is None

    return Action(
        name=step.replace("_", "-"),
        label=_STEP_WORDS[step],
        icon=icon,
        title=title,
        submit=submit,
        right=lambda complaint: action_for(step, complaint),
        run=run,
        form=form,
        possible=possible,
        hint=hint,
        step=step,
    )


STEPS = [
    _step(
        Step.TRANSFER,
        form=step_forms.TransferForm,
        run=_transfer,
        icon="send",
        title=gettext_lazy("Pass the form on"),
        submit=gettext_lazy("Pass on to the department"),
    ),
    _step(
        Step.FIRST_CONTACT,
        form=step_forms.ContactForm,
        run=_contact,
        icon="telephone",
        title=gettext_lazy("Speak with the customer"),
        submit=gettext_lazy("Note the contact"),
    ),
    _step(
        Step.REPLY,
        form=step_forms.ReplyForm,
        run=_reply,
        icon="reply",
        title=gettext_lazy("Answer the customer"),
        submit=gettext_lazy("Note the reply"),
    ),
    _step(
        Step.RESOLUTION,
        form=step_forms.ResolutionForm,
        run=_resolution,
        icon="check2-circle",
        title=gettext_lazy("Note the resolution"),
        submit=gettext_lazy("Note it and hand back to customer care"),
    ),
    _step(
        Step.CALLBACK,
        form=step_forms.CallbackForm,
        run=_callback,
        icon="telephone-outbound",
        title=gettext_lazy("Call the customer back"),
        submit=gettext_lazy("Note the answer"),
    ),
    _step(
        BesideStep.APPROVAL,
        form=step_forms.ApprovalForm,
        run=_approve,
        icon="patch-check",
        title=gettext_lazy("Approve and close"),
        submit=gettext_lazy("Approve and close the form"),
    ),
    _step(
        Step.GM_NOTICE,
        form=step_forms.NoteForm,
        run=_plain(Step.GM_NOTICE, gettext_lazy("Noted that the general manager was told.")),
        icon="person-up",
        title=gettext_lazy("Tell the general manager"),
        submit=gettext_lazy("The general manager was told"),
    ),
    _step(
        BesideStep.MAJOR_FOLLOW_UP,
        form=step_forms.NoteForm,
        run=_plain(BesideStep.MAJOR_FOLLOW_UP, gettext_lazy("The follow-up call is noted.")),
        icon="telephone-plus",
        title=gettext_lazy("Follow up with the customer"),
        submit=gettext_lazy("Note the follow-up call"),
    ),
    _step(
        BesideStep.MEASURES,
        form=step_forms.MeasuresForm,
        run=_measures,
        icon="clipboard-plus",
        title=gettext_lazy("Hand in the improvement measures"),
        submit=gettext_lazy("Hand in the measures"),
    ),
    _step(
        BesideStep.MEASURES_CHECK,
        form=step_forms.NoteForm,
        run=_plain(BesideStep.MEASURES_CHECK, gettext_lazy("The check of the measures is noted.")),
        icon="clipboard-check",
        title=gettext_lazy("Check the improvement measures"),
        submit=gettext_lazy("The measures are carried out"),
    ),
    _step(
        BesideStep.REGION_REPORT,
        form=step_forms.RegionForm,
        run=_region,
        icon="broadcast",
        title=gettext_lazy("Report to the region"),
        submit=gettext_lazy("Note the report"),
    ),
]
