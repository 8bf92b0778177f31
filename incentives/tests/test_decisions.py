"""Approving, rejecting, choosing an amount, putting in by hand: who may, what changed since, what it leaves behind."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from complaints.models import Breach, Complaint
from csi_portal.organization.errors import Conflict, IllegalMove, NotAllowed
from csi_portal.organization.models import AuditLine, Employee, RoleGrant
from incentives import services
from incentives.models import Adoption, LedgerEntry, Proposal
from incentives.tests.making import DAY, HOUR, NOVEMBER, NOW, OCTOBER, Shop


def waiting(shop, **columns) -> Proposal:
    form = shop.late_transfer(**columns)
    shop.look(form)
    return Proposal.objects.get(evidence_key=f"form:{form.number}")


# -- approve and reject


def test_approving_posts_and_writes_down_who(shop):
    row = waiting(shop)
    entry = services.approve(row, by=shop.gm, now=NOW, note="属实", version=row.version)
    row.refresh_from_db()
    assert (row.status, row.decided_by, row.decided_at, row.decision_note) == ("approved", shop.gm, NOW, "属实")
    assert (entry.proposal, entry.approved_by) == (row, shop.gm)
    assert entry.text.endswith(" · 属实")
    assert AuditLine.objects.filter(action="proposal.approved", actor=shop.gm).count() == 1


def test_rejecting_needs_a_reason_and_posts_nothing(shop):
    row = waiting(shop)
    with pytest.raises(IllegalMove, match="reason"):
        services.reject(row, by=shop.gm, now=NOW, note=" ")
    services.reject(row, by=shop.gm, now=NOW, note="系统故障")
    row.refresh_from_db()
    assert (row.status, row.decision_note) == ("rejected", "系统故障")
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize("who", ["care", "clerk", "agent", "boss"])
def test_only_the_general_manager_and_the_group_approver_decide(shop, who):
    row = waiting(shop)
    for act in (services.approve, services.reject):
        with pytest.raises(NotAllowed):
            act(row, by=shop.users[who], now=NOW, note="x")
    assert services.approve(row, by=shop.group, now=NOW).approved_by == shop.group


def test_another_stores_general_manager_decides_nothing_here(shop):
    with pytest.raises(NotAllowed):
        services.approve(waiting(shop), by=Shop("B1").gm, now=NOW)


def test_nobody_decides_the_own_line(shop):
    Employee.objects.filter(pk=shop.agent.pk).update(user=shop.gm)
    row = waiting(shop, agent=shop.gm)
    for act in (services.approve, services.reject):
        with pytest.raises(NotAllowed):
            act(row, by=shop.gm, now=NOW, note="x")
    assert services.approve(row, by=shop.group, now=NOW).number == 1


def test_a_general_manager_who_also_manages_the_department_does_not_decide_its_p4(shop):
    RoleGrant.objects.create(
        user=shop.gm, role="department_manager", store=shop.store, department=shop.departments["after_sales"]
    )
    shop.board()
    shop.look_at_month()
    row = Proposal.objects.get()
    with pytest.raises(NotAllowed):
        services.approve(row, by=shop.gm, now=NOW)
    assert services.approve(row, by=shop.group, now=NOW).number == 1


def test_the_list_of_what_one_may_decide_agrees_with_the_rule(shop):
    RoleGrant.objects.create(user=shop.gm, role="department_manager", store=shop.store)
    RoleGrant.objects.create(user=shop.group, role="care_manager", store=shop.store)
    Employee.objects.filter(pk=shop.agent.pk).update(user=shop.gm)
    waiting(shop, agent=shop.gm)
    shop.look(shop.neglected())
    shop.board()
    shop.look_at_month()
    services.propose_by_hand(
        shop.store, "A9", employee=shop.technician, amount=Decimal(9), reason="锦旗", by=shop.group, now=NOW
    )
    for user in (shop.gm, shop.group, shop.care):
        listed = set(Proposal.objects.not_own(user))
        assert listed == {row for row in Proposal.objects.all() if user.pk not in row.concerned_user_ids()}
        assert len(listed) in {2, 3, 4, 5}


def test_what_changed_since_it_was_shown_asks_again(shop):
    row = waiting(shop)
    shown = row.version
    services.choose_amount(row, Decimal("80.00"), by=shop.care, now=NOW, reason="情节较重")
    with pytest.raises(Conflict, match="changed"):
        services.approve(row, by=shop.gm, now=NOW, version=shown)
    assert not LedgerEntry.objects.exists()


def test_a_fact_that_went_a_moment_ago_is_not_approved(shop):
    row = waiting(shop)
    Breach.objects.update(excused_at=NOW)
    with pytest.raises(Conflict, match="withdrawn"):
        services.approve(row, by=shop.gm, now=NOW, version=row.version)
    assert not LedgerEntry.objects.exists()


def test_an_amount_the_facts_changed_a_moment_ago_is_shown_first(shop):
    form = shop.neglected()
    shop.look(form)
    row = Proposal.objects.get(employee=shop.technician)
    shop.instruct(form)
    with pytest.raises(Conflict):
        services.approve(row, by=shop.gm, now=NOW, version=row.version)


def test_a_decided_line_is_decided(shop):
    row = waiting(shop)
    services.approve(row, by=shop.gm, now=NOW)
    for act in (services.approve, services.reject):
        with pytest.raises(Conflict, match="gm"):
            act(row, by=shop.group, now=NOW, note="x")
    assert LedgerEntry.objects.count() == 1


def test_an_absorbed_line_is_not_approved(shop):
    form = shop.late_transfer(level="major")
    shop.late(form, "gm_notice", 30, HOUR)
    shop.look(form)
    with pytest.raises(Conflict, match="larger"):
        services.approve(Proposal.objects.get(rule="P1"), by=shop.gm, now=NOW)


def test_the_proposer_and_the_chooser_never_decide_in_the_database_either(shop):
    row = waiting(shop)
    for column in ("proposed_by", "chosen_by"):
        with pytest.raises(DatabaseError), transaction.atomic():
            Proposal.objects.filter(pk=row.pk).update(
                **{column: shop.care}, decided_by=shop.care, chosen_reason="x", chosen_amount=Decimal("-60.00")
            )


# -- in bulk


def test_bulk_approves_what_was_shown_and_names_what_changed(shop):
    first, second, third = waiting(shop), waiting(shop), waiting(shop)
    shown = [(row.pk, row.version) for row in (first, second, third)]
    services.choose_amount(second, Decimal("60.00"), by=shop.care, now=NOW, reason="情节")
    services.reject(third, by=shop.group, now=NOW, note="不属实")
    outcome = services.approve_many(shop.store, shown, by=shop.gm, now=NOW)
    assert [row.pk for row in outcome.decided] == [first.pk]
    assert outcome.changed == [second.pk, third.pk]
    assert LedgerEntry.objects.count() == 1


def test_bulk_with_an_own_line_approves_none(shop):
    mine = waiting(shop)
    services.propose_by_hand(
        shop.store, "A9", employee=shop.technician, amount=Decimal(10), reason="锦旗", by=shop.care, now=NOW
    )
    RoleGrant.objects.create(user=shop.care, role="general_manager", store=shop.store)
    shown = [(row.pk, row.version) for row in Proposal.objects.all()]
    with pytest.raises(NotAllowed):
        services.approve_many(shop.store, shown, by=shop.care, now=NOW)
    assert not LedgerEntry.objects.exists()
    assert services.approve_many(shop.store, [(mine.pk, 1)], by=shop.care, now=NOW).changed == []


def test_bulk_touches_no_other_store(shop):
    other = Shop("B1")
    row = waiting(other)
    outcome = services.approve_many(shop.store, [(row.pk, row.version)], by=shop.gm, now=NOW)
    assert (outcome.decided, outcome.changed) == ([], [])


def test_bulk_rejects_with_one_reason(shop):
    rows = [waiting(shop), waiting(shop)]
    with pytest.raises(IllegalMove):
        services.reject_many(shop.store, [(row.pk, 1) for row in rows], by=shop.gm, now=NOW, note="")
    outcome = services.reject_many(shop.store, [(row.pk, 1) for row in rows], by=shop.gm, now=NOW, note="停电")
    assert len(outcome.decided) == 2
    assert set(Proposal.objects.values_list("status", "decision_note")) == {("rejected", "停电")}


# -- choosing an amount


@pytest.mark.parametrize("amount", ["50.00", "75.50", "100.00"])
def test_an_amount_inside_the_range_is_posted(shop, amount):
    row = waiting(shop)
    services.choose_amount(row, Decimal(amount), by=shop.care, now=NOW, reason="情节")
    row.refresh_from_db()
    assert (row.amount, row.chosen_amount, row.version) == (Decimal("-50.00"), -Decimal(amount), 2)
    assert services.approve(row, by=shop.gm, now=NOW).amount == -Decimal(amount)


@pytest.mark.parametrize("amount", ["49.99", "100.01", "0", "-60", "60.001", "NaN"])
def test_an_amount_outside_the_range_is_refused(shop, amount):
    with pytest.raises(IllegalMove, match="between 50.00 and 100.00"):
        services.choose_amount(waiting(shop), Decimal(amount), by=shop.care, now=NOW, reason="情节")


def test_choosing_needs_a_reason_a_range_and_an_open_line(shop):
    row = waiting(shop)
    with pytest.raises(IllegalMove, match="reason"):
        services.choose_amount(row, Decimal(60), by=shop.care, now=NOW, reason="")
    services.approve(row, by=shop.gm, now=NOW)
    with pytest.raises(IllegalMove, match="decided"):
        services.choose_amount(row, Decimal(60), by=shop.care, now=NOW, reason="x")
    form = shop.form(level="major")
    shop.late(form, "gm_notice", 30, HOUR)
    shop.look(form)
    with pytest.raises(IllegalMove, match="range"):
        services.choose_amount(Proposal.objects.get(rule="P3"), Decimal(150), by=shop.care, now=NOW, reason="x")


def test_nobody_chooses_the_own_amount(shop):
    Employee.objects.filter(pk=shop.agent.pk).update(user=shop.care)
    row = waiting(shop, agent=shop.care)
    with pytest.raises(NotAllowed):
        services.choose_amount(row, Decimal(50), by=shop.care, now=NOW, reason="x")


@pytest.mark.parametrize("who", ["gm", "clerk", "boss"])
def test_only_the_care_manager_chooses(shop, who):
    with pytest.raises(NotAllowed):
        services.choose_amount(waiting(shop), Decimal(60), by=shop.users[who], now=NOW, reason="x")


def test_a_chosen_amount_survives_facts_that_come_later(shop):
    form = shop.neglected()
    shop.look(form)
    row = Proposal.objects.get(employee=shop.technician)
    services.choose_amount(row, Decimal(150), by=shop.care, now=NOW, reason="情节")
    shop.instruct(form)
    shop.look(form)
    row.refresh_from_db()
    assert (row.amount, row.effective_amount) == (Decimal("-200.00"), Decimal("-150.00"))


# -- by hand


def by_hand(shop, rule="P1", **columns):
    columns = {"employee": shop.agent, "reason": "未按流程处理", "by": shop.care, "now": NOW, **columns}
    return services.propose_by_hand(shop.store, rule, **columns)


def test_a_p1_by_hand_stands_on_the_form_with_its_reason(shop):
    form = shop.form()
    row = by_hand(shop, complaint=form, amount=Decimal("80.00"))
    assert (row.rule, row.amount, row.month, row.evidence_key) == (
        "P1",
        Decimal("-80.00"),
        OCTOBER,
        f"form:{form.number}",
    )
    assert services.approve(row, by=shop.gm, now=NOW).text.startswith("未按流程处理")


def test_by_hand_defaults_to_the_lowest_amount(shop):
    assert by_hand(shop, complaint=shop.form()).amount == Decimal("-50.00")
    assert by_hand(shop, "P3", complaint=shop.form()).amount == Decimal("-200.00")


@pytest.mark.parametrize(
    ("columns", "match"),
    [
        ({"reason": " "}, "reason"),
        ({"rule": "P4"}, "by hand"),
        ({"rule": "P5"}, "by hand"),
        ({"complaint": None}, "form"),
        ({"amount": Decimal("40.00")}, "between"),
        ({"rule": "P3", "amount": Decimal("100.00")}, "range"),
        ({"occurred_on": date(2025, 12, 31)}, "adopted"),
        ({"occurred_on": date(2026, 10, 21)}, "future"),
        ({"rule": "A9"}, "above zero"),
        ({"rule": "A9", "amount": Decimal("-5")}, "above zero"),
        ({"rule": "A9", "amount": Decimal("0.001")}, "two decimals"),
    ],
)
def test_what_is_refused_by_hand(shop, columns, match):
    columns = {"complaint": shop.form(), **columns}
    with pytest.raises(IllegalMove, match=match):
        by_hand(shop, **columns)
    assert not Proposal.objects.exists()


def test_by_hand_on_void_forms_or_probation_is_refused(shop):
    with pytest.raises(IllegalMove, match="void"):
        by_hand(shop, complaint=shop.form(blame_void=True))
    with pytest.raises(IllegalMove, match="void"):
        by_hand(shop, complaint=shop.form(status="void"))
    Employee.objects.update(probation_until=date(2026, 10, 20))
    shop.agent.refresh_from_db()
    with pytest.raises(IllegalMove, match="probation"):
        by_hand(shop, complaint=shop.form())


def test_by_hand_is_the_care_managers_and_never_for_oneself(shop):
    for who in ("gm", "clerk", "agent"):
        with pytest.raises(NotAllowed):
            by_hand(shop, complaint=shop.form(), by=shop.users[who])
    Employee.objects.filter(pk=shop.agent.pk).update(user=shop.care)
    shop.agent.refresh_from_db()
    with pytest.raises(NotAllowed):
        by_hand(shop, complaint=shop.form())


def test_one_line_a_rule_form_and_person_whoever_asks(shop):
    form = shop.late_transfer()
    shop.look(form)
    with pytest.raises(IllegalMove, match="already"):
        by_hand(shop, complaint=form)
    other = shop.form()
    by_hand(shop, complaint=other)
    shop.late(other, "transfer", 30, HOUR)
    shop.look(other)
    assert Proposal.objects.filter(evidence_key=f"form:{other.number}").count() == 1


def test_reconciling_leaves_lines_by_hand_until_the_form_is_void(shop):
    form = shop.form()
    row = by_hand(shop, complaint=form)
    shop.look(form)
    shop.look_at_month()
    row.refresh_from_db()
    assert (row.status, row.version) == ("proposed", 1)
    Complaint.objects.update(blame_void=True)
    shop.look(form)
    row.refresh_from_db()
    assert row.status == "withdrawn"


def test_an_approved_line_by_hand_is_reversed_when_the_form_is_void(shop):
    form = shop.form()
    services.approve(by_hand(shop, complaint=form), by=shop.gm, now=NOW)
    shop.look(form)
    assert Proposal.objects.count() == 1
    Complaint.objects.update(status="void")
    shop.look(form)
    assert Proposal.objects.filter(kind="reversal", status="proposed").count() == 1


def test_a_p1_by_hand_is_absorbed_by_a_p3(shop):
    form = shop.form(level="major")
    shop.late(form, "gm_notice", 30, HOUR)
    shop.look(form)
    assert by_hand(shop, complaint=form).status == "absorbed"


def test_an_award_by_hand_needs_no_adoption_and_may_come_twice(shop):
    Adoption.objects.all().delete()
    first = by_hand(shop, "A9", amount=Decimal("300.00"), reference="锦旗 12")
    second = by_hand(shop, "A9", amount=Decimal("300.00"), reference="锦旗 12")
    assert (first.kind, first.amount, first.employee) == ("bonus", Decimal("300.00"), shop.agent)
    assert first.evidence_key != second.evidence_key
    entry = services.approve(first, by=shop.gm, now=NOW)
    shop.look_at_month()
    assert (entry.amount, Proposal.objects.waiting().count()) == (Decimal("300.00"), 1)


# -- a mistake


def test_a_mistake_is_taken_back_and_the_right_line_put_in(shop):
    form = shop.form()
    wrong = services.approve(by_hand(shop, complaint=form, amount=Decimal(100)), by=shop.gm, now=NOW)
    with pytest.raises(IllegalMove, match="reason"):
        services.propose_reversal(wrong, by=shop.care, now=NOW, reason="")
    back = services.propose_reversal(wrong, by=shop.care, now=NOW, reason="金额录错")
    with pytest.raises(IllegalMove, match="already"):
        services.propose_reversal(wrong, by=shop.care, now=NOW, reason="金额录错")
    services.approve(back, by=shop.gm, now=NOW)
    services.approve(by_hand(shop, complaint=form, amount=Decimal(50)), by=shop.gm, now=NOW)
    assert [entry.amount for entry in LedgerEntry.objects.order_by("number")] == [
        Decimal("-100.00"),
        Decimal("100.00"),
        Decimal("-50.00"),
    ]


def test_a_line_a_person_took_back_is_not_proposed_again_by_its_facts(shop):
    entry = shop.posted()
    services.approve(services.propose_reversal(entry, by=shop.care, now=NOW, reason="误判"), by=shop.gm, now=NOW)
    shop.look_at_month()
    assert Proposal.objects.waiting().count() == 0


def test_a_reversal_asked_for_by_hand_is_not_withdrawn_by_the_facts(shop):
    entry = shop.posted()
    services.propose_reversal(entry, by=shop.care, now=NOW, reason="误判")
    shop.look_at_month()
    assert Proposal.objects.get(kind="reversal").status == "proposed"


# -- the adoption switch and wages


def adopt(shop, **columns):
    columns = {
        "adopted_on": date(2026, 10, 1),
        "announced_on": date(2026, 10, 10),
        "treatment": "performance_pay",
        "by": shop.gm,
        "now": NOW,
        **columns,
    }
    return services.record_adoption(shop.store, **columns)


def test_the_adoption_is_recorded_by_the_general_manager_once(shop):
    Adoption.objects.all().delete()
    for who in ("care", "clerk", "agent"):
        with pytest.raises(NotAllowed):
            adopt(shop, by=shop.users[who])
    row = adopt(shop)
    assert (row.recorded_by, row.treatment) == (shop.gm, "performance_pay")
    with pytest.raises(IllegalMove, match="already"):
        adopt(shop)


@pytest.mark.parametrize(
    "columns",
    [
        {"treatment": "fine"},
        {"announced_on": date(2026, 10, 21)},
        {"adopted_on": date(2026, 10, 11)},
    ],
)
def test_an_adoption_that_cannot_be_is_refused(shop, columns):
    Adoption.objects.all().delete()
    with pytest.raises(IllegalMove):
        adopt(shop, **columns)


def test_switching_the_penalties_off_ends_them_from_today_on(shop):
    adoption = Adoption.objects.get()
    with pytest.raises(IllegalMove, match="reason"):
        services.end_adoption(adoption, by=shop.gm, now=NOW, reason="")
    services.end_adoption(adoption, by=shop.gm, now=NOW, reason="制度修订")
    yesterday, today = shop.late_transfer(received_at=NOW - DAY), shop.late_transfer(received_at=NOW)
    shop.look(yesterday, today)
    assert [row.evidence_key for row in shop.proposals()] == [f"form:{yesterday.number}"]
    with pytest.raises(IllegalMove, match="already"):
        services.end_adoption(adoption, by=shop.gm, now=NOW, reason="x")


def test_wages_are_entered_by_finance_and_corrected_until_the_lock(shop):
    for who in ("gm", "care", "agent"):
        with pytest.raises(NotAllowed):
            services.enter_wage(shop.store, OCTOBER, shop.agent, gross=Decimal(5000), by=shop.users[who], now=NOW)
    services.enter_wage(shop.store, OCTOBER, shop.agent, gross=Decimal(5000), by=shop.clerk, now=NOW)
    row = services.enter_wage(
        shop.store, OCTOBER, shop.agent, gross=Decimal("5100.50"), local_minimum=Decimal(2690), by=shop.clerk, now=NOW
    )
    assert (row.gross, row.local_minimum) == (Decimal("5100.50"), Decimal("2690.00"))
    shop.posted()
    shop.lock(OCTOBER, now=NOW + 20 * DAY)
    with pytest.raises(IllegalMove, match="locked"):
        services.enter_wage(shop.store, OCTOBER, shop.agent, gross=Decimal(1), by=shop.clerk, now=NOW)
    services.enter_wage(shop.store, NOVEMBER, shop.agent, gross=Decimal(1), by=shop.clerk, now=NOW)


@pytest.mark.parametrize("gross", [Decimal("-1"), Decimal("1.001"), Decimal("NaN"), Decimal("Infinity")])
def test_a_wage_that_cannot_be_is_refused(shop, gross):
    with pytest.raises(IllegalMove):
        services.enter_wage(shop.store, OCTOBER, shop.agent, gross=gross, by=shop.clerk, now=NOW)


def test_the_audit_trail_does_not_tell_wages(shop):
    services.enter_wage(shop.store, OCTOBER, shop.agent, gross=Decimal("7654.32"), by=shop.clerk, now=NOW)
    assert "7654" not in str(AuditLine.objects.get(action="wage.entered").detail)
