"""Facts of the lower floors against proposals: made, followed, withdrawn, reversed, and nothing twice."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from complaints.models import Breach, Complaint, Event, FaultFinding
from csi_portal.notifications.models import ActionItem
from csi_portal.organization.models import AuditLine, Employee, PolicyVersion, RoleGrant
from incentives import reconcile, services
from incentives.models import Adoption, LedgerEntry, Lookout, Proposal, ProposalStatus
from incentives.reconcile.look import OVERLAP, look_again_from
from incentives.rules import DEFAULT_RULES
from incentives.tests.making import DAY, HOUR, MINUTE, NOVEMBER, NOW, OCTOBER, Shop
from reports.models import MonthAcceptance

P1 = [("P1", "agent", Decimal("-50.00"))]


def named(shop, lines):
    """Lines with the people's names instead of their keys."""
    names = {
        f"e:{shop.agent.pk}": "agent",
        f"e:{shop.manager.pk}": "manager",
        f"e:{shop.technician.pk}": "technician",
        f"d:{shop.departments['after_sales'].pk}": "after_sales",
        f"d:{shop.departments['sales'].pk}": "sales",
    }
    return sorted((rule, names[key], amount) for rule, key, amount in lines)


def excuse(form, at=NOW):
    Breach.objects.filter(complaint=form).update(excused_at=at)


def unexcuse(form):
    Breach.objects.filter(complaint=form).update(excused_at=None)


def void(form):
    Complaint.objects.filter(pk=form.pk).update(blame_void=True)


# -- from facts to lines


def test_a_late_transfer_proposes_a_p1_with_its_reasons(shop):
    form = shop.late_transfer(late=35 * MINUTE)
    outcome = shop.look(form)
    (row,) = shop.proposals()
    assert named(shop, shop.lines()) == P1
    assert (row.kind, row.month, row.occurred_on, row.seq) == ("penalty", OCTOBER, date(2026, 10, 20), 1)
    assert row.evidence_key == f"form:{form.number}"
    assert row.rule_version.version == 1
    assert row.reasoning["params"]["late_minutes"] == 35
    assert (outcome.proposed, outcome.changed, outcome.withdrawn) == (1, 0, 0)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda form: Breach.objects.update(late_in_opening_hours=False), id="in time in opening hours"),
        pytest.param(lambda form: Breach.objects.update(fair_to_charge=False), id="held too short"),
        pytest.param(lambda form: excuse(form), id="excused"),
        pytest.param(lambda form: void(form), id="blame void"),
        pytest.param(lambda form: Complaint.objects.update(status="void"), id="form void"),
        pytest.param(lambda form: Adoption.objects.all().delete(), id="not adopted"),
        pytest.param(lambda form: Adoption.objects.update(announced_on=date(2026, 10, 21)), id="announced later"),
        pytest.param(lambda form: Employee.objects.update(probation_until=date(2026, 10, 20)), id="on probation"),
    ],
)
def test_what_asks_for_nothing(shop, spoil):
    form = shop.late_transfer()
    spoil(form)
    shop.look(form)
    assert shop.proposals() == []
    assert not ActionItem.objects.exists()


def test_the_agent_is_the_employee_of_this_store(shop):
    other = Shop("B1")
    Employee.objects.create(
        store=other.store, department=other.departments["sales"], staff_number="X", name="例", user=shop.agent.user
    )
    form = shop.late_transfer()
    shop.look(form)
    assert named(shop, shop.lines()) == P1


def test_p2_for_the_manager_and_the_persons_ticked(shop):
    form = shop.neglected()
    shop.look(form)
    assert named(shop, shop.lines()) == [
        ("P2", "manager", Decimal("-100.00")),
        ("P2", "technician", Decimal("-100.00")),
    ]


