"""The verbs beside the steps: what the menu of a tracking form offers."""

from collections.abc import Callable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from .. import services
from ..enums import Level, Signer, Status
from ..forms import actions as forms
from ..services.deciding import unverified_from
from .base import Action, Call, Facts
from .steps import satisfied_or_not


def _open(facts: Facts) -> bool:
    return not facts.form.is_final


def _after_resolution(facts: Facts) -> bool:
    return facts.form.status in (Status.RESOLVED, Status.CALLED_BACK)


def _waits_for(signer: str) -> Callable[[Facts], bool]:
    return lambda facts: any(row.signer == signer for row in facts.missing)


def _acknowledge(call: Call) -> str:
    services.acknowledge(call.complaint, **call.guarded())
    return _("You have taken the form up.")


def _assign(call: Call) -> str:
    services.assign(call.complaint, **call.guarded("note", "department", "assignee", "care_agent"))
    return _("Handed on.")


def _note(call: Call) -> str:
    services.add_note(call.complaint, call.data["note"], by=call.by, now=call.now)
    return _("Noted.")


def _chase(call: Call) -> str:
    deadline = services.chase(call.complaint, by=call.by, now=call.now, note=call.data["note"])
    return _("Reminded of: %(step)s.") % {"step": deadline.get_step_display()}


def _chase_signatures(call: Call) -> str:
    missing = services.chase_signatures(call.complaint, by=call.by, now=call.now)
    return _("Reminded: %(names)s.") % {"names": ", ".join(map(str, missing))}


def _sign(signer: str) -> Callable[[Call], str]:
    def run(call: Call) -> str:
        services.sign(call.complaint, signer, **call.guarded())
        return _("Signed.")

    return run


def _ask(call: Call) -> str:
    services.ask_for_instruction(call.complaint, **call.guarded("note"))
    return _("The general manager is asked.")


def _instruct(call: Call) -> str:
    services.instruct(call.complaint, **call.guarded("text", "act_by", "because_of_neglect"))
    return _("The instruction is given.")


def _confirm_major(call: Call) -> str:
    services.confirm_major(call.complaint, **call.guarded("note"))
    return _("Confirmed as a major complaint.")


def _reclassify(call: Call) -> str:
    services.reclassify(call.complaint, call.data["level"], **call.guarded("reason"))
    return _("Now: %(level)s.") % {"level": Level(call.data["level"]).label}


def _blame(call: Call) -> str:
    services.name_responsible(call.complaint, call.data["employee"], **call.guarded("degree", "note"))
    return _("%(name)s is named and has been told.") % {"name": call.data["employee"].name}


def _withdraw(call: Call) -> str:
    services.withdraw_responsible(call.complaint, call.data["employee"], **call.guarded("note"))
    return _("%(name)s is no longer named.") % {"name": call.data["employee"].name}


def _fault(call: Call) -> str:
    data = call.data
    services.find_fault(
        call.complaint, data["employee"], by=call.by, now=call.now, cause=data["cause"], breach=data["breach"]
    )
    return _("The fault is noted.")


def _correct(call: Call) -> str:
    services.correct_resolution(call.complaint, **call.guarded("remedy", "cause", "measures"))
    return _("The resolution is corrected; who signed before is asked again.")


def _close_unverified(call: Call) -> str:
    services.close_unverified(call.complaint, **call.guarded("note"))
    return _("Closed unverified.")


def _late_answer(call: Call) -> str:
    services.record_late_answer(call.complaint, **call.guarded("overall", "note"))
    return satisfied_or_not(call)


def _unverifiable(facts: Facts) -> bool:
    return unverified_from(facts.form, facts.live) is not None


