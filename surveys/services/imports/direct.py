"""A whole import at once, for the command: the same steps, confirmed by whoever runs it."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

from csi_portal.organization.permissions import require
from surveys.dms.codes import Issue, Refused, message
from surveys.dms.read import read_file
from surveys.dms.verdicts import DUPLICATE, INVALID, REVIEW
from surveys.enums import ImportState, RowVerdict
from surveys.models import ImportBatch

from . import staging, storing
from .rows import entries, entry
from .running import confirm_import, run_batch

COUNTS = ("rows", "created", "updated", "unchanged", "duplicate", "invalid", "review")


@dataclass
class DirectResult:
    """What became of a file. `errors` and `reviews` are entries of sheet, row, column, code and message."""

    counts: dict[str, int]
    errors: list[dict] = field(default_factory=list)
    reviews: list[dict] = field(default_factory=list)
    ignored_sheets: list[str] = field(default_factory=list)
    refused: bool = False

    def as_json(self) -> dict:
        found = {name: self.counts.get(name, 0) for name in COUNTS}
        return found | {"errors": self.errors, "reviews": self.reviews, "ignored_sheets": self.ignored_sheets}


def import_file(store, file: BinaryIO, *, name: str, by, now: datetime, kind: str | None = None) -> DirectResult:
    """Import a file and wait for it. A file refused whole stores nothing; see `DirectResult`."""
    batch = staging.keep_file(store, file, name=name, by=by, now=now, kind=kind)
    seen = staging.read_batch(batch) if batch.state == ImportState.STAGED else None
    if seen is None:
        return _refused(batch.errors[0])
    lease = str(uuid.uuid4())
    batch = confirm_import(batch, by=by, now=now, lease=lease)
    batch = run_batch(batch, lease=lease, now=now, seen=seen)
    return DirectResult(
        counts=batch.counts,
        errors=_kept_entries(batch, RowVerdict.INVALID),
        reviews=_kept_entries(batch, RowVerdict.REVIEW),
        ignored_sheets=[sheet["name"] for sheet in batch.ignored_sheets],
    )


def _kept_entries(batch: ImportBatch, verdict: str) -> list[dict]:
    rows = batch.rows.filter(verdict=verdict).order_by("pk")
    return [entry(row.sheet, row.row, Issue.from_json(problem)) for row in rows.iterator() for problem in row.problems]


def try_file(store, file: BinaryIO, *, name: str, by, now: datetime, kind: str | None = None) -> DirectResult:
    """Say what importing the file would do, and store nothing at all."""
    require(by, "surveys.import", store)
    zone = store.zone
    try:
        local = now.astimezone(zone).replace(tzinfo=None)
        found = read_file(file, name, now=local, kind=kind, zone=zone)
    except Refused as refused:
        return _refused(staging.refusal_as_json(refused))
    counts = {"rows": len(found.rows)} | {verdict: found.count(verdict) for verdict in (DUPLICATE, INVALID, REVIEW)}
    return DirectResult(
        counts=counts | storing.compare(store, staging.look(found).orders).counts(),
        errors=entries(found.rows, INVALID),
        reviews=entries(found.rows, REVIEW),
        ignored_sheets=[sheet.name for sheet in found.ignored],
    )


def _refused(error: dict) -> DirectResult:
    told = {key: error[key] for key in ("sheet", "row", "column", "code")}
    told["message"] = message(error["code"], error["params"])
    return DirectResult(counts={}, errors=[told], refused=True)
