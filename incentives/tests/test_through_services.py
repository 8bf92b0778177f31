"""Money from facts as the lower floors write them: their services make the breaches, boards and rulings."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from complaints import services as complaints
from complaints.models import Breach
from csi_portal.organization.models import RoleGrant
from incentives import reconcile, services
from incentives.models import LedgerEntry, Proposal
from incentives.tests.making import DAY, HOUR, MINUTE, NOVEMBER, Shop
from reports.periods import Period
from reports.services import publish_board

# Friday 2026-11-20 10:00 in Shanghai, in opening hours
T0 = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


@pytest.fixture
def shop(db):
    shop = Shop()
    RoleGrant.objects.create(user=shop.care, role="care_agent", store=shop.store)
    return shop


def register(shop, level="general", *, passed_on=False, at=T0):
    return complaints.register(
        store=shop.store,
        level=level,
        source="hotline",
        summary="空调异味",
        by=shop.agent.user,
        department=shop.departments["after_sales"] if passed_on else None,
        now=at,
    )


def do(shop, form, step, at, *, by=None, **details):
    if step == "transfer":
        details["department"] = shop.departments["after_sales"]
    if step == "resolution":
        details |= {"remedy": "返修", "cause": "堵塞"}
    return complaints.complete_step(form, step, by=by or shop.manager.user, note="已办", now=at, **details)


def lines(shop) -> list[tuple]:
    return [(rule, int(key.partition(":")[2]), amount) for rule, key, amount in shop.lines()]


def touched(shop, at) -> None:
    reconcile.look_at_touched(at)


def test_a_transfer_in_time_costs_nothing(shop):
    form = register(shop)
    do(shop, form, "transfer", T0 + 30 * MINUTE, by=shop.agent.user)
    touched(shop, T0 + HOUR)
    assert lines(shop) == []


@pytest.mark.parametrize(("late", "amount"), [(MINUTE, "-50.00"), (2 * HOUR + MINUTE, "-100.00")])
def test_a_late_transfer_charges_the_agent(shop, late, amount):
    form = register(shop)
    do(shop, form, "transfer", T0 + 30 * MINUTE + late, by=shop.agent.user)
    touched(shop, T0 + 4 * HOUR)
    assert lines(shop) == [("P1", shop.agent.pk, Decimal(amount))]


def test_a_transfer_late_only_outside_opening_hours_costs_nothing(shop):
    evening = datetime(2026, 11, 20, 9, 55, tzinfo=UTC)  # 17:55, five minutes before closing
    form = register(shop, at=evening)
    do(shop, form, "transfer", evening + 3 * HOUR, by=shop.agent.user)
    assert Breach.objects.filter(complaint=form, late_in_opening_hours=False).count() == 1
    touched(shop, evening + 5 * HOUR)
    assert lines(shop) == []


def test_an_open_transfer_waits_for_the_month_end(shop):
    register(shop)
    complaints.sweep(T0 + 3 * HOUR)
    touched(shop, T0 + 3 * HOUR)
    assert lines(shop) == []
    december = datetime(2026, 11, 30, 16, 20, tzinfo=UTC)
    complaints.sweep(december)
    reconcile.daily_look(shop.store, date(2026, 12, 1), december)
    assert lines(shop) == [("P1", shop.agent.pk, Decimal("-100.00"))]


def test_neglect_is_charged_when_the_care_manager_ticks_it(shop):
    form = register(shop, passed_on=True)
    do(shop, form, "first_contact", T0 + 3 * HOUR)
    touched(shop, T0 + 4 * HOUR)
    assert lines(shop) == []
    finding = complaints.find_fault(form, shop.technician, by=shop.care, cause="没有回电", now=T0 + 5 * HOUR)
    touched(shop, T0 + 5 * HOUR)
    assert lines(shop) == [
        ("P2", shop.manager.pk, Decimal("-100.00")),
        ("P2", shop.technician.pk, Decimal("-100.00")),
    ]
    complaints.withdraw_fault(finding, by=shop.care, note="弄错了", now=T0 + 6 * HOUR)
    touched(shop, T0 + 6 * HOUR)
    assert lines(shop) == []


def test_after_a_late_hand_over_the_department_has_its_own_time(shop):
    form = register(shop)
    do(shop, form, "transfer", T0 + 100 * MINUTE, by=shop.agent.user)
    do(shop, form, "first_contact", T0 + 150 * MINUTE)  # late, but only 50 minutes after the hand-over
    complaints.find_fault(form, shop.technician, by=shop.care, cause="没有回电", now=T0 + 5 * HOUR)
    touched(shop, T0 + 5 * HOUR)
    assert lines(shop) == [("P1", shop.agent.pk, Decimal("-50.00"))]


def test_an_instruction_because_of_neglect_charges_the_manager(shop):
    form = register(shop, passed_on=True)
    complaints.sweep(T0 + 5 * HOUR)  # escalated: the general manager is asked
    do(shop, form, "first_contact", T0 + 5 * HOUR)
    form.refresh_from_db()
    complaints.instruct(form, by=shop.gm, text="今天内回复客户", now=T0 + 6 * HOUR)
    touched(shop, T0 + 6 * HOUR)
    assert lines(shop) == [("P2", shop.manager.pk, Decimal("-200.00"))]


def test_a_major_form_told_too_late_is_p3_and_absorbs_p1(shop):
    form = register(shop, "major")
    do(shop, form, "transfer", T0 + 2 * HOUR, by=shop.agent.user)
    touched(shop, T0 + 3 * HOUR)
    assert lines(shop) == [("P3", shop.agent.pk, Decimal("-200.00"))]
    assert Proposal.objects.get(rule="P1").status == "absorbed"


def test_the_whole_way_from_a_late_step_to_the_sheet(shop):
    form = register(shop)
    do(shop, form, "transfer", T0 + HOUR, by=shop.agent.user)
    touched(shop, T0 + 2 * HOUR)
    entry = services.approve(Proposal.objects.get(), by=shop.gm, now=T0 + DAY)
    assert entry.text.startswith(f"{form.number}: “Pass on” due 11-20 10:30, done 11-20 11:00, 30 min late")
    shop.lock(NOVEMBER, now=T0 + 20 * DAY)
    sheet = services.export_sheet(shop.store, NOVEMBER, by=shop.clerk, now=T0 + 20 * DAY)
    assert sheet.totals["ledger"] == -5000


def test_a_published_month_without_answers_costs_nothing_and_its_revision_below_target_does(shop):
    october = Period.parse("2026-10")
    board = publish_board(shop.store, "csi", october, by=shop.care, now=T0).board
    assert board.lines.first().score is None
    touched(shop, T0 + MINUTE)
    assert lines(shop) == []
    shop.board("csi", score="90.00", revision=2, published_at=T0 + HOUR)
    touched(shop, T0 + 2 * HOUR)
    assert lines(shop) == [("P4", shop.departments["after_sales"].pk, Decimal("-500.00"))]


def test_void_blame_takes_back_what_was_posted(shop):
    form = register(shop)
    do(shop, form, "transfer", T0 + HOUR, by=shop.agent.user)
    touched(shop, T0 + 2 * HOUR)
    services.approve(Proposal.objects.get(), by=shop.gm, now=T0 + DAY)
    type(form).objects.filter(pk=form.pk).update(blame_void=True)
    reconcile.daily_look(shop.store, date(2026, 11, 22), T0 + 2 * DAY)
    services.approve(Proposal.objects.get(kind="reversal"), by=shop.gm, now=T0 + 2 * DAY)
    assert sum(LedgerEntry.objects.values_list("amount", flat=True)) == 0


def test_the_bell_of_a_fact_brings_the_line(shop, django_capture_on_commit_callbacks, monkeypatch):
    """The whole chain once: the service rings, the listener looks, the line is there."""
    from csi_portal.organization import hooks

    monkeypatch.setattr("django.utils.timezone.now", lambda: T0 + timedelta(hours=2))
    reconcile.look_at_touched(T0)
    monkeypatch.setattr(hooks, "_ring", lambda fact: [fn() for fn in hooks.listeners(fact).values()])
    with django_capture_on_commit_callbacks(execute=True):
        form = register(shop)
        do(shop, form, "transfer", T0 + HOUR, by=shop.agent.user)
    assert lines(shop) == [("P1", shop.agent.pk, Decimal("-50.00"))]
