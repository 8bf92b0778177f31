"""Proposals: decided by the general manager or the group approver, alone or in bulk; put in or changed by hand."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from complaints.enums import Status
from csi_portal.organization import audit
from csi_portal.organization.enums import PolicyKind
from csi_portal.organization.errors import Conflict, IllegalMove
from csi_portal.organization.fields import to_fen
from csi_portal.organization.permissions import require
from csi_portal.organization.policies import current_policy
from incentives import ledger, rules
from incentives.models import EntryKind, LedgerEntry, Proposal, ProposalStatus, Rule
from incentives.reconcile import facts, items
from incentives.reconcile.asks import form_key
from incentives.reconcile.difference import (
    beneficiary_columns,
    make_reversal,
    next_seq,
    reconcile_evidence,
    reconcile_forms,
)

# Rules a person may put in by hand; the others come from facts alone.
BY_HAND = (Rule.P1, Rule.P2, Rule.P3, Rule.A9)
_ON_FORMS = (Rule.P1, Rule.P2, Rule.P3)
# With a reversal in one of these an entry gets no other.
LIVE_REVERSAL = (ProposalStatus.PROPOSED, ProposalStatus.APPROVED, ProposalStatus.REJECTED)


@dataclass
class BulkOutcome:
    """What became of the rows of a bulk decision: entries or rows decided, and rows to be looked at again."""

    decided: list[Proposal] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)  # changed or decided by somebody else since they were shown


@dataclass(frozen=True)
class _Concern:
    """Whom a decision is about, for the rule that nobody decides the own matter."""

    store_id: int
    users: frozenset

    def concerned_user_ids(self) -> set[int]:
        return set(self.users)


def approve(proposal: Proposal, *, by, now, note: str = "", version: int | None = None) -> LedgerEntry:
    """Approve a proposal and post it. `version`: what the person was shown.

    The facts are looked at once more first. Conflict: it changed since shown, or somebody else decided.
    NotAllowed: not a decider, or it concerns or comes from `by`.
    """
    require(by, "incentives.approve", proposal)
    with transaction.atomic():
        ledger.lock_books(proposal.store)
        reconcile_evidence(proposal.store, {proposal.evidence_key}, now=now)
        row = _locked(proposal.pk)
        _require_decidable(row, by, version)
        return _approve(row, by=by, now=now, note=note)


def reject(proposal: Proposal, *, by, now, note: str, version: int | None = None) -> Proposal:
    """Reject a proposal with a reason; the facts do not bring it back. Refusals as in approve."""
    if not note.strip():
        raise IllegalMove(_("Rejecting needs a reason."))
    with transaction.atomic():
        ledger.lock_books(proposal.store)
        row = _locked(proposal.pk)
        _require_decidable(row, by, version)
        return _reject(row, by=by, now=now, note=note)


def approve_many(store, shown: Iterable[tuple[int, int]], *, by, now, note: str = "") -> BulkOutcome:
    """Approve the store's rows shown as (id, version), all in one transaction; what changed since is left and named.

    NotAllowed: one of them concerns or comes from `by`; then none is approved.
    """
    return _decide_many(store, shown, lambda row: _approve(row, by=by, now=now, note=note), by=by, now=now)


def reject_many(store, shown: Iterable[tuple[int, int]], *, by, now, note: str) -> BulkOutcome:
    """Reject the store's rows shown as (id, version) with one reason; refusals as in approve_many."""
    if not note.strip():
        raise IllegalMove(_("Rejecting needs a reason."))
    return _decide_many(store, shown, lambda row: _reject(row, by=by, now=now, note=note), by=by, now=now)


def choose_amount(proposal: Proposal, amount: Decimal, *, by, now, reason: str, version: int | None = None) -> Proposal:
    """Choose another amount (positive yuan) inside the rule's range, with a reason; never for oneself.

    IllegalMove: no range, outside it, no reason, decided already. Conflict: changed since shown.
    """
    if not reason.strip():
        raise IllegalMove(_("Choosing an amount needs a reason."))
    with transaction.atomic():
        ledger.lock_books(proposal.store)
        row = _locked(proposal.pk)
        require(by, "incentives.choose_amount", _concern(row))
        if row.status != ProposalStatus.PROPOSED:
            raise IllegalMove(_("This line has been decided already."))
        _require_version(row, version)
        if row.kind != EntryKind.PENALTY:
            raise IllegalMove(_("This rule has no range to choose from."))
        row.chosen_amount = -_in_range(row.rule, amount, row.rule_version.data if row.rule_version else {})
        row.chosen_reason, row.chosen_by = reason.strip(), by
        row.version += 1
        row.save(update_fields=["chosen_amount", "chosen_reason", "chosen_by", "version"])
        audit.record(by, "proposal.amount_chosen", row, at=now, amount=str(row.chosen_amount), reason=reason.strip())
    return row


