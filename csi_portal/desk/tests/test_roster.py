"""The roster's page."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from csi_portal.organization import permissions
from csi_portal.organization.enums import Role
from csi_portal.organization.models import Department, Duty, Employee, RoleGrant, Store, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def store():
    return Store.objects.create(code="A1", name="例一店", timezone="Asia/Shanghai")


def hire(store, code, name):
    department, _made = Department.objects.get_or_create(store=store, code=code)
    user = User.objects.create_user(f"{code}.{name}")
    return Employee.objects.create(store=store, department=department, staff_number=name, name=name, user=user)


def login(store, role, department=None):
    user = User.objects.create_user(f"login{User.objects.count()}")
    RoleGrant.objects.create(user=user, role=role, store=store, department=department)
    return user


def today(store):
    return store.local_date(timezone.now())


def test_who_stands_in_gets_the_managers_work_today(client, store):
    boss, deputy = hire(store, "sales", "例甲"), hire(store, "sales", "例乙")
    RoleGrant.objects.create(user=boss.user, role=Role.DEPARTMENT_MANAGER, store=store, department=boss.department)
    client.force_login(login(store, Role.GENERAL_MANAGER))
    values = {"employee": boss.pk, "first": today(store), "last": "", "stand_in": deputy.pk}
    assert client.post(reverse("desk:roster"), values).status_code == 302
    assert Role.DEPARTMENT_MANAGER in permissions.roles_in(deputy.user, store)
    page = client.get(reverse("desk:roster"))
    assert [(day["is_today"], [row["line"].stand_in for row in day["rows"]]) for day in page.context["days"]] == [
        (True, [deputy])
    ]
    client.post(reverse("desk:cancel_off", args=[Duty.objects.get().pk]))
    assert client.get(reverse("desk:roster")).context["days"] == []
    assert Role.DEPARTMENT_MANAGER not in permissions.roles_in(deputy.user, store)


def test_what_is_wrong_is_said_and_the_form_kept(client, store):
    person = hire(store, "sales", "例甲")
    client.force_login(login(store, Role.GENERAL_MANAGER))
    values = {"employee": person.pk, "first": today(store), "last": "", "stand_in": person.pk}
    answer = client.post(reverse("desk:roster"), values)
    assert answer.context["form"].non_field_errors() == ["Somebody else of the store stands in."]
    values = {"employee": person.pk, "first": today(store), "last": today(store) - timedelta(days=1), "stand_in": ""}
    assert "last" in client.post(reverse("desk:roster"), values).context["form"].errors
    assert Duty.objects.count() == 0


def test_a_department_manager_sees_the_own_people_to_choose_from(client, store):
    own, other = hire(store, "sales", "例甲"), hire(store, "finance", "例乙")
    client.force_login(login(store, Role.DEPARTMENT_MANAGER, own.department))
    form = client.get(reverse("desk:roster")).context["form"]
    assert list(form.fields["employee"].queryset) == [own]
    assert set(form.fields["stand_in"].queryset) == {own, other}
    values = {"employee": other.pk, "first": today(store), "last": "", "stand_in": ""}
    assert "employee" in client.post(reverse("desk:roster"), values).context["form"].errors


def test_who_has_left_is_not_offered(client, store):
    person = hire(store, "sales", "例甲")
    person.active_to = today(store) - timedelta(days=1)
    person.save()
    client.force_login(login(store, Role.GENERAL_MANAGER))
    assert list(client.get(reverse("desk:roster")).context["form"].fields["employee"].queryset) == []
