"""The only writer of the ledger (POLICY section 5, "Ledger"): gapless numbers, a hash chain, closed months.

An entry keeps name, staff number, department, rule version and text as they were. Mistakes are taken back by a
reversal entry, never edited. Everything that posts or locks holds the lock of the store's books first.
"""

import hashlib
import json
from datetime import UTC, date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.urls import reverse
from django.utils import translation

from csi_portal.notifications import outbox
from csi_portal.notifications.services import open_item
from csi_portal.organization import hooks
from csi_portal.organization.enums import Role
from csi_portal.organization.fields import to_fen
from csi_portal.organization.models import Store
from csi_portal.organization.numbers import next_number
from csi_portal.organization.policies import working_days
from incentives import wording
from incentives.models import EntryKind, LedgerEntry, Month, MonthStatus, Notice, Proposal, ProposalStatus
from reports.periods import MONTH, Period

OBJECTION_DAYS = 3  # working days to object, and again to rule
NOTICE_IN_PERSON = "incentives.notice_in_person"
NUMBERS = ("ledger", "entries")


def lock_books(store) -> None:
    """Wait for whoever writes the store's money, and keep the others waiting until this transaction ends."""
    Store.objects.select_for_update(no_key=True).get(pk=store.pk)


def open_month(store, month: date) -> date:
    """Where a line of `month` is booked: that month, or the next one after the last that is locked."""
    locked = Month.objects.filter(store=store, status=MonthStatus.LOCKED).aggregate(last=Max("month"))["last"]
    return month if locked is None else max(month, Period(MONTH, locked).end)


