"""Who gets which call: POLICY's order, one holder per customer and number, leases, the do-not-call list."""

import threading
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from csi_portal.organization.errors import Conflict, IllegalMove, NotAllowed
from csi_portal.organization.models import AuditLine
from surveys.models import Callback, Claim, Suppression
from surveys.services import calls, queue
from surveys.services.callbacks import create_callback
from surveys.tests.calls.factories import (
    at,
    make_callback,
    make_customer,
    make_employee,
    make_store,
    make_user,
    make_visit,
    outcome,
    result,
)

NOW = at("2026-11-21 10:00")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(db):
    return make_store()


@pytest.fixture
def agent(store):
    return make_user(store)


def next_id(store, agent, now=NOW) -> int | None:
    claim = queue.claim_next(store, by=agent, now=now)
    if claim is None:
        return None
    return claim.callbacks.order_by("pk").first().pk


def drain(store, agent, now=NOW) -> list[int]:
    """The order in which an agent who finishes each call gets them."""
    found = []
    while (claim := queue.claim_next(store, by=agent, now=now)) is not None:
        callback = claim.callbacks.get()
        found.append(callback.pk)
        calls.log_outcome(callback, result("refusal"), by=agent, now=now, token=claim.token)
    return found


def test_order_is_own_appointments_appointments_retries_priority_age(store, agent):
    other = make_user(store)
    appointment, retry = outcome("appointment"), outcome("no_answer")
    young = make_callback(store, due="2026-11-21")
    old = make_callback(store, due="2026-11-19")
    important = make_callback(store, due="2026-11-21", priority=50)
    again = make_callback(store, due="2026-11-18", status="retry", outcome=retry, not_before=NOW - MINUTE)
    anyone = make_callback(store, status="appointment", outcome=appointment, not_before=NOW - 20 * MINUTE)
    own = make_callback(
        store, status="appointment", outcome=appointment, not_before=NOW - MINUTE, appointment_for=agent
    )
    # not yet: promised to somebody else, or their time has not come
    make_callback(store, status="appointment", outcome=appointment, not_before=NOW - MINUTE, appointment_for=other)
    make_callback(store, status="appointment", outcome=appointment, not_before=NOW + MINUTE, appointment_for=agent)
    make_callback(store, status="retry", outcome=retry, not_before=NOW + MINUTE)
    make_callback(store, due="2026-11-22")
    assert drain(store, agent) == [one.pk for one in (own, anyone, again, important, old, young)]


def test_a_missed_or_left_appointment_falls_to_everybody(store, agent):
    other, leaver = make_user(store), make_user(store)
    appointment = outcome("appointment")
    missed = make_callback(
        store, status="appointment", outcome=appointment, not_before=NOW - 31 * MINUTE, appointment_for=other
    )
    leaver.is_active = False
    leaver.save()
    left = make_callback(
        store, status="appointment", outcome=appointment, not_before=NOW - MINUTE, appointment_for=leaver
    )
    assert drain(store, agent) == [missed.pk, left.pk]


def test_outside_calling_hours_only_appointments_are_offered(store, agent):
    make_callback(store)
    evening = at("2026-11-21 20:30")
    assert next_id(store, agent, evening) is None
    agreed = make_callback(
        store, status="appointment", outcome=outcome("appointment"), not_before=evening, appointment_for=agent
    )
    assert next_id(store, agent, evening) == agreed.pk


def test_an_adviser_never_gets_the_scored_survey_of_an_own_customer(store, agent):
    adviser = make_employee(store, user=agent)
    own = make_callback(store, visit=make_visit(store, "2026-11-18 10:00", advisor=adviser))
    courtesy = make_callback(
        store, key="new_car_follow_up", visit=make_visit(store, "2026-11-18 10:00", kind="sale", advisor=adviser)
    )
    assert drain(store, agent) == [courtesy.pk]
    with pytest.raises(IllegalMove, match="You advised"):
        queue.claim_callback(own, by=agent, now=NOW)
    assert next_id(store, make_user(store)) == own.pk


def test_a_number_on_the_list_is_not_offered_except_for_a_complaint(store, agent):
    callback = make_callback(store)
    Suppression.objects.create(phone=callback.customer.phone)
    assert next_id(store, agent) is None
    with pytest.raises(IllegalMove, match="do-not-call"):
        queue.claim_callback(callback, by=agent, now=NOW)
    complaint = create_callback(
        store, line_key="complaint_callback", subject_key="complaint:7", customer=callback.customer,
        questionnaire_code="complaint", due_on=date(2026, 11, 21), now=NOW,
    )  # fmt: skip
    assert next_id(store, agent) == complaint.pk


