"""Late is late for ever, and who pays is another question (POLICY section 3, "Rulings on fairness")."""

from datetime import UTC, datetime, timedelta

import pytest

from complaints import services
from complaints.models import Breach
from complaints.tests.conftest import T0, Room, live
from csi_portal.organization.models import CalendarVersion, PolicyVersion

SECOND = timedelta(seconds=1)
# Friday 19:00 in the store, which is open 8:30 to 18:00 every day
EVENING = datetime(2026, 11, 20, 11, 0, tzinfo=UTC)


def breach_of(form, step) -> Breach | None:
    return form.breaches.filter(deadline__step=step).first()


@pytest.mark.parametrize(
    ("level", "source", "step", "due"),
    [
        ("grumble", "hotline", "transfer", timedelta(minutes=30)),
        ("grumble", "hotline", "first_contact", timedelta(hours=2)),
        ("grumble", "hotline", "resolution", timedelta(hours=24)),
        ("grumble", "hotline", "callback", timedelta(hours=48)),
        ("general", "hotline", "transfer", timedelta(minutes=30)),
        ("general", "hotline", "first_contact", timedelta(hours=2)),
        ("general", "hotline", "resolution", timedelta(hours=24)),
        ("general", "hotline", "callback", timedelta(hours=48)),
        ("major", "hotline", "transfer", timedelta(minutes=30)),
        ("major", "hotline", "gm_notice", timedelta(minutes=30)),
        ("major", "hotline", "first_contact", timedelta(hours=24)),
        ("major", "hotline", "resolution", timedelta(hours=48)),
        ("major", "hotline", "callback", timedelta(hours=72)),
        ("general", "letter", "reply", timedelta(hours=24)),
        ("general", "letter", "resolution", timedelta(hours=24)),
        ("major", "email", "first_contact", timedelta(hours=2)),
        ("major", "email", "resolution", timedelta(hours=48)),
    ],
)
@pytest.mark.parametrize("late", [timedelta(0), timedelta(microseconds=1), SECOND])
def test_the_very_second_is_in_time_and_a_moment_later_is_not(room, level, source, step, due, late):
    form = room.register(level, source, by=room.care_manager)  # the care manager's "major" is confirmed
    assert live(form, step).due_at == T0 + due
    before = {"first_contact": ["transfer"], "reply": ["first_contact"], "callback": ["resolution"]}
    for earlier in before.get(step, []):
        room.do(form, earlier, now=T0 + timedelta(minutes=5))
    deadline = room.do(form, step, now=T0 + due + late)
    breach = Breach.objects.filter(deadline=deadline).first()
    assert (breach.late_by if breach else None) == (late or None)
    if breach:
        assert breach.found_at == T0 + due + late
        assert breach.judge_again_at is None
        assert breach.explanation["due_at"] == (T0 + due).isoformat()


def test_a_breach_is_recorded_though_no_sweep_ever_ran(room):
    form = room.register(passed_on=True)
    room.do(form, "first_contact", now=room.at(hours=2, seconds=1))
    assert [str(b.deadline.step) for b in form.breaches.all()] == ["first_contact"]
    assert services.sweep(room.at(hours=2, seconds=2))["breaches"] == 0


def test_the_sweep_finds_what_is_still_open_and_the_step_completes_it(room):
    form = room.register(passed_on=True)
    found = room.at(hours=2, minutes=3)
    assert services.sweep(found)["breaches"] == 1
    assert services.sweep(found)["breaches"] == 0
    breach = form.breaches.get()
    assert (breach.late_by, breach.found_at, breach.charged_to) == (None, found, room.person(room.manager))
    room.do(form, "first_contact", now=room.at(hours=5))
    breach.refresh_from_db()
    assert (breach.late_by, breach.found_at) == (timedelta(hours=3), found)
    assert form.breaches.count() == 1


def test_at_the_due_second_the_sweep_finds_nothing(room):
    form = room.register(passed_on=True)
    assert services.sweep(room.at(hours=2))["breaches"] == 0
    assert services.sweep(room.at(hours=2, microseconds=1))["breaches"] == 1
    assert form.breaches.count() == 1


# --- who bears it -----------------------------------------------------------------------------------------------------


def test_the_agent_bears_the_transfer_and_the_manager_the_contact(room):
    form = room.register()
    room.do(form, "transfer", now=T0 + timedelta(minutes=31))
    transfer = breach_of(form, "transfer")
    assert (transfer.charged_to, transfer.fair_to_charge) == (room.person(room.agent), True)
    room.do(form, "first_contact", now=T0 + timedelta(hours=2, minutes=2))
    contact = breach_of(form, "first_contact")
    assert (contact.charged_to, contact.charged_department, contact.fair_to_charge) == (
        room.person(room.manager),
        None,
        True,
    )