def test_p2_needs_the_tick_and_goes_with_it(shop):
    form = shop.neglected(ticked=[])
    shop.look(form)
    assert shop.lines() == []
    tick = shop.tick(form, shop.technician)
    shop.look(form)
    assert len(shop.lines()) == 2
    FaultFinding.objects.filter(pk=tick.pk).update(withdrawn_at=NOW)
    shop.look(form)
    assert shop.lines() == []


def test_a_later_instruction_raises_p2_while_it_is_only_proposed(shop):
    form = shop.neglected()
    shop.look(form)
    approved = Proposal.objects.get(employee=shop.technician)
    services.approve(approved, by=shop.gm, now=NOW)
    shop.instruct(form)
    outcome = shop.look(form)
    assert named(shop, shop.lines()) == [("P2", "manager", Decimal("-200.00"))]
    assert LedgerEntry.objects.get().amount == Decimal("-100.00")  # what was approved does not move
    assert (outcome.changed, outcome.reversals) == (1, 0)


def test_the_manager_at_the_breach_pays_not_the_one_of_today(shop):
    form = shop.neglected()
    RoleGrant.objects.filter(role="department_manager").update(valid_to=NOW + DAY)
    successor = shop.hire("next", "after_sales", "department_manager", of="after_sales")
    RoleGrant.objects.filter(user=successor.user).update(valid_from=NOW + DAY)
    shop.look(form, now=NOW + 5 * DAY)
    assert {key for _rule, key, _amount in shop.lines()} == {f"e:{shop.manager.pk}", f"e:{shop.technician.pk}"}


def test_a_breach_of_a_superseded_deadline_is_judged_by_the_living_one(shop):
    form = shop.form()
    old = shop.step(form, "transfer", 30, None, superseded_at=NOW)
    shop.step(form, "transfer", 20, 40 * MINUTE, generation=2)
    shop.breach(old)
    shop.look(form)
    assert named(shop, shop.lines()) == P1


def test_a_re_issued_forms_breaches_count(shop):
    form = shop.late_transfer(status="reissued")
    shop.look(form)
    assert named(shop, shop.lines()) == P1


def test_each_round_is_a_line_of_its_own(shop):
    first, second = shop.late_transfer(status="reissued"), shop.late_transfer(round=2)
    shop.look(first, second)
    assert [row.evidence_key for row in shop.proposals()] == [f"form:{first.number}", f"form:{second.number}"]


def test_rules_in_force_when_the_form_was_opened_decide(shop):
    PolicyVersion.objects.create(
        store=shop.store,
        kind="incentives",
        version=1,
        effective_from=NOW + HOUR,
        data={**DEFAULT_RULES, "P1": {**DEFAULT_RULES["P1"], "amount": "70.00"}},
    )
    before, after = shop.late_transfer(), shop.late_transfer(received_at=NOW + 2 * HOUR)
    shop.look(before, after, now=NOW + DAY)
    assert [row.amount for row in shop.proposals()] == [Decimal("-50.00"), Decimal("-70.00")]


def test_of_an_own_draft_nothing_holds(shop):
    PolicyVersion.objects.create(
        store=shop.store, kind="incentives", effective_from=NOW - DAY, data={"P1": {"amount": "1.00"}}, status="draft"
    )
    form = shop.late_transfer()
    shop.look(form)
    assert named(shop, shop.lines()) == P1


# -- running again


def test_any_number_of_runs_has_the_same_result(shop):
    forms = [shop.late_transfer(), shop.neglected(), shop.late_transfer(late=None)]
    shop.board()
    shop.look_at_month(now=NOW + 20 * DAY)
    before = list(Proposal.objects.order_by("pk").values())
    lines = AuditLine.objects.count()
    for _again in range(3):
        outcome = shop.look_at_month(now=NOW + 20 * DAY)
        assert outcome == reconcile.Outcome()
    assert list(Proposal.objects.order_by("pk").values()) == before
    assert AuditLine.objects.count() == lines
    assert len(before) == 5 and len(forms) == 3


