"""The machine every due thing shares: an alert is a row, unique per deadline and kind (STYLE section 7)."""

from collections.abc import Callable

from django.db import transaction
from django.db.models import Exists, OuterRef

from csi_portal.notifications import outbox
from csi_portal.notifications.models import THRESHOLDS, AlertBase, past_threshold

BATCH = 1000


def raise_alerts(
    model: type[AlertBase], deadlines, *, now, messages_for: Callable[[str, list], list], batch: int = BATCH
) -> dict[str, int]:
    """Raise what is due and missing; return how many of each kind.

    `deadlines`: queryset of open deadline rows (with the relations the messages need); `model` has a foreign key
    `deadline` to them. `messages_for(kind, rows)` returns message groups as outbox.build makes them. A deadline past
    several thresholds raises only the highest kind; the lower ones are stored with `raised_at` null. Alerts and
    messages of a batch commit together; running it twice, or twice at once, changes nothing more.
    """
    counts = {}
    for position, kind in enumerate(THRESHOLDS):
        lower = list(THRESHOLDS)[position + 1 :]
        counts[str(kind)] = _raise_kind(model, deadlines, kind, lower, now, messages_for, batch)
    return counts


def _raise_kind(model, deadlines, kind, lower, now, messages_for, batch) -> int:
    raised = 0
    known = model.objects.filter(deadline=OuterRef("pk"), kind=kind)
    missing = deadlines.filter(past_threshold(kind, now), ~Exists(known))
    # Keys first, without an order: asked for rows in the order of their keys, SQLite walks through every deadline
    # there ever was instead of the small index of what is due.
    due = sorted(missing.order_by().values_list("pk", flat=True))
    for start in range(0, len(due), batch):
        with transaction.atomic():
            wanted = missing.filter(pk__in=due[start : start + batch]).order_by("pk")
            rows = list(wanted.select_for_update(of=("self",), no_key=True))
            raised += _raise_batch(model, rows, kind, lower, now, messages_for)
    return raised


def _raise_batch(model, rows, kind, lower, now, messages_for) -> int:
    # A second sweep may have committed while this one waited for the row locks: ask again under the lock.
    done = set(model.objects.filter(deadline__in=rows, kind=kind).values_list("deadline_id", flat=True))
    fresh = [row for row in rows if row.pk not in done]
    if not fresh:
        return 0
    alerts = [model(store_id=row.store_id, deadline=row, kind=kind, raised_at=now, noticed_at=now) for row in fresh]
    skipped = [
        model(store_id=row.store_id, deadline=row, kind=low, raised_at=None, noticed_at=now)
        for row in fresh
        for low in lower
    ]
    model.objects.bulk_create(alerts, batch_size=500)
    model.objects.bulk_create(skipped, ignore_conflicts=True, batch_size=500)
    outbox.enqueue_many(messages_for(kind, fresh), now=now)
    return len(fresh)
