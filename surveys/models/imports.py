"""An uploaded DMS file and its rows, from preview to result."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from csi_portal.organization.models.base import StoreRow

from ..enums import ImportState, RowState, RowVerdict, VisitKind


class ImportBatch(StoreRow):
    """One file: staged, shown, confirmed, imported in the background. Written by services.imports."""

    file = models.ForeignKey("organization.StoredFile", on_delete=models.PROTECT, null=True, related_name="+")
    file_name = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=VisitKind.choices, blank=True, default="")
    state = models.CharField(max_length=10, choices=ImportState.choices, default=ImportState.STAGED)
    counts = models.JSONField(default=dict)
    # [{sheet, row, column, code, message}] of a file refused whole, and sheets passed over
    errors = models.JSONField(default=list)
    ignored_sheets = models.JSONField(default=list)
    done_rows = models.PositiveIntegerField(default=0)
    uploaded_by = models.ForeignKey("organization.User", on_delete=models.PROTECT, null=True, related_name="+")
    uploaded_at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    lease = models.CharField(max_length=36, blank=True, default="")
    lease_until = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(state__in=ImportState.values), name="import_state_known")]
        indexes = [models.Index(fields=["store", "-uploaded_at"], name="import_newest")]

    def __str__(self):
        return self.file_name

    @property
    def is_being_read(self) -> bool:
        """Uploaded, but not yet looked through for the preview."""
        return self.state == ImportState.STAGED and not self.counts

    @property
    def asks_for_kind(self) -> bool:
        """Refused only because the headings do not tell deliveries from repair orders, or told another kind."""
        return self.state == ImportState.REFUSED and any(
            error["code"] in {"kind_ambiguous", "kind_mismatch"} for error in self.errors
        )


class ImportRow(StoreRow):
    """One data row of a batch as read; what is refused or unclear keeps what was in the cells."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="rows")
    sheet = models.CharField(max_length=120)
    row = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=VisitKind.choices)
    verdict = models.CharField(max_length=10, choices=RowVerdict.choices)
    state = models.CharField(max_length=10, choices=RowState.choices, default=RowState.PENDING)
    raw = models.JSONField(default=dict)
    values = models.JSONField(default=dict)
    # [{column, code, message}]
    problems = models.JSONField(default=list)
    # An unclear row is listed once, however often the file comes.
    fingerprint = models.CharField(max_length=64, blank=True, default="")
    visit = models.ForeignKey("surveys.Visit", on_delete=models.PROTECT, null=True, related_name="+")
    settled_by = models.ForeignKey("organization.User", on_delete=models.PROTECT, null=True, related_name="+")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "fingerprint"],
                condition=Q(state__in=["waiting", "completed", "dropped"]) & ~Q(fingerprint=""),
                name="unclear_row_once",
            ),
        ]
        indexes = [
            models.Index(fields=["batch", "verdict", "row"], name="import_row_by_verdict"),
            models.Index(fields=["store"], condition=Q(state="waiting"), name="import_row_waiting"),
        ]

    def __str__(self):
        return f"{self.sheet}!{self.row}"
