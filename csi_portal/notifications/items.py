"""Action items as their holder sees them: which are for whom, and which one ticks off by hand."""

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import F, Q

from csi_portal.notifications.models import ActionItem

# What is due later than this does not stand on Today yet.
AHEAD = timedelta(days=3)

_self_closing: set[str] = set()


def register_self_closing(kinds: Iterable[str]) -> None:
    """These items end with their cause (the board is published, the line decided): nobody ticks them off by hand."""
    _self_closing.update(kinds)


def closes_itself(item) -> bool:
    return item.kind in _self_closing


def open_items(user, store):
    """The open items of a person in a store, first due first, those without a due time last."""
    return (
        ActionItem.objects.visible_to(user)
        .filter(store=store, done_at=None)
        .select_related("store", "assignee")
        .order_by(F("due_at").asc(nulls_last=True), "pk")
    )


def for_today(items, now):
    return items.filter(Q(due_at=None) | Q(due_at__lte=now + AHEAD))
