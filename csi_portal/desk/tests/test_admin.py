"""Django's admin holds reference data, for superusers, and is no way round a service."""

import pytest
from django.contrib import admin
from django.urls import reverse

from complaints.models import Category
from csi_portal.organization.models import AuditLine, Store, User
from surveys.models import Outcome

pytestmark = pytest.mark.django_db


@pytest.fixture
def chief(client):
    user = User.objects.create_superuser("chief")
    client.force_login(user)
    return user


def test_only_reference_data_is_there():
    assert set(admin.site._registry) == {Outcome, Category}


def test_a_shipped_outcome_keeps_its_meaning(client, chief):
    shipped = Outcome.objects.filter(store=None).first()
    url = reverse("admin:surveys_outcome_change", args=[shipped.pk])
    before = {"reached": shipped.reached, "completes": shipped.completes, "code": shipped.code}
    values = {"label_zh": "新叫法", "label_en": "New words", "position": 3, "is_active": "on"}
    answer = client.post(url, values | {"reached": "" if shipped.reached else "on", "completes": "", "code": "x"})
    assert answer.status_code == 302
    shipped.refresh_from_db()
    assert (shipped.label_zh, shipped.position) == ("新叫法", 3)
    assert {name: getattr(shipped, name) for name in before} == before
    line = AuditLine.objects.get()
    assert (line.action, line.actor, set(line.detail["fields"])) == (
        "reference.changed",
        chief,
        {"label_zh", "label_en", "position"},
    )


def test_a_store_adds_its_own_and_nothing_is_deleted(client, chief):
    store = Store.objects.create(code="A1", name="例一店")
    values = {"store": "", "code": "own", "kind": "category", "label_zh": "洗车", "label_en": "Washing", "position": 9}
    add = reverse("admin:complaints_category_add")
    assert client.post(add, values | {"is_active": "on"}).status_code == 200
    assert client.post(add, values | {"is_active": "on", "store": store.pk}).status_code == 302
    own = Category.objects.get(code="own")
    assert (own.store, own.scope_key, AuditLine.objects.get().action) == (store, f"s:{store.pk}", "reference.added")
    assert client.post(reverse("admin:complaints_category_delete", args=[own.pk]), {"post": "yes"}).status_code == 403
