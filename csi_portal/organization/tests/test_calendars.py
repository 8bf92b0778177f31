"""BusinessCalendar against tables of cases."""

import csv
import json
import os
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csi_portal.organization import calendars
from csi_portal.organization.calendars import (
    ELAPSED,
    BusinessCalendar,
    CalendarYearMissing,
    as_utc,
    national_workdays,
)

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
NINE_TO_SIX = [("09:00", "18:00")]
ROUND_THE_CLOCK = [("00:00", "24:00")]
CHINA = json.loads((Path(calendars.__file__).parent / "defaults/china_calendar.json").read_text("utf-8"))


def every_day(windows):
    return dict.fromkeys(range(7), windows)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text, zone="Asia/Shanghai", fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


@pytest.fixture
def shop():
    """Open 9-12 and 13-18 from Monday to Friday, closed on Thursday 1 October 2026, open on Saturday 10."""
    hours = {weekday: [("09:00", "12:00"), ("13:00", "18:00")] for weekday in range(5)}
    return BusinessCalendar("Asia/Shanghai", hours, holidays=["2026-10-01"], workdays=["2026-10-10"])


# -- add: edges of a day


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-09-28T09:00", 2, "2026-09-28T11:00"),
        ("2026-09-28T08:00", 2, "2026-09-28T11:00"),  # before opening
        ("2026-09-28T11:00", 2, "2026-09-28T14:00"),  # over lunch
        ("2026-09-28T11:00", 1, "2026-09-28T12:00"),  # ends exactly at closing
        ("2026-09-28T12:00", 1, "2026-09-28T14:00"),  # starts exactly at closing
        ("2026-09-28T12:30", 1, "2026-09-28T14:00"),
        ("2026-09-28T16:00", 2, "2026-09-28T18:00"),
        ("2026-09-28T17:00", 2, "2026-09-29T10:00"),  # over night
        ("2026-09-30T17:00", 2, "2026-10-02T10:00"),  # over the holiday
        ("2026-10-01T10:00", 1, "2026-10-02T10:00"),  # received on the holiday
        ("2026-10-02T17:00", 2, "2026-10-05T10:00"),  # over the weekend
        ("2026-10-09T17:00", 2, "2026-10-10T10:00"),  # a Saturday that is worked
        ("2026-10-03T10:00", 8, "2026-10-05T18:00"),
        ("2026-09-28T09:00", 0, "2026-09-28T09:00"),
        ("2026-09-28T10:30", 0, "2026-09-28T10:30"),
        ("2026-09-28T12:00", 0, "2026-09-28T13:00"),  # closing is not open
        ("2026-09-28T18:00", 0, "2026-09-29T09:00"),
        ("2026-09-30T18:00", 0, "2026-10-02T09:00"),
    ],
)
def test_add_in_shanghai(shop, start, hours, end):
    result = shop.add(local(start), hours * HOUR)
    assert result == local(end)
    assert result.tzinfo is UTC


def test_add_keeps_microseconds_and_takes_any_zone(shop):
    start = local("2026-09-28T17:59:59.999999")
    assert shop.add(start.astimezone(timezone(-5 * HOUR)), timedelta(microseconds=1)) == local("2026-09-28T18:00")
    assert shop.add(start, timedelta(microseconds=2)) == local("2026-09-29T09:00:00.000001")


def test_windows_up_to_midnight_run_into_the_next_day():
    bar = BusinessCalendar("Asia/Shanghai", every_day([("00:00", "02:00"), ("20:00", "24:00")]))
    assert bar.add(local("2026-09-28T23:00"), 2 * HOUR) == local("2026-09-29T01:00")
    assert bar.add(local("2026-09-28T23:00"), HOUR) == local("2026-09-29T00:00")
    assert bar.add(local("2026-09-29T00:00"), timedelta(0)) == local("2026-09-29T00:00")
    assert bar.add(local("2026-09-28T23:00"), 3 * HOUR) == local("2026-09-29T02:00")


