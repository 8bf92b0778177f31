"""Completing steps: order, persons, the time it happened (POLICY section 3)."""

from datetime import timedelta

import pytest

from complaints import services
from complaints.models import Event, Holding, Resolution
from complaints.tests.conftest import T0, Room, kinds, live
from csi_portal.organization.errors import Conflict, IllegalMove, NotAllowed
from csi_portal.organization.models import AuditLine
from csi_portal.organization.permissions import SYSTEM
from surveys.models import Callback

MINUTE = timedelta(minutes=1)


def test_the_whole_way_of_a_general_complaint(room):
    form = room.register(customer=room.customer)
    for minutes, step, status in (
        (10, "transfer", "transferred"),
        (60, "first_contact", "contacted"),
        (300, "resolution", "resolved"),
        (400, "callback", "called_back"),
    ):
        deadline = room.do(form, step, now=T0 + minutes * MINUTE)
        assert (deadline.step, deadline.met_at) == (step, T0 + minutes * MINUTE)
        assert form.status == status
    services.sign(form, "manager", by=room.manager, now=T0 + 410 * MINUTE)
    room.do(form, "approval", now=T0 + 420 * MINUTE)
    assert (form.status, form.closed_at) == ("closed", T0 + 420 * MINUTE)
    assert form.callback_satisfied is True and form.callback_overall == 5
    assert form.next_due_at is None and form.next_step == ""
    assert form.breaches.count() == 0
    assert kinds(form) == [
        "registered", "step_done", "step_done", "step_done", "step_done", "signed", "closed",
    ]  # fmt: skip
    assert not form.deadlines.running().exists()
    assert not Holding.objects.filter(to_at=None).exists()


@pytest.mark.parametrize(
    ("status", "step"),
    [
        ("registered", "callback"),
        ("registered", "reply"),
        ("transferred", "transfer"),
        ("transferred", "callback"),
        ("contacted", "first_contact"),
        ("contacted", "callback"),
        ("contacted", "measures"),
        ("contacted", "measures_check"),
        ("contacted", "approval"),
        ("contacted", "gm_notice"),
        ("contacted", "region_report"),
        ("contacted", "major_follow_up"),
        ("contacted", "appeal_opinion"),
        ("contacted", "no_such_step"),
        ("resolved", "resolution"),
        ("resolved", "measures_check"),
        ("resolved", "approval"),
        ("called_back", "callback"),
        ("closed", "transfer"),
        ("closed", "measures"),
        ("closed", "approval"),
    ],
)
def test_steps_that_are_not_possible(room, status, step):
    form = room.bring(room.register(), status)
    before = Event.objects.count()
    with pytest.raises(IllegalMove):
        room.do(form, step, now=room.at(hours=2))
    assert Event.objects.count() == before


def test_first_contact_meets_an_open_transfer_at_the_same_instant(room):
    form = room.register("major")
    room.do(form, "first_contact", now=T0 + 20 * MINUTE)
    assert {step: live(form, step).met_at for step in ("transfer", "gm_notice", "first_contact")} == dict.fromkeys(
        ("transfer", "gm_notice", "first_contact"), T0 + 20 * MINUTE
    )
    assert form.status == "contacted"
    assert form.department == room.after_sales  # who took it up
    assert form.events.last().detail["also"] == ["transfer", "gm_notice"]


def test_resolution_meets_everything_before_it_at_the_same_instant(room):
    form = room.register("general", "letter")
    room.do(form, "resolution", now=T0 + 90 * MINUTE)
    for step in ("transfer", "first_contact", "reply", "resolution"):
        assert live(form, step).met_at == T0 + 90 * MINUTE
    assert form.status == "resolved"
    assert form.breaches.get().deadline.step == "transfer"


def test_a_letter_is_replied_to_after_the_first_contact(room):
    form = room.register("general", "letter", passed_on=True)
    with pytest.raises(IllegalMove, match="First contact"):
        room.do(form, "reply", now=T0 + MINUTE)
    room.do(form, "first_contact", now=T0 + MINUTE)
    room.do(form, "reply", now=T0 + 2 * MINUTE)
    assert form.status == "contacted"
    with pytest.raises(IllegalMove, match="does not apply"):
        room.do(room.register(passed_on=True), "reply", now=T0 + MINUTE)


def test_telling_the_general_manager_has_no_order(room):
    form = room.register("major")
    room.do(form, "gm_notice", now=T0 + MINUTE)
    room.do(form, "transfer", now=T0 + 2 * MINUTE)
    assert live(form, "gm_notice").met_at == T0 + MINUTE


