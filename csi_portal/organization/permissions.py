"""Who may do and see what: the one rule book (POLICY section 1, DESIGN ground rules).

Three questions: `can(user, action, obj)`, `require(...)` which raises NotAllowed, and `visible(user, queryset)`.
A right comes from a RoleGrant, from being an active employee (role employee), or from standing in for somebody
who is off duty today. Unknown actions raise; no rule means no. The module imports no higher floor: predicates
read attributes, scopes name columns.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from csi_portal.organization.enums import Role
from csi_portal.organization.errors import NotAllowed
from csi_portal.organization.models import Duty, Employee, RoleGrant, Store


class _System:
    """The actor of work that no person started."""

    pk = None
    is_active = True
    is_authenticated = False

    def display_name(self) -> str:
        return "system"

    __str__ = display_name

    def __repr__(self) -> str:
        return "SYSTEM"


SYSTEM = _System()


@dataclass(frozen=True)
class Right:
    """One role in force now; None means every store or every department."""

    role: str
    store_id: int | None = None
    department_id: int | None = None

    def covers(self, store_id, department_id=None) -> bool:
        return (self.store_id is None or self.store_id == store_id) and (
            self.department_id is None or department_id is None or self.department_id == department_id
        )


# Roles a stand-in takes over for the day; decisions and money are never inherited by a roster line.
_INHERITED = {Role.CARE_AGENT, Role.CARE_MANAGER, Role.DEPARTMENT_MANAGER}


def rights(user) -> list[Right]:
    """The rights of the user at this moment; the middleware keeps them on the request's user."""
    if user is SYSTEM or not getattr(user, "is_active", False) or user.pk is None:
        return []
    kept = getattr(user, "_rights", None)
    return kept if kept is not None else _load_rights(user)


def keep_rights(user) -> None:
    """Load the rights once for the life of this user object (one request)."""
    user._rights = _load_rights(user)


def _load_rights(user) -> list[Right]:
    now = timezone.now()
    found = [
        Right(role, store_id, department_id)
        for role, store_id, department_id in RoleGrant.objects.filter(RoleGrant.valid_at(now), user=user).values_list(
            "role", "store_id", "department_id"
        )
    ]
    if user.is_superuser:
        found.append(Right(Role.ADMINISTRATOR))
    employees = list(Employee.objects.filter(user=user).select_related("store"))
    for employee in employees:
        if employee.is_active_on(employee.store.local_date(now)):
            found.append(Right(Role.EMPLOYEE, employee.store_id))
    return found + (_stand_in_rights(employees, now) if employees else [])


def _stand_in_rights(employees, now) -> list[Right]:
    today = {employee.store_id: employee.store.local_date(now) for employee in employees}
    absent = [
        (duty.employee.user_id, duty.store_id)
        for duty in Duty.objects.filter(
            stand_in__in=employees, off=True, date__in=set(today.values()), employee__user__isnull=False
        ).select_related("employee")
        if duty.date == today.get(duty.store_id)
    ]
    if not absent:
        return []
    grants = RoleGrant.objects.filter(
        RoleGrant.valid_at(now), user__in=[user for user, _store in absent], role__in=_INHERITED
    )
    pairs = set(absent)
    found = []
    for grant in grants:
        for user_id, store_id in pairs:
            if grant.user_id == user_id and grant.store_id in (None, store_id):
                found.append(Right(grant.role, store_id, grant.department_id))
    return found


def roles_in(user, store) -> set[str]:
    """Role codes of the user in the store."""
    return {right.role for right in rights(user) if right.store_id in (None, store.pk)}


def stores_of(user):
    """The active stores the user has any right in, by name."""
    held = rights(user)
    stores = Store.objects.filter(is_active=True).order_by("name")
    if any(right.store_id is None for right in held):
        return stores
    return stores.filter(pk__in={right.store_id for right in held})


# --- predicates: (user, right, obj) -> bool; the store and department match was made before ------------------------

Predicate = Callable[[object, Right, object], bool]


def anywhere(user, right, obj) -> bool:
    return True


def not_own(user, right, obj) -> bool:
    """Nobody decides what concerns or was proposed by themself."""
    return user.pk not in (obj.concerned_user_ids() if hasattr(obj, "concerned_user_ids") else ())


def not_responsible(user, right, obj) -> bool:
    """A person blamed for a form never passes it on, signs it as manager or judges it."""
    return user.pk not in (obj.responsible_user_ids() if hasattr(obj, "responsible_user_ids") else ())


