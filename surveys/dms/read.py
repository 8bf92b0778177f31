"""The one entrance: a file in, its rows with verdicts out, or a refusal of the whole file."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

from . import headers, sheets, verdicts
from .codes import Refused
from .grid import GridRow, Sheet
from .headers import Candidate, Headings
from .verdicts import Row

KINDS = ("sale", "service")
PROGRESS_ROWS = 2_000


@dataclass
class SheetRead:
    """What became of one recognised sheet: `titles` are its headings by field, `skipped` the lines that are no data."""

    name: str
    kind: str
    header_row: int
    hidden: bool = False
    hidden_rows: int = 0
    titles: dict[str, str] = field(default_factory=dict)
    ignored_columns: list[str] = field(default_factory=list)
    skipped: Counter = field(default_factory=Counter)
    row_count: int = 0


@dataclass
class IgnoredSheet:
    """A sheet without headings the portal knows; `lacking` names the fields missed where it came near."""

    name: str
    lacking: list[str] = field(default_factory=list)


@dataclass
class FileRead:
    """The whole file: data rows in the order of the file; lines that are no data are only counted."""

    sheets: list[SheetRead]
    ignored: list[IgnoredSheet]
    rows: list[Row]

    def count(self, verdict: str) -> int:
        return sum(row.verdict == verdict for row in self.rows)


def read_file(
    file: BinaryIO,
    name: str,
    *,
    now: datetime,
    kind: str | None = None,
    zone=None,
    progress: Callable[[int], None] | None = None,
) -> FileRead:
    """Read every sheet whose headings are recognised.

    file: a seekable binary file; name: what it is called, used only to name the sheet of a text file.
    now: the store's wall time without zone, for what lies in the future; zone: the store's zone.
    kind: "sale" or "service"; without it the headings must tell. progress: told now and then how many rows are
    judged. Raises `Refused` for the whole file.
    """
    if kind is not None and kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}")
    if now.tzinfo is not None:
        raise ValueError("now must be the store's wall time without zone")
    found = [(sheet, headers.find(_first_rows(sheet))) for sheet in sheets.load(file, name)]
    chosen, ignored = _choose(found, kind)
    judge = verdicts.Judge(now=now, zone=zone)
    rows: list[Row] = []
    read = []
    for sheet, headings in chosen:
        read.append(_read_sheet(sheet, headings, judge, rows, progress))
    if not rows:
        raise Refused("no_rows", sheet=chosen[0][0].name, row=chosen[0][1].last_row)
    return FileRead(read, ignored, rows)


def _first_rows(sheet: Sheet) -> list[GridRow]:
    found = []
    for row in sheet.rows():
        found.append(row)
        if row.number >= headers.LAST_HEADER_ROW:
            break
    return found


def _choose(
    found: list[tuple[Sheet, Candidate | None]], kind: str | None
) -> tuple[list[tuple[Sheet, Headings]], list[IgnoredSheet]]:
    """Which sheets are read, with their headings resolved; refuses when none can be."""
    chosen, ignored, refusals = [], [], []
    for sheet, candidate in found:
        if candidate is None:
            ignored.append(IgnoredSheet(sheet.name))
            continue
        if lacking := headers.missing(candidate.fields):
            ignored.append(IgnoredSheet(sheet.name, lacking))
            refusals.append((len(candidate.fields), sheet.name, candidate.row, lacking))
            continue
        told = headers.kind_of(candidate)
        if kind and told and told != kind:
            ignored.append(IgnoredSheet(sheet.name))
            refusals.append((0, sheet.name, candidate.row, told))
            continue
        if not (kind or told):
            # Two columns for one field are the plainer thing to say, so that is looked at first.
            headers.resolve(candidate, sheet.name, "service")
            raise Refused("kind_ambiguous", sheet=sheet.name, row=candidate.row)
        chosen.append((sheet, headers.resolve(candidate, sheet.name, kind or told)))
    if not chosen:
        raise _refusal(refusals, kind)
    return chosen, ignored


def _refusal(refusals: list, kind: str | None) -> Refused:
    if not refusals:
        return Refused("no_header")
    _weight, sheet, row, why = max(refusals, key=lambda entry: entry[0])
    if isinstance(why, str):
        return Refused("kind_mismatch", sheet=sheet, row=row, found=why, wanted=kind)
    return Refused("columns_missing", sheet=sheet, row=row, fields=why)


def _read_sheet(sheet: Sheet, headings: Headings, judge: verdicts.Judge, rows: list[Row], progress) -> SheetRead:
    result = SheetRead(
        name=sheet.name,
        kind=headings.kind,
        header_row=headings.row,
        hidden=sheet.hidden,
        hidden_rows=sheet.hidden_rows,
        titles=headings.titles,
        ignored_columns=[" ".join(text.split()) for text in headings.ignored],
    )
    current = headings
    for row in sheet.rows():
        if row.number <= headings.last_row:
            continue
        reason = verdicts.skip_reason(row, current)
        if reason is None and (turned := _new_headings(row, current, sheet.name)):
            current, reason = turned, "repeated_header"
        if reason:
            result.skipped[reason] += 1
            continue
        rows.append(judge.judge(row, current, sheet.name, sheet.since_1904))
        result.row_count += 1
        if progress and len(rows) % PROGRESS_ROWS == 0:
            progress(len(rows))
    return result


def _new_headings(row: GridRow, current: Headings, sheet: str) -> Headings | None:
    """Headings in another order further down: the rows below are read by them."""
    first = next((cell for cell in row.cells if cell != ""), "")
    if not isinstance(first, str) or headers.meaning_of(first) is None:
        return None
    candidate = headers.candidate_of(row)
    if len(candidate.fields) < len(current.columns) // 2 or not candidate.complete:
        return None
    told = headers.kind_of(candidate)
    return headers.resolve(candidate, sheet, told or current.kind)
