"""Targets, bands and the bars of a month on plain values."""

from decimal import Decimal
from fractions import Fraction

import pytest

from csi_portal.organization.defaults import TARGETS
from reports.targets import Rates, Targets, percent_text, reaches

SHIPPED = Targets.read(TARGETS)


@pytest.mark.parametrize(
    ("score", "met", "rank"),
    [
        (Decimal("95.00"), True, 3),
        (Decimal("94.99"), False, 3),
        (Fraction(18999, 200), True, 3),  # 94.995 is published 95.00
        (Decimal("90.00"), False, 3),
        (Decimal("89.99"), False, 2),
        (Decimal("80.00"), False, 2),
        (Decimal("79.99"), False, 1),
        (None, None, None),
    ],
)
def test_target_and_band_go_by_the_published_figure(score, met, rank):
    assert (SHIPPED.met(score), SHIPPED.band_rank(score)) == (met, rank)


def test_four_answers_are_insufficient():
    assert [SHIPPED.enough(n) for n in (0, 4, 5)] == [False, False, True]


@pytest.mark.parametrize(
    ("due", "contacted", "completed", "valid"),
    [
        (100, 50, 30, True),
        (100, 49, 49, False),
        (100, 50, 29, False),
        (3, 2, 1, False),  # 66.7 % contacted, 50 % completed
        (5, 5, 3, True),
        (1, 0, 0, False),
        (0, 0, 0, None),
    ],
)
def test_a_month_is_valid_at_half_contacted_and_three_fifths_completed(due, contacted, completed, valid):
    assert Rates(due, contacted, 0, completed).valid(SHIPPED) is valid


def test_the_bars_are_exact_fractions():
    assert reaches(1, 3, Decimal("33.33")) is True
    assert reaches(1, 3, Decimal("33.34")) is False


def test_a_stores_own_table_changes_only_what_it_names():
    own = Targets.read({"board_target": 92.5, "contact_percent": 70})
    assert (own.board_target, own.contact_percent, own.completion_percent) == (Decimal("92.5"), 70, 60)


def test_the_table_kept_with_a_board_reads_back_the_same():
    assert Targets.read(SHIPPED.table()) == SHIPPED


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(72, 116, "62.1%"), (1, 3, "33.3%"), (1, 16, "6.3%"), (0, 7, "0.0%"), (7, 7, "100.0%"), (0, 0, None)],
)
def test_rates_have_one_decimal_half_up(part, whole, text):
    assert percent_text(part, whole) == text
