"""The adoption switch of the penalty rules, and the wages finance enters for the cap."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from csi_portal.organization import audit, hooks
from csi_portal.organization.errors import IllegalMove
from csi_portal.organization.fields import to_fen
from csi_portal.organization.permissions import require
from incentives import ledger
from incentives.models import Adoption, Month, MonthStatus, Wage
from incentives.reconcile.look import look_again_from

TREATMENTS = ("performance_pay", "compensation")


def record_adoption(
    store, *, adopted_on: date, announced_on: date, treatment: str, by, now, note: str = ""
) -> Adoption:
    """Record that the store adopted and announced its penalty rules; from then on they propose.

    treatment: performance_pay or compensation. IllegalMove: unknown treatment, a day in the future, announced before
    adopted, or an adoption holds already.
    """
    today = store.local_date(now)
    if treatment not in TREATMENTS:
        raise IllegalMove(_("Say whether penalties are performance pay or compensation."))
    if announced_on > today or adopted_on > announced_on:
        raise IllegalMove(_("Rules are adopted first, then announced, and not in the future."))
    with transaction.atomic():
        ledger.lock_books(store)
        require(by, "incentives.record_adoption", store)
        if Adoption.objects.filter(store=store, ended_on=None).exists():
            raise IllegalMove(_("The adoption is recorded already."))
        row = Adoption.objects.create(
            store=store,
            adopted_on=adopted_on,
            announced_on=announced_on,
            treatment=treatment,
            note=note.strip(),
            recorded_by=by,
            recorded_at=now,
        )
        audit.record(
            by,
            "adoption.recorded",
            row,
            at=now,
            adopted_on=adopted_on.isoformat(),
            announced_on=announced_on.isoformat(),
            treatment=treatment,
        )
        look_again_from(store, adopted_on)
        hooks.wake("breach")
    return row


def end_adoption(adoption: Adoption, *, by, now, reason: str) -> Adoption:
    """Switch the penalty rules off: facts from today on propose nothing. IllegalMove: ended already, no reason."""
    if not reason.strip():
        raise IllegalMove(_("Switching the penalties off needs a reason."))
    with transaction.atomic():
        ledger.lock_books(adoption.store)
        require(by, "incentives.record_adoption", adoption)
        today = adoption.store.local_date(now)
        changed = Adoption.objects.filter(pk=adoption.pk, ended_on=None).update(ended_on=today)
        if not changed:
            raise IllegalMove(_("The penalties are switched off already."))
        audit.record(by, "adoption.ended", adoption, at=now, ended_on=today.isoformat(), reason=reason.strip())
        look_again_from(adoption.store, today)
        hooks.wake("breach")
    adoption.refresh_from_db()
    return adoption


def enter_wage(store, month: date, employee, *, gross: Decimal, local_minimum: Decimal | None = None, by, now) -> Wage:
    """Enter or correct a person's gross wage of a month and the local minimum wage (yuan); only the cap uses them.

    IllegalMove: another store's person, a negative or too fine amount, or the month is locked.
    """
    return enter_wages(store, month, [(employee, gross, local_minimum)], by=by, now=now)[0]


def enter_wages(store, month: date, rows: Iterable[tuple], *, by, now) -> list[Wage]:
    """Enter (employee, gross, local minimum or None) rows of a month, all or none; refusals as in enter_wage."""
    rows = list(rows)
    for employee, *amounts in rows:
        if employee.store_id != store.pk:
            raise IllegalMove(_("The person belongs to another store."))
        for amount in amounts:
            _require_wage(amount)
    with transaction.atomic():
        ledger.lock_books(store)
        require(by, "incentives.enter_wage", store)
        if Month.objects.filter(store=store, month=month, status=MonthStatus.LOCKED).exists():
            raise IllegalMove(_("The month is locked; its sheet has been made."))
        return [_write_wage(store, month, *row, by=by, now=now) for row in rows]


def _write_wage(store, month: date, employee, gross, local_minimum, *, by, now) -> Wage:
    values = {"gross": gross, "local_minimum": local_minimum, "entered_by": by, "entered_at": now}
    row, _made = Wage.objects.update_or_create(store=store, employee=employee, month=month, defaults=values)
    # the amount is no business of the audit trail's readers
    audit.record(by, "wage.entered", row, at=now, employee=employee.pk, month=f"{month:%Y-%m}")
    return row


def _require_wage(amount) -> None:
    try:
        negative = amount is not None and to_fen(amount) < 0
    except ValueError as error:
        raise IllegalMove(str(error)) from error
    if negative:
        raise IllegalMove(_("A wage is not negative."))
