"""What waits for whom: Today, the rail's number, "mine" (and the same persons as the alerts name)."""

from datetime import timedelta

import pytest

from complaints import services
from complaints.enums import OPEN
from complaints.models import Complaint
from complaints.services.people import Directory, who_must_act
from complaints.tests.conftest import T0, Room
from complaints.worklist import Worklist
from csi_portal.organization.models import Duty, RoleGrant

MINUTE = timedelta(minutes=1)
EVERYBODY = ("agent", "care_manager", "manager", "sales_manager", "general_manager", "approver", "admin", "technician")


def waiting(room, name: str, now=T0 + 5 * MINUTE) -> list[tuple[str, str]]:
    rows = Worklist(getattr(room, name), room.store, now).deadlines()
    return [(row.complaint.number[-3:], str(row.step)) for row in rows]


def test_a_form_waits_for_one_person_after_the_other(room):
    form = room.register(customer=room.customer)
    turns = {
        "registered": ("agent", ["transfer"]),
        "transferred": ("manager", ["first_contact"]),
        "contacted": ("manager", ["resolution"]),
        "resolved": ("agent", ["callback"]),
        "called_back": ("general_manager", ["approval"]),
    }
    for place, (status, (person, steps)) in enumerate(turns.items()):
        room.bring(form, status, start=T0 + place * 20 * MINUTE)
        beside = [("001", "measures")] if status in ("resolved", "called_back") else []
        assert waiting(room, person) == [("001", step) for step in steps] + (beside if person == "manager" else [])
        for other in set(EVERYBODY) - {person, "manager"}:
            assert waiting(room, other) == []
        assert waiting(room, "sales_manager") == []


@pytest.mark.parametrize("level", ["grumble", "general", "major"])
@pytest.mark.parametrize("status", [str(status) for status in OPEN])
def test_who_is_alerted_is_who_sees_it_on_today(room, level, status):
    """The list of the day and the recipients of a warning are two ways to the same person."""
    form = room.bring(room.register(level, customer=room.customer), status)
    directory = Directory(room.store, T0)
    seen = {(name, step) for name in EVERYBODY for _number, step in waiting(room, name)}
    for name, step in seen:
        assert getattr(room, name).pk in [user.pk for user in who_must_act(form, step, directory)], (name, step)
    assert {step for _name, step in seen} >= {form.next_step} - {"callback"}


def test_what_was_handed_to_a_person_waits_for_that_person(room):
    form = room.register("grumble", passed_on=True)
    services.assign(form, by=room.manager, assignee=room.person(room.technician), now=T0)
    assert waiting(room, "technician") == [("001", "first_contact")]
    assert waiting(room, "manager") == []


def test_without_a_care_agent_the_care_manager_passes_on(room):
    room.register(by=room.manager)
    assert waiting(room, "care_manager") == [("001", "transfer")]


def test_a_stand_in_sees_the_work_of_the_day(room):
    second = room.login("second", "care_agent", "customer_care")
    room.register(by=second)
    assert waiting(room, "agent") == []
    Duty.objects.create(
        store=room.store,
        employee=room.person(second),
        date=room.store.local_date(T0),
        off=True,
        stand_in=room.person(room.agent),
    )
    assert waiting(room, "agent") == [("001", "transfer")]


def test_where_the_general_manager_is_concerned_the_owner_decides(room):
    form = room.bring(room.register(responsible=room.person(room.manager)), "resolved")
    services.sign(form, "manager", by=room.general_manager, now=T0 + 20 * MINUTE)
    room.do(form, "callback", now=T0 + 21 * MINUTE)
    assert waiting(room, "general_manager") == []
    assert waiting(room, "approver") == [("001", "approval")]
    other = room.bring(room.register(), "called_back")
    assert waiting(room, "approver") == [("001", "approval")]
    assert waiting(room, "general_manager") == [("002", "approval")]
    RoleGrant.objects.create(
        user=room.general_manager, role="department_manager", store=room.store, department=other.department
    )
    assert {step for _number, step in waiting(room, "general_manager")} == {"measures"}
    assert ("002", "approval") in waiting(room, "approver")


def test_questions_signatures_confirmations_and_closings(room):
    form = room.register("major", passed_on=True, responsible=room.person(room.technician))
    lists = {name: Worklist(getattr(room, name), room.store, room.at(days=9)) for name in EVERYBODY}
    assert [row.complaint for row in lists["general_manager"].questions()] == [form]
    assert list(lists["care_manager"].unconfirmed()) == [form]
    assert not lists["technician"].unsigned().exists()
    room.bring(form, "resolved")
    assert list(lists["technician"].unsigned()) == [form]
    assert list(lists["manager"].unsigned()) == [form]
    for name in ("agent", "care_manager", "sales_manager", "general_manager"):
        assert not lists[name].unsigned().exists()
    room.sign_all(form, T0 + 20 * MINUTE)
    assert not lists["technician"].unsigned().exists() and not lists["manager"].unsigned().exists()
    room.do(form, "callback", result="refused", now=T0 + 30 * MINUTE)
    assert list(lists["general_manager"].unverified()) == [form]
    early = Worklist(room.general_manager, room.store, room.at(days=7))
    assert not early.unverified().exists()
    mine = Complaint.objects.filter(lists["general_manager"].complaint_ids())
    assert list(mine) == [form]


def test_a_store_sees_its_own_work_only(room):
    other = Room("B1")
    other.register()
    assert waiting(room, "agent") == []
    assert waiting(other, "agent") == [("001", "transfer")]


def test_waiting_for_others(room):
    passed_on = room.register(passed_on=True)
    solved = room.bring(room.register(), "resolved")
    assert list(Worklist(room.agent, room.store, T0).waiting_for_others()) == [passed_on]
    assert list(Worklist(room.manager, room.store, T0).waiting_for_others()) == [solved]


def test_the_numbers_agree_with_the_list(room):
    for _ in range(3):
        room.register(passed_on=True)
    worklist = Worklist(room.manager, room.store, room.at(hours=2, seconds=1))
    assert worklist.numbers() == {"count": 3, "overdue": 3}
    assert Worklist(room.manager, room.store, room.at(hours=2)).numbers() == {"count": 3, "overdue": 0}