def test_the_next_call_is_the_one_already_held(store, agent):
    make_callback(store)
    make_callback(store)
    first = queue.claim_next(store, by=agent, now=NOW)
    assert queue.claim_next(store, by=agent, now=NOW + MINUTE) == first
    assert Claim.objects.count() == 1


def test_visits_of_one_number_are_one_call(store, agent):
    wife = make_customer(store, phone="19900001111", name="测试妻")
    husband = make_customer(store, phone="19900001111", name="测试夫")
    grouped = [
        make_callback(store, visit=make_visit(store, "2026-11-18 10:00", customer=customer))
        for customer in (wife, husband, wife)
    ]
    waiting = make_callback(
        store, visit=make_visit(store, "2026-11-18 10:00", customer=wife), status="retry",
        outcome=outcome("no_answer"), not_before=NOW + MINUTE,
    )  # fmt: skip
    claim = queue.claim_next(store, by=agent, now=NOW)
    assert sorted(claim.callbacks.values_list("pk", flat=True)) == [one.pk for one in grouped]
    # nobody else rings that number meanwhile
    assert queue.claim_next(store, by=make_user(store), now=NOW) is None
    with pytest.raises(Conflict, match="is working on this customer"):
        queue.claim_callback(waiting, by=make_user(store), now=NOW)


def test_customers_without_a_number_are_not_one_call(store, agent):
    for number in (7, 8):
        create_callback(
            store, line_key="complaint_callback", subject_key=f"complaint:{number}",
            customer=make_customer(store, phone=""), questionnaire_code="complaint",
            due_on=date(2026, 11, 21), now=NOW,
        )  # fmt: skip
    assert queue.claim_next(store, by=agent, now=NOW).callbacks.count() == 1
    assert queue.claim_next(store, by=make_user(store), now=NOW).callbacks.count() == 1


def test_a_lapsed_lease_goes_back_and_refuses_the_save(store, agent):
    callback = make_callback(store)
    claim = queue.claim_next(store, by=agent, now=NOW)
    just_in_time = NOW + timedelta(minutes=15) - timedelta(microseconds=1)
    assert queue.renew(callback, by=agent, now=just_in_time, token=claim.token).lease_until == (
        just_in_time + timedelta(minutes=15)
    )
    too_late = just_in_time + timedelta(minutes=15)
    with pytest.raises(queue.LeaseLapsed):
        queue.renew(callback, by=agent, now=too_late, token=claim.token)
    with pytest.raises(queue.LeaseLapsed):
        calls.log_outcome(callback, result("busy"), by=agent, now=too_late, token=claim.token)
    callback.refresh_from_db()
    assert callback.status == "claimed"
    assert queue.release_lapsed(too_late) == 1
    assert queue.release_lapsed(too_late) == 0
    callback.refresh_from_db()
    assert (callback.status, callback.claim) == ("due", None)


def test_a_lapsed_call_is_offered_to_the_next_without_a_sweep(store, agent):
    callback = make_callback(store)
    queue.claim_next(store, by=agent, now=NOW)
    other = make_user(store)
    assert next_id(store, other, NOW + 14 * MINUTE) is None
    assert next_id(store, other, NOW + 15 * MINUTE) == callback.pk


@pytest.mark.parametrize(
    ("status", "code", "not_before"),
    [("due", None, None), ("retry", "no_answer", NOW - MINUTE), ("appointment", "appointment", NOW - MINUTE)],
)
def test_a_call_put_back_is_what_it_was(store, agent, status, code, not_before):
    callback = make_callback(
        store, status=status, outcome=outcome(code) if code else None, not_before=not_before, appointment_for=agent
    )
    queue.release(queue.claim_next(store, by=agent, now=NOW), by=agent, now=NOW)
    callback.refresh_from_db()
    assert (callback.status, callback.not_before, callback.claim) == (status, not_before, None)
    assert not Claim.objects.exists()


