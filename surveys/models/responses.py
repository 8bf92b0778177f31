"""Responses and their answers: a draft while the agent types, immutable once completed."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from csi_portal.organization.models.base import StoreRow, StoreRows

from ..enums import ResponseChannel


class ResponseRows(StoreRows):
    def completed(self):
        return self.filter(completed_at__isnull=False)

    def low_open(self):
        """Submitted with a low answer that led neither to a complaint form nor to a reason why not."""
        return self.filter(has_low_answer=True, low_settled_at=None, completed_at__isnull=False)

    def counted(self, kind: str):
        """What a board of the kind may count: completed, one per callback, of lines that count for it."""
        return self.completed().filter(counted=True, counts_for=kind)


class Response(StoreRow):
    """One filled questionnaire of a callback. `completed_at` null is a draft; one response per callback counts.

    The score is exact: `score_num / score_den` in points of 100; both null when nothing scored was answered.
    """

    callback = models.ForeignKey("surveys.Callback", on_delete=models.PROTECT, related_name="responses")
    version = models.ForeignKey("surveys.QuestionnaireVersion", on_delete=models.PROTECT, null=True, related_name="+")
    channel = models.CharField(max_length=10, choices=ResponseChannel.choices, default=ResponseChannel.PHONE)
    counts_for = models.CharField(max_length=5, blank=True, default="")
    counted = models.BooleanField(default=False)
    agent = models.ForeignKey("organization.User", on_delete=models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField(default=timezone.now)
    saved_at = models.DateTimeField(default=timezone.now)
    completed_at = models.DateTimeField(null=True, blank=True)
    # every mandatory question answered
    is_complete = models.BooleanField(default=False)
    score_num = models.BigIntegerField(null=True)
    score_den = models.BigIntegerField(null=True)
    has_low_answer = models.BooleanField(default=False)
    no_complaint_reason = models.TextField(blank=True, default="")
    # a low answer was followed by a complaint form or a stated reason why not
    low_settled_at = models.DateTimeField(null=True, blank=True)
    comment = models.TextField(blank=True, default="")
    version_no = models.PositiveIntegerField(default=1)

    objects = ResponseRows.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "callback"], condition=Q(counted=True), name="one_counted_response"
            ),
            models.UniqueConstraint(
                fields=["store", "callback", "channel"],
                condition=Q(completed_at=None),
                name="one_draft_per_channel",
            ),
            models.CheckConstraint(condition=Q(score_den=None) | Q(score_den__gt=0), name="response_score_den"),
        ]
        indexes = [
            # the responses of a period
            models.Index(
                fields=["store", "counts_for", "completed_at"],
                condition=Q(counted=True),
                name="response_of_period",
            ),
            models.Index(fields=["store", "-completed_at", "-id"], name="response_newest"),
            # low answers that still wait for a form or a reason
            models.Index(
                fields=["store", "agent"],
                condition=Q(has_low_answer=True, low_settled_at=None, completed_at__isnull=False),
                name="response_low_open",
            ),
        ]

    def __str__(self):
        return f"{self.callback_id} {self.channel}"


class Answer(StoreRow):
    """An answer: option keys, a number or a text; `not_applicable` is a state, not a number. Points are as scored."""

    response = models.ForeignKey(Response, on_delete=models.CASCADE, related_name="answers")
    question = models.ForeignKey("surveys.Question", on_delete=models.PROTECT, related_name="+")
    options = models.JSONField(default=list, blank=True)
    number = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    text = models.TextField(blank=True, default="")
    not_applicable = models.BooleanField(default=False)
    points = models.PositiveSmallIntegerField(null=True)
    is_low = models.BooleanField(default=False)
    low_reasons = models.JSONField(default=list, blank=True)
    low_note = models.TextField(blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["response", "question"], name="answer_once")]
        indexes = [models.Index(fields=["store", "question"], name="answer_by_question")]

    def __str__(self):
        return f"{self.response_id}/{self.question_id}"