def is_responsible(user, right, obj) -> bool:
    """The person blamed, whatever the role."""
    return hasattr(obj, "responsible_user_ids") and user.pk in obj.responsible_user_ids()


def stands_for_manager(user, right, obj) -> bool:
    """The general manager steps in where the department has no manager, or every manager of it is blamed."""
    if not hasattr(obj, "responsible_user_ids"):
        return True
    of_department = Q() if obj.department_id is None else Q(department_id=obj.department_id) | Q(department=None)
    grants = RoleGrant.objects.filter(
        RoleGrant.valid_at(timezone.now()),
        Q(store_id=obj.store_id) | Q(store=None),
        of_department,
        role=Role.DEPARTMENT_MANAGER,
        user__is_active=True,
    )
    blamed = obj.responsible_user_ids()
    return user.pk not in blamed and not set(grants.values_list("user_id", flat=True)) - blamed


def is_assigned(user, right, obj) -> bool:
    """The person the form was handed to."""
    assignee = getattr(obj, "assignee", None)
    return assignee is not None and assignee.user_id == user.pk


def is_self(user, right, obj) -> bool:
    """The employee whose paper it is."""
    employee = getattr(obj, "employee", None)
    return employee is not None and employee.user_id == user.pk


def not_requester(user, right, obj) -> bool:
    """The second person is neither who asked nor who benefits."""
    return (
        user.pk not in (obj.params.get("requester"), obj.params.get("beneficiary")) if hasattr(obj, "params") else True
    )


def holds_item(user, right, obj) -> bool:
    """An item is for the person named, or for whoever holds the role."""
    return right.role == obj.role or is_self_assigned(user, obj)


def is_self_assigned(user, obj) -> bool:
    return obj.assignee is not None and obj.assignee.user_id == user.pk


def own_department(user, right, obj) -> bool:
    """Only what is about the manager's own department; a grant for all departments covers what is about none too."""
    return right.department_id is None or right.department_id == getattr(obj, "department_id", None)


def has_no_login(user, right, obj) -> bool:
    """The employee cannot do it alone; what was handed in on paper is entered by somebody else."""
    employee = getattr(obj, "employee", None)
    return employee is not None and employee.user_id is None


_CARE = {Role.CARE_AGENT: anywhere, Role.CARE_MANAGER: anywhere}
_DECIDES = {Role.GENERAL_MANAGER: not_own, Role.GROUP_APPROVER: not_own}
_DEPARTMENT_WORK = {
    Role.DEPARTMENT_MANAGER: anywhere,
    Role.GENERAL_MANAGER: anywhere,
    Role.EMPLOYEE: is_assigned,
}

_OF_THE_STORE = (
    Role.CARE_AGENT,
    Role.CARE_MANAGER,
    Role.DEPARTMENT_MANAGER,
    Role.GENERAL_MANAGER,
    Role.GROUP_APPROVER,
    Role.FINANCE,
    Role.EMPLOYEE,
)

