"""The duty roster: who is off on which day, and who stands in (POLICY section 1)."""

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from csi_portal.organization import audit, permissions
from csi_portal.organization.errors import IllegalMove
from csi_portal.organization.models import Duty, Employee

# A roster line is for days off; who leaves for longer gets somebody else's roles.
LONGEST = 31


def set_off(employee: Employee, first, last, *, by, now, stand_in: Employee | None = None) -> list[Duty]:
    """Note that a person is off from the first to the last day (both included), with a stand-in or without.

    The stand-in gets the reminders and, for care and department work, the rights of those days. Raises NotAllowed;
    IllegalMove for days that are over, for a stand-in who has no login, is the person, or is off too.
    """
    permissions.require(by, "organization.set_duty", employee)
    today = employee.store.local_date(now)
    if first < today or last < first or (last - first).days >= LONGEST:
        raise IllegalMove(_("Choose days from today on, at most %(n)s.") % {"n": LONGEST})
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    with transaction.atomic():
        list(Employee.objects.select_for_update().filter(store=employee.store_id, pk=employee.pk))
        if stand_in is not None:
            _require_able(employee, stand_in, days)
        rows = [_note(employee, day, stand_in) for day in days]
        audit.record(
            by,
            "duty.off",
            employee,
            at=now,
            first=first.isoformat(),
            last=last.isoformat(),
            stand_in=stand_in.name if stand_in else "",
        )
    return rows


def _note(employee, day, stand_in) -> Duty:
    row, _made = Duty.objects.update_or_create(
        store_id=employee.store_id, employee=employee, date=day, defaults={"off": True, "stand_in": stand_in}
    )
    return row


def _require_able(employee, stand_in, days) -> None:
    if stand_in.pk == employee.pk or stand_in.store_id != employee.store_id:
        raise IllegalMove(_("Somebody else of the store stands in."))
    if stand_in.user is None or not stand_in.user.is_active:
        raise IllegalMove(_("%(name)s has no login and would not see the work.") % {"name": stand_in.name})
    if not all(stand_in.is_active_on(day) for day in days):
        raise IllegalMove(_("%(name)s does not work here on all of these days.") % {"name": stand_in.name})
    if Duty.objects.filter(employee=stand_in, date__in=days, off=True).exists():
        raise IllegalMove(_("%(name)s is off on one of these days too.") % {"name": stand_in.name})


def cancel_off(duty: Duty, *, by, now) -> None:
    """The person comes after all. Raises NotAllowed; IllegalMove for a day that is over."""
    permissions.require(by, "organization.set_duty", duty.employee)
    if duty.date < duty.store.local_date(now):
        raise IllegalMove(_("This day is over."))
    with transaction.atomic():
        if Duty.objects.filter(pk=duty.pk, off=True).update(off=False, stand_in=None):
            audit.record(by, "duty.cancelled", duty.employee, at=now, day=duty.date.isoformat())
