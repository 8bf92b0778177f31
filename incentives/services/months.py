"""Closing a month (POLICY section 5): finance asks, a second person confirms, and the month takes no more entries.

Locking never waits: lines with an open window or objection are held back by a row beside the entry. The sheet is made
in the same transaction, so a locked month always has its file, its plain value and their hash.
"""

import hashlib
import json
from datetime import date

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from csi_portal.notifications import outbox
from csi_portal.organization import audit, files, hooks
from csi_portal.organization.enums import Role
from csi_portal.organization.errors import Conflict, IllegalMove, NotAllowed
from csi_portal.organization.models import RoleGrant, User
from csi_portal.organization.permissions import require
from incentives import ledger
from incentives.models import CarriedOver, Hold, LedgerEntry, Month, MonthStatus
from incentives.sheet import Figures, figures, sheet_data, workbook
from incentives.sheet.data import totals
from reports.periods import MONTH, Period

CONFIRMERS = (Role.GENERAL_MANAGER, Role.FINANCE)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# The general file view serves a file to whoever sees its owner. A sheet has no such owner: only the download page
# gives it out, to finance alone, and writes every export down.
NO_OWNER = "incentives.month:0"


def month_row(store, month: date) -> Month:
    """The month's row, or an unsaved open one: looking at a month writes nothing."""
    return Month.objects.filter(store=store, month=month).first() or Month(store=store, month=month)


def seal(found: Figures) -> str:
    """What a person has seen of a month, as a short digest: totals and which lines are held back."""
    held = sorted(line.entry.number for line in found.held_lines)
    return hashlib.sha256(json.dumps([totals(found), held], sort_keys=True).encode()).hexdigest()[:32]


def ask_lock(store, month: date, *, by, now, seen: str | None = None) -> Month:
    """Ask for the lock of a month; a second person confirms. `seen`: the seal of the figures the person was shown.

    IllegalMove: locked or asked for already, not begun yet. Conflict: the figures changed since shown.
    """
    _require_begun(store, month, now)
    with transaction.atomic():
        ledger.lock_books(store)
        row, _made = Month.objects.get_or_create(store=store, month=month)
        require(by, "incentives.lock_month", row)
        if row.status != MonthStatus.OPEN:
            raise IllegalMove(_("This month is locked or waits for its confirmation already."))
        found = figures(store, month, now=now)
        _require_seen(found, seen)
        row.status, row.asked_by, row.asked_at = MonthStatus.LOCKING, by, now
        row.version += 1
        row.save(update_fields=["status", "asked_by", "asked_at", "version"])
        audit.record(by, "month.lock_asked", row, at=now, month=f"{month:%Y-%m}", totals=totals(found))
        _tell(row, _confirmers(row, now), "incentives.lock_asked", now, name=by.display_name(), **_money(found))
    return row


def send_back_lock(store, month: date, *, by, now, reason: str) -> Month:
    """Open a month again that waits for its confirmation; whoever may confirm, or who asked, with a reason."""
    if not reason.strip():
        raise IllegalMove(_("Sending back needs a reason."))
    with transaction.atomic():
        ledger.lock_books(store)
        row = _waiting(store, month)
        require(by, "incentives.lock_month" if by.pk == row.asked_by_id else "incentives.confirm_lock", row)
        asked_by = row.asked_by
        row.status, row.asked_by, row.asked_at = MonthStatus.OPEN, None, None
        row.version += 1
        row.save(update_fields=["status", "asked_by", "asked_at", "version"])
        audit.record(by, "month.lock_sent_back", row, at=now, month=f"{month:%Y-%m}", reason=reason.strip())
        if asked_by.pk != by.pk:
            _tell(row, [asked_by], "incentives.lock_sent_back", now, name=by.display_name(), reason=reason.strip())
    return row


