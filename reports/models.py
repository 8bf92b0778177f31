"""Published boards, their lines, and whether a month is valid (POLICY sections 2 and 4)."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from csi_portal.organization.models.base import StoreRow
from surveys.enums import BoardKind


class PeriodKind(models.TextChoices):
    WEEK = "week", _("Week")
    MONTH = "month", _("Month")


class LineKind(models.TextChoices):
    STORE = "store", _("Store")
    DEPARTMENT = "department", _("Department")
    PERSON = "person", _("Person")


class Board(StoreRow):
    """A published board: frozen figures of one kind and period. A correction is the next revision with a reason.

    Append-only by trigger. `period_start` is the Monday or the first of the month in the store's zone.
    """

    kind = models.CharField(max_length=5, choices=BoardKind.choices)
    period_kind = models.CharField(max_length=10, choices=PeriodKind.choices)
    period_start = models.DateField()
    revision = models.PositiveSmallIntegerField(default=1)
    reason = models.CharField(max_length=300, blank=True, default="")
    published_at = models.DateTimeField(default=timezone.now)
    published_by = models.ForeignKey("organization.User", on_delete=models.PROTECT, null=True, related_name="+")
    # the target and bands in force when it was published
    target = models.DecimalField(max_digits=5, decimal_places=2)
    bands = models.JSONField(default=dict)
    targets = models.JSONField(default=dict)  # the whole policy table "targets" by which it was judged

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "kind", "period_kind", "period_start", "revision"],
                name="board_revision_once",
            ),
            models.CheckConstraint(condition=Q(kind__in=BoardKind.values), name="board_kind_known"),
            models.CheckConstraint(condition=Q(period_kind__in=PeriodKind.values), name="board_period_known"),
            models.CheckConstraint(condition=Q(revision=1) | ~Q(reason=""), name="board_revision_has_reason"),
        ]
        indexes = [
            models.Index(fields=["store", "period_kind", "-period_start", "kind", "-revision"], name="board_newest")
        ]

    def __str__(self):
        return f"{self.kind} {self.period_start} r{self.revision}"

    def get_absolute_url(self):
        from django.urls import reverse  # urls import the views, which import this module

        return reverse("reports:board", args=[self.pk])


class BoardLine(StoreRow):
    """One row of a published board. Counts as they were; `score` is published (2 decimals), null for none.

    `name` and `department_name` are frozen: a person who leaves stays on the old board. `score_num / score_den` is
    the exact score where both fit 63 bits. Append-only by trigger.
    """

    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="lines")
    line_kind = models.CharField(max_length=10, choices=LineKind.choices)
    subject_key = models.CharField(max_length=20)  # s:1, d:3, e:12
    name = models.CharField(max_length=120)
    department_name = models.CharField(max_length=60, blank=True, default="")
    department_key = models.CharField(max_length=20, blank=True, default="")  # d:3; empty on the store's line
    judged_as = models.CharField(max_length=12, blank=True, default="")  # persons: advisor or technician
    position = models.PositiveSmallIntegerField(default=0)
    score = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    score_num = models.BigIntegerField(null=True)
    score_den = models.BigIntegerField(null=True)
    n = models.PositiveIntegerField(default=0)
    interval = models.DecimalField(max_digits=5, decimal_places=2, null=True)  # half width of the 95 % interval
    previous_score = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    previous_n = models.PositiveIntegerField(default=0)
    rank = models.PositiveSmallIntegerField(null=True)
    due = models.PositiveIntegerField(default=0)
    contacted = models.PositiveIntegerField(default=0)
    contacted_by_phone = models.PositiveIntegerField(default=0)
    completed = models.PositiveIntegerField(default=0)
    no_number = models.PositiveIntegerField(default=0)  # beside due, not in it
    complaints = models.PositiveIntegerField(default=0)
    complaint_levels = models.JSONField(default=dict)  # {"grumble": 8, …}
    steps_due = models.PositiveIntegerField(default=0)
    steps_on_time = models.PositiveIntegerField(default=0)
    steps_excused = models.PositiveIntegerField(default=0)  # late, and excused by the general manager
    # What the score was made of: {"": [response ids]}, persons by the position the questions judge. Submitted answers
    # are immutable, so the parts of a frozen figure can always be shown again.
    sample = models.JSONField(default=dict)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["board", "subject_key"], name="board_line_once"),
            models.CheckConstraint(
                condition=Q(completed__lte=models.F("contacted")) & Q(contacted__lte=models.F("due")),
                name="board_rates_inside",
            ),
            models.CheckConstraint(
                condition=Q(steps_due__gte=models.F("steps_on_time") + models.F("steps_excused")),
                name="board_on_time_inside",
            ),
        ]

    def __str__(self):
        return f"{self.name} {self.score}"

    @property
    def department_id(self) -> int | None:
        """The department the line is about or the person belonged to; None on the store's line."""
        return int(self.department_key.removeprefix("d:")) if self.department_key else None

    @property
    def employee_id(self) -> int | None:
        """The person the line is about."""
        return int(self.subject_key.removeprefix("e:")) if self.line_kind == LineKind.PERSON else None


class MonthAcceptance(StoreRow):
    """The general manager accepts a month that is not valid, with a reason; its score then counts for money."""

    kind = models.CharField(max_length=5, choices=BoardKind.choices)
    month = models.DateField()
    reason = models.TextField()
    accepted_by = models.ForeignKey("organization.User", on_delete=models.PROTECT, related_name="+")
    accepted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "kind", "month"], name="month_accepted_once")]

    def __str__(self):
        return f"{self.kind} {self.month:%Y-%m}"
