"""BusinessCalendar against an oracle that walks minute by minute where clocks change.

The oracle knows what the wall clock shows in each minute of UTC, and marks the minutes that are open.
"""

import random
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from csi_portal.organization.calendars import BusinessCalendar

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)

PLACES = [
    ("Asia/Shanghai", date(2026, 2, 14)),
    ("Asia/Shanghai", date(1986, 5, 4)),
    ("Asia/Shanghai", date(1991, 9, 15)),
    ("Asia/Shanghai", date(1940, 6, 1)),
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("America/St_Johns", date(2006, 4, 2)),
    ("America/St_Johns", date(2006, 10, 29)),
    ("America/St_Johns", date(2026, 3, 8)),
    ("America/Havana", date(2026, 3, 8)),
    ("America/Havana", date(2026, 11, 1)),
    ("America/Sao_Paulo", date(2018, 2, 18)),
    ("America/Toronto", date(1919, 3, 31)),  # 23:30 -> 00:30 of the next day
    ("Pacific/Apia", date(2011, 12, 30)),  # a day left out
    ("Pacific/Kwajalein", date(1969, 10, 1)),  # a day that came twice
]
DAYS_BEFORE, DAYS_AFTER = 5, 8


class Oracle:
    """Walks over minutes; knows nothing of offsets, folds and gaps but what the wall clock shows."""

    def __init__(self, zone, middle):
        self.begin = datetime(middle.year, middle.month, middle.day, tzinfo=UTC) - DAYS_BEFORE * DAY
        count = (DAYS_BEFORE + DAYS_AFTER) * 24 * 60
        instants = (self.begin + n * MINUTE for n in range(count))
        self.walls = [at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for at in instants]
        self.days = sorted({wall.date() for wall in self.walls})
        self.days = [self.days[0] + n * DAY for n in range((self.days[-1] - self.days[0]).days + 1)][1:-1]
        self.first, self.gaps = {}, []
        for index, wall in enumerate(self.walls):
            self.first.setdefault(wall, index)
            if index and wall - self.walls[index - 1] > MINUTE:
                self.gaps.append((self.walls[index - 1], wall, index - 1))

    def index(self, day, text):
        """The minute at which the wall clock shows it first, or would have had the clock not jumped over it."""
        wall = datetime(day.year, day.month, day.day) + int(text[:2]) * HOUR + int(text[3:]) * MINUTE  # noqa: DTZ001
        if wall in self.first:
            return self.first[wall]
        before, index = next((w, i) for w, after, i in self.gaps if w < wall < after)
        return index + (wall - before) // MINUTE

    def open_minutes(self, spec):
        """One byte a minute, 1 when open; the edges of the walk, two days wide, are not to be used."""
        week, holidays, workdays, workday_hours = spec
        minutes = bytearray(len(self.walls) + 24 * 60)
        for day in self.days:
            if day in workdays:
                windows = workday_hours or next(week[n] for n in range(7) if any(a < b for a, b in week[n]))
            else:
                windows = [] if day in holidays else week[day.weekday()]
            for opens, closes in windows:
                for index in range(self.index(day, opens), self.index(day, closes) if closes else 0):
                    minutes[index] = 1
        return minutes

    def add(self, minutes, start, delta):
        """Minute by minute from `start`; None when the walk ends first."""
        at = start
        while (index := (at - self.begin) // MINUTE) < len(self.walls) - 2 * 24 * 60:
            ends = self.begin + (index + 1) * MINUTE
            if minutes[index]:
                if ends - at >= delta:
                    return at + delta
                delta -= ends - at
            at = ends
        return None


@cache
def oracle_of(zone, middle):
    return Oracle(zone, middle)


# Where clocks change is where windows must begin and end.
TIMES = [
    "00:00",
    "00:01",
    "00:30",
    "01:00",
    "01:30",
    "01:45",
    "02:00",
    "02:15",
    "02:30",
    "02:45",
    "03:00",
    "03:30",
]
TIMES += ["09:00", "12:00", "13:00", "17:59", "18:00", "22:00", "23:00", "23:01", "23:30", "23:45", "24:00"]


def random_windows(rng):
    edges = sorted(rng.choice(TIMES) for _ in range(2 * rng.choice([0, 1, 1, 1, 2, 3])))
    return list(zip(edges[::2], edges[1::2], strict=True))


def random_case(rng):
    """(zone, oracle, calendar, its open minutes, start, delta) or None for a calendar that never opens."""
    zone, middle = rng.choice(PLACES)
    oracle = oracle_of(zone, middle)
    week = [random_windows(rng) for _ in range(7)]
    holidays = rng.sample(oracle.days, rng.choice([0, 0, 1, 3]))
    workdays = rng.sample(oracle.days, rng.choice([0, 0, 1, 2]))
    workday_hours = rng.choice([None, [("01:00", "24:00")]])
    if not any(opens < closes for windows in week for opens, closes in windows):
        return None
    calendar = BusinessCalendar(zone, dict(enumerate(week)), holidays, workdays, workday_hours=workday_hours)
    minutes = oracle.open_minutes((week, holidays, workdays, workday_hours))
    second = rng.choice([0, 0, rng.randrange(24 * 3600)])
    start = oracle.begin + rng.randrange(3, DAYS_BEFORE + 2) * DAY + second * timedelta(seconds=1)
    if rng.random() < 0.5:  # near the clock change
        start = datetime(middle.year, middle.month, middle.day, tzinfo=UTC) + rng.randrange(-1080, 1080) * MINUTE
    delta = rng.choice([0, 1, 15, 30, 60, 90, 120, rng.randrange(3000)]) * MINUTE
    delta += rng.choice([0, 0, 0, rng.randrange(60_000_000)]) * timedelta(microseconds=1)
    return zone, oracle, calendar, minutes, start, delta


def check_against_oracle(case):
    """Compare add, explain, open_between and is_open; False when the walk was too short to tell."""
    _zone, oracle, calendar, minutes, start, delta = case
    expected = oracle.add(minutes, start, delta)
    if expected is None:
        return False
    result = calendar.add(start, delta)
    assert result == expected
    lines = calendar.explain(start, delta)
    assert sum((line.counted for line in lines), timedelta(0)) == delta
    assert lines[-1].closes == result
    first, last = (-(-(at - oracle.begin) // MINUTE) for at in (start, start + 2 * DAY))
    whole = calendar.open_between(oracle.begin + first * MINUTE, oracle.begin + last * MINUTE)
    assert whole == sum(minutes[first:last]) * MINUTE
    assert calendar.is_open(oracle.begin + first * MINUTE) == bool(minutes[first])
    return True


def test_random_calendars_equal_the_oracle():
    rng = random.Random(20261122)
    checked = 0
    while checked < 1500:
        case = random_case(rng)
        checked += case is not None and check_against_oracle(case)


@settings(max_examples=150, deadline=None)
@given(rng=st.randoms(use_true_random=False))
def test_any_calendar_equals_the_oracle(rng):
    case = random_case(rng)
    assume(case is not None)
    assume(check_against_oracle(case))


@settings(max_examples=150, deadline=None)
@given(rng=st.randoms(use_true_random=False), more=st.integers(1, 10**10))
def test_spans_add_up(rng, more):
    case = random_case(rng)
    assume(case is not None)
    _zone, _oracle, calendar, _minutes, start, delta = case
    more *= timedelta(microseconds=1)
    middle = calendar.add(start, delta)
    assert calendar.add(middle, more) == calendar.add(start, delta + more)
    assert calendar.open_between(start, middle) == delta
    assert calendar.add(start, delta + more) > middle


@settings(max_examples=100, deadline=None)
@given(
    start=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    minutes=st.integers(0, 5000),
    holidays=st.sets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=40),
)
def test_a_holiday_never_makes_anything_earlier(start, minutes, holidays):
    hours = dict.fromkeys(range(5), [("09:00", "18:00")])
    plain = BusinessCalendar("America/New_York", hours)
    with_holidays = BusinessCalendar("America/New_York", hours, holidays)
    assert with_holidays.add(start, minutes * MINUTE) >= plain.add(start, minutes * MINUTE)