def test_a_sparse_calendar_finds_the_next_tuesday():
    tuesdays = BusinessCalendar("Asia/Shanghai", {1: NINE_TO_SIX})
    assert tuesdays.add(local("2026-09-30T10:00"), HOUR) == local("2026-10-06T10:00")
    assert tuesdays.add(local("2026-09-29T10:00"), 27 * HOUR) == local("2026-10-20T10:00")


def test_spans_of_years():
    shop = BusinessCalendar("Europe/Berlin", dict.fromkeys(range(5), NINE_TO_SIX))
    # 2020 to 2025 have 1566 Mondays to Fridays.
    end = shop.add(local("2020-01-01T00:00", "Europe/Berlin"), 1566 * 9 * HOUR)
    assert end == local("2025-12-31T18:00", "Europe/Berlin")
    always = BusinessCalendar("Europe/Berlin", every_day(ROUND_THE_CLOCK))
    start = utc("2020-02-28T12:34:56.789")
    assert always.add(start, 5000 * DAY) == start + 5000 * DAY
    assert always.open_between(start, start + 5000 * DAY) == 5000 * DAY


def test_keys_may_be_digits_and_windows_lists_as_json_has_them(shop):
    hours = {str(weekday): [["09:00", "12:00"], ["13:00", "18:00"]] for weekday in range(5)}
    same = BusinessCalendar(
        ZoneInfo("Asia/Shanghai"),
        json.loads(json.dumps(hours)),
        holidays=iter([date(2026, 10, 1)]),
        workdays=iter([date(2026, 10, 10)]),
        years=iter(["2026"]),
    )
    for offset in range(0, 400, 7):
        start = utc("2026-09-25T00:30") + offset * HOUR
        assert same.add(start, 5 * HOUR) == shop.add(start, 5 * HOUR)


# -- add: days on which clocks change

BERLIN_SPRING, BERLIN_AUTUMN = date(2026, 3, 29), date(2026, 10, 25)


