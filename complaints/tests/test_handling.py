"""Taking a form up, handing it on, notes, chasing, faults (POLICY section 3)."""

from datetime import timedelta

import pytest

from complaints import services
from complaints.models import FaultFinding, Holding
from complaints.tests.conftest import T0, Room
from csi_portal.notifications.models import Message
from csi_portal.organization.errors import IllegalMove, NotAllowed

MINUTE = timedelta(minutes=1)


def test_holder_times_say_who_had_it_when(room):
    form = room.register()
    room.do(form, "transfer", now=T0 + 16 * MINUTE)
    services.assign(form, by=room.manager, assignee=room.person(room.technician), now=T0 + 20 * MINUTE)
    room.do(form, "resolution", now=T0 + 90 * MINUTE)
    room.do(form, "callback", now=T0 + 100 * MINUTE)
    room.sign_all(form, T0 + 101 * MINUTE)
    room.do(form, "approval", now=T0 + 110 * MINUTE)
    minutes = [
        (row.holder, (row.from_at - T0) / MINUTE, (row.to_at - T0) / MINUTE) for row in Holding.objects.order_by("pk")
    ]
    assert minutes == [
        (room.agent, 0, 16),
        (room.manager, 16, 20),
        (room.technician, 20, 90),
        (room.agent, 90, 100),
        (room.general_manager, 100, 110),
    ]


def test_another_department_gets_the_form_with_its_times(room):
    form = room.register(passed_on=True)
    services.assign(form, by=room.manager, department=room.sales, note="合同问题", now=T0 + MINUTE)
    assert (form.department, form.assignee, form.status) == (room.sales, None, "transferred")
    told = Message.objects.filter(kind="complaint.assigned", channel="portal")
    assert {row.recipient for row in told} == {f"u:{room.sales_manager.pk}"}
    with pytest.raises(NotAllowed):
        room.do(form, "first_contact", by=room.manager, now=T0 + 2 * MINUTE)
    assert Holding.objects.get(to_at=None).holder == room.sales_manager


def test_assignments_that_are_refused(room):
    form = room.register(passed_on=True)
    with pytest.raises(IllegalMove, match="nothing would change"):
        services.assign(form, by=room.manager, department=room.after_sales, now=T0)
    with pytest.raises(IllegalMove, match="Pass the form on"):
        services.assign(room.register(), by=room.care_manager, department=room.sales, now=T0)
    with pytest.raises(NotAllowed):
        services.assign(form, by=room.technician, department=room.sales, now=T0)
    with pytest.raises(NotAllowed):  # a technician cannot be the care agent
        services.assign(form, by=room.care_manager, care_agent=room.technician, now=T0)
    other = Room("B1")
    for more in ({"department": other.sales}, {"assignee": other.person(other.technician)}):
        with pytest.raises(ValueError, match="another store"):
            services.assign(form, by=room.care_manager, now=T0, **more)


def test_the_person_assigned_may_take_it_up(room):
    form = room.register("grumble", passed_on=True)
    with pytest.raises(NotAllowed):
        services.acknowledge(form, by=room.technician, now=T0)
    services.assign(form, by=room.manager, assignee=room.person(room.technician), now=T0)
    services.acknowledge(form, by=room.technician, now=T0)
    assert form.status == "acknowledged"


def test_a_note_is_a_line_of_its_own(room):
    form = room.bring(room.register(), "closed")
    services.add_note(form, "客户来电致谢", by=room.agent, now=room.at(days=1))
    line = form.events.last()
    assert (line.kind, line.text.text, line.actor_name) == ("note", "客户来电致谢", room.agent.display_name())
    with pytest.raises(IllegalMove):
        services.add_note(form, "  ", by=room.agent, now=room.at(days=1))
    with pytest.raises(NotAllowed):
        services.add_note(form, "x", by=room.technician, now=room.at(days=1))


