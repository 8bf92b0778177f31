"""Many people at one form at the same second: one wins, the others are told, nothing happens twice."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections

from complaints import services
from complaints.models import Alert, Breach, Complaint, Deadline, Event
from complaints.tests.conftest import T0, Room
from csi_portal.notifications.models import Message
from csi_portal.organization.errors import Refusal

THREADS = 8
pytestmark = pytest.mark.django_db(transaction=True)


def at_once(act, count: int = THREADS) -> list:
    """Run `act(i)` in threads that start together; returns results, refusals as their class."""
    start, results = threading.Barrier(count), [None] * count

    def run(i):
        try:
            start.wait()
            results[i] = act(i)
        except Refusal as refusal:
            results[i] = type(refusal)
        except Exception as error:  # shown by the assertion of the caller
            results[i] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def winners(results) -> list:
    broken = [result for result in results if isinstance(result, Exception)]
    assert broken == []
    return [result for result in results if not isinstance(result, type)]


def test_one_of_eight_completes_a_step():
    room = Room()
    form = room.register(passed_on=True)

    def contact(_i):
        return room.do(Complaint.objects.get(pk=form.pk), "first_contact", now=room.at(hours=3))

    assert len(winners(at_once(contact))) == 1
    assert Event.objects.filter(kind="step_done", detail__step="first_contact").count() == 1
    assert Breach.objects.count() == 1
    form.refresh_from_db()
    assert form.version == 2


def test_eight_people_with_the_same_page_one_of_them_changes_the_form():
    room = Room()
    form = room.register(passed_on=True)
    acts = [
        lambda f: services.acknowledge(f, by=room.manager, now=T0, version=1),
        lambda f: room.do(f, "first_contact", now=T0, version=1),
        lambda f: room.do(f, "resolution", now=T0, version=1),
        lambda f: services.reclassify(f, "major", by=room.care_manager, reason="x", now=T0, version=1),
    ]

    def one(i):
        return acts[i % len(acts)](Complaint.objects.get(pk=form.pk))

    assert len(winners(at_once(one))) == 1
    form.refresh_from_db()
    assert form.version == 2


def test_one_of_eight_closes_a_form():
    room = Room()
    form = room.bring(room.register(), "called_back")
    room.sign_all(form, room.at(hours=1))

    def close(_i):
        return services.approve(Complaint.objects.get(pk=form.pk), by=room.general_manager, now=room.at(hours=2))

    assert len(winners(at_once(close))) == 1
    assert Event.objects.filter(kind="closed").count() == 1


def test_eight_unsatisfied_answers_open_one_next_round():
    room = Room()
    form = room.bring(room.register(), "resolved")

    def call(_i):
        return room.do(Complaint.objects.get(pk=form.pk), "callback", overall=2, now=room.at(hours=1))

    assert len(winners(at_once(call))) == 1
    assert Complaint.objects.count() == 2


def test_numbers_without_gaps_when_all_register_at_once():
    room = Room()
    results = winners(at_once(lambda _i: room.register().number))
    assert sorted(results) == [f"A1-20261120-{n:03}" for n in range(1, THREADS + 1)]


def test_sweeps_beside_each_other_and_beside_people():
    room = Room()
    forms = [room.register(passed_on=True) for _ in range(12)]
    now = room.at(hours=3)

    def mixed(i):
        if i % 2:
            return services.sweep(now)
        return [room.do(form, "first_contact", now=now).pk for form in forms[i : i + 2]]

    results = winners(at_once(mixed))
    raised = sum(result["overdue"] for result in results if isinstance(result, dict))
    assert raised == Alert.objects.filter(raised_at__isnull=False).count()
    keys = list(Alert.objects.values_list("deadline", "kind"))
    assert len(keys) == len(set(keys))
    contacts = Deadline.objects.filter(step="first_contact")
    services.sweep(now + timedelta(seconds=1))
    assert Breach.objects.filter(deadline__in=contacts).count() == 12
    assert not Breach.objects.filter(deadline__met_at__isnull=False, late_by=None).exists()
    messages = list(Message.objects.values_list("recipient", "channel", "dedupe_key"))
    assert len(messages) == len(set(messages))


def test_the_timeline_is_append_only_in_the_database():
    form = Room().register()
    for statement in ("UPDATE complaints_event SET kind = 'x'", "DELETE FROM complaints_event"):
        with pytest.raises(Exception, match="append-only"), connection.cursor() as cursor:
            cursor.execute(statement)
    assert form.events.count() == 1
