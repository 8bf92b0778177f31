"""Signatures, the approval, and who may never decide (POLICY section 3)."""

from datetime import timedelta

import pytest

from complaints import services
from complaints.services.signatures import missing
from complaints.tests.conftest import T0, kinds, live
from csi_portal.notifications.models import Message
from csi_portal.organization.errors import IllegalMove, NotAllowed
from csi_portal.organization.models import Employee, RoleGrant
from csi_portal.organization.permissions import SYSTEM

HOUR = timedelta(hours=1)


@pytest.fixture
def resolved(room):
    form = room.register(responsible=room.person(room.technician), customer=room.customer)
    return room.bring(form, "resolved")


def names(form) -> list[str]:
    return [str(row.signer) for row in missing(form)]


def test_the_approval_waits_for_every_signature(room, resolved):
    assert names(resolved) == ["responsible", "manager"]
    room.do(resolved, "callback", now=T0 + HOUR)
    with pytest.raises(IllegalMove, match="例tech, Department manager"):
        services.approve(resolved, by=room.general_manager, now=T0 + HOUR)
    services.sign(resolved, "responsible", by=room.technician, now=T0 + HOUR)
    services.sign(resolved, "manager", by=room.manager, now=T0 + HOUR)
    services.approve(resolved, by=room.general_manager, now=T0 + 2 * HOUR)
    signed = resolved.signatures.filter(void_at=None).order_by("pk")
    assert [(row.signer, row.user) for row in signed] == [
        ("responsible", room.technician),
        ("manager", room.manager),
        ("general_manager", room.general_manager),
    ]
    assert len({row.content_digest for row in signed}) == 1


def test_what_changes_afterwards_voids_a_signature_and_asks_again(room, resolved):
    services.sign(resolved, "responsible", by=room.technician, now=T0 + HOUR)
    services.sign(resolved, "manager", by=room.manager, now=T0 + HOUR)
    services.add_note(resolved, "客户已取车", by=room.agent, now=T0 + HOUR)
    assert names(resolved) == []  # a note changes nothing that was signed
    services.correct_resolution(resolved, by=room.manager, remedy="全额退款", cause="漏检", now=T0 + 2 * HOUR)
    assert names(resolved) == ["responsible", "manager"]
    assert kinds(resolved)[-2:] == ["signature_void", "signature_void"]
    asked = Message.objects.filter(kind="complaint.signature_void", channel="portal")
    assert {row.recipient for row in asked} == {f"u:{room.technician.pk}", f"u:{room.manager.pk}"}
    services.sign(resolved, "manager", by=room.manager, now=T0 + 3 * HOUR)
    assert names(resolved) == ["responsible"]


@pytest.mark.parametrize("change", ["measures", "name", "withdraw", "level"])
def test_every_change_of_what_was_signed_voids(room, resolved, change):
    services.sign(resolved, "manager", by=room.manager, now=T0 + HOUR)
    now = T0 + 2 * HOUR
    if change == "measures":
        room.do(resolved, "measures", measures="培训", now=now)
    elif change == "name":
        services.name_responsible(resolved, room.person(room.agent), by=room.care_manager, degree="secondary", now=now)
    elif change == "withdraw":
        tech = room.person(room.technician)
        services.withdraw_responsible(resolved, tech, by=room.care_manager, note="误认", now=now)
    else:
        services.reclassify(resolved, "major", by=room.care_manager, reason="x", now=now)
    assert "manager" in names(resolved)


def test_who_signs_as_what(room, resolved):
    for signer, wrong in (
        ("responsible", [room.manager, room.agent, room.general_manager, SYSTEM]),
        ("manager", [room.technician, room.agent, room.sales_manager, room.general_manager, SYSTEM]),
        ("general_manager", [room.general_manager]),
    ):
        for user in wrong:
            with pytest.raises(NotAllowed):
                services.sign(resolved, signer, by=user, now=T0 + HOUR)
    services.sign(resolved, "manager", by=room.manager, now=T0 + HOUR)
    with pytest.raises(IllegalMove, match="already"):
        services.sign(resolved, "manager", by=room.manager, now=T0 + HOUR)


def test_where_the_manager_is_blamed_the_general_manager_signs_and_the_approver_closes(room):
    form = room.bring(room.register(responsible=room.person(room.manager)), "resolved")
    with pytest.raises(NotAllowed):
        services.sign(form, "manager", by=room.manager, now=T0 + HOUR)
    services.sign(form, "responsible", by=room.manager, now=T0 + HOUR)
    services.sign(form, "manager", by=room.general_manager, now=T0 + HOUR)
    room.do(form, "callback", now=T0 + HOUR)
    with pytest.raises(NotAllowed):
        services.approve(form, by=room.general_manager, now=T0 + 2 * HOUR)
    services.approve(form, by=room.approver, now=T0 + 2 * HOUR)
    assert form.status == "closed"


def test_a_general_manager_who_also_manages_the_department_never_closes_its_forms(room):
    RoleGrant.objects.create(
        user=room.general_manager, role="department_manager", store=room.store, department=room.after_sales
    )
    form = room.bring(room.register(), "called_back")
    room.sign_all(form, T0 + HOUR)
    asked = Message.objects.filter(kind="complaint.approval", channel="portal")
    assert {row.recipient for row in asked} == {f"u:{room.approver.pk}"}
    with pytest.raises(NotAllowed):
        services.approve(form, by=room.general_manager, now=T0 + HOUR)
    services.approve(form, by=room.approver, now=T0 + HOUR)


def test_a_grumble_is_signed_by_marking_it_done(room):
    form = room.register("grumble", passed_on=True, responsible=room.person(room.technician))
    services.assign(form, by=room.manager, assignee=room.person(room.technician), now=T0)
    room.do(form, "resolution", by=room.technician, now=T0 + HOUR)
    assert [(row.signer, row.user) for row in form.signatures.all()] == [("responsible", room.technician)]
    room.do(form, "callback", now=T0 + 2 * HOUR)
    services.approve(form, by=room.general_manager, now=T0 + 3 * HOUR)
    assert form.status == "closed"


def test_a_person_without_a_login_signs_on_paper(room):

    paper = Employee.objects.create(store=room.store, department=room.after_sales, staff_number="9", name="例纸")
    form = room.bring(room.register(responsible=paper), "resolved")
    assert names(form) == ["manager"]


def test_the_daily_batch_closes_what_can_be_closed(room):
    ready = [room.bring(room.register("grumble"), "called_back") for _ in range(3)]
    waiting = room.bring(room.register(), "called_back")  # its signatures are missing
    closed, refused = services.approve_many([*ready, waiting], by=room.general_manager, now=T0 + HOUR)
    assert closed == ready
    assert [(form, "Signatures" in why) for form, why in refused] == [(waiting, True)]


def test_a_late_approval_alerts_but_costs_nobody(room):
    form = room.bring(room.register(), "called_back")
    room.sign_all(form, T0 + HOUR)
    services.approve(form, by=room.general_manager, now=T0 + 30 * HOUR)
    breach = form.breaches.get(deadline__step="approval")
    assert (breach.charged_to, breach.charged_department) == (None, None)
    assert live(form, "approval").met_by == room.general_manager


def test_chasing_signatures_tells_who_is_missing(room, resolved):
    services.chase_signatures(resolved, by=room.agent, now=T0 + HOUR)
    asked = Message.objects.filter(kind="complaint.sign", channel="portal", created_at=T0 + HOUR)
    assert {row.recipient for row in asked} == {f"u:{room.technician.pk}", f"u:{room.manager.pk}"}
