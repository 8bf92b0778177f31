"""One way out: every message is a row written with its cause, and a worker carries it (STYLE section 7).

Portal messages are exactly once. E-mail is at least once with a stable key: a worker that dies between sending and
marking leaves a lease that runs out, and the message goes again with the same Message-ID.
"""

import logging
import uuid
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone, translation

from csi_portal.notifications.models import Channel, Message, MessageStatus
from csi_portal.notifications.wording import words
from csi_portal.organization import hooks
from csi_portal.organization.models import User

logger = logging.getLogger(__name__)

# Longer than a whole batch may take when every message runs into the mail server's timeout.
LEASE = timedelta(minutes=10)
BATCH = 20
# Waits before the next try; after the last one the message is given up and stays visible as such.
BACK_OFF = [timedelta(minutes=m) for m in (1, 5, 15, 60, 240)]


def enqueue(store, users, kind: str, *, dedupe_key: str, now, url: str = "", urgent: bool = False, **params) -> None:
    """Write the messages of one event to the users, on every channel each can be reached by; a known key is a no-op.

    Must run in the transaction of the event. `params` must be JSON-able.
    """
    enqueue_many(
        [build(store, user, kind, dedupe_key=dedupe_key, now=now, url=url, urgent=urgent, **params) for user in users],
        now=now,
    )


def build(store, user, kind: str, *, dedupe_key: str, now, url: str = "", urgent: bool = False, **params) -> list:
    """The unsaved messages of one event to one user."""
    channels = [Channel.PORTAL] + ([Channel.EMAIL] if user.email else [])
    return [
        Message(
            store=store,
            recipient=f"u:{user.pk}",
            channel=channel,
            dedupe_key=dedupe_key,
            kind=kind,
            params=params,
            url=url,
            urgent=urgent,
            # a portal message is delivered by being there
            status=MessageStatus.SENT if channel == Channel.PORTAL else MessageStatus.QUEUED,
            sent_at=now if channel == Channel.PORTAL else None,
            next_try_at=now,
            created_at=now,
        )
        for channel in channels
    ]


def enqueue_many(messages, *, now) -> None:
    """Insert messages (nested lists as `build` makes them) in one statement; rows with known keys are skipped."""
    flat = [message for group in messages for message in group]
    if not flat:
        return
    Message.objects.bulk_create(flat, ignore_conflicts=True, batch_size=500)
    hooks.wake("message")


def deliver_now() -> dict[str, int]:
    return deliver_due(timezone.now())


def deliver_due(now, rounds: int = 25) -> dict[str, int]:
    """Carry what is due on channels that leave the portal; returns counts of sent, failed and dead."""
    counts = {"sent": 0, "failed": 0, "dead": 0}
    for _round in range(rounds):
        batch = _claim(now, BATCH)
        for message in batch:
            counts[_carry(message, now)] += 1
        if not batch or counts["failed"]:  # a sick mail server is not asked again in the same pass
            break
    return counts


def _claim(now, limit: int) -> list[Message]:
    """Take a batch with one guarded UPDATE; two workers never hold the same row."""
    token = str(uuid.uuid4())
    with transaction.atomic():
        wanted = list(Message.objects.deliverable(now).order_by("next_try_at").values_list("pk", flat=True)[:limit])
        if not wanted:
            return []
        Message.objects.deliverable(now).filter(pk__in=wanted).update(
            status=MessageStatus.SENDING, lease=token, lease_until=now + LEASE
        )
    return list(Message.objects.filter(lease=token, status=MessageStatus.SENDING).select_related("store"))


def _carry(message: Message, now) -> str:
    try:
        _send_email(message)
    except Exception as error:  # a bad address or a dead server must not stop the others
        logger.warning("message %s not sent: %s", message.pk, error)
        return _mark_failed(message, error, now)
    _finish(message, status=MessageStatus.SENT, sent_at=now, lease="", lease_until=None)
    return "sent"


def _mark_failed(message, error, now) -> str:
    attempts = message.attempts + 1
    given_up = attempts > len(BACK_OFF)
    _finish(
        message,
        status=MessageStatus.DEAD if given_up else MessageStatus.FAILED,
        attempts=attempts,
        next_try_at=now if given_up else now + BACK_OFF[attempts - 1],
        last_error=str(error)[:300],
        lease="",
        lease_until=None,
    )
    return "dead" if given_up else "failed"


def _finish(message, **values) -> None:
    # only the holder of the lease writes the outcome; a lapsed one lost it to the next worker
    Message.objects.filter(pk=message.pk, lease=message.lease).update(**values)


def _send_email(message: Message) -> None:
    user = User.objects.get(pk=int(message.recipient.removeprefix("u:")))
    with translation.override(user.language or settings.LANGUAGE_CODE):
        title, text = words(message)
    link = f"{settings.PORTAL_URL}{message.url}" if message.url else settings.PORTAL_URL
    email = EmailMultiAlternatives(
        subject=f"[{message.store.name}] {title}".replace("\n", " "),
        body=f"{text}\n\n{link}\n",
        to=[user.email],
        headers={"Message-ID": f"<message-{message.pk}@csi-portal>"},
    )
    email.send()
