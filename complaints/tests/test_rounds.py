"""A customer who is not satisfied, or could not be asked (POLICY section 3, "Flow")."""

from datetime import timedelta

import pytest

from complaints import services
from complaints.models import Complaint, Holding
from complaints.tests.conftest import T0, kinds, live
from csi_portal.notifications.models import ActionItem, Message
from csi_portal.organization.errors import IllegalMove, NotAllowed


def again(room, form, at, overall=2):
    """Resolve a form and call back a customer who is not satisfied; returns the next round."""
    room.bring(form, "resolved", start=at)
    room.do(form, "callback", overall=overall, note="味道还在", now=at + timedelta(hours=1))
    return Complaint.objects.get(previous=form)


def test_the_next_round_goes_to_the_manager_at_once(room):
    first = room.register("grumble", "hotline", customer=room.customer, vehicle=room.vehicle, demand="不再收费")
    end = T0 + timedelta(hours=1)
    second = again(room, first, T0)
    assert first.status == "reissued"
    assert (second.round, second.case, second.level, second.source) == (2, first.case, "grumble", "follow_up_call")
    assert (second.received_at, second.registered_at) == (end, end)
    assert (second.status, second.department) == ("transferred", room.after_sales)
    assert (second.customer, second.vehicle, second.care_agent) == (room.customer, room.vehicle, room.agent)
    assert (second.summary, second.demand) == ("味道还在", "不再收费")
    assert live(second, "transfer").met_at == end
    assert live(second, "first_contact").due_at == end + timedelta(hours=2)
    told = Message.objects.filter(kind="complaint.reissued", channel="portal")
    assert {row.recipient for row in told} == {f"u:{room.manager.pk}"}
    assert kinds(first)[-1] == "reissued"
    assert not first.deadlines.running().exists()
    assert not Holding.objects.filter(complaint=first, to_at=None).exists()


def test_without_a_note_the_next_round_keeps_the_customers_words(room):
    first = room.bring(room.register(summary="换完滤芯还有味"), "resolved")
    room.do(first, "callback", satisfied=False, note="", now=room.at(hours=1))
    assert first.following.summary == "换完滤芯还有味"


def test_the_end_of_the_call_is_the_customers_clock(room):
    first = room.bring(room.register(), "resolved")
    now = room.at(hours=1)
    room.do(first, "callback", overall=1, note="还是响", happened_at=now - timedelta(minutes=20), now=now)
    second = first.following
    assert second.received_at == now - timedelta(minutes=20)
    assert live(second, "first_contact").due_at == second.received_at + timedelta(hours=2)
    assert live(second, "transfer").met_at == now


def test_the_third_round_is_major_by_rule(room):
    form = room.register("grumble", passed_on=False)
    second = again(room, form, T0)
    room.do(second, "resolution", now=T0 + timedelta(hours=2))
    room.do(second, "callback", overall=3, now=T0 + timedelta(hours=3))
    third = Complaint.objects.get(previous=second)
    assert (third.round, third.level, third.case) == (3, "major", form.case)
    assert third.major_confirmed_at == T0 + timedelta(hours=3)  # no confirmation is asked for
    assert live(third, "first_contact").due_at == third.received_at + timedelta(hours=24)
    assert live(third, "gm_notice").met_at == third.received_at
    assert third.instructions.get().asked_because == "major"
    assert third.events.get(kind="level_raised").detail["was"] == "grumble"
    with pytest.raises(IllegalMove, match="by rule"):
        services.reclassify(third, "general", by=room.general_manager, reason="x", now=third.received_at)
    fourth = again(room, third, third.received_at)
    assert (fourth.round, fourth.level) == (4, "major")


def test_a_major_form_stays_major_in_the_next_round(room):
    second = again(room, room.register("major"), T0)
    assert (second.round, second.level, second.major_unconfirmed) == (2, "major", True)


def test_one_case_has_one_open_round(room):
    first = room.register()
    second = again(room, first, T0)
    assert list(Complaint.objects.filter(case=first.case).open()) == [second]
    with pytest.raises(IllegalMove):
        room.do(first, "callback", now=room.at(hours=2))


def test_a_refused_callback_waits_seven_days_for_the_link(room):
    form = room.bring(room.register(customer=room.customer), "resolved")
    met = room.at(hours=1)
    deadline = room.do(form, "callback", result="refused", now=met)
    assert (form.status, form.callback_satisfied, deadline.met_how) == ("called_back", None, "refused")
    assert not form.deadlines.filter(step="approval").exists()
    close = {"by": room.general_manager, "note": "客户不愿评价"}
    with pytest.raises(IllegalMove, match="seven days"):
        services.close_unverified(form, now=met + timedelta(days=7) - timedelta(microseconds=1), **close)
    with pytest.raises(IllegalMove, match="why"):
        services.close_unverified(form, by=room.general_manager, note=" ", now=met + timedelta(days=7))
    for user in (room.agent, room.care_manager, room.manager):
        with pytest.raises(NotAllowed):
            services.close_unverified(form, by=user, note="x", now=met + timedelta(days=7))
    services.close_unverified(form, now=met + timedelta(days=7), **close)
    assert (form.status, form.closed_at, form.callback_satisfied) == ("unverified", met + timedelta(days=7), None)


@pytest.mark.parametrize(("overall", "status"), [(4, "called_back"), (3, "reissued")])
def test_the_link_answered_after_all_decides(room, overall, status):
    form = room.bring(room.register(), "resolved")
    room.do(form, "callback", result="refused", now=room.at(hours=1))
    services.record_late_answer(form, by=room.agent, overall=overall, note="还行", now=room.at(days=3))
    assert (form.status, form.callback_overall) == (status, overall)
    assert live(form, "callback").met_how == "refused"
    if status == "called_back":
        assert live(form, "approval").due_at == room.at(days=4)
        with pytest.raises(IllegalMove):
            services.close_unverified(form, by=room.general_manager, note="x", now=room.at(days=9))
        room.sign_all(form, room.at(days=3))
        room.do(form, "approval", now=room.at(days=3, hours=1))
    else:
        assert form.following.received_at == room.at(days=3)


def test_closing_leaves_a_relationship_contact_and_the_open_measures(room):
    form = room.bring(room.register(customer=room.customer), "closed")
    items = {row.kind: row for row in ActionItem.objects.all()}
    assert set(items) == {"complaint.relationship_contact", "complaint.measures_after_closing"}
    contact = items["complaint.relationship_contact"]
    assert (contact.role, contact.due_at) == ("care_agent", form.closed_at + timedelta(days=30))
    measures = items["complaint.measures_after_closing"]
    assert (measures.role, measures.due_at) == ("care_manager", live(form, "measures_check").due_at)
