"""The figures of a board against a plain recomputation, and their edges one by one."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from reports import queries
from reports.periods import Period
from reports.tests import plain
from reports.tests.life import Shop, random_life

pytestmark = pytest.mark.django_db

WEEK = Period.parse("2026-W47")
FULL = {"reception": 100, "explanation": 80, "quality": 60, "follow_up": 100, "overall": 80}


def figures(shop, period=WEEK, now=None):
    return queries.live_figures(shop.store, shop.kind, period, now=now or shop.local(2027, 3, 1))


@pytest.mark.parametrize(
    ("zone", "code", "first", "days", "kind"),
    [
        ("Asia/Shanghai", "2026-W47", date(2026, 11, 8), 16, "csi"),
        ("Asia/Shanghai", "2026-11", date(2026, 9, 28), 65, "ssi"),
        ("Asia/Shanghai", "2026-W53", date(2026, 12, 20), 18, "csi"),
        ("Asia/Shanghai", "2027-01", date(2026, 11, 28), 66, "csi"),
        ("Europe/Berlin", "2026-W43", date(2026, 10, 11), 17, "csi"),  # 25 hours on its Sunday
        ("America/New_York", "2026-03", date(2026, 1, 30), 62, "csi"),  # 23 hours on one of its days
        ("America/Santiago", "2026-W36", date(2026, 8, 22), 17, "csi"),  # the clocks jump over a midnight
        ("Africa/Casablanca", "2026-02", date(2025, 12, 30), 62, "ssi"),
        ("Pacific/Kiritimati", "2026-W47", date(2026, 11, 8), 16, "csi"),
    ],
)
def test_every_line_agrees_with_the_plain_recomputation(zone, code, first, days, kind):
    shop = Shop(zone=zone, kind=kind)
    random_life(shop, first, days, seed=days, responses=40)
    period = Period.parse(code)
    now = shop.local(*period.last_day.timetuple()[:3], 12)
    found = {line.subject_key: plain.of_line(line) for line in figures(shop, period, now).lines}
    wanted = plain.whole_board(shop.store, kind, code, period.previous().code, now)
    assert found == {key: wanted[key] for key in found}
    counted = {key: (line["score"][1], line["callbacks"][0], line["callbacks"][4]) for key, line in wanted.items()}
    shown = {key for key, numbers in counted.items() if key[0] == "e" and any(numbers)}
    assert {key for key in found if key[0] == "e"} == shown
    scored = {key for key, line in wanted.items() if key[0] == "d" and line["score"][1]}
    assert scored <= {key for key in found if key[0] == "d"}


def test_another_store_and_another_kind_do_not_count():
    shop, other = Shop(), Shop("B1")
    for place in (shop, other):
        place.respond(place.local(2026, 11, 18, 10), FULL, advisor=place.advisers[0])
    other_kind = queries.live_figures(shop.store, "ssi", WEEK, now=shop.local(2026, 12, 1))
    assert figures(shop).store_line.n == 1
    assert (other_kind.store_line.n, other_kind.store_line.score) == (0, None)


@pytest.mark.parametrize(
    ("moment", "counts"),
    [
        ((2026, 11, 15, 23, 59, 59, 999999), False),
        ((2026, 11, 16, 0, 0), True),
        ((2026, 11, 22, 23, 59, 59, 999999), True),
        ((2026, 11, 23, 0, 0), False),
    ],
)
def test_the_week_begins_and_ends_at_the_stores_midnight(moment, counts):
    shop = Shop()
    shop.respond(shop.local(*moment), FULL)
    assert figures(shop).store_line.n == int(counts)


@pytest.mark.parametrize(
    ("zone", "moment", "week"),
    [
        # Berlin's Sunday of 25 hours: both two o'clocks are of week 43
        ("Europe/Berlin", (2026, 10, 25, 23, 30), "2026-W43"),
        ("Europe/Berlin", (2026, 10, 26, 0, 0), "2026-W44"),
        # Santiago's clocks go from Saturday 24:00 to Sunday 1:00
        ("America/Santiago", (2026, 9, 5, 23, 59), "2026-W36"),
        ("America/Santiago", (2026, 9, 6, 1, 0), "2026-W36"),
        ("America/Santiago", (2026, 9, 7, 0, 0), "2026-W37"),
    ],
)
def test_clock_changes_move_no_answer_into_another_week(zone, moment, week):
    shop = Shop(zone=zone)
    shop.respond(shop.local(*moment), FULL)
    period = Period.parse(week)
    assert figures(shop, period).store_line.n == 1
    assert figures(shop, period.next()).store_line.n + figures(shop, period.previous()).store_line.n == 0


def test_a_score_is_restricted_to_the_questions_that_judge():
    shop = Shop()
    adviser, technician = shop.advisers[0], shop.technicians[0]
    shop.respond(shop.local(2026, 11, 18, 10), FULL, advisor=adviser, technician=technician)
    found = figures(shop)
    # reception 100·1.5 + explanation 80·1 + quality 60·2.25 + follow-up 100·0.75 + overall 80·1 = 520 over 6.5
    assert found.store_line.score == Decimal("80.00")
    # (150 + 80 + 135) / 4.75
    assert found.department_line("after_sales").score == Decimal("76.84")
    assert found.department_line("customer_care").score == Decimal("100.00")
    assert found.line(f"e:{adviser.pk}").score == Decimal("92.00")
    assert found.line(f"e:{technician.pk}").score == Decimal("60.00")
    assert found.department_line("sales") is None


def test_a_response_in_which_nothing_judges_somebody_does_not_count_for_them():
    shop = Shop()
    adviser = shop.advisers[0]
    shop.respond(shop.local(2026, 11, 18, 10), FULL, advisor=adviser)
    shop.respond(shop.local(2026, 11, 18, 11), {"overall": 100, "reception": None}, advisor=adviser)
    found = figures(shop)
    assert (found.store_line.n, found.department_line("after_sales").n, found.line(f"e:{adviser.pk}").n) == (2, 1, 1)


def test_nothing_at_all_is_a_board_of_the_store_and_its_department():
    shop = Shop()
    found = figures(shop)
    assert [(line.line_kind, line.score, line.n, line.due) for line in found.lines] == [
        ("store", None, 0, 0),
        ("department", None, 0, 0),
    ]


def test_the_mean_is_exact_and_rounded_once():
    shop = Shop()
    # 94.995 is published 95.00 and meets 95
    for n, points in ((199, 95), (1, 94)):
        for _ in range(n):
            shop.respond(shop.local(2026, 11, 18, 10), {}, score=(points, 1))
    found = figures(shop)
    assert Fraction(found.store_line.score_num, found.store_line.score_den) == Fraction(18999, 200)
    assert found.store_line.score == Decimal("95.00")
    assert found.targets.met(found.store_line.score) is True


def test_the_interval_is_students_and_needs_two_answers():
    shop = Shop()
    for points in (80, 90, 100):
        shop.respond(shop.local(2026, 11, 18, 10), {}, score=(points, 1))
    # t of two degrees of freedom 4.3027, times the standard deviation 10, over the root of 3
    assert figures(shop).store_line.interval == Decimal("24.84")
    one = Shop("B1")
    one.respond(one.local(2026, 11, 18, 10), {}, score=(80, 1))
    assert figures(one).store_line.interval is None


def test_fractions_too_long_for_the_database_still_publish():
    shop = Shop()
    for prime in (10007, 10009, 10037, 10039, 10061, 10067):
        shop.respond(shop.local(2026, 11, 18, 10), {}, score=(95 * prime + 1, prime))
    line = figures(shop).store_line
    assert (line.score, line.score_num, line.score_den) == (Decimal("95.00"), None, None)


def test_only_samples_of_five_are_ranked_and_equal_scores_share_a_rank():
    shop = Shop()
    people = [*shop.advisers, shop.hire("例小郑"), shop.hire("例小冯")]
    wanted = {}
    for person, n, points, rank in zip(people, (5, 5, 6, 4), (80, 80, 60, 100), (1, 1, 3, None), strict=True):
        for _ in range(n):
            shop.respond(shop.local(2026, 11, 18, 10), {"reception": points}, advisor=person)
        wanted[f"e:{person.pk}"] = rank
    found = figures(shop)
    assert {line.subject_key: line.rank for line in found.lines if line.line_kind == "person"} == wanted
    names = [line.name for line in found.lines if line.line_kind == "person"]
    assert names == sorted(["例小陈", "例小吴"]) + ["例小郑", "例小冯"]


def test_advisers_and_technicians_are_ranked_apart():
    shop = Shop()
    for _ in range(5):
        shop.respond(
            shop.local(2026, 11, 18, 10),
            {"reception": 60, "quality": 100},
            advisor=shop.advisers[0],
            technician=shop.technicians[0],
        )
    ranks = {line.judged_as: line.rank for line in figures(shop).lines if line.line_kind == "person"}
    assert ranks == {"advisor": 1, "technician": 1}


def test_who_advises_and_repairs_is_judged_by_both():
    shop = Shop()
    person = shop.advisers[0]
    both = {"reception": 100, "quality": 60}
    shop.respond(shop.local(2026, 11, 18, 10), both, advisor=person, technician=person)
    shop.respond(shop.local(2026, 11, 18, 11), both, technician=person)
    line = figures(shop).line(f"e:{person.pk}")
    first = Fraction(150 * 100 + 225 * 60, 375)
    assert line.score == plain.two_decimals((first + 60) / 2)
    assert (line.n, line.judged_as) == (2, "technician")


def test_a_callback_completed_by_link_was_contacted_though_nobody_phoned():
    shop = Shop()
    done = shop.local(2026, 11, 18, 9)
    shop.callback(date(2026, 11, 18), completed=done)
    shop.callback(date(2026, 11, 18), contacted=done, phone=True)
    shop.callback(date(2026, 11, 18), status="cancelled", contacted=done, completed=done)
    line = figures(shop).store_line
    assert (line.due, line.contacted, line.contacted_by_phone, line.completed) == (2, 2, 1, 1)


def test_an_open_step_is_judged_only_after_its_second():
    shop = Shop()
    due = shop.local(2026, 11, 18, 10)
    form = shop.complaint(due, department=shop.home)
    shop.step(form, "first_contact", due)
    at = {delta: figures(shop, now=due + timedelta(seconds=delta)).store_line.steps_due for delta in (-1, 0, 1)}
    assert at == {-1: 0, 0: 0, 1: 1}


def test_steps_before_the_store_went_live_do_not_count():
    shop = Shop()
    due = shop.local(2026, 11, 18, 10)
    shop.store.live_from = due + timedelta(hours=1)
    shop.store.save()
    form = shop.complaint(due)
    shop.step(form, "transfer", due)
    shop.step(form, "first_contact", due + timedelta(hours=2))
    assert figures(shop).store_line.steps_due == 1


@pytest.mark.parametrize("responses", [2, 8])
def test_the_number_of_queries_does_not_grow(responses, django_assert_num_queries):
    shop = Shop()
    random_life(shop, date(2026, 11, 8), 16, seed=3, responses=responses * 3)
    with django_assert_num_queries(9):
        figures(shop)


def test_two_boards_share_what_both_show(django_assert_num_queries):
    shop = Shop()
    random_life(shop, date(2026, 11, 8), 16, seed=3, responses=6)
    with django_assert_num_queries(13):
        boards = queries.live_boards(shop.store, ["ssi", "csi"], WEEK, now=shop.local(2026, 11, 23))
    alone = figures(shop, now=shop.local(2026, 11, 23))
    assert [plain.of_line(line) for line in boards["csi"].lines] == [plain.of_line(line) for line in alone.lines]