@pytest.mark.parametrize(
    ("zone", "day", "windows", "spans"),
    [
        # 02:00 -> 03:00 at 01:00Z
        ("Europe/Berlin", BERLIN_SPRING, [("01:00", "04:00")], [("00:00", "02:00")]),
        ("Europe/Berlin", BERLIN_SPRING, [("01:00", "02:00")], [("00:00", "01:00")]),
        ("Europe/Berlin", BERLIN_SPRING, [("01:00", "02:30")], [("00:00", "01:30")]),
        ("Europe/Berlin", BERLIN_SPRING, [("02:30", "05:00")], [("01:30", "03:00")]),
        ("Europe/Berlin", BERLIN_SPRING, [("02:15", "02:45")], [("01:15", "01:45")]),
        ("Europe/Berlin", BERLIN_SPRING, [("02:45", "03:15")], []),
        ("Europe/Berlin", BERLIN_SPRING, [("02:00", "03:00")], []),
        # windows pushed over each other count once, windows that change places are both open
        ("Europe/Berlin", BERLIN_SPRING, [("01:00", "02:30"), ("03:00", "04:00")], [("00:00", "02:00")]),
        (
            "Europe/Berlin",
            BERLIN_SPRING,
            [("02:30", "02:45"), ("03:00", "03:10")],
            [("01:00", "01:10"), ("01:30", "01:45")],
        ),
        # 03:00 -> 02:00 at 01:00Z
        ("Europe/Berlin", BERLIN_AUTUMN, [("01:00", "04:00")], [("23:00-", "03:00")]),
        ("Europe/Berlin", BERLIN_AUTUMN, [("02:00", "03:00")], [("00:00", "02:00")]),
        ("Europe/Berlin", BERLIN_AUTUMN, [("01:00", "02:30")], [("23:00-", "00:30")]),
        ("Europe/Berlin", BERLIN_AUTUMN, [("02:30", "03:00")], [("00:30", "02:00")]),
        ("Europe/Berlin", BERLIN_AUTUMN, [("02:00", "02:30")], [("00:00", "00:30")]),
        ("Europe/Berlin", BERLIN_AUTUMN, ROUND_THE_CLOCK, [("22:00-", "23:00")]),
        # half an hour: 02:00 -> 02:30 on 4 October 2026 at 15:30Z, back from 02:00 to 01:30 on 5 April at 15:00Z
        ("Australia/Lord_Howe", date(2026, 10, 4), [("01:00", "03:00")], [("14:30-", "16:00-")]),
        ("Australia/Lord_Howe", date(2026, 10, 4), [("01:00", "02:15")], [("14:30-", "15:45-")]),
        ("Australia/Lord_Howe", date(2026, 4, 5), [("01:30", "02:00")], [("14:30-", "15:30-")]),
        # midnight itself: 00:00 -> 01:00 in Havana, and 01:00 -> 00:00
        ("America/Havana", date(2026, 3, 8), [("00:00", "02:00")], [("05:00", "06:00")]),
        ("America/Havana", date(2026, 3, 8), [("00:30", "02:00")], [("05:30", "06:00")]),
        ("America/Havana", date(2026, 11, 1), [("00:00", "01:00")], [("04:00", "06:00")]),
        ("America/Havana", date(2026, 10, 31), [("23:00", "24:00")], [("03:00+", "04:00+")]),
        # one minute past midnight: 00:01 -> 23:01 of the day before in St. John's until 2011
        ("America/St_Johns", date(2006, 10, 28), [("23:00", "24:00")], [("01:30+", "02:30+")]),
        ("America/St_Johns", date(2006, 10, 29), [("00:00", "01:00")], [("02:30", "04:30")]),
        ("America/St_Johns", date(2006, 4, 2), [("00:00", "01:30")], [("03:30", "04:00")]),
        # China had summer time from 1986 to 1991: 02:00 -> 03:00
        ("Asia/Shanghai", date(1986, 5, 4), [("01:00", "04:00")], [("17:00-", "19:00-")]),
        ("Asia/Shanghai", date(1991, 9, 15), [("00:00", "03:00")], [("15:00-", "19:00-")]),
        # a day that never was (30 December 2011 in Samoa) has no time between its midnights
        ("Pacific/Apia", date(2011, 12, 30), NINE_TO_SIX, []),
        ("Pacific/Apia", date(2011, 12, 31), NINE_TO_SIX, [("19:00-", "04:00")]),
    ],
)
def test_windows_where_clocks_change(zone, day, windows, spans):
    calendar = BusinessCalendar(zone, every_day([]) | {day.weekday(): windows}, holidays=[day - DAY, day + DAY])

    def instant(text):
        shift = {"-": -1, "+": 1}.get(text[5:], 0)
        return utc(f"{day + shift * DAY}T{text[:5]}")

    assert calendar.windows(day) == [(instant(opens), instant(closes)) for opens, closes in spans]


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        ("2026-03-29T01:30", 60, "2026-03-29T01:30"),  # 01:30 +1 h is 03:30 local
        ("2026-03-28T23:30", 120, "2026-03-29T00:30"),
        ("2026-10-25T01:30", 120, "2026-10-25T01:30"),  # 02:30 the second time
    ],
)
def test_add_counts_the_time_that_really_passes(start, minutes, end):
    night = BusinessCalendar("Europe/Berlin", every_day(ROUND_THE_CLOCK))
    assert night.add(local(start, "Europe/Berlin"), minutes * MINUTE) == utc(end)


def test_a_start_in_the_repeated_hour_is_told_apart_by_its_fold():
    night = BusinessCalendar("Europe/Berlin", every_day([("02:00", "03:00")]))
    first, second = (local("2026-10-25T02:30", "Europe/Berlin", fold) for fold in (0, 1))
    assert night.add(first, HOUR) == utc("2026-10-25T01:30")
    assert night.add(second, HOUR) == utc("2026-10-26T01:30")
    assert night.open_between(first, second) == HOUR


# -- make-up days, holidays, years


def test_make_up_days_win_over_holidays_and_use_the_first_weekday_with_hours():
    calendar = BusinessCalendar(
        "Asia/Shanghai",
        {2: [("10:00", "16:00")], 4: NINE_TO_SIX},
        holidays=["2026-10-10", "2026-10-11"],
        workdays=["2026-10-10"],
    )
    assert calendar.windows(date(2026, 10, 10)) == [(local("2026-10-10T10:00"), local("2026-10-10T16:00"))]
    assert calendar.windows(date(2026, 10, 11)) == []


