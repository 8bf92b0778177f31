"""What the rules P1 to P4 ask for, given the facts (POLICY section 5 with the fairness rulings of section 3).

Pure: plain values in, plain values out; no database, no clock. A breach asks for money only if it was late in opening
hours too, is fair to charge and not excused; a void form or void blame asks for nothing; nobody pays on probation.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from incentives import rules
from reports.periods import MONTH, Period

P1_STEPS = ("transfer",)
P2_STEPS = ("first_contact", "resolution")
P3_STEPS = ("gm_notice", "major_follow_up")
MONEY_STEPS = (*P1_STEPS, *P2_STEPS, *P3_STEPS)
P2_LEVELS = ("grumble", "general")
MONEY_RULES = ("P1", "P2", "P3", "P4")
MISSING = ("agent", "manager", "department")


@dataclass(frozen=True, slots=True)
class Person:
    """An employee of the store, as far as money asks."""

    employee_id: int
    probation_until: date | None = None

    @property
    def key(self) -> str:
        return f"e:{self.employee_id}"

    def on_probation(self, day: date) -> bool:
        return self.probation_until is not None and day <= self.probation_until


@dataclass(frozen=True, slots=True)
class LateStep:
    """A breached step. `ended_at`: when it was done, or the form ended without it; None while it is open.

    `fair`: late in opening hours too, fair to charge, not excused. `late_by` as recorded when it was done.
    """

    breach_id: int
    step: str
    level: str
    due_at: datetime
    done_at: datetime | None
    ended_at: datetime | None
    late_by: Any = None
    fair: bool = True
    charged_to: Person | None = None


@dataclass(frozen=True, slots=True)
class Manager:
    """Who managed the department from when to when; `person` is None for a login without an employee."""

    person: Person | None
    from_at: datetime | None
    to_at: datetime | None
    named: bool  # the grant names the department, not the whole store

    def at(self, instant: datetime) -> bool:
        return (self.from_at is None or self.from_at <= instant) and (self.to_at is None or instant < self.to_at)


@dataclass(frozen=True, slots=True)
class Tick:
    """The care manager's finding of fault; without a breach it holds for whichever the form has."""

    person: Person
    breach_id: int | None


@dataclass(frozen=True, slots=True)
class RuleBook:
    """One version of the rules."""

    version_id: int | None
    version: int
    data: Mapping[str, Any]

    def holds(self, rule: str, name: str = "amount") -> bool:
        """Whether the store has set an amount for the rule: unset amounts cost nobody anything."""
        return (self.data.get(rule) or {}).get(name) is not None


@dataclass(frozen=True, slots=True)
class Form:
    """A tracking form with everything P1, P2 and P3 look at."""

    number: str
    level: str
    standing: bool  # neither the form nor its blame is void
    passed_on_at: datetime | None
    rulebook: RuleBook
    late: tuple[LateStep, ...] = ()
    agent: Person | None = None
    managers: tuple[Manager, ...] = ()
    ticks: tuple[Tick, ...] = ()
    instructed_at: datetime | None = None  # the general manager's instruction because of neglect


@dataclass(frozen=True, slots=True)
class MonthScore:
    """The newest published month board of a kind. `counts`: the month is valid, or was accepted."""

    kind: str
    month: date
    score: Decimal | None
    target: Decimal
    enough: bool
    counts: bool
    department_id: int | None
    department: str
    revision: int
    n: int
    rulebook: RuleBook


@dataclass(frozen=True, slots=True)
class Adopted:
    """The days on which penalties hold: adopted and announced, and not ended."""

    spans: tuple[tuple[date, date | None], ...] = ()

    def on(self, day: date) -> bool:
        return any(begin <= day and (end is None or day < end) for begin, end in self.spans)


@dataclass(frozen=True, slots=True)
class Ask:
    """A line that facts and rules ask for. `amount` is signed from the person's side, in yuan."""

    rule: str
    evidence_key: str
    beneficiary_key: str
    amount: Decimal
    occurred_on: date
    rulebook: RuleBook
    reasoning: dict[str, Any] = field(hash=False)
    absorbed_by: str | None = None  # the rule that stays instead, on the same form and person

    @property
    def key(self) -> tuple[str, str, str]:
        return self.rule, self.evidence_key, self.beneficiary_key

    @property
    def month(self) -> date:
        return self.occurred_on.replace(day=1)


@dataclass(frozen=True, slots=True)
class Gap:
    """Nobody is known whom a fact would charge: an item for the care manager, never a silent proposal."""

    rule: str
    evidence_key: str
    missing: str  # one of MISSING


