"""The history of a large demo: written many rows at a time, and still what the services would have written."""

from collections import Counter
from datetime import datetime, timedelta
from random import Random

import pytest
from django.db import IntegrityError, transaction
from django.test import Client, override_settings

from complaints import deadlines
from complaints import services as complaints
from complaints.enums import OPEN, Status
from complaints.models import Alert, Breach, Complaint, Deadline, Event
from complaints.services import signatures
from complaints.services.clocks import FormClock
from csi_portal.desk.demo import loader
from csi_portal.desk.demo.archive import Archive
from csi_portal.desk.demo.bulk import Amount, Bulk
from csi_portal.desk.tests.story import OPENED, Shop
from csi_portal.organization.models import Counter as Numbers
from csi_portal.organization.models import Store, User
from surveys.models import Callback, Response, Visit
from surveys.scoring import response_score

NOW = OPENED + timedelta(days=30, hours=2, minutes=17)
AMOUNT = Amount(visits=240, archived=120, open=60)


# The mark also sees to it that there is a test database before the fixture below writes into it.
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def shop(django_db_setup, django_db_blocker, tmp_path_factory):
    """Made once for all tests of this file, and taken back afterwards."""
    folder = tmp_path_factory.mktemp("bulk")
    with django_db_blocker.unblock(), override_settings(MEDIA_ROOT=folder), transaction.atomic():
        shop = Shop(clock="mixed")
        bulk = Bulk(shop.stage, AMOUNT, seed="9", now=NOW, opened_at=OPENED, say=lambda text: None)
        bulk.load_past()
        bulk.load_present()
        yield shop
        transaction.set_rollback(True)


def test_history_is_what_the_services_would_have_written(shop):
    forms = Complaint.objects.filter(store=shop.store)
    assert Visit.objects.filter(store=shop.store).count() == AMOUNT.visits
    assert forms.filter(status=Status.CLOSED, archived_at__isnull=False).count() == AMOUNT.archived
    assert forms.filter(status__in=OPEN).count() == AMOUNT.open

    for form in forms.select_related("store", "policy_version", "calendar_version"):
        clock = FormClock.of(form)
        due = {
            step: times.due_at for step, times in clock.step_times(form.level, form.source, form.received_at).items()
        }
        rows = {row.step: row for row in form.deadlines.all()}
        assert {step: row.due_at for step, row in rows.items() if step in deadlines.STEPS} == due
        late = {step for step, row in rows.items() if row.met_at is not None and row.met_at > row.due_at}
        assert {breach.deadline.step for breach in form.breaches.all()} == late
        running = [row for row in rows.values() if row.met_at is None and row.silenced_at is None]
        assert form.next_due_at == min((row.due_at for row in running), default=None)
        assert all(row.content_digest == signatures.content_digest(form) for row in form.signatures.all())


def test_numbers_have_no_gaps(shop):
    days = Counter()
    for number in Complaint.objects.filter(store=shop.store).values_list("number", flat=True):
        _store, day, serial = number.split("-")
        days[day] = max(days[day], int(serial))
    kept = dict(Numbers.objects.filter(store=shop.store, kind="complaint").values_list("key", "value"))
    assert sum(days.values()) == Complaint.objects.filter(store=shop.store).count()
    assert kept == dict(days)


def test_answers_keep_the_score_they_came_to(shop):
    counted = Response.objects.filter(store=shop.store, counted=True)
    assert Callback.objects.filter(store=shop.store, visit__isnull=False).exclude(line_key="complaint_callback").count()
    assert counted.count() > 30
    for response in counted.prefetch_related("answers__question"):
        score = response_score((row.question.weight, row.points) for row in response.answers.all())
        assert (response.score_num, response.score_den) == (score.numerator, score.denominator)


def test_people_go_on_with_a_form_from_the_bulk(shop):
    form = Complaint.objects.filter(store=shop.store, status=Status.TRANSFERRED, department__code="after_sales").first()
    shop.step(form, "first_contact", "service", NOW)
    shop.step(form, "resolution", "service", NOW + timedelta(minutes=5), remedy="返修", cause="漏检")
    assert form.status == Status.RESOLVED
    fresh = complaints.register(
        store=shop.store, level="general", source="hotline", summary="又响了", by=shop.users["care"], now=NOW
    )
    assert fresh.pk > form.pk and Event.objects.filter(complaint=fresh).exists()
    client = Client()
    client.force_login(shop.users["carem"], backend="django.contrib.auth.backends.ModelBackend")
    closed = Complaint.objects.filter(store=shop.store, status=Status.CLOSED).first()
    for page in ("/complaints/", closed.get_absolute_url(), form.get_absolute_url()):
        assert client.get(page).status_code == 200


def test_the_sweep_finds_what_is_late_among_them(shop):
    late = Deadline.objects.alerting().filter(due_at__lt=NOW).count()
    before = Breach.objects.count()
    found = complaints.sweep(NOW)
    assert late > 0 and Breach.objects.count() == before + late
    assert found["overdue"] + found["escalated"] == late
    assert complaints.sweep(NOW)["overdue"] == 0
    assert Alert.objects.filter(raised_at__isnull=False).values("deadline", "kind").distinct().count() == (
        Alert.objects.filter(raised_at__isnull=False).count()
    )


def test_steps_out_of_order_are_refused(shop):
    archive = Archive(shop.stage, Bulk(
        shop.stage, AMOUNT, seed="9", now=NOW, opened_at=OPENED, say=lambda text: None
    ).calendar, Random(1), now=NOW)  # fmt: skip
    visit = Visit.objects.filter(store=shop.store).select_related("customer", "vehicle").first()
    draft = archive._draft(visit, NOW - timedelta(days=3), "approval")
    draft.done[1], draft.done[2] = draft.done[2], draft.done[1]
    with pytest.raises(ValueError, match="out of order"):
        archive._write([draft])


def test_the_loader_writes_what_the_fields_say():
    stores = [Store(code=f"L{n}", name="测试", timezone="Asia/Shanghai", live_from=NOW) for n in range(3)]
    loader.write(stores)
    assert [store.pk for store in stores] == list(Store.objects.order_by("pk").values_list("pk", flat=True))[-3:]
    kept = Store.objects.get(pk=stores[0].pk)
    assert (kept.live_from, kept.is_active, kept.clock) == (NOW, True, "elapsed")
    after = Store.objects.create(code="L9", name="测试", timezone="Asia/Shanghai")
    assert after.pk > stores[-1].pk
    with pytest.raises(IntegrityError), transaction.atomic():
        loader.write([Store(code="L9", name="测试", timezone="Asia/Shanghai")])
    assert loader.write([]) is None
    user = User(username="loader", date_joined=datetime.fromisoformat("2026-03-01T08:00:00+08:00"))
    loader.write([user])
    assert User.objects.get(username="loader").date_joined == user.date_joined
