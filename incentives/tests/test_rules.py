"""What the rules amount to: the table and rulings of POLICY section 5."""

import copy
import json
from datetime import timedelta
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incentives.rules import (
    DEFAULT_RULES,
    absorbed,
    carried_over,
    chosen_amount,
    item_gap,
    p1_amount,
    p2_amount,
    p3_amount,
    p4_amount,
    p7_amount,
    p7_review,
    quarter_bonus,
    quarter_penalty,
    rework_shares,
    wage_cap,
)

D = Decimal


# -- P5 and B6


@pytest.mark.parametrize(
    ("gap", "penalty", "bonus"),
    [
        (D("-100"), 0, 0),
        (D("-0.01"), 0, 0),
        (D("0"), 0, 0),
        (D("0.004"), 0, 0),  # published 0.00
        (Fraction(1, 201), 0, 0),
        (D("0.005"), 300, 600),
        (D("0.01"), 300, 600),
        (D("4.99"), 300, 600),
        (D("4.994999"), 300, 600),
        (D("4.995"), 500, 1000),
        (D("5"), 500, 1000),
        (D("5.00"), 500, 1000),
        (D("7.5"), 500, 1000),
        (D("10.00"), 500, 1000),
        (D("10.004"), 500, 1000),
        (Fraction(2001, 200) - Fraction(1, 10**12), 500, 1000),
        (D("10.005"), 1000, 2000),
        (D("10.01"), 1000, 2000),
        (D("100"), 1000, 2000),
        (Fraction(10, 3), 300, 600),
        (Fraction(20, 3), 500, 1000),
        (7, 500, 1000),
    ],
)
def test_tiers_of_the_quarter(gap, penalty, bonus):
    assert quarter_penalty(gap) == penalty
    assert quarter_bonus(gap) == bonus
    for amount in (quarter_penalty(gap), quarter_bonus(gap)):
        assert isinstance(amount, Decimal)
        assert amount.as_tuple().exponent == -2


@pytest.mark.parametrize("gap", [D("NaN"), D("sNaN"), D("Infinity")])
def test_a_gap_that_is_no_number_is_refused(gap):
    for rule in (quarter_penalty, quarter_bonus):
        with pytest.raises(ValueError):
            rule(gap)


@settings(deadline=None)
@given(a=st.fractions(-100, 100), b=st.fractions(-100, 100))
def test_a_larger_gap_never_costs_less(a, b):
    a, b = sorted((a, b))
    assert quarter_penalty(a) <= quarter_penalty(b)
    assert quarter_bonus(a) <= quarter_bonus(b)


@pytest.mark.parametrize(
    ("national", "store", "maximum", "gap", "penalty"),
    [
        (90, 85, 100, "5.00", 500),
        (D("18.0"), D("17.0"), 20, "5.00", 500),
        (D("9"), D("8"), 10, "10.00", 500),
        (D("2.5"), D("2.2"), 3, "10.00", 500),
        (3, D("2.7"), D("2.99"), "10.03", 1000),
        (1, Fraction(199, 200), 10, "0.05", 300),
        (D("8.0000"), D("7.9996"), 8, "0.01", 300),  # 0.005, half up
        (80, 80, 100, "0.00", 0),
        (80, 85, 100, "-5.00", 0),
    ],
)
def test_gap_of_an_item(national, store, maximum, gap, penalty):
    assert str(item_gap(national, store, maximum)) == gap
    assert quarter_penalty(item_gap(national, store, maximum)) == penalty


@pytest.mark.parametrize("maximum", [0, -1, D("0.00"), D("NaN")])
def test_an_item_without_a_maximum_is_refused(maximum):
    with pytest.raises(ValueError):
        item_gap(90, 85, maximum)


# -- P8


@pytest.mark.parametrize(
    ("cost", "persons", "leader", "each"),
    [
        (D("1000"), 1, "200.00", "800.00"),
        (D("1000.00"), 2, "200.00", "400.00"),
        (D("1000"), 3, "200.02", "266.66"),
        (D("100"), 3, "20.02", "26.66"),
        (D("0.01"), 1, "0.01", "0.00"),
        (D("0.02"), 1, "0.01", "0.01"),
        (D("0.05"), 1, "0.01", "0.04"),
        (D("0.04"), 4, "0.04", "0.00"),
        (D("99.99"), 7, "20.05", "11.42"),
        (D("1E+2"), 4, "20.00", "20.00"),
        (D("12.340"), 1, "2.47", "9.87"),  # trailing zeros are not finer than a cent
        (D("123456789012345678901234567890.12"), 1, "24691357802469135780246913578.03", None),
        (500, 2, "100.00", "200.00"),
        (100, 1000, "20.00", "0.08"),
    ],
)
def test_shares_of_rework(cost, persons, leader, each):
    leader_share, shares = rework_shares(cost, persons)
    assert str(leader_share) == leader
    if each is not None:
        assert list(map(str, shares)) == [each] * persons
    with localcontext() as context:
        context.prec = 60
        assert leader_share + sum(shares) == cost


