"""Recomputes the books from their lines and names every difference; changes nothing (POLICY section 5).

Numbers without gaps, the hash chain, entries against approved proposals, reversals, locked months against their
entries, holds, carried amounts, plain value and file, and whether the database's own guards stand.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import connection
from django.db.models import Count, F, Q, Sum

from csi_portal.organization import files
from csi_portal.organization.fields import to_fen
from csi_portal.organization.models import Counter, Store
from incentives import ledger, triggers
from incentives.models import CarriedOver, EntryKind, Hold, LedgerEntry, Month, MonthStatus, Proposal, ProposalStatus
from incentives.sheet import workbook

ZERO = Decimal("0.00")


@dataclass(frozen=True)
class Difference:
    """What does not agree: in a store, at an entry's number or a month, a code and the plain fact."""

    store: str
    where: str
    code: str
    fact: str

    def __str__(self) -> str:
        return f"{self.store} {self.where}: {self.code}, {self.fact}"


@dataclass
class Checked:
    """What was looked at, and what was found."""

    stores: int = 0
    entries: int = 0
    months: int = 0
    differences: list[Difference] = field(default_factory=list)


def check_all(stores=None) -> Checked:
    """Check the guards of the database and the books of every store (or of these)."""
    found = Checked(differences=list(check_guards()))
    for store in Store.objects.order_by("pk") if stores is None else stores:
        found.stores += 1
        found.entries += LedgerEntry.objects.filter(store=store).count()
        found.months += Month.objects.filter(store=store, status=MonthStatus.LOCKED).count()
        found.differences += check_store(store)
    return found


def check_store(store) -> list[Difference]:
    """Every difference of one store's books, the first bad number first."""
    return [*_chain(store), *_proposals(store), *_reversals(store), *_months(store)]


def check_guards() -> Iterator[Difference]:
    """The triggers that must stand on the money tables."""
    missing = triggers.expected(connection.vendor) - _standing_triggers()
    for name in sorted(missing):
        yield Difference("-", "database", "guard missing", name)


def _standing_triggers() -> set[str]:
    sql = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return {row[0] for row in cursor.fetchall()}


# -- entries


def _chain(store) -> Iterator[Difference]:
    """Numbers 1, 2, 3 … and every entry's fingerprint; after the first break the rest of the chain says nothing."""
    previous, number = "", 0
    for entry in LedgerEntry.objects.filter(store=store).order_by("number").iterator(chunk_size=2000):
        number += 1
        where = f"entry {number}"
        if entry.number != number:
            yield Difference(store.code, where, "number missing", f"next is {entry.number}")
            return
        if entry.previous_hash != previous or entry.entry_hash != ledger.entry_hash(entry):
            yield Difference(store.code, where, "fingerprint broken", "the entry is not what was posted")
            return
        previous = entry.entry_hash
    counted = Counter.objects.filter(store=store, kind=ledger.NUMBERS[0], key=ledger.NUMBERS[1]).first()
    issued = counted.value if counted else 0
    if issued != number:
        yield Difference(store.code, f"entry {number + 1}", "number missing", f"{issued} were given out")


def _proposals(store) -> Iterator[Difference]:
    """Every entry is an approved proposal, every approved proposal an entry, line by line the same."""
    entries = LedgerEntry.objects.filter(store=store).select_related("proposal").order_by("number")
    for entry in entries.iterator(chunk_size=2000):
        proposal = entry.proposal
        wanted = {
            "status": ProposalStatus.APPROVED,
            "kind": entry.kind,
            "rule": entry.rule,
            "effective_amount": entry.amount,
            "beneficiary_key": entry.beneficiary_key,
            "evidence_key": entry.evidence_key,
            "reverses_id": entry.reverses_id,
            "decided_by_id": entry.approved_by_id,
            "month": entry.fact_month,
        }
        wrong = [name for name, value in wanted.items() if getattr(proposal, name) != value]
        if wrong:
            yield Difference(store.code, f"entry {entry.number}", "not as approved", ", ".join(wrong))
    approved = Proposal.objects.filter(store=store, status=ProposalStatus.APPROVED).order_by("pk")
    for proposal in approved.filter(entry=None):
        yield Difference(store.code, f"proposal {proposal.pk}", "approved but not posted", proposal.rule)
    own = Q(decided_by=None) | Q(employee__user__isnull=False, employee__user=F("decided_by"))
    for proposal in approved.filter(own):
        yield Difference(store.code, f"proposal {proposal.pk}", "decided by nobody or by the person", proposal.rule)
    standing = LedgerEntry.objects.filter(store=store, reversed_by=None).exclude(kind=EntryKind.REVERSAL)
    keys = standing.order_by().values("rule", "evidence_key", "beneficiary_key").annotate(lines=Count("pk"))
    for key in keys.filter(lines__gt=1).order_by("rule", "evidence_key", "beneficiary_key"):
        where = f"{key['rule']} {key['evidence_key']} {key['beneficiary_key']}"
        yield Difference(store.code, where, "doubled", f"{key['lines']} entries stand")


