"""Who is responsible and whose fault a breach was: named by people, withdrawn never deleted (POLICY sections 3, 5)."""

from django.db import transaction
from django.utils.translation import gettext as _

from csi_portal.organization import hooks, permissions
from csi_portal.organization.errors import IllegalMove

from ..enums import Degree, Level, Status, Step
from ..models import Breach, Complaint, FaultFinding, Responsibility
from . import signatures
from .base import actor_of, hand_back, lock, read_clock, require_open, save, write_down
from .telling import tell

_NEGLECTED = (Step.FIRST_CONTACT, Step.RESOLUTION)


def name_responsible(
    complaint: Complaint, employee, *, by, degree: str = Degree.DIRECT, note: str = "", now=None, version=None
) -> Responsibility:
    """Name a person as directly or secondarily responsible and tell that person (the blame notice).

    IllegalMove: named so already, ended form. ValueError: another store, unknown degree. Signatures given before are
    void, because what they cover has changed.
    """
    now = read_clock(now)
    if degree not in Degree.values:
        raise ValueError(f"unknown degree {degree!r}")
    with transaction.atomic():
        form = lock(complaint, version)
        require_open(form)
        permissions.require(by, "complaints.blame", form)
        if employee.store_id != form.store_id:
            raise ValueError("employee belongs to another store")
        row = _named(form, employee, degree, by, now)
        write_down(form, "blamed", by=by, now=now, text=note, name=employee.name, degree=degree)
        signatures.void_changed(form, now=now)
        save(form, now=now)
        if employee.user is not None:
            tell(form, [employee.user], "blamed", now=now, key=f"{row.pk}:{form.version}", by=by)
            if form.status in (Status.RESOLVED, Status.CALLED_BACK):
                signatures.ask(form, now=now, by=by)
    hand_back(complaint, form)
    return row


def _named(form: Complaint, employee, degree: str, by, now) -> Responsibility:
    row = Responsibility.objects.filter(complaint=form, employee=employee).first()
    if row is None:
        row = Responsibility(store_id=form.store_id, complaint=form, employee=employee)
    elif row.withdrawn_at is None and row.degree == degree:
        raise IllegalMove(_("%(name)s is named already.") % {"name": employee.name})
    row.degree, row.named_by, row.named_at, row.withdrawn_at = degree, actor_of(by), now, None
    row.save()
    return row


def withdraw_responsible(complaint: Complaint, employee, *, by, note: str, now=None, version=None) -> Responsibility:
    """Take a name back, with the reason; the line stays."""
    now = read_clock(now)
    if not note.strip():
        raise IllegalMove(_("Say why the name is taken back."))
    with transaction.atomic():
        form = lock(complaint, version)
        require_open(form)
        permissions.require(by, "complaints.blame", form)
        row = Responsibility.objects.filter(complaint=form, employee=employee, withdrawn_at=None).first()
        if row is None:
            raise IllegalMove(_("%(name)s is not named.") % {"name": employee.name})
        row.withdrawn_at = now
        row.save(update_fields=["withdrawn_at"])
        write_down(form, "blame_withdrawn", by=by, now=now, text=note, name=employee.name)
        signatures.void_changed(form, now=now)
        save(form, now=now)
    hand_back(complaint, form)
    return row


def find_fault(
    complaint: Complaint, employee, *, by, cause: str, breach: Breach | None = None, now=None
) -> FaultFinding:
    """The care manager's tick: this breach happened through this person's fault (P2).

    Without `breach` the earliest neglect of the form is meant. IllegalMove: no such breach, a major form (P3 is its
    rule), no cause, ticked already.
    """
    now = read_clock(now)
    with transaction.atomic():
        form = lock(complaint)
        permissions.require(by, "complaints.find_fault", form)
        if not cause.strip():
            raise IllegalMove(_("Say what the person did or left undone."))
        if form.level == Level.MAJOR:
            raise IllegalMove(_("Neglect of a major complaint has a rule of its own."))
        if employee.store_id != form.store_id:
            raise ValueError("employee belongs to another store")
        neglect = form.breaches.filter(deadline__step__in=_NEGLECTED).order_by("deadline__due_at", "pk")
        breach = neglect.filter(pk=breach.pk).first() if breach is not None else neglect.first()
        if breach is None:
            raise IllegalMove(_("No first contact or resolution was late."))
        if form.faults.filter(employee=employee, withdrawn_at=None).exists():
            raise IllegalMove(_("This was ticked already."))
        row = FaultFinding.objects.create(
            store_id=form.store_id,
            complaint=form,
            breach=breach,
            employee=employee,
            cause=cause.strip(),
            found_by=actor_of(by),
            found_at=now,
        )
        write_down(form, "fault", by=by, now=now, text=cause, name=employee.name, step=breach.deadline.step)
        hooks.wake("breach")
    return row


def withdraw_fault(finding: FaultFinding, *, by, note: str, now=None) -> FaultFinding:
    """Take the tick back, with the reason; the line stays."""
    now = read_clock(now)
    if not note.strip():
        raise IllegalMove(_("Say why the name is taken back."))
    with transaction.atomic():
        form = lock(finding.complaint)
        permissions.require(by, "complaints.find_fault", form)
        if not FaultFinding.objects.filter(pk=finding.pk, withdrawn_at=None).update(withdrawn_at=now):
            raise IllegalMove(_("This was taken back already."))
        write_down(form, "fault_withdrawn", by=by, now=now, text=note, name=finding.employee.name)
        hooks.wake("breach")
    finding.refresh_from_db()
    return finding
