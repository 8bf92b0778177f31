"""Policy tables and calendars as versions: a case keeps the version it was opened under."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from ..enums import PolicyKind, VersionStatus
from .base import scope_key


class Version(models.Model):
    """Shared columns. Approved rows are never edited; a change is the next version."""

    scope_key = models.CharField(max_length=20, default="all")
    store = models.ForeignKey("organization.Store", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    version = models.PositiveIntegerField(default=1)
    effective_from = models.DateTimeField(default=timezone.now)
    data = models.JSONField(default=dict)
    status = models.CharField(max_length=10, choices=VersionStatus.choices, default=VersionStatus.APPROVED)
    drafted_by = models.ForeignKey(
        "organization.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    approved_by = models.ForeignKey(
        "organization.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True

    def save(self, *args, **kwargs):
        # The key is a copy of the store for the unique constraint; it can never be set apart from it.
        self.scope_key = scope_key(self.store)
        super().save(*args, **kwargs)


class PolicyVersion(Version):
    """One version of one policy table, for a store or for all."""

    kind = models.CharField(max_length=20, choices=PolicyKind.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope_key", "kind", "version"], name="policy_version_once"),
            models.CheckConstraint(condition=Q(kind__in=PolicyKind.values), name="policy_kind_known"),
            models.CheckConstraint(condition=Q(status__in=VersionStatus.values), name="policy_status_known"),
        ]

    def __str__(self):
        return f"{self.kind} v{self.version} ({self.scope_key})"


class CalendarVersion(Version):
    """Opening hours, holidays and make-up workdays; `data` has the arguments of BusinessCalendar but the zone."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope_key", "version"], name="calendar_version_once"),
            models.CheckConstraint(condition=Q(status__in=VersionStatus.values), name="calendar_status_known"),
        ]

    def __str__(self):
        return f"calendar v{self.version} ({self.scope_key})"
