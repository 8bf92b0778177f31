"""The quarterly survey plan and its lines: whom, when, how, with what (POLICY section 2)."""

from django.db import models
from django.db.models import Q

from csi_portal.organization.models.base import TwoLanguages, scope_key

from ..enums import BoardKind, PlanStatus, VisitKind


class SurveyPlan(models.Model):
    """A store's plan of a quarter; the shipped plan (`all`, no quarter) holds until a store has an approved one."""

    scope_key = models.CharField(max_length=20, default="all")
    store = models.ForeignKey("organization.Store", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # "2026-Q4"; empty for the shipped plan
    quarter = models.CharField(max_length=7, blank=True, default="")
    version = models.PositiveIntegerField(default=1)
    status = models.CharField(max_length=10, choices=PlanStatus.choices, default=PlanStatus.DRAFT)
    drafted_by = models.ForeignKey("organization.User", on_delete=models.PROTECT, null=True, related_name="+")
    approved_by = models.ForeignKey("organization.User", on_delete=models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope_key", "quarter", "version"], name="plan_version_once"),
            models.CheckConstraint(condition=Q(status__in=PlanStatus.values), name="plan_status_known"),
        ]

    def save(self, *args, **kwargs):
        self.scope_key = scope_key(self.store)
        super().save(*args, **kwargs)

    def __str__(self):
        return f"{self.scope_key} {self.quarter} v{self.version}"


class PlanLine(TwoLanguages, models.Model):
    """One line of a plan; `line_key` is stable across plan versions and part of a callback's identity."""

    plan = models.ForeignKey(SurveyPlan, on_delete=models.CASCADE, related_name="lines")
    line_key = models.CharField(max_length=40)
    title_zh = models.CharField(max_length=80, blank=True, default="")
    title_en = models.CharField(max_length=80, blank=True, default="")
    position = models.PositiveSmallIntegerField(default=0)
    enabled = models.BooleanField(default=True)
    visit_kind = models.CharField(max_length=10, choices=VisitKind.choices, blank=True, default="")
    days_after = models.PositiveSmallIntegerField(default=3)
    late_after_days = models.PositiveSmallIntegerField(null=True, blank=True)
    too_late_days = models.PositiveSmallIntegerField(default=10)
    channels = models.JSONField(default=list)
    # all | percent | number, with the value of the last two; the seed and frame of a draw are kept on its callbacks
    sampling = models.CharField(max_length=10, default="all")
    sampling_value = models.PositiveSmallIntegerField(null=True, blank=True)
    rest_days = models.PositiveSmallIntegerField(default=30)
    questionnaire = models.ForeignKey(
        "surveys.Questionnaire", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    counts_for = models.CharField(max_length=5, choices=BoardKind.choices, blank=True, default="")
    go_live_on = models.DateField(null=True, blank=True)
    excluded_order_types = models.JSONField(default=list, blank=True)
    priority = models.SmallIntegerField(default=0)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "line_key"], name="plan_line_once"),
            models.CheckConstraint(
                condition=Q(sampling__in=["all", "percent", "number"]), name="plan_line_sampling_known"
            ),
        ]

    def __str__(self):
        return self.in_language("title") or self.line_key