def test_chasing_within_the_hour_is_one_message(room):
    form = room.register(passed_on=True)
    for minutes in (1, 2, 3):
        services.chase(form, by=room.agent, now=T0 + minutes * MINUTE)
    chased = Message.objects.filter(kind="complaint.chased", channel="portal")
    assert [row.recipient for row in chased] == [f"u:{room.manager.pk}"]
    assert form.events.filter(kind="chased").count() == 3
    services.chase(form, by=room.agent, now=T0 + 62 * MINUTE)
    assert chased.all().count() == 2


def test_naming_and_withdrawing_a_person(room):
    form = room.register(passed_on=True)
    tech = room.person(room.technician)
    services.name_responsible(form, tech, by=room.manager, now=T0)
    with pytest.raises(IllegalMove, match="already"):
        services.name_responsible(form, tech, by=room.manager, now=T0)
    services.name_responsible(form, tech, by=room.manager, degree="secondary", now=T0)
    assert form.responsibilities.get().degree == "secondary"
    with pytest.raises(IllegalMove, match="why"):
        services.withdraw_responsible(form, tech, by=room.manager, note="", now=T0)
    services.withdraw_responsible(form, tech, by=room.manager, note="认错人", now=T0)
    assert form.responsibilities.get().withdrawn_at == T0
    with pytest.raises(IllegalMove, match="not named"):
        services.withdraw_responsible(form, tech, by=room.manager, note="x", now=T0)
    with pytest.raises(ValueError):
        services.name_responsible(form, tech, by=room.manager, degree="both", now=T0)
    for user in (room.agent, room.technician, room.sales_manager):
        with pytest.raises(NotAllowed):
            services.name_responsible(form, tech, by=user, now=T0)


def test_the_tick_of_fault_is_the_care_managers(room):
    form = room.register(passed_on=True)
    boss = room.person(room.manager)
    with pytest.raises(IllegalMove, match="late"):
        services.find_fault(form, boss, by=room.care_manager, cause="忘了", now=room.at(hours=1))
    room.do(form, "first_contact", now=room.at(hours=3))
    for user in (room.agent, room.manager, room.general_manager):
        with pytest.raises(NotAllowed):
            services.find_fault(form, boss, by=user, cause="忘了", now=room.at(hours=3))
    with pytest.raises(IllegalMove):
        services.find_fault(form, boss, by=room.care_manager, cause=" ", now=room.at(hours=3))
    found = services.find_fault(form, boss, by=room.care_manager, cause="忘了回电", now=room.at(hours=3))
    assert (found.breach.deadline.step, found.employee) == ("first_contact", boss)
    with pytest.raises(IllegalMove, match="already"):
        services.find_fault(form, boss, by=room.care_manager, cause="忘了", now=room.at(hours=3))
    services.withdraw_fault(found, by=room.care_manager, note="核实有误", now=room.at(hours=4))
    assert found.withdrawn_at == room.at(hours=4)
    services.find_fault(form, boss, by=room.care_manager, cause="又核实", now=room.at(hours=5))
    assert FaultFinding.objects.count() == 2


def test_neglect_of_a_major_form_has_its_own_rule(room):
    form = room.register("major", passed_on=True)
    room.do(form, "first_contact", now=room.at(hours=30))
    with pytest.raises(IllegalMove, match="own"):
        services.find_fault(form, room.person(room.manager), by=room.care_manager, cause="x", now=room.at(hours=30))


def test_asking_for_an_instruction_once(room):
    form = room.register(passed_on=True)
    services.ask_for_instruction(form, by=room.manager, note="超出权限", now=T0)
    with pytest.raises(IllegalMove, match="already"):
        services.ask_for_instruction(form, by=room.agent, note="再问", now=T0)
    answer = services.instruct(form, by=room.general_manager, text="同意退款", now=T0 + MINUTE)
    assert (answer.asked_because, answer.because_of_neglect) == ("asked", False)
    with pytest.raises(NotAllowed):
        services.instruct(form, by=room.manager, text="x", now=T0 + MINUTE)
    with pytest.raises(IllegalMove):
        services.instruct(form, by=room.general_manager, text=" ", now=T0 + MINUTE)
