"""Rights: granting a role, with a second person where money or decisions hang on it, and withdrawing it."""

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from csi_portal.organization import audit, permissions
from csi_portal.organization.enums import Role
from csi_portal.organization.errors import IllegalMove, NotAllowed
from csi_portal.organization.models import RoleGrant, Store

# Granting these takes a second person (POLICY section 1).
TWO_PERSON_ROLES = {Role.GENERAL_MANAGER, Role.GROUP_APPROVER, Role.FINANCE}


def grant_role(user, role, *, by, now, store=None, department=None, valid_to=None, confirmed_by=None) -> RoleGrant:
    """Give `user` a role from `now` on and write an audit line.

    General manager, group approver and finance need `confirmed_by`: the present general manager, the group approver
    or a second administrator, another person than `by` and than `user`; a store's first such grants need none.
    """
    _require_manager(by, store)
    if department is not None and (store is None or department.store_id != store.pk):
        raise IllegalMove(_("The department belongs to another store."))
    with transaction.atomic():
        if store is not None:
            Store.objects.select_for_update().get(pk=store.pk)
        if needs_second_person(role, store):
            _require_second_person(confirmed_by, by=by, user=user, store=store)
        grant = RoleGrant.objects.create(
            user=user,
            role=role,
            store=store,
            department=department,
            valid_from=now,
            valid_to=valid_to,
            granted_by=None if by is permissions.SYSTEM else by,
            confirmed_by=confirmed_by,
        )
        audit.record(by, "role.granted", grant, store=store, at=now, role=role, user=user.username)
    return grant


def _require_manager(by, store) -> None:
    if store is None:
        permissions.require_everywhere(by, "organization.manage_people")
    else:
        permissions.require(by, "organization.manage_people", store)


def needs_second_person(role, store) -> bool:
    """Whether this grant waits for somebody else's confirmation; a store's first ones do not."""
    return role in TWO_PERSON_ROLES and _granted_before(role, store)


def _granted_before(role, store) -> bool:
    before = RoleGrant.objects.filter(role=role)
    # a grant over all stores is as old as the oldest of any store, else it would be the way round the second person
    return (before if store is None else before.filter(Q(store=store) | Q(store=None))).exists()


def _require_second_person(second, *, by, user, store) -> None:
    allowed = {Role.GENERAL_MANAGER, Role.GROUP_APPROVER, Role.ADMINISTRATOR}
    holds = {right.role for right in permissions.rights(second) if right.store_id in (None, store and store.pk)}
    if second is None or second.pk in (user.pk, by.pk) or not holds & allowed:
        raise NotAllowed(_("This role needs the confirmation of a second person."))


def withdraw_role(grant, *, by, now) -> RoleGrant:
    """End a grant at `now`; it takes effect with the next request."""
    _require_manager(by, grant.store)
    with transaction.atomic():
        changed = RoleGrant.objects.filter(RoleGrant.valid_at(now), pk=grant.pk).update(valid_to=now)
        if not changed:
            raise IllegalMove(_("This role has ended already."))
        audit.record(by, "role.withdrawn", grant, store=grant.store, at=now, role=grant.role)
    grant.refresh_from_db()
    return grant