@settings(deadline=None)
@given(fen=st.integers(1, 10**9), persons=st.integers(1, 60))
def test_shares_of_rework_sum_to_the_cost(fen, persons):
    cost = D(fen) / 100
    leader, shares = rework_shares(cost, persons)
    assert leader + sum(shares) == cost
    assert len(shares) == persons
    assert len(set(shares)) == 1
    fair = Fraction(cost) * 4 / 5 / persons
    assert fair - Fraction(1, 100) < Fraction(shares[0]) <= fair


@pytest.mark.parametrize(
    ("cost", "persons"),
    [
        (D("0"), 1),
        (D("0.00"), 1),
        (D("-5"), 1),
        (-5, 1),
        (D("NaN"), 1),
        (D("sNaN"), 1),
        (D("Infinity"), 1),
        (D("-Infinity"), 1),
        (D("1.005"), 1),
        (D("0.001"), 1),
        (float("nan"), 1),
        (100.0, 1),
        (True, 1),
        ("100", 1),
        (None, 1),
        (D("100"), 0),
        (D("100"), -1),
        (D("100"), True),
        (D("100"), 1.0),
        (D("100"), None),
        (D("100"), ["one"]),
    ],
)
def test_rework_that_cannot_be_shared_is_refused(cost, persons):
    with pytest.raises(ValueError):
        rework_shares(cost, persons)


# -- P1 to P4


@pytest.mark.parametrize(
    ("late_by", "amount"),
    [
        (timedelta(microseconds=1), 50),
        (timedelta(hours=2), 50),
        (timedelta(hours=2, microseconds=1), 100),
        (timedelta(days=3), 100),
    ],
)
def test_p1_is_100_when_more_than_two_hours_late(late_by, amount):
    assert p1_amount(late_by) == amount


def test_p2_is_200_with_an_instruction():
    assert (p2_amount(instructed=False), p2_amount(instructed=True)) == (100, 200)


def test_p3_and_p4():
    assert (str(p3_amount()), str(p4_amount())) == ("200.00", "500.00")


@pytest.mark.parametrize(
    ("rule", "amount", "text"),
    [
        ("P1", D("50"), "50.00"),
        ("P1", 75, "75.00"),
        ("P1", D("99.99"), "99.99"),
        ("P1", D("100"), "100.00"),
        ("P2", D("100"), "100.00"),
        ("P2", D("200.0"), "200.00"),
    ],
)
def test_an_amount_chosen_inside_the_range(rule, amount, text):
    assert str(chosen_amount(rule, amount)) == text


@pytest.mark.parametrize(
    ("rule", "amount"),
    [
        ("P1", D("49.99")),
        ("P1", D("100.01")),
        ("P1", D("-75")),
        ("P1", D("NaN")),
        ("P1", D("75.001")),
        ("P1", 75.0),
        ("P2", D("99.99")),
        ("P2", D("200.01")),
        ("P3", D("200")),
        ("P4", D("500")),
    ],
)
def test_an_amount_outside_the_range_is_refused(rule, amount):
    with pytest.raises(ValueError):
        chosen_amount(rule, amount)


@pytest.mark.parametrize(
    ("amounts", "gone"),
    [
        ({}, {}),
        ({"P1": D(50)}, {}),
        ({"P1": D(100), "P3": D(200)}, {"P1": "P3"}),
        ({"P1": D(50), "P2": D(100)}, {}),
        ({"P3": D(200), "P2": D(100)}, {}),
        ({"P2": D(100), "P7": D(50)}, {"P7": "P2"}),
        ({"P2": D(100), "P7": D(150)}, {"P2": "P7"}),
        ({"P2": D(100), "P7": D(100)}, {"P7": "P2"}),
        ({"P2": D(100), "P7": None}, {}),  # unset: there is nothing to absorb
        (
            {"P1": D(50), "P2": D(100), "P3": D(200), "P7": D(50)},
            {"P1": "P3", "P7": "P2"},
        ),
    ],
)
def test_which_rule_absorbs_which(amounts, gone):
    assert absorbed(amounts) == gone