def propose_by_hand(
    store,
    rule: str,
    *,
    employee,
    reason: str,
    by,
    now,
    complaint=None,
    amount: Decimal | None = None,
    occurred_on: date | None = None,
    reference: str = "",
) -> Proposal:
    """Put in a line by hand: P1 "not handled by the process", P2, P3 on a form, or an award (A9) with its amount.

    amount: positive yuan; penalties default to the rule's lowest. `occurred_on`: the fact's day, default the day the
    complaint was received, else today. IllegalMove: no reason, a form that is void, a day without adopted rules, on
    probation, or there is such a line already. NotAllowed: not the care manager, or for oneself.
    """
    if not reason.strip():
        raise IllegalMove(_("A line put in by hand needs a reason."))
    if rule not in BY_HAND:
        raise IllegalMove(_("This rule takes no lines by hand."))
    if employee.store_id != store.pk or (complaint is not None and complaint.store_id != store.pk):
        raise IllegalMove(_("Person and form must belong to this store."))
    day = occurred_on or store.local_date(complaint.received_at if complaint is not None else now)
    if day > store.local_date(now):
        raise IllegalMove(_("The day lies in the future."))
    with transaction.atomic():
        ledger.lock_books(store)
        require(by, "incentives.propose", _Concern(store.pk, frozenset({employee.user_id})))
        version = current_policy(PolicyKind.INCENTIVES, store, complaint.registered_at if complaint else now)
        row = Proposal(
            store=store,
            month=day.replace(day=1),
            rule=rule,
            rule_version=version,
            beneficiary_key=f"e:{employee.pk}",
            **beneficiary_columns(f"e:{employee.pk}"),
            occurred_on=day,
            reasoning={"code": "by_hand", "params": {"reason": reason.strip(), "rule_version": version.version}},
            proposed_by=by,
            proposed_at=now,
        )
        if rule in _ON_FORMS:
            _fill_penalty(row, complaint, employee, amount, version.data)
        else:
            _fill_award(row, amount, complaint, reference)
        row.seq = _free_seq(row, now)
        row.save(force_insert=True)
        audit.record(
            by,
            "proposal.by_hand",
            row,
            at=now,
            rule=rule,
            evidence=row.evidence_key,
            beneficiary=row.beneficiary_key,
            amount=str(row.amount),
            reason=reason.strip(),
        )
        if complaint is not None and rule in _ON_FORMS:
            reconcile_forms(store, {complaint.pk}, now=now)  # a larger line on the form may absorb it at once
            row.refresh_from_db()
        if row.status == ProposalStatus.PROPOSED:
            items.tell_if_nobody_may_decide(row, now=now)
    return row


def propose_reversal(entry: LedgerEntry, *, by, now, reason: str) -> Proposal:
    """Ask by hand for the reversal of an entry that was a mistake; it is decided like every other line.

    IllegalMove: no reason, reversed already, or a reversal was asked for or rejected.
    """
    if not reason.strip():
        raise IllegalMove(_("A reversal needs a reason."))
    with transaction.atomic():
        ledger.lock_books(entry.store)
        require(by, "incentives.propose", _concern(entry.proposal))
        if Proposal.objects.filter(reverses=entry, status__in=LIVE_REVERSAL, lapsed_at=None).exists():
            raise IllegalMove(_("A reversal of this entry was proposed already."))
        row = make_reversal(
            entry,
            reasoning={"code": "reversed_by_hand", "params": {"entry": entry.number, "reason": reason.strip()}},
            seq=next_seq(entry.store, entry.rule, entry.evidence_key, entry.beneficiary_key),
            now=now,
            proposed_by=by,
        )
        row.save(force_insert=True)
        audit.record(by, "proposal.reversal_by_hand", row, at=now, entry=entry.number, reason=reason.strip())
        items.tell_if_nobody_may_decide(row, now=now)
    return row


# -- inside


def _locked(pk: int) -> Proposal:
    return Proposal.objects.select_for_update(of=("self",), no_key=True).with_relations().get(pk=pk)


def _require_version(row: Proposal, version: int | None) -> None:
    if version is not None and version != row.version:
        raise Conflict(_("This line changed since it was shown to you."))


def _require_decidable(row: Proposal, by, version: int | None) -> None:
    require(by, "incentives.approve", row)
    if row.status == ProposalStatus.WITHDRAWN:
        raise Conflict(_("This line was withdrawn: what it rested on no longer holds."))
    if row.status == ProposalStatus.ABSORBED:
        raise Conflict(_("A larger line on the same form and person stands instead of this one."))
    if row.status != ProposalStatus.PROPOSED:
        who = row.decided_by.display_name() if row.decided_by else ""
        raise Conflict(_("%(name)s has decided this line already.") % {"name": who})
    _require_version(row, version)


