"""When a number may be dialled again, and what one more try makes of a callback (POLICY section 2, "Callback").

Pure arithmetic on plain values: no database, no clock. Instants are aware datetimes and come back in UTC. A half-day
is a text like "2026-11-21a" (before 13:00 in the store's zone) or "2026-11-21b", which sorts by time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DEFAULT_RULES: Mapping[str, object] = {
    "calling_hours": ["09:00", "20:30"],
    "half_day_split": "13:00",
    "attempt_limit": 3,
    "attempts_per_half_day": 2,
    "lease_minutes": 15,
    "contact_budget": {"contacts": 3, "days": 30},
    "appointment_grace_minutes": 30,
    "appointment_days_ahead": 60,
    # how far back a run looks for visits whose callback nobody generated in time
    "look_back_days": 62,
}


@dataclass(frozen=True)
class CallingRules:
    """The policy table "surveys" with the store's zone."""

    zone: ZoneInfo
    opens: time
    closes: time
    split: time
    attempt_limit: int
    attempts_per_half_day: int
    lease: timedelta
    budget_contacts: int
    budget_days: int
    appointment_grace: timedelta
    appointment_days_ahead: int
    look_back_days: int

    @classmethod
    def from_policy(cls, data: Mapping, zone: ZoneInfo) -> "CallingRules":
        """Read a policy table; what it leaves out is as shipped. ValueError: times or counts that make no sense."""
        table = {**DEFAULT_RULES, **data}
        opens, closes = (time.fromisoformat(text) for text in table["calling_hours"])
        rules = cls(
            zone=zone,
            opens=opens,
            closes=closes,
            split=time.fromisoformat(table["half_day_split"]),
            attempt_limit=int(table["attempt_limit"]),
            attempts_per_half_day=int(table["attempts_per_half_day"]),
            lease=timedelta(minutes=int(table["lease_minutes"])),
            budget_contacts=int(table["contact_budget"]["contacts"]),
            budget_days=int(table["contact_budget"]["days"]),
            appointment_grace=timedelta(minutes=int(table["appointment_grace_minutes"])),
            appointment_days_ahead=int(table["appointment_days_ahead"]),
            look_back_days=int(table["look_back_days"]),
        )
        if not rules.opens < rules.split < rules.closes or min(rules.attempt_limit, rules.attempts_per_half_day) < 1:
            raise ValueError("calling hours must contain the middle of the day, limits begin at one")
        return rules

    def half_day(self, instant: datetime) -> str:
        """The half-day of an instant in the store's zone."""
        local = instant.astimezone(self.zone)
        return f"{local:%Y-%m-%d}{'a' if local.time() < self.split else 'b'}"

    def in_hours(self, instant: datetime) -> bool:
        """Whether survey and care calls may be made: from the opening instant on, up to but not at the closing one."""
        return self.opens <= instant.astimezone(self.zone).time() < self.closes

    def into_hours(self, instant: datetime) -> datetime:
        """The instant itself, or the next moment at which calls may be made, in UTC."""
        local = instant.astimezone(self.zone)
        if local.time() < self.opens:
            return self._at(local.date(), self.opens)
        if local.time() >= self.closes:
            return self._at(local.date() + timedelta(days=1), self.opens)
        return instant.astimezone(UTC)

    def next_half_day(self, instant: datetime) -> datetime:
        """When the half-day after the one of `instant` begins to be callable, in UTC."""
        local = instant.astimezone(self.zone)
        if local.time() < self.split:
            return self._at(local.date(), self.split)
        return self._at(local.date() + timedelta(days=1), self.opens)

    def _at(self, day: date, wall: time) -> datetime:
        return datetime.combine(day, wall, tzinfo=self.zone).astimezone(UTC)


@dataclass(frozen=True)
class OutcomeRule:
    """The flags of an outcome that decide what becomes of a callback."""

    final_status: str = ""
    reached: bool = False
    retry_rule: str = "none"
    retry_value: int | None = None
    retry_times: int | None = None
    counts_to_limit: bool = True
    bad_number: bool = False


@dataclass(frozen=True)
class Next:
    """What a try made of the callback: its status, when it may be tried again, and why it ended."""

    status: str
    not_before: datetime | None = None
    reason: str = ""

    @property
    def is_open(self) -> bool:
        return self.status in ("retry", "appointment", "due")


def after_attempt(
    rules: CallingRules,
    outcome: OutcomeRule,
    *,
    now: datetime,
    counted: Sequence[str],
    same_before: int = 0,
    appointment_at: datetime | None = None,
    other_number: bool = False,
) -> Next:
    """What becomes of a callback after a try.

    counted: half-days of every try that counts to the limit, this one included. same_before: how often this outcome
    came up before. other_number: a further number of the customer is not known to be bad.
    A final outcome ends the callback whatever the limit says. Three half-days tried end it as unreachable; inside a
    half-day already counted one more try stays allowed.
    """
    if outcome.bad_number and other_number:
        return Next("retry", rules.into_hours(now))
    if outcome.final_status:
        return Next(outcome.final_status, reason="bad_number" if outcome.bad_number else "")
    if outcome.retry_rule == "appointment":
        return Next("appointment", appointment_at)
    if outcome.retry_times is not None and same_before >= outcome.retry_times:
        return Next("refused" if outcome.reached else "unreachable", reason="tries")
    again = retry_at(rules, outcome.retry_rule, outcome.retry_value, now=now, counted=counted)
    if outcome.counts_to_limit:
        tried = set(counted)
        if len(tried) >= rules.attempt_limit and rules.half_day(again) not in tried:
            return Next("done" if outcome.reached else "unreachable", reason="attempt_limit")
    return Next("retry", again)


def retry_at(
    rules: CallingRules, rule: str, value: int | None, *, now: datetime, counted: Iterable[str] = ()
) -> datetime:
    """Not before when, in UTC: inside calling hours, and in a half-day that has had fewer than two tries."""
    if rule == "half_day":
        again = rules.next_half_day(now)
    elif rule == "days":
        local = now.astimezone(rules.zone)
        again = (local.replace(tzinfo=None) + timedelta(days=value or 1)).replace(tzinfo=rules.zone).astimezone(UTC)
    else:
        again = now + timedelta(minutes=value or 0)
    again = rules.into_hours(again)
    tried = list(counted)
    while tried.count(rules.half_day(again)) >= rules.attempts_per_half_day:
        again = rules.next_half_day(again)
    return again


def appointment_suggestions(rules: CallingRules, now: datetime) -> list[tuple[str, datetime]]:
    """Moments to offer for "call me later": (code, UTC), soonest first, all in the future and in calling hours."""
    today = now.astimezone(rules.zone).date()
    monday = today + timedelta(days=7 - today.weekday())
    wanted = [
        ("today_evening", today, time(18, 0)),
        ("tomorrow_morning", today + timedelta(days=1), time(9, 30)),
        ("tomorrow_afternoon", today + timedelta(days=1), time(14, 0)),
        ("monday", monday, time(10, 0)),
    ]
    soon = now + timedelta(minutes=15)
    # on a Sunday "Monday" is tomorrow, which is offered already
    return [
        (code, rules._at(day, wall))
        for code, day, wall in wanted
        if rules._at(day, wall) > soon and not (code == "monday" and day == today + timedelta(days=1))
    ]
