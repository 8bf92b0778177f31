"""The books every floor writes into: audit lines, files, counters, submit keys, heartbeats."""

import uuid

from django.db import models
from django.utils import timezone

from .base import StoreRow, StoreRows


class AuditLine(models.Model):
    """Who did what to which object, when, from where. Append-only by trigger; written by audit.record()."""

    store = models.ForeignKey("organization.Store", on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey("organization.User", on_delete=models.PROTECT, null=True, related_name="+")
    actor_name = models.CharField(max_length=150)
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60, blank=True, default="")
    object_id = models.CharField(max_length=40, blank=True, default="")
    detail = models.JSONField(default=dict, blank=True)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["store", "-at", "-id"], name="audit_by_store"),  # the audit page, newest first
            models.Index(fields=["object_type", "object_id"], name="audit_by_object"),
        ]

    def __str__(self):
        return f"{self.at:%Y-%m-%d %H:%M} {self.action}"


class StoredFile(StoreRow):
    """A private file; the name on disk is its digest, the name on screen is the uploader's, cleaned."""

    sha256 = models.CharField(max_length=64)
    kind = models.CharField(max_length=30)
    # What the file belongs to, as "<app>.<model>:<id>": whoever may see that may see the file.
    owner = models.CharField(max_length=80)
    name = models.CharField(max_length=120)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    path = models.CharField(max_length=200)
    uploaded_by = models.ForeignKey("organization.User", on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [models.Index(fields=["store", "owner"], name="file_by_owner")]

    def __str__(self):
        return self.name


class Counter(StoreRow):
    """Numbers without gaps: one row per store, kind and key, raised in the transaction that uses the number."""

    kind = models.CharField(max_length=30)
    key = models.CharField(max_length=30)
    value = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "kind", "key"], name="counter_once")]

    def __str__(self):
        return f"{self.kind}:{self.key}={self.value}"


class SubmitKey(models.Model):
    """A form's key, spent by the first submit: a double click does a thing once and shows the same result."""

    user = models.ForeignKey("organization.User", on_delete=models.CASCADE, related_name="+")
    key = models.UUIDField(default=uuid.uuid4)
    result_url = models.CharField(max_length=300)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="submit_key_once")]

    def __str__(self):
        return str(self.key)


class Heartbeat(models.Model):
    """When a periodic job last began and last succeeded; every page warns when the sweep falls behind."""

    name = models.CharField(max_length=60, unique=True)
    began_at = models.DateTimeField(null=True)
    succeeded_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True, default="")

    def __str__(self):
        return self.name


class JobSlot(models.Model):
    """A periodic run, taken by inserting it: a second beat finds the slot taken and stops."""

    job = models.CharField(max_length=60)
    slot = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "slot"], name="job_slot_once")]

    def __str__(self):
        return f"{self.job}@{self.slot:%Y-%m-%d %H:%M}"


__all__ = ["AuditLine", "Counter", "Heartbeat", "JobSlot", "StoreRows", "StoredFile", "SubmitKey"]
