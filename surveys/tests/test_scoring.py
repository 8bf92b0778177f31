"""Scores as exact fractions, published once, half up."""

import random
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.scoring import (
    band,
    ci95,
    exact,
    group_score,
    low_answer,
    meets,
    option_points,
    published,
    response_score,
    to_improve,
)

WEIGHTS = st.one_of(st.integers(0, 1000), st.fractions(0, 50), st.decimals(0, 50, places=3))
POINTS = st.one_of(st.none(), st.integers(0, 100), st.fractions(0, 100), st.decimals(0, 100, places=2))
PAIRS = st.lists(st.tuples(WEIGHTS, POINTS), max_size=20)


# -- response_score


@pytest.mark.parametrize(
    ("pairs", "score"),
    [
        ([(1, 100)], 100),
        ([(1, 100), (1, 80)], 90),
        ([(1, 100), (2, 40)], 60),
        ([(1, 100), (1, 100), (1, 80)], Fraction(280, 3)),
        ([(1, 80), (5, None)], 80),  # not applicable: its weight does not count either
        ([(1, 80), (0, 20)], 80),
        ([(Decimal("0.1"), 100), (Fraction(1, 5), 40)], 60),
        ([(0.1, 100), (0.2, 40)], 60),  # floats are the decimals they print as
        ([(1, 0)], 0),
        ([(3, Decimal("33.33"))], Fraction(3333, 100)),
        ([], None),
        ([(1, None), (2, None)], None),
        ([(0, 100)], None),
        ([(0, 100), (5, None)], None),
    ],
)
def test_response_score(pairs, score):
    assert response_score(pairs) == score
    assert response_score(iter(pairs)) == score
    assert response_score(pair for pair in pairs) == score
    assert isinstance(response_score(pairs), Fraction) or score is None


@pytest.mark.parametrize("weight", [-1, Fraction(-1, 10**9), Decimal("-0.01"), -0.5])
@pytest.mark.parametrize("points", [100, None])
def test_a_negative_weight_is_refused(weight, points):
    with pytest.raises(ValueError, match="negative"):
        response_score([(5, 100), (weight, points)])


@pytest.mark.parametrize("value", [True, False, "5", None, [1], 1j])
def test_what_is_not_a_number_is_refused(value):
    for attempt in (
        lambda: exact(value),
        lambda: response_score([(value, 100)]),
        lambda: published(value),
    ):
        with pytest.raises(TypeError):
            attempt()
    if value is not None:
        with pytest.raises(TypeError):
            response_score([(1, value)])
        with pytest.raises(TypeError):
            group_score([value])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity")])
def test_what_is_not_finite_is_refused(value):
    for attempt in (
        lambda: response_score([(value, 100)]),
        lambda: response_score([(1, value)]),
        lambda: group_score([value]),
        lambda: published(value),
    ):
        with pytest.raises(ValueError):
            attempt()


@settings(deadline=None)
@given(pairs=PAIRS, seed=st.integers())
def test_the_order_of_answers_never_matters(pairs, seed):
    shuffled = random.Random(seed).sample(pairs, len(pairs))
    assert response_score(shuffled) == response_score(pairs)


@settings(deadline=None)
@given(pairs=PAIRS, factor=st.fractions(Fraction(1, 1000), 1000))
def test_only_the_proportions_of_weights_matter(pairs, factor):
    scaled = [(exact(weight) * factor, points) for weight, points in pairs]
    assert response_score(scaled) == response_score(pairs)


@settings(deadline=None)
@given(pairs=PAIRS)
def test_a_score_lies_between_its_answers(pairs):
    score = response_score(pairs)
    counted = [exact(points) for weight, points in pairs if points is not None and weight]
    if not counted:
        assert score is None
    else:
        assert 0 <= min(counted) <= score <= max(counted) <= 100
        assert 0 <= published(score) <= 100


# -- group_score


@pytest.mark.parametrize(
    ("scores", "mean"),
    [
        ([], None),
        ([None], None),
        ([Fraction(280, 3)], Fraction(280, 3)),
        ([Fraction(100), Fraction(80), Fraction(95)], Fraction(275, 3)),
        ([100, None, 80], 90),
        ([0, 0], 0),
        ([Decimal("94.99"), 95], Fraction("94.995")),
    ],
)
def test_group_score(scores, mean):
    assert group_score(scores) == mean
    assert group_score(score for score in scores) == mean
    assert isinstance(group_score(scores), Fraction) or mean is None


def test_a_mean_of_ten_thousand_scores_stays_exact():
    assert group_score([Fraction(1, 3)] * 10_000 + [Fraction(100)] * 20_000) == Fraction(600 + 1, 9)


@settings(deadline=None)
@given(scores=st.lists(st.fractions(0, 100, max_denominator=1000), min_size=1, max_size=30), seed=st.integers())
def test_a_mean_has_no_order(scores, seed):
    assert group_score(random.Random(seed).sample(scores, len(scores))) == group_score(scores)
    assert group_score(scores) * len(scores) == sum(scores)


# -- published


