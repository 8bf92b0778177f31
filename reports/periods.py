"""Weeks and months of a store (POLICY: weeks run Monday–Sunday, a month is a calendar month in the store's zone).

Pure: no database and no clock.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEK = "week"
MONTH = "month"

_WEEK_CODE = re.compile(r"(\d{4})-W(\d{2})")
_MONTH_CODE = re.compile(r"(\d{4})-(\d{2})")
_YEARS = range(2000, 2101)


@dataclass(frozen=True, order=True)
class Period:
    """A week from its Monday or a month from its first day; `end` is the first day after it."""

    kind: str
    start: date

    def __post_init__(self):
        first_day = self.start.weekday() == 0 if self.kind == WEEK else self.start.day == 1
        if self.kind not in (WEEK, MONTH) or not first_day or self.start.year not in _YEARS:
            raise ValueError(f"not the start of a {self.kind}: {self.start}")

    @classmethod
    def parse(cls, code: str) -> "Period":
        """Read `2026-W47` or `2026-11`; ValueError for anything else, also for week 53 of a year that has 52."""
        if match := _WEEK_CODE.fullmatch(code):
            return cls(WEEK, date.fromisocalendar(int(match[1]), int(match[2]), 1))
        if match := _MONTH_CODE.fullmatch(code):
            return cls(MONTH, date(int(match[1]), int(match[2]), 1))
        raise ValueError(f"neither a week like 2026-W47 nor a month like 2026-11: {code!r}")

    @classmethod
    def of(cls, kind: str, day: date) -> "Period":
        """The week or month the day lies in."""
        return cls(kind, day - timedelta(days=day.weekday()) if kind == WEEK else day.replace(day=1))

    @property
    def code(self) -> str:
        """`2026-W47` or `2026-11`."""
        if self.kind == WEEK:
            year, week, _day = self.start.isocalendar()
            return f"{year}-W{week:02}"
        return f"{self.start:%Y-%m}"

    @property
    def end(self) -> date:
        if self.kind == WEEK:
            return self.start + timedelta(days=7)
        return (self.start + timedelta(days=31)).replace(day=1)

    @property
    def last_day(self) -> date:
        return self.end - timedelta(days=1)

    def next(self) -> "Period":
        return Period(self.kind, self.end)

    def previous(self) -> "Period":
        return Period.of(self.kind, self.start - timedelta(days=1))

    def bounds(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """First instant and first instant after it, in UTC: what lies in [first, after) is of the period."""
        return midnight(self.start, zone), midnight(self.end, zone)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The instant the local day begins, in UTC; where clocks jump over midnight, the jump itself."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)
