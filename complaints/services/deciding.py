"""What the general manager decides: instructions, the approval, closing unverified (POLICY section 3)."""

from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from csi_portal.organization import permissions
from csi_portal.organization.errors import IllegalMove, Refusal

from ..enums import UNANSWERED, BesideStep, MetHow, Status, Step
from ..models import Breach, Complaint, Instruction
from . import closing
from .base import hand_back, live_deadlines, lock, read_clock, require_open, save, write_down
from .people import Directory, who_must_act
from .registration import ask_general_manager
from .steps import complete_step
from .telling import tell

_NEGLECTED = (Step.FIRST_CONTACT, Step.REPLY, Step.RESOLUTION)


def ask_for_instruction(complaint: Complaint, *, by, note: str, now=None, version=None) -> Complaint:
    """The manager or customer care asks the general manager for an instruction; one question at a time."""
    now = read_clock(now)
    with transaction.atomic():
        form = lock(complaint, version)
        require_open(form)
        permissions.require(by, "complaints.note", form)
        if form.instructions.filter(answered_at=None).exists():
            raise IllegalMove(_("The general manager has been asked already."))
        ask_general_manager(form, "asked", now=now, by=by)
        write_down(form, "instruction_asked", by=by, now=now, text=note)
        save(form, now=now)
    hand_back(complaint, form)
    return complaint


def instruct(
    complaint: Complaint,
    *,
    by,
    text: str,
    act_by: date | None = None,
    because_of_neglect: bool | None = None,
    now=None,
    version=None,
) -> Instruction:
    """The general manager answers an escalation or a major form, or instructs unasked.

    `because_of_neglect` says that the form came up because somebody neglected it (P2): default True where the
    question was an escalation of a late step. IllegalMove: no text, ended form. The instruction blocks no step.
    """
    now = read_clock(now)
    with transaction.atomic():
        form = lock(complaint, version)
        require_open(form)
        permissions.require(by, "complaints.instruct", form)
        if not text.strip():
            raise IllegalMove(_("Write what is to be done."))
        row = form.instructions.filter(answered_at=None).first()
        if row is None:
            row = Instruction(store_id=form.store_id, complaint=form, asked_at=now, asked_because="own")
        if because_of_neglect is None:
            because_of_neglect = speaks_of_neglect(row)
        row.text, row.answered_at, row.answered_by = text.strip(), now, by
        row.act_by, row.because_of_neglect = act_by, because_of_neglect
        row.save()
        write_down(form, "instructed", by=by, now=now, text=text, act_by=act_by.isoformat() if act_by else "")
        save(form, now=now)
        directory = Directory(form.store, now)
        users = [
            *who_must_act(form, form.next_step or Step.RESOLUTION, directory),
            *directory.managers(form.department),
        ]
        tell(form, users, "instructed", now=now, key=str(row.pk), by=by, urgent=True)
    hand_back(complaint, form)
    return row


def speaks_of_neglect(question: Instruction | None) -> bool:
    """Whether a question came up because a first contact, a reply or a resolution was late: the proposal for P2."""
    if question is None or question.asked_because != "escalated":
        return False
    late = Breach.objects.filter(complaint=question.complaint_id, deadline__step__in=_NEGLECTED)
    return late.exists()


def approve(complaint: Complaint, *, by, note: str = "", now=None, version=None) -> Complaint:
    """The general manager closes a form whose customer is satisfied and whose signatures are all there.

    IllegalMove: not called back, not satisfied, signatures missing. NotAllowed: not the general manager (or, where
    that one is concerned, the group approver); never the own form, never the system.
    """
    complete_step(complaint, BesideStep.APPROVAL, by=by, note=note, now=now, version=version)
    return complaint


def approve_many(complaints, *, by, now=None) -> tuple[list[Complaint], list[tuple[Complaint, str]]]:
    """The daily batch: approve each on its own; returns the closed ones and the refused ones with the reason."""
    closed, refused = [], []
    for complaint in complaints:
        try:
            closed.append(approve(complaint, by=by, now=now))
        except Refusal as refusal:
            refused.append((complaint, str(refusal)))
    return closed, refused


def close_unverified(complaint: Complaint, *, by, note: str, now=None, version=None) -> Complaint:
    """Close a form whose customer could not be asked: never counted as satisfied.

    IllegalMove: the callback was not met as not reached or refused, the link's seven days are not over, no reason.
    """
    now = read_clock(now)
    with transaction.atomic():
        form = lock(complaint, version)
        require_open(form)
        permissions.require(by, "complaints.close_unverified", form)
        live = live_deadlines(form)
        ready = unverified_from(form, live)
        if ready is None:
            raise IllegalMove(_("Only a form whose customer could not be asked is closed unverified."))
        if now < ready:
            raise IllegalMove(_("The customer may still answer the link: not before seven days are over."))
        if not note.strip():
            raise IllegalMove(_("Say why the form is closed without the customer's word."))
        closing.close(form, live, Status.UNVERIFIED, now=now)
        write_down(form, "closed_unverified", by=by, now=now, text=note)
        save(form, now=now)
        closing.tell_closed(form, now=now, by=by)
    hand_back(complaint, form)
    return complaint


def unverified_from(form: Complaint, live: dict | None = None):
    """From when the form may be closed unverified; None where that is not its way."""
    callback = (live if live is not None else live_deadlines(form)).get(Step.CALLBACK)
    if form.status != Status.CALLED_BACK or form.callback_satisfied is not None or callback is None:
        return None
    if callback.met_how not in (MetHow.NOT_REACHED, MetHow.REFUSED):
        return None
    return callback.met_at + UNANSWERED