def test_a_try_left_open_ends_without_a_result_and_costs_nothing(store, agent):
    callback = make_callback(store)
    claim = queue.claim_next(store, by=agent, now=NOW)
    left = calls.dial(callback, by=agent, now=NOW, token=claim.token)
    queue.release_lapsed(NOW + 15 * MINUTE)
    left.refresh_from_db()
    assert (left.ended_at, left.outcome) == (NOW + 15 * MINUTE, None)
    for minute in (20, 60):
        now = NOW + minute * MINUTE
        claim = queue.claim_callback(callback, by=agent, now=now)
        calls.dial(callback, by=agent, now=now, token=claim.token)
        calls.log_outcome(callback, result("busy"), by=agent, now=now, token=claim.token)
    assert callback.attempts.filter(outcome__counts_to_limit=True).count() == 2


def test_only_the_care_manager_takes_a_call_from_somebody(store, agent):
    make_callback(store)
    claim = queue.claim_next(store, by=agent, now=NOW)
    with pytest.raises(NotAllowed):
        queue.release(claim, by=make_user(store), now=NOW)
    manager = make_user(store, "care_manager")
    queue.release(claim, by=manager, now=NOW)
    assert AuditLine.objects.get(action="claim.released").detail == {"holder": agent.username}
    with pytest.raises(Conflict):
        queue.release(claim, by=manager, now=NOW)


def test_one_call_at_a_time(store, agent):
    make_callback(store)
    second = make_callback(store)
    queue.claim_next(store, by=agent, now=NOW)
    with pytest.raises(IllegalMove, match="still hold another call"):
        queue.claim_callback(second, by=agent, now=NOW)


@pytest.mark.parametrize("role", ["department_manager", "finance", "general_manager", "employee"])
def test_others_do_not_call(store, role):
    make_callback(store)
    with pytest.raises(NotAllowed):
        queue.claim_next(store, by=make_user(store, role), now=NOW)


def test_a_finished_call_is_not_claimed(store, agent):
    with pytest.raises(IllegalMove, match="finished"):
        queue.claim_callback(make_callback(store, status="done"), by=agent, now=NOW)


def test_queries_of_claiming_do_not_grow_with_the_queue(store, agent):
    counts = []
    for n in (2, 20):
        for _callback in range(n):
            make_callback(store)
        with CaptureQueriesContext(connection) as captured:
            claim = queue.claim_next(store, by=agent, now=NOW)
        counts.append(len(captured))
        queue.release(claim, by=agent, now=NOW)
    assert counts[0] == counts[1]


def together(work, people) -> list:
    """Run `work(person)` at once in a thread each; returns results and errors."""
    found, barrier = [], threading.Barrier(len(people))

    def run(person):
        try:
            barrier.wait()
            found.append(work(person))
        except Exception as error:
            found.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.django_db(transaction=True)
def test_twenty_agents_never_hold_one_customer():
    store = make_store()
    people = [make_user(store) for _person in range(20)]
    customers = [make_customer(store, phone=f"1990000{5000 + n // 2}") for n in range(24)]
    for customer in customers:
        for _visit in range(2):
            make_callback(store, visit=make_visit(store, "2026-11-18 10:00", customer=customer))

    found = together(lambda person: queue.claim_next(store, by=person, now=NOW), people)

    errors = [one for one in found if isinstance(one, Exception)]
    assert errors == []
    held = [one for one in found if one is not None]
    # twelve numbers, each of two customers with two visits each
    assert len(held) == Claim.objects.count() == 12
    assert len({claim.phone for claim in held}) == len({claim.holder_id for claim in held}) == 12
    assert Callback.objects.filter(status="claimed").count() == 48
    assert {claim.callbacks.count() for claim in held} == {4}


@pytest.mark.django_db(transaction=True)
def test_two_agents_who_open_the_same_call_get_one_holder():
    store = make_store()
    people = [make_user(store), make_user(store)]
    callback = make_callback(store)
    found = together(lambda person: queue.claim_callback(callback, by=person, now=NOW), people)
    assert sorted(type(one).__name__ for one in found) == ["Claim", "Conflict"]
    assert Claim.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_result_saved_twice_at_once_is_saved_once():
    store = make_store()
    agent = make_user(store)
    callback = make_callback(store)
    claim = queue.claim_next(store, by=agent, now=NOW)
    found = together(
        lambda person: calls.log_outcome(callback, result("refusal"), by=person, now=NOW, token=claim.token),
        [agent, agent],
    )
    assert sorted(type(one).__name__ for one in found) == ["LeaseLapsed", "Logged"]
    assert callback.attempts.count() == 1
