"""The rule book: roles, stand-ins, separation of duties, scopes."""

import pytest
from django.utils import timezone

from csi_portal.organization import permissions
from csi_portal.organization.enums import Role
from csi_portal.organization.models import Department, Duty, Employee, RoleGrant, Store, User
from csi_portal.organization.permissions import PERSONS_ONLY, RULES, SYSTEM, can

pytestmark = pytest.mark.django_db


@pytest.fixture
def store():
    return Store.objects.create(code="A1", name="例一店", timezone="Asia/Shanghai")


def login(store, role, name="someone", department=None):
    user = User.objects.create_user(name)
    RoleGrant.objects.create(user=user, role=role, store=store, department=department)
    return user


@pytest.mark.parametrize("action", sorted(RULES))
def test_system_does_everything_but_what_needs_a_person(action, store):
    assert can(SYSTEM, action, store) is (action not in PERSONS_ONLY)


@pytest.mark.parametrize("action", sorted(RULES))
def test_a_login_without_grants_may_do_nothing(action, store):
    assert can(User.objects.create_user("nobody"), action, store) is False


def test_an_unknown_action_is_an_error(store):
    with pytest.raises(KeyError):
        can(SYSTEM, "surveys.no_such_action", store)


def test_a_grant_ends(store):
    user = login(store, Role.CARE_AGENT)
    assert can(user, "surveys.call", store)
    RoleGrant.objects.filter(user=user).update(valid_to=timezone.now())
    assert not can(user, "surveys.call", store)


def test_a_grant_holds_in_its_store_only(store):
    other = Store.objects.create(code="B1", name="例二店", timezone="Asia/Shanghai")
    assert not can(login(other, Role.CARE_AGENT), "surveys.call", store)


def test_a_manager_works_in_the_own_department_only(store):
    sales = Department.objects.create(store=store, code="sales")
    service = Department.objects.create(store=store, code="after_sales")
    manager = login(store, Role.DEPARTMENT_MANAGER, department=sales)

    class Form:
        def __init__(self, department):
            self.store_id, self.department_id = store.pk, department.pk

    assert can(manager, "complaints.work", Form(sales))
    assert not can(manager, "complaints.work", Form(service))


def test_a_stand_in_has_the_managers_rights_today(store):
    sales = Department.objects.create(store=store, code="sales")
    boss = login(store, Role.DEPARTMENT_MANAGER, "boss", department=sales)
    deputy = User.objects.create_user("deputy")
    away = Employee.objects.create(store=store, department=sales, staff_number="1", name="例甲", user=boss)
    here = Employee.objects.create(store=store, department=sales, staff_number="2", name="例乙", user=deputy)
    today = store.local_date(timezone.now())
    assert Role.DEPARTMENT_MANAGER not in permissions.roles_in(deputy, store)
    Duty.objects.create(store=store, employee=away, date=today, off=True, stand_in=here)
    assert Role.DEPARTMENT_MANAGER in permissions.roles_in(deputy, store)


def test_money_and_decisions_are_not_inherited_by_a_roster_line(store):
    office = Department.objects.create(store=store, code="finance")
    clerk = login(store, Role.FINANCE, "clerk")
    deputy = User.objects.create_user("deputy")
    away = Employee.objects.create(store=store, department=office, staff_number="1", name="例甲", user=clerk)
    here = Employee.objects.create(store=store, department=office, staff_number="2", name="例乙", user=deputy)
    Duty.objects.create(store=store, employee=away, date=store.local_date(timezone.now()), off=True, stand_in=here)
    assert permissions.roles_in(deputy, store) == {Role.EMPLOYEE}
