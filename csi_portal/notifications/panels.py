"""Items on Today: what somebody is to settle, first due first."""

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from csi_portal.notifications.items import closes_itself, for_today, open_items
from csi_portal.notifications.wording import words
from csi_portal.organization.due import due_view

# As many as Today shows; the list has them all.
SHOWN = 12


def today(request, subject=None) -> dict | None:
    """The open items of the person that are due soon or have no day."""
    if request.store is None:
        return None
    found = list(for_today(open_items(request.user, request.store), request.now)[: SHOWN + 1])
    if not found:
        return None
    overdue = sum(item.due_at is not None and item.due_at < request.now for item in found)
    return {
        "template": "notifications/_today_items.html",
        "order": 60,
        "count": len(found),
        "overdue": overdue,
        "headline": _headline(len(found), overdue),
        "rows": item_rows(found[:SHOWN], request.now),
        "more": len(found) > SHOWN,
    }


def _headline(count: int, overdue: int):
    words_ = ngettext("%(n)d item to settle", "%(n)d items to settle", count) % {"n": count}
    if not overdue:
        return words_
    late = ngettext("%(n)d overdue", "%(n)d overdue", overdue) % {"n": overdue}
    return format_html("{}{}<em>{}</em>", words_, _(", "), late)


def item_rows(items, now) -> list[dict]:
    """Items as work rows (components/work_row.html)."""
    return [_row(item, now) for item in items]


def _row(item, now) -> dict:
    title, text = words(item)
    page = reverse("notifications:item", args=[item.pk])
    # what settles itself is settled where it points; the rest is opened, done and noted
    target = item.url if closes_itself(item) and item.url else page
    return {
        "due": _due(item, now),
        "verb": title,
        "url": page,
        "text": text,
        "actions": [{"url": target, "label": pgettext("item", "Open")}],
    }


def _due(item, now):
    if item.due_at is None:
        return None
    return due_view(warn_at=None, due_at=item.due_at, met_at=None, now=now, tz=item.store.zone)