def test_workday_hours_can_be_given():
    calendar = BusinessCalendar(
        "Asia/Shanghai",
        {0: NINE_TO_SIX},
        workdays=["2026-10-05", "2026-10-10"],
        workday_hours=[("10:00", "11:00")],
    )
    for day in ("2026-10-05", "2026-10-10"):  # also on a Monday
        assert calendar.windows(date.fromisoformat(day)) == [(local(f"{day}T10:00"), local(f"{day}T11:00"))]
    closed = BusinessCalendar("Asia/Shanghai", {0: NINE_TO_SIX}, workdays=["2026-10-10"], workday_hours=[])
    assert closed.windows(date(2026, 10, 10)) == []
    assert not closed.is_workday(date(2026, 10, 10))


def test_a_missing_year_is_said_not_guessed():
    shop = BusinessCalendar("Asia/Shanghai", every_day(NINE_TO_SIX), years=[2025, 2026])
    last_day = local("2026-12-31T17:00")
    assert shop.add(last_day, HOUR) == local("2026-12-31T18:00")
    assert shop.open_between(last_day, local("2027-01-01T00:00")) == HOUR
    assert shop.add(local("2025-01-01T00:00"), HOUR) == local("2025-01-01T10:00")
    assert shop.end_of_workdays(local("2026-12-30T10:00"), 1) == local("2027-01-01T00:00")
    for attempt in (
        lambda: shop.add(last_day, HOUR + MINUTE),
        lambda: shop.add(local("2026-12-31T18:00"), timedelta(0)),
        lambda: shop.add(local("2027-06-01T10:00"), timedelta(0)),
        lambda: shop.add(local("2024-12-31T23:00"), HOUR),
        lambda: shop.explain(last_day, DAY),
        lambda: shop.open_between(last_day, local("2027-01-01T00:01")),
        lambda: shop.is_open(local("2027-01-01T10:00")),
        lambda: shop.is_workday(date(2027, 1, 1)),
        lambda: shop.windows(date(2027, 1, 1)),
        lambda: shop.add_workdays(date(2026, 12, 31), 1),
        lambda: shop.add_workdays(date(2024, 12, 31), 1),
        lambda: shop.end_of_workdays(local("2026-12-31T10:00"), 1),
    ):
        with pytest.raises(CalendarYearMissing) as missing:
            attempt()
        assert missing.value.year in (2024, 2027)
        assert str(missing.value.year) in str(missing.value)
    assert issubclass(CalendarYearMissing, ValueError)


def test_a_gap_between_known_years_is_missing_too():
    shop = BusinessCalendar("Asia/Shanghai", every_day(NINE_TO_SIX), years=[2024, 2026])
    with pytest.raises(CalendarYearMissing, match="2025"):
        shop.add(local("2024-12-31T17:00"), 10 * HOUR)


def test_the_year_is_the_local_one():
    shop = BusinessCalendar("Asia/Shanghai", every_day(ROUND_THE_CLOCK), years=[2026])
    assert shop.is_open(utc("2025-12-31T16:00"))
    with pytest.raises(CalendarYearMissing):
        shop.is_open(utc("2025-12-31T15:59"))


# -- what is refused


@pytest.mark.parametrize(
    "windows",
    [
        [("18:00", "09:00")],
        [("13:00", "18:00"), ("09:00", "12:00")],
        [("09:00", "13:00"), ("12:00", "18:00")],
        [("09:00", "18:00"), ("10:00", "10:00")],
        [("9:00", "18:00")],
        [("09:00", "24:01")],
        [("09:00", "25:00")],
        [("09:60", "18:00")],
        [("09:00:00", "18:00")],
        [("09:00", "18:00 ")],
        [("０９:00", "18:00")],
        [("09:00", "")],
        [("09:00",)],
        [("09:00", "12:00", "18:00")],
        [(9, 18)],
        ["09:00-18:00"],
    ],
)
def test_malformed_hours_are_refused(windows):
    with pytest.raises(ValueError):
        BusinessCalendar("Asia/Shanghai", {0: windows})
    with pytest.raises(ValueError):
        BusinessCalendar("Asia/Shanghai", {0: NINE_TO_SIX}, workday_hours=windows)


