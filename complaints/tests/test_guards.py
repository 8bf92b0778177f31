"""What the database refuses by itself, whoever asks (POLICY section 3)."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from complaints.models import Breach, Deadline, Event
from complaints.tests.conftest import T0
from csi_portal.organization import triggers


@pytest.fixture
def late(room):
    """A form whose first contact was an hour late."""
    form = room.register(passed_on=True)
    room.do(form, "first_contact", now=room.at(hours=3))
    return form


def refused(act) -> bool:
    try:
        with transaction.atomic():
            act()
    except DatabaseError:
        return True
    return False


@pytest.mark.parametrize("change", [{"found_at": T0}, {"late_by": timedelta(0)}, {"late_by": None}])
def test_a_judged_breach_keeps_its_facts(late, change):
    breach = late.breaches.get()
    assert refused(lambda: Breach.objects.filter(pk=breach.pk).update(**change))
    breach.refresh_from_db()
    assert (breach.late_by, breach.found_at) == (timedelta(hours=1), late.deadlines.get(step="first_contact").met_at)


def test_an_excuse_is_added_and_nothing_removed(late, room):
    breach = late.breaches.get()
    Breach.objects.filter(pk=breach.pk).update(excused_at=timezone.now(), excuse_reason="停电")
    assert refused(lambda: Breach.objects.filter(pk=breach.pk).delete())
    with connection.cursor() as cursor:
        assert refused(lambda: cursor.execute("DELETE FROM complaints_breach"))
    assert late.breaches.count() == 1


@pytest.mark.parametrize("column", ["due_at", "met_at", "warn_at", "escalate_at", "started_at"])
def test_a_met_deadline_keeps_its_times(late, column):
    met = late.deadlines.filter(step="first_contact")
    assert refused(lambda: met.update(**{column: T0 - timedelta(minutes=1)}))
    assert refused(lambda: met.update(met_at=None))
    assert met.get().met_at == T0 + timedelta(hours=3)


def test_the_timeline_is_only_written_on(late):
    line = late.events.first()
    assert refused(lambda: Event.objects.filter(pk=line.pk).update(kind="x"))
    assert refused(lambda: Event.objects.filter(pk=line.pk).delete())


def test_the_guards_come_back_after_every_migrate(late):
    triggers.install()
    triggers.install()
    assert refused(lambda: Deadline.objects.filter(step="first_contact").update(due_at=T0))
