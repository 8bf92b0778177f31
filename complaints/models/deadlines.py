"""Deadlines as generations, breaches for ever, alerts once (POLICY section 3)."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from csi_portal.notifications.models import AlertBase, AlertKind, DueBase, DueRows
from csi_portal.organization.models.base import StoreRow

from ..enums import ALL_STEPS, OPEN, MetHow


class DeadlineRows(DueRows):
    def live(self):
        """The generation that holds; superseded ones are history."""
        return self.filter(superseded_at=None)

    def running(self):
        """Open and still wanted; closing a form silences what it leaves open."""
        return self.open().filter(silenced_at=None)

    def alerting(self):
        """Running deadlines of open forms, due since the store went live: the only ones that may alert or breach.

        Closed, re-issued, void and unverified forms never alert (POLICY section 3, "Alerts").
        """
        before_live = Q(complaint__store__live_from__gt=models.F("due_at"))
        return self.running().filter(complaint__status__in=OPEN).exclude(before_live)


class Deadline(DueBase):
    """When a step of a form is due. One live row per (form, step); met, breached and excused are never rewritten."""

    complaint = models.ForeignKey("complaints.Complaint", on_delete=models.PROTECT, related_name="deadlines")
    step = models.CharField(max_length=20, choices=ALL_STEPS)
    minutes = models.PositiveIntegerField(default=0)  # the step's own time; 0 where it is counted in working days
    clock = models.CharField(max_length=10, default="elapsed")
    # the time the act was recorded, where it happened earlier; met_at is the time that judges
    recorded_at = models.DateTimeField(null=True, blank=True)
    met_by = models.ForeignKey("organization.User", on_delete=models.PROTECT, null=True, related_name="+")
    # "attempted, not reached": met by three tries and an SMS, counted apart
    met_how = models.CharField(max_length=20, choices=MetHow.choices, blank=True, default="")
    # the form ended without the step: it never alerts and was never done
    silenced_at = models.DateTimeField(null=True, blank=True)

    objects = DeadlineRows.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["complaint", "step", "generation"], name="deadline_generation_once"),
            models.UniqueConstraint(
                fields=["complaint", "step"], condition=Q(superseded_at=None), name="deadline_one_live"
            ),
            models.CheckConstraint(
                condition=Q(warn_at__lte=models.F("due_at")) & Q(due_at__lte=models.F("escalate_at")),
                name="deadline_times_in_order",
            ),
        ]
        indexes = [
            # the sweep asks each threshold of the open rows only
            models.Index(
                fields=[column],
                condition=Q(met_at=None, superseded_at=None, silenced_at=None),
                name=f"deadline_open_{column[:4]}",
            )
            for column in ("warn_at", "due_at", "escalate_at")
        ] + [
            # what waits for a person of the store, the most urgent first: Today, the rail's number
            models.Index(
                fields=["store", "due_at", "id"],
                condition=Q(met_at=None, superseded_at=None, silenced_at=None),
                name="deadline_open_of_store",
            )
        ]

    def __str__(self):
        return f"{self.complaint_id} {self.step} g{self.generation}"


class Breach(StoreRow):
    """A step done late, or still open past its time: recorded once and for ever.

    `late_in_opening_hours` is the fairness ruling's fact: only then does the breach propose money. `charged_to` is
    the person who bears it, `charged_department` the department where no person is known.
    """

    deadline = models.OneToOneField(Deadline, on_delete=models.PROTECT, related_name="breach")
    complaint = models.ForeignKey("complaints.Complaint", on_delete=models.PROTECT, related_name="breaches")
    found_at = models.DateTimeField(default=timezone.now)
    charged_to = models.ForeignKey(
        "organization.Employee", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    charged_department = models.ForeignKey(
        "organization.Department", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    late_in_opening_hours = models.BooleanField(default=False)
    # False where a fairness ruling takes the money away: the agent held it too short, the hand-over ate the time
    fair_to_charge = models.BooleanField(default=True)
    # still open: after this instant one of the two facts above may turn, so the sweep judges again
    judge_again_at = models.DateTimeField(null=True, blank=True)
    # the lateness in seconds when the step was done; null while it is still open
    late_by = models.DurationField(null=True, blank=True)
    explanation = models.JSONField(default=dict, blank=True)
    excused_at = models.DateTimeField(null=True, blank=True)
    excused_by = models.ForeignKey("organization.User", on_delete=models.PROTECT, null=True, related_name="+")
    excuse_reason = models.TextField(blank=True, default="")

    class Meta:
        indexes = [
            # what the sweep has to judge again
            models.Index(
                fields=["judge_again_at"], condition=Q(judge_again_at__isnull=False), name="breach_judge_again"
            ),
            models.Index(fields=["store", "found_at"], name="breach_by_time"),
        ]

    def __str__(self):
        return f"breach of {self.deadline_id}"


class Alert(AlertBase):
    """Raised once per deadline and kind; `raised_at` null is a lower kind skipped at a late catch-up."""

    deadline = models.ForeignKey(Deadline, on_delete=models.PROTECT, related_name="alerts")
    acknowledged_by = models.ForeignKey("organization.User", on_delete=models.PROTECT, null=True, related_name="+")
    acknowledged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deadline", "kind"], name="alert_once"),
            models.CheckConstraint(condition=Q(kind__in=AlertKind.values), name="alert_kind_known"),
        ]
        indexes = [models.Index(fields=["store", "-raised_at"], name="alert_newest")]

    def __str__(self):
        return f"{self.kind} of {self.deadline_id}"