def test_the_queries_do_not_grow_with_the_forms(shop, django_assert_num_queries):
    shop.look(shop.late_transfer(), shop.neglected())
    shop.look()
    few = [shop.late_transfer()]
    shop.look(*few)
    many = [shop.late_transfer() for _form in range(6)] + [shop.neglected() for _form in range(3)]
    shop.look(*many)
    # savepoint's two, lock, adoption, forms, breaches, deadlines, ticks, instructions, grants, people, rules,
    # proposals, numbers, entries, items
    with django_assert_num_queries(16):
        shop.look(*few)
    with django_assert_num_queries(16):
        shop.look(*many)


def test_a_fact_that_goes_withdraws_the_line_and_comes_back_as_the_next(shop):
    form = shop.late_transfer()
    shop.look(form)
    excuse(form)
    shop.look(form)
    assert [(row.seq, row.status) for row in shop.proposals()] == [(1, "withdrawn")]
    unexcuse(form)
    shop.look(form)
    assert [(row.seq, row.status) for row in shop.proposals()] == [(1, "withdrawn"), (2, "proposed")]


def test_a_rejection_stays(shop):
    form = shop.late_transfer()
    shop.look(form)
    services.reject(Proposal.objects.get(), by=shop.gm, now=NOW, note="系统故障")
    for change in (lambda: None, lambda: excuse(form), lambda: unexcuse(form)):
        change()
        assert shop.look(form) == reconcile.Outcome()
    assert [row.status for row in shop.proposals()] == ["rejected"]


def test_an_approved_line_whose_fact_goes_gets_a_reversal_proposed(shop):
    entry = shop.posted()
    form = Complaint.objects.get()
    void(form)
    assert shop.look(form).reversals == 1
    assert shop.look(form) == reconcile.Outcome()
    reversal = Proposal.objects.get(kind="reversal")
    assert (reversal.reverses, reversal.amount, reversal.status) == (entry, Decimal("50.00"), "proposed")
    assert reversal.reasoning == {"code": "fact_gone", "params": {"entry": 1, "because": "void"}}
    services.approve(reversal, by=shop.gm, now=NOW)
    assert sum(LedgerEntry.objects.values_list("amount", flat=True)) == 0
    assert shop.look(form) == reconcile.Outcome()


def test_a_fact_that_comes_back_before_the_reversal_is_decided_takes_it_back(shop):
    shop.posted()
    form = Complaint.objects.get()
    excuse(form)
    shop.look(form)
    unexcuse(form)
    shop.look(form)
    assert [(row.kind, row.status) for row in shop.proposals()] == [("penalty", "approved"), ("reversal", "withdrawn")]
    excuse(form)
    shop.look(form)
    assert [row.status for row in shop.proposals(kind="reversal")] == ["withdrawn", "proposed"]


def test_a_fact_that_comes_back_after_the_reversal_asks_anew(shop):
    shop.posted()
    form = Complaint.objects.get()
    excuse(form)
    shop.look(form)
    services.approve(Proposal.objects.get(kind="reversal"), by=shop.gm, now=NOW)
    unexcuse(form)
    shop.look(form)
    assert [(row.kind, row.seq, row.status) for row in shop.proposals()] == [
        ("penalty", 1, "approved"),
        ("reversal", 2, "approved"),
        ("penalty", 3, "proposed"),
    ]


def test_a_rejected_reversal_stays_rejected(shop):
    shop.posted()
    form = Complaint.objects.get()
    excuse(form)
    shop.look(form)
    services.reject(Proposal.objects.get(kind="reversal"), by=shop.gm, now=NOW, note="入账正确")
    assert shop.look(form) == reconcile.Outcome()
    assert Proposal.objects.filter(kind="reversal").count() == 1


# -- absorbing


def major(shop):
    form = shop.late_transfer(level="major")
    shop.late(form, "gm_notice", 30, 40 * MINUTE)
    return form


