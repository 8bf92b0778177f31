"""Who must act on a step, who is told, who bears it: roles become persons (POLICY section 3)."""

from collections.abc import Iterable
from functools import cached_property

from django.db.models import F, Q

from csi_portal.notifications import recipients
from csi_portal.organization.enums import DepartmentCode, Role
from csi_portal.organization.models import Department, Duty, Employee, RoleGrant, User

from ..enums import CARE_MANAGER_STEPS, CARE_STEPS, BesideStep, Level, Signer, Step


class Directory:
    """Who holds which role in a store at an instant, stand-ins in; asks the database once per role."""

    def __init__(self, store, now):
        self.store = store
        self.now = now
        self._roles: dict[tuple, list[User]] = {}

    def role(self, role: str, department=None) -> list[User]:
        key = (role, department.pk if department is not None else None)
        if key not in self._roles:
            self._roles[key] = recipients.holders(self.store, role, self.now, department)
        return self._roles[key]

    def managers(self, department) -> list[User]:
        """The managers of a department; without a department nobody."""
        return [] if department is None else self.role(Role.DEPARTMENT_MANAGER, department)

    def person(self, user: User | None) -> list[User]:
        """The user, or the stand-in of the day; nobody for a login that is gone."""
        if user is None or not user.is_active:
            return []
        return [self._stand_ins.get(user.pk, user)]

    @cached_property
    def _stand_ins(self) -> dict[int, User]:
        duties = Duty.objects.filter(
            store=self.store,
            date=self.store.local_date(self.now),
            off=True,
            employee__user__isnull=False,
            stand_in__user__is_active=True,
        ).select_related("employee", "stand_in__user")
        return {duty.employee.user_id: duty.stand_in.user for duty in duties}

    def care(self, form) -> list[User]:
        """The care agent who has the form, else the care managers; a person blamed never judges the own form."""
        blamed = {row.employee.user_id for row in form.responsibilities.all() if row.withdrawn_at is None}
        own = [user for user in self.person(form.care_agent) if user.pk not in blamed]
        return own or [user for user in self.role(Role.CARE_MANAGER) if user.pk not in blamed]

    def assigned(self, form) -> list[User]:
        return self.person(form.assignee.user) if form.assignee is not None else []


def who_must_act(form, step: str, directory: Directory) -> list[User]:
    """The persons a step waits for; empty where nobody holds the role."""
    if step in CARE_MANAGER_STEPS:
        return directory.role(Role.CARE_MANAGER)
    if step == BesideStep.APPROVAL:
        return deciders(form, directory)
    if step in CARE_STEPS or form.department is None:
        return directory.care(form)
    managers = directory.managers(form.department)
    assigned = directory.assigned(form)
    if step == Step.FIRST_CONTACT:
        # a general or major complaint is contacted by the manager in person
        return (assigned or managers) if form.level == Level.GRUMBLE else managers
    if step == Step.RESOLUTION:
        return assigned or managers
    return managers


def deciders(form, directory: Directory) -> list[User]:
    """Who closes the form: the general manager, or the group approver where that one is concerned."""
    concerned = _concerned(form, directory)
    free = [user for user in directory.role(Role.GENERAL_MANAGER) if user.pk not in concerned]
    return free or [user for user in directory.role(Role.GROUP_APPROVER) if user.pk not in concerned]


def _concerned(form, directory: Directory) -> set[int]:
    # the same persons as Complaint.concerned_user_ids(), from rows a sweep has fetched for the whole batch
    blamed = {row.employee.user_id for row in form.responsibilities.all() if row.withdrawn_at is None}
    signed = {row.user_id for row in form.signatures.all() if row.signer == Signer.MANAGER and row.void_at is None}
    return blamed | signed | {user.pk for user in directory.managers(form.department)}


def general_managers(directory: Directory) -> list[User]:
    return directory.role(Role.GENERAL_MANAGER) or directory.role(Role.GROUP_APPROVER)


def alert_recipients(form, step: str, kind: str, directory: Directory) -> list[User]:
    """Warning: who must act; overdue: that person, department manager, care manager; escalated: general manager."""
    if kind == "escalated":
        return general_managers(directory)
    acting = who_must_act(form, step, directory)
    if kind == "warning":
        return acting
    return once([*acting, *directory.managers(form.department), *directory.role(Role.CARE_MANAGER)])


def once(users: Iterable[User]) -> list[User]:
    return list({user.pk: user for user in users}.values())


class Roster:
    """The persons of a store as a breach needs them: who is behind a login, who managed a department when."""

    def __init__(self, store):
        self.store = store

    @cached_property
    def _people(self) -> dict[int, Employee]:
        people = Employee.objects.filter(store=self.store, user__isnull=False).order_by("-pk")
        return {person.user_id: person for person in people}

    @cached_property
    def _manager_grants(self) -> list[RoleGrant]:
        return list(
            RoleGrant.objects.filter(
                Q(store=self.store) | Q(store=None), role=Role.DEPARTMENT_MANAGER, user__is_active=True
            ).order_by(F("department").asc(nulls_last=True), "pk")
        )

    @cached_property
    def care_department(self) -> Department | None:
        return Department.objects.filter(store=self.store, code=DepartmentCode.CUSTOMER_CARE).first()

    def person(self, user_id: int | None) -> Employee | None:
        """The employee of this store behind a login."""
        return self._people.get(user_id)

    def manager(self, department_id: int, at) -> Employee | None:
        """Who bears what a department owes: its manager by grant at `at`, the department's own before the store's."""
        for grant in self._manager_grants:
            in_force = (grant.valid_from is None or grant.valid_from <= at) and (
                grant.valid_to is None or at < grant.valid_to
            )
            if in_force and grant.department_id in (None, department_id) and grant.user_id in self._people:
                return self._people[grant.user_id]
        return None