@pytest.mark.parametrize(
    ("score", "text"),
    [
        (Fraction("94.995"), "95.00"),
        (Decimal("94.995"), "95.00"),
        (94.995, "95.00"),
        (1.005, "1.01"),  # the binary number is a little less
        (Decimal("94.99499999999999999999999999999999999999"), "94.99"),
        (Fraction(94995 * 10**30 - 1, 10**33), "94.99"),
        (Fraction(280, 3), "93.33"),
        (Fraction(200, 3), "66.67"),
        (Decimal("0.005"), "0.01"),
        (Decimal("0.0049"), "0.00"),
        (Decimal("0.015"), "0.02"),
        (Decimal("0.025"), "0.03"),
        (100, "100.00"),
        (0, "0.00"),
        (Decimal("1E+2"), "100.00"),
        (Decimal("-0.005"), "-0.01"),
        (Decimal("-0.0049"), "0.00"),
        (Fraction(-1, 3), "-0.33"),
    ],
)
def test_published(score, text):
    assert str(published(score)) == text
    assert isinstance(published(score), Decimal)


def test_published_does_not_depend_on_the_decimal_context():
    with localcontext() as context:
        context.prec = 2
        assert str(published(Fraction("94.995"))) == "95.00"
        assert str(published(Decimal("12345.675"))) == "12345.68"


@settings(deadline=None)
@given(score=st.fractions(-100, 100))
def test_published_is_the_nearest_and_stays_when_published_again(score):
    figure = published(score)
    assert figure.as_tuple().exponent == -2
    assert abs(Fraction(figure) - score) <= Fraction(1, 200)
    assert published(figure) == figure


# -- judging


@pytest.mark.parametrize(
    ("score", "target", "met"),
    [
        (Fraction("94.995"), 95, True),
        (Fraction("94.9949"), 95, False),
        (95, 95, True),
        (Decimal("94.99"), 95, False),
        (Decimal("90.00"), Decimal("90.01"), False),
        (Decimal("90.01"), Decimal("90.01"), True),
        (90.1, 90.1, True),
    ],
)
def test_the_published_figure_meets_the_target(score, target, met):
    assert meets(score, target) is met
    assert meets(score) is (published(score) >= 95)


@pytest.mark.parametrize(
    ("score", "code"),
    [
        (100, "excellent"),
        (90, "excellent"),
        (Fraction("89.995"), "excellent"),
        (Decimal("89.99"), "fair"),
        (80, "fair"),
        (Fraction("79.995"), "fair"),
        (Fraction("79.9949"), "below"),
        (0, "below"),
    ],
)
def test_band(score, code):
    assert band(score) == code


def test_bands_are_the_store_s_own_in_any_order():
    bands = {"c": 50, "a": 95.5, "b": Decimal("70")}
    assert [band(score, bands) for score in (96, 95, 70, 69, 49)] == ["a", "b", "b", "c", "below"]


# -- intervals


@pytest.mark.parametrize(
    ("scores", "interval"),
    [
        ([], None),
        ([95], None),
        ([95, None], None),
        ([90, 90], ("90.00", "90.00")),
        # 80 +- t(df) * s / sqrt(n), t from the printed tables
        ([79, 81], ("67.29", "92.71")),  # 12.7062 * 1.41421 / 1.41421
        ([70, 75, 80, 85, 90], ("70.18", "89.82")),  # 2.7764 * 7.90569 / 2.23607
        ([70, 90] * 5 + [80], ("73.28", "86.72")),  # 2.2281 * 10 / 3.31662
        ([70, 90] * 15 + [80], ("76.33", "83.67")),  # 2.0423 * 10 / 5.56776
        ([70, 90] * 60 + [80], ("78.20", "81.80")),  # 1.9799 * 10 / 11
        # never outside 0-100
        ([99, 100, 100], ("98.23", "100.00")),
        ([0, 10], ("0.00", "68.53")),
    ],
)
def test_interval_of_the_mean(scores, interval):
    expected = None if interval is None else tuple(map(Decimal, interval))
    assert ci95(scores) == expected
    assert ci95(iter(scores)) == expected


# -- answers


@pytest.mark.parametrize(
    ("kind", "points"),
    [
        ("rating5", {1: 20, 2: 40, 3: 60, 4: 80, 5: 100}),
        ("rating10", {value: 10 * value for value in range(1, 11)}),
        ("yes_no", {"yes": 100, "no": 0}),
    ],
)
def test_option_points(kind, points):
    assert {value: option_points(kind, value) for value in points} == points


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("rating5", 0),
        ("rating5", 6),
        ("rating5", "5"),
        ("rating5", 4.0),
        ("rating5", True),
        ("rating5", None),
        ("rating10", 0),
        ("rating10", 11),
        ("yes_no", True),
        ("yes_no", 1),
        ("yes_no", "maybe"),
        ("number", 5),
        (None, 5),
    ],
)
def test_answers_off_the_scale_have_no_points(kind, value):
    with pytest.raises(ValueError):
        option_points(kind, value)


@pytest.mark.parametrize(
    ("points", "threshold", "is_low", "improves"),
    [
        (0, 60, True, False),
        (60, 60, True, False),
        (Fraction("60.01"), 60, False, True),
        (61, 60, False, True),
        (80, 60, False, True),
        (Decimal("80.01"), 60, False, False),
        (100, 60, False, False),
        (None, 60, False, False),
        (60, 40, False, True),
        (40, 40, True, False),
        (80, 80, True, False),
    ],
)
def test_low_answers_and_those_to_improve(points, threshold, is_low, improves):
    assert low_answer(points, threshold) is is_low
    assert to_improve(points, threshold) is improves
    if threshold == 60:
        assert (low_answer(points), to_improve(points)) == (is_low, improves)
