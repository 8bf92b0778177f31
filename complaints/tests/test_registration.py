"""Registering a form (POLICY section 3)."""

from datetime import datetime, timedelta

import pytest

from complaints import services
from complaints.deadlines import due_times
from complaints.enums import Level, Source
from complaints.models import Case, Complaint, Deadline, Event, Holding, Instruction, Responsibility
from complaints.tests.conftest import T0, Room, kinds, live
from csi_portal.notifications.models import Message
from csi_portal.organization.errors import NotAllowed
from csi_portal.organization.models import AuditLine, CalendarVersion, Counter, PolicyVersion, Store
from csi_portal.organization.permissions import SYSTEM


@pytest.fixture
def bare(db):
    """A store made with code, name and time zone only, without people."""
    return Store.objects.create(code="B2", name="示例二店", timezone="Asia/Shanghai")


@pytest.mark.parametrize("source", Source.values)
@pytest.mark.parametrize("level", Level.values)
def test_a_store_without_people_registers_with_the_due_times_of_the_table(bare, level, source):
    form = services.register(store=bare, level=level, source=source, summary="多等了两小时", by=SYSTEM, now=T0)
    raised = "general" if level == "grumble" and source in ("oem_hotline", "consumer_association") else level
    assert form.level == raised
    steps = {row.step: row.due_at for row in form.deadlines.exclude(step="region_report")}
    wanted = due_times(raised, source, T0)
    if raised == "major":  # until the care manager confirms: the earlier time of general and major
        general = due_times("general", source, T0)
        wanted = {step: min(due, general.get(step, due)) for step, due in wanted.items()}
    assert steps == wanted
    assert form.deadlines.filter(step="region_report").exists() is (raised == "major")
    assert (form.status, form.round, form.version) == ("registered", 1, 1)
    assert form.next_due_at == min(wanted.values()) and form.next_step == "transfer"
    assert services.sweep(T0) == dict.fromkeys(
        ["warning", "overdue", "escalated", "breaches", "judged_again", "reminded"], 0
    )


def test_received_at_and_now_default_to_the_clock(bare):
    before = datetime.now(tz=T0.tzinfo)
    form = services.register(store=bare, level="grumble", source="hotline", summary="x", by=SYSTEM)
    after = datetime.now(tz=T0.tzinfo)
    assert before <= form.received_at <= after
    assert form.received_at == form.registered_at
    assert live(form, "transfer").due_at == form.received_at + timedelta(minutes=30)


@pytest.mark.parametrize(
    "wrong",
    [
        {"level": "medium"},
        {"source": "rumour"},
        {"summary": ""},
        {"summary": " \n "},
        {"received_at": T0 + timedelta(microseconds=1)},
        {"received_at": T0.replace(tzinfo=None)},
        {"now": T0.replace(tzinfo=None)},
    ],
)
def test_what_cannot_be_registered_leaves_nothing(bare, wrong):
    values = {"store": bare, "level": "general", "source": "hotline", "summary": "x", "by": SYSTEM, "now": T0}
    with pytest.raises(ValueError):
        services.register(**{**values, **wrong})
    for model in (Case, Complaint, Counter, Deadline, Event, Message):
        assert model.objects.count() == 0


def test_rows_of_another_store_are_refused(room):
    other = Room("B1")
    for more in (
        {"customer": other.customer},
        {"vehicle": other.vehicle},
        {"visit": other.visit()},
        {"department": other.after_sales},
        {"responsible": other.person(other.technician)},
    ):
        with pytest.raises(ValueError, match="another store"):
            room.register(**more)
    assert Complaint.objects.count() == 0


def test_who_may_register(room):
    for user in (room.agent, room.care_manager, room.manager, room.general_manager):
        assert room.register(by=user).registered_by == user
    for user in (room.technician, room.admin, Room("B1").agent):
        with pytest.raises(NotAllowed):
            room.register(by=user)