def confirm_lock(store, month: date, *, by, now, seen: str | None = None) -> Month:
    """Confirm and lock the month for good; writes holds, carried amounts, totals and the sheet.

    NotAllowed: not finance or the general manager, or the person who asked. Conflict: the figures are not those
    shown. IllegalMove: nobody asked, or it is locked already.
    """
    with transaction.atomic():
        ledger.lock_books(store)
        row = _waiting(store, month)
        require(by, "incentives.confirm_lock", row)
        if by.pk == row.asked_by_id:
            raise NotAllowed(_("A second person confirms the lock, not the one who asked for it."))
        found = figures(store, month, now=now)
        _require_seen(found, seen)
        next_month = max(Period(MONTH, month).end, ledger.open_month(store, month))
        _hold_back(found, next_month, now)
        _carry_over(found, next_month)
        _close(row, found, by, now)
        audit.record(
            by,
            "month.locked",
            row,
            at=now,
            month=f"{month:%Y-%m}",
            totals=totals(found),
            head=row.head_hash,
            sheet=row.sheet_hash,
        )
        _tell(row, [row.asked_by], "incentives.locked", now, **_money(found))
        hooks.wake("entry")
    return row


# -- inside


def _require_begun(store, month: date, now) -> None:
    if month > store.local_date(now):
        raise IllegalMove(_("The month has not begun yet."))


def _require_seen(found: Figures, seen: str | None) -> None:
    if seen is not None and seen != seal(found):
        raise Conflict(_("The month's figures changed since they were shown to you."))


def _waiting(store, month: date) -> Month:
    row = Month.objects.filter(store=store, month=month).select_related("asked_by", "store").first()
    if row is None or row.status != MonthStatus.LOCKING:
        raise IllegalMove(_("This month does not wait for a confirmation."))
    return row


def _hold_back(found: Figures, next_month: date, now) -> None:
    Hold.objects.bulk_create(
        Hold(
            store=found.store,
            entry=line.entry,
            from_month=found.month,
            until_month=next_month,
            reason=line.held,
            created_at=now,
        )
        for line in found.held_lines
    )
    if found.held_lines or found.carried_over:
        Month.objects.get_or_create(store=found.store, month=next_month)


def _carry_over(found: Figures, next_month: date) -> None:
    CarriedOver.objects.bulk_create(
        CarriedOver(
            store=found.store,
            employee_id=person.employee_id,
            from_month=found.month,
            until_month=next_month,
            amount=person.carried_over,
        )
        for person in found.persons
        if person.carried_over > 0
    )


def _close(row: Month, found: Figures, by, now) -> None:
    last = LedgerEntry.objects.filter(store=row.store).order_by("-number").first()
    row.head_hash = last.entry_hash if last else ""
    row.sheet_data = sheet_data(found, now=now, asked_by=row.asked_by, confirmed_by=by, head_hash=row.head_hash)
    content = workbook(row.sheet_data)
    row.sheet_hash = hashlib.sha256(content).hexdigest()
    row.sheet = files.store_file(
        content,
        store=row.store,
        kind="ledger_sheet",
        owner=NO_OWNER,
        name=sheet_name(row.store, row.month),
        content_type=XLSX,
        by=by,
        now=now,
    )
    row.status, row.confirmed_by, row.locked_at = MonthStatus.LOCKED, by, now
    row.ledger_total, row.held_total = found.ledger, found.held
    row.brought_in_total, row.paid_total = found.brought_in, found.paid
    row.entries = found.entries
    row.version += 1
    row.save()


def sheet_name(store, month: date, *, trial: bool = False) -> str:
    """What the file is called."""
    return f"{store.code}-{month:%Y-%m}{'-trial' if trial else ''}.xlsx"


def _confirmers(row: Month, now) -> list[User]:
    grants = RoleGrant.objects.filter(RoleGrant.valid_at(now), Q(store=row.store) | Q(store=None), role__in=CONFIRMERS)
    users = User.objects.filter(pk__in=grants.values("user"), is_active=True).exclude(pk=row.asked_by_id)
    return list(users.order_by("pk"))


def _money(found: Figures) -> dict[str, str]:
    return {"total": str(found.ledger), "paid": str(found.paid)}


def _tell(row: Month, users, kind: str, now, **params) -> None:
    month = f"{row.month:%Y-%m}"
    outbox.enqueue(
        row.store,
        users,
        kind,
        dedupe_key=f"{kind}:{row.pk}:{row.version}",
        now=now,
        url=reverse("incentives:month", args=[month]),
        month=month,
        **params,
    )
