"""From an uploaded file to a preview: nothing of it counts before somebody confirms."""

import hashlib
import io
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import BinaryIO

from django.db import transaction
from django.utils.translation import gettext as _

from csi_portal.organization import audit, files, hooks, permissions
from csi_portal.organization.errors import Conflict, IllegalMove
from surveys.dms.codes import Refused
from surveys.dms.read import FileRead, read_file
from surveys.dms.sniff import MAX_FILE_MB
from surveys.dms.verdicts import VALID
from surveys.enums import ImportState
from surveys.models import ImportBatch, ImportRow

from . import storing
from .rows import kept

# Up to this size a file is read while the person waits for the page; a larger one in the background.
READ_AT_ONCE = 2 * 1024 * 1024
# How many good rows the preview shows, so that a shifted column is seen before it is stored.
SAMPLE = 5
# What was previewed and neither confirmed nor put away for so long has been forgotten.
FORGOTTEN_AFTER = timedelta(days=7)
_PREVIEWED = (ImportState.STAGED, ImportState.REFUSED)
VERDICTS = ("valid", "duplicate", "invalid", "review")


def stage_file(store, file: BinaryIO, *, name: str, by, now: datetime, kind: str | None = None) -> ImportBatch:
    """Keep an uploaded file and read it for the preview; a large one is read in the background.

    `kind` is "sale" or "service" where the person says so. The batch is `refused` when the whole file is, `staged`
    otherwise; nothing is stored among the visits. Refuses (NotAllowed) who may not import.
    """
    batch = keep_file(store, file, name=name, by=by, now=now, kind=kind)
    read_if_small(batch)
    return batch


def read_if_small(batch: ImportBatch) -> None:
    """Read a file just kept, unless it is one for the background."""
    if batch.is_being_read and batch.file.size <= READ_AT_ONCE:
        read_batch(batch)


def keep_file(store, file: BinaryIO, *, name: str, by, now: datetime, kind: str | None = None) -> ImportBatch:
    """Keep the file and make its batch; ring for the background where the file is too large for a page."""
    permissions.require(by, "surveys.import", store)
    size = file.seek(0, 2)
    file.seek(0)
    stored = None
    if size <= MAX_FILE_MB * 1024 * 1024:
        stored = files.store_file(
            file.read(),
            store=store,
            kind="dms",
            owner="surveys.importbatch:0",  # its batch is made next
            name=name,
            content_type="application/octet-stream",
            by=by,
            now=now,
        )
    with transaction.atomic():
        batch = _new_batch(store, stored, name, by, now, kind)
        if stored is None:
            return _refuse(batch, Refused("too_large", limit=MAX_FILE_MB))
        if size > READ_AT_ONCE:
            hooks.wake("imports")
    return batch


def _new_batch(store, stored, name: str, by, now: datetime, kind: str | None) -> ImportBatch:
    batch = ImportBatch.objects.create(
        store=store,
        file=stored,
        file_name=files.clean_name(name),
        kind=kind or "",
        uploaded_by=by if by.pk else None,
        uploaded_at=now,
    )
    if stored is not None:
        stored.owner = f"surveys.importbatch:{batch.pk}"
        stored.save(update_fields=["owner"])
    audit.record(by, "import.uploaded", batch, at=now, file=batch.file_name)
    return batch


@dataclass
class Look:
    """A file as read: its rows, the orders its valid rows stand for, and one mark of it all."""

    found: FileRead
    orders: list[storing.Order]
    mark: str


def look_at(batch: ImportBatch, progress=None) -> Look:
    """Read the batch's file. Future is judged as of the upload, so that every reading says the same."""
    data = io.BytesIO(files.read_file(batch.file))
    zone = batch.store.zone
    now = batch.uploaded_at.astimezone(zone).replace(tzinfo=None)
    found = read_file(data, batch.file_name, now=now, kind=batch.kind or None, zone=zone, progress=progress)
    return look(found)


def look(found: FileRead) -> Look:
    """Turn valid rows into orders; the mark says later whether the file still reads as it did."""
    whole, orders = hashlib.sha256(), []
    for row in found.rows:
        whole.update(f"{row.sheet}\n{row.number}\n{row.verdict}\n".encode())
        if row.verdict == VALID:
            orders.append(storing.order_of(row.kind, row.values))
            whole.update(orders[-1].digest.encode())
    return Look(found, orders, whole.hexdigest())