def test_numbers_have_no_gaps_and_begin_anew_each_day_of_the_store(room):
    late = datetime(2026, 11, 20, 15, 59, tzinfo=T0.tzinfo)  # 23:59 in the store
    assert [room.register(now=late).number for _ in range(2)] == ["A1-20261120-001", "A1-20261120-002"]
    with pytest.raises(ValueError):
        room.register(now=late, summary=" ")
    assert room.register(now=late).number == "A1-20261120-003"
    assert room.register(now=late + timedelta(minutes=1)).number == "A1-20261121-001"
    assert Room("B1").register(now=late).number == "B1-20261120-001"


def test_the_thousandth_form_of_a_day_gets_four_digits(room):
    Counter.objects.create(store=room.store, kind="complaint", key="20261120", value=999)
    assert room.register().number == "A1-20261120-1000"


@pytest.mark.parametrize("source", ["oem_hotline", "consumer_association"])
def test_the_maker_and_12315_are_never_grumbles_and_the_form_says_so(room, source):
    form = room.register("grumble", source)
    assert (form.level, form.registered_level) == ("general", "general")
    line = form.events.get(kind="level_raised")
    assert line.detail == {"was": "grumble", "level": "general", "source": source}
    assert "level_raised" not in kinds(room.register("general", source))


def test_a_department_meets_the_transfer_at_now(room):
    form = room.register(passed_on=True, received_at=T0 - timedelta(minutes=10))
    transfer = live(form, "transfer")
    assert (form.status, transfer.met_at, transfer.met_by) == ("transferred", T0, room.agent)
    assert form.next_step == "first_contact"
    assert list(Holding.objects.values_list("holder", "department", "from_at", "to_at")) == [
        (room.agent.pk, None, T0, T0),
        (room.manager.pk, room.after_sales.pk, T0, None),
    ]
    message = Message.objects.get(recipient=f"u:{room.manager.pk}", kind="complaint.passed_on", channel="portal")
    assert message.params["due_at"] == (T0 + timedelta(hours=1, minutes=50)).isoformat()


def test_a_department_on_a_major_form_tells_the_general_manager_in_the_same_act(room):
    form = room.register("major", passed_on=True)
    assert live(form, "gm_notice").met_at == T0
    assert live(form, "transfer").met_at == T0
    assert Instruction.objects.get().asked_because == "major"
    assert Message.objects.filter(recipient=f"u:{room.general_manager.pk}", kind="complaint.instruction_asked").exists()


def test_a_late_transfer_at_registration_is_a_breach_nobody_pays(room):
    form = room.register(passed_on=True, received_at=T0 - timedelta(hours=2))
    breach = form.breaches.get()
    assert breach.deadline.step == "transfer"
    assert breach.late_by == timedelta(minutes=90)
    assert breach.late_in_opening_hours is True  # 8:30 to 10:00 the store was open
    assert breach.fair_to_charge is False  # the agent held it for no time at all
    assert breach.charged_to == room.person(room.agent)


def test_nobody_for_a_step_is_told_to_the_administrators(room):
    form = room.register(department=room.departments["customer_care"])
    message = Message.objects.get(kind="complaint.nobody", channel="portal")
    assert message.recipient == f"u:{room.admin.pk}"
    assert message.params["number"] == form.number and message.params["step"] == "first_contact"


def test_the_agent_who_registers_has_the_form(room):
    assert room.register(by=room.agent).care_agent == room.agent
    assert room.register(by=room.care_manager).care_agent == room.care_manager
    assert room.register(by=room.manager).care_agent is None
    assert room.register(by=room.manager, care_agent=room.agent).care_agent == room.agent


def test_responsible_persons_one_or_many(room):
    tech, boss = room.person(room.technician), room.person(room.manager)
    assert list(room.register(responsible=tech).responsibilities.values_list("employee", "degree")) == [
        (tech.pk, "direct")
    ]
    form = room.register(responsible=(person for person in (tech, boss, tech)))
    assert set(form.responsibilities.values_list("employee", flat=True)) == {tech.pk, boss.pk}
    assert Message.objects.filter(recipient=f"u:{room.technician.pk}", kind="complaint.blamed").count() == 2
    assert Responsibility.objects.filter(store=room.store).count() == 3


