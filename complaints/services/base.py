"""What every change of a form shares: the lock, the version, the event line, the audit line, the doorbell."""

import hashlib
from datetime import datetime

from django.db.models import Case, IntegerField, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from csi_portal.organization import audit, hooks
from csi_portal.organization.errors import Conflict, IllegalMove
from csi_portal.organization.permissions import SYSTEM

from ..deadlines import STEPS
from ..enums import ALL_STEPS, CLOSE_UNVERIFIED, TRANSITIONS, UNANSWERED, Status, Step
from ..models import Complaint, Deadline, Event, EventText

STEP_ORDER = {step: place for place, (step, _label) in enumerate(ALL_STEPS)}
# The columns services change; everything else of a form is fixed at registration.
_CHANGING = (
    "level",
    "status",
    "major_reason",
    "major_confirmed_at",
    "category_id",
    "department_id",
    "care_agent_id",
    "assignee_id",
    "next_due_at",
    "next_step",
    "callback_satisfied",
    "callback_overall",
    "region_reported_at",
    "closed_at",
    "blame_void",
)


class NotPossible(IllegalMove, ValueError):
    """A value that can never be right: a time that has not come yet, an unknown step."""


def read_clock(now: datetime | None) -> datetime:
    """`now`, or the clock for a stable service called without it. ValueError: naive."""
    if now is None:
        return timezone.now()
    return require_aware(now)


def require_aware(instant: datetime) -> datetime:
    if timezone.is_naive(instant):
        raise ValueError("a time without a zone is not an instant")
    return instant


def lock(complaint: Complaint, version=None) -> Complaint:
    """The form under its row lock, fresh; Conflict when the caller saw an older `version` than it has now."""
    form = (
        Complaint.objects.select_for_update(of=("self",), no_key=True)
        .select_related(
            "store", "case", "department", "care_agent", "assignee__user", "policy_version", "calendar_version"
        )
        .get(pk=complaint.pk)
    )
    if version not in (None, "") and int(version) != form.version:
        raise Conflict(_("Somebody changed this form while you were writing."))
    return form


def save(form: Complaint, *, now) -> None:
    """Write the form with the next version and its next due time; Conflict when the row has moved on."""
    refresh_next(form)
    values = {name: getattr(form, name) for name in _CHANGING}
    changed = Complaint.objects.filter(pk=form.pk, version=form.version).update(version=form.version + 1, **values)
    if not changed:
        raise Conflict(_("Somebody changed this form while you were writing."))
    form.version += 1
    hooks.wake("complaint")


def refresh_next(form: Complaint) -> None:
    """Copy the earliest running deadline to the form, so that lists sort by it from an index."""
    form.next_due_at, form.next_step = None, ""
    if form.status in TRANSITIONS and not TRANSITIONS[form.status]:
        return
    order = Case(
        *(When(step=step, then=Value(place)) for step, place in STEP_ORDER.items()), output_field=IntegerField()
    )
    first = Deadline.objects.running().filter(complaint=form).order_by("due_at", order).first()
    if first is not None:
        form.next_due_at, form.next_step = first.due_at, first.step
        return
    # the customer could not be asked: what comes next is the day on which the form may be closed
    asked = Deadline.objects.live().filter(complaint=form, step=Step.CALLBACK, met_at__isnull=False).first()
    if asked is not None:
        form.next_due_at, form.next_step = asked.met_at + UNANSWERED, CLOSE_UNVERIFIED


def hand_back(complaint: Complaint, form: Complaint) -> None:
    """Show the caller's object what the locked row has become."""
    if complaint is not form:
        for field in Complaint._meta.concrete_fields:
            setattr(complaint, field.attname, getattr(form, field.attname))


def move(form: Complaint, status: str) -> None:
    """Change the status along the table of moves; IllegalMove otherwise."""
    if status not in TRANSITIONS[form.status]:
        raise IllegalMove(
            _("A form that is “%(now)s” cannot become “%(then)s”.")
            % {"now": Status(form.status).label, "then": Status(status).label}
        )
    form.status = status


def require_open(form: Complaint) -> None:
    if form.is_final:
        raise IllegalMove(_("The form has ended: %(status)s.") % {"status": Status(form.status).label})


def live_deadlines(form: Complaint) -> dict[str, Deadline]:
    """Step → its live deadline."""
    return {deadline.step: deadline for deadline in Deadline.objects.live().filter(complaint=form)}


def in_order(step: str) -> int:
    """The place of one of the six steps; beside steps have none and give -1."""
    return STEPS.index(step) if step in STEPS else -1


def actor_of(by):
    """The user for a column, None for the system."""
    return None if by is SYSTEM else by


def write_event(form, kind: str, *, by, now, happened_at=None, text: str = "", **detail) -> Event:
    """Append a line to the timeline; text sits in a row of its own, the line keeps its digest."""
    text = text.strip()
    body = EventText.objects.create(store_id=form.store_id, text=text) if text else None
    return Event.objects.create(
        store_id=form.store_id,
        complaint=form,
        kind=kind,
        happened_at=happened_at or now,
        recorded_at=now,
        actor=actor_of(by),
        actor_name=by.display_name(),
        detail=detail,
        text=body,
        text_digest=hashlib.sha256(text.encode()).hexdigest() if text else "",
    )


def write_down(form, kind: str, *, by, now, happened_at=None, text: str = "", **detail) -> Event:
    """One line for people (the timeline) and one for the audit trail."""
    event = write_event(form, kind, by=by, now=now, happened_at=happened_at, text=text, **detail)
    audit.record(by, f"complaint.{kind}", form, at=now, number=form.number, **detail)
    return event
