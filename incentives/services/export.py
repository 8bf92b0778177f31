"""The sheet as a file: the locked one byte for byte, else a trial marked as such. Only finance, and audited."""

import hashlib
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from csi_portal.organization import audit, files
from csi_portal.organization.errors import IllegalMove
from csi_portal.organization.permissions import require
from incentives.models import Month, MonthStatus
from incentives.services.months import month_row, sheet_name
from incentives.sheet import figures, sheet_data, workbook


@dataclass(frozen=True)
class Sheet:
    """An exported sheet: its bytes, its file name and the totals it shows, in fen."""

    content: bytes
    name: str
    locked: bool
    totals: dict[str, int]

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def export_sheet(store, month: date, *, by, now) -> Sheet:
    """The month's sheet for `by`, who is finance; an audit line says who took which bytes.

    IllegalMove: the stored file was changed or lost and cannot be made again.
    """
    with transaction.atomic():
        row = month_row(store, month)
        require(by, "incentives.export", row)
        sheet = _locked_sheet(row) if row.status == MonthStatus.LOCKED else _trial(row, now)
        audit.record(
            by,
            "month.exported",
            row if row.pk else None,
            store=store,
            at=now,
            month=f"{month:%Y-%m}",
            locked=sheet.locked,
            sha256=sheet.digest,
            rows=sheet.totals["entries"],
        )
    return sheet


def _trial(row: Month, now) -> Sheet:
    data = sheet_data(figures(row.store, row.month, now=now), now=now)
    return Sheet(workbook(data), sheet_name(row.store, row.month, trial=True), False, data["totals"])


def _locked_sheet(row: Month) -> Sheet:
    """The stored bytes, or those made again from the plain value; never any whose hash is not the recorded one."""
    for make in (lambda: files.read_file(row.sheet), lambda: workbook(row.sheet_data)):
        try:
            content = make()
        except FileNotFoundError:
            continue
        if hashlib.sha256(content).hexdigest() == row.sheet_hash:
            return Sheet(content, sheet_name(row.store, row.month), True, row.sheet_data["totals"])
    raise IllegalMove(_("The stored sheet was changed or lost and cannot be made again. Ask the administrator."))