@dataclass(frozen=True, slots=True)
class Answer:
    asks: tuple[Ask, ...] = ()
    gaps: tuple[Gap, ...] = ()


def form_key(number: str) -> str:
    """The evidence key of a form."""
    return f"form:{number}"


def board_key(kind: str, month: date, department: str) -> str:
    """The evidence key of a month score; never of a board's revision."""
    return f"board:{kind}:{month:%Y-%m}:{department}"


def form_asks(form: Form, *, adopted: Adopted, zone: ZoneInfo, now: datetime) -> Answer:
    """What P1, P2 and P3 ask for on one form."""
    if not form.standing:
        return Answer()
    ready = [_judged(step, zone, now) for step in sorted(form.late, key=lambda step: (step.due_at, step.breach_id))]
    ready = [judged for judged in ready if judged is not None]
    asks, gaps = [], []
    for rule in (_p1, _p3, _p2):
        rule(_Desk(form, ready, adopted, zone, asks, gaps))
    return Answer(tuple(asks), tuple(gaps))


def score_asks(score: MonthScore, *, adopted: Adopted) -> Answer:
    """What P4 asks for on one month score: the department's 500 below target; an insufficient sample nothing."""
    day = Period(MONTH, score.month).last_day
    below = score.score is not None and score.score < score.target
    if not (below and score.enough and score.counts and adopted.on(day) and score.rulebook.holds("P4")):
        return Answer()
    key = board_key(score.kind, score.month, score.department)
    if score.department_id is None:
        return Answer(gaps=(Gap("P4", key, "department"),))
    params = {
        "kind": score.kind,
        "month": f"{score.month:%Y-%m}",
        "score": str(score.score),
        "target": str(score.target),
        "n": score.n,
        "revision": score.revision,
    }
    ask = Ask(
        "P4",
        key,
        f"d:{score.department_id}",
        -rules.p4_amount(score.rulebook.data),
        day,
        score.rulebook,
        _reasoning("score_below_target", score.rulebook, params),
    )
    return Answer((ask,))


def absorb(asks: Iterable[Ask]) -> list[Ask]:
    """The asks with `absorbed_by` set: P3 absorbs P1 on one form and person. `asks`: those that stand."""
    asks = list(asks)
    by_person: dict[tuple[str, str], dict[str, Decimal]] = {}
    for ask in asks:
        by_person.setdefault((ask.evidence_key, ask.beneficiary_key), {})[ask.rule] = -ask.amount
    gone = {person: rules.absorbed(amounts) for person, amounts in by_person.items()}
    return [replace(ask, absorbed_by=gone[ask.evidence_key, ask.beneficiary_key].get(ask.rule)) for ask in asks]


# -- inside


@dataclass(frozen=True, slots=True)
class _Judged:
    """A late step whose time for money has come; `at` judges its lateness."""

    step: LateStep
    at: datetime
    still_open: bool

    @property
    def late_by(self):
        recorded = self.step.late_by if self.step.done_at is not None else None
        return self.at - self.step.due_at if recorded is None else recorded


def _judged(step: LateStep, zone: ZoneInfo, now: datetime) -> _Judged | None:
    """Done late, ended undone, or at month end still open: before that the amount would drift."""
    if not step.fair:
        return None
    if step.done_at is not None:
        return _Judged(step, step.done_at, False)
    month_end = Period.of(MONTH, step.due_at.astimezone(zone).date()).bounds(zone)[1]
    at = month_end if step.ended_at is None else min(step.ended_at, month_end)
    return _Judged(step, max(at, step.due_at), True) if now >= at else None


