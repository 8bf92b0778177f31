"""Changes of state of messages and action items."""

from django.db import transaction
from django.utils.translation import gettext as _

from csi_portal.notifications.items import closes_itself
from csi_portal.notifications.models import ActionItem, Message, MessageStatus
from csi_portal.organization import audit, hooks, permissions
from csi_portal.organization.errors import Conflict, IllegalMove


def mark_read(user, message_ids, *, now) -> int:
    """Mark the user's own portal messages as read; returns how many changed."""
    return Message.objects.unread(user).filter(pk__in=message_ids).update(read_at=now)


# The bell shows 99+ beyond this; counting further would cost for nothing.
MOST_UNREAD = 100


def count_unread(user) -> int:
    """How many messages are new, at most MOST_UNREAD."""
    return len(Message.objects.unread(user).values_list("pk", flat=True)[:MOST_UNREAD])


def mark_all_read(user, *, now) -> int:
    return Message.objects.unread(user).update(read_at=now)


def send_again(message, *, by, now) -> None:
    """Queue a given-up message once more. Raises NotAllowed; Conflict when it is on its way already."""
    permissions.require(by, "notifications.send_again", message)
    with transaction.atomic():
        changed = Message.objects.filter(pk=message.pk, status=MessageStatus.DEAD).update(
            status=MessageStatus.QUEUED, attempts=0, next_try_at=now
        )
        if not changed:
            raise Conflict(_("This message is on its way already."))
        audit.record(by, "message.sent_again", message, at=now, kind=message.kind, recipient=message.recipient)
        hooks.wake("message")


def open_item(store, kind: str, subject_key: str, *, now, assignee=None, role: str = "", due_at=None, url="", **params):
    """Make the item for somebody, once per kind and subject; returns it (an existing one stays as it is)."""
    return ActionItem.objects.get_or_create(
        store=store,
        kind=kind,
        subject_key=subject_key,
        defaults={
            "assignee": assignee,
            "role": role,
            "due_at": due_at,
            "url": url,
            "params": params,
            "created_at": now,
        },
    )[0]


def finish_item(item, *, by, now, note: str = "") -> ActionItem:
    """Tick an item off, once."""
    with transaction.atomic():
        changed = ActionItem.objects.filter(pk=item.pk, done_at=None).update(done_at=now, done_by_id=by.pk, note=note)
        if not changed:
            raise Conflict(_("Somebody ticked this off already."))
    item.refresh_from_db()
    return item


def tick_off(item, *, by, now, note: str) -> ActionItem:
    """Tick an item off by hand, saying what was done.

    Raises NotAllowed; IllegalMove without a note and for an item that ends with its cause; Conflict when it is done.
    """
    permissions.require(by, "notifications.finish_item", item)
    if closes_itself(item):
        raise IllegalMove(_("This ends by itself as soon as its cause is settled."))
    if not note.strip():
        raise IllegalMove(_("Say what was done."))
    with transaction.atomic():
        item = finish_item(item, by=by, now=now, note=note.strip())
        audit.record(by, "item.done", item, at=now, kind=item.kind, subject=item.subject_key)
    return item
