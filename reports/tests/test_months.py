"""Validity of a month, its acceptance, and the items it leaves for somebody."""

from datetime import date, timedelta

import pytest

from csi_portal.notifications.models import ActionItem, Message
from csi_portal.notifications.wording import words
from csi_portal.organization import jobs
from csi_portal.organization.enums import Role
from csi_portal.organization.errors import IllegalMove, NotAllowed
from csi_portal.organization.models import PolicyVersion
from csi_portal.organization.permissions import SYSTEM
from reports import queries
from reports.models import MonthAcceptance
from reports.periods import Period
from reports.services import accept_month, open_month_items, publish_board
from reports.tests.life import Shop

pytestmark = pytest.mark.django_db

NOVEMBER = Period.parse("2026-11")
# December 2026 begins on a Tuesday: its fifth working day is Monday the 7th
FIFTH = (2026, 12, 7)


def month(shop, contacted=50, completed=30, due=100, at=(2026, 11, 20, 10)):
    done = shop.local(*at)
    for place in range(due):
        shop.callback(
            date(2026, 11, 1 + place % 30),
            contacted=done if place < contacted else None,
            completed=done if place < completed else None,
        )


def validity(shop, *when):
    return queries.month_validity(shop.store, "csi", NOVEMBER, now=shop.local(*when))


def test_a_month_is_judged_from_its_fifth_working_day():
    shop = Shop()
    month(shop)
    before = validity(shop, 2026, 12, 6, 23, 59, 59)
    judged = validity(shop, *FIFTH)
    assert (before.judged, before.valid, judged.judged, judged.valid) == (False, None, True, True)
    assert (judged.due, judged.contacted, judged.completed, judged.counts_for_money) == (100, 50, 30, True)


def test_make_up_workdays_and_holidays_move_the_fifth_working_day():
    shop = Shop()
    # October 2026: the 1st to the 7th are holidays, Saturday the 10th is worked
    day = queries.judging_day(
        shop.store, Period.parse("2026-09"), queries.targets_at(shop.store, NOVEMBER, shop.local(2026, 11, 1))
    )
    assert shop.store.local_date(day[0]) == date(2026, 10, 13)
    assert day[1] - day[0] == timedelta(days=1)


def test_a_store_on_opening_hours_counts_the_days_it_opens():
    shop = Shop(clock="business")
    day = queries.judging_day(shop.store, NOVEMBER, queries.targets_at(shop.store, NOVEMBER, shop.local(2026, 12, 1)))
    assert shop.store.local_date(day[0]) == date(2026, 12, 5)


@pytest.mark.parametrize(
    ("contacted", "completed", "valid"), [(50, 30, True), (49, 49, False), (50, 29, False), (0, 0, False)]
)
def test_the_bars_are_half_and_three_fifths(contacted, completed, valid):
    shop = Shop()
    month(shop, contacted, completed)
    found = validity(shop, *FIFTH)
    assert (found.valid, found.counts_for_money) == (valid, valid)


def test_calling_on_after_the_judgement_changes_no_verdict():
    shop = Shop()
    month(shop, at=(2026, 12, 7, 0, 0))
    assert validity(shop, *FIFTH).valid is False
    other = Shop("B1")
    month(other, at=(2026, 12, 6, 23, 59))
    assert validity(other, *FIFTH).valid is True


def test_a_month_with_nothing_due_is_neither_valid_nor_not():
    shop = Shop()
    found = validity(shop, *FIFTH)
    assert (found.judged, found.valid, found.counts_for_money) == (True, None, False)


def test_a_stores_own_bars_hold():
    shop = Shop()
    PolicyVersion.objects.create(
        store=shop.store, kind="targets", data={"contact_percent": 70}, effective_from=shop.local(2026, 11, 1)
    )
    month(shop)
    assert validity(shop, *FIFTH).valid is False


def test_due_counts_the_month_of_the_due_day_whatever_the_hour():
    shop = Shop()
    shop.callback(date(2026, 10, 31))
    shop.callback(date(2026, 11, 1))
    shop.callback(date(2026, 11, 30))
    shop.callback(date(2026, 12, 1))
    shop.callback(date(2026, 11, 5), counts="")
    shop.callback(date(2026, 11, 5), status="skipped")
    assert validity(shop, *FIFTH).due == 2


# -- acceptance