@pytest.mark.parametrize(
    ("handed_over", "contacted", "fair"),
    [
        # transfer in time: any late contact is the department's
        (timedelta(minutes=30), timedelta(hours=2, seconds=1), True),
        # transfer late: 2 h − 30 min after the hand-over is still fair
        (timedelta(minutes=31), timedelta(hours=2, minutes=1), False),
        (timedelta(minutes=31), timedelta(hours=2, minutes=1, seconds=1), True),
        (timedelta(hours=3), timedelta(hours=4, minutes=30), False),
        (timedelta(hours=3), timedelta(hours=4, minutes=30, seconds=1), True),
    ],
)
def test_a_late_hand_over_takes_its_time_from_nobody_else(room, handed_over, contacted, fair):
    form = room.register()
    room.do(form, "transfer", now=T0 + handed_over)
    room.do(form, "first_contact", now=T0 + contacted)
    assert breach_of(form, "first_contact").fair_to_charge is fair


def test_what_was_met_with_a_late_hand_over_is_not_charged_to_the_department(room):
    form = room.register()
    room.do(form, "first_contact", now=room.at(hours=3))
    assert breach_of(form, "first_contact").fair_to_charge is False
    assert breach_of(form, "transfer").fair_to_charge is True


def test_the_agent_pays_only_for_the_time_the_form_was_held(room):
    second = room.login("second", "care_agent", "customer_care")
    form = room.register()
    services.assign(form, by=room.care_manager, care_agent=second, now=T0 + timedelta(minutes=25))
    room.do(form, "transfer", by=second, now=T0 + timedelta(minutes=40))
    breach = breach_of(form, "transfer")
    assert (breach.charged_to, breach.fair_to_charge) == (room.person(second), False)

    form = room.register()
    services.assign(form, by=room.care_manager, care_agent=second, now=T0 + timedelta(minutes=31))
    room.do(form, "transfer", by=second, now=T0 + timedelta(minutes=40))
    breach = breach_of(form, "transfer")
    assert (breach.charged_to, breach.fair_to_charge) == (room.person(room.agent), True)


def test_telling_the_general_manager_is_the_agents_too(room):
    form = room.register("major")
    room.do(form, "gm_notice", now=T0 + timedelta(minutes=45))
    breach = breach_of(form, "gm_notice")
    assert (breach.charged_to, breach.fair_to_charge) == (room.person(room.agent), True)


def test_a_grumble_is_borne_by_the_person_it_was_handed_to(room):
    form = room.register("grumble", passed_on=True)
    services.assign(form, by=room.manager, assignee=room.person(room.technician), now=T0 + timedelta(minutes=1))
    room.do(form, "first_contact", by=room.technician, now=room.at(hours=3))
    assert breach_of(form, "first_contact").charged_to == room.person(room.technician)


def test_a_department_without_a_manager_bears_it_as_such(room):
    form = room.register(department=room.departments["customer_care"])
    room.do(form, "first_contact", by=room.general_manager, now=room.at(hours=3))
    breach = breach_of(form, "first_contact")
    assert (breach.charged_to, breach.charged_department) == (None, room.departments["customer_care"])


def test_a_late_resolution_makes_the_callback_late_and_bears_it(room):
    form = room.bring(room.register(), "contacted")
    room.do(form, "resolution", now=room.at(hours=47))
    room.do(form, "callback", now=room.at(hours=49))
    breach = breach_of(form, "callback")
    assert breach.charged_to == room.person(room.manager)
    assert breach.explanation["bearer"] == "resolution"

    form = room.bring(room.register(), "resolved")
    room.do(form, "callback", now=room.at(hours=49))
    breach = breach_of(form, "callback")
    assert (breach.charged_to, breach.explanation["bearer"]) == (room.person(room.agent), "agent")


def test_an_open_resolution_bears_the_callback_that_cannot_come(room):
    form = room.bring(room.register(), "contacted")
    services.sweep(room.at(hours=49))
    assert breach_of(form, "callback").charged_to == room.person(room.manager)


def test_the_follow_up_of_a_major_form_is_customer_cares(room):
    form = room.bring(room.register("major"), "resolved")
    services.sweep(room.at(hours=25))
    assert breach_of(form, "major_follow_up").charged_to == room.person(room.agent)


