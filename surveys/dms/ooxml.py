"""What calamine does not tell about an xlsx: its epoch, and the marks of each sheet.

The sheet's XML is streamed once through expat. That also refuses what calamine would silently accept: document
type definitions, entities, and XML that is cut off.
"""

import posixpath
import zipfile
from collections.abc import Iterator
from typing import BinaryIO
from xml.parsers import expat

from .codes import Refused
from .marks import Marks


def scan(file: BinaryIO) -> tuple[bool, dict[str, Marks]]:
    """Whether the workbook counts days from 1904, and the marks of each worksheet by its name.

    Refuses forbidden definitions in any part, and parts that are not well-formed.
    """
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            since_1904, sheets = _workbook(archive)
            targets = _relations(archive)
            parts = {name: targets[identity] for name, identity in sheets if identity in targets}
            known = set(archive.namelist())
            marks = {name: _scan_sheet(archive, part) for name, part in parts.items() if part in known}
            rest = known - set(parts.values()) - {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"}
            for part in sorted(rest):
                if part.endswith((".xml", ".rels", ".vml")):
                    _parse(archive, part, _parser())
    except (zipfile.BadZipFile, KeyError, EOFError, ValueError) as broken:
        raise Refused("damaged") from broken
    finally:
        file.seek(0)
    return since_1904, marks


def _forbid(*_args) -> None:
    raise Refused("forbidden_xml")


def _parser() -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _forbid
    parser.EntityDeclHandler = _forbid
    return parser


def _parse(archive: zipfile.ZipFile, part: str, parser: expat.XMLParserType) -> None:
    try:
        with archive.open(part) as stream:
            while chunk := stream.read(256 * 1024):
                parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except expat.ExpatError as broken:
        raise Refused("damaged") from broken


def _elements(archive: zipfile.ZipFile, part: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Names without prefix and attributes of a small part."""
    found: list[tuple[str, dict[str, str]]] = []
    parser = _parser()
    parser.StartElementHandler = lambda name, attributes: found.append((name.rpartition(":")[2], attributes))
    _parse(archive, part, parser)
    return iter(found)


def _workbook(archive: zipfile.ZipFile) -> tuple[bool, list[tuple[str, str]]]:
    since_1904, sheets = False, []
    for name, attributes in _elements(archive, "xl/workbook.xml"):
        if name == "workbookPr":
            since_1904 = attributes.get("date1904", "0") in {"1", "true", "on"}
        elif name == "sheet":
            identity = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            sheets.append((attributes.get("name", ""), identity))
    return since_1904, sheets


def _relations(archive: zipfile.ZipFile) -> dict[str, str]:
    """Relation id to the name of the part inside the zip, worksheets only."""
    found = {}
    for name, attributes in _elements(archive, "xl/_rels/workbook.xml.rels"):
        if name == "Relationship" and attributes.get("Type", "").endswith("/worksheet"):
            target = attributes.get("Target", "")
            path = target.lstrip("/") if target.startswith("/") else posixpath.join("xl", target)
            found[attributes.get("Id", "")] = posixpath.normpath(path)
    return found


def _scan_sheet(archive: zipfile.ZipFile, part: str) -> Marks:
    parser = _parser()
    scanner = _SheetScanner(parser)
    _parse(archive, part, parser)
    scanner.finish()
    return scanner.marks


class _SheetScanner:
    """Follows rows and cells. A missing `r` means: right after the one before, as the format allows."""

    def __init__(self, parser: expat.XMLParserType):
        self.marks = Marks()
        self._parser = parser
        self._row, self._column = -1, -1
        self._columns: dict[str, int] = {}
        self._kind = ""
        self._formula = self._value = self._filled = False
        parser.StartElementHandler = self._root

    def _root(self, name: str, _attributes: dict[str, str]) -> None:
        prefix = name.rpartition(":")[0]
        prefix = f"{prefix}:" if prefix else ""
        handlers = {"row": self._on_row, "c": self._on_cell, "f": self._on_formula}
        handlers |= {"v": self._on_value, "is": self._on_inline}
        named = {prefix + key: handler for key, handler in handlers.items()}

        def start(name: str, attributes: dict[str, str]) -> None:
            if handler := named.get(name):
                handler(attributes)

        self._parser.StartElementHandler = start

    def _on_row(self, attributes: dict[str, str]) -> None:
        self.finish()
        self._row = int(attributes["r"]) - 1 if "r" in attributes else self._row + 1
        self._column = -1
        if attributes.get("hidden") in {"1", "true"}:
            self.marks.hidden_rows += 1

    def _on_cell(self, attributes: dict[str, str]) -> None:
        if self._formula:
            self.finish()
        if place := attributes.get("r"):
            letters = place.rstrip("0123456789")
            column = self._columns.get(letters)
            if column is None:
                column = self._columns[letters] = _column_number(letters)
            self._column = column
            # The cell's own place counts, whatever row it stands in.
            self._row = int(place[len(letters) :] or 0) - 1
        else:
            self._column += 1
        self._kind = attributes.get("t", "")
        if self._kind == "e":
            self.marks.errors.add((self._row, self._column))

    def _on_formula(self, _attributes: dict[str, str]) -> None:
        self._formula, self._value, self._filled = True, False, False

    def _on_value(self, _attributes: dict[str, str]) -> None:
        self.marks.use(self._row, self._column, self._column)
        if self._formula:
            self._value = True
            self._parser.CharacterDataHandler = self._on_text

    def _on_inline(self, _attributes: dict[str, str]) -> None:
        self.marks.use(self._row, self._column, self._column)

    def _on_text(self, text: str) -> None:
        if text.strip():
            self._filled = True

    def finish(self) -> None:
        """Judge the formula cell just left: an empty text is a result, no value at all is not."""
        if self._formula:
            self._parser.CharacterDataHandler = None
            if not (self._filled or (self._kind == "str" and self._value)):
                self.marks.uncached.add((self._row, self._column))
                self.marks.use(self._row, self._column, self._column)
            self._formula = False


def _column_number(letters: str) -> int:
    if not letters.isalpha() or not letters.isascii() or len(letters) > 3:
        raise Refused("damaged")
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1
