"""The outbox: once per key, leases, back-off, dead letters, stand-ins; and the machine that raises alerts."""

import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as from_django

from csi_portal.notifications import outbox, recipients, services, wording
from csi_portal.notifications.models import ActionItem, Channel, Message, MessageStatus
from csi_portal.organization.enums import Role
from csi_portal.organization.errors import Conflict
from csi_portal.organization.models import Department, Duty, Employee, RoleGrant, Store, User
from csi_portal.organization.permissions import SYSTEM

NOW = timezone.now().replace(microsecond=0)


@pytest.fixture(autouse=True)
def greeting(monkeypatch):
    monkeypatch.setitem(
        wording._wordings, "test.greeting", wording.Wording(from_django("January"), from_django("February"), None)
    )


@pytest.fixture
def store(db):
    return Store.objects.create(code="A1", name="例一店", timezone="Asia/Shanghai")


def person(name="u", email="u@example.invalid", language="en"):
    return User.objects.create_user(name, email=email, language=language)


def greet(store, user, key="k"):
    outbox.enqueue(store, [user], "test.greeting", dedupe_key=key, now=NOW, url="/x/")


def test_a_message_is_written_once_per_key(store):
    user = person()
    for _again in range(3):
        greet(store, user)
    assert sorted(Message.objects.values_list("channel", "status")) == [("email", "queued"), ("portal", "sent")]


def test_without_an_address_only_the_portal_is_used(store):
    greet(store, person(email=""))
    assert list(Message.objects.values_list("channel", flat=True)) == [Channel.PORTAL]


def test_delivery_sends_in_the_readers_language_with_a_stable_id(store, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    greet(store, person(language="zh-hans"))
    assert outbox.deliver_due(NOW) == {"sent": 1, "failed": 0, "dead": 0}
    assert outbox.deliver_due(NOW) == {"sent": 0, "failed": 0, "dead": 0}
    message = Message.objects.get(channel=Channel.EMAIL)
    assert (message.status, message.sent_at, message.lease) == (MessageStatus.SENT, NOW, "")
    (sent,) = mail.outbox
    assert sent.subject == "[例一店] 一月"
    assert sent.extra_headers["Message-ID"] == f"<message-{message.pk}@csi-portal>"


def test_a_dead_server_is_tried_again_later_and_given_up_at_last(store, monkeypatch):
    greet(store, person())

    def refuse(message):
        raise OSError("connection refused")

    now, results = NOW, []
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "_send_email", refuse)
        for wait in [timedelta(0), *outbox.BACK_OFF]:
            assert outbox.deliver_due(now + wait - timedelta(seconds=1))["failed"] == 0
            now += wait
            results.append(outbox.deliver_due(now))
    assert [result["failed"] for result in results] == [1, 1, 1, 1, 1, 0]
    assert results[-1]["dead"] == 1
    message = Message.objects.get(channel=Channel.EMAIL)
    assert (message.status, message.last_error) == (MessageStatus.DEAD, "connection refused")
    services.send_again(message, by=SYSTEM, now=now)
    with pytest.raises(Conflict):
        services.send_again(message, by=SYSTEM, now=now)
    monkeypatch.setattr(outbox, "_send_email", lambda message: None)
    assert outbox.deliver_due(now)["sent"] == 1


def test_what_a_dead_worker_held_goes_out_when_its_lease_is_over(store, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    greet(store, person())
    assert len(outbox._claim(NOW, 10)) == 1  # the worker dies here
    assert outbox.deliver_due(NOW + outbox.LEASE - timedelta(seconds=1))["sent"] == 0
    assert outbox.deliver_due(NOW + outbox.LEASE)["sent"] == 1


def test_a_worker_that_lost_its_lease_does_not_write_the_outcome(store):
    greet(store, person())
    (mine,) = outbox._claim(NOW, 10)
    outbox._claim(NOW + outbox.LEASE, 10)
    outbox._finish(mine, status=MessageStatus.SENT)
    assert Message.objects.get(pk=mine.pk).status == MessageStatus.SENDING


@pytest.mark.django_db(transaction=True)
def test_eight_workers_send_each_message_once(monkeypatch):
    store = Store.objects.create(code="A1", name="例一店", timezone="Asia/Shanghai")
    user = person()
    for number in range(60):
        greet(store, user, key=f"k{number}")
    sent = []
    monkeypatch.setattr(outbox, "_send_email", lambda message: sent.append(message.pk))

    def work():
        try:
            outbox.deliver_due(NOW)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sent) == sorted(Message.objects.filter(channel=Channel.EMAIL).values_list("pk", flat=True))


def test_roles_become_users_and_the_absent_their_stand_in(store):
    sales = Department.objects.create(store=store, code="sales")
    boss, deputy = person("boss"), person("deputy")
    RoleGrant.objects.create(user=boss, role=Role.DEPARTMENT_MANAGER, store=store, department=sales)
    away = Employee.objects.create(store=store, department=sales, staff_number="1", name="例甲", user=boss)
    here = Employee.objects.create(store=store, department=sales, staff_number="2", name="例乙", user=deputy)
    assert recipients.holders(store, Role.DEPARTMENT_MANAGER, NOW, department=sales) == [boss]
    Duty.objects.create(store=store, employee=away, date=store.local_date(NOW), off=True, stand_in=here)
    assert recipients.holders(store, Role.DEPARTMENT_MANAGER, NOW, department=sales) == [deputy]
    service = Department.objects.create(store=store, code="after_sales")
    assert recipients.holders(store, Role.DEPARTMENT_MANAGER, NOW, department=service) == []


def test_an_item_is_opened_once_and_ticked_off_once(store):
    user = person()
    first = services.open_item(store, "month.no_board", "2026-10", now=NOW, role=Role.GENERAL_MANAGER)
    assert services.open_item(store, "month.no_board", "2026-10", now=NOW, role=Role.GENERAL_MANAGER) == first
    services.finish_item(first, by=user, now=NOW)
    with pytest.raises(Conflict):
        services.finish_item(first, by=user, now=NOW)
    assert ActionItem.objects.get().done_by == user
