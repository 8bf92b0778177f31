"""Clocks that deadlines run on: elapsed hours, and the opening hours of a calendar (POLICY section 3).

Pure arithmetic: no database and nobody asks what time it is now. Instants are aware datetimes and come
back in UTC; spans are timedeltas of time that really passes. Local wall times are turned into UTC one by
one before anything is added or compared, because arithmetic on aware local datetimes is wall-clock
arithmetic and is wrong on days when clocks change.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
NOTHING = timedelta(0)
MINUTES_A_DAY = 24 * 60
# The search for the next open day ends here instead of overflowing.
END_OF_TIME = date(9998, 12, 31)
# A span of many years must not keep all its days in memory; four thousand days are eleven years.
REMEMBERED_DAYS = 4000

_WALL_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00")

Span = tuple[datetime, datetime]
Windows = Sequence[Sequence[str]]


class CalendarYearMissing(ValueError):
    """A date lies in a `year` for which the calendar has no holiday data."""

    def __init__(self, year: int):
        super().__init__(year)
        self.year = year

    def __str__(self):
        return f"the calendar has no holidays for {self.year}"


class CountedSpan(NamedTuple):
    """One line of the explanation of a due time: on the local `day` the time `opens`-`closes` (UTC) counted."""

    day: date
    opens: datetime
    closes: datetime
    counted: timedelta


def as_utc(instant: datetime) -> datetime:
    """The instant in UTC; ValueError when it is naive."""
    if instant.utcoffset() is None:
        raise ValueError("a time without a zone is not an instant")
    return instant.astimezone(UTC)


class ElapsedClock:
    """The clock that never stops; answers like a BusinessCalendar that is always open."""

    def add(self, start: datetime, delta: timedelta) -> datetime:
        """The instant `delta` after `start`, in UTC. ValueError: naive start, negative delta."""
        return as_utc(start) + _not_negative(delta)

    def open_between(self, start: datetime, end: datetime) -> timedelta:
        """The time from `start` to `end`. ValueError: naive instants, end before start."""
        return _not_negative(as_utc(end) - as_utc(start))


ELAPSED = ElapsedClock()


class BusinessCalendar:
    """Opening hours per weekday, closed holidays and make-up working days, in one zone.

    timezone: name or tzinfo. opening_hours: weekday 0-6 (Monday 0; int or digit, as JSON has it) -> windows
    ("HH:MM", "HH:MM"), "24:00" allowed, sorted and not overlapping; windows of no length open nothing.
    holidays: closed dates. workdays: make-up dates, they win over holidays and have the windows
    `workday_hours`, default those of the first weekday with hours. Dates are dates or ISO texts.
    years: the years whose holidays are known; a date outside them raises CalendarYearMissing.
    None: the dates given are complete.

    An ambiguous wall time is its first occurrence, a missing one reads with the offset before the clock
    change. Windows that a clock change pushes over each other count once.
    ValueError: anything malformed, an unknown zone, a calendar that never opens.
    """

    def __init__(
        self,
        timezone: str | tzinfo,
        opening_hours: Mapping[int | str, Windows],
        holidays: Iterable[date | str] = (),
        workdays: Iterable[date | str] = (),
        years: Iterable[int | str] | None = None,
        workday_hours: Windows | None = None,
    ):
        self.zone = _zone(timezone)
        self._week = _week(opening_hours)
        self._holidays = frozenset(map(_as_date, holidays))
        self._workdays = frozenset(map(_as_date, workdays))
        self._years = None if years is None else frozenset(map(int, years))
        first_with_hours = next(filter(None, self._week), ())
        self._workday_hours = first_with_hours if workday_hours is None else _windows(workday_hours)
        self._last_day = self._last_open_day()
        self._remembered: dict[date, tuple[Span, ...]] = {}

    # -- spans of time

    def add(self, start: datetime, delta: timedelta) -> datetime:
        """The instant, in UTC, at which the store has been open for `delta` since `start`.

        A span that ends exactly at closing ends at closing; delta 0 gives the first open instant.
        ValueError: naive start, negative delta, never open again. CalendarYearMissing: see the class.
        """
        *_, (_opens, end) = self._counted(start, delta)
        return end

    def explain(self, start: datetime, delta: timedelta) -> list[CountedSpan]:
        """How add(start, delta) was reckoned: one line or more, summing to delta, the last ends at the result."""
        return [
            CountedSpan(opens.astimezone(self.zone).date(), opens, closes, closes - opens)
            for opens, closes in self._counted(start, delta)
        ]

    def open_between(self, start: datetime, end: datetime) -> timedelta:
        """How long the store is really open from `start` to `end`. ValueError: naive, or end before start."""
        start, end = as_utc(start), as_utc(end)
        _not_negative(end - start)
        total, day = NOTHING, self._day_of(start)
        while self._midnight(day) < end:
            for opens, closes in self._open_spans(day):
                total += max(min(closes, end) - max(opens, start), NOTHING)
            day += DAY
        return total

    def is_open(self, instant: datetime) -> bool:
        """Open from the opening instant on, up to but not including the closing instant."""
        instant = as_utc(instant)
        return any(opens <= instant < closes for opens, closes in self._open_spans(self._day_of(instant)))

    def windows(self, day: date) -> list[Span]:
        """The open spans between the midnights of the local `day`, in UTC, sorted, apart from each other."""
        return list(self._open_spans(day))

    # -- working days

    def is_workday(self, day: date) -> bool:
        """Whether the store opens on that local day."""
        self._require_year(day)
        return bool(self._hours(day))

    def add_workdays(self, day: date, n: int) -> date:
        """The n-th working day after `day`, which is not counted itself; n = 0 gives `day`.

        ValueError: negative n, a datetime for a day, no working day left. CalendarYearMissing: see the class.
        """
        if isinstance(day, datetime):
            raise ValueError("working days count from a date, not from an instant")
        if n < 0:
            raise ValueError("working days do not count backwards")
        self._require_year(day)
        while n:
            day = self._next_day(day)
            n -= self.is_workday(day)
        return day

    def end_of_workdays(self, start: datetime, n: int) -> datetime:
        """When `n` working days after the local day of `start` are over, in UTC.

        That is the midnight which ends the n-th day: done at that very instant is still in time.
        """
        day = self.add_workdays(as_utc(start).astimezone(self.zone).date(), n)
        return self._midnight(day + DAY)

    # -- inside

    def _last_open_day(self) -> date:
        if any(self._week):
            return END_OF_TIME
        if self._workdays and self._workday_hours:
            return max(self._workdays)
        raise ValueError("the calendar never opens")

    def _next_day(self, day: date) -> date:
        if day >= self._last_day:
            raise ValueError(f"the calendar never opens after {self._last_day}")
        return day + DAY

    def _counted(self, start: datetime, delta: timedelta) -> Iterator[Span]:
        """The open spans from `start` on which together last `delta`; one empty span for delta 0."""
        start, left = as_utc(start), _not_negative(delta)
        day = self._day_of(start)
        while True:
            for opens, closes in self._open_spans(day):
                if closes > start:
                    opens = max(opens, start)
                    taken = min(closes - opens, left)
                    yield opens, opens + taken
                    left -= taken
                    if not left:
                        return
            day = self._next_day(day)

    def _open_spans(self, day: date) -> tuple[Span, ...]:
        self._require_year(day)
        if day not in self._remembered:
            if len(self._remembered) >= REMEMBERED_DAYS:
                self._remembered.clear()
            self._remembered[day] = self._reckon_spans(day)
        return self._remembered[day]

    def _reckon_spans(self, day: date) -> tuple[Span, ...]:
        # A clock change around midnight moves windows over the edge of their day. So each day takes what
        # lies between its midnights, whichever day's windows it comes from.
        begin, end = self._midnight(day), self._midnight(day + DAY)
        near = (day - DAY, day, day + DAY)
        spans = sorted((self._instant(d, a), self._instant(d, b)) for d in near for a, b in self._hours(d))
        apart: list[Span] = []
        for opens, closes in spans:
            opens, closes = max(opens, begin), min(closes, end)
            if opens >= closes:
                continue
            if apart and opens <= apart[-1][1]:
                apart[-1] = (apart[-1][0], max(apart[-1][1], closes))
            else:
                apart.append((opens, closes))
        return tuple(apart)

    def _hours(self, day: date) -> tuple[tuple[int, int], ...]:
        if day in self._workdays:
            return self._workday_hours
        return () if day in self._holidays else self._week[day.weekday()]

    def _require_year(self, day: date) -> None:
        if self._years is not None and day.year not in self._years:
            raise CalendarYearMissing(day.year)

    def _day_of(self, instant: datetime) -> date:
        """The day between whose midnights the instant lies; not its local date where midnight comes twice."""
        day = instant.astimezone(self.zone).date()
        while self._midnight(day) > instant:
            day -= DAY
        while self._midnight(day + DAY) <= instant:
            day += DAY
        return day

    def _midnight(self, day: date) -> datetime:
        return self._instant(day, 0)

    def _instant(self, day: date, minutes: int) -> datetime:
        if minutes == MINUTES_A_DAY:
            day, minutes = day + DAY, 0
        # fold stays 0: the first of two, and before a gap the offset that held until then.
        wall = datetime.combine(day, time(*divmod(minutes, 60)), tzinfo=self.zone)
        return wall.astimezone(UTC)


def national_workdays(
    timezone: str | tzinfo,
    holidays: Iterable[date | str] = (),
    workdays: Iterable[date | str] = (),
    years: Iterable[int | str] | None = None,
) -> BusinessCalendar:
    """A country's working days, Monday to Friday; stores on the elapsed clock count by it."""
    week = {weekday: [("00:00", "24:00")] for weekday in range(5)}
    return BusinessCalendar(timezone, week, holidays, workdays, years)