def test_p3_absorbs_p1_and_gives_it_free_again(shop):
    form = major(shop)
    shop.look(form)
    rows = {row.rule: row for row in shop.proposals()}
    assert named(shop, shop.lines()) == [("P3", "agent", Decimal("-200.00"))]
    assert (rows["P1"].status, rows["P1"].absorbed_by) == ("absorbed", rows["P3"])
    Breach.objects.filter(deadline__step="gm_notice").update(excused_at=NOW)
    shop.look(form)
    assert named(shop, shop.lines()) == P1
    assert Proposal.objects.get(rule="P1").absorbed_by is None


def test_a_p1_that_was_approved_before_is_reversed_for_the_p3(shop):
    form = shop.late_transfer(level="major")
    shop.look(form)
    services.approve(Proposal.objects.get(), by=shop.gm, now=NOW)
    shop.late(form, "gm_notice", 30, 40 * MINUTE)
    shop.look(form)
    waiting = {(row.rule, row.kind, row.amount) for row in shop.proposals(status="proposed")}
    assert waiting == {("P3", "penalty", Decimal("-200.00")), ("P1", "reversal", Decimal("50.00"))}


def test_a_rejected_p3_absorbs_nothing(shop):
    form = major(shop)
    shop.look(form)
    services.reject(Proposal.objects.get(rule="P3"), by=shop.gm, now=NOW, note="已口头告知")
    assert named(shop, shop.lines()) == P1


# -- nobody known


def test_nobody_known_is_an_item_for_the_care_manager_until_somebody_is(shop):
    stranger = shop.login("stranger")
    form = shop.late_transfer(agent=stranger)
    shop.look(form)
    shop.look(form)
    item = ActionItem.objects.get()
    assert (item.kind, item.role, item.done_at) == ("incentives.nobody_known", "care_manager", None)
    assert item.params == {"rule": "P1", "evidence": form.number, "missing": "agent"}
    assert shop.proposals() == []
    found = Employee.objects.create(
        store=shop.store, department=shop.departments["sales"], staff_number="N1", name="例新", user=stranger
    )
    shop.look(form)
    item.refresh_from_db()
    assert (item.done_at, item.done_by) == (NOW, None)
    assert [key for _rule, key, _amount in shop.lines()] == [f"e:{found.pk}"]
    Employee.objects.filter(pk=found.pk).update(user=None)
    shop.look(form)
    item.refresh_from_db()
    assert item.done_at is None  # it never falls silent


def test_an_item_a_person_ticked_off_stays_done(shop):
    form = shop.late_transfer(agent=None)
    shop.look(form)
    ActionItem.objects.update(done_at=NOW, done_by=shop.care)
    shop.look(form)
    assert ActionItem.objects.get().done_at == NOW


def test_a_line_nobody_may_decide_is_told_to_the_administrator(shop):
    RoleGrant.objects.filter(role="group_approver").delete()
    form = shop.late_transfer(agent=shop.gm)
    Employee.objects.create(
        store=shop.store, department=shop.departments["sales"], staff_number="G1", name="例总", user=shop.gm
    )
    shop.look(form)
    item = ActionItem.objects.get()
    assert (item.kind, item.role, item.done_at) == ("incentives.nobody_decides", "administrator", None)
    excuse(form)
    shop.look(form)
    item.refresh_from_db()
    assert item.done_at == NOW


# -- P4


