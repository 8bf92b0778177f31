"""From the confirmed preview to the visits: in the background, all or nothing, once."""

import logging
import uuid
from datetime import datetime, timedelta

from django.db import DatabaseError, OperationalError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from csi_portal.organization import audit, hooks, permissions
from csi_portal.organization.errors import Conflict
from csi_portal.organization.permissions import SYSTEM
from surveys.dms.codes import Refused
from surveys.dms.verdicts import DUPLICATE, INVALID, REVIEW, VALID, Row
from surveys.enums import ImportState, RowState, RowVerdict
from surveys.models import ImportBatch, ImportRow

from . import staging, storing
from .rows import unpacked

logger = logging.getLogger(__name__)

# Longer than the largest file takes; a worker that died gives its batch back after this time.
LEASE = timedelta(minutes=5)
PAGE_TIME = timedelta(seconds=30)


class PreviewOutdated(Exception):
    """The file is read differently now: what would be stored is not what was confirmed."""


def confirm_import(batch: ImportBatch, *, by, now: datetime, lease: str = "") -> ImportBatch:
    """Let the previewed file be imported; the work is done in the background.

    With `lease` the caller does it itself. Refuses (Conflict) when somebody confirmed or put it away before.
    """
    permissions.require(by, "surveys.import", batch)
    with transaction.atomic():
        changed = (
            ImportBatch.objects.filter(pk=batch.pk, state=ImportState.STAGED)
            .exclude(counts={})
            .update(
                state=ImportState.CONFIRMED,
                confirmed_at=now,
                done_rows=0,
                lease=lease,
                lease_until=now + LEASE if lease else None,
            )
        )
        if not changed:
            raise Conflict(_("This file has been confirmed or put away already."))
        audit.record(by, "import.confirmed", batch, at=now, file=batch.file_name)
        hooks.wake("imports")
    batch.refresh_from_db()
    return batch


def try_again(batch: ImportBatch, *, by, now: datetime) -> None:
    """Import a failed file once more."""
    permissions.require(by, "surveys.import", batch)
    with transaction.atomic():
        changed = ImportBatch.objects.filter(pk=batch.pk, state=ImportState.FAILED).update(
            state=ImportState.CONFIRMED, errors=[], finished_at=None, lease="", lease_until=None
        )
        if not changed:
            raise Conflict(_("Somebody else has gone on with this file already."))
        audit.record(by, "import.retried", batch, at=now)
        hooks.wake("imports")


def waiting(now: datetime):
    """Batches with work to do that nobody holds: confirmed, or to be read.

    A small file is read by the page it was sent from; only when that page died is it left to the background.
    """
    free = Q(lease="") | Q(lease_until__lt=now)
    left_behind = Q(file__size__gt=staging.READ_AT_ONCE) | Q(uploaded_at__lt=now - PAGE_TIME)
    to_read = Q(state=ImportState.STAGED, counts={}, file__isnull=False) & left_behind
    return ImportBatch.objects.filter(free, to_read | Q(state=ImportState.CONFIRMED))


def work_off(now: datetime | None = None) -> dict[str, int]:
    """Do what waits, one batch after the other; beside another worker each batch is done once."""
    now = now or timezone.now()
    done = 0
    for batch in waiting(now).select_related("store", "file").order_by("pk"):
        token = str(uuid.uuid4())
        if _take(batch, token, now):
            _do(batch, token, now)
            done += 1
    return {"imports": done}


def _take(batch: ImportBatch, token: str, now: datetime) -> bool:
    free = ImportBatch.objects.filter(pk=batch.pk, state=batch.state).filter(Q(lease="") | Q(lease_until__lt=now))
    return bool(free.update(lease=token, lease_until=now + LEASE))


def _do(batch: ImportBatch, token: str, now: datetime) -> None:
    """One batch; a fault of the database leaves it to the next pass, any other ends it with a word."""
    held = ImportBatch.objects.filter(pk=batch.pk, lease=token)
    try:
        if batch.state == ImportState.STAGED:
            staging.read_batch(batch)
        else:
            run_batch(batch, lease=token, now=now)
    except OperationalError:
        logger.exception("import %s could not reach the database; it is tried again", batch.pk)
        held.update(lease="", lease_until=None)
    except Exception as fault:
        logger.exception("import %s failed", batch.pk)
        code = "preview_outdated" if isinstance(fault, PreviewOutdated) else "failed"
        errors = [staging.refusal_as_json(Refused(code))]
        held.update(state=ImportState.FAILED, errors=errors, finished_at=now, lease="", lease_until=None)