@pytest.mark.parametrize("missing", [{"remedy": ""}, {"cause": "  "}, {"remedy": None}, {"cause": None}])
def test_a_resolution_needs_remedy_and_cause(room, missing):
    form = room.bring(room.register(), "contacted")
    with pytest.raises(IllegalMove):
        room.do(form, "resolution", now=T0 + 60 * MINUTE, **missing)
    assert Resolution.objects.count() == 0


def test_the_resolution_starts_what_comes_after_it(room):
    form = room.bring(room.register("major", by=room.care_manager, customer=room.customer), "contacted")
    at = room.at(hours=5)
    room.do(form, "resolution", now=at)
    assert live(form, "measures").due_at == at + timedelta(hours=24)
    assert live(form, "measures_check").due_at == at + timedelta(hours=48)
    assert live(form, "major_follow_up").due_at == at + timedelta(hours=24)
    queued = Callback.objects.get()
    assert (queued.line_key, queued.subject_key) == ("complaint_callback", f"complaint:{form.pk}")
    assert (queued.due_on.isoformat(), queued.questionnaire.code) == ("2026-11-23", "complaint")
    assert Holding.objects.get(to_at=None).holder == room.care_manager


def test_measures_given_with_the_resolution_are_handed_in(room):
    form = room.bring(room.register(), "contacted")
    room.do(form, "resolution", now=room.at(hours=1), measures="完工前检查排水")
    assert live(form, "measures").met_at == room.at(hours=1)
    room.do(form, "measures_check", now=room.at(hours=2))
    assert live(form, "measures_check").met_at == room.at(hours=2)


def test_measures_come_as_a_new_line(room):
    form = room.bring(room.register(), "resolved")
    with pytest.raises(IllegalMove):
        room.do(form, "measures", note=" ", now=room.at(hours=2))
    room.do(form, "measures", measures="班前培训", now=room.at(hours=2))
    assert [row.measures for row in form.resolutions.all()] == ["班前培训", ""]
    assert {row.remedy for row in form.resolutions.all()} == {"免费返修"}


def test_the_callback_of_a_major_form_is_its_follow_up_too(room):
    form = room.bring(room.register("major"), "resolved")
    room.do(form, "callback", now=room.at(hours=1))
    assert live(form, "major_follow_up").met_at == room.at(hours=1)


def test_the_follow_up_of_a_major_form_may_come_before_the_callback(room):
    form = room.bring(room.register("major"), "resolved")
    room.do(form, "major_follow_up", now=room.at(hours=1))
    assert form.status == "resolved"
    room.do(form, "callback", now=room.at(hours=2))
    assert live(form, "major_follow_up").met_at == room.at(hours=1)


@pytest.mark.parametrize(
    ("level", "wrong", "right"),
    [
        ("grumble", ["agent", "care_manager", "sales_manager", "technician"], ["manager", "general_manager"]),
        ("general", ["agent", "care_manager", "sales_manager", "technician", "general_manager"], ["manager"]),
        ("major", ["agent", "care_manager", "sales_manager", "technician", "general_manager"], ["manager"]),
    ],
)
def test_who_speaks_with_the_customer_first(room, level, wrong, right):
    for name in wrong:
        with pytest.raises(NotAllowed):
            room.do(room.register(level, passed_on=True), "first_contact", by=getattr(room, name), now=T0 + MINUTE)
    for name in right:
        form = room.register(level, passed_on=True)
        assert room.do(form, "first_contact", by=getattr(room, name), now=T0 + MINUTE).met_by == getattr(room, name)


def test_a_grumble_is_worked_by_the_person_it_was_handed_to(room):
    form = room.register("grumble", passed_on=True)
    services.assign(form, by=room.manager, assignee=room.person(room.technician), now=T0 + MINUTE)
    room.do(form, "first_contact", by=room.technician, now=T0 + 2 * MINUTE)
    room.do(form, "resolution", by=room.technician, now=T0 + 3 * MINUTE)
    general = room.register(passed_on=True)
    services.assign(general, by=room.manager, assignee=room.person(room.technician), now=T0 + MINUTE)
    with pytest.raises(NotAllowed):
        room.do(general, "first_contact", by=room.technician, now=T0 + 2 * MINUTE)


def test_the_general_manager_steps_in_where_the_department_has_no_manager(room):
    form = room.register(department=room.departments["customer_care"])
    assert room.do(form, "first_contact", by=room.general_manager, now=T0 + MINUTE).met_by == room.general_manager


