"""Gapless numbers (POLICY section 3): the counter row is raised in the transaction that uses the number."""

from django.db import transaction
from django.db.models import F

from csi_portal.organization.models import Counter


def next_number(store, kind: str, key: str) -> int:
    """Return the next number of (store, kind, key), starting at 1; must run inside the using transaction."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("a number belongs to a transaction; without one a failure would leave a gap")
    Counter.objects.get_or_create(store=store, kind=kind, key=key)
    rows = Counter.objects.filter(store=store, kind=kind, key=key)
    rows.update(value=F("value") + 1)
    return rows.values_list("value", flat=True).get()