def test_windows_that_touch_or_are_empty_are_fine():
    calendar = BusinessCalendar("Asia/Shanghai", {0: [("08:00", "08:00"), ("09:00", "12:00"), ("12:00", "13:00")]})
    assert calendar.windows(date(2026, 9, 28)) == [(local("2026-09-28T09:00"), local("2026-09-28T13:00"))]
    assert calendar.add(local("2026-09-28T12:00"), timedelta(0)) == local("2026-09-28T12:00")


@pytest.mark.parametrize("hours", [{7: NINE_TO_SIX}, {-1: NINE_TO_SIX}, {"x": []}, {0: NINE_TO_SIX, "0": NINE_TO_SIX}])
def test_unknown_or_doubled_weekdays_are_refused(hours):
    with pytest.raises(ValueError):
        BusinessCalendar("Asia/Shanghai", hours)


@pytest.mark.parametrize(
    ("hours", "rest"),
    [
        ({}, {}),
        (every_day([]), {}),
        (every_day([("09:00", "09:00")]), {}),
        ({}, {"workdays": ["2026-10-10"]}),
        ({}, {"workdays": ["2026-10-10"], "workday_hours": []}),
        ({}, {"workday_hours": NINE_TO_SIX}),
        ({}, {"years": [2026]}),
    ],
)
def test_a_calendar_that_never_opens_is_refused(hours, rest):
    with pytest.raises(ValueError, match="never opens"):
        BusinessCalendar("Asia/Shanghai", hours, **rest)


def test_a_calendar_that_opens_no_more_is_refused_when_asked():
    once = BusinessCalendar("Asia/Shanghai", {}, workdays=["2026-10-10"], workday_hours=NINE_TO_SIX)
    assert once.add(local("2020-01-01T00:00"), 9 * HOUR) == local("2026-10-10T18:00")
    assert once.add_workdays(date(2020, 1, 1), 1) == date(2026, 10, 10)
    for attempt in (
        lambda: once.add(local("2026-10-10T18:00"), timedelta(0)),
        lambda: once.add(local("2026-10-10T10:00"), 9 * HOUR),
        lambda: once.add(local("2030-01-01T00:00"), HOUR),
        lambda: once.add_workdays(date(2026, 10, 10), 1),
    ):
        with pytest.raises(ValueError, match="never opens"):
            attempt()
    assert once.open_between(local("2026-10-01T00:00"), local("2027-10-01T00:00")) == 9 * HOUR


def test_the_search_ends_with_the_known_years_when_all_their_days_are_holidays():
    days = [date(2026, 1, 1) + n * DAY for n in range(365)]
    closed = BusinessCalendar("Asia/Shanghai", every_day(NINE_TO_SIX), holidays=days, years=[2026])
    with pytest.raises(CalendarYearMissing):
        closed.add(local("2026-01-01T00:00"), timedelta(0))
    later = BusinessCalendar("Asia/Shanghai", every_day(NINE_TO_SIX), holidays=days)
    assert later.add(local("2026-01-01T00:00"), timedelta(0)) == local("2027-01-01T09:00")


@pytest.mark.parametrize("zone", ["Asia/Nowhere", "", "Asia", "../etc/passwd", "/etc/localtime"])
def test_an_unknown_zone_is_refused(zone):
    with pytest.raises(ValueError):
        BusinessCalendar(zone, every_day(NINE_TO_SIX))


@pytest.mark.parametrize("day", ["2026-13-01", "x", 20261001, None, datetime(2026, 10, 1, tzinfo=UTC)])
def test_bad_dates_are_refused(day):
    with pytest.raises(ValueError):
        BusinessCalendar("Asia/Shanghai", every_day(NINE_TO_SIX), holidays=[day])
    with pytest.raises(ValueError):
        BusinessCalendar("Asia/Shanghai", every_day(NINE_TO_SIX), workdays=[day])