# -- P7


@pytest.mark.parametrize(
    ("department", "count", "amount", "review"),
    [
        ("after_sales", 1, 50, False),
        ("after_sales", 2, None, False),
        ("after_sales", 3, None, True),
        ("after_sales", 4, None, True),
        ("accessories", 1, 50, False),
        ("accessories", 2, None, False),
        ("accessories", 3, None, True),
        ("sales", 1, None, False),
        ("sales", 2, None, False),
        ("sales", 3, None, True),
        ("finance", 1, None, False),
    ],
)
def test_ladder_of_broken_procedure(department, count, amount, review):
    assert p7_amount(department, count) == amount
    assert p7_review(count) is review


def test_amounts_a_store_has_set_on_the_ladder():
    rules = copy.deepcopy(DEFAULT_RULES)
    rules["P7"]["amounts"]["sales"] = ["66.50", "100"]
    assert [p7_amount("sales", count, rules) for count in (1, 2, 3)] == [D("66.50"), D("100.00"), None]
    rules["P7"]["amounts"]["sales"] = ["66.50", "100", "150"]  # the third time there is no money
    assert p7_amount("sales", 3, rules) is None


@pytest.mark.parametrize("count", [0, -1])
def test_the_ladder_begins_at_one(count):
    with pytest.raises(ValueError):
        p7_amount("sales", count)


# -- the wage


@pytest.mark.parametrize(
    ("gross", "minimum_wage", "cap"),
    [
        (D("5000"), D("2000"), "1000.00"),
        (D("2400"), D("2000"), "400.00"),
        (D("2500"), D("2000"), "500.00"),
        (D("2000"), D("2000"), "0.00"),
        (D("1500"), D("2000"), "0.00"),
        (D("3333.33"), D("0"), "666.66"),  # 666.666
        (5000, 2000, "1000.00"),
        (0, 0, "0.00"),
    ],
)
def test_wage_cap(gross, minimum_wage, cap):
    assert str(wage_cap(gross, minimum_wage)) == cap


@pytest.mark.parametrize(("gross", "minimum_wage"), [(None, D(2000)), (D(5000), None), (None, None)])
def test_an_unknown_wage_has_no_cap(gross, minimum_wage):
    assert wage_cap(gross, minimum_wage) is None


@pytest.mark.parametrize(("gross", "minimum_wage"), [(D(-1), D(0)), (D(1), D(-1)), (D("1.001"), D(0)), (1.0, D(0))])
def test_a_wage_that_makes_no_sense_is_refused(gross, minimum_wage):
    with pytest.raises(ValueError):
        wage_cap(gross, minimum_wage)


@pytest.mark.parametrize(
    ("penalties", "cap", "excess"),
    [
        (D("350.00"), D("1000.00"), 0),
        (D("1000.00"), D("1000.00"), 0),
        (D("1000.01"), D("1000.00"), D("0.01")),
        (D("300.00"), D("0.00"), 300),
        (D("300.00"), None, 0),
        (D("0.00"), D("0.00"), 0),
    ],
)
def test_the_excess_is_carried_over(penalties, cap, excess):
    assert carried_over(penalties, cap) == excess


# -- the table


def test_rules_are_plain_json_and_decide_everything():
    assert json.loads(json.dumps(DEFAULT_RULES)) == DEFAULT_RULES
    rules = copy.deepcopy(DEFAULT_RULES)
    rules["P1"] |= {"amount": "60.00", "late_amount": "90.00", "late_minutes": 60}
    rules["P2"] |= {"amount": "110.00", "instructed_amount": "190.00"}
    rules["P3"]["amount"] = "250.00"
    rules["P4"]["amount"] = "400.00"
    rules["P5"] = {"middle": ["4.00", "8.00"], "amounts": ["1.00", "2.00", "3.00"]}
    rules["P8"]["leader_percent"] = 50
    rules["wage_cap"]["percent"] = 10
    hour = timedelta(hours=1)
    assert [p1_amount(hour, rules), p1_amount(2 * hour, rules)] == [60, 90]
    assert [p2_amount(False, rules), p2_amount(True, rules)] == [110, 190]
    assert [p3_amount(rules), p4_amount(rules)] == [250, 400]
    assert [quarter_penalty(D(gap), rules) for gap in ("3.99", "4", "8", "8.01")] == [1, 2, 2, 3]
    assert rework_shares(100, 2, rules) == (50, [25, 25])
    assert wage_cap(5000, 0, rules) == 500
