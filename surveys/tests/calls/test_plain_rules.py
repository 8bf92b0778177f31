"""Due days, draws, filters and script lines on plain values."""

from datetime import date
from decimal import Decimal

import pytest

from surveys import planning, scripts


def every_day(day):
    return True


@pytest.mark.parametrize(
    ("closed", "days", "expected"),
    [
        (date(2026, 11, 18), 3, date(2026, 11, 21)),
        (date(2026, 1, 30), 3, date(2026, 2, 2)),
        (date(2028, 2, 26), 3, date(2028, 2, 29)),
        (date(2026, 12, 20), 14, date(2027, 1, 3)),
    ],
)
def test_due_days_cross_months_and_years(closed, days, expected):
    assert planning.due_on(closed, days, every_day) == expected


def test_a_closed_week_moves_to_the_first_open_day():
    closed = {date(2027, 2, day) for day in range(5, 12)}
    assert planning.due_on(date(2027, 2, 4), 3, lambda day: day not in closed) == date(2027, 2, 12)


def test_a_calendar_that_never_opens_does_not_hang():
    assert planning.due_on(date(2026, 11, 18), 3, lambda day: False) == date(2026, 11, 21)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2027, 11, 30), 3, date(2028, 2, 29)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
    ],
)
def test_months_clamp_to_the_months_end(day, months, expected):
    assert planning.add_months(day, months) == expected


def test_a_lot_is_the_same_whenever_it_is_drawn():
    lots = [planning.ticket("T1/service/2026-11", f"visit:{n}") for n in range(2000)]
    assert lots == [planning.ticket("T1/service/2026-11", f"visit:{n}") for n in range(2000)]
    assert all(0 <= lot < 10_000 for lot in lots)
    assert 500 < sum(planning.taken_by_percent(lot, 30) for lot in lots) < 700


@pytest.mark.parametrize(("day", "quota"), [(1, 1), (15, 8), (30, 15)])
def test_a_monthly_number_is_spread_evenly(day, quota):
    assert planning.quota_until(15, date(2026, 11, day)) == quota


@pytest.mark.parametrize(
    ("order_type", "amount", "out"),
    [("Internal ", None, True), ("", Decimal("0.00"), True), ("", Decimal("0.01"), False), ("保养", None, False)],
)
def test_the_order_filter(order_type, amount, out):
    assert planning.left_out(order_type, amount, ["internal", "zero_amount"]) is out


def test_tags_are_filled_and_a_missing_value_is_a_gap():
    parts = scripts.fill("{customer}您好，{adviser}讲清楚了吗？{unknown}", {"customer": "测试甲", "adviser": " "})
    assert [part.text for part in parts] == ["测试甲", "您好，", "", "讲清楚了吗？{unknown}"]
    assert [part.is_gap for part in parts] == [False, False, True, False]
    assert [part.tag for part in parts] == ["customer", "", "adviser", ""]


def test_values_with_braces_are_not_filled_again():
    assert [part.text for part in scripts.fill("{work}", {"work": "{customer}"})] == ["{customer}"]
