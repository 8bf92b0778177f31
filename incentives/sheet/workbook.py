"""The sheet as an xlsx file, made from its plain value alone: the same value gives the same bytes.

Totals are numbers, never formulas, and text stays text whatever it begins with.
"""

import io
import re
import zipfile
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

MONEY_FORMAT = "#,##0.00;[Red]\\-#,##0.00;0.00"
A4 = 9  # the number of the paper in the format
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")
_LONGEST = 32767  # letters a cell holds

_BOLD = Font(bold=True)
_TITLE = Font(bold=True, size=14)
_HEAD = PatternFill("solid", fgColor="E6EFEF")
_LINE = Border(bottom=Side(style="thin", color="999999"))
_WRAP = Alignment(wrap_text=True, vertical="top")

_LINE_COLUMNS = (
    ("number", 6),
    ("date", 12),
    ("name", 16),
    ("staff_number", 12),
    ("department", 16),
    ("rule", 26),
    ("why", 60),
    ("evidence", 24),
    ("approver", 14),
    ("fact_month", 12),
    ("amount", 14),
    ("state", 30),
)
_PERSON_COLUMNS = (
    ("name", 16),
    ("staff_number", 12),
    ("department", 16),
    ("ledger", 14),
    ("held", 14),
    ("brought_in", 14),
    ("paid", 14),
    ("carried_in", 20),
    ("cap", 14),
    ("carried_over", 20),
    ("with_wages", 16),
)
_DEPARTMENT_COLUMNS = (
    ("department", 20),
    ("ledger", 14),
    ("held", 14),
    ("brought_in", 14),
    ("paid", 14),
    ("account", 18),
)


def workbook(data: dict) -> bytes:
    """The bytes of the file for the plain value of data.sheet_data."""
    book = Workbook(write_only=True)
    # Both stamps come from the value: the clock of the moment must not get into the file.
    stamp = datetime.strptime(data["made_at"], "%Y-%m-%d %H:%M")  # noqa: DTZ007  a property without a zone
    book.properties.created = stamp
    book.properties.creator = book.properties.lastModifiedBy = _clean(data["store"]["name"])
    book.properties.title = _clean(data["words"]["title"])
    for name, fill in (
        ("sheet_summary", _summary),
        ("sheet_lines", _lines),
        ("sheet_persons", _persons),
        ("sheet_departments", _departments),
    ):
        sheet = book.create_sheet(_sheet_title(data["words"][name]))
        sheet.page_setup.orientation = "landscape"
        sheet.page_setup.paperSize = A4
        sheet.page_setup.fitToHeight = 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
        fill(_Pen(sheet), data, data["words"])
    raw = io.BytesIO()
    book.save(raw)
    return _repacked(raw.getvalue(), stamp)


class _Pen:
    """Writes rows of forced types: text stays text, money is a number."""

    def __init__(self, sheet):
        self.sheet = sheet

    def widths(self, widths: Iterable[int]) -> None:
        for index, width in enumerate(widths):
            self.sheet.column_dimensions[chr(ord("A") + index)].width = width

    def row(self, *cells) -> None:
        self.sheet.append(list(cells))

    def text(self, value: str, *, bold: bool = False, title: bool = False, head: bool = False, wrap: bool = False):
        cell = WriteOnlyCell(self.sheet, value=_clean(value))
        cell.data_type = "s"
        if title or bold or head:
            cell.font = _TITLE if title else _BOLD
        if head:
            cell.fill = _HEAD
        if wrap:
            cell.alignment = _WRAP
        return cell

    def money(self, fen: int, *, bold: bool = False):
        cell = WriteOnlyCell(self.sheet, value=Decimal(fen) / 100)
        cell.number_format = MONEY_FORMAT
        if bold:
            cell.font = _BOLD
        return cell

    def count(self, number: int):
        return WriteOnlyCell(self.sheet, value=number)

    def day(self, iso: str):
        cell = WriteOnlyCell(self.sheet, value=date.fromisoformat(iso))
        cell.number_format = "yyyy-mm-dd"
        return cell

    def blank_line(self):
        cell = WriteOnlyCell(self.sheet, value=None)
        cell.border = _LINE
        return cell

    def heads(self, columns, words) -> None:
        self.row(*(self.text(words[name], head=True) for name, _width in columns))


def _summary(pen: _Pen, data: dict, words: dict) -> None:
    totals = data["totals"]
    pen.widths((44, 22, 22, 22))
    pen.row(pen.text(words["title"], title=True))
    pen.row(pen.text(data["store"]["name"]), pen.text(data["store"]["code"]))
    pen.row(pen.text(words["status"], bold=True))
    for name in ("made_at", "asked_by", "confirmed_by", "head_hash"):
        if data[name]:
            pen.row(pen.text(words[name]), pen.text(data[name]))
    pen.row(pen.text(words["currency"]))
    pen.row()
    pen.row(pen.text(words["entries"]), pen.count(totals["entries"]))
    for name in ("bonuses", "penalties"):
        pen.row(pen.text(words[name]), pen.money(totals[name]))
    for name in ("ledger", "held", "brought_in", "paid"):
        pen.row(pen.text(words[name], bold=True), pen.money(totals[name], bold=True))
    pen.row(pen.text(words["accounts"]), pen.money(totals["accounts"]))
    pen.row(pen.text(words["persons_paid"]), pen.money(totals["paid"] - totals["accounts"]))
    pen.row(pen.text(words["carried_in"]), pen.money(-totals["carried_in"]))
    pen.row(pen.text(words["carried_over"]), pen.money(totals["carried_over"]))
    pen.row(pen.text(words["with_wages"], bold=True), pen.money(totals["with_wages"], bold=True))
    pen.row()
    pen.row(*(pen.text(words[name]) for name in ("signature", "signed_care", "signed_finance", "signed_manager")))
    pen.row()
    pen.row(pen.text(""), pen.blank_line(), pen.blank_line(), pen.blank_line())