@pytest.mark.parametrize(
    ("kind", "score", "n", "counts", "wanted"),
    [
        ("csi", "94.99", 20, {}, [("P4", "after_sales", Decimal("-500.00"))]),
        ("ssi", "94.99", 20, {}, [("P4", "sales", Decimal("-500.00"))]),
        ("csi", "95.00", 20, {}, []),
        ("csi", "10.00", 4, {}, []),
        ("csi", "10.00", 5, {}, [("P4", "after_sales", Decimal("-500.00"))]),
        ("csi", None, 0, {}, []),
        ("csi", "90.00", 20, {"due": 61, "contacted": 30, "completed": 20}, []),
        (
            "csi",
            "90.00",
            20,
            {"due": 60, "contacted": 30, "completed": 18},
            [("P4", "after_sales", Decimal("-500.00"))],
        ),
        ("csi", "90.00", 20, {"due": 60, "contacted": 30, "completed": 17}, []),
        ("csi", "90.00", 20, {"due": 0, "contacted": 0, "completed": 0}, []),
    ],
)
def test_p4_from_the_published_month(shop, kind, score, n, counts, wanted):
    shop.board(kind, score=score, n=n, **counts)
    shop.look_at_month()
    assert named(shop, shop.lines()) == wanted


def test_p4_of_a_month_that_was_accepted(shop):
    shop.board(due=100)
    shop.look_at_month()
    assert shop.lines() == []
    MonthAcceptance.objects.create(store=shop.store, kind="csi", month=OCTOBER, reason="停业", accepted_by=shop.gm)
    shop.look_at_month()
    assert named(shop, shop.lines()) == [("P4", "after_sales", Decimal("-500.00"))]


def test_p4_waits_for_a_board(shop):
    assert shop.look_at_month() == reconcile.Outcome()


def test_a_weekly_board_asks_for_nothing(shop):
    shop.board(period_kind="week")
    shop.look_at_month()
    assert shop.lines() == []


def test_a_revision_across_the_target_is_proposed_withdrawn_and_reversed(shop):
    shop.board(score="95.00")
    shop.look_at_month()
    assert shop.lines() == []
    shop.board(score="94.00", revision=2)
    shop.look_at_month()
    (row,) = shop.proposals()
    assert row.evidence_key == "board:csi:2026-10:after_sales"
    services.approve(row, by=shop.gm, now=NOW)
    shop.board(score="96.00", revision=3)
    shop.look_at_month()
    services.approve(Proposal.objects.get(kind="reversal"), by=shop.gm, now=NOW)
    shop.board(score="93.00", revision=4)
    shop.look_at_month()
    assert [(row.kind, row.seq, row.status) for row in shop.proposals()] == [
        ("penalty", 1, "approved"),
        ("reversal", 2, "approved"),
        ("penalty", 3, "proposed"),
    ]


# -- whole months and quarters


def test_a_month_takes_in_its_own_facts_only(shop):
    shop.late_transfer(received_at=NOW)
    shop.late_transfer(received_at=NOW + 15 * DAY)
    shop.late_transfer(received_at=datetime(2026, 10, 31, 15, 40, tzinfo=UTC))  # due ten minutes into November
    shop.look_at_month(now=NOW + 30 * DAY)
    assert [row.month for row in shop.proposals()] == [OCTOBER]
    shop.look_at_month(NOVEMBER, now=NOW + 30 * DAY)
    assert sorted(row.month for row in shop.proposals()) == [OCTOBER, NOVEMBER, NOVEMBER]


def test_a_month_looks_again_at_the_lines_it_has(shop):
    form = shop.form()
    shop.step(form, "transfer", 30, 10 * MINUTE)
    instruction = shop.instruct(form)
    shop.look_at_month()
    assert named(shop, shop.lines()) == [("P2", "manager", Decimal("-200.00"))]
    type(instruction).objects.all().delete()  # no fact is left by which the month could find the form
    shop.look_at_month()
    assert shop.lines() == []


def test_a_quarter_is_its_three_months(shop):
    for year, month in ((2026, 9), (2026, 10), (2026, 11), (2026, 12), (2027, 1)):
        shop.late_transfer(received_at=datetime(year, month, 15, tzinfo=UTC))
    reconcile.reconcile_quarter(shop.store, OCTOBER, now=NOW + 200 * DAY)
    assert [f"{row.month:%m}" for row in shop.proposals()] == ["10", "11", "12"]


# -- the sweep


