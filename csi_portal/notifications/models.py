"""Messages, items for somebody, and the machine every due thing shares (DESIGN, ground rules)."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from csi_portal.organization.enums import Role
from csi_portal.organization.models.base import StoreRow, StoreRows


class Channel(models.TextChoices):
    PORTAL = "portal", _("Portal")
    EMAIL = "email", _("E-mail")


class MessageStatus(models.TextChoices):
    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")
    DEAD = "dead", _("Given up")


class AlertKind(models.TextChoices):
    WARNING = "warning", _("Warning")
    OVERDUE = "overdue", _("Overdue")
    ESCALATED = "escalated", _("Escalated")


class MessageRows(StoreRows):
    def inbox(self, user):
        """The portal messages of a user, newest first."""
        return self.filter(recipient=f"u:{user.pk}", channel=Channel.PORTAL).order_by("-created_at", "-pk")

    def unread(self, user):
        return self.inbox(user).filter(read_at=None)

    def deliverable(self, now):
        """What waits for its channel: queued or failed and due again, or left behind by a dead worker."""
        waiting = Q(status__in=[MessageStatus.QUEUED, MessageStatus.FAILED], next_try_at__lte=now)
        abandoned = Q(status=MessageStatus.SENDING, lease_until__lte=now)
        return self.filter(waiting | abandoned)


class Message(StoreRow):
    """The outbox and the inbox: written with its cause in one transaction, unique by its key.

    `recipient` is a text like `u:12` (user), `c:5` (customer), `robot:3`; `kind` names the template in
    notifications.wording, `params` fill it, so that every reader gets it in the own language. A portal message is
    delivered by being there. `dedupe_key` makes repeats harmless.
    """

    recipient = models.CharField(max_length=40)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    dedupe_key = models.CharField(max_length=160)
    kind = models.CharField(max_length=60)
    params = models.JSONField(default=dict)
    url = models.CharField(max_length=300, blank=True, default="")
    urgent = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=MessageStatus.choices, default=MessageStatus.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(default=timezone.now)
    lease = models.CharField(max_length=36, blank=True, default="")
    lease_until = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)

    objects = MessageRows.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "recipient", "channel", "dedupe_key"], name="message_once"),
            models.CheckConstraint(condition=Q(status__in=MessageStatus.values), name="message_status_known"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="message_channel_known"),
        ]
        indexes = [
            # the inbox, newest first
            models.Index(fields=["recipient", "channel", "-created_at", "-id"], name="message_inbox"),
            # the bell's number
            models.Index(fields=["recipient"], condition=Q(channel="portal", read_at=None), name="message_unread"),
            # the delivery pass
            models.Index(
                fields=["next_try_at"],
                condition=Q(status__in=["queued", "failed", "sending"]),
                name="message_waiting",
            ),
        ]

    def __str__(self):
        return f"{self.kind} → {self.recipient} ({self.channel})"


class ActionItem(StoreRow):
    """An item for somebody: a person, or whoever holds the role; one open item per kind and subject."""

    kind = models.CharField(max_length=60)
    subject_key = models.CharField(max_length=80)
    assignee = models.ForeignKey(
        "organization.Employee", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    role = models.CharField(max_length=20, choices=Role.choices, blank=True, default="")
    params = models.JSONField(default=dict)
    url = models.CharField(max_length=300, blank=True, default="")
    due_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey("organization.User", on_delete=models.PROTECT, null=True, related_name="+")
    note = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "kind", "subject_key"], name="action_item_once"),
            models.CheckConstraint(condition=~Q(role="") | Q(assignee__isnull=False), name="action_item_for_somebody"),
        ]
        indexes = [
            # Today of a role or person
            models.Index(fields=["store", "role", "due_at"], condition=Q(done_at=None), name="action_item_open")
        ]

    def __str__(self):
        return f"{self.kind} {self.subject_key}"


class DueRows(StoreRows):
    def open(self):
        return self.filter(met_at=None, superseded_at=None)

    def overdue(self, now):
        """Open and past the due second; done at the very second is in time."""
        return self.open().filter(due_at__lt=now)


class DueBase(StoreRow):
    """A deadline as a row: moved by superseding it with the next generation, never rewritten once met."""

    generation = models.PositiveSmallIntegerField(default=1)
    started_at = models.DateTimeField()
    warn_at = models.DateTimeField()
    due_at = models.DateTimeField()
    escalate_at = models.DateTimeField()
    met_at = models.DateTimeField(null=True, blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True)

    objects = DueRows.as_manager()

    class Meta:
        abstract = True

    @property
    def is_open(self) -> bool:
        return self.met_at is None and self.superseded_at is None

    def is_overdue(self, now) -> bool:
        """Open and `now > due_at`; agrees with DueRows.overdue."""
        return self.is_open and now > self.due_at


class AlertBase(StoreRow):
    """An alert, once per deadline and kind; `raised_at` null is a lower kind skipped at a late catch-up."""

    kind = models.CharField(max_length=10, choices=AlertKind.choices)
    raised_at = models.DateTimeField(null=True)
    noticed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True


# The column each kind of alert compares with the clock; the order is from the highest kind down.
THRESHOLDS = {
    AlertKind.ESCALATED: "escalate_at",
    AlertKind.OVERDUE: "due_at",
    AlertKind.WARNING: "warn_at",
}


def past_threshold(kind: str, now) -> Q:
    """Condition on a deadline: its threshold of `kind` has passed at `now` (warning at its second, others after)."""
    column = THRESHOLDS[kind]
    return Q(**{f"{column}__lte" if kind == AlertKind.WARNING else f"{column}__lt": now})


__all__ = [
    "ActionItem",
    "AlertBase",
    "AlertKind",
    "Channel",
    "DueBase",
    "DueRows",
    "Message",
    "MessageStatus",
    "THRESHOLDS",
    "past_threshold",
]