@pytest.mark.parametrize(
    ("status", "step", "right"),
    [
        ("registered", "transfer", {"agent", "care_manager"}),
        ("contacted", "resolution", {"manager", "general_manager"}),
        ("resolved", "callback", {"agent", "care_manager"}),
        ("resolved", "measures", {"manager", "general_manager", "care_manager"}),
        ("called_back", "approval", {"general_manager", "approver"}),
    ],
)
def test_who_may_do_which_step(room, status, step, right):
    names = ["agent", "care_manager", "manager", "sales_manager", "general_manager", "approver", "admin", "technician"]
    done = set()
    for name in names:
        form = room.bring(room.register(), status)
        if step == "approval":
            room.sign_all(form, room.at(hours=1))
        try:
            room.do(form, step, by=getattr(room, name), now=room.at(hours=1), measures="培训")
        except NotAllowed:
            continue
        done.add(name)
    assert done == right


def test_a_person_blamed_never_passes_on_or_judges_the_own_form(room):
    care = room.person(room.agent)
    form = room.register(responsible=care)
    with pytest.raises(NotAllowed):
        room.do(form, "transfer", by=room.agent, now=T0 + MINUTE)
    room.do(form, "transfer", by=room.care_manager, now=T0 + MINUTE)
    room.do(form, "resolution", now=T0 + 9 * MINUTE)
    with pytest.raises(NotAllowed):
        room.do(form, "callback", by=room.agent, now=room.at(hours=1))
    room.do(form, "callback", by=room.care_manager, now=room.at(hours=1))


# --- when it happened -------------------------------------------------------------------------------------------------


def test_half_an_hour_back_with_a_note_the_time_it_happened_judges(room):
    form = room.register(passed_on=True)
    now = room.at(hours=2, minutes=20)
    with pytest.raises(IllegalMove, match="note"):
        room.do(form, "first_contact", note=" ", happened_at=now - 30 * MINUTE, now=now)
    deadline = room.do(form, "first_contact", note="路上打的电话", happened_at=now - 30 * MINUTE, now=now)
    assert (deadline.met_at, deadline.recorded_at) == (now - 30 * MINUTE, now)
    line = form.events.last()
    assert (line.happened_at, line.recorded_at) == (now - 30 * MINUTE, now)
    assert form.breaches.count() == 0  # 1 h 50 min after the complaint


def test_further_back_only_the_care_manager_with_evidence(room):
    form = room.register(passed_on=True)
    now = room.at(hours=3)
    back = {"happened_at": room.at(hours=1), "now": now}
    with pytest.raises(IllegalMove, match="care manager"):
        room.do(form, "first_contact", **back)
    with pytest.raises(NotAllowed):  # the contact is the manager's in person, whoever enters it
        room.do(form, "first_contact", by=room.care_manager, done_by=room.agent, evidence="录音 7", **back)
    with pytest.raises(NotAllowed):
        room.do(form, "first_contact", by=room.agent, done_by=room.manager, evidence="录音 7", **back)
    with pytest.raises(IllegalMove, match="evidence"):
        room.do(form, "first_contact", by=room.care_manager, done_by=room.manager, note="", **back)
    deadline = room.do(form, "first_contact", by=room.care_manager, done_by=room.manager, evidence="录音 7", **back)
    assert (deadline.met_at, deadline.recorded_at, deadline.met_by) == (room.at(hours=1), now, room.manager)
    assert form.events.last().detail["evidence"] == "录音 7"
    assert form.events.last().detail["done_by"] == room.manager.display_name()
    assert form.breaches.count() == 0


@pytest.mark.parametrize(
    "happened_at",
    [T0 + 2 * MINUTE + timedelta(microseconds=1), T0 - timedelta(microseconds=1)],
)
def test_never_in_the_future_nor_before_the_complaint(room, happened_at):
    form = room.register(passed_on=True)
    for refusal in (IllegalMove, ValueError):
        with pytest.raises(refusal):
            room.do(form, "first_contact", happened_at=happened_at, now=T0 + 2 * MINUTE)
    with pytest.raises(ValueError):
        room.do(form, "first_contact", happened_at=(T0 + MINUTE).replace(tzinfo=None), now=T0 + 2 * MINUTE)


