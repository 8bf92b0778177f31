"""Brings the proposals of some evidence in line with what facts and rules ask for (POLICY section 5, "Ledger").

A new ask becomes a proposal; while it is only proposed its amount follows the facts; it is withdrawn when they are
gone. Only a person rejects, and a rejection stays. What was approved is never touched: where its fact is gone a
reversal is proposed. Any number of runs, also at once, have the same result.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date

from django.db import transaction
from django.db.models import Max

from csi_portal.organization import audit
from csi_portal.organization.permissions import SYSTEM
from incentives import ledger
from incentives.models import EntryKind, LedgerEntry, Proposal, ProposalStatus
from incentives.reconcile import facts, items
from incentives.reconcile.asks import Answer, Ask, RuleBook, absorb, board_key, form_asks, form_key, score_asks

BATCH = 200


@dataclass
class Outcome:
    """How many lines a run changed; `unknown`: facts that charge nobody who is known."""

    proposed: int = 0
    changed: int = 0
    withdrawn: int = 0
    absorbed: int = 0
    reversals: int = 0
    unknown: int = 0

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))


def reconcile_forms(store, complaint_ids: Iterable[int], *, now) -> Outcome:
    """Reconcile P1, P2 and P3 on these forms, in batches of one transaction each."""
    ids = sorted(set(complaint_ids))
    outcome = Outcome()
    for start in range(0, len(ids), BATCH):
        with transaction.atomic():
            ledger.lock_books(store)
            adopted = facts.adopted(store)
            forms = facts.read_forms(store, ids[start : start + BATCH])
            answers = [form_asks(form, adopted=adopted, zone=store.zone, now=now) for form in forms]
            standing = {form_key(form.number): form.standing for form in forms}
            outcome += _Difference(store, standing, _together(answers), now).apply()
    return outcome


def reconcile_board(store, kind: str, month: date, *, now) -> Outcome:
    """Reconcile P4 with the newest published board of the kind (`ssi`, `csi`) and month."""
    with transaction.atomic():
        ledger.lock_books(store)
        score = facts.read_score(store, kind, month)
        if score is None:
            return Outcome()
        answer = score_asks(score, adopted=facts.adopted(store))
        standing = {board_key(kind, month, score.department): True}
        return _Difference(store, standing, answer, now).apply()


def reconcile_evidence(store, evidence_keys: Iterable[str], *, now) -> Outcome:
    """Look once more at the facts behind these lines; evidence given by hand has none."""
    numbers, boards = set(), set()
    for key in evidence_keys:
        what, _colon, rest = key.partition(":")
        if what == "form":
            numbers.add(rest)
        elif what == "board":
            kind, month, _department = rest.split(":")
            boards.add((kind, date.fromisoformat(f"{month}-01")))
    outcome = reconcile_forms(store, facts.ids_of(store, numbers), now=now)
    for kind, month in sorted(boards):
        outcome += reconcile_board(store, kind, month, now=now)
    return outcome


def _together(answers: Iterable[Answer]) -> Answer:
    answers = list(answers)
    return Answer(
        tuple(ask for answer in answers for ask in answer.asks), tuple(gap for answer in answers for gap in answer.gaps)
    )


class _Difference:
    """One comparison, under the lock of the store's books. `standing`: evidence key -> whether it still stands."""

    def __init__(self, store, standing: dict[str, bool], answer: Answer, now):
        self.store = store
        self.standing = standing
        self.now = now
        self.gaps = answer.gaps
        self.outcome = Outcome()
        rows = Proposal.objects.filter(store=store, evidence_key__in=standing)
        self.rows = {_key(row): row for row in rows.live().select_for_update(of=("self",), no_key=True).order_by("pk")}
        # the model's default order would join the grouping
        seqs = rows.order_by().values_list("rule", "evidence_key", "beneficiary_key").annotate(last=Max("seq"))
        self.seqs = {(rule, evidence, who): last for rule, evidence, who, last in seqs}
        entries = LedgerEntry.objects.filter(proposal__in=[row.pk for row in self.rows.values()])
        self.entries = {entry.proposal_id: entry for entry in entries.select_related("reversed_by")}
        reversals = Proposal.objects.filter(
            reverses__in=list(self.entries.values()), status__in=[ProposalStatus.PROPOSED, ProposalStatus.REJECTED]
        )
        self.reversals = {row.reverses_id: row for row in reversals}
        self.asks = {ask.key: ask for ask in self._merged(answer.asks)}

    def _merged(self, asks: Iterable[Ask]) -> list[Ask]:
        """The facts' asks and the lines put in by hand, with what absorbs what.

        A line that was rejected, or whose entry was reversed, absorbs nothing: the smaller one asks for itself.
        """
        merged = {ask.key: ask for ask in asks}
        for key, row in self.rows.items():
            if row.is_by_hand and self.standing[row.evidence_key]:
                merged[key] = _by_hand(row)
        weightless = {key for key in merged if self._gave_way(key)}
        counted = absorb(ask for key, ask in merged.items() if key not in weightless)
        return counted + [merged[key] for key in weightless]

    def _gave_way(self, key) -> bool:
        row = self.rows.get(key)
        if row is None:
            return False
        entry = self.entries.get(row.pk)
        return row.status == ProposalStatus.REJECTED or (entry is not None and _reversal_of(entry) is not None)

    def apply(self) -> Outcome:
        for key, row in self.rows.items():
            if key not in self.asks:
                self._without_ask(row)
        for key, ask in self.asks.items():
            row = self.rows.get(key)
            if row is None:
                self.rows[key] = self._propose(ask)
            else:
                self._with_ask(row, ask)
        self._link_absorbed()
        self.outcome.unknown = items.settle_gaps(self.store, self.standing, self.gaps, now=self.now)
        return self.outcome

    # -- one line

    def _propose(self, ask: Ask) -> Proposal:
        status = ProposalStatus.ABSORBED if ask.absorbed_by else ProposalStatus.PROPOSED
        row = Proposal.objects.create(
            store=self.store,
            kind=EntryKind.PENALTY if ask.amount < 0 else EntryKind.BONUS,
            rule=ask.rule,
            evidence_key=ask.evidence_key,
            beneficiary_key=ask.beneficiary_key,
            **beneficiary_columns(ask.beneficiary_key),
            **_columns(ask),
            seq=self.seqs.get(ask.key, 0) + 1,
            status=status,
            proposed_at=self.now,
        )
        self._count("absorbed" if ask.absorbed_by else "proposed", row)
        if not ask.absorbed_by:
            items.tell_if_nobody_may_decide(row, now=self.now)
        return row

    def _with_ask(self, row: Proposal, ask: Ask) -> None:
        if row.status == ProposalStatus.APPROVED:
            if ask.absorbed_by:
                self._propose_reversal(row, "absorbed")
            else:
                self._withdraw_reversal(row)
        elif row.status in (ProposalStatus.PROPOSED, ProposalStatus.ABSORBED):
            self._follow(row, ask)

    def _follow(self, row: Proposal, ask: Ask) -> None:
        """Let an undecided line follow the facts; one put in by hand keeps what the person said."""
        wanted = {} if row.is_by_hand else _columns(ask)
        wanted["status"] = ProposalStatus.ABSORBED if ask.absorbed_by else ProposalStatus.PROPOSED
        changed = [name for name, value in wanted.items() if getattr(row, name) != value]
        if not changed:
            return
        for name in changed:
            setattr(row, name, wanted[name])
        if "status" in changed and row.status == ProposalStatus.PROPOSED:
            row.absorbed_by = None
            changed.append("absorbed_by")
        self._save(row, changed)
        self._count("absorbed" if "status" in changed and ask.absorbed_by else "changed", row, fields=sorted(changed))

    def _without_ask(self, row: Proposal) -> None:
        if row.status in (ProposalStatus.PROPOSED, ProposalStatus.ABSORBED):
            row.status, row.decided_at, row.absorbed_by = ProposalStatus.WITHDRAWN, self.now, None
            self._save(row, ["status", "decided_at", "absorbed_by"])
            self._count("withdrawn", row)
            items.finish_undecidable(row, now=self.now)
        elif row.status == ProposalStatus.APPROVED:
            self._propose_reversal(row, "facts" if self.standing[row.evidence_key] else "void")

    def _propose_reversal(self, row: Proposal, because: str) -> None:
        entry = self.entries.get(row.pk)
        if entry is None or _reversal_of(entry) is not None or entry.pk in self.reversals:
            return
        reversal = make_reversal(
            entry,
            reasoning={"code": "fact_gone", "params": {"entry": entry.number, "because": because}},
            seq=self.seqs.get(_key(row), 0) + 1,
            now=self.now,
        )
        reversal.save()
        self._count("reversals", reversal)
        items.tell_if_nobody_may_decide(reversal, now=self.now)

    def _withdraw_reversal(self, row: Proposal) -> None:
        """The fact is back before anybody decided on the reversal; one asked for by hand stays."""
        entry = self.entries.get(row.pk)
        reversal = self.reversals.get(entry.pk) if entry is not None else None
        if reversal is None or reversal.status != ProposalStatus.PROPOSED or reversal.is_by_hand:
            return
        reversal.status, reversal.decided_at = ProposalStatus.WITHDRAWN, self.now
        self._save(reversal, ["status", "decided_at"])
        self._count("withdrawn", reversal)
        items.finish_undecidable(reversal, now=self.now)

    def _link_absorbed(self) -> None:
        for key, ask in self.asks.items():
            row = self.rows[key]
            if row.status != ProposalStatus.ABSORBED:
                continue
            stays = self.rows[ask.absorbed_by, ask.evidence_key, ask.beneficiary_key]
            if row.absorbed_by_id != stays.pk:
                row.absorbed_by = stays
                row.save(update_fields=["absorbed_by"])

    def _save(self, row: Proposal, names: list[str]) -> None:
        row.version += 1
        row.save(update_fields=[*names, "version"])

    def _count(self, what: str, row: Proposal, **detail) -> None:
        setattr(self.outcome, what, getattr(self.outcome, what) + 1)
        audit.record(
            SYSTEM,
            f"proposal.{what if what != 'reversals' else 'reversal_proposed'}",
            row,
            at=self.now,
            rule=row.rule,
            evidence=row.evidence_key,
            beneficiary=row.beneficiary_key,
            amount=str(row.amount),
            **detail,
        )


