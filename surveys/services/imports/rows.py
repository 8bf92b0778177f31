"""Between the reader's rows and what the database keeps of them."""

import hashlib
import json
from datetime import date, datetime
from decimal import Decimal

from surveys.dms.codes import Issue
from surveys.dms.verdicts import DUPLICATE, INVALID, REVIEW, Row
from surveys.models import ImportBatch, ImportRow

_DAYS = ("dob",)
_TIMES = ("open_time", "close_time")


def packed(values: dict) -> dict:
    """Normalised values as JSON, blanks left out."""
    return {name: _pack(value) for name, value in values.items() if value is not None}


def _pack(value):
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    return str(value) if isinstance(value, date | Decimal) else value


def unpacked(values: dict) -> dict:
    """What `packed` put away, with its types again."""
    found = dict(values)
    for name in _TIMES:
        if name in found:
            found[name] = datetime.fromisoformat(found[name])
    for name in _DAYS:
        if name in found:
            found[name] = date.fromisoformat(found[name])
    if "amount" in found:
        found["amount"] = Decimal(found["amount"])
    return found


def digest(kind: str, values: dict) -> str:
    """One fingerprint of all cells of an order, so that one changed cell is seen and none is not."""
    return _sha([kind, packed(values)])


def fingerprint(row: Row) -> str:
    """What an unclear row is recognised by when the file comes again: what stands in its cells."""
    cells = {name: text.strip() for name, text in row.raw.items() if text.strip()}
    return _sha([row.kind, row.order_no, cells])


def _sha(parts: list) -> str:
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def kept(batch: ImportBatch, row: Row) -> ImportRow:
    """The unsaved record of a row somebody has to look at."""
    problems = [issue.as_json() for issue in (*row.errors, *row.reviews)]
    if row.verdict == DUPLICATE and row.note:
        problems = [row.note.as_json()]
    return ImportRow(
        store_id=batch.store_id,
        batch=batch,
        sheet=row.sheet,
        row=row.number,
        kind=row.kind,
        verdict=row.verdict,
        raw=row.raw,
        values=packed(row.values),
        problems=problems,
        fingerprint=fingerprint(row) if row.verdict == REVIEW else "",
    )


def entry(sheet: str, number: int, issue: Issue) -> dict:
    """One line of the machine-readable result."""
    return {
        "sheet": sheet,
        "row": number,
        "column": issue.column,
        "code": issue.code,
        "message": issue.message,
    }


def entries(rows: list[Row], verdict: str) -> list[dict]:
    """All problems of the rows with a verdict, in the order of the file."""
    found = []
    for row in rows:
        if row.verdict == verdict:
            issues = row.errors if verdict == INVALID else row.reviews
            found += [entry(row.sheet, row.number, issue) for issue in issues]
    return found