def test_the_sweep_looks_at_touched_forms_and_is_idle_afterwards(shop, django_assert_num_queries):
    reconcile.look_at_touched(NOW)
    form = shop.late_transfer()
    later = NOW + HOUR
    assert reconcile.look_at_touched(later) == {"proposed": 1, "withdrawn": 0, "reversals_proposed": 0}
    excuse(form)
    Event.objects.create(store=shop.store, complaint=form, kind="excused", happened_at=later, recorded_at=later)
    assert reconcile.look_at_touched(later + MINUTE)["withdrawn"] == 1
    reconcile.look_at_touched(later + 3 * OVERLAP)
    with django_assert_num_queries(9):  # stores, newest event, bookmarks, four kinds of facts, two marks
        reconcile.look_at_touched(later + 6 * OVERLAP)


def test_an_event_that_was_slow_to_commit_is_seen_within_the_overlap(shop):
    form = shop.late_transfer()
    Event.objects.create(pk=50, store=shop.store, complaint=form, kind="x", happened_at=NOW, recorded_at=NOW)
    reconcile.look_at_touched(NOW)
    excuse(form)
    Event.objects.create(pk=49, store=shop.store, complaint=form, kind="y", happened_at=NOW, recorded_at=NOW + MINUTE)
    assert reconcile.look_at_touched(NOW + 2 * MINUTE)["withdrawn"] == 1


def test_a_new_bookmark_takes_in_every_month_since_the_adoption(shop):
    shop.late_transfer(received_at=NOW - 100 * DAY)
    assert not Lookout.objects.exists()
    assert reconcile.look_at_touched(NOW)["proposed"] == 1


def test_a_published_board_touches_its_month(shop):
    reconcile.look_at_touched(NOW)
    shop.board(month=date(2026, 9, 1), published_at=NOW + MINUTE)
    assert reconcile.look_at_touched(NOW + 2 * MINUTE)["proposed"] == 1


def test_an_adoption_recorded_later_is_looked_at_from_its_month_on(shop):
    Adoption.objects.all().delete()
    shop.late_transfer(received_at=NOW - 40 * DAY)
    Lookout.objects.create(store=shop.store, looked_at=NOW)
    services.record_adoption(
        shop.store,
        adopted_on=date(2026, 8, 1),
        announced_on=date(2026, 8, 1),
        treatment="compensation",
        by=shop.gm,
        now=NOW,
    )
    assert reconcile.look_at_touched(NOW + HOUR)["proposed"] == 1
    assert Lookout.objects.get().full_since is None


def test_the_earliest_wish_for_a_full_look_stays(shop):
    for day in (date(2026, 9, 9), date(2026, 7, 3), date(2026, 8, 8)):
        look_again_from(shop.store, day)
    assert Lookout.objects.get().full_since == date(2026, 7, 1)


def test_the_daily_look_proposes_what_the_month_end_made_due(shop):
    shop.late_transfer(late=None)
    reconcile.daily_look(shop.store, date(2026, 10, 31), datetime(2026, 10, 31, 1, tzinfo=UTC))
    assert shop.lines() == []
    reconcile.daily_look(shop.store, date(2026, 11, 1), datetime(2026, 10, 31, 16, 20, tzinfo=UTC))
    assert named(shop, shop.lines()) == [("P1", "agent", Decimal("-100.00"))]


def test_a_store_without_adoption_is_not_looked_at(shop):
    Adoption.objects.all().delete()
    shop.late_transfer()
    assert reconcile.look_at_touched(NOW) == {}
    reconcile.daily_look(shop.store, date(2026, 11, 1), NOW)
    assert shop.proposals() == []


def test_another_store_is_left_alone(shop):
    other = Shop("B1")
    form = other.late_transfer()
    shop.look(form)
    assert Proposal.objects.count() == 0
    assert not Proposal.objects.filter(status=ProposalStatus.PROPOSED).exists()
