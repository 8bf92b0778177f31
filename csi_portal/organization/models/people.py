"""Stores, departments, teams, employees, logins and what each login may do (POLICY section 1)."""

from zoneinfo import ZoneInfo, available_timezones

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from ..enums import Clock, DepartmentCode, Role
from ..fields import FenField
from .base import StoreRow


def valid_timezone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(_("“%(name)s” is not a time zone."), params={"name": name})


class User(AbstractUser):
    """A login, unique everywhere. What it may do comes from RoleGrant, who it is from Employee."""

    language = models.CharField(_("language"), max_length=10, blank=True, default="")
    # the password is one somebody else gave; nothing else opens until the person has chosen the own
    first_password = models.BooleanField(default=False)

    def display_name(self) -> str:
        return f"{self.last_name}{self.first_name}".strip() or self.username

    def __str__(self):
        return self.display_name()


class Store(models.Model):
    """One dealership 门店. Everything but the three first fields has a default."""

    code = models.CharField(_("code"), max_length=12, unique=True, validators=[RegexValidator(r"\A[A-Z0-9]{1,12}\Z")])
    name = models.CharField(_("name"), max_length=120)
    timezone = models.CharField(_("time zone"), max_length=64, default="Asia/Shanghai", validators=[valid_timezone])
    clock = models.CharField(_("clock"), max_length=10, choices=Clock.choices, default=Clock.ELAPSED)
    phone = models.CharField(_("phone"), max_length=32, blank=True, default="")
    is_active = models.BooleanField(default=True)
    is_demo = models.BooleanField(default=False)
    # From this instant on deadlines count; what happened before never breaches.
    live_from = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(clock__in=Clock.values), name="store_clock_known")]

    def __str__(self):
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def local(self, instant):
        """The instant in the store's zone (aware)."""
        return instant.astimezone(self.zone)

    def local_date(self, instant):
        """The store's calendar day of an instant."""
        return self.local(instant).date()


class Department(StoreRow):
    """A department; its name is the store's own, the code decides what rules apply."""

    code = models.CharField(_("code"), max_length=20, choices=DepartmentCode.choices)
    name = models.CharField(_("name"), max_length=60, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "code"], name="department_once_per_store")]

    def __str__(self):
        return self.name or str(self.get_code_display())


class Employee(StoreRow):
    """A person of the store 员工; may have a login."""

    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="employees")
    staff_number = models.CharField(_("staff number"), max_length=30)
    name = models.CharField(_("name"), max_length=60)
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="employees")
    position = models.CharField(_("position"), max_length=60, blank=True, default="")
    phone = models.CharField(_("phone"), max_length=32, blank=True, default="")
    active_from = models.DateField(null=True, blank=True)
    active_to = models.DateField(null=True, blank=True)
    probation_until = models.DateField(null=True, blank=True)
    wage_base = FenField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "staff_number"], name="staff_number_once_per_store")]
        # an adviser's name from the DMS is looked up within the store
        indexes = [models.Index(fields=["store", "name"], name="employee_by_name")]

    def __str__(self):
        return self.name

    def is_active_on(self, day) -> bool:
        return (self.active_from is None or self.active_from <= day) and (
            self.active_to is None or day <= self.active_to
        )

    def on_probation(self, day) -> bool:
        return self.probation_until is not None and day <= self.probation_until


class Team(StoreRow):
    """A team 班组 of a department with a leader."""

    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="teams")
    name = models.CharField(_("name"), max_length=60)
    leader = models.ForeignKey(Employee, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "department", "name"], name="team_once")]

    def __str__(self):
        return self.name


class TeamMembership(StoreRow):
    """Who was in which team, from and to (days, inclusive)."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="memberships")
    employee = models.ForeignKey(Employee, on_delete=models.PROTECT, related_name="memberships")
    from_on = models.DateField()
    to_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "team", "employee", "from_on"], name="membership_once")]

    def __str__(self):
        return f"{self.employee_id}@{self.team_id}"


class RoleGrant(models.Model):
    """A right: role of a user, in one store and department or (null) in all, for a time or (null) always."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(max_length=20, choices=Role.choices)
    store = models.ForeignKey(Store, on_delete=models.PROTECT, null=True, blank=True, related_name="grants")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, null=True, blank=True, related_name="grants")
    valid_from = models.DateTimeField(null=True, blank=True)
    valid_to = models.DateTimeField(null=True, blank=True)
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(role__in=Role.values), name="grant_role_known")]
        indexes = [models.Index(fields=["store", "role"], name="grant_by_role")]  # who is told of an alert

    def __str__(self):
        return f"{self.user_id}:{self.role}"

    @staticmethod
    def valid_at(now) -> Q:
        """Condition: the grant holds at `now` (from inclusive, to exclusive)."""
        return (Q(valid_from=None) | Q(valid_from__lte=now)) & (Q(valid_to=None) | Q(valid_to__gt=now))


class Duty(StoreRow):
    """A line of the duty roster 值班表: on which day an employee works or is off, and who stands in."""

    employee = models.ForeignKey(Employee, on_delete=models.PROTECT, related_name="duties")
    date = models.DateField()
    shift = models.CharField(max_length=30, blank=True, default="")
    off = models.BooleanField(default=False)
    stand_in = models.ForeignKey(Employee, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "employee", "date"], name="duty_once_a_day"),
            models.CheckConstraint(
                condition=Q(stand_in=None) | ~Q(stand_in=models.F("employee")), name="duty_stand_in_is_other"
            ),
        ]

    def __str__(self):
        return f"{self.employee_id} {self.date}"
