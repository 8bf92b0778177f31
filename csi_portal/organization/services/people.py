"""Employees and their logins."""

import secrets
from datetime import datetime, time, timedelta

from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from csi_portal.organization import audit, permissions
from csi_portal.organization.errors import IllegalMove, NotAllowed
from csi_portal.organization.fingerprints import require_unchanged
from csi_portal.organization.models import Employee, RoleGrant, User
from csi_portal.organization.services.rights import TWO_PERSON_ROLES

EMPLOYEE_FIELDS = (
    "staff_number",
    "name",
    "department_id",
    "position",
    "phone",
    "active_from",
    "active_to",
    "probation_until",
)
_MANAGERS = tuple(permissions.RULES["organization.manage_people"])
# Without letters and digits that are taken for each other when read from paper.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def add_employee(store, *, by, now, **values) -> Employee:
    """Add a person of the store; `values` are EMPLOYEE_FIELDS. Raises IllegalMove when the staff number is taken."""
    permissions.require(by, "organization.manage_people", store)
    employee = Employee(store=store, **values)
    _require_own_department(employee)
    _require_order(employee)
    try:
        with transaction.atomic():
            employee.save()
            audit.record(by, "employee.added", employee, at=now, staff_number=employee.staff_number, name=employee.name)
    except IntegrityError:
        raise _number_taken() from None
    return employee


def change_employee(employee: Employee, *, by, now, seen: str | None = None, **values) -> Employee:
    """Change a person's data. A last day ends the person's roles in the store with that day.

    Raises NotAllowed; Conflict when somebody changed them since `seen`; IllegalMove when the staff number is taken.
    """
    permissions.require(by, "organization.manage_people", employee)
    try:
        with transaction.atomic():
            employee = Employee.objects.select_for_update().select_related("store").get(pk=employee.pk)
            require_unchanged(employee, EMPLOYEE_FIELDS, seen)
            before = {field: getattr(employee, field) for field in values if getattr(employee, field) != values[field]}
            if not before:
                return employee
            for field in before:
                setattr(employee, field, values[field])
            _require_own_department(employee)
            _require_order(employee)
            employee.save(update_fields=list(before))
            after = {field: _plain(values[field]) for field in before}
            before = {field: _plain(value) for field, value in before.items()}
            audit.record(by, "employee.changed", employee, at=now, before=before, after=after)
            if "active_to" in before and employee.active_to is not None:
                _end_roles(employee, by=by, now=now)
    except IntegrityError:
        raise _number_taken() from None
    return employee


def _plain(value):
    return value if value is None or isinstance(value, int | str) else value.isoformat()


def _number_taken() -> IllegalMove:
    return IllegalMove(_("Another person of the store has this staff number."))


def _require_own_department(employee) -> None:
    if employee.department.store_id != employee.store_id:
        raise IllegalMove(_("The department belongs to another store."))


def _require_order(employee) -> None:
    if employee.active_from and employee.active_to and employee.active_to < employee.active_from:
        raise IllegalMove(_("The last day lies before the first."))


def _end_roles(employee, *, by, now) -> None:
    day_after = employee.active_to + timedelta(days=1)
    end = datetime.combine(day_after, time.min, tzinfo=employee.store.zone)
    grants = RoleGrant.objects.filter(store=employee.store, user=employee.user_id, user__isnull=False)
    for grant in grants.filter(Q(valid_to=None) | Q(valid_to__gt=end)):
        grant.valid_to = max(end, now)
        grant.save(update_fields=["valid_to"])
        audit.record(by, "role.withdrawn", grant, store=employee.store, at=now, role=grant.role, because="left")


# -- logins


def give_login(employee: Employee, *, username: str, by, now, email: str = "") -> tuple[User, str]:
    """Give a person a login; returns it with its first password, which is shown once and kept nowhere.

    Raises NotAllowed; IllegalMove when the person has a login or has left, or the name is taken or no login name.
    """
    permissions.require(by, "organization.manage_people", employee)
    username = username.strip()
    try:
        UnicodeUsernameValidator()(username)
    except ValidationError:
        raise IllegalMove(_("A login name has letters, digits and @ . + - _ only.")) from None
    password = first_password()
    with transaction.atomic():
        employee = Employee.objects.select_for_update().select_related("store").get(pk=employee.pk)
        if employee.user_id is not None:
            raise IllegalMove(_("This person has a login already."))
        if not employee.is_active_on(employee.store.local_date(now)):
            raise IllegalMove(_("This person does not work here today."))
        if User.objects.filter(username__iexact=username).exists():
            raise IllegalMove(_("This login name is taken."))
        user = User(username=username, last_name=employee.name, email=email, first_password=True)
        user.set_password(password)
        user.save()
        employee.user = user
        employee.save(update_fields=["user"])
        audit.record(by, "login.given", employee, at=now, username=username)
    return user, password


def new_first_password(employee: Employee, *, by, now) -> str:
    """A new first password for who forgot the own; every session of the login ends. Shown once.

    Who decides or pays keeps the own password: the roles are withdrawn first and granted again by two persons,
    else one administrator could act as anybody. Raises NotAllowed, IllegalMove.
    """
    user = _managed_login(employee, by=by)
    held = RoleGrant.objects.filter(RoleGrant.valid_at(now), user=user, role__in=TWO_PERSON_ROLES)
    if held.exists():
        raise IllegalMove(
            _("This person decides or pays: withdraw that role first; granting it again takes a second person.")
        )
    password = first_password()
    with transaction.atomic():
        user.set_password(password)
        user.first_password = True
        user.save(update_fields=["password", "first_password"])
        audit.record(by, "login.password_given", employee, at=now, username=user.username)
    return password


def close_login(employee: Employee, *, by, now) -> None:
    """Close a person's login; it takes effect with the next request. Nobody closes the own."""
    user = _managed_login(employee, by=by)
    if user.pk == by.pk:
        raise IllegalMove(_("You cannot close your own login."))
    _set_active(employee, user, False, "login.closed", by=by, now=now)


def reopen_login(employee: Employee, *, by, now) -> None:
    _set_active(employee, _managed_login(employee, by=by), True, "login.reopened", by=by, now=now)


def change_own_password(user: User, password: str, *, now) -> None:
    """The person's own choice; a first password is over with it."""
    with transaction.atomic():
        user.set_password(password)
        user.first_password = False
        user.save(update_fields=["password", "first_password"])
        audit.record(user, "login.password_changed", user, at=now)


def first_password() -> str:
    """Three groups of four letters and digits, to be read out or typed from paper."""
    return "-".join("".join(secrets.choice(_LETTERS) for _place in range(4)) for _group in range(3))


def _managed_login(employee: Employee, *, by) -> User:
    """The person's login, if the administrator is in charge of every store it reaches."""
    permissions.require(by, "organization.manage_people", employee)
    user = employee.user
    if user is None:
        raise IllegalMove(_("This person has no login."))
    stores = {*user.grants.values_list("store_id", flat=True), *user.employees.values_list("store_id", flat=True)}
    mine = {right.store_id for right in permissions.rights(by) if right.role in _MANAGERS}
    beyond = user.is_superuser or not stores <= mine
    if by is not permissions.SYSTEM and None not in mine and beyond:
        raise NotAllowed(_("This login reaches stores you do not administer."))
    return user


def _set_active(employee, user, active: bool, action: str, *, by, now) -> None:
    with transaction.atomic():
        changed = User.objects.filter(pk=user.pk, is_active=not active).update(is_active=active)
        if not changed:
            raise IllegalMove(_("This is done already."))
        audit.record(by, action, employee, at=now, username=user.username)
