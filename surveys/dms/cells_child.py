"""Runs as a process of its own: a workbook on standard input, its sheets as JSON lines on standard output.

calamine ends the whole process where a damaged file makes it ask for terabytes, and no exception can be caught.
Here only this process ends, within its own limits of memory and time. Imports nothing of the portal.

Lines: one object per worksheet ({"position", "name", "hidden", "start", "merges"}), then one list per row, then null.
Days and times are lists: ["d", "2026-09-01T08:30:00"], ["t", seconds] for a time of day or a span.
"""

import datetime
import io
import json
import resource
import sys

MOST_MEMORY = 1024 * 1024 * 1024
MOST_SECONDS = 60
LOCKED = 3


def main() -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.path.insert(0, sys.argv[1])
    import python_calamine as calamine  # only now: its folder is told by the parent, and the limits hold for it

    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
    except calamine.PasswordError:
        return LOCKED
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", write_through=False)
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=packed).encode
    for position, entry in enumerate(book.sheets_metadata):
        if entry.typ == calamine.SheetTypeEnum.WorkSheet:
            write_sheet(book.get_sheet_by_index(position), position, entry, calamine, out, encode)
    out.flush()
    return 0


def write_sheet(sheet, position, entry, calamine, out, encode) -> None:
    head = {
        "position": position,
        "name": entry.name,
        "hidden": entry.visible != calamine.SheetVisibleEnum.Visible,
        "start": sheet.start,
        "merges": sheet.merged_cell_ranges or [],
    }
    out.write(encode(head) + "\n")
    if sheet.start is not None:
        for row in sheet.iter_rows():
            out.write(encode(row) + "\n")
    out.write("null\n")


def packed(value):
    """What JSON has no word for."""
    if isinstance(value, datetime.datetime):
        return ["d", value.isoformat()]
    if isinstance(value, datetime.date):
        return ["d", value.isoformat() + "T00:00:00"]
    if isinstance(value, datetime.time):
        return ["t", value.hour * 3600 + value.minute * 60 + value.second]
    if isinstance(value, datetime.timedelta):
        return ["t", value.total_seconds()]
    raise TypeError(type(value).__name__)


if __name__ == "__main__":
    sys.exit(main())
