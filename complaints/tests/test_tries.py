"""Tries to reach a customer, and when enough is enough (POLICY section 3)."""

from datetime import UTC, datetime, timedelta

import pytest

from complaints import services
from complaints.services.tries import distinct, half_day
from complaints.tests.conftest import T0, live
from csi_portal.organization.errors import IllegalMove, NotAllowed

MINUTE = timedelta(minutes=1)


def tries(room, form, minutes, **more):
    for at in minutes:
        services.log_try(form, "first_contact", by=room.manager, now=T0 + at * MINUTE, **more)


def test_three_tries_the_last_in_the_second_half_and_an_sms_meet_the_contact(room):
    form = room.register(passed_on=True)
    tries(room, form, [5, 30])
    services.log_try(form, "first_contact", by=room.manager, channel="sms", note="请回电", now=T0 + 31 * MINUTE)
    assert form.status == "transferred"
    tries(room, form, [60])
    contact = live(form, "first_contact")
    assert (form.status, contact.met_at, contact.met_how) == ("contacted", T0 + 60 * MINUTE, "attempted")
    assert form.breaches.count() == 0
    assert form.tries.count() == 4


@pytest.mark.parametrize(
    ("calls", "sms"),
    [
        ([5, 30, 59], 31),  # the last lies in the first half
        ([30, 70], 31),  # two only
        ([5, 30, 70], None),  # no message
        ([60, 61, 65], 31),  # one try, dialled again and again
    ],
)
def test_what_is_not_enough(room, calls, sms):
    form = room.register(passed_on=True)
    if sms:
        services.log_try(form, "first_contact", by=room.manager, channel="sms", now=T0 + sms * MINUTE)
    tries(room, form, calls)
    assert live(form, "first_contact").met_at is None


def test_the_message_may_come_last(room):
    form = room.register(passed_on=True)
    tries(room, form, [5, 30, 100])
    services.log_try(form, "first_contact", by=room.manager, channel="sms", now=T0 + 130 * MINUTE)
    contact = live(form, "first_contact")
    assert (contact.met_at, contact.met_how) == (T0 + 130 * MINUTE, "attempted")
    assert form.breaches.get().late_by == 10 * MINUTE


def test_three_half_days_meet_the_callback_as_not_reached(room):
    form = room.bring(room.register(customer=room.customer), "resolved")
    for hours, met in ((1, None), (2, None), (6, None), (7, None), (23, "not_reached")):
        services.log_try(form, "callback", by=room.agent, now=room.at(hours=hours))
        assert (live(form, "callback").met_how or None) == met
    assert (form.status, form.callback_satisfied) == ("called_back", None)
    assert live(form, "callback").met_at == room.at(hours=23)


def test_a_refusal_at_the_phone_meets_the_callback(room):
    form = room.bring(room.register(), "resolved")
    services.log_try(form, "callback", by=room.agent, result="refused", now=room.at(hours=1))
    assert (form.status, live(form, "callback").met_how) == ("called_back", "refused")


def test_a_customer_reached_without_a_verdict_changes_nothing(room):
    form = room.bring(room.register(), "resolved")
    for hours in (1, 6, 24):
        services.log_try(form, "callback", by=room.agent, result="reached", now=room.at(hours=hours))
    assert form.status == "resolved"


def test_who_may_log_a_try(room):
    form = room.register(passed_on=True)
    for user in (room.agent, room.general_manager, room.technician):
        with pytest.raises(NotAllowed):
            services.log_try(form, "first_contact", by=user, now=T0 + MINUTE)
    with pytest.raises(IllegalMove):
        services.log_try(form, "resolution", by=room.manager, now=T0 + MINUTE)
    with pytest.raises(IllegalMove):
        services.log_try(form, "callback", by=room.agent, now=T0 + MINUTE)
    for wrong in (T0 - MINUTE, T0 + 3 * MINUTE):
        with pytest.raises(IllegalMove):
            services.log_try(form, "first_contact", by=room.manager, happened_at=wrong, now=T0 + 2 * MINUTE)
    with pytest.raises(IllegalMove):
        services.log_try(form, "first_contact", by=room.manager, happened_at=T0, now=T0 + 31 * MINUTE)
    with pytest.raises(ValueError):
        services.log_try(form, "first_contact", by=room.manager, result="maybe", now=T0 + MINUTE)


def test_half_days_are_the_stores(room):
    noon = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
    assert half_day(room.store, noon - timedelta(seconds=1)) == "2026-11-20a"
    assert half_day(room.store, noon) == "2026-11-20b"


def test_tries_close_together_are_one():
    assert distinct([T0, T0 + 9 * MINUTE, T0 + 10 * MINUTE, T0 + 21 * MINUTE]) == [
        T0,
        T0 + 10 * MINUTE,
        T0 + 21 * MINUTE,
    ]