@dataclass(frozen=True, slots=True)
class _Desk:
    """What the rules of one form write on."""

    form: Form
    ready: list[_Judged]
    adopted: Adopted
    zone: ZoneInfo
    asks: list[Ask]
    gaps: list[Gap]

    def steps(self, names: Iterable[str]) -> list[_Judged]:
        return [judged for judged in self.ready if judged.step.step in names]

    def day(self, instant: datetime) -> date:
        return instant.astimezone(self.zone).date()

    def charge(self, rule: str, person: Person, amount: Decimal, instant: datetime, reasoning: dict) -> None:
        day = self.day(instant)
        known = any(ask.rule == rule and ask.beneficiary_key == person.key for ask in self.asks)
        if known or person.on_probation(day) or not self.adopted.on(day):
            return
        key = form_key(self.form.number)
        self.asks.append(Ask(rule, key, person.key, -amount, day, self.form.rulebook, reasoning))

    def miss(self, rule: str, missing: str, instant: datetime) -> None:
        gap = Gap(rule, form_key(self.form.number), missing)
        if self.adopted.on(self.day(instant)) and gap not in self.gaps:
            self.gaps.append(gap)

    def said(self, judged: _Judged, **more) -> dict:
        code = "still_open_at_month_end" if judged.still_open else "done_late"
        params = {
            "number": self.form.number,
            "step": judged.step.step,
            "due": judged.step.due_at.isoformat(),
            "done": judged.at.isoformat(),
            "late_minutes": int(judged.late_by.total_seconds() // 60),
            **more,
        }
        return _reasoning(code, self.form.rulebook, params)


def _p1(desk: _Desk) -> None:
    """Not passed on in time: the care agent, 50, or 100 when more than 2 h late."""
    if not desk.form.rulebook.holds("P1"):
        return
    for judged in desk.steps(P1_STEPS):
        person = judged.step.charged_to or desk.form.agent
        if person is None:
            desk.miss("P1", "agent", judged.step.due_at)
            continue
        amount = rules.p1_amount(judged.late_by, desk.form.rulebook.data)
        desk.charge("P1", person, amount, judged.step.due_at, desk.said(judged))


def _p3(desk: _Desk) -> None:
    """A major complaint not told to the general manager, or not followed up: the care agent, 200."""
    if not desk.form.rulebook.holds("P3"):
        return
    for judged in desk.steps(P3_STEPS):
        person = judged.step.charged_to or desk.form.agent
        if person is None:
            desk.miss("P3", "agent", judged.step.due_at)
            continue
        desk.charge("P3", person, rules.p3_amount(desk.form.rulebook.data), judged.step.due_at, desk.said(judged))


def _p2(desk: _Desk) -> None:
    """Neglect after it was passed on: the department manager and the persons ticked, each 100, instructed 200."""
    form = desk.form
    if form.passed_on_at is None or not form.rulebook.holds("P2"):
        return
    steps = [j for j in desk.steps(P2_STEPS) if j.step.level in P2_LEVELS and form.passed_on_at <= j.at]
    by_breach = {judged.step.breach_id: judged for judged in steps}
    ticked = [
        (tick.person, by_breach[tick.breach_id] if tick.breach_id is not None else steps[0])
        for tick in form.ticks
        if tick.breach_id in by_breach or (tick.breach_id is None and steps)
    ]
    instructed = form.instructed_at is not None and form.level in P2_LEVELS
    # The instruction alone charges the manager; but where it answers a late step, that step must be fair to charge.
    answers_late = any(late.step in P2_STEPS and late.level in P2_LEVELS for late in form.late)
    if not ticked and not (instructed and (steps or not answers_late)):
        return
    amount = rules.p2_amount(instructed, form.rulebook.data)
    because = {"instructed": instructed}
    first = min((judged for _person, judged in ticked), key=_by_due, default=steps[0] if steps else None)
    if first is not None:
        instant, said = first.step.due_at, desk.said(first, **because)
    else:
        instant, said = form.instructed_at, _instruction_said(form)
    _charge_manager(desk, instant, amount, said, first)
    for person, judged in sorted(ticked, key=lambda pair: _by_due(pair[1])):
        desk.charge("P2", person, amount, judged.step.due_at, desk.said(judged, **because))


def _charge_manager(desk: _Desk, instant, amount, said, judged: _Judged | None) -> None:
    managers = [manager for manager in desk.form.managers if manager.at(instant)]
    # a grant for this very department beats one for the whole store
    persons = {manager.person for manager in [m for m in managers if m.named] or managers}
    charged = judged.step.charged_to if judged is not None else None
    if len(persons) > 1 and charged is not None and charged in persons:
        persons = {charged}
    if len(persons) != 1 or None in persons:
        desk.miss("P2", "manager", instant)
        return
    desk.charge("P2", persons.pop(), amount, instant, said)


def _instruction_said(form: Form) -> dict:
    params = {"number": form.number, "instructed": True, "done": form.instructed_at.isoformat()}
    return _reasoning("instructed", form.rulebook, params)


def _by_due(judged: _Judged):
    return judged.step.due_at, judged.step.breach_id


def _reasoning(code: str, rulebook: RuleBook, params: dict) -> dict:
    return {"code": code, "params": {**params, "rule_version": rulebook.version}}
