"""Tries to reach the customer: every one is logged; enough of them meet a step as not reached (POLICY section 3)."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from csi_portal.organization import hooks, permissions
from csi_portal.organization.calendars import ELAPSED
from csi_portal.organization.errors import IllegalMove

from ..enums import BesideStep, MetHow, Step, TryChannel, TryResult
from ..models import Complaint, ContactTry, Deadline
from . import acts
from .base import actor_of, hand_back, live_deadlines, lock, read_clock, require_aware, require_open, write_down
from .clocks import FormClock
from .doing import BACK_WITH_NOTE, Doing, action_for, require_possible

TRIES_NEEDED = 3
HALF_DAYS_NEEDED = 3
NOON = 13
# A dial and the word on how it ended are one try.
SAME_TRY = timedelta(minutes=10)
_TRIED_STEPS = (Step.FIRST_CONTACT, Step.CALLBACK, BesideStep.MAJOR_FOLLOW_UP)
_MISSED = (TryResult.NOT_REACHED, TryResult.DIALLED)


def half_day(store, at: datetime) -> str:
    """The local half-day of a try: "2026-11-21a" before 13:00, "b" from then on."""
    local = store.local(at)
    return f"{local:%Y-%m-%d}{'a' if local.hour < NOON else 'b'}"


def log_try(
    complaint: Complaint,
    step: str,
    *,
    by,
    result: str = TryResult.NOT_REACHED,
    channel: str = TryChannel.PHONE,
    note: str = "",
    happened_at: datetime | None = None,
    now: datetime | None = None,
    version=None,
    attempt=None,
) -> ContactTry:
    """Log a try to reach the customer for `first_contact`, `callback` or `major_follow_up`.

    Three tries, the last in the second half of the step's time, and an SMS meet `first_contact` as attempted; three
    tries on three half-days meet `callback` as not reached, a refusal as refused. A customer who was reached is
    recorded by completing the step. `attempt` is the call desk's attempt this repeats (once).
    """
    now = read_clock(now)
    at = now if happened_at is None else require_aware(happened_at)
    with transaction.atomic():
        form = lock(complaint, version)
        doing = Doing(form, step, live_deadlines(form), by, note.strip(), at, now)
        doing.done_by = by
        _require(doing, result, channel, attempt)
        row = ContactTry.objects.create(
            store_id=form.store_id,
            complaint=form,
            step=step,
            at=at,
            by=actor_of(by),
            channel=channel,
            result=result,
            half_day=half_day(form.store, at),
            note=doing.note,
            attempt=attempt,
        )
        how = _met_how(doing, result)
        write_down(form, "try", by=by, now=now, happened_at=at, text=note, step=step, result=result, channel=channel)
        if how:
            _meet(doing, how)
        else:
            hooks.wake("complaint")  # a try changes no field: whoever is filling in the form goes on undisturbed
    hand_back(complaint, form)
    return row


def _require(doing: Doing, result, channel, attempt) -> None:
    if doing.step not in _TRIED_STEPS:
        raise IllegalMove(_("Tries are logged for the first contact and the callback."))
    if result not in TryResult.values or channel not in TryChannel.values:
        raise ValueError("unknown result or channel of a try")
    require_open(doing.form)
    require_possible(doing)
    permissions.require(doing.by, action_for(doing.step, doing.form), doing.form)
    if doing.happened_at > doing.now or doing.happened_at < doing.form.received_at:
        raise IllegalMove(_("A try lies between the complaint and now."))
    if attempt is None and doing.now - doing.happened_at > BACK_WITH_NOTE:
        raise IllegalMove(_("A try is logged within 30 minutes."))


def _met_how(doing: Doing, result: str) -> str:
    """How the step is met by its tries so far; empty when they are not enough."""
    if doing.step == Step.CALLBACK:
        return _callback_met(doing, result)
    if doing.step == Step.FIRST_CONTACT and _attempted(doing):
        return MetHow.ATTEMPTED
    return ""


def _callback_met(doing: Doing, result: str) -> str:
    if result == TryResult.REFUSED:
        return MetHow.REFUSED
    missed = doing.form.tries.filter(step=doing.step, channel=TryChannel.PHONE, result__in=_MISSED)
    half_days = set(missed.values_list("half_day", flat=True))
    return MetHow.NOT_REACHED if len(half_days) >= HALF_DAYS_NEEDED else ""


def _attempted(doing: Doing) -> bool:
    rows = list(doing.form.tries.filter(step=doing.step).order_by("at", "pk"))
    calls = distinct([row.at for row in rows if row.channel == TryChannel.PHONE and row.result in _MISSED])
    by_sms = any(row.channel == TryChannel.SMS for row in rows)
    return by_sms and len(calls) >= TRIES_NEEDED and calls[-1] >= second_half(doing.form, doing.deadline)


def distinct(times: list[datetime]) -> list[datetime]:
    """The tries among logged times: what follows within ten minutes belongs to the try before."""
    found: list[datetime] = []
    for at in sorted(times):
        if not found or at - found[-1] >= SAME_TRY:
            found.append(at)
    return found


def second_half(form: Complaint, deadline: Deadline) -> datetime:
    """When the second half of a step's own time begins, on the step's clock."""
    clock = FormClock.of(form).calendar_of(deadline) or ELAPSED
    return clock.add(deadline.started_at, timedelta(minutes=deadline.minutes) / 2)


def _meet(doing: Doing, how: str) -> None:
    doing.note = ""  # the try's own line has it
    if doing.step == Step.CALLBACK:
        acts.not_answered(doing, how)
    else:
        doing.how = how
        acts.perform(doing)