def test_naive_times_and_negative_spans_are_refused(shop):
    naive, aware = datetime(2026, 9, 28, 9), local("2026-09-28T09:00")  # noqa: DTZ001
    for clock in (shop, ELAPSED):
        for attempt in (
            lambda clock=clock: clock.add(naive, HOUR),
            lambda clock=clock: clock.add(aware, -timedelta(microseconds=1)),
            lambda clock=clock: clock.open_between(naive, aware),
            lambda clock=clock: clock.open_between(aware, naive),
            lambda clock=clock: clock.open_between(aware, aware - HOUR),
        ):
            with pytest.raises(ValueError):
                attempt()
    for attempt in (
        lambda: shop.is_open(naive),
        lambda: shop.explain(naive, HOUR),
        lambda: shop.end_of_workdays(naive, 1),
        lambda: shop.add_workdays(date(2026, 9, 28), -1),
        lambda: shop.add_workdays(aware, 1),
        lambda: as_utc(naive),
    ):
        with pytest.raises(ValueError):
            attempt()


# -- the other answers


def test_elapsed_time_never_stops():
    start = local("2026-10-01T22:00:00.000001")
    assert ELAPSED.add(start, DAY) == local("2026-10-02T22:00:00.000001")
    assert ELAPSED.add(start, DAY).tzinfo is UTC
    assert ELAPSED.open_between(start, start + DAY) == DAY


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-09-28T09:00", "2026-09-28T09:00", 0),
        ("2026-09-28T10:00", "2026-09-28T11:00", 1),
        ("2026-09-28T11:00", "2026-09-28T14:00", 2),
        ("2026-09-28T12:15", "2026-09-28T12:45", 0),
        ("2026-09-28T00:00", "2026-09-29T00:00", 8),
        ("2026-09-30T17:00", "2026-10-02T10:00", 2),
        ("2026-10-09T17:00", "2026-10-12T10:00", 10),
    ],
)
def test_open_between(shop, start, end, hours):
    assert shop.open_between(local(start), local(end)) == hours * HOUR


@pytest.mark.parametrize(
    ("instant", "is_open"),
    [
        ("2026-09-28T08:59:59.999999", False),
        ("2026-09-28T09:00", True),
        ("2026-09-28T11:59:59.999999", True),
        ("2026-09-28T12:00", False),
        ("2026-10-01T10:00", False),
        ("2026-10-10T10:00", True),
    ],
)
def test_is_open_from_opening_up_to_closing(shop, instant, is_open):
    assert shop.is_open(local(instant)) is is_open


def test_a_day_that_begins_twice_is_open_from_its_first_midnight():
    # St. John's, 29 October 2006: 00:01 -> 23:01, so at 03:00Z the wall shows 23:30 of the 28th once more.
    night = BusinessCalendar("America/St_Johns", {6: [("00:00", "01:00")]})
    assert night.is_open(utc("2006-10-29T03:00"))
    assert night.add(utc("2006-10-29T03:00"), HOUR) == utc("2006-10-29T04:00")


def test_explain_shows_the_lines_that_add_up(shop):
    lines = shop.explain(local("2026-09-30T11:30"), 6 * HOUR)
    assert lines == [
        (date(2026, 9, 30), local("2026-09-30T11:30"), local("2026-09-30T12:00"), 30 * MINUTE),
        (date(2026, 9, 30), local("2026-09-30T13:00"), local("2026-09-30T18:00"), 5 * HOUR),
        (date(2026, 10, 2), local("2026-10-02T09:00"), local("2026-10-02T09:30"), 30 * MINUTE),
    ]
    opening = local("2026-09-28T13:00")
    nothing = shop.explain(local("2026-09-28T12:00"), timedelta(0))
    assert nothing == [(date(2026, 9, 28), opening, opening, timedelta(0))]


def test_explain_gives_the_local_day():
    night = BusinessCalendar("Asia/Shanghai", every_day(ROUND_THE_CLOCK))
    assert [line.day for line in night.explain(utc("2026-09-28T15:00"), 2 * HOUR)] == [
        date(2026, 9, 28),
        date(2026, 9, 29),
    ]


# -- working days


@pytest.fixture(scope="module")
def china():
    data = {key: CHINA[key] for key in ("holidays", "workdays", "years")}
    return national_workdays("Asia/Shanghai", **data)