def post(proposal: Proposal, *, by, now: datetime) -> LedgerEntry:
    """Post an approved proposal: entry, personal notice, message, in the caller's transaction under lock_books.

    `by` is the person who decided. A month that waits for its second person takes the line and must be asked for
    anew. ValueError: not approved, or posted already.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("posting belongs to the transaction of the decision")
    if proposal.status != ProposalStatus.APPROVED or LedgerEntry.objects.filter(proposal=proposal).exists():
        raise ValueError(f"proposal {proposal.pk} is not to be posted")
    with translation.override(settings.LANGUAGE_CODE):  # what is kept for ever is kept in the store's language
        entry = _entry(proposal, by, now)
    _take_into_month(entry, now)
    entry.save(force_insert=True)
    if entry.reverses_id is not None and proposal.reasoning.get("code") == "fact_gone":
        Proposal.objects.filter(pk=entry.reverses.proposal_id).update(lapsed_at=now)
    _announce(entry, now)
    hooks.wake("entry")
    return entry


def entry_hash(entry: LedgerEntry) -> str:
    """SHA-256 over the previous hash and everything the entry keeps, as canonical JSON."""
    text = json.dumps(_kept(entry), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{entry.previous_hash}\n{text}".encode()).hexdigest()


def _entry(proposal: Proposal, by, now: datetime) -> LedgerEntry:
    store = proposal.store
    last = LedgerEntry.objects.filter(store=store).order_by("-number").first()
    fact_month = proposal.month
    booked_from = fact_month if proposal.reverses is None else max(fact_month, proposal.reverses.month)
    entry = LedgerEntry(
        store=store,
        month=open_month(store, booked_from),
        fact_month=fact_month,
        number=next_number(store, *NUMBERS),
        kind=proposal.kind,
        rule=proposal.rule,
        rule_version_id=proposal.rule_version_id,
        amount=proposal.effective_amount,
        beneficiary_key=proposal.beneficiary_key,
        employee_id=proposal.employee_id,
        department_id=proposal.department_id,
        team_id=proposal.team_id,
        for_store=proposal.for_store,
        evidence_key=proposal.evidence_key,
        reasoning=proposal.reasoning,
        occurred_on=proposal.occurred_on,
        proposal=proposal,
        reverses=proposal.reverses,
        text=wording.entry_text(proposal),
        approved_by=by,
        approver_name=by.display_name(),
        posted_at=now,
        announced_at=now,
        previous_hash=last.entry_hash if last else "",
        **_names(proposal),
    )
    entry.entry_hash = entry_hash(entry)
    return entry


def _names(proposal: Proposal) -> dict[str, str]:
    """Name, staff number and department as they are now; a reversal keeps those of its entry."""
    if proposal.reverses is not None:
        kept = proposal.reverses
        return {name: getattr(kept, name) for name in ("beneficiary_name", "staff_number", "department_name")}
    if proposal.employee is not None:
        person = proposal.employee
        return {
            "beneficiary_name": person.name,
            "staff_number": person.staff_number,
            "department_name": str(person.department),
        }
    if proposal.department is not None:
        return {"beneficiary_name": str(proposal.department), "department_name": str(proposal.department)}
    if proposal.team is not None:
        return {"beneficiary_name": proposal.team.name, "department_name": str(proposal.team.department)}
    return {"beneficiary_name": proposal.store.name}


def _kept(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "store": entry.store_id,
        "number": entry.number,
        "month": f"{entry.month:%Y-%m}",
        "fact_month": f"{entry.fact_month:%Y-%m}",
        "kind": entry.kind,
        "rule": entry.rule,
        "rule_version": entry.rule_version_id,
        "fen": to_fen(entry.amount),
        "beneficiary": entry.beneficiary_key,
        "name": entry.beneficiary_name,
        "staff_number": entry.staff_number,
        "department": entry.department_name,
        "evidence": entry.evidence_key,
        "reasoning": entry.reasoning,
        "occurred_on": entry.occurred_on.isoformat(),
        "proposal": entry.proposal_id,
        "reverses": entry.reverses_id,
        "text": entry.text,
        "approved_by": entry.approved_by_id,
        "approver": entry.approver_name,
        "posted_at": entry.posted_at.astimezone(UTC).isoformat(),
    }


def _take_into_month(entry: LedgerEntry, now) -> None:
    """Make the month's row if there is none; one that waits for confirmation is open again, and who asked is told."""
    month, _made = Month.objects.get_or_create(store=entry.store, month=entry.month)
    if month.status != MonthStatus.LOCKING:
        return
    asked_by = month.asked_by
    month.status, month.asked_by, month.asked_at = MonthStatus.OPEN, None, None
    month.version += 1
    month.save(update_fields=["status", "asked_by", "asked_at", "version"])
    outbox.enqueue(
        entry.store,
        [asked_by],
        "incentives.month_changed",
        dedupe_key=f"incentives.month_changed:{month.pk}:{month.version}",
        now=now,
        url=reverse("incentives:month", args=[f"{month.month:%Y-%m}"]),
        month=f"{month.month:%Y-%m}",
    )


def _announce(entry: LedgerEntry, now) -> None:
    """The personal notice: it opens the window to object; money that comes back needs none."""
    if entry.employee_id is None:
        return
    window_ends_at = None
    if entry.kind != EntryKind.REVERSAL or entry.amount < 0:
        window_ends_at = working_days(entry.store, now).end_of_workdays(now, OBJECTION_DAYS)
        Notice.objects.create(
            store=entry.store, entry=entry, employee_id=entry.employee_id, noticed_at=now, window_ends_at=window_ends_at
        )
    user = entry.employee.user
    if user is not None and user.is_active:
        outbox.enqueue(
            entry.store,
            [user],
            "incentives.entry",
            dedupe_key=f"incentives.entry:{entry.pk}",
            now=now,
            url=reverse("incentives:entry", args=[entry.pk]),
            rule=entry.rule,
            amount=str(entry.amount),
            text=entry.text,
            until=window_ends_at.isoformat() if window_ends_at else "",
        )
    elif window_ends_at is not None:
        # no login to notice it on: somebody hands it over in person
        open_item(
            entry.store,
            NOTICE_IN_PERSON,
            f"entry:{entry.pk}",
            now=now,
            role=Role.CARE_MANAGER,
            due_at=window_ends_at,
            name=entry.beneficiary_name,
            rule=entry.rule,
        )