def read_batch(batch: ImportBatch) -> Look | None:
    """Read the file of a staged batch and put its rows beside it; safe to run twice. None for a refused file."""
    try:
        seen = look_at(batch)
    except Refused as refused:
        with transaction.atomic():
            _refuse(batch, refused)
        return None
    kept_rows = _rows_to_show(batch, seen.found)
    counts = _counts(batch.store, seen)
    with transaction.atomic():
        fresh = ImportBatch.objects.filter(pk=batch.pk, state=ImportState.STAGED, counts={})
        ignored = [{"name": sheet.name, "lacking": sheet.lacking} for sheet in seen.found.ignored]
        changed = fresh.update(counts=counts, ignored_sheets=ignored, lease="", lease_until=None)
        if changed:
            ImportRow.objects.bulk_create(kept_rows)
    batch.refresh_from_db()
    return seen


def _rows_to_show(batch: ImportBatch, found: FileRead) -> list[ImportRow]:
    rows = [kept(batch, row) for row in found.rows if row.verdict != VALID]
    good = [row for row in found.rows if row.verdict == VALID][:SAMPLE]
    return [*rows, *(kept(batch, row) for row in good)]


def _counts(store, seen: Look) -> dict:
    """What the preview says: verdicts, what storing would do, and what became of each sheet."""
    found = seen.found
    counts = {verdict: found.count(verdict) for verdict in VERDICTS}
    counts["rows"], counts["mark"] = len(found.rows), seen.mark
    counts |= storing.compare(store, seen.orders).counts()
    counts["sheets"] = [
        {
            "name": sheet.name,
            "kind": sheet.kind,
            "header_row": sheet.header_row,
            "rows": sheet.row_count,
            "hidden": sheet.hidden,
            "hidden_rows": sheet.hidden_rows,
            "titles": list(sheet.titles.items()),  # pairs: a JSON object keeps no order
            "ignored_columns": sheet.ignored_columns,
            "skipped": dict(sheet.skipped),
        }
        for sheet in found.sheets
    ]
    return counts


def _refuse(batch: ImportBatch, refused: Refused) -> ImportBatch:
    batch.state = ImportState.REFUSED
    batch.errors = [refusal_as_json(refused)]
    batch.lease, batch.lease_until = "", None
    batch.save(update_fields=["state", "errors", "lease", "lease_until"])
    return batch


def refusal_as_json(refused: Refused) -> dict:
    return {
        "sheet": refused.sheet,
        "row": refused.row,
        "column": refused.column,
        "code": refused.code,
        "params": refused.params,
    }


def choose_kind(batch: ImportBatch, kind: str, *, by, now: datetime) -> ImportBatch:
    """Say what a refused file holds, where its headings do not tell, and read it again."""
    permissions.require(by, "surveys.import", batch)
    if not batch.asks_for_kind:
        raise IllegalMove(_("The kind of this file is known."))
    with transaction.atomic():
        changed = ImportBatch.objects.filter(pk=batch.pk, state=ImportState.REFUSED).update(
            state=ImportState.STAGED, kind=kind, errors=[], counts={}
        )
        if not changed:
            raise Conflict(_("Somebody else has gone on with this file already."))
        audit.record(by, "import.kind_chosen", batch, at=now, kind=kind)
        hooks.wake("imports")
    batch.refresh_from_db()
    read_if_small(batch)
    return batch


def drop_import(batch: ImportBatch, *, by, now: datetime) -> None:
    """Put a previewed file away: nothing of it is stored."""
    permissions.require(by, "surveys.import", batch)
    with transaction.atomic():
        changed = ImportBatch.objects.filter(pk=batch.pk, state__in=[*_PREVIEWED, ImportState.FAILED]).update(
            state=ImportState.DROPPED, finished_at=now
        )
        if not changed:
            raise Conflict(_("This file has been confirmed or put away already."))
        audit.record(by, "import.dropped", batch, at=now)


def put_away_forgotten(store, day: date, now: datetime) -> None:
    """Put away the store's files nobody went on with for `FORGOTTEN_AFTER`; a job of the day."""
    for batch in ImportBatch.objects.filter(store=store, state__in=_PREVIEWED, uploaded_at__lt=now - FORGOTTEN_AFTER):
        with suppress(Conflict):  # somebody goes on with it at this moment
            drop_import(batch, by=permissions.SYSTEM, now=now)
