"""What was done on a form: events, tries, resolutions, instructions, signatures, findings. Lines, never edits."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from csi_portal.organization.models.base import StoreRow

from ..enums import Signer, TryChannel, TryResult


class EventText(StoreRow):
    """Text a customer may ask to erase, in a row of its own; the event keeps its digest."""

    text = models.TextField()

    def __str__(self):
        return self.text[:40]


class Event(StoreRow):
    """One line of the timeline. Append-only by trigger; the text sits beside it."""

    complaint = models.ForeignKey("complaints.Complaint", on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=40)
    happened_at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey("organization.User", on_delete=models.PROTECT, null=True, related_name="+")
    actor_name = models.CharField(max_length=150, blank=True, default="")
    detail = models.JSONField(default=dict, blank=True)
    text = models.ForeignKey(EventText, on_delete=models.PROTECT, null=True, related_name="+")
    text_digest = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        ordering = ["recorded_at", "pk"]
        indexes = [models.Index(fields=["complaint", "recorded_at", "id"], name="event_timeline")]

    def __str__(self):
        return f"{self.kind} {self.complaint_id}"


class ContactTry(StoreRow):
    """A try to reach the customer for first contact or callback; three with conditions meet the step as not reached."""

    complaint = models.ForeignKey("complaints.Complaint", on_delete=models.PROTECT, related_name="tries")
    step = models.CharField(max_length=20)
    at = models.DateTimeField()
    by = models.ForeignKey("organization.User", on_delete=models.PROTECT, null=True, related_name="+")
    channel = models.CharField(max_length=10, choices=TryChannel.choices, default=TryChannel.PHONE)
    result = models.CharField(max_length=20, choices=TryResult.choices, default=TryResult.NOT_REACHED)
    # the attempt at the call desk that this line repeats
    attempt = models.OneToOneField(
        "surveys.Attempt", on_delete=models.PROTECT, null=True, blank=True, related_name="complaint_try"
    )
    half_day = models.CharField(max_length=11)  # "2026-11-21a" before 13:00, "b" from then on
    note = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self):
        return f"{self.step} {self.at:%m-%d %H:%M}"


class Resolution(StoreRow):
    """What was agreed with the customer, why it happened, what is done against it; the newest row counts."""

    complaint = models.ForeignKey("complaints.Complaint", on_delete=models.PROTECT, related_name="resolutions")
    remedy = models.TextField()
    cause = models.TextField()
    measures = models.TextField(blank=True, default="")
    cause_category = models.ForeignKey(
        "complaints.Category", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    by = models.ForeignKey("organization.User", on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self):
        return f"resolution of {self.complaint_id}"


class Instruction(StoreRow):
    """The general manager's answer to an escalation or a major form: acknowledged, instruction, date."""

    complaint = models.ForeignKey("complaints.Complaint", on_delete=models.PROTECT, related_name="instructions")
    asked_at = models.DateTimeField()
    asked_because = models.CharField(max_length=20)  # major | escalated | asked | own
    text = models.TextField(blank=True, default="")
    # until when the general manager wants it done
    act_by = models.DateField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey("organization.User", on_delete=models.PROTECT, null=True, related_name="+")
    # P2: the form went to the general manager because somebody neglected it
    because_of_neglect = models.BooleanField(default=False)
    reminded_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["complaint"], condition=Q(answered_at=None), name="one_open_question")
        ]

    def __str__(self):
        return f"instruction on {self.complaint_id}"


class Signature(StoreRow):
    """A signature on one's own login, over the content signed; a later change of the content voids it."""

    complaint = models.ForeignKey("complaints.Complaint", on_delete=models.PROTECT, related_name="signatures")
    signer = models.CharField(max_length=16, choices=Signer.choices)
    employee = models.ForeignKey("organization.Employee", on_delete=models.PROTECT, null=True, related_name="+")
    user = models.ForeignKey("organization.User", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=150)
    content_digest = models.CharField(max_length=64)
    signed_at = models.DateTimeField()
    void_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["complaint", "signer", "user"], condition=Q(void_at=None), name="signature_once"
            ),
            models.CheckConstraint(condition=Q(signer__in=Signer.values), name="signer_known"),
        ]

    def __str__(self):
        return f"{self.signer} {self.name}"


class FaultFinding(StoreRow):
    """The care manager's tick: this breach happened through this person's fault, with a cause (P2)."""

    complaint = models.ForeignKey("complaints.Complaint", on_delete=models.PROTECT, related_name="faults")
    breach = models.ForeignKey("complaints.Breach", on_delete=models.PROTECT, null=True, related_name="faults")
    employee = models.ForeignKey("organization.Employee", on_delete=models.PROTECT, related_name="+")
    cause = models.TextField()
    found_by = models.ForeignKey("organization.User", on_delete=models.PROTECT, related_name="+")
    found_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["complaint", "employee"], condition=Q(withdrawn_at=None), name="fault_once")
        ]

    def __str__(self):
        return f"fault of {self.employee_id} on {self.complaint_id}"