RULES: dict[str, dict[str, Predicate]] = {
    # notifications
    "notifications.finish_item": dict.fromkeys(Role, holds_item),
    "notifications.send_again": {Role.ADMINISTRATOR: anywhere},
    # organization
    "organization.confirm_grant": {
        Role.GENERAL_MANAGER: not_requester,
        Role.GROUP_APPROVER: not_requester,
        Role.ADMINISTRATOR: not_requester,
    },
    "organization.manage_people": {Role.ADMINISTRATOR: anywhere},
    "organization.manage_store": {Role.ADMINISTRATOR: anywhere},
    "organization.draft_policy": {Role.CARE_MANAGER: anywhere, Role.ADMINISTRATOR: anywhere},
    "organization.approve_policy": _DECIDES,
    "organization.view_audit": {Role.ADMINISTRATOR: anywhere, Role.GENERAL_MANAGER: anywhere},
    "organization.set_duty": {
        Role.CARE_MANAGER: anywhere,
        Role.DEPARTMENT_MANAGER: anywhere,
        Role.GENERAL_MANAGER: anywhere,
    },
    # surveys
    "surveys.view_visits": {
        **_CARE,
        Role.GENERAL_MANAGER: anywhere,
        Role.GROUP_APPROVER: anywhere,
    },
    # a customer the DMS has not told of, who complains
    "surveys.note_customer": {
        **_CARE,
        Role.DEPARTMENT_MANAGER: anywhere,
        Role.GENERAL_MANAGER: anywhere,
    },
    "surveys.import": _CARE,
    "surveys.clarify": _CARE,
    "surveys.call": _CARE,
    "surveys.reveal_phone": {
        **_CARE,
        Role.DEPARTMENT_MANAGER: anywhere,
        Role.GENERAL_MANAGER: anywhere,
        Role.EMPLOYEE: is_assigned,
    },
    "surveys.team_view": {Role.CARE_MANAGER: anywhere, Role.GENERAL_MANAGER: anywhere},
    "surveys.release_claim": {Role.CARE_MANAGER: anywhere},
    "surveys.draft_plan": {Role.CARE_MANAGER: anywhere},
    "surveys.approve_plan": _DECIDES,
    "surveys.generate": {Role.CARE_MANAGER: anywhere},
    # complaints
    "complaints.list": dict.fromkeys(
        [
            Role.CARE_AGENT,
            Role.CARE_MANAGER,
            Role.DEPARTMENT_MANAGER,
            Role.GENERAL_MANAGER,
            Role.GROUP_APPROVER,
            Role.EMPLOYEE,
            Role.REGIONAL_VIEWER,
        ],
        anywhere,
    ),
    "complaints.register": {
        **_CARE,
        Role.DEPARTMENT_MANAGER: anywhere,
        Role.GENERAL_MANAGER: anywhere,
    },
    "complaints.transfer": {Role.CARE_AGENT: not_responsible, Role.CARE_MANAGER: not_responsible},
    "complaints.assign": {**_CARE, Role.DEPARTMENT_MANAGER: anywhere, Role.GENERAL_MANAGER: anywhere},
    "complaints.work": _DEPARTMENT_WORK,
    # general and major complaints: the department's manager in person
    "complaints.contact_personally": {
        Role.DEPARTMENT_MANAGER: anywhere,
        Role.GENERAL_MANAGER: stands_for_manager,
    },
    "complaints.sign_as_manager": {
        Role.DEPARTMENT_MANAGER: not_responsible,
        Role.GENERAL_MANAGER: stands_for_manager,
    },
    "complaints.sign_as_responsible": dict.fromkeys(Role, is_responsible),
    "complaints.hand_in_measures": {**_DEPARTMENT_WORK, Role.CARE_MANAGER: anywhere},
    "complaints.check_measures": {Role.CARE_MANAGER: not_responsible},
    "complaints.raise_level": {**_CARE, Role.DEPARTMENT_MANAGER: anywhere, Role.GENERAL_MANAGER: anywhere},
    "complaints.reclassify": {Role.CARE_MANAGER: anywhere, Role.GENERAL_MANAGER: anywhere},
    "complaints.note": {**_CARE, **_DEPARTMENT_WORK, Role.GROUP_APPROVER: anywhere},
    "complaints.blame": {
        Role.CARE_MANAGER: anywhere,
        Role.DEPARTMENT_MANAGER: anywhere,
        Role.GENERAL_MANAGER: anywhere,
    },
    "complaints.callback": {Role.CARE_AGENT: not_responsible, Role.CARE_MANAGER: not_responsible},
    "complaints.confirm_major": {Role.CARE_MANAGER: anywhere},
    "complaints.confirm_late_entry": {Role.CARE_MANAGER: anywhere},
    "complaints.find_fault": {Role.CARE_MANAGER: not_own},
    "complaints.instruct": {Role.GENERAL_MANAGER: anywhere, Role.GROUP_APPROVER: anywhere},
    "complaints.approve": _DECIDES,
    "complaints.close_unverified": _DECIDES,
    "complaints.report_to_region": {Role.CARE_MANAGER: anywhere},
    "complaints.chase": {**_CARE, Role.DEPARTMENT_MANAGER: anywhere, Role.GENERAL_MANAGER: anywhere},
    # reports
    "reports.view_boards": {
        Role.CARE_AGENT: anywhere,
        Role.CARE_MANAGER: anywhere,
        Role.DEPARTMENT_MANAGER: anywhere,
        Role.GENERAL_MANAGER: anywhere,
        Role.GROUP_APPROVER: anywhere,
        Role.FINANCE: anywhere,
        Role.EMPLOYEE: anywhere,
        Role.REGIONAL_VIEWER: anywhere,
    },
    # whose line is whose; who may not sees the own name only, where the store masks its boards
    "reports.view_names": {
        **_CARE,
        Role.DEPARTMENT_MANAGER: anywhere,
        Role.GENERAL_MANAGER: anywhere,
        Role.GROUP_APPROVER: anywhere,
        Role.FINANCE: anywhere,
        Role.REGIONAL_VIEWER: anywhere,
    },
    # figures before they are published
    "reports.view_live": {
        Role.CARE_MANAGER: anywhere,
        Role.DEPARTMENT_MANAGER: anywhere,
        Role.GENERAL_MANAGER: anywhere,
        Role.GROUP_APPROVER: anywhere,
    },
    # single answers behind a line of a board
    "reports.view_answers": {
        **_CARE,
        Role.DEPARTMENT_MANAGER: own_department,
        Role.GENERAL_MANAGER: anywhere,
        Role.GROUP_APPROVER: anywhere,
        Role.EMPLOYEE: is_self,
    },
    "reports.publish": {Role.CARE_MANAGER: anywhere},
    "reports.accept_month": {Role.GENERAL_MANAGER: anywhere, Role.GROUP_APPROVER: anywhere},
    # incentives
    "incentives.view_ledger": {
        Role.FINANCE: anywhere,
        Role.GENERAL_MANAGER: anywhere,
        Role.GROUP_APPROVER: anywhere,
    },
    "incentives.view_proposals": {
        Role.CARE_MANAGER: anywhere,
        Role.FINANCE: anywhere,
        Role.GENERAL_MANAGER: anywhere,
        Role.GROUP_APPROVER: anywhere,
    },
    # what may be charged, and who was rewarded, is no secret inside the store
    "incentives.view_rules": dict.fromkeys(_OF_THE_STORE, anywhere),
    "incentives.view_notices": dict.fromkeys(_OF_THE_STORE, anywhere),
    "incentives.decide": {Role.GENERAL_MANAGER: anywhere, Role.GROUP_APPROVER: anywhere},
    "incentives.propose": {Role.CARE_MANAGER: not_own},
    "incentives.choose_amount": {Role.CARE_MANAGER: not_own},
    "incentives.approve": _DECIDES,
    "incentives.record_adoption": {Role.GENERAL_MANAGER: anywhere, Role.GROUP_APPROVER: anywhere},
    "incentives.object": {Role.EMPLOYEE: is_self, Role.CARE_MANAGER: has_no_login},
    "incentives.rule_objection": _DECIDES,
    "incentives.lock_month": {Role.FINANCE: anywhere},
    "incentives.confirm_lock": {Role.FINANCE: anywhere, Role.GENERAL_MANAGER: anywhere},
    "incentives.enter_wage": {Role.FINANCE: anywhere},
    "incentives.export": {Role.FINANCE: anywhere},
}

