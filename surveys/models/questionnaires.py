"""Questionnaires: draft → published → retired; published is immutable and answers point to their version."""

from django.db import models
from django.db.models import Q

from csi_portal.organization.models.base import TwoLanguages, scope_key

from ..enums import QuestionKind, QuestionnaireStatus


class Questionnaire(TwoLanguages, models.Model):
    """A questionnaire of the portal (`all`) or of one store; `code` is what plan lines name."""

    scope_key = models.CharField(max_length=20, default="all")
    store = models.ForeignKey("organization.Store", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    code = models.CharField(max_length=40)
    title_zh = models.CharField(max_length=120, blank=True, default="")
    title_en = models.CharField(max_length=120, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope_key", "code"], name="questionnaire_once")]

    def save(self, *args, **kwargs):
        self.scope_key = scope_key(self.store)
        super().save(*args, **kwargs)

    def __str__(self):
        return self.in_language("title") or self.code


class QuestionnaireVersion(TwoLanguages, models.Model):
    questionnaire = models.ForeignKey(Questionnaire, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(default=1)
    status = models.CharField(max_length=10, choices=QuestionnaireStatus.choices, default=QuestionnaireStatus.DRAFT)
    intro_zh = models.TextField(blank=True, default="")
    intro_en = models.TextField(blank=True, default="")
    outro_zh = models.TextField(blank=True, default="")
    outro_en = models.TextField(blank=True, default="")
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["questionnaire", "number"], name="questionnaire_version_once"),
            models.UniqueConstraint(
                fields=["questionnaire"], condition=Q(status="published"), name="questionnaire_one_published"
            ),
        ]

    def __str__(self):
        return f"{self.questionnaire} v{self.number}"


class Section(TwoLanguages, models.Model):
    """A factor of the index."""

    version = models.ForeignKey(QuestionnaireVersion, on_delete=models.CASCADE, related_name="sections")
    key = models.CharField(max_length=40)
    position = models.PositiveSmallIntegerField(default=0)
    title_zh = models.CharField(max_length=120, blank=True, default="")
    title_en = models.CharField(max_length=120, blank=True, default="")

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["version", "key"], name="section_once")]

    def __str__(self):
        return self.in_language("title")


class Question(TwoLanguages, models.Model):
    """One question; `key` is stable across versions and joins trends.

    `show_if` is {"question": key, "op": "in"|"lte", "value": [option keys] | points}; empty means always.
    `judges_department` names a department code, `judges` the person of the visit the answer judges
    ("advisor", "technician" or ""). `low_threshold` in points: at or below is a low answer.
    """

    version = models.ForeignKey(QuestionnaireVersion, on_delete=models.CASCADE, related_name="questions")
    section = models.ForeignKey(Section, on_delete=models.CASCADE, related_name="questions")
    key = models.CharField(max_length=40)
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=10, choices=QuestionKind.choices)
    text_zh = models.TextField(blank=True, default="")
    text_en = models.TextField(blank=True, default="")
    script_zh = models.TextField(blank=True, default="")
    script_en = models.TextField(blank=True, default="")
    help_zh = models.TextField(blank=True, default="")
    help_en = models.TextField(blank=True, default="")
    mandatory = models.BooleanField(default=False)
    allow_na = models.BooleanField(default=True)
    weight = models.DecimalField(max_digits=6, decimal_places=2, default=1)
    scored = models.BooleanField(default=True)
    show_if = models.JSONField(default=dict, blank=True)
    low_threshold = models.PositiveSmallIntegerField(default=60)
    judges_department = models.CharField(max_length=20, blank=True, default="")
    judges = models.CharField(max_length=12, blank=True, default="")
    on_short_form = models.BooleanField(default=False)
    # what a low answer may be about, offered as chips: [{"key", "zh", "en"}]
    low_reasons = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "key"], name="question_once"),
            models.CheckConstraint(condition=Q(weight__gte=0), name="question_weight_not_negative"),
        ]

    def __str__(self):
        return self.in_language("text")


class QuestionOption(TwoLanguages, models.Model):
    """A choice; scored options carry points 0–100. Answers store the key, never the label."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="options")
    key = models.CharField(max_length=20)
    position = models.PositiveSmallIntegerField(default=0)
    label_zh = models.CharField(max_length=120, blank=True, default="")
    label_en = models.CharField(max_length=120, blank=True, default="")
    points = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["question", "key"], name="option_once"),
            models.CheckConstraint(condition=Q(points=None) | Q(points__lte=100), name="option_points_in_scale"),
        ]

    def __str__(self):
        return self.in_language("label")
