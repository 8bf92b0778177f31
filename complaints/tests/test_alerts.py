"""Warning, overdue, escalated: once, to the right persons, at any time, after any interruption (POLICY section 3)."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from complaints import services
from complaints.models import Alert, Breach, Deadline, Instruction
from complaints.services.telling import call_by
from complaints.tests.conftest import T0, Room, kinds, live
from csi_portal.notifications.models import Message
from csi_portal.notifications.wording import known_kinds, words
from csi_portal.organization import hooks
from csi_portal.organization.errors import Conflict, NotAllowed
from csi_portal.organization.models import Duty, RoleGrant, Store
from csi_portal.organization.permissions import SYSTEM

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def counts(found) -> tuple:
    return found["warning"], found["overdue"], found["escalated"]


def told(kind: str) -> set[str]:
    return set(Message.objects.filter(kind=f"complaint.{kind}", channel="portal").values_list("recipient", flat=True))


def to(*users) -> set[str]:
    return {f"u:{user.pk}" for user in users}


def test_each_threshold_once_and_to_whom(room):
    room.register(passed_on=True)  # first contact due at 2 h
    assert counts(services.sweep(T0 + 90 * MINUTE - SECOND)) == (0, 0, 0)
    assert counts(services.sweep(T0 + 90 * MINUTE)) == (1, 0, 0)
    assert told("warning") == to(room.manager)
    assert counts(services.sweep(T0 + 120 * MINUTE)) == (0, 0, 0)
    assert counts(services.sweep(T0 + 120 * MINUTE + SECOND)) == (0, 1, 0)
    assert told("overdue") == to(room.manager, room.care_manager)
    assert counts(services.sweep(T0 + 240 * MINUTE)) == (0, 0, 0)
    assert counts(services.sweep(T0 + 240 * MINUTE + SECOND)) == (0, 0, 1)
    assert told("escalated") == to(room.general_manager)
    assert counts(services.sweep(T0 + 300 * MINUTE)) == (0, 0, 0)
    assert Alert.objects.filter(raised_at__isnull=False).count() == 3


def test_the_same_story_with_every_deadline_missed(room):
    """A form whose every step is late, swept at each threshold and a moment after it: each alert exactly once."""
    form = room.register()
    acts = {60: "transfer", 300: "first_contact", 30 * 60: "resolution", 60 * 60: "callback"}
    raised = {"warning": 0, "overdue": 0, "escalated": 0}
    now, end = T0, room.at(hours=88)
    while now < end:
        for at in (now, now, now + timedelta(microseconds=1)):
            found = services.sweep(at)
            raised = {kind: raised[kind] + found[kind] for kind in raised}
        step = acts.get((now - T0) / MINUTE)
        if step:
            room.do(form, step, now=now + SECOND)
        moments = [T0 + minutes * MINUTE for minutes in acts]
        for row in Deadline.objects.running():
            moments += [row.warn_at, row.due_at, row.escalate_at]
        now = min((at for at in moments if at > now), default=end)
    # the transfer came before its escalation; contact, resolution, callback, measures, their check and the approval
    # passed all three thresholds
    assert raised == {"warning": 7, "overdue": 7, "escalated": 6}
    by_step = sorted(Alert.objects.filter(raised_at__isnull=False).values_list("deadline__step", "kind"))
    assert len(by_step) == len(set(by_step)) == 20
    assert not Alert.objects.filter(raised_at=None).exists()
    assert Breach.objects.count() == 7
    keys = list(Message.objects.values_list("recipient", "channel", "dedupe_key"))
    assert len(keys) == len(set(keys))


def test_past_several_thresholds_only_the_highest_is_raised(room):
    form = room.register(passed_on=True)
    assert counts(services.sweep(room.at(hours=5))) == (0, 0, 1)
    rows = {row.kind: row.raised_at for row in Alert.objects.filter(deadline=live(form, "first_contact"))}
    assert rows == {"escalated": room.at(hours=5), "overdue": None, "warning": None}
    assert told("overdue") == told("warning") == set()


@pytest.mark.parametrize("status", ["closed", "reissued", "unverified", "void"])
def test_what_has_ended_never_alerts(room, status):
    form = room.bring(room.register("major" if status == "closed" else "general"), status)
    Message.objects.all().delete()
    for days in (1, 2, 5, 30):
        found = services.sweep(form.registered_at + timedelta(days=10 + days))
        if status != "reissued":  # the next round is a form of its own
            assert found == dict.fromkeys(found, 0)
    assert not Alert.objects.filter(deadline__complaint=form, noticed_at__gte=T0 + timedelta(days=10)).exists()


@pytest.mark.parametrize(
    ("step", "warned", "overdue"),
    [
        ("transfer", "agent", ["agent", "care_manager"]),
        ("resolution", "manager", ["manager", "care_manager"]),
        ("callback", "agent", ["agent", "manager", "care_manager"]),
        ("approval", "general_manager", ["general_manager", "manager", "care_manager"]),
    ],
)
def test_who_is_told_of_which_step(room, step, warned, overdue):
    status = {"transfer": "registered", "resolution": "contacted", "callback": "resolved", "approval": "called_back"}
    form = room.bring(room.register(), status[step])
    for name in ("measures", "measures_check"):
        form.deadlines.filter(step=name).update(silenced_at=T0)
    deadline = live(form, step)
    services.sweep(deadline.warn_at)
    assert told("warning") == to(getattr(room, warned))
    services.sweep(deadline.due_at + SECOND)
    assert told("overdue") == to(*(getattr(room, name) for name in overdue))


def test_without_a_care_agent_the_care_manager_acts(room):
    form = room.register(by=room.manager)
    services.sweep(live(form, "transfer").warn_at)
    assert told("warning") == to(room.care_manager)


def test_an_absent_person_is_replaced_by_the_stand_in(room):
    stand_in = room.login("stand", None, "after_sales")
    Duty.objects.create(
        store=room.store,
        employee=room.person(room.manager),
        date=room.store.local_date(T0),
        off=True,
        stand_in=room.person(stand_in),
    )
    room.register(passed_on=True)
    services.sweep(T0 + 90 * MINUTE)
    assert told("warning") == to(stand_in)


def test_nobody_is_an_error_for_the_administrators_never_silence(room):
    RoleGrant.objects.filter(role="department_manager").delete()
    form = room.register(passed_on=True)
    assert counts(services.sweep(T0 + 90 * MINUTE)) == (1, 0, 0)
    message = Message.objects.get(kind="complaint.nobody", channel="portal", created_at=T0 + 90 * MINUTE)
    assert (message.recipient, message.urgent) == (f"u:{room.admin.pk}", True)
    assert form.events.last().detail["to"] == []


def test_in_a_store_without_anybody_the_alert_still_exists(db):
    store = Store.objects.create(code="B2", name="示例二店", timezone="Asia/Shanghai")
    services.register(store=store, level="general", source="hotline", summary="x", by=SYSTEM, now=T0)
    assert counts(services.sweep(T0 + 31 * MINUTE)) == (0, 1, 0)
    assert Alert.objects.filter(raised_at__isnull=False).count() == 1
    assert Message.objects.count() == 0


def test_alerts_stand_on_the_timeline_with_who_was_told(room):
    form = room.register(passed_on=True)
    services.sweep(T0 + 90 * MINUTE)
    line = form.events.last()
    assert (line.kind, line.actor, line.detail["alert"], line.detail["step"]) == (
        "alert",
        None,
        "warning",
        "first_contact",
    )
    assert line.detail["to"] == [room.manager.display_name()]


def test_after_downtime_everybody_gets_one_digest(room):
    for _ in range(4):
        room.register(passed_on=True)  # 4 first contacts
    room.register("general", passed_on=True, received_at=T0 - timedelta(hours=30), late_reason="纸质补录")
    found = services.sweep(room.at(hours=3))
    # 4 contacts overdue; of the old form the contact and the resolution are escalated
    assert counts(found) == (0, 4, 2)
    digest = Message.objects.filter(kind="complaint.digest", channel="portal")
    assert digest.count() == 0  # nobody has more than five
    room.register(passed_on=True)
    room.register(passed_on=True)
    found = services.sweep(room.at(hours=27))
    # six contacts and six resolutions of today's forms, the callback of the old one
    assert counts(found) == (0, 0, 13)
    mine = Message.objects.filter(kind="complaint.digest", channel="portal")
    assert {row.recipient for row in mine} == to(room.general_manager)
    row = mine.get()
    assert (row.params["total"], row.params["escalated"]) == (13, 13)
    assert not Message.objects.filter(kind="complaint.escalated", created_at=room.at(hours=27)).exists()
    assert services.sweep(room.at(hours=27, seconds=1)) == dict.fromkeys(found, 0)


def test_two_passes_within_a_minute_each_tell_what_they_raised(room):
    for _ in range(6):
        room.register(passed_on=True)
    services.sweep(T0 + 121 * MINUTE)
    for _ in range(7):
        room.register(passed_on=True, received_at=T0 - SECOND, late_reason="纸质补录")
    services.sweep(T0 + 121 * MINUTE + 30 * SECOND)
    digests = Message.objects.filter(kind="complaint.digest", channel="portal", recipient=f"u:{room.manager.pk}")
    assert [row.params["total"] for row in digests.order_by("pk")] == [6, 7]


@pytest.mark.parametrize(
    ("local", "morning"),
    [
        ("20:29", None),
        ("20:30", "2026-11-21 09:30"),
        ("23:59", "2026-11-21 09:30"),
        ("00:00", "2026-11-20 09:30"),
        ("08:59", "2026-11-20 09:30"),
        ("09:00", None),
    ],
)
def test_nobody_is_reminded_to_phone_at_night(room, local, morning):
    hour, minute = map(int, local.split(":"))
    now = datetime(2026, 11, 20, hour, minute, tzinfo=room.store.zone)
    found = call_by(room.store, now)
    assert (f"{found:%Y-%m-%d %H:%M}" if found else None) == morning


def test_the_reminder_at_night_names_the_morning(room):
    start = datetime(2026, 11, 20, 11, 30, tzinfo=UTC)  # 19:30
    room.register(passed_on=True, now=start)
    services.sweep(start + 90 * MINUTE)  # 21:00
    message = Message.objects.get(kind="complaint.warning", channel="portal")
    assert words(message)[1] == (
        "First contact of a General complaint. Call by 2026-11-21 Sat 09:30; nobody is phoned at night."
    )
    room.bring(room.register(now=start), "registered")
    services.sweep(start + 95 * MINUTE)
    transfer = Message.objects.filter(kind="complaint.overdue", params__step="transfer", channel="portal").first()
    assert "Due 2026-11-20 Fri 20:00." in words(transfer)[1]  # passing on needs no phone


def test_i_have_it_is_for_one(room):
    form = room.register(passed_on=True)
    services.sweep(room.at(hours=2, seconds=1))
    alert = Alert.objects.get(raised_at__isnull=False, kind="overdue")
    with pytest.raises(NotAllowed):
        services.acknowledge_alert(alert, by=room.sales_manager, now=room.at(hours=3))
    services.acknowledge_alert(alert, by=room.manager, now=room.at(hours=3))
    assert (alert.acknowledged_by, alert.acknowledged_at) == (room.manager, room.at(hours=3))
    with pytest.raises(Conflict):
        services.acknowledge_alert(alert, by=room.care_manager, now=room.at(hours=3))
    others = Message.objects.filter(kind="complaint.overdue", channel="portal")
    assert {row.acknowledged_at for row in others} == {room.at(hours=3)}
    assert kinds(form)[-1] == "alert_taken"


# --- the general manager's answer -------------------------------------------------------------------------------------


def test_an_escalation_asks_the_general_manager_until_there_is_an_answer(room):
    form = room.register(passed_on=True)
    services.sweep(room.at(hours=4, seconds=1))
    question = Instruction.objects.get()
    assert (question.asked_because, question.answered_at) == ("escalated", None)
    # daily from nine in the morning of the store, once
    assert services.sweep(datetime(2026, 11, 21, 0, 59, tzinfo=UTC))["reminded"] == 0
    assert services.sweep(datetime(2026, 11, 21, 1, 0, tzinfo=UTC))["reminded"] == 1
    assert services.sweep(datetime(2026, 11, 21, 9, 0, tzinfo=UTC))["reminded"] == 0
    assert services.sweep(datetime(2026, 11, 22, 1, 0, tzinfo=UTC))["reminded"] == 1
    assert told("instruction_reminder") == to(room.general_manager)
    answer = services.instruct(form, by=room.general_manager, text="今晚八点前谈定", now=room.at(days=2))
    assert answer.pk == question.pk
    assert (answer.because_of_neglect, answer.answered_by) == (True, room.general_manager)
    assert services.sweep(datetime(2026, 11, 23, 2, 0, tzinfo=UTC))["reminded"] == 0
    assert told("instructed") == to(room.manager)


def test_the_question_of_a_form_that_has_ended_is_not_repeated(room):
    form = room.bring(room.register("major"), "reissued")
    assert Instruction.objects.filter(complaint=form, answered_at=None).exists()
    services.sweep(room.at(days=2))
    reminded = Message.objects.filter(kind="complaint.instruction_reminder", channel="portal")
    assert {row.params["number"] for row in reminded} == {form.following.number}


def test_a_major_form_answered_in_time_is_no_neglect(room):
    form = room.register("major")
    answer = services.instruct(form, by=room.general_manager, text="先安排代步车", now=room.at(hours=1))
    assert (answer.asked_because, answer.because_of_neglect) == ("major", False)
    own = services.instruct(form, by=room.general_manager, text="再补一条", now=room.at(hours=2))
    assert (own.asked_because, own.because_of_neglect) == ("own", False)


def test_an_escalation_opens_one_question_however_many_steps_are_late(room):
    form = room.register(passed_on=True)
    services.sweep(room.at(hours=60))
    assert Alert.objects.filter(kind="escalated", raised_at__isnull=False).count() == 3
    assert Instruction.objects.filter(complaint=form).count() == 1


# --- size -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [timedelta(minutes=100), timedelta(hours=30)])
def test_a_sweep_asks_as_often_for_nine_forms_as_for_six(db, late):
    asked = []
    for number, code in ((6, "A1"), (9, "A2")):
        room = Room(code)
        for _ in range(number):
            room.register(passed_on=True)
        with CaptureQueriesContext(connection) as queries:
            services.sweep(T0 + late)
        # what is asked; how many statements an insert of many rows takes is the database's business
        asked.append(sum(query["sql"].startswith("SELECT") for query in queries.captured_queries))
        Instruction.objects.all().delete()  # every store with open questions is looked at once
    assert asked[0] == asked[1]


def test_a_sweep_with_nothing_due_asks_little(room, django_assert_max_num_queries):
    for _ in range(3):
        room.bring(room.register(), "closed")
    room.register()
    with django_assert_max_num_queries(24):
        assert services.sweep(T0)["warning"] == 0


def test_the_sweep_is_registered_and_every_message_has_words():
    assert hooks.sweeps()["deadlines"] is services.sweep
    assert {"complaint.warning", "complaint.overdue", "complaint.escalated", "complaint.digest"} <= set(known_kinds())
