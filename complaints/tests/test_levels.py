"""How serious a form is, and what a change of that moves (POLICY section 3, "Re-classification")."""

from datetime import timedelta

import pytest

from complaints import services
from complaints.tests.conftest import T0, live
from csi_portal.notifications.models import Message
from csi_portal.organization.errors import IllegalMove, NotAllowed

HOUR = timedelta(hours=1)


def dues(form) -> dict:
    return {row.step: row.due_at - T0 for row in form.deadlines.filter(superseded_at=None, silenced_at=None)}


def test_confirming_a_form_registered_as_major_sets_the_times_of_major(room):
    form = room.register("major")
    assert (dues(form)["first_contact"], dues(form)["resolution"], dues(form)["callback"]) == (
        2 * HOUR,
        24 * HOUR,
        48 * HOUR,
    )
    for user in (room.agent, room.manager, room.general_manager):
        with pytest.raises(NotAllowed):
            services.confirm_major(form, by=user, now=T0 + HOUR)
    services.confirm_major(form, by=room.care_manager, now=T0 + HOUR)
    assert (dues(form)["first_contact"], dues(form)["resolution"], dues(form)["callback"]) == (
        24 * HOUR,
        48 * HOUR,
        72 * HOUR,
    )
    assert live(form, "first_contact").generation == 2
    assert form.deadlines.get(step="first_contact", generation=1).superseded_at == T0 + HOUR
    with pytest.raises(IllegalMove):
        services.confirm_major(form, by=room.care_manager, now=T0 + HOUR)


def test_a_step_overdue_before_the_confirmation_stays_a_breach(room):
    form = room.register("major", passed_on=True)
    services.confirm_major(form, by=room.care_manager, now=T0 + 3 * HOUR)
    breach = form.breaches.get()
    assert (breach.deadline.step, breach.deadline.generation, breach.late_by) == ("first_contact", 1, None)
    room.do(form, "first_contact", now=T0 + 4 * HOUR)
    assert form.breaches.count() == 1


def test_raising_to_major_moves_nothing_later_and_bears_what_major_asks_for(room):
    form = room.register(passed_on=True)
    now = T0 + HOUR
    services.reclassify(form, "major", by=room.care_manager, reason="刹车失灵", now=now)
    assert form.level == "major" and form.major_confirmed_at == now
    found = dues(form)
    assert (found["first_contact"], found["resolution"], found["callback"]) == (2 * HOUR, 24 * HOUR, 48 * HOUR)
    # a step born by re-classification counts from that instant
    assert (found["gm_notice"], found["region_report"]) == (HOUR + HOUR / 2, 25 * HOUR)
    assert form.instructions.get().asked_because == "major"


def test_who_handles_the_form_may_raise_it_but_the_care_manager_confirms(room):
    form = room.register("grumble", passed_on=True)
    services.reclassify(form, "major", by=room.agent, reason="客户要找媒体", now=T0 + HOUR)
    assert form.major_unconfirmed
    assert Message.objects.filter(kind="complaint.confirm_major", recipient=f"u:{room.care_manager.pk}").exists()
    services.confirm_major(form, by=room.care_manager, now=T0 + 2 * HOUR)
    # it was not registered as major: confirming moves nothing later
    assert dues(form)["first_contact"] == 2 * HOUR


def test_the_general_manager_may_move_open_steps_later(room):
    form = room.register(passed_on=True)
    services.reclassify(form, "major", by=room.general_manager, reason="已报案", now=T0 + HOUR)
    assert dues(form)["first_contact"] == 24 * HOUR


def test_lowering_is_the_care_managers_and_moves_nothing_later(room):
    form = room.register("major", by=room.care_manager)
    assert dues(form)["first_contact"] == 24 * HOUR
    for user in (room.agent, room.manager):
        with pytest.raises(NotAllowed):
            services.reclassify(form, "general", by=user, reason="不严重", now=T0 + timedelta(minutes=5))
    services.reclassify(form, "general", by=room.care_manager, reason="误判", now=T0 + timedelta(minutes=5))
    found = dues(form)
    assert (found["first_contact"], found["resolution"]) == (2 * HOUR, 24 * HOUR)
    assert "gm_notice" not in found and "region_report" not in found
    services.reclassify(form, "grumble", by=room.care_manager, reason="只是抱怨", now=T0 + timedelta(minutes=6))
    assert form.level == "grumble"


def test_to_major_and_back_and_to_major_again(room):
    form = room.register(passed_on=True)
    for minutes, level in ((1, "major"), (2, "general"), (3, "major")):
        services.reclassify(form, level, by=room.care_manager, reason="x", now=T0 + timedelta(minutes=minutes))
    notice = live(form, "gm_notice")
    assert (notice.generation, notice.due_at) == (2, T0 + timedelta(minutes=33))
    room.do(form, "gm_notice", now=T0 + timedelta(minutes=4))
    services.reclassify(form, "general", by=room.care_manager, reason="x", now=T0 + timedelta(minutes=5))
    services.reclassify(form, "major", by=room.care_manager, reason="x", now=T0 + timedelta(minutes=6))
    assert live(form, "gm_notice").met_at == T0 + timedelta(minutes=4)  # met stays met


def test_steps_met_stay_met(room):
    form = room.bring(room.register("major"), "contacted")
    met = {row.pk: row.met_at for row in form.deadlines.exclude(met_at=None)}
    services.confirm_major(form, by=room.care_manager, now=T0 + HOUR)
    services.reclassify(form, "general", by=room.care_manager, reason="x", now=T0 + HOUR)
    assert {row.pk: row.met_at for row in form.deadlines.exclude(met_at=None)} == met


@pytest.mark.parametrize(
    ("level", "source", "to", "reason"),
    [
        ("general", "hotline", "general", "x"),
        ("general", "hotline", "major", " "),
        ("general", "oem_hotline", "grumble", "x"),
        ("general", "consumer_association", "grumble", "x"),
    ],
)
def test_changes_that_are_refused(room, level, source, to, reason):
    form = room.register(level, source)
    with pytest.raises(IllegalMove):
        services.reclassify(form, to, by=room.care_manager, reason=reason, now=T0 + HOUR)
    with pytest.raises(ValueError):
        services.reclassify(form, "medium", by=room.care_manager, reason="x", now=T0 + HOUR)


def test_the_region_is_told_by_the_care_manager(room):
    form = room.register("major")
    with pytest.raises(NotAllowed):
        services.report_to_region(form, recipient="大区", channel="邮件", by=room.agent, now=T0 + HOUR)
    for missing in ({"recipient": " ", "channel": "邮件"}, {"recipient": "大区", "channel": ""}):
        with pytest.raises(IllegalMove):
            services.report_to_region(form, by=room.care_manager, now=T0 + HOUR, **missing)
    services.report_to_region(form, recipient="大区", channel="邮件", by=room.care_manager, now=T0 + HOUR)
    assert form.region_reported_at == T0 + HOUR
    assert live(form, "region_report").met_at == T0 + HOUR
    assert form.events.last().detail["recipient"] == "大区"