def test_beside_steps_that_cost_nothing_are_breaches_of_nobody(room):
    form = room.bring(room.register("major"), "called_back")
    services.sweep(room.at(days=4))
    found = {b.deadline.step: b.charged_to for b in form.breaches.all()}
    assert found == {
        "region_report": None,
        "measures": room.person(room.manager),
        "measures_check": None,
        "approval": None,
    }


# --- opening hours ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("done", "counts"),
    [
        # on the elapsed clock the contact is due at 21:00; in opening hours at 10:30 next morning
        (timedelta(hours=3), False),
        (timedelta(hours=15, minutes=30), False),
        (timedelta(hours=15, minutes=30, seconds=1), True),
    ],
)
def test_a_breach_costs_only_what_was_late_in_opening_hours_too(room, done, counts):
    form = room.register(passed_on=True, now=EVENING)
    room.do(form, "first_contact", now=EVENING + done)
    breach = breach_of(form, "first_contact")
    assert breach.late_in_opening_hours is counts
    opening = datetime(2026, 11, 21, 2, 30, tzinfo=UTC)
    assert breach.explanation["late_in_opening_hours_after"] == opening.isoformat()


def test_what_is_still_open_is_judged_again_when_it_can_turn(room):
    form = room.register(passed_on=True, now=EVENING)
    opening = datetime(2026, 11, 21, 2, 30, tzinfo=UTC)
    services.sweep(EVENING + timedelta(hours=3))
    breach = form.breaches.get()
    assert (breach.late_in_opening_hours, breach.judge_again_at) == (False, opening)
    assert services.sweep(opening)["judged_again"] == 0
    assert services.sweep(opening + SECOND)["judged_again"] == 1
    breach.refresh_from_db()
    assert (breach.late_in_opening_hours, breach.judge_again_at, breach.late_by) == (True, None, None)
    assert services.sweep(opening + 2 * SECOND)["judged_again"] == 0


def test_the_same_evening_on_the_mixed_clock_is_no_breach_at_all(db):
    room = Room(clock="mixed")
    form = room.register(passed_on=True, now=EVENING)
    room.do(form, "first_contact", now=EVENING + timedelta(hours=15, minutes=30))
    assert form.breaches.count() == 0


def test_a_holiday_is_not_opening_time(room):
    version = CalendarVersion.objects.get(scope_key="all")
    CalendarVersion.objects.create(
        store=room.store,
        data={**version.data, "holidays": ["2026-11-20"]},
        effective_from=T0 - timedelta(days=1),
    )
    form = room.register(passed_on=True)
    room.do(form, "first_contact", now=room.at(hours=3))
    assert breach_of(form, "first_contact").late_in_opening_hours is False


# --- nothing takes it back --------------------------------------------------------------------------------------------


def test_before_the_store_went_live_nothing_breaches(room):
    room.store.live_from = room.at(hours=2, seconds=1)
    room.store.save()
    form = room.register(passed_on=True)
    counts = services.sweep(room.at(hours=30))
    # the first contact was due a second too early to count, the resolution came later
    assert (counts["breaches"], counts["escalated"]) == (1, 1)
    assert [b.deadline.step for b in form.breaches.all()] == ["resolution"]
    room.do(form, "first_contact", now=room.at(hours=31))
    assert form.breaches.count() == 1


@pytest.mark.parametrize("order", [("reclass", "assign", "policy"), ("policy", "reclass", "assign")])
def test_no_later_edit_changes_a_recorded_breach(room, order):

    form = room.register()
    room.do(form, "transfer", now=room.at(hours=1))
    before = Breach.objects.values().get()
    for what in order:
        now = room.at(hours=1, minutes=5)
        if what == "reclass":
            services.reclassify(form, "major", by=room.general_manager, reason="媒体", now=now)
        elif what == "assign":
            services.assign(form, by=room.care_manager, department=room.sales, now=now)
        else:
            data = {**form.policy_version.data}
            data["levels"]["general"]["transfer"]["minutes"] = 600
            PolicyVersion.objects.create(kind="deadlines", version=7, data=data, effective_from=T0)
    services.sweep(room.at(hours=1, minutes=6))
    assert Breach.objects.filter(pk=before["id"]).values().get() == before


def test_ending_a_form_keeps_what_was_overdue_by_then(room):
    form = room.bring(room.register("major"), "resolved")
    room.do(form, "callback", overall=1, now=room.at(hours=30))
    assert breach_of(form, "region_report").late_by is None
    assert form.deadlines.filter(silenced_at=room.at(hours=30)).count() == 3  # region_report, measures and its check
    assert services.sweep(room.at(days=9))["judged_again"] == 0