def _lines(pen: _Pen, data: dict, words: dict) -> None:
    pen.sheet.freeze_panes = "A2"
    pen.sheet.print_title_rows = "1:1"
    pen.widths(width for _name, width in _LINE_COLUMNS)
    pen.heads(_LINE_COLUMNS, words)
    _block(pen, [line for line in data["lines"] if not line["brought_in"]], words["total"], words)
    brought_in = [line for line in data["lines"] if line["brought_in"]]
    if brought_in:
        pen.row()
        pen.row(pen.text(words["block_brought_in"], bold=True))
        _block(pen, brought_in, words["total"], words)
    _cap_lines(pen, data, words)


def _block(pen: _Pen, lines: list[dict], total: str, words: dict) -> None:
    for line in lines:
        pen.row(
            pen.count(line["number"]),
            pen.day(line["date"]),
            *(pen.text(line[name]) for name in ("name", "staff_number", "department", "rule")),
            pen.text(line["why"], wrap=True),
            *(pen.text(line[name]) for name in ("evidence", "approver", "fact_month")),
            pen.money(line["fen"]),
            pen.text(line["state"]),
        )
    _total_row(pen, total, sum(line["fen"] for line in lines))


def _cap_lines(pen: _Pen, data: dict, words: dict) -> None:
    """The lines of the wage cap: they move money to another month, the ledger does not change by them."""
    rows = []
    for person in data["persons"]:
        if person["carried_in"]:
            rows.append((person, words["carried_in"], -person["carried_in"]))
        if person["carried_over"]:
            rows.append((person, words["carried_over"], person["carried_over"]))
        if person["cap"] is None and person["penalties"] > 0:
            rows.append((person, words["cap_unknown"], None))
    if not rows:
        return
    pen.row()
    pen.row(pen.text(words["block_cap"], bold=True))
    for person, what, fen in rows:
        empty = [pen.text("") for _column in range(3)]
        pen.row(
            pen.text(""),
            pen.text(""),
            *(pen.text(person[name]) for name in ("name", "staff_number", "department")),
            pen.text(""),
            pen.text(what, wrap=True),
            *empty,
            pen.text("") if fen is None else pen.money(fen),
        )


def _total_row(pen: _Pen, label: str, fen: int) -> None:
    empty = [pen.text("") for _column in range(len(_LINE_COLUMNS) - 3)]
    pen.row(pen.text(label, bold=True), *empty, pen.money(fen, bold=True))


def _persons(pen: _Pen, data: dict, words: dict) -> None:
    pen.sheet.freeze_panes = "A2"
    pen.widths(width for _name, width in _PERSON_COLUMNS)
    pen.heads(_PERSON_COLUMNS, words)
    money = ("ledger", "held", "brought_in", "paid")
    for person in data["persons"]:
        pen.row(
            *(pen.text(person[name]) for name in ("name", "staff_number", "department")),
            *(pen.money(person[name]) for name in money),
            pen.money(-person["carried_in"]),
            pen.text(words["cap_unknown"] if person["penalties"] > 0 else "")
            if person["cap"] is None
            else pen.money(person["cap"]),
            pen.money(person["carried_over"]),
            pen.money(person["with_wages"]),
        )
    sums = {name: sum(person[name] for person in data["persons"]) for name in (*money, "carried_in", "carried_over")}
    pen.row(
        pen.text(words["total"], bold=True),
        pen.text(""),
        pen.text(""),
        *(pen.money(sums[name], bold=True) for name in money),
        pen.money(-sums["carried_in"], bold=True),
        pen.text(""),
        pen.money(sums["carried_over"], bold=True),
        pen.money(data["totals"]["with_wages"], bold=True),
    )


def _departments(pen: _Pen, data: dict, words: dict) -> None:
    pen.sheet.freeze_panes = "A2"
    pen.widths(width for _name, width in _DEPARTMENT_COLUMNS)
    pen.heads(_DEPARTMENT_COLUMNS, words)
    money = ("ledger", "held", "brought_in", "paid", "account")
    for row in data["departments"]:
        pen.row(pen.text(row["name"]), *(pen.money(row[name]) for name in money))
    pen.row(
        pen.text(words["total"], bold=True),
        *(pen.money(sum(row[name] for row in data["departments"]), bold=True) for name in money),
    )


def _clean(value: str) -> str:
    """Text a spreadsheet can hold: no control characters, no halves of letters, not too long."""
    whole = value.encode("utf-8", "replace").decode("utf-8")
    return ILLEGAL_CHARACTERS_RE.sub("", whole)[:_LONGEST]


def _sheet_title(title: str) -> str:
    return re.sub(r"[\\/*?:\[\]]", " ", title)[:31]


def _repacked(raw: bytes, stamp: datetime) -> bytes:
    """The same file with fixed times: openpyxl stamps the moment of writing into the archive and its properties."""
    fixed = stamp.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for name in sorted(before.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            content = before.read(name)
            if name == "docProps/core.xml":
                content = _MODIFIED.sub(rb"\g<1>" + fixed + rb"\g<2>", content)
            member = zipfile.ZipInfo(name, _ZIP_DATE)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.create_system = 3
            member.external_attr = 0o600 << 16
            after.writestr(member, content)
    return out.getvalue()