def test_the_general_manager_accepts_a_month_that_is_not_valid():
    shop = Shop()
    month(shop, contacted=10, completed=10)
    boss = shop.login(Role.GENERAL_MANAGER)
    accept_month(shop.store, "csi", NOVEMBER, by=boss, reason="系统停机一周", now=shop.local(*FIFTH, 9))
    found = validity(shop, *FIFTH, 10)
    assert (found.valid, found.accepted, found.counts_for_money, found.acceptance.accepted_by) == (
        False,
        True,
        True,
        boss,
    )
    with pytest.raises(IllegalMove):
        accept_month(shop.store, "csi", NOVEMBER, by=boss, reason="再次", now=shop.local(*FIFTH, 11))
    assert MonthAcceptance.objects.count() == 1


@pytest.mark.parametrize(
    ("contacted", "when", "reason"),
    [(50, (2026, 12, 9), "…"), (10, (2026, 12, 6), "…"), (10, (2026, 12, 9), " ")],
    ids=["valid", "not judged yet", "no reason"],
)
def test_there_may_be_nothing_to_accept(contacted, when, reason):
    shop = Shop()
    month(shop, contacted=contacted)
    with pytest.raises(IllegalMove):
        accept_month(
            shop.store, "csi", NOVEMBER, by=shop.login(Role.GENERAL_MANAGER), reason=reason, now=shop.local(*when)
        )
    assert MonthAcceptance.objects.count() == 0


@pytest.mark.parametrize("role", [Role.CARE_MANAGER, Role.DEPARTMENT_MANAGER, Role.FINANCE, Role.ADMINISTRATOR])
def test_nobody_else_accepts(role):
    shop = Shop()
    month(shop, contacted=10)
    with pytest.raises(NotAllowed):
        accept_month(shop.store, "csi", NOVEMBER, by=shop.login(role), reason="…", now=shop.local(*FIFTH, 9))


def test_the_portal_itself_accepts_nothing():
    shop = Shop()
    month(shop, contacted=10)
    with pytest.raises(NotAllowed):
        accept_month(shop.store, "csi", NOVEMBER, by=SYSTEM, reason="…", now=shop.local(*FIFTH, 9))


# -- items


def items(shop):
    return {
        (item.kind, item.subject_key, item.role) for item in ActionItem.objects.filter(store=shop.store, done_at=None)
    }


def test_the_items_of_a_month_come_day_by_day_and_once():
    shop = Shop()
    manager = shop.login(Role.CARE_MANAGER)
    month(shop, contacted=10, completed=10)
    opened = [open_month_items(shop.store, now=shop.local(2026, 12, day, 10)) for day in (6, 7, 7, 8, 8, 9)]
    assert opened == [0, 1, 0, 1, 0, 0]
    assert items(shop) == {
        ("month_not_valid", "csi:2026-11", "care_manager"),
        ("month_board_missing", "csi:2026-11", "general_manager"),
    }
    message = Message.objects.get(recipient=f"u:{manager.pk}", kind="month_not_valid")
    assert words(message) == (
        "CSI 2026-11: the sample is not valid",
        "10 of 100 callbacks reached the customer, 10 were completed. The score is for information only. "
        "Record what you do about it (staffing, penalty).",
    )


def test_a_published_month_with_enough_answers_asks_nobody():
    shop = Shop()
    month(shop)
    for _ in range(5):
        shop.respond(shop.local(2026, 11, 18, 10), {"overall": 80})
    publish_board(shop.store, "csi", NOVEMBER, by=SYSTEM, now=shop.local(2026, 12, 1))
    open_month_items(shop.store, now=shop.local(2026, 12, 8, 10))
    assert items(shop) == set()


def test_a_published_month_of_few_answers_goes_to_the_general_manager():
    shop = Shop()
    month(shop, due=8, contacted=8, completed=8)
    for _ in range(4):
        shop.respond(shop.local(2026, 11, 18, 10), {"overall": 80}, callback=shop.callback(date(2026, 10, 31)))
    publish_board(shop.store, "csi", NOVEMBER, by=SYSTEM, now=shop.local(2026, 12, 1))
    open_month_items(shop.store, now=shop.local(2026, 12, 8, 10))
    assert items(shop) == {("month_sample_small", "csi:2026-11", "general_manager")}


def test_a_store_without_any_business_of_a_kind_is_left_alone():
    shop = Shop()
    open_month_items(shop.store, now=shop.local(2026, 12, 8, 10))
    assert ActionItem.objects.count() == 0


def test_the_daily_job_opens_them():
    shop = Shop()
    month(shop, contacted=10)
    shop.store.created_at = shop.local(2026, 10, 1)
    shop.store.save()
    for when in ((2026, 12, 6, 10), (2026, 12, 7, 0, 29)):
        jobs.run_due(shop.local(*when))
        assert items(shop) == set()
    jobs.run_due(shop.local(2026, 12, 7, 0, 30))
    assert items(shop) == {("month_not_valid", "csi:2026-11", "care_manager")}