OTHERS = [
    Action(
        "acknowledge",
        gettext_lazy("I take it up"),
        "hand-index",
        gettext_lazy("Take the form up"),
        gettext_lazy("I take it up"),
        "complaints.work",
        _acknowledge,
        possible=lambda facts: facts.form.status == Status.TRANSFERRED,
        hint=gettext_lazy("The others see that you are on it. The time runs on."),
    ),
    Action(
        "note",
        gettext_lazy("Add a note"),
        "chat-left-text",
        gettext_lazy("Add a note"),
        gettext_lazy("Add the note"),
        "complaints.note",
        _note,
        form=forms.TextForm,
    ),
    Action(
        "assign",
        gettext_lazy("Hand on to somebody else"),
        "person-plus",
        gettext_lazy("Hand the form on"),
        gettext_lazy("Hand on"),
        "complaints.assign",
        _assign,
        form=forms.AssignForm,
        possible=_open,
        hint=gettext_lazy("The due times stay as they are."),
    ),
    Action(
        "chase",
        pgettext_lazy("do", "Chase"),
        "bell",
        gettext_lazy("Remind who must act now"),
        pgettext_lazy("do", "Remind"),
        "complaints.chase",
        _chase,
        form=forms.ChaseForm,
        possible=_open,
    ),
    Action(
        "chase-signatures",
        gettext_lazy("Chase signatures"),
        "pen",
        gettext_lazy("Remind who has not signed"),
        pgettext_lazy("do", "Remind"),
        "complaints.chase",
        _chase_signatures,
        possible=lambda facts: bool(facts.missing),
    ),
    Action(
        "sign-as-responsible",
        gettext_lazy("Sign as the responsible person"),
        "pen",
        gettext_lazy("Sign as the responsible person"),
        pgettext_lazy("do", "Sign"),
        "complaints.sign_as_responsible",
        _sign(Signer.RESPONSIBLE),
        possible=_waits_for(Signer.RESPONSIBLE),
        hint=gettext_lazy("Your signature covers what stands on the form now. A later change voids it."),
    ),
    Action(
        "sign-as-manager",
        gettext_lazy("Sign as the manager"),
        "pen",
        gettext_lazy("Sign as the manager"),
        pgettext_lazy("do", "Sign"),
        "complaints.sign_as_manager",
        _sign(Signer.MANAGER),
        possible=_waits_for(Signer.MANAGER),
        hint=gettext_lazy("Your signature covers what stands on the form now. A later change voids it."),
    ),
    Action(
        "ask-instruction",
        gettext_lazy("Ask the general manager"),
        "arrow-up-circle",
        gettext_lazy("Ask the general manager for an instruction"),
        pgettext_lazy("do", "Ask"),
        "complaints.note",
        _ask,
        form=forms.QuestionForm,
        possible=lambda facts: not facts.form.is_final and facts.question is None,
    ),
    Action(
        "instruct",
        gettext_lazy("Give an instruction"),
        "megaphone",
        gettext_lazy("Your instruction"),
        gettext_lazy("Give the instruction"),
        "complaints.instruct",
        _instruct,
        form=forms.InstructForm,
        possible=_open,
        hint=gettext_lazy("Those who handle the form are told at once. No step waits for it."),
    ),
    Action(
        "confirm-major",
        gettext_lazy("Confirm as major"),
        "exclamation-octagon",
        gettext_lazy("Confirm as a major complaint"),
        pgettext_lazy("do", "Confirm"),
        "complaints.confirm_major",
        _confirm_major,
        form=forms.ConfirmForm,
        possible=lambda facts: not facts.form.is_final and facts.form.major_unconfirmed,
        hint=gettext_lazy("Until then the earlier due times of general and major hold."),
    ),
    Action(
        "reclassify",
        gettext_lazy("Change the level"),
        "bar-chart-steps",
        gettext_lazy("Change the level"),
        gettext_lazy("Change the level"),
        lambda form: "complaints.reclassify" if form.level == Level.MAJOR else "complaints.raise_level",
        _reclassify,
        form=forms.ReclassifyForm,
        possible=_open,
        hint=gettext_lazy("Open steps only get earlier; only the general manager may move them later."),
    ),
    Action(
        "blame",
        gettext_lazy("Name a responsible person"),
        "person-exclamation",
        gettext_lazy("Name a responsible person"),
        gettext_lazy("Name the person"),
        "complaints.blame",
        _blame,
        form=forms.BlameForm,
        possible=_open,
        hint=gettext_lazy("The person is told, and signs the form before it is closed."),
    ),
    Action(
        "withdraw-blame",
        gettext_lazy("Take a name back"),
        "person-dash",
        gettext_lazy("Take a name back"),
        gettext_lazy("Take the name back"),
        "complaints.blame",
        _withdraw,
        form=forms.WithdrawForm,
        possible=lambda facts: not facts.form.is_final and bool(facts.blamed),
    ),
    Action(
        "fault",
        gettext_lazy("Say whose fault the delay was"),
        "clipboard-x",
        gettext_lazy("Say whose fault the delay was"),
        gettext_lazy("Note the fault"),
        "complaints.find_fault",
        _fault,
        form=forms.FaultForm,
        possible=lambda facts: facts.form.level != Level.MAJOR and facts.neglected(),
        hint=gettext_lazy(
            "The fact behind P2, complaint neglected. Money follows only by a proposal somebody approves."
        ),
    ),
    Action(
        "correct",
        gettext_lazy("Correct the resolution"),
        "pencil",
        gettext_lazy("Correct the resolution"),
        gettext_lazy("Save the correction"),
        "complaints.work",
        _correct,
        form=forms.CorrectForm,
        possible=_after_resolution,
        hint=gettext_lazy("The old lines stay; signatures given before are void."),
    ),
    Action(
        "late-answer",
        gettext_lazy("The customer has answered after all"),
        "chat-heart",
        gettext_lazy("The customer has answered after all"),
        gettext_lazy("Note the answer"),
        "complaints.callback",
        _late_answer,
        form=forms.LateAnswerForm,
        possible=_unverifiable,
    ),
    Action(
        "close-unverified",
        gettext_lazy("Close without the customer's word"),
        "slash-circle",
        gettext_lazy("Close without the customer's word"),
        gettext_lazy("Close unverified"),
        "complaints.close_unverified",
        _close_unverified,
        form=forms.UnverifiedForm,
        possible=_unverifiable,
        hint=gettext_lazy("Counted apart, never as satisfied."),
        harm=True,
    ),
]