def test_a_step_never_happened_before_the_one_it_builds_on(room):
    form = room.bring(room.register(), "resolved")  # resolved at 15 minutes
    with pytest.raises(IllegalMove, match="before"):
        room.do(form, "callback", happened_at=T0 + 14 * MINUTE, now=T0 + 20 * MINUTE)
    with pytest.raises(IllegalMove, match="before"):
        room.do(form, "measures", measures="x", happened_at=T0 + 14 * MINUTE, now=T0 + 20 * MINUTE)


# --- callback ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "satisfied", "overall"),
    [
        ({"satisfied": True}, True, None),
        ({"satisfied": False}, False, None),
        *[({"overall": n}, n >= 4, n) for n in range(1, 6)],
        ({"satisfied": True, "overall": 4}, True, 4),
    ],
)
def test_satisfied_is_four_or_five(room, said, satisfied, overall):
    form = room.bring(room.register(), "resolved")
    room.do(form, "callback", now=room.at(hours=1), **said)
    assert (form.callback_satisfied, form.callback_overall) == (satisfied, overall)
    assert form.status == ("called_back" if satisfied else "reissued")
    assert form.deadlines.filter(step="approval").exists() is satisfied


@pytest.mark.parametrize(
    "said", [{"overall": 0}, {"overall": 6}, {"overall": True}, {"satisfied": True, "overall": 3}, {"overall": None}]
)
def test_an_answer_that_cannot_be_is_refused(room, said):
    form = room.bring(room.register(), "resolved")
    with pytest.raises(IllegalMove):
        room.do(form, "callback", now=room.at(hours=1), **said)
    form.refresh_from_db()
    assert (form.status, live(form, "callback").met_at) == ("resolved", None)


def test_the_callback_on_the_form_leaves_the_call_queue(room):
    form = room.bring(room.register(customer=room.customer), "resolved")
    room.do(form, "callback", now=room.at(hours=1))
    assert Callback.objects.get().status == "cancelled"


# --- two people, one form ---------------------------------------------------------------------------------------------


def test_a_stale_form_loses_and_nothing_is_written(room):
    form = room.register(passed_on=True)
    seen = form.version
    services.acknowledge(form, by=room.manager, now=T0 + MINUTE, version=seen)
    with pytest.raises(Conflict):
        room.do(form, "first_contact", now=T0 + 2 * MINUTE, version=seen)
    assert live(form, "first_contact").met_at is None
    room.do(form, "first_contact", now=T0 + 2 * MINUTE, version=form.version)


def test_a_failure_at_the_end_leaves_nothing(room, monkeypatch):
    from complaints.services import acts

    form = room.bring(room.register(customer=room.customer), "contacted")
    lines, audit = Event.objects.count(), AuditLine.objects.count()

    def broken(*args, **kwargs):
        raise RuntimeError("the database went away")

    monkeypatch.setattr(acts, "tell_step", broken)
    with pytest.raises(RuntimeError):
        room.do(form, "resolution", now=room.at(hours=1))
    form.refresh_from_db()
    assert (form.status, live(form, "resolution").met_at) == ("contacted", None)
    assert not form.deadlines.filter(step="measures").exists()
    assert (Event.objects.count(), AuditLine.objects.count()) == (lines, audit)
    assert (Resolution.objects.count(), Callback.objects.count()) == (0, 0)


def test_the_callers_object_shows_what_happened(room):
    form = room.register()
    deadline = room.do(form, "transfer", now=T0 + MINUTE)
    assert (form.status, form.department, form.version) == ("transferred", room.after_sales, 2)
    assert (form.next_step, form.next_due_at) == ("first_contact", room.at(hours=2))
    deadline.refresh_from_db()
    assert deadline.met_at == T0 + MINUTE


def test_the_system_works_where_no_person_started_it_but_decides_nothing(room):
    form = room.register(by=SYSTEM)
    for step, more in (
        ("transfer", {}),
        ("first_contact", {}),
        ("resolution", {"remedy": "r", "cause": "c"}),
        ("callback", {"satisfied": True}),
    ):
        services.complete_step(form, step, by=SYSTEM, note="", now=T0 + MINUTE, **more)
    with pytest.raises(NotAllowed):
        services.complete_step(form, "approval", by=SYSTEM, note="", now=T0 + MINUTE)


def test_a_form_of_another_store_is_nobodys(room):
    form = Room("B1").register()
    with pytest.raises(NotAllowed):
        services.complete_step(form, "transfer", by=room.agent, note="", now=T0 + MINUTE)
    with pytest.raises(ValueError, match="another store"):
        room.do(room.register(), "transfer", department=Room("C1").after_sales, now=T0 + MINUTE)