# What the portal never decides by itself.
PERSONS_ONLY = {
    "organization.approve_policy",
    "surveys.approve_plan",
    "complaints.approve",
    "complaints.close_unverified",
    "complaints.instruct",
    "reports.accept_month",
    "incentives.approve",
    "incentives.record_adoption",
    "incentives.rule_objection",
    "incentives.confirm_lock",
    "organization.confirm_grant",
}


def can(user, action: str, obj=None) -> bool:
    """Whether `user` may do `action` to `obj` (an object with a store, a Store, or None for "anywhere at all")."""
    rule = RULES[action]  # an unknown action is a programming error
    if user is SYSTEM:
        return action not in PERSONS_ONLY
    store_id, department_id = _place(obj)
    return any(
        right.role in rule
        and (obj is None or right.covers(store_id, department_id if right.role == Role.DEPARTMENT_MANAGER else None))
        and (obj is None or rule[right.role](user, right, obj))
        for right in rights(user)
    )


def can_everywhere(user, action: str) -> bool:
    """Whether `user` may do `action` in all stores: what concerns no single store, like opening one."""
    rule = RULES[action]
    if user is SYSTEM:
        return action not in PERSONS_ONLY
    return any(right.role in rule and right.store_id is None for right in rights(user))


def require(user, action: str, obj=None) -> None:
    """Raise NotAllowed unless `can(user, action, obj)`."""
    if not can(user, action, obj):
        raise NotAllowed(_("You may not do this. Ask your store's administrator if you should."))


