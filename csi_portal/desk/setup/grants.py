"""Roles that take a second person: asked for by one, granted when another confirms (POLICY section 1).

The request is an action item of who may confirm; nothing is granted before.
"""

import uuid

from django.db import transaction
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from csi_portal.notifications import items, outbox
from csi_portal.notifications.models import ActionItem
from csi_portal.notifications.recipients import holders
from csi_portal.notifications.services import finish_item, open_item
from csi_portal.notifications.wording import register_wording
from csi_portal.organization import audit, permissions
from csi_portal.organization.enums import Role
from csi_portal.organization.errors import Conflict, IllegalMove
from csi_portal.organization.models import Department, User
from csi_portal.organization.services import grant_role

REQUEST = "organization.grant_request"
DECLINED = "organization.grant_declined"
# Who is asked, in this order: the first role that has somebody else.
_SECOND_PERSONS = (Role.GENERAL_MANAGER, Role.GROUP_APPROVER, Role.ADMINISTRATOR)


def request_grant(user, role, *, by, now, store, department=None, valid_to=None, all_stores=False) -> ActionItem:
    """Ask a second person to confirm a role; `store` is where it is asked, for that store or for all.

    Raises NotAllowed, and IllegalMove where nobody but the two concerned could confirm.
    """
    if all_stores:
        permissions.require_everywhere(by, "organization.manage_people")
    else:
        permissions.require(by, "organization.manage_people", store)
    asked = _second_persons(store, {by.pk, user.pk}, now)
    if asked is None:
        raise IllegalMove(_("Nobody else could confirm this: grant a second administrator first."))
    params = {
        "requester": by.pk,
        "requester_name": by.display_name(),
        "beneficiary": user.pk,
        "beneficiary_name": user.display_name(),
        "wanted": role,
        "department": department.pk if department else None,
        "all_stores": all_stores,
        "valid_to": valid_to.isoformat() if valid_to else "",
    }
    key = uuid.uuid4()
    second_role, users = asked
    url = reverse("settings:request", args=[key])
    with transaction.atomic():
        item = open_item(store, REQUEST, f"grant:{key}", now=now, role=second_role, url=url, **params)
        outbox.enqueue(store, users, REQUEST, dedupe_key=f"{REQUEST}:{key}", now=now, url=url, **params)
        audit.record(by, "role.requested", item, at=now, role=role, user=user.username)
    return item


def _second_persons(store, concerned: set[int], now):
    for role in _SECOND_PERSONS:
        users = [user for user in holders(store, role, now) if user.pk not in concerned]
        if users:
            return role, users
    return None


def confirm_grant(item: ActionItem, *, by, now):
    """Grant what was asked for. Raises NotAllowed; Conflict when it is settled already."""
    with transaction.atomic():
        item = _open_request(item)
        permissions.require(by, "organization.confirm_grant", item)
        asked = item.params
        grant = grant_role(
            User.objects.get(pk=asked["beneficiary"]),
            asked["wanted"],
            by=User.objects.get(pk=asked["requester"]),
            now=now,
            store=None if asked["all_stores"] else item.store,
            department=Department.objects.get(pk=asked["department"]) if asked["department"] else None,
            valid_to=parse_datetime(asked["valid_to"]) if asked["valid_to"] else None,
            confirmed_by=by,
        )
        finish_item(item, by=by, now=now)
        audit.record(by, "role.confirmed", grant, store=item.store, at=now, role=grant.role)
    return grant


def decline_grant(item: ActionItem, *, by, now, reason: str) -> ActionItem:
    """Refuse what was asked for, with a reason the requester reads."""
    if not reason.strip():
        raise IllegalMove(_("Say why."))
    with transaction.atomic():
        item = _open_request(item)
        permissions.require(by, "organization.confirm_grant", item)
        finish_item(item, by=by, now=now, note=reason.strip())
        requester = User.objects.filter(pk=item.params["requester"], is_active=True)
        params = {**item.params, "reason": reason.strip(), "decided_by": by.display_name()}
        outbox.enqueue(item.store, requester, DECLINED, dedupe_key=f"{DECLINED}:{item.pk}", now=now, **params)
        audit.record(by, "role.declined", item, at=now, role=item.params["wanted"], reason=reason.strip())
    return item


def _open_request(item: ActionItem) -> ActionItem:
    locked = ActionItem.objects.select_for_update(of=("self",)).select_related("store", "assignee").get(pk=item.pk)
    if locked.done_at is not None:
        raise Conflict(_("This request is settled already."))
    return locked


def register_words() -> None:
    register_wording(
        REQUEST,
        gettext_lazy("Confirm a role: %(wanted)s for %(beneficiary_name)s"),
        gettext_lazy("%(requester_name)s asks for it. This role decides or pays, so a second person confirms."),
        _prepare,
    )
    register_wording(
        DECLINED,
        gettext_lazy("Not confirmed: %(wanted)s for %(beneficiary_name)s"),
        gettext_lazy("%(decided_by)s: %(reason)s"),
        _prepare,
    )
    items.register_self_closing([REQUEST])


def _prepare(params: dict, store) -> dict:
    return {**params, "wanted": Role(params["wanted"]).label}
