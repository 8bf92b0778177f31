"""What is thrown away every night: books that would only grow."""

from datetime import timedelta

from django.contrib.sessions.models import Session

from csi_portal.organization.models import JobSlot, SubmitKey

# A form that was open for longer than this sends a key nobody remembers: it acts like a new one.
SUBMIT_KEYS_KEPT = timedelta(days=30)
JOB_SLOTS_KEPT = timedelta(days=400)


def clear_out(store, day, now) -> None:
    """Delete ended sessions, spent submit keys and old job slots, of all stores."""
    Session.objects.filter(expire_date__lt=now).delete()
    SubmitKey.objects.filter(created_at__lt=now - SUBMIT_KEYS_KEPT).delete()
    JobSlot.objects.filter(slot__lt=now - JOB_SLOTS_KEPT).delete()