def make_reversal(entry: LedgerEntry, *, reasoning: dict, seq: int, now, **columns) -> Proposal:
    """The unsaved proposal that takes the entry back to the cent."""
    return Proposal(
        store=entry.store,
        month=entry.fact_month,
        kind=EntryKind.REVERSAL,
        rule=entry.rule,
        rule_version_id=entry.rule_version_id,
        amount=-entry.amount,
        beneficiary_key=entry.beneficiary_key,
        **beneficiary_columns(entry.beneficiary_key),
        evidence_key=entry.evidence_key,
        reasoning=reasoning,
        occurred_on=entry.store.local_date(now),
        reverses=entry,
        seq=seq,
        proposed_at=now,
        **columns,
    )


def next_seq(store, rule: str, evidence_key: str, beneficiary_key: str) -> int:
    """The number of the next proposal of one rule, evidence and beneficiary."""
    rows = Proposal.objects.filter(store=store, rule=rule, evidence_key=evidence_key, beneficiary_key=beneficiary_key)
    return (rows.aggregate(last=Max("seq"))["last"] or 0) + 1


def beneficiary_columns(key: str) -> dict:
    """The columns a beneficiary key stands for: e:12 a person, d:3 a department, t:4 a team, s:1 the store."""
    kind, _colon, pk = key.partition(":")
    return {
        "employee_id": int(pk) if kind == "e" else None,
        "department_id": int(pk) if kind == "d" else None,
        "team_id": int(pk) if kind == "t" else None,
        "for_store": kind == "s",
    }


def _key(row: Proposal) -> tuple[str, str, str]:
    return row.rule, row.evidence_key, row.beneficiary_key


def _columns(ask: Ask) -> dict:
    return {
        "amount": ask.amount,
        "occurred_on": ask.occurred_on,
        "month": ask.month,
        "rule_version_id": ask.rulebook.version_id,
        "reasoning": ask.reasoning,
    }


def _by_hand(row: Proposal) -> Ask:
    return Ask(
        row.rule,
        row.evidence_key,
        row.beneficiary_key,
        row.effective_amount,
        row.occurred_on,
        RuleBook(row.rule_version_id, 0, {}),
        row.reasoning,
    )


def _reversal_of(entry: LedgerEntry) -> LedgerEntry | None:
    return getattr(entry, "reversed_by", None)
