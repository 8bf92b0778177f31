"""Notice and objection: the window to the second, who may, what a ruling does, what is held back."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from complaints.models import Breach
from csi_portal.notifications.models import Message
from csi_portal.organization.errors import Conflict, IllegalMove, NotAllowed
from csi_portal.organization.models import Employee, RoleGrant
from incentives import reconcile, services
from incentives.models import LedgerEntry, Notice, Objection, Proposal
from incentives.tests.making import DAY, MINUTE, NOVEMBER, NOW, OCTOBER

WINDOW_ENDS = datetime(2026, 10, 23, 16, tzinfo=UTC)


def object_to(entry, shop, **columns):
    columns = {"by": shop.agent.user, "reason": "当时系统停机", "now": NOW + MINUTE, **columns}
    return services.file_objection(entry, **columns)


def rule(objection, shop, upheld, **columns):
    columns = {"by": shop.gm, "ruling": "已核实", "now": NOW + DAY, **columns}
    return services.rule_objection(objection, upheld=upheld, **columns)


# -- filing


@pytest.mark.parametrize("now", [NOW, WINDOW_ENDS - timedelta(microseconds=1), WINDOW_ENDS])
def test_within_the_window_to_its_last_instant(shop, now):
    objection = object_to(shop.posted(), shop, now=now)
    assert (objection.employee, objection.filed_at, objection.upheld) == (shop.agent, now, None)


def test_a_moment_after_the_window_it_is_too_late(shop):
    with pytest.raises(IllegalMove, match="over"):
        object_to(shop.posted(), shop, now=WINDOW_ENDS + timedelta(microseconds=1))


def test_three_working_days_to_rule(shop):
    # filed on Tuesday: Wednesday, Thursday and Friday
    assert object_to(shop.posted(), shop).rule_by == WINDOW_ENDS


def test_the_person_alone_objects(shop):
    entry = shop.posted()
    for who in ("tech", "boss", "care", "gm", "clerk"):
        with pytest.raises(NotAllowed):
            object_to(entry, shop, by=shop.users[who])
    object_to(entry, shop)
    with pytest.raises(IllegalMove, match="already"):
        object_to(entry, shop)


def test_for_a_person_without_a_login_the_care_manager_files_what_came_on_paper(shop):
    entry = shop.posted()
    Employee.objects.filter(pk=shop.agent.pk).update(user=None)
    with pytest.raises(NotAllowed):
        object_to(entry, shop, by=shop.users["tech"])
    assert object_to(entry, shop, by=shop.care).employee == shop.agent


@pytest.mark.parametrize("reason", ["", "  "])
def test_an_objection_needs_a_reason(shop, reason):
    with pytest.raises(IllegalMove, match="reason"):
        object_to(shop.posted(), shop, reason=reason)


def test_a_confirmed_notice_ends_the_window(shop):
    entry = shop.posted()
    notice = services.confirm_notice(entry.notice, by=shop.agent.user, now=NOW)
    assert services.confirm_notice(notice, by=shop.agent.user, now=NOW + DAY).confirmed_at == NOW
    with pytest.raises(IllegalMove, match="confirmed"):
        object_to(entry, shop)


def test_nobody_confirms_for_another(shop):
    entry = shop.posted()
    for who in ("tech", "gm", "care"):
        with pytest.raises(NotAllowed):
            services.confirm_notice(entry.notice, by=shop.users[who], now=NOW)


def test_a_line_taken_back_or_of_a_department_has_nothing_to_object_to(shop):
    entry = shop.posted()
    services.approve(services.propose_reversal(entry, by=shop.care, now=NOW, reason="x"), by=shop.gm, now=NOW)
    with pytest.raises(IllegalMove, match="reversed"):
        object_to(entry, shop)
    shop.board()
    shop.look_at_month()
    account = services.approve(Proposal.objects.get(rule="P4"), by=shop.gm, now=NOW)
    with pytest.raises(IllegalMove, match="no notice"):
        object_to(account, shop)


def test_filing_tells_everybody_who_may_rule(shop):
    objection = object_to(shop.posted(), shop)
    told = set(Message.objects.filter(kind="incentives.objection").values_list("recipient", flat=True))
    assert told == {f"u:{shop.gm.pk}", f"u:{shop.group.pk}"}
    assert objection.rule_by.isoformat() in str(Message.objects.filter(kind="incentives.objection").first().params)


def test_where_nobody_may_rule_the_administrator_is_told(shop):
    RoleGrant.objects.filter(role__in=["general_manager", "group_approver"]).delete()
    chief = shop.login("chief", "administrator")
    entry = LedgerEntry.objects.none()
    RoleGrant.objects.create(user=shop.gm, role="general_manager", store=shop.store)
    entry = shop.posted()
    RoleGrant.objects.filter(user=shop.gm).delete()
    object_to(entry, shop)
    assert [m.recipient for m in Message.objects.filter(kind="incentives.objection")] == [f"u:{chief.pk}"]


# -- ruling


def test_upheld_posts_the_reversal_at_once_and_the_facts_do_not_bring_it_back(shop):
    entry = shop.posted()
    objection = rule(object_to(entry, shop), shop, True)
    assert (objection.upheld, objection.ruled_by, objection.ruled_at) == (True, shop.gm, NOW + DAY)
    reversal = LedgerEntry.objects.get(reverses=entry)
    assert (reversal.amount, reversal.month, reversal.approved_by) == (Decimal("50.00"), OCTOBER, shop.gm)
    assert reversal.text == "Reversal of entry 1: the objection was upheld"
    assert shop.look_at_month() == reconcile.Outcome()
    assert Message.objects.filter(kind="incentives.ruling", recipient=f"u:{shop.agent.user.pk}").count() == 1


def test_upheld_after_the_lock_posts_into_the_open_month(shop):
    entry = shop.posted(now=NOW + 10 * DAY)
    objection = object_to(entry, shop, now=NOW + 10 * DAY)
    shop.lock(OCTOBER, now=NOW + 11 * DAY)
    rule(objection, shop, True, now=NOW + 12 * DAY)
    assert LedgerEntry.objects.get(reverses=entry).month == NOVEMBER


def test_denied_leaves_the_line(shop):
    entry = shop.posted()
    objection = rule(object_to(entry, shop), shop, False)
    assert objection.upheld is False
    assert LedgerEntry.objects.count() == 1


def test_a_ruling_is_one_and_has_reasons(shop):
    objection = object_to(shop.posted(), shop)
    with pytest.raises(IllegalMove, match="reasons"):
        rule(objection, shop, True, ruling=" ")
    rule(objection, shop, False)
    with pytest.raises(Conflict):
        rule(objection, shop, True, by=shop.group)
    assert LedgerEntry.objects.count() == 1


@pytest.mark.parametrize("who", ["care", "clerk", "boss", "agent"])
def test_only_the_general_manager_and_the_group_approver_rule(shop, who):
    with pytest.raises(NotAllowed):
        rule(object_to(shop.posted(), shop), shop, True, by=shop.users[who])


def test_nobody_rules_on_the_own_objection(shop):
    Employee.objects.filter(pk=shop.agent.pk).update(user=shop.gm)
    form = shop.late_transfer(agent=shop.gm)
    shop.look(form)
    entry = services.approve(Proposal.objects.get(), by=shop.group, now=NOW)
    objection = object_to(entry, shop, by=shop.gm)
    with pytest.raises(NotAllowed):
        rule(objection, shop, True, by=shop.gm)
    rule(objection, shop, True, by=shop.group)


def test_a_ruling_decides_a_reversal_that_waits(shop):
    entry = shop.posted()
    objection = object_to(entry, shop)
    Breach.objects.update(excused_at=NOW)
    shop.look_at_month()
    rule(objection, shop, True)
    shop.look_at_month()
    assert [(row.kind, row.status) for row in shop.proposals()] == [
        ("penalty", "approved"),
        ("reversal", "withdrawn"),
        ("reversal", "approved"),
    ]
    assert sum(LedgerEntry.objects.values_list("amount", flat=True)) == 0


def test_a_ruling_goes_beyond_a_rejected_reversal(shop):
    entry = shop.posted()
    objection = object_to(entry, shop)
    Breach.objects.update(excused_at=NOW)
    shop.look_at_month()
    services.reject(Proposal.objects.get(kind="reversal"), by=shop.gm, now=NOW, note="不冲销")
    rule(objection, shop, True)
    assert [(row.kind, row.status) for row in shop.proposals()] == [
        ("penalty", "approved"),
        ("reversal", "rejected"),
        ("reversal", "approved"),
    ]


def test_a_line_reversed_meanwhile_is_not_reversed_twice(shop):
    entry = shop.posted()
    objection = object_to(entry, shop)
    services.approve(services.propose_reversal(entry, by=shop.care, now=NOW, reason="x"), by=shop.gm, now=NOW)
    rule(objection, shop, True)
    assert LedgerEntry.objects.count() == 2


def test_an_overdue_ruling_is_reminded_once(shop):
    objection = object_to(shop.posted(), shop)
    assert services.tell_overdue_rulings(objection.rule_by) == {}
    later = objection.rule_by + timedelta(seconds=1)
    assert services.tell_overdue_rulings(later) == {"rulings_overdue": 1}
    assert services.tell_overdue_rulings(later + DAY) == {"rulings_overdue": 0}
    assert Message.objects.filter(kind="incentives.objection_overdue").count() == 2
    rule(objection, shop, False)
    assert services.tell_overdue_rulings(later + DAY) == {}


def test_an_objection_and_a_notice_belong_together(shop):
    entry = shop.posted()
    object_to(entry, shop)
    assert Objection.objects.get().entry.notice == Notice.objects.get()