def _approve(row: Proposal, *, by, now, note: str) -> LedgerEntry:
    _decide(row, ProposalStatus.APPROVED, by, now, note)
    entry = ledger.post(row, by=by, now=now)
    audit.record(
        by, "proposal.approved", row, at=now, entry=entry.number, month=f"{entry.month:%Y-%m}", amount=str(entry.amount)
    )
    return entry


def _reject(row: Proposal, *, by, now, note: str) -> Proposal:
    _decide(row, ProposalStatus.REJECTED, by, now, note)
    audit.record(by, "proposal.rejected", row, at=now, note=note.strip())
    if row.reverses_id is None:
        # what it absorbed asks for itself again
        reconcile_evidence(row.store, {row.evidence_key}, now=now)
    return row


def _decide(row: Proposal, status: str, by, now, note: str) -> None:
    row.status, row.decided_by, row.decided_at, row.decision_note = status, by, now, note.strip()[:300]
    row.version += 1
    row.save(update_fields=["status", "decided_by", "decided_at", "decision_note", "version"])
    items.finish_undecidable(row, now=now)


def _decide_many(store, shown, decide, *, by, now) -> BulkOutcome:
    versions = dict(shown)
    outcome = BulkOutcome()
    with transaction.atomic():
        ledger.lock_books(store)
        rows = Proposal.objects.filter(store=store, pk__in=versions).order_by("pk")
        reconcile_evidence(store, set(rows.values_list("evidence_key", flat=True)), now=now)
        found = rows.select_for_update(of=("self",), no_key=True).with_relations()
        for row in found:
            require(by, "incentives.approve", row)
            if row.status != ProposalStatus.PROPOSED or row.version != versions[row.pk]:
                outcome.changed.append(row.pk)
                continue
            decide(row)
            outcome.decided.append(row)
    return outcome


def _concern(row: Proposal) -> _Concern:
    return _Concern(row.store_id, frozenset(row.beneficiary_user_ids()))


def _in_range(rule: str, amount: Decimal, data: dict) -> Decimal:
    try:
        return rules.chosen_amount(rule, amount, data)
    except (ValueError, KeyError) as error:
        bounds = (data.get(rule) or {}).get("range")
        if bounds is None:
            raise IllegalMove(_("This rule has no range to choose from.")) from error
        raise IllegalMove(
            _("The amount must lie between %(low)s and %(high)s.") % {"low": bounds[0], "high": bounds[1]}
        ) from error


def _fill_penalty(row: Proposal, complaint, employee, amount: Decimal | None, data: dict) -> None:
    if complaint is None:
        raise IllegalMove(_("This rule needs the form it rests on."))
    if complaint.blame_void or complaint.status == Status.VOID:
        raise IllegalMove(_("The form or its blame is void."))
    if not facts.adopted(row.store).on(row.occurred_on):
        raise IllegalMove(_("The penalty rules were not adopted on that day."))
    if employee.on_probation(row.occurred_on):
        raise IllegalMove(_("Nobody pays on probation."))
    table = data.get(row.rule) or {}
    if table.get("amount") is None:
        raise IllegalMove(_("The store has set no amount for this rule."))
    least = Decimal(table["amount"])
    if "range" in table:
        wanted = _in_range(row.rule, least if amount is None else amount, data)
    elif amount is not None and amount != least:
        raise IllegalMove(_("This rule has no range to choose from."))
    else:
        wanted = least
    row.kind, row.amount = EntryKind.PENALTY, -wanted
    row.evidence_key = form_key(complaint.number)


def _fill_award(row: Proposal, amount: Decimal | None, complaint, reference: str) -> None:
    try:
        fen = to_fen(amount) if amount is not None else 0
    except ValueError as error:
        raise IllegalMove(str(error)) from error
    if fen <= 0:
        raise IllegalMove(_("An award needs an amount above zero."))
    row.kind, row.amount = EntryKind.BONUS, amount
    named = complaint.number if complaint is not None else reference.strip()
    row.evidence_key = f"hand:{uuid.uuid4().hex[:12]}:{named}"[:80]


def _free_seq(row: Proposal, now) -> int:
    """The number for the new line; one whose entry a person reversed makes room, any other living line does not."""
    same = {"store": row.store, "rule": row.rule, "evidence_key": row.evidence_key}
    living = Proposal.objects.live().filter(**same, beneficiary_key=row.beneficiary_key).first()
    if living is not None:
        if not LedgerEntry.objects.filter(reverses__proposal=living).exists():
            raise IllegalMove(_("There is a line of this rule for this person and form already."))
        Proposal.objects.filter(pk=living.pk).update(lapsed_at=now)
    return next_seq(row.store, row.rule, row.evidence_key, row.beneficiary_key)