@pytest.mark.parametrize(
    ("day", "n", "end"),
    [
        ("2026-09-30", 0, "2026-09-30"),
        ("2026-09-30", 1, "2026-10-08"),  # National Day, 1 to 7 October
        ("2026-10-03", 1, "2026-10-08"),
        ("2026-10-08", 3, "2026-10-12"),  # Saturday 10 is worked
        ("2026-02-13", 1, "2026-02-14"),
        ("2026-02-13", 3, "2026-02-25"),  # over the Spring Festival
        ("2025-12-31", 1, "2026-01-04"),  # a Sunday that is worked
    ],
)
def test_working_days_of_china(china, day, n, end):
    assert china.add_workdays(date.fromisoformat(day), n) == date.fromisoformat(end)


def test_working_days_end_with_the_local_day(china):
    assert china.end_of_workdays(local("2026-09-30T00:00"), 1) == local("2026-10-09T00:00")
    assert china.end_of_workdays(local("2026-09-30T23:59:59.999999"), 1) == local("2026-10-09T00:00")
    assert china.end_of_workdays(utc("2026-09-30T16:00"), 1) == local("2026-10-09T00:00")
    berlin = national_workdays("Europe/Berlin")
    assert berlin.end_of_workdays(utc("2026-03-26T12:00"), 1) == utc("2026-03-27T23:00")
    assert berlin.end_of_workdays(utc("2026-03-27T12:00"), 1) == utc("2026-03-30T22:00")


def test_shipped_calendar_of_china_is_complete():
    holidays, workdays = CHINA["holidays"], CHINA["workdays"]
    assert CHINA["years"] == [2024, 2025, 2026]
    assert holidays == sorted(set(holidays))
    assert workdays == sorted(set(workdays))
    assert not set(holidays) & set(workdays)
    assert {date.fromisoformat(day).weekday() for day in workdays} == {5, 6}
    # All days but 104 of weekends and the holidays of the law: 11 until 2024, 13 since.
    china = national_workdays("Asia/Shanghai", holidays, workdays)
    worked = dict.fromkeys(CHINA["years"], 0)
    for n in range((date(2027, 1, 1) - date(2024, 1, 1)).days):
        day = date(2024, 1, 1) + n * DAY
        worked[day.year] += china.is_workday(day)
    assert worked == {2024: 366 - 104 - 11, 2025: 365 - 104 - 13, 2026: 365 - 104 - 13}


@pytest.mark.shared
def test_china_against_shared_data(china):
    folder = os.environ.get("SHARED_DATA")
    if not folder:
        pytest.skip("SHARED_DATA names no folder")
    with (Path(folder) / "calendar/cn_workdays_2024_2026.csv").open(encoding="utf-8") as file:
        days = {row["date"]: row["is_workday"] == "1" for row in csv.DictReader(file)}
    assert {day: china.is_workday(date.fromisoformat(day)) for day in days} == days
    with (Path(folder) / "calendar/due_date_cases.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            end = china.add_workdays(date.fromisoformat(row["start_date"]), int(row["add_workdays"]))
            assert end == date.fromisoformat(row["due_date"]), row
            rolled = china.add_workdays(date.fromisoformat(row["calendar_due"]) - DAY, 1)
            assert rolled == date.fromisoformat(row["calendar_due_rolled"]), row


@settings(max_examples=100, deadline=None)
@given(day=st.dates(date(2024, 1, 1), date(2026, 6, 30)), n=st.integers(1, 100))
def test_working_days_are_counted_one_by_one(china, day, n):
    end = china.add_workdays(day, n)
    between = [day + k * DAY for k in range(1, (end - day).days + 1)]
    assert sum(map(china.is_workday, between)) == n
    assert china.is_workday(end)


def test_long_searches_forget_old_days(monkeypatch):
    monkeypatch.setattr(calendars, "REMEMBERED_DAYS", 3)
    shop = BusinessCalendar("Asia/Shanghai", every_day(NINE_TO_SIX))
    assert shop.add(local("2026-10-01T09:00"), 90 * HOUR) == local("2026-10-10T18:00")
    assert len(shop._remembered) <= 3
