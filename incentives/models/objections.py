"""The personal notice of an entry and the objection to it (POLICY section 5, "Objection")."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from csi_portal.organization.models.base import StoreRow

from .money import LedgerEntry


class Objection(StoreRow):
    """An employee's objection 奖惩异议 to an entry, within 3 working days of the personal notice."""

    entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, related_name="objection")
    employee = models.ForeignKey("organization.Employee", on_delete=models.PROTECT, related_name="objections")
    reason = models.TextField()
    filed_at = models.DateTimeField(default=timezone.now)
    rule_by = models.DateTimeField()
    upheld = models.BooleanField(null=True)
    ruling = models.TextField(blank=True, default="")
    ruled_at = models.DateTimeField(null=True)
    ruled_by = models.ForeignKey("organization.User", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes = [
            # what waits for a ruling
            models.Index(fields=["store", "rule_by"], condition=Q(upheld=None), name="objection_open")
        ]

    def __str__(self):
        return f"objection to {self.entry_id}"

    def concerned_user_ids(self) -> set[int]:
        """Who may not rule: the person who objects."""
        return {self.employee.user_id} - {None}


class Notice(StoreRow):
    """The personal notice of an entry: opens the window to object; the person's confirmation ends it early."""

    entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, related_name="notice")
    employee = models.ForeignKey("organization.Employee", on_delete=models.PROTECT, related_name="+")
    noticed_at = models.DateTimeField()
    window_ends_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)

    def __str__(self):
        return f"notice of {self.entry_id}"