def run_batch(batch: ImportBatch, *, lease: str, now: datetime, seen: staging.Look | None = None) -> ImportBatch:
    """Store a confirmed batch's rows, all or nothing.

    Valid rows become visits, unclear ones are listed once, refused ones stay with the batch. The lease must still
    be held at the end, else nothing is kept and the other holder's work stands. `seen` spares reading the file
    again right after the preview.
    """
    held = ImportBatch.objects.filter(pk=batch.pk, lease=lease)
    if seen is None:
        seen = staging.look_at(batch, progress=lambda rows: held.update(done_rows=rows))
    if seen.mark != batch.counts["mark"]:
        raise PreviewOutdated
    with transaction.atomic():
        storing.lock_store(batch.store)
        mended, again = _mended_orders(batch, seen.found.rows)
        orders = seen.orders + [order for order, _row in mended]
        compared = storing.store_orders(batch.store, orders, now=now)
        _link_mended(mended, again, now)
        listed = _list_unclear(batch, compared, now)
        _finish(batch, lease, compared, listed, now)
    hooks.wake("visit")
    batch.refresh_from_db()
    return batch


def _mended_orders(batch: ImportBatch, rows: list[Row]) -> tuple[list, list[ImportRow]]:
    """Rows made good in the preview, and those among them whose order stands elsewhere in the file."""
    taken = {(row.kind, row.order_no) for row in rows if row.verdict == VALID}
    mended, again = [], []
    shown = {(row.sheet, row.number) for row in rows if row.verdict == VALID}
    good = ImportRow.objects.filter(batch=batch, verdict=RowVerdict.VALID).order_by("pk")
    for row in good:
        if (row.sheet, row.row) in shown:  # one of the sample, valid from the beginning
            continue
        order = order_from(row)
        if order.key in taken:
            again.append(row)
        else:
            taken.add(order.key)
            mended.append((order, row))
    return mended, again


def order_from(row: ImportRow) -> storing.Order:
    """The order a kept row stands for; what its cells left blank is blank, not absent."""
    return storing.order_of(row.kind, dict.fromkeys(row.raw) | unpacked(row.values))


def _link_mended(mended: list, again: list[ImportRow], now: datetime) -> None:
    for order, row in mended:
        row.state, row.visit_id = RowState.STORED, order.visit_id
    for row in again:
        row.verdict, row.state = RowVerdict.DUPLICATE, RowState.REFUSED
    ImportRow.objects.bulk_update(
        [row for _order, row in mended] + again, ["verdict", "state", "visit"], batch_size=200
    )


def _list_unclear(batch: ImportBatch, compared: storing.Compared, now: datetime) -> int:
    """Put unclear rows on the list, each once however often it comes; what a newer row settled leaves it.

    Returns how many the list has more.
    """
    store = batch.store
    stored = {order.key: order.visit_id for group in vars(compared).values() for order in group}
    waiting_rows = ImportRow.objects.filter(store=store, state=RowState.WAITING)
    by_order = {(row.kind, row.values.get("order_no")): row for row in waiting_rows}
    for key in by_order.keys() & stored.keys():
        row = by_order.pop(key)
        row.state, row.visit_id, row.settled_at = RowState.COMPLETED, stored[key], now
        row.save(update_fields=["state", "visit", "settled_at"])
    unclear = list(ImportRow.objects.filter(batch=batch, verdict=RowVerdict.REVIEW, state=RowState.PENDING))
    known = set()
    for some in storing.chunks(row.fingerprint for row in unclear):
        held = ImportRow.objects.filter(
            store=store,
            fingerprint__in=some,
            state__in=[RowState.WAITING, RowState.COMPLETED, RowState.DROPPED],
        )
        known |= set(held.values_list("fingerprint", flat=True))
    superseded, passed_over, listed = [], [], []
    for row in unclear:
        if row.fingerprint in known:
            passed_over.append(row.pk)
            continue
        older = by_order.get((row.kind, row.values.get("order_no")))
        if older is not None:
            superseded.append(older.pk)
        listed.append(row.pk)
    # The newer telling of an order takes the place of the older one.
    _set_state(superseded + passed_over, RowState.REFUSED)
    _set_state(listed, RowState.WAITING)
    return len(listed)


def _set_state(keys: list[int], state: str) -> None:
    for some in storing.chunks(keys):
        ImportRow.objects.filter(pk__in=some).update(state=state)


def _finish(batch: ImportBatch, lease: str, compared: storing.Compared, listed: int, now: datetime) -> None:
    refused = ImportRow.objects.filter(batch=batch, state=RowState.PENDING, verdict__in=[INVALID, DUPLICATE])
    refused.update(state=RowState.REFUSED)
    # The good rows of the preview's sample have served.
    ImportRow.objects.filter(batch=batch, state=RowState.PENDING, verdict=VALID).delete()
    kept = ImportRow.objects.filter(batch=batch)
    sizes = {verdict: kept.filter(verdict=verdict).count() for verdict in (INVALID, DUPLICATE, REVIEW)}
    counts = batch.counts | compared.counts() | sizes | {"listed": listed}
    counts["valid"] = sum(compared.counts().values())
    changed = ImportBatch.objects.filter(pk=batch.pk, state=ImportState.CONFIRMED, lease=lease).update(
        state=ImportState.DONE,
        counts=counts,
        done_rows=counts["rows"],
        finished_at=now,
        lease="",
        lease_until=None,
    )
    if not changed:
        raise DatabaseError("the lease of this import was lost to another worker")
    audit.record(SYSTEM, "import.done", batch, at=now, **compared.counts(), **sizes)