def _reversals(store) -> Iterator[Difference]:
    """A reversal takes its entry back to the cent, from the same account, and not before it."""
    rows = LedgerEntry.objects.filter(store=store, reverses__isnull=False).select_related("reverses").order_by("number")
    for entry in rows.iterator(chunk_size=2000):
        target = entry.reverses
        where = f"entry {entry.number}"
        if entry.amount + target.amount != 0:
            yield Difference(store.code, where, "reversal does not net to zero", f"{entry.amount} and {target.amount}")
        if (entry.beneficiary_key, entry.rule, entry.store_id) != (
            target.beneficiary_key,
            target.rule,
            target.store_id,
        ):
            yield Difference(store.code, where, "reversal of another line", f"entry {target.number}")
        if entry.number < target.number or entry.month < target.month:
            yield Difference(store.code, where, "reversal before its entry", f"entry {target.number}")


# -- months


def _months(store) -> Iterator[Difference]:
    sums = defaultdict(lambda: ZERO)
    counts = defaultdict(int)
    last_number = defaultdict(int)
    hashes = {}
    rows = LedgerEntry.objects.filter(store=store).values_list("month", "amount", "number", "entry_hash")
    for month, amount, number, entry_hash in rows.order_by("number").iterator(chunk_size=5000):
        sums[month] += amount
        counts[month] += 1
        last_number[month] = number
        hashes[entry_hash] = number
    for row in Month.objects.filter(store=store, status=MonthStatus.LOCKED).select_related("sheet").order_by("month"):
        where = f"month {row.month:%Y-%m}"
        for code, wanted, stored in _month_totals(row, sums[row.month], counts[row.month]):
            if wanted != stored:
                yield Difference(store.code, where, f"{code} differs", f"recomputed {wanted}, stored {stored}")
        head = hashes.get(row.head_hash, 0)
        if row.head_hash and row.head_hash not in hashes:
            yield Difference(store.code, where, "last entry unknown", "the entry it was locked with is gone")
        elif last_number[row.month] > head:
            yield Difference(store.code, where, "entry after the lock", f"entry {last_number[row.month]}")
        yield from _sheet(store, row, where)
    loose = Hold.objects.filter(store=store).exclude(
        from_month__in=Month.objects.filter(store=store, status=MonthStatus.LOCKED).values("month")
    )
    for hold in loose.order_by("pk"):
        yield Difference(store.code, f"month {hold.from_month:%Y-%m}", "held back without a lock", f"hold {hold.pk}")


def _month_totals(row: Month, ledger_total: Decimal, entries: int) -> Iterator[tuple[str, object, object]]:
    held = _total(Hold.objects.filter(store=row.store, from_month=row.month))
    brought_in = _total(Hold.objects.filter(store=row.store, until_month=row.month))
    carried = CarriedOver.objects.filter(store=row.store)
    carried_over = carried.filter(from_month=row.month).aggregate(total=Sum("amount"))["total"] or ZERO
    carried_in = carried.filter(until_month=row.month).aggregate(total=Sum("amount"))["total"] or ZERO
    said = (row.sheet_data or {}).get("totals", {})
    yield "ledger total", ledger_total, row.ledger_total
    yield "held back", held, row.held_total
    yield "brought in", brought_in, row.brought_in_total
    yield "paid", ledger_total - held + brought_in, row.paid_total
    yield "entries", entries, row.entries
    yield "sheet's ledger total", to_fen(ledger_total), said.get("ledger")
    yield "sheet's held back", to_fen(held), said.get("held")
    yield "sheet's brought in", to_fen(brought_in), said.get("brought_in")
    yield "sheet's paid", to_fen(ledger_total - held + brought_in), said.get("paid")
    yield "sheet's carried over", to_fen(carried_over), said.get("carried_over")
    yield "sheet's carried in", to_fen(carried_in), said.get("carried_in")


def _total(holds) -> Decimal:
    return holds.aggregate(total=Sum("entry__amount"))["total"] or ZERO


def _sheet(store, row: Month, where: str) -> Iterator[Difference]:
    """The sheet's lines are the entries, and the file is still the one that was stored."""
    lines = (row.sheet_data or {}).get("lines", [])
    said = {line["number"]: (line["fen"], line["hash"]) for line in lines if not line["brought_in"]}
    own = LedgerEntry.objects.filter(store=store, month=row.month)
    booked = {
        number: (to_fen(amount), digest) for number, amount, digest in own.values_list("number", "amount", "entry_hash")
    }
    for number in sorted(said.keys() ^ booked.keys() | {n for n in said if booked.get(n) != said[n]}):
        yield Difference(store.code, f"entry {number}", "sheet and ledger differ", where)
    try:
        digest = hashlib.sha256(files.read_file(row.sheet)).hexdigest() if row.sheet else ""
    except FileNotFoundError:
        digest = ""
    if digest != row.sheet_hash:
        again = row.sheet_data is not None and hashlib.sha256(workbook(row.sheet_data)).hexdigest() == row.sheet_hash
        fact = "missing or changed; it can be made again" if again else "missing or changed"
        yield Difference(store.code, where, "sheet file differs", fact)
