"""Weeks and months as values."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reports.periods import MONTH, WEEK, Period


@pytest.mark.parametrize(
    ("code", "first", "last"),
    [
        ("2026-W47", date(2026, 11, 16), date(2026, 11, 22)),
        ("2026-W01", date(2025, 12, 29), date(2026, 1, 4)),
        ("2026-W53", date(2026, 12, 28), date(2027, 1, 3)),
        ("2020-W53", date(2020, 12, 28), date(2021, 1, 3)),
        ("2026-11", date(2026, 11, 1), date(2026, 11, 30)),
        ("2028-02", date(2028, 2, 1), date(2028, 2, 29)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
    ],
)
def test_a_code_names_its_days_and_back(code, first, last):
    period = Period.parse(code)
    assert (period.start, period.last_day, period.code) == (first, last, code)


@pytest.mark.parametrize(
    "code",
    ["2025-W53", "2026-W00", "2026-W54", "2026-13", "2026-00", "2026-1", "2026", "", "26-W47", "1999-12", "x2026-11"],
)
def test_what_is_no_period_is_refused(code):
    with pytest.raises(ValueError):
        Period.parse(code)


@pytest.mark.parametrize(
    ("kind", "start"), [(WEEK, date(2026, 11, 17)), (MONTH, date(2026, 11, 2)), ("day", date(2026, 11, 1))]
)
def test_a_period_starts_on_its_first_day(kind, start):
    with pytest.raises(ValueError):
        Period(kind, start)


@pytest.mark.parametrize("kind", [WEEK, MONTH])
def test_every_day_of_ten_years_lies_in_exactly_one_period(kind):
    day, period = date(2020, 1, 1), Period.of(kind, date(2020, 1, 1))
    while day < date(2030, 1, 1):
        if day >= period.end:
            assert period.next().previous() == period
            period = period.next()
        assert period.start <= day <= period.last_day
        assert Period.of(kind, day) == period == Period.parse(period.code)
        day += timedelta(days=1)


def test_the_bounds_are_the_stores_midnights():
    assert Period.parse("2026-W47").bounds(ZoneInfo("Asia/Shanghai")) == (
        datetime(2026, 11, 15, 16, tzinfo=UTC),
        datetime(2026, 11, 22, 16, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("zone", "code", "hours"),
    [
        ("Asia/Shanghai", "2026-W43", 168),
        ("Europe/Berlin", "2026-W43", 169),
        ("Europe/Berlin", "2026-W13", 167),
        ("America/Santiago", "2026-W36", 167),  # the jump lies on the midnight of a Sunday
        ("America/Santiago", "2026-W14", 169),
    ],
)
def test_a_week_is_as_long_as_its_days(zone, code, hours):
    first, after = Period.parse(code).bounds(ZoneInfo(zone))
    assert after - first == timedelta(hours=hours)
    assert Period.parse(code).next().bounds(ZoneInfo(zone))[0] == after
