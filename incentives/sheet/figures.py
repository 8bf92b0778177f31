"""What a month comes to (POLICY section 5, "Ledger", "Objection", "Wage cap"): every total from its lines.

ledger: entries booked in the month. held back: lines whose window or objection is open. brought in: lines held back
earlier until this month. paid = ledger - held back + brought in. Of what is paid to persons, penalties above the wage
cap are carried over to the next month; the ledger does not change by it.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from csi_portal.organization.enums import PolicyKind
from csi_portal.organization.policies import policy_history
from incentives import rules
from incentives.models import CarriedOver, EntryKind, Hold, HoldReason, LedgerEntry, Month, MonthStatus, Wage
from reports.periods import MONTH, Period

ZERO = Decimal("0.00")


@dataclass
class Line:
    """An entry in a month: booked in it, or brought in from an earlier one; `held` names the reason it waits."""

    entry: LedgerEntry
    brought_in: bool
    held: str = ""

    @property
    def amount(self) -> Decimal:
        return self.entry.amount

    @property
    def is_penalty(self) -> bool:
        """A penalty, or the reversal of one."""
        root = self.entry
        while root.kind == EntryKind.REVERSAL:
            root = root.reverses
        return root.kind == EntryKind.PENALTY


@dataclass
class PersonMonth:
    """What a person's month comes to; `cap` is None where a wage figure is unknown."""

    employee_id: int
    name: str
    staff_number: str
    department: str
    lines: list[Line] = field(default_factory=list)
    carried_in: Decimal = ZERO
    wage_known: bool = False
    cap: Decimal | None = None

    @property
    def paid(self) -> Decimal:
        return _paid(self.lines)

    @property
    def penalties(self) -> Decimal:
        """Penalties that count for the cap, positive; bonuses do not offset them."""
        return max(self.carried_in - _sum(line for line in self.lines if line.is_penalty and not line.held), ZERO)

    @property
    def carried_over(self) -> Decimal:
        return rules.carried_over(self.penalties, self.cap)

    @property
    def with_wages(self) -> Decimal:
        return self.paid - self.carried_in + self.carried_over


@dataclass
class Figures:
    """The month's lines and what they come to."""

    store: object
    month: date
    locked: bool
    lines: list[Line]
    persons: list[PersonMonth]

    def _own(self) -> list[Line]:
        return [line for line in self.lines if not line.brought_in]

    @property
    def entries(self) -> int:
        return len(self._own())

    @property
    def ledger(self) -> Decimal:
        return _sum(self._own())

    @property
    def penalties(self) -> Decimal:
        return _sum(line for line in self._own() if line.is_penalty)

    @property
    def bonuses(self) -> Decimal:
        return _sum(line for line in self._own() if not line.is_penalty)

    @property
    def held_lines(self) -> list[Line]:
        return [line for line in self.lines if line.held]

    @property
    def held(self) -> Decimal:
        return _sum(self.held_lines)

    @property
    def brought_in_lines(self) -> list[Line]:
        return [line for line in self.lines if line.brought_in]

    @property
    def brought_in(self) -> Decimal:
        return _sum(self.brought_in_lines)

    @property
    def paid(self) -> Decimal:
        return _paid(self.lines)

    @property
    def accounts(self) -> Decimal:
        """What is paid to the accounts of departments, teams and the store."""
        return _paid(line for line in self.lines if line.entry.employee_id is None)

    @property
    def carried_in(self) -> Decimal:
        return sum((person.carried_in for person in self.persons), ZERO)

    @property
    def carried_over(self) -> Decimal:
        return sum((person.carried_over for person in self.persons), ZERO)

    @property
    def with_wages(self) -> Decimal:
        return sum((person.with_wages for person in self.persons), ZERO)

    @property
    def wages_missing(self) -> list[PersonMonth]:
        """Persons with penalties whose cap cannot be reckoned."""
        return [person for person in self.persons if person.cap is None and person.penalties > 0]


