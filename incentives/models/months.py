"""Months and what stands beside their entries: holds, carried amounts, wages; and the adoption of the rules."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from csi_portal.organization.fields import FenField
from csi_portal.organization.models.base import StoreRow

from ..enums import HoldReason, MonthStatus
from .money import LedgerEntry


class Hold(StoreRow):
    """A line held back 暂缓 beside the entry: its window or objection was open when its month was locked.

    Written when a month is locked, append-only by trigger.
    """

    entry = models.ForeignKey(LedgerEntry, on_delete=models.PROTECT, related_name="holds")
    from_month = models.DateField()
    # the month it is brought into; should it be held there again, the next row says so
    until_month = models.DateField(null=True)
    reason = models.CharField(max_length=20, choices=HoldReason.choices)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "entry", "from_month"], name="held_once_a_month"),
        ]

    def __str__(self):
        return f"{self.entry_id} held from {self.from_month:%Y-%m}"


class CarriedOver(StoreRow):
    """What of a person's penalties exceeded the wage cap when a month was locked; the next month asks for it.

    Positive yuan. Written when a month is locked, append-only by trigger; the ledger is not touched by it.
    """

    employee = models.ForeignKey("organization.Employee", on_delete=models.PROTECT, related_name="+")
    from_month = models.DateField()
    until_month = models.DateField()
    amount = FenField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "employee", "from_month"], name="carried_over_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="carried_over_positive"),
        ]

    def __str__(self):
        return f"{self.employee_id}: {self.amount} from {self.from_month:%Y-%m}"


class Month(StoreRow):
    """A month of the ledger: open, waiting for the second person, locked for good.

    A locked row is refused every change by trigger.
    """

    month = models.DateField()
    status = models.CharField(max_length=10, choices=MonthStatus.choices, default=MonthStatus.OPEN)
    asked_by = models.ForeignKey("organization.User", on_delete=models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey("organization.User", on_delete=models.PROTECT, null=True, related_name="+")
    locked_at = models.DateTimeField(null=True)
    ledger_total = FenField(null=True)
    held_total = FenField(null=True)
    brought_in_total = FenField(null=True)
    paid_total = FenField(null=True)
    entries = models.PositiveIntegerField(null=True)
    head_hash = models.CharField(max_length=64, blank=True, default="")
    sheet = models.ForeignKey("organization.StoredFile", on_delete=models.PROTECT, null=True, related_name="+")
    sheet_hash = models.CharField(max_length=64, blank=True, default="")
    # what the sheet says, as plain values: from it the file is made again, byte for byte
    sheet_data = models.JSONField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "month"], name="month_once"),
            models.CheckConstraint(condition=Q(month__day=1), name="month_is_first_day"),
            models.CheckConstraint(condition=Q(status__in=MonthStatus.values), name="month_status_known"),
            models.CheckConstraint(
                condition=~Q(status="locked")
                | (Q(asked_by__isnull=False, confirmed_by__isnull=False) & ~Q(asked_by=models.F("confirmed_by"))),
                name="month_locked_by_two",
            ),
        ]

    def __str__(self):
        return f"{self.month:%Y-%m} {self.status}"


class Adoption(StoreRow):
    """The store recorded that its penalty rules were adopted and announced; before that none is proposed."""

    adopted_on = models.DateField()
    announced_on = models.DateField()
    # performance pay | compensation: wage law limits both
    treatment = models.CharField(max_length=16)
    note = models.TextField(blank=True, default="")
    recorded_by = models.ForeignKey("organization.User", on_delete=models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField(default=timezone.now)
    ended_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(treatment__in=["performance_pay", "compensation"]),
                name="adoption_treatment_known",
            )
        ]

    def __str__(self):
        return f"adopted {self.adopted_on}"


class Wage(StoreRow):
    """A person's gross wage of a month, entered by finance; only used for the cap on penalties."""

    employee = models.ForeignKey("organization.Employee", on_delete=models.PROTECT, related_name="wages")
    month = models.DateField()
    gross = FenField()
    local_minimum = FenField(null=True, blank=True)
    entered_by = models.ForeignKey("organization.User", on_delete=models.PROTECT, null=True, related_name="+")
    entered_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "employee", "month"], name="wage_once")]

    def __str__(self):
        return f"{self.employee_id} {self.month:%Y-%m}"


class Lookout(StoreRow):
    """How far the reconciliation has looked at a store's facts. Only a bookmark: losing it costs time, no line."""

    event_pk = models.BigIntegerField(default=0)  # the newest complaint event seen
    looked_at = models.DateTimeField(null=True)
    full_since = models.DateField(null=True)  # the next look takes in whole months from this one on

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store"], name="lookout_once")]

    def __str__(self):
        return f"lookout of {self.store_id}"