def _not_negative(delta: timedelta) -> timedelta:
    if delta < NOTHING:
        raise ValueError("time does not run backwards")
    return delta


def _zone(timezone: str | tzinfo) -> tzinfo:
    if isinstance(timezone, tzinfo):
        return timezone
    try:
        return ZoneInfo(timezone)
    except (KeyError, OSError) as error:  # an unknown name, or one that is a folder of the zone database
        raise ValueError(f"unknown time zone {timezone!r}") from error


def _as_date(value: date | str) -> date:
    if isinstance(value, str):
        return date.fromisoformat(value)
    if isinstance(value, datetime) or not isinstance(value, date):
        raise ValueError(f"not a date: {value!r}")
    return value


def _week(opening_hours: Mapping[int | str, Windows]) -> list[tuple[tuple[int, int], ...]]:
    by_weekday = {int(weekday): _windows(windows) for weekday, windows in opening_hours.items()}
    if len(by_weekday) != len(opening_hours) or not by_weekday.keys() <= set(range(7)):
        raise ValueError("opening hours have the weekdays 0 to 6, each once")
    return [by_weekday.get(weekday, ()) for weekday in range(7)]


def _windows(pairs: Windows) -> tuple[tuple[int, int], ...]:
    windows, closed_since = [], 0
    for pair in pairs:
        opens, closes = map(_minutes, pair)
        if not closed_since <= opens <= closes:
            raise ValueError("opening hours of a day must be sorted and must not overlap")
        closed_since = closes
        if opens < closes:
            windows.append((opens, closes))
    return tuple(windows)


def _minutes(wall_time: str) -> int:
    if not isinstance(wall_time, str) or not _WALL_TIME.fullmatch(wall_time):
        raise ValueError(f"not a time of day: {wall_time!r}")
    return int(wall_time[:2]) * 60 + int(wall_time[3:])
