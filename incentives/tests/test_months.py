"""Closing a month: two persons, holds, what is brought in and paid, the wage cap, and nothing after the lock."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from csi_portal.notifications.models import Message
from csi_portal.organization.errors import Conflict, IllegalMove, NotAllowed
from csi_portal.organization.models import AuditLine, RoleGrant
from incentives import services
from incentives.models import CarriedOver, Hold, LedgerEntry, Month, MonthStatus, Proposal
from incentives.services.months import seal
from incentives.sheet import figures
from incentives.tests.making import DAY, DECEMBER, HOUR, MINUTE, NOVEMBER, NOW, OCTOBER, Shop

END = NOW + 15 * DAY  # 4 November: every window of October entries is over


def sums(shop, month=OCTOBER, *, now=END) -> tuple:
    """Ledger, held back, brought in, paid of a month."""
    found = figures(shop.store, month, now=now)
    return tuple(str(value) for value in (found.ledger, found.held, found.brought_in, found.paid))


def stored(shop, month=OCTOBER) -> tuple:
    row = Month.objects.get(store=shop.store, month=month)
    return tuple(str(value) for value in (row.ledger_total, row.held_total, row.brought_in_total, row.paid_total))


# -- two persons


def test_finance_asks_and_the_general_manager_confirms(shop):
    entry = shop.posted()
    asked = services.ask_lock(shop.store, OCTOBER, by=shop.clerk, now=END)
    assert (asked.status, asked.asked_by, asked.asked_at) == ("locking", shop.clerk, END)
    told = set(Message.objects.filter(kind="incentives.lock_asked").values_list("recipient", flat=True))
    assert told == {f"u:{shop.gm.pk}", f"u:{shop.second_clerk.pk}"}
    row = services.confirm_lock(shop.store, OCTOBER, by=shop.gm, now=END + HOUR)
    assert (row.status, row.confirmed_by, row.locked_at) == ("locked", shop.gm, END + HOUR)
    assert (row.entries, row.head_hash) == (1, entry.entry_hash)
    assert stored(shop) == ("-50.00", "0.00", "0.00", "-50.00")
    assert AuditLine.objects.filter(action__in=["month.lock_asked", "month.locked"]).count() == 2


def test_another_finance_person_may_confirm(shop):
    services.ask_lock(shop.store, OCTOBER, by=shop.clerk, now=END)
    assert services.confirm_lock(shop.store, OCTOBER, by=shop.second_clerk, now=END).status == "locked"


def test_the_one_who_asked_never_confirms(shop):
    RoleGrant.objects.create(user=shop.clerk, role="general_manager", store=shop.store)
    services.ask_lock(shop.store, OCTOBER, by=shop.clerk, now=END)
    with pytest.raises(NotAllowed, match="second person"):
        services.confirm_lock(shop.store, OCTOBER, by=shop.clerk, now=END)
    assert Month.objects.get().status == "locking"


@pytest.mark.parametrize("who", ["gm", "group", "care", "agent"])
def test_only_finance_asks(shop, who):
    with pytest.raises(NotAllowed):
        services.ask_lock(shop.store, OCTOBER, by=shop.users[who], now=END)
    assert not Month.objects.exists()


@pytest.mark.parametrize("who", ["group", "care", "agent"])
def test_who_may_not_confirm(shop, who):
    services.ask_lock(shop.store, OCTOBER, by=shop.clerk, now=END)
    with pytest.raises(NotAllowed):
        services.confirm_lock(shop.store, OCTOBER, by=shop.users[who], now=END)


def test_a_lock_is_asked_for_once_and_confirmed_once(shop):
    with pytest.raises(IllegalMove, match="not wait"):
        services.confirm_lock(shop.store, OCTOBER, by=shop.gm, now=END)
    services.ask_lock(shop.store, OCTOBER, by=shop.clerk, now=END)
    with pytest.raises(IllegalMove, match="already"):
        services.ask_lock(shop.store, OCTOBER, by=shop.second_clerk, now=END)
    services.confirm_lock(shop.store, OCTOBER, by=shop.gm, now=END)
    for act in (services.ask_lock, services.confirm_lock):
        with pytest.raises(IllegalMove):
            act(shop.store, OCTOBER, by=shop.second_clerk, now=END)


def test_a_month_that_has_not_begun_is_not_locked(shop):
    with pytest.raises(IllegalMove, match="begun"):
        services.ask_lock(shop.store, NOVEMBER, by=shop.clerk, now=NOW)


def test_sending_back_opens_the_month_with_a_reason(shop):
    services.ask_lock(shop.store, OCTOBER, by=shop.clerk, now=END)
    with pytest.raises(IllegalMove, match="reason"):
        services.send_back_lock(shop.store, OCTOBER, by=shop.gm, now=END, reason="")
    with pytest.raises(NotAllowed):
        services.send_back_lock(shop.store, OCTOBER, by=shop.care, now=END, reason="x")
    services.send_back_lock(shop.store, OCTOBER, by=shop.gm, now=END, reason="缺一条")
    assert Month.objects.get().status == "open"
    assert Message.objects.get(kind="incentives.lock_sent_back").recipient == f"u:{shop.clerk.pk}"
    services.ask_lock(shop.store, OCTOBER, by=shop.clerk, now=END)
    services.send_back_lock(shop.store, OCTOBER, by=shop.clerk, now=END, reason="再核")  # who asked may too


def test_figures_that_changed_since_they_were_shown_ask_again(shop):
    entry = shop.posted()
    shown = seal(figures(shop.store, OCTOBER, now=NOW))
    services.confirm_notice(entry.notice, by=shop.agent.user, now=NOW)
    with pytest.raises(Conflict):
        services.ask_lock(shop.store, OCTOBER, by=shop.clerk, now=NOW, seen=shown)
    shown = seal(figures(shop.store, OCTOBER, now=NOW))
    services.ask_lock(shop.store, OCTOBER, by=shop.clerk, now=NOW, seen=shown)
    with pytest.raises(Conflict):
        services.confirm_lock(shop.store, OCTOBER, by=shop.gm, now=NOW, seen="x")
    services.confirm_lock(shop.store, OCTOBER, by=shop.gm, now=NOW, seen=shown)


# -- held back, brought in, paid


def test_a_line_whose_window_is_open_is_held_back_and_paid_next_month(shop):
    shop.posted(now=NOW)
    shop.posted(now=END)
    assert sums(shop) == ("-100.00", "-50.00", "0.00", "-50.00")
    shop.lock(OCTOBER, now=END)
    hold = Hold.objects.get()
    assert (hold.from_month, hold.until_month, hold.reason) == (OCTOBER, NOVEMBER, "window")
    assert stored(shop) == sums(shop, now=END + 90 * DAY) == ("-100.00", "-50.00", "0.00", "-50.00")
    assert sums(shop, NOVEMBER, now=END + 30 * DAY) == ("0.00", "0.00", "-50.00", "-50.00")
    shop.lock(NOVEMBER, now=END + 30 * DAY)
    assert stored(shop, NOVEMBER) == ("0.00", "0.00", "-50.00", "-50.00")


def test_the_window_is_open_to_its_last_instant(shop):
    entry = shop.posted()
    ends = entry.notice.window_ends_at
    assert sums(shop, now=ends)[1] == "-50.00"
    assert sums(shop, now=ends + timedelta(microseconds=1))[1] == "0.00"


def test_a_confirmed_line_is_not_held_back(shop):
    entry = shop.posted(now=END)
    services.confirm_notice(entry.notice, by=shop.agent.user, now=END)
    assert sums(shop) == ("-50.00", "0.00", "0.00", "-50.00")


def test_an_open_objection_holds_back_month_after_month_until_it_is_ruled(shop):
    entry = shop.posted()
    objection = services.file_objection(entry, by=shop.agent.user, reason="不服", now=NOW + HOUR)
    shop.lock(OCTOBER, now=END)
    assert Hold.objects.get().reason == "objection"
    shop.lock(NOVEMBER, now=END + 30 * DAY)
    assert stored(shop, NOVEMBER) == ("0.00", "-50.00", "-50.00", "0.00")
    services.rule_objection(objection, upheld=False, by=shop.gm, ruling="维持", now=END + 31 * DAY)
    assert sums(shop, DECEMBER, now=END + 60 * DAY) == ("0.00", "0.00", "-50.00", "-50.00")


def test_an_upheld_objection_brings_in_both_lines_together(shop):
    entry = shop.posted()
    objection = services.file_objection(entry, by=shop.agent.user, reason="不服", now=NOW + HOUR)
    shop.lock(OCTOBER, now=END)
    services.rule_objection(objection, upheld=True, by=shop.gm, ruling="成立", now=END + DAY)
    assert sums(shop, NOVEMBER, now=END + DAY) == ("50.00", "0.00", "-50.00", "0.00")


def test_a_line_reversed_in_its_own_month_is_not_held_beside_its_reversal(shop):
    entry = shop.posted(now=END)
    services.approve(services.propose_reversal(entry, by=shop.care, now=END, reason="x"), by=shop.gm, now=END)
    assert sums(shop) == ("0.00", "0.00", "0.00", "0.00")
    shop.lock(OCTOBER, now=END)
    assert not Hold.objects.exists()


def test_a_bonus_taken_back_in_the_month_that_pays_it_goes_together_with_it(shop):
    award = shop.award(shop.agent, now=END)
    services.approve(services.propose_reversal(award, by=shop.care, now=END, reason="x"), by=shop.gm, now=END)
    assert sums(shop, NOVEMBER) == ("0.00", "0.00", "0.00", "0.00")


def test_a_bonus_taken_back_later_may_be_objected_to(shop):
    award = shop.award(shop.agent)
    shop.lock(OCTOBER, now=END)
    back = services.approve(services.propose_reversal(award, by=shop.care, now=END, reason="x"), by=shop.gm, now=END)
    assert sums(shop, NOVEMBER) == ("-300.00", "-300.00", "0.00", "0.00")
    services.file_objection(back, by=shop.agent.user, reason="不服", now=END)


def test_late_entries_roll_over_and_the_locked_month_stays(shop):
    shop.posted()
    shop.lock(OCTOBER, now=END)
    before = Month.objects.filter(month=OCTOBER).values().get()
    late = shop.posted(now=END + DAY)
    assert late.month == NOVEMBER
    assert Month.objects.filter(month=OCTOBER).values().get() == before
    assert sums(shop, now=END + 10 * DAY) == ("-50.00", "0.00", "0.00", "-50.00")


def test_a_month_before_the_last_locked_one_takes_no_more_entries(shop):
    shop.posted(received_at=NOW + 20 * DAY, now=END + 10 * DAY)
    shop.lock(NOVEMBER, now=END + 20 * DAY)
    assert shop.posted(now=END + 21 * DAY).month == DECEMBER


def test_an_earlier_month_may_be_locked_after_a_later_one(shop):
    shop.posted(now=END)  # an October line whose window is open
    shop.posted(received_at=NOW + 20 * DAY, now=END + 6 * DAY)
    shop.lock(NOVEMBER, now=END + 20 * DAY)
    shop.lock(OCTOBER, now=END)
    assert Hold.objects.get(from_month=OCTOBER).until_month == DECEMBER


def test_an_empty_month_is_locked_at_zero(shop):
    shop.lock(OCTOBER, now=END)
    assert stored(shop) == ("0.00", "0.00", "0.00", "0.00")
    assert Month.objects.get().entries == 0


def test_departments_stand_on_their_account(shop):
    shop.board()
    shop.look_at_month()
    services.approve(Proposal.objects.get(), by=shop.gm, now=NOW)
    shop.posted()
    found = figures(shop.store, OCTOBER, now=END)
    assert (found.accounts, found.with_wages, found.paid) == (Decimal("-500.00"), Decimal("-50.00"), Decimal("-550.00"))


def test_penalties_and_bonuses_add_up_to_the_ledger(shop):
    entry = shop.posted()
    shop.posted(late=3 * HOUR)
    shop.award(shop.agent)
    award = shop.award(shop.technician, "200.00")
    for wrong in (entry, award):
        services.approve(services.propose_reversal(wrong, by=shop.care, now=NOW, reason="x"), by=shop.gm, now=NOW)
    found = figures(shop.store, OCTOBER, now=END)
    assert (found.penalties, found.bonuses, found.ledger) == (Decimal("-100.00"), Decimal("300.00"), Decimal("200.00"))


# -- the wage cap


def wage(shop, gross, minimum="2690.00", employee=None, month=OCTOBER):
    services.enter_wage(
        shop.store,
        month,
        employee or shop.agent,
        gross=Decimal(gross),
        local_minimum=None if minimum is None else Decimal(minimum),
        by=shop.clerk,
        now=NOW,
    )


def persons(shop, month=OCTOBER, *, now=END) -> dict:
    """Name -> (penalties, cap, carried in, carried over, with wages)."""
    found = figures(shop.store, month, now=now)
    return {
        person.name: tuple(
            None if value is None else str(value)
            for value in (person.penalties, person.cap, person.carried_in, person.carried_over, person.with_wages)
        )
        for person in found.persons
    }


@pytest.mark.parametrize(
    ("gross", "minimum", "wanted"),
    [
        ("5000.00", "2690.00", ("300.00", "1000.00", "0.00", "0.00", "-300.00")),
        ("1400.00", "100.00", ("300.00", "280.00", "0.00", "20.00", "-280.00")),
        ("2890.00", "2690.00", ("300.00", "200.00", "0.00", "100.00", "-200.00")),
        ("2690.00", "2690.00", ("300.00", "0.00", "0.00", "300.00", "0.00")),
        ("2000.00", "2690.00", ("300.00", "0.00", "0.00", "300.00", "0.00")),
        ("1500.00", "100.00", ("300.00", "300.00", "0.00", "0.00", "-300.00")),
        ("1500.00", None, ("300.00", None, "0.00", "0.00", "-300.00")),
    ],
)
def test_the_wage_cap_carries_over_what_exceeds_it(shop, gross, minimum, wanted):
    for _line in range(3):
        shop.posted(late=3 * HOUR)
    wage(shop, gross, minimum)
    assert persons(shop) == {"例agent": wanted}


def test_without_a_wage_it_says_so_and_cuts_nothing(shop):
    shop.posted()
    found = figures(shop.store, OCTOBER, now=END)
    assert [person.name for person in found.wages_missing] == ["例agent"]
    assert found.with_wages == Decimal("-50.00")


def test_bonuses_do_not_offset_penalties_and_need_no_wage(shop):
    shop.award(shop.technician)
    assert figures(shop.store, OCTOBER, now=END).wages_missing == []
    shop.award(shop.agent, "1000.00")
    for _line in range(3):
        shop.posted(late=3 * HOUR)
    wage(shop, "1000.00", "100.00")
    assert persons(shop)["例agent"] == ("300.00", "200.00", "0.00", "100.00", "800.00")


def test_a_reversed_penalty_does_not_count_for_the_cap(shop):
    entry = shop.posted(late=3 * HOUR)
    shop.posted()
    services.approve(services.propose_reversal(entry, by=shop.care, now=NOW, reason="x"), by=shop.gm, now=NOW)
    wage(shop, "200.00", "100.00")
    assert persons(shop)["例agent"] == ("50.00", "40.00", "0.00", "10.00", "-40.00")


def test_held_back_lines_do_not_count_for_the_cap(shop):
    shop.posted(now=END)
    wage(shop, "200.00", "100.00")
    assert persons(shop)["例agent"] == ("0.00", "40.00", "0.00", "0.00", "0.00")


def test_what_was_carried_over_is_asked_for_next_month_under_its_own_cap(shop):
    for _line in range(3):
        shop.posted(late=3 * HOUR)
    wage(shop, "1000.00", "100.00")
    shop.lock(OCTOBER, now=END)
    row = CarriedOver.objects.get()
    assert (row.employee, row.amount, row.from_month, row.until_month) == (
        shop.agent,
        Decimal("100.00"),
        OCTOBER,
        NOVEMBER,
    )
    assert persons(shop, NOVEMBER) == {"例agent": ("100.00", None, "100.00", "0.00", "-100.00")}
    wage(shop, "400.00", "100.00", month=NOVEMBER)
    assert persons(shop, NOVEMBER) == {"例agent": ("100.00", "80.00", "100.00", "20.00", "-80.00")}
    shop.lock(NOVEMBER, now=END + 30 * DAY)
    assert CarriedOver.objects.get(from_month=NOVEMBER).amount == Decimal("20.00")
    assert LedgerEntry.objects.count() == 3  # the ledger knows nothing of it


def test_a_store_sees_its_own_lines_only(shop):
    Shop("B1").posted()
    assert sums(shop) == ("0.00", "0.00", "0.00", "0.00")


def test_figures_take_a_fixed_number_of_queries(shop, django_assert_num_queries):
    shop.posted()
    with django_assert_num_queries(6):  # month, own lines, lines brought in, carried, rules, wages
        figures(shop.store, OCTOBER, now=END)
    for _line in range(5):
        shop.award(shop.posted(now=END).employee, now=END)
    with django_assert_num_queries(6):
        figures(shop.store, OCTOBER, now=END)


def test_the_month_of_the_store_decides_what_has_begun(shop):
    first_instant = NOW + 11 * DAY + 14 * HOUR  # 1 November, 00:00 in the store
    with pytest.raises(IllegalMove):
        services.ask_lock(shop.store, NOVEMBER, by=shop.clerk, now=first_instant - MINUTE)
    assert services.ask_lock(shop.store, date(2026, 11, 1), by=shop.clerk, now=first_instant).status == (
        MonthStatus.LOCKING
    )
