"""What the surveys floor does by itself: the periodic pass, and a look after every import."""

from django.utils import timezone

from csi_portal.organization.models import Store
from surveys.services import callbacks, numbers, queue


def sweep(now) -> dict[str, int]:
    """Put back lapsed calls, end what is too late or suppressed, and once a day make what the plans owe."""
    return {
        "released": queue.release_lapsed(now),
        "too_late": callbacks.close_too_late(now),
        "suppressed": numbers.close_suppressed(now),
        "callbacks": callbacks.generate_today(now),
    }


def look_at_visits() -> None:
    """New visits may owe callbacks at once; what woke this is an import."""
    now = timezone.now()
    for store in Store.objects.filter(is_active=True):
        callbacks.generate_callbacks(store, on=store.local_date(now), now=now)
