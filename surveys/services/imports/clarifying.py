"""A person mends, completes or drops what the reader could not decide."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from csi_portal.organization import audit, hooks, permissions
from csi_portal.organization.errors import Conflict, IllegalMove
from surveys.dms.codes import Issue
from surveys.dms.verdicts import INVALID, REVIEW, VALID, Row, judge_again
from surveys.enums import ImportState, RowState
from surveys.models import ImportBatch, ImportRow

from . import storing
from .rows import fingerprint, packed
from .running import order_from

# What a person may let stand as it is; everything else needs another value, or none.
ACCEPTABLE = frozenset({"landline"})


class StillUnclear(IllegalMove):
    """The cells given do not make a row that can be stored; `issues` says what is wrong with which."""

    def __init__(self, issues: list[Issue]):
        self.issues = issues
        super().__init__(" ".join(issue.message for issue in issues))


def problem_fields(row: ImportRow) -> list[str]:
    """The fields a person has to look at, each once, in the order the problems were found."""
    fields = [problem["field"] for problem in row.problems]
    # Either of the two makes the row good.
    if any(problem["code"] == "vin_and_plate_missing" for problem in row.problems):
        fields.append("plate")
    if any(problem["code"] == "close_before_open" for problem in row.problems):
        fields.append("open_time")
    return list(dict.fromkeys(fields))


def _judged(row: ImportRow, texts: dict[str, str], accepted: Iterable[str], now: datetime) -> Row:
    """The row as the reader would judge it with the new cells."""
    sheet = next(sheet for sheet in row.batch.counts["sheets"] if sheet["name"] == row.sheet)
    raw = dict(row.raw)
    raw |= {name: text.strip() for name, text in texts.items() if name in raw}
    zone = row.store.zone
    local = now.astimezone(zone).replace(tzinfo=None)
    judged = judge_again(raw, dict(sheet["titles"]), row.kind, row.sheet, row.row, now=local, zone=zone)
    judged.raw = raw
    allowed = ACCEPTABLE.intersection(accepted)
    judged.reviews = [issue for issue in judged.reviews if issue.code not in allowed]
    judged.verdict = INVALID if judged.errors else REVIEW if judged.reviews else VALID
    return judged


def mend_row(row: ImportRow, texts: dict[str, str], *, by, now: datetime, accepted: Iterable[str] = ()) -> ImportRow:
    """Change cells of a row in the preview; it is judged anew and counted where it now belongs.

    Refuses (Conflict) once the file is confirmed or put away.
    """
    permissions.require(by, "surveys.import", row)
    judged = _judged(row, texts, accepted, now)
    with transaction.atomic():
        batch = ImportBatch.objects.select_for_update(of=("self",), no_key=True).get(pk=row.batch_id)
        if batch.state != ImportState.STAGED:
            raise Conflict(_("This file has been confirmed or put away already."))
        before = ImportRow.objects.values_list("verdict", flat=True).get(pk=row.pk)
        if before not in (INVALID, REVIEW):
            raise Conflict(_("Somebody else has mended this row already."))
        _keep(row, judged)
        _recount(batch, row, before)
        audit.record(by, "import.row_mended", row, at=now, row=row.row, fields=sorted(texts))
    return row


def _keep(row: ImportRow, judged: Row) -> None:
    row.raw, row.values, row.verdict = judged.raw, packed(judged.values), judged.verdict
    row.problems = [issue.as_json() for issue in (*judged.errors, *judged.reviews)]
    row.fingerprint = fingerprint(judged) if judged.verdict == REVIEW else ""
    row.save(update_fields=["raw", "values", "verdict", "problems", "fingerprint"])


def _recount(batch: ImportBatch, row: ImportRow, before: str) -> None:
    if before == row.verdict:
        return
    counts = dict(batch.counts)
    counts[before] -= 1
    counts[row.verdict] += 1
    if row.verdict == VALID:
        for name, number in storing.compare(batch.store, [order_from(row)]).counts().items():
            counts[name] += number
    batch.counts = counts
    batch.save(update_fields=["counts"])


def complete_row(
    row: ImportRow, texts: dict[str, str], *, by, now: datetime, accepted: Iterable[str] = ()
) -> ImportRow:
    """Store an unclear row with the cells a person gave it.

    Raises StillUnclear when they do not make a good row; refuses (Conflict) when somebody settled it before.
    """
    permissions.require(by, "surveys.clarify", row)
    judged = _judged(row, texts, accepted, now)
    if judged.verdict != VALID:
        raise StillUnclear([*judged.errors, *judged.reviews])
    with transaction.atomic():
        storing.lock_store(row.store)
        _settle(row, RowState.COMPLETED, by, now)
        order = storing.order_of(row.kind, judged.values)
        storing.store_orders(row.store, [order], now=now)
        row.visit_id, row.values = order.visit_id, packed(judged.values)
        row.save(update_fields=["visit", "values"])
        audit.record(by, "import.row_completed", row, at=now, row=row.row, fields=sorted(texts))
    hooks.wake("visit")
    return row


def drop_row(row: ImportRow, *, by, now: datetime) -> ImportRow:
    """Take an unclear row off the list without storing it; the same row in a later file stays dropped."""
    permissions.require(by, "surveys.clarify", row)
    with transaction.atomic():
        _settle(row, RowState.DROPPED, by, now)
        audit.record(by, "import.row_dropped", row, at=now, row=row.row)
    return row


def bring_back(row: ImportRow, *, by, now: datetime) -> ImportRow:
    """Put a dropped row on the list again."""
    permissions.require(by, "surveys.clarify", row)
    with transaction.atomic():
        changed = ImportRow.objects.filter(pk=row.pk, state=RowState.DROPPED).update(
            state=RowState.WAITING, settled_by=None, settled_at=None
        )
        if not changed:
            raise Conflict(_("Somebody else has settled this row already."))
        audit.record(by, "import.row_brought_back", row, at=now, row=row.row)
    row.refresh_from_db()
    return row


def _settle(row: ImportRow, state: str, by, now: datetime) -> None:
    changed = ImportRow.objects.filter(pk=row.pk, state=RowState.WAITING).update(
        state=state, settled_by=by if by.pk else None, settled_at=now
    )
    if not changed:
        raise Conflict(_("Somebody else has settled this row already."))
    row.refresh_from_db(fields=["state", "settled_by", "settled_at"])