def require_everywhere(user, action: str) -> None:
    """Raise NotAllowed unless `can_everywhere(user, action)`."""
    if not can_everywhere(user, action):
        raise NotAllowed(_("Only who administers all stores may do this."))


def _place(obj) -> tuple[int | None, int | None]:
    if obj is None:
        return None, None
    if isinstance(obj, Store):
        return obj.pk, None
    return obj.store_id, getattr(obj, "department_id", None)


# --- what one may see: model label -> role -> condition on its rows ------------------------------------------------

Scope = Callable[[object, Right, type], Q]


def in_store(user, right, model) -> Q:
    return Q() if right.store_id is None else Q(store_id=right.store_id)


def in_department(user, right, model) -> Q:
    condition = in_store(user, right, model)
    return condition if right.department_id is None else condition & Q(department_id=right.department_id)


def _subquery(model, condition: Q) -> Q:
    # joins of a scope must not multiply the rows of the list it narrows
    return Q(pk__in=model._base_manager.filter(condition).values("pk"))


def own_form(user, right, model) -> Q:
    """Complaints that name the person: handed to, responsible, or registered by."""
    # one subquery each: together they would join their way through every form of the store
    ways = (Q(assignee__user=user), Q(responsibilities__employee__user=user), Q(registered_by=user))
    named = [_subquery(model, way) for way in ways]
    return in_store(user, right, model) & (named[0] | named[1] | named[2])


def reported_to_region(user, right, model) -> Q:
    return in_store(user, right, model) & Q(region_reported_at__isnull=False)


def own_employee(user, right, model) -> Q:
    return in_store(user, right, model) & Q(employee__user=user)


def held_item(user, right, model) -> Q:
    return in_store(user, right, model) & (Q(role=right.role) | Q(assignee__user=user))


def published_board(user, right, model) -> Q:
    return in_store(user, right, model)


_STORE_WIDE = {
    Role.CARE_AGENT: in_store,
    Role.CARE_MANAGER: in_store,
    Role.GENERAL_MANAGER: in_store,
    Role.GROUP_APPROVER: in_store,
}
_MONEY = {Role.FINANCE: in_store, Role.GENERAL_MANAGER: in_store, Role.GROUP_APPROVER: in_store}

SCOPES: dict[str, dict[str, Scope]] = {
    "notifications.actionitem": dict.fromkeys(Role, held_item),
    "surveys.visit": _STORE_WIDE,
    "surveys.customer": _STORE_WIDE,
    "surveys.callback": _STORE_WIDE,
    "surveys.response": _STORE_WIDE,
    "surveys.claim": {Role.CARE_MANAGER: in_store, Role.GENERAL_MANAGER: in_store},
    "surveys.importbatch": {Role.CARE_AGENT: in_store, Role.CARE_MANAGER: in_store},
    "surveys.importrow": {Role.CARE_AGENT: in_store, Role.CARE_MANAGER: in_store},
    "complaints.complaint": {
        **_STORE_WIDE,
        Role.DEPARTMENT_MANAGER: in_department,
        Role.EMPLOYEE: own_form,
        Role.REGIONAL_VIEWER: reported_to_region,
    },
    "reports.board": dict.fromkeys(RULES["reports.view_boards"], published_board),
    "incentives.proposal": {**_MONEY, Role.CARE_MANAGER: in_store},
    "incentives.ledgerentry": {**_MONEY, Role.EMPLOYEE: own_employee},
    "incentives.month": _MONEY,
    "incentives.wage": {Role.FINANCE: in_store},
    "incentives.notice": {**_MONEY, Role.CARE_MANAGER: in_store, Role.EMPLOYEE: own_employee},
    "incentives.objection": {**_MONEY, Role.EMPLOYEE: own_employee},
}


def visible(user, queryset):
    """The rows of `queryset` the user may see; a model without a scope is a programming error."""
    if user is SYSTEM:
        return queryset
    model = queryset.model
    scopes = SCOPES[model._meta.label_lower]
    conditions = [scopes[right.role](user, right, model) for right in rights(user) if right.role in scopes]
    if not conditions:
        return queryset.none()
    wanted = conditions[0]
    for condition in conditions[1:]:
        wanted = Q() if not wanted or not condition else wanted | condition
    return queryset.filter(wanted)


def can_see(user, obj) -> bool:
    """The list's rule asked for one object."""
    return visible(user, type(obj)._base_manager.filter(pk=obj.pk)).exists()
