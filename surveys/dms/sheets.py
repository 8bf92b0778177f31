"""From a file to its sheets: calamine reads the values in a process of its own, the scanners say what it leaves out."""

import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path, PurePath
from typing import BinaryIO

from . import biff, cells_child, ooxml, sniff, text_files
from .cfb import CompoundFile
from .codes import Refused
from .grid import MAX_CELLS, MAX_ROWS, Odd, Sheet
from .marks import Marks

WORKBOOK_STREAMS = ("Workbook", "Book", "WORKBOOK", "BOOK")
PATIENCE = 90  # seconds for the child; its own limit of computing time is shorter


def load(file: BinaryIO, name: str) -> list[Sheet]:
    """All worksheets of a seekable binary file in the workbook's order, hidden ones too.

    `name` is the file's name, used only to name the sheet of a text file. Refuses with `Refused`.
    """
    kind = sniff.kind_of(file)
    if kind == "text":
        return text_files.load(file, PurePath(name).stem[:100] or "csv")
    since_1904, marks = ooxml.scan(file) if kind == "xlsx" else _scan_old(file)
    for sheet, own in marks.items() if isinstance(marks, dict) else enumerate(marks, 1):
        _check_size(str(sheet), own)
    file.seek(0)
    return _Spool(file.read()).sheets(marks, since_1904)


def _scan_old(file: BinaryIO) -> tuple[bool, list[Marks]]:
    file.seek(0)
    container = CompoundFile(file.read())
    if "EncryptedPackage" in container.streams or "EncryptionInfo" in container.streams:
        raise Refused("encrypted")
    stream = next((name for name in WORKBOOK_STREAMS if name in container.streams), None)
    if stream is None:
        raise Refused("not_spreadsheet")
    return biff.scan(container.read(stream))


def _check_size(name: str, marks: Marks) -> None:
    """A reader keeps room for every cell of the rectangle: one cell far away would take all memory."""
    if marks.last_row >= MAX_ROWS or marks.area > MAX_CELLS:
        raise Refused("too_many_cells", sheet=name, row=marks.last_row + 1, limit=MAX_ROWS)


class _Spool:
    """What the child told, in a file that is gone with this object; sheets are read from it as often as wanted."""

    def __init__(self, data: bytes):
        self._file = tempfile.NamedTemporaryFile(prefix="dms-")  # noqa: SIM115 - closed with the object
        calamine = importlib.util.find_spec("python_calamine")
        folder = str(Path(calamine.origin).parent.parent)
        # -S: nothing but the one library is needed, and a bare interpreter starts in a blink.
        command = [sys.executable, "-I", "-S", cells_child.__file__, folder]
        try:
            done = subprocess.run(
                command, input=data, stdout=self._file, stderr=subprocess.DEVNULL, timeout=PATIENCE, check=False
            )
        except subprocess.TimeoutExpired as late:
            raise Refused("damaged") from late
        if done.returncode == cells_child.LOCKED:
            raise Refused("encrypted")
        if done.returncode != 0:
            raise Refused("damaged")

    def sheets(self, marks: dict[str, Marks] | list[Marks], since_1904: bool) -> list[Sheet]:
        found = []
        with open(self._file.name, "rb") as lines:
            while head := lines.readline():
                told = json.loads(head)
                if isinstance(marks, dict):
                    own = marks.get(told["name"], Marks())
                else:
                    own = marks[told["position"]] if told["position"] < len(marks) else Marks()
                found.append(self._sheet(told, own, since_1904, lines.tell()))
                while lines.readline() != b"null\n":
                    pass
        return found

    def _sheet(self, told: dict, marks: Marks, since_1904: bool, place: int) -> Sheet:
        left = told["start"][1] if told["start"] else 0
        return Sheet(
            name=told["name"],
            make_cells=lambda: _marked(self._rows(place, left), marks),
            merges=told["merges"],
            hidden=told["hidden"],
            hidden_rows=marks.hidden_rows,
            since_1904=since_1904,
        )

    def _rows(self, place: int, left: int) -> Iterator[list]:
        """Rows from the sheet's first one on. calamine drops empty columns on the left, never rows on top."""
        pad = [""] * left
        with open(self._file.name, "rb") as lines:
            lines.seek(place)
            while (line := lines.readline()) != b"null\n":
                row = pad + json.loads(line)
                if b'["' in line:
                    row = [_unpacked(cell) if isinstance(cell, list) else cell for cell in row]
                yield row


def _unpacked(cell: list):
    kind, value = cell
    return datetime.fromisoformat(value) if kind == "d" else timedelta(seconds=value)


def _marked(rows: Iterator[list], marks: Marks) -> Iterator[list]:
    """The rows with what calamine shows as blank: errors, and formulas without a result."""
    odd: dict[int, list[tuple[int, Odd]]] = {}
    for kind, places in ((Odd.ERROR, marks.errors), (Odd.UNCACHED, marks.uncached)):
        for row, column in places:
            odd.setdefault(row, []).append((column, kind))
    last = -1
    for last, row in enumerate(rows):
        _put(row, odd.pop(last, ()))
        yield row
    # Rows below calamine's last one can still hold an error or a formula without result.
    for index in range(last + 1, max(odd, default=-1) + 1):
        row = []
        _put(row, odd.get(index, ()))
        yield row


def _put(row: list, odd) -> None:
    for column, kind in odd:
        row.extend([""] * (column + 1 - len(row)))
        row[column] = kind