def test_customer_and_car_come_from_the_visit(room):
    form = room.register(visit=room.visit())
    assert (form.customer, form.vehicle) == (room.customer, room.vehicle)


def test_a_second_complaint_within_90_days_is_flagged_and_linked(room):
    first = room.register(customer=room.customer)
    assert room.register().case.repeat_of is None
    again = room.register(vehicle=room.vehicle, customer=room.customer, now=T0 + timedelta(days=90))
    assert again.case.repeat_of == first.case
    assert "repeat" in kinds(again)
    other = room.register(vehicle=room.vehicle, now=T0 + timedelta(days=91))
    assert other.case.repeat_of == again.case
    late = room.register(customer=room.customer, now=T0 + timedelta(days=181, seconds=1))
    assert late.case.repeat_of is None


def test_policy_and_calendar_are_pinned(room):

    form = room.register()
    assert (form.policy_version.kind, form.policy_version.version) == ("deadlines", 1)
    data = {**form.policy_version.data, "escalate_minutes": 1}
    PolicyVersion.objects.create(kind="deadlines", version=2, data=data, effective_from=T0 + timedelta(hours=1))
    later = room.register(now=T0 + timedelta(hours=2))
    assert later.policy_version.version == 2
    form.refresh_from_db()
    assert live(form, "transfer").escalate_at == T0 + timedelta(minutes=150)
    assert live(later, "transfer").escalate_at == later.received_at + timedelta(minutes=31)


def test_a_missing_calendar_year_never_stops_a_registration(db):
    room = Room(clock="business")
    version = CalendarVersion.objects.get(scope_key="all")
    CalendarVersion.objects.create(
        store=room.store, version=1, data={**version.data, "years": [2025]}, effective_from=T0 - timedelta(days=1)
    )
    form = room.register()
    assert form.calendar_incomplete is True
    assert live(form, "transfer").due_at == T0 + timedelta(minutes=30)
    room.register()
    told = Message.objects.filter(kind="complaint.calendar_missing", channel="portal")
    assert [(row.recipient, row.params["year"]) for row in told] == [(f"u:{room.admin.pk}", 2026)]


@pytest.mark.parametrize(
    ("clock", "contact", "resolution"),
    [
        # received Friday 17:30, the store closes at 18:00 and opens at 8:30
        ("elapsed", timedelta(hours=2), timedelta(hours=24)),
        ("mixed", timedelta(hours=16, minutes=30), timedelta(hours=24)),
        ("business", timedelta(hours=16, minutes=30), timedelta(days=2, hours=20)),
    ],
)
def test_the_clock_of_the_store_decides(db, clock, contact, resolution):
    room = Room(clock=clock)
    start = T0 + timedelta(hours=7, minutes=30)
    form = room.register(now=start)
    assert form.clock == clock
    assert live(form, "first_contact").due_at == start + contact
    if clock != "business":
        assert live(form, "resolution").due_at == start + resolution


def test_registration_is_written_down_once_for_people_and_once_for_the_audit(room):
    form = room.register("major", late_reason="夜间值班手写", received_at=T0 - timedelta(minutes=5))
    assert kinds(form) == ["registered"]
    line = AuditLine.objects.get(action="complaint.registered")
    assert (line.object_id, line.actor, line.store) == (str(form.pk), room.agent, room.store)
    assert form.late_reason == "夜间值班手写"


def test_a_major_form_is_confirmed_by_the_care_manager_only(room):
    assert room.register("major", by=room.agent).major_confirmed_at is None
    assert room.register("major", by=room.care_manager).major_confirmed_at == T0
    assert live(room.register("major", by=room.care_manager), "first_contact").due_at == room.at(hours=24)
