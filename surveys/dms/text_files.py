"""Text that a DMS calls a spreadsheet: csv in several encodings, and HTML tables named .xls."""

import csv
import io
import re
from html.parser import HTMLParser
from typing import BinaryIO

from .codes import Refused
from .grid import MAX_CELLS, MAX_ROWS, Sheet

DELIMITERS = ",\t;|"
CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
XML_SPREADSHEET = re.compile(r"<(\w+:)?workbook[\s>]", re.IGNORECASE)
# `="0571"`: the trick by which an export keeps Excel from turning text into a number.
KEPT_AS_TEXT = re.compile(r'="([^"]*)"')
SHEET_NAME = re.compile(r"<x:Name>([^<]{1,100})</x:Name>", re.IGNORECASE)


def load(file: BinaryIO, name: str) -> list[Sheet]:
    """The sheets of a text file; `name` serves where the file does not name its sheet itself."""
    data = file.read()
    text = _decode(data)
    head = text[:4096].lstrip().lower()
    if head.startswith("<"):
        return [_html_sheet(text, name)]
    if head.startswith("mime-version:"):
        raise Refused("wrong_format", format="MHTML")
    rows = _csv_rows(text)
    return [Sheet(name=name, make_cells=lambda: iter(rows))]


def _decode(data: bytes) -> str:
    """Read the bytes as what they say they are, then UTF-8, then GB18030; never with replaced characters."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _strictly(data, "utf-16")
    if data.startswith(b"\xef\xbb\xbf"):
        return _strictly(data, "utf-8-sig")
    declared = CHARSET.search(data[:4096]) if data.lstrip()[:1] == b"<" else None
    if declared and declared[1].lower().replace(b"-", b"") in {b"gb2312", b"gbk", b"gb18030"}:
        return _strictly(data, "gb18030")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        # Good Chinese UTF-8 up to a broken byte is damaged UTF-8, and would come out as wrong characters.
        if re.search(rb"[\xe0-\xef][\x80-\xbf]{2}", data[: error.start]):
            readable = data[: error.start].decode("utf-8")
            if len(re.findall("[\u4e00-\u9fff]", readable)) >= 4:
                raise Refused("encoding") from error
    return _strictly(data, "gb18030")


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Refused("encoding") from error


def _csv_rows(text: str) -> list[list[str]]:
    delimiter = _delimiter(text)
    rows = []
    # newline="" and strict: a quotation mark that is never closed would swallow all rows below it.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            rows.append([_unwrapped(cell) for cell in row])
            if len(rows) > MAX_ROWS:
                raise Refused("too_many_cells", sheet="csv", row=len(rows), limit=MAX_ROWS)
    except csv.Error as error:
        raise Refused("quotes", row=reader.line_num) from error
    return rows


def _delimiter(text: str) -> str:
    lines = [line for line in text[: 256 * 1024].splitlines() if line.strip()][:30]
    if lines and (told := re.fullmatch(r"sep=(.)\s*", lines[0], re.IGNORECASE)):
        return told[1]
    return max(DELIMITERS, key=lambda sign: max((line.count(sign) for line in lines), default=0))


def _unwrapped(cell: str) -> str:
    if cell.startswith("=") and (kept := KEPT_AS_TEXT.fullmatch(cell)):
        return kept[1]
    return cell


def _html_sheet(text: str, name: str) -> Sheet:
    if XML_SPREADSHEET.search(text[:4096]):
        raise Refused("wrong_format", format="XML 2003")
    if "<table" not in text.lower():
        raise Refused("not_spreadsheet")
    parser = _TableParser()
    parser.feed(text)
    parser.close()
    told = SHEET_NAME.search(text[: 64 * 1024])
    return Sheet(
        name=told[1].strip() if told else name,
        make_cells=lambda: iter(parser.rows),
        merges=parser.merges,
        hidden_rows=parser.hidden_rows,
    )


class _TableParser(HTMLParser):
    """All tables below each other, as Excel opens them; a table inside a cell is that cell's text."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self.merges: list[tuple[tuple[int, int], tuple[int, int]]] = []
        self.hidden_rows = 0
        self._depth = 0
        self._cell: list[str] | None = None
        self._span = (1, 1)
        self._taken: dict[int, int] = {}
        self._cells = 0

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self._depth += 1
            if self._depth == 1:
                self._taken = {}
        elif self._depth == 1 and tag == "tr":
            self._start_row(dict(attrs))
        elif self._depth == 1 and tag in {"td", "th"}:
            self._end_cell()
            self._cell = []
            found = dict(attrs)
            self._span = (_span(found.get("rowspan"), MAX_ROWS), _span(found.get("colspan"), 1000))
        elif tag == "br" and self._cell is not None:
            self._cell.append("\n")

    def handle_endtag(self, tag):
        if tag == "table":
            if self._depth == 1:
                self._end_cell()
            self._depth = max(0, self._depth - 1)
        elif self._depth == 1 and tag in {"td", "th", "tr"}:
            self._end_cell()

    def handle_data(self, data):
        if self._cell is not None:
            self._cell.append(data)

    def close(self):
        super().close()
        self._end_cell()

    def _start_row(self, attributes: dict) -> None:
        self._end_cell()
        self.rows.append([])
        if len(self.rows) > MAX_ROWS:
            raise Refused("too_many_cells", sheet="HTML", row=len(self.rows), limit=MAX_ROWS)
        if "display:none" in (attributes.get("style") or "").replace(" ", "").lower():
            self.hidden_rows += 1

    def _end_cell(self) -> None:
        if self._cell is None:
            return
        text, self._cell = "".join(self._cell), None
        if not self.rows:
            self.rows.append([])
        top, cells = len(self.rows) - 1, self.rows[-1]
        left = len(cells)
        while self._taken.get(left, -1) >= top:
            left += 1
        high, wide = self._span
        cells.extend([""] * (left - len(cells)))
        cells.append(text)
        cells.extend([""] * (wide - 1))
        self._cells += left + wide - 1
        if self._cells > MAX_CELLS:
            raise Refused("too_many_cells", sheet="HTML", row=top + 1, limit=MAX_ROWS)
        if high > 1 or wide > 1:
            bottom = top + high - 1
            self.merges.append(((top, left), (bottom, left + wide - 1)))
            for column in range(left, left + wide):
                self._taken[column] = bottom


def _span(told: str | None, most: int) -> int:
    if told and told.strip().isascii() and told.strip().isdigit():
        return max(1, min(int(told), most))
    return 1
