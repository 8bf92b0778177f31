"""Stores, people, logins, rights and the roster: every verb, its refusals, what it writes."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from csi_portal.organization import permissions, services
from csi_portal.organization.enums import Role
from csi_portal.organization.errors import Conflict, IllegalMove, NotAllowed
from csi_portal.organization.fingerprints import fingerprint
from csi_portal.organization.models import AuditLine, Department, Duty, Employee, RoleGrant, Store, User
from csi_portal.organization.services.people import EMPLOYEE_FIELDS
from csi_portal.organization.services.stores import STORE_FIELDS

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)  # noon in Shanghai
TODAY = date(2026, 11, 20)


@pytest.fixture
def store():
    return Store.objects.create(code="A1", name="例一店", timezone="Asia/Shanghai")


@pytest.fixture
def sales(store):
    return Department.objects.create(store=store, code="sales")


def login(role, store=None, name=""):
    user = User.objects.create_user(name or f"{role}{User.objects.count()}")
    RoleGrant.objects.create(user=user, role=role, store=store)
    return user


@pytest.fixture
def admin(store):
    return login(Role.ADMINISTRATOR, store, "admin")


def hire(department, number="1", name="例甲", user=None, **more):
    return Employee.objects.create(
        store=department.store, department=department, staff_number=number, name=name, user=user, **more
    )


def actions():
    return list(AuditLine.objects.order_by("pk").values_list("action", flat=True))


# -- stores


def test_who_administers_all_stores_opens_one_with_all_departments():
    store = services.open_store(
        code="B2", name="例二店", timezone="Asia/Urumqi", clock="business", by=login(Role.ADMINISTRATOR), now=NOW
    )
    assert (store.clock, Department.objects.filter(store=store).count()) == ("business", 7)
    assert actions() == ["store.opened"]


def test_a_stores_own_administrator_opens_no_other(admin):
    with pytest.raises(NotAllowed):
        services.open_store(code="B2", name="例", timezone="Asia/Shanghai", clock="elapsed", by=admin, now=NOW)


@pytest.mark.parametrize("values", [{"code": "b2"}, {"code": "B2", "timezone": "Mars/Base"}, {"code": "TOOLONGACODE1"}])
def test_a_store_needs_a_code_and_a_zone(values):
    given = {"name": "例", "timezone": "Asia/Shanghai", "clock": "elapsed"} | values
    with pytest.raises(ValidationError):
        services.open_store(by=login(Role.ADMINISTRATOR), now=NOW, **given)
    assert Store.objects.count() == 0


def test_a_code_is_given_once(store):
    with pytest.raises(IllegalMove):
        services.open_store(
            code="A1", name="例", timezone="Asia/Shanghai", clock="elapsed", by=login(Role.ADMINISTRATOR), now=NOW
        )


def test_a_store_changes_and_the_trail_says_from_what_to_what(store, admin):
    seen = fingerprint(store, STORE_FIELDS)
    services.change_store(store, by=admin, now=NOW, seen=seen, name="例新店", clock="business")
    store.refresh_from_db()
    assert (store.name, store.clock) == ("例新店", "business")
    line = AuditLine.objects.get()
    assert (line.detail["before"]["name"], line.detail["after"]["name"]) == ("例一店", "例新店")
    with pytest.raises(Conflict):
        services.change_store(store, by=admin, now=NOW, seen=seen, name="例旧店")
    services.change_store(store, by=admin, now=NOW, name="例新店")
    assert AuditLine.objects.count() == 1


def test_a_department_is_added_once_and_renamed(store, admin):
    department = services.add_department(store, code="sales", name=" 销售一部 ", by=admin, now=NOW)
    assert str(department) == "销售一部"
    with pytest.raises(IllegalMove):
        services.add_department(store, code="sales", name="", by=admin, now=NOW)
    assert str(services.rename_department(department, name="", by=admin, now=NOW)) == "Sales"
    with pytest.raises(ValueError):
        services.add_department(store, code="kitchen", name="", by=admin, now=NOW)


# -- people


def add(store, department, admin, **more):
    values = {"name": "例乙", "staff_number": "77", "department_id": department.pk} | more
    return services.add_employee(store, by=admin, now=NOW, **values)


def test_a_person_is_added_and_changed(store, sales, admin):
    person = add(store, sales, admin)
    seen = fingerprint(person, EMPLOYEE_FIELDS)
    changed = services.change_employee(person, by=admin, now=NOW, seen=seen, position="销售顾问")
    assert (changed.position, actions()) == ("销售顾问", ["employee.added", "employee.changed"])
    with pytest.raises(Conflict):
        services.change_employee(person, by=admin, now=NOW, seen=seen, position="店长")
    assert Employee.objects.get().position == "销售顾问"


def test_a_staff_number_belongs_to_one_person(store, sales, admin):
    add(store, sales, admin)
    with pytest.raises(IllegalMove):
        add(store, sales, admin)
    other = add(store, sales, admin, staff_number="78")
    with pytest.raises(IllegalMove):
        services.change_employee(other, by=admin, now=NOW, staff_number="77")
    assert sorted(Employee.objects.values_list("staff_number", flat=True)) == ["77", "78"]


def test_a_department_of_another_store_is_refused(store, sales, admin):
    foreign = Department.objects.create(store=Store.objects.create(code="B1", name="例"), code="sales")
    with pytest.raises(IllegalMove):
        add(store, foreign, admin)
    with pytest.raises(IllegalMove):
        services.change_employee(add(store, sales, admin), by=admin, now=NOW, department_id=foreign.pk)


def test_another_stores_administrator_changes_nobody(store, sales):
    stranger = login(Role.ADMINISTRATOR, Store.objects.create(code="B1", name="例"))
    with pytest.raises(NotAllowed):
        services.change_employee(hire(sales), by=stranger, now=NOW, name="例丙")


def test_who_leaves_loses_the_roles_with_the_last_day(store, sales, admin):
    user = login(Role.CARE_AGENT, store, "leaver")
    elsewhere = RoleGrant.objects.create(user=user, role=Role.FINANCE, store=Store.objects.create(code="B1", name="例"))
    person = hire(sales, user=user)
    services.change_employee(person, by=admin, now=NOW, active_to=TODAY)
    end = datetime(2026, 11, 20, 16, tzinfo=UTC)
    assert RoleGrant.objects.get(user=user, store=store).valid_to == end
    elsewhere.refresh_from_db()
    assert elsewhere.valid_to is None
    assert actions()[-1] == "role.withdrawn"


def test_a_last_day_that_is_over_ends_the_roles_now(store, sales, admin):
    user = login(Role.CARE_AGENT, store, "leaver")
    services.change_employee(hire(sales, user=user), by=admin, now=NOW, active_to=TODAY - timedelta(days=9))
    assert RoleGrant.objects.get(user=user).valid_to == NOW


def test_the_last_day_does_not_lie_before_the_first(store, sales, admin):
    with pytest.raises(IllegalMove):
        add(store, sales, admin, active_from=TODAY, active_to=TODAY - timedelta(days=1))


# -- logins


def test_a_login_comes_with_a_first_password_that_works(store, sales, admin):
    user, password = services.give_login(hire(sales), username="li.si", by=admin, now=NOW, email="li@example.org")
    assert (user.check_password(password), user.first_password, user.last_name) == (True, True, "例甲")
    assert password not in str(AuditLine.objects.values_list("detail", flat=True))
    assert len(password) == 14
    assert Employee.objects.get().user == user


def test_first_passwords_differ():
    assert len({services.people.first_password() for _ in range(200)}) == 200


@pytest.mark.parametrize("username", ["", "a b", "李 四", "a/b"])
def test_a_login_name_has_a_shape(sales, admin, username):
    with pytest.raises(IllegalMove):
        services.give_login(hire(sales), username=username, by=admin, now=NOW)


def test_a_login_name_is_taken_whatever_its_letters(sales, admin):
    services.give_login(hire(sales), username="Li.Si", by=admin, now=NOW)
    with pytest.raises(IllegalMove):
        services.give_login(hire(sales, "2"), username="li.si", by=admin, now=NOW)


def test_nobody_gets_a_second_login_and_who_left_gets_none(sales, admin):
    person = hire(sales)
    services.give_login(person, username="one", by=admin, now=NOW)
    with pytest.raises(IllegalMove):
        services.give_login(person, username="two", by=admin, now=NOW)
    with pytest.raises(IllegalMove):
        services.give_login(hire(sales, "2", active_to=TODAY - timedelta(days=1)), username="three", by=admin, now=NOW)
    assert set(User.objects.values_list("username", flat=True)) == {"admin", "one"}


def test_a_forgotten_password_is_replaced(store, sales, admin):
    user = login(Role.CARE_AGENT, store, "agent")
    password = services.new_first_password(hire(sales, user=user), by=admin, now=NOW)
    user.refresh_from_db()
    assert (user.check_password(password), user.first_password) == (True, True)


@pytest.mark.parametrize("role", [Role.GENERAL_MANAGER, Role.GROUP_APPROVER, Role.FINANCE])
def test_an_administrator_never_gets_into_a_login_that_decides_or_pays(store, sales, admin, role):
    user = login(role, store, "chief")
    user.set_password("own-password-1")
    user.save()
    with pytest.raises(IllegalMove):
        services.new_first_password(hire(sales, user=user), by=admin, now=NOW)
    user.refresh_from_db()
    assert user.check_password("own-password-1")


def test_a_login_that_reaches_further_is_out_of_a_stores_administrators_hands(store, sales, admin):
    user = login(Role.CARE_AGENT, Store.objects.create(code="B1", name="例"), "both")
    person = hire(sales, user=user)
    for act in (services.new_first_password, services.close_login, services.reopen_login):
        with pytest.raises(NotAllowed):
            act(person, by=admin, now=NOW)
    services.close_login(person, by=login(Role.ADMINISTRATOR), now=NOW)
    assert User.objects.get(username="both").is_active is False


def test_a_login_is_closed_and_opened_again_but_not_the_own(store, sales, admin):
    person = hire(sales, user=login(Role.CARE_AGENT, store, "agent"))
    services.close_login(person, by=admin, now=NOW)
    assert permissions.rights(User.objects.get(username="agent")) == []
    with pytest.raises(IllegalMove):
        services.close_login(person, by=admin, now=NOW)
    services.reopen_login(person, by=admin, now=NOW)
    assert permissions.roles_in(User.objects.get(username="agent"), store) >= {Role.CARE_AGENT}
    with pytest.raises(IllegalMove):
        services.close_login(hire(sales, "2", user=admin), by=admin, now=NOW)
    with pytest.raises(IllegalMove):
        services.close_login(hire(sales, "3"), by=admin, now=NOW)


def test_the_own_password_ends_the_first_one(store):
    user = User.objects.create_user("one", password="first-password", first_password=True)
    services.change_own_password(user, "my-own-password", now=NOW)
    user.refresh_from_db()
    assert (user.check_password("my-own-password"), user.first_password) == (True, False)


# -- rights


def test_a_role_over_all_stores_is_granted_by_who_administers_all(store, admin):
    user = User.objects.create_user("someone")
    with pytest.raises(NotAllowed):
        services.grant_role(user, Role.ADMINISTRATOR, by=admin, now=NOW)
    services.grant_role(user, Role.ADMINISTRATOR, by=login(Role.ADMINISTRATOR), now=NOW)
    assert permissions.can_everywhere(user, "organization.manage_store")


def test_all_stores_is_no_way_round_the_second_person(store):
    chief = login(Role.ADMINISTRATOR)
    login(Role.GENERAL_MANAGER, store)
    assert services.needs_second_person(Role.GENERAL_MANAGER, None) is True
    with pytest.raises(NotAllowed):
        services.grant_role(chief, Role.GENERAL_MANAGER, by=chief, now=NOW)


def test_a_stores_first_general_manager_needs_nobody_else(store, admin):
    assert services.needs_second_person(Role.GENERAL_MANAGER, store) is False
    services.grant_role(User.objects.create_user("boss"), Role.GENERAL_MANAGER, by=admin, now=NOW, store=store)
    assert services.needs_second_person(Role.GENERAL_MANAGER, store) is True


def test_withdrawing_from_all_stores_takes_who_administers_all(store, admin):
    grant = RoleGrant.objects.create(user=User.objects.create_user("x"), role=Role.CARE_AGENT)
    with pytest.raises(NotAllowed):
        services.withdraw_role(grant, by=admin, now=NOW)


# -- the roster


@pytest.fixture
def team(store, sales):
    return hire(sales, "1", "例甲", User.objects.create_user("a")), hire(
        sales, "2", "例乙", User.objects.create_user("b")
    )


def test_a_day_off_has_a_stand_in(store, team):
    away, here = team
    by = login(Role.GENERAL_MANAGER, store)
    services.set_off(away, TODAY, TODAY + timedelta(days=2), by=by, now=NOW, stand_in=here)
    rows = Duty.objects.order_by("date")
    assert [(row.date, row.off, row.stand_in) for row in rows] == [
        (TODAY + timedelta(days=n), True, here) for n in range(3)
    ]
    services.set_off(away, TODAY, TODAY, by=by, now=NOW)
    assert (Duty.objects.count(), Duty.objects.get(date=TODAY).stand_in) == (3, None)


def refuse_off(store, away, first, last=None, stand_in=None):
    with pytest.raises(IllegalMove):
        services.set_off(away, first, last or first, by=login(Role.GENERAL_MANAGER, store), now=NOW, stand_in=stand_in)
    assert not Duty.objects.filter(employee=away).exists()


def test_days_off_lie_ahead(store, team):
    refuse_off(store, team[0], TODAY - timedelta(days=1))
    refuse_off(store, team[0], TODAY + timedelta(days=1), TODAY)
    refuse_off(store, team[0], TODAY, TODAY + timedelta(days=31))


def test_a_stand_in_can_do_the_work(store, sales, team):
    away, here = team
    refuse_off(store, away, TODAY, stand_in=away)
    refuse_off(store, away, TODAY, stand_in=hire(sales, "3"))
    refuse_off(
        store, away, TODAY, TODAY + timedelta(days=1), stand_in=hire(sales, "4", active_to=TODAY, user=here.user)
    )
    closed = hire(sales, "5", user=User.objects.create_user("c", is_active=False))
    refuse_off(store, away, TODAY, stand_in=closed)
    foreign = Department.objects.create(store=Store.objects.create(code="B1", name="例"), code="sales")
    refuse_off(store, away, TODAY, stand_in=hire(foreign, user=here.user))
    Duty.objects.create(store=store, employee=here, date=TODAY, off=True)
    refuse_off(store, away, TODAY, stand_in=here)


def test_a_department_manager_sets_the_own_department_only(store, sales, team):
    other = Department.objects.create(store=store, code="finance")
    manager = User.objects.create_user("manager")
    RoleGrant.objects.create(user=manager, role=Role.DEPARTMENT_MANAGER, store=store, department=sales)
    services.set_off(team[0], TODAY, TODAY, by=manager, now=NOW)
    with pytest.raises(NotAllowed):
        services.set_off(hire(other, "9"), TODAY, TODAY, by=manager, now=NOW)


def test_a_day_off_is_taken_back_until_it_is_over(store, team):
    by = login(Role.GENERAL_MANAGER, store)
    [duty] = services.set_off(team[0], TODAY, TODAY, by=by, now=NOW, stand_in=team[1])
    with pytest.raises(IllegalMove):
        services.cancel_off(duty, by=by, now=NOW + timedelta(days=1))
    services.cancel_off(duty, by=by, now=NOW)
    duty.refresh_from_db()
    assert (duty.off, duty.stand_in) == (False, None)
    assert timezone.is_aware(AuditLine.objects.latest("pk").at)