def figures(store, month: date, *, now: datetime) -> Figures:
    """Reckon a month. A locked one from what its lock wrote down, an open one as it would be locked at `now`."""
    locked = Month.objects.filter(store=store, month=month, status=MonthStatus.LOCKED).exists()
    own = _with_what_holds(LedgerEntry.objects.filter(store=store, month=month))
    earlier = _with_what_holds(LedgerEntry.objects.filter(store=store, holds__until_month=month))
    lines = [Line(entry, False) for entry in own] + [Line(entry, True) for entry in earlier]
    if locked:
        held = dict(Hold.objects.filter(store=store, from_month=month).values_list("entry_id", "reason"))
        for line in lines:
            line.held = held.get(line.entry.pk, "")
    else:
        here = {line.entry.pk for line in lines}
        for line in lines:
            line.held = hold_reason(line.entry, here, now)
    lines.sort(key=lambda line: (line.entry.department_name, line.entry.staff_number, line.entry.number))
    return Figures(store, month, locked, lines, _persons(store, month, lines))


def hold_reason(entry: LedgerEntry, in_month: Iterable[int], now: datetime) -> str:
    """Why an entry waits: its objection or window is open; nothing once it is reversed.

    A reversal in the month that pays its own entry does not wait either: the two go together.
    """
    if getattr(entry, "reversed_by", None) is not None:
        return ""
    if entry.reverses_id is not None and entry.reverses_id in in_month:
        return ""
    objection = getattr(entry, "objection", None)
    if objection is not None:
        return HoldReason.OBJECTION if objection.upheld is None else ""
    notice = getattr(entry, "notice", None)
    if notice is not None and notice.confirmed_at is None and now <= notice.window_ends_at:
        return HoldReason.WINDOW
    return ""


def _with_what_holds(entries) -> list[LedgerEntry]:
    return list(
        entries.select_related("notice", "objection", "reversed_by", "reverses__reverses__reverses").order_by("number")
    )


def _persons(store, month: date, lines: list[Line]) -> list[PersonMonth]:
    persons: dict[int, PersonMonth] = {}
    for line in lines:
        entry = line.entry
        if entry.employee_id is not None:
            known = persons.setdefault(
                entry.employee_id,
                PersonMonth(entry.employee_id, entry.beneficiary_name, entry.staff_number, entry.department_name),
            )
            known.lines.append(line)
    carried = CarriedOver.objects.filter(store=store, until_month=month).select_related("employee__department")
    for row in carried:
        employee = row.employee
        known = persons.setdefault(
            employee.pk, PersonMonth(employee.pk, employee.name, employee.staff_number, str(employee.department))
        )
        known.carried_in += row.amount
    _set_caps(store, month, persons)
    return sorted(persons.values(), key=lambda person: (person.department, person.staff_number, person.employee_id))


def _set_caps(store, month: date, persons: dict[int, PersonMonth]) -> None:
    last_instant = Period(MONTH, month).bounds(store.zone)[1] - timedelta(microseconds=1)
    table = policy_history(PolicyKind.INCENTIVES, store)(last_instant).data
    for wage in Wage.objects.filter(store=store, month=month, employee__in=persons):
        persons[wage.employee_id].wage_known = True
        persons[wage.employee_id].cap = rules.wage_cap(wage.gross, wage.local_minimum, table)


def _sum(lines: Iterable[Line]) -> Decimal:
    return sum((line.amount for line in lines), ZERO)


def _paid(lines: Iterable[Line]) -> Decimal:
    """Ledger - held back + brought in: every line that does not wait, a line brought in and held again neither."""
    return _sum(line for line in lines if not line.held)


def grouped_by_department(figures: Figures) -> dict[str, list[Line]]:
    """The month's lines by the department they were booked under."""
    groups = defaultdict(list)
    for line in figures.lines:
        groups[line.entry.department_name].append(line)
    return dict(groups)
