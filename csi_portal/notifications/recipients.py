"""Who is told: roles become users, absent persons become their stand-ins (POLICY section 3, "Alerts")."""

from django.db.models import Q

from csi_portal.organization.enums import Role
from csi_portal.organization.models import Duty, RoleGrant, User


def holders(store, role, now, department=None) -> list[User]:
    """Active users holding the role in the store at `now` (department managers: of that department), stand-ins in."""
    grants = RoleGrant.objects.filter(RoleGrant.valid_at(now), Q(store=store) | Q(store=None), role=role)
    if role == Role.DEPARTMENT_MANAGER and department is not None:
        grants = grants.filter(Q(department=department) | Q(department=None))
    users = User.objects.filter(pk__in=grants.values("user"), is_active=True).order_by("pk")
    return with_stand_ins(store, list(users), now)


def with_stand_ins(store, users: list[User], now) -> list[User]:
    """Replace who is off duty today by the stand-in of the roster; without one the person stays."""
    if not users:
        return []
    day = store.local_date(now)
    replaced = {
        duty.employee.user_id: duty.stand_in.user
        for duty in Duty.objects.filter(
            store=store, date=day, off=True, employee__user__in=users, stand_in__user__is_active=True
        ).select_related("employee", "stand_in__user")
    }
    found = [replaced.get(user.pk, user) for user in users]
    return list({user.pk: user for user in found}.values())


def administrators(store, now) -> list[User]:
    """Who hears of an alert that has nobody: the store's administrators, then any active superuser."""
    return holders(store, Role.ADMINISTRATOR, now) or list(
        User.objects.filter(is_superuser=True, is_active=True).order_by("pk")
    )
