"""Files the surveys floor hands out."""

import io
from datetime import datetime
from urllib.parse import quote

from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from csi_portal.organization import audit, files, permissions
from surveys.dms.codes import FIELD_NAMES, Issue
from surveys.enums import RowVerdict
from surveys.models import ImportBatch

LONGEST_CELL = 32_767  # Excel's own limit


def refused_name(batch: ImportBatch) -> str:
    stem = batch.file_name.rpartition(".")[0] or batch.file_name
    return files.clean_name(_("%(file)s - refused rows.xlsx") % {"file": stem})


def attachment(name: str) -> str:
    """A Content-Disposition that keeps Chinese names and lets nothing out of its quotes."""
    plain = name.encode("ascii", "ignore").decode().replace('"', "").replace("\\", "").strip() or "file.xlsx"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"


def refused_rows(batch: ImportBatch, *, by, now: datetime) -> bytes:
    """The refused rows of an import as xlsx: where they stand, why, and their cells as text.

    Every cell is text, also one that begins with an equals sign; the file has no formula. The export is logged.
    """
    permissions.require(by, "surveys.import", batch)
    rows = batch.rows.filter(verdict=RowVerdict.INVALID).order_by("pk")
    fields, titles = _columns(batch)
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_("Refused rows"))
    head = [
        pgettext("import", "Sheet"),
        pgettext("import", "Row"),
        pgettext("import", "Reasons"),
        *(titles[name] for name in fields),
    ]
    for column, width in enumerate([14, 8, 48, *[18] * len(fields)], 1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = "A2"
    sheet.append([_text(sheet, word, bold=True) for word in head])
    count = 0
    for row in rows.iterator():
        count += 1
        reasons = [Issue.from_json(problem) for problem in row.problems]
        told = " ".join(f"{issue.column or FIELD_NAMES[issue.field]}: {issue.message}" for issue in reasons)
        cells = [row.sheet, str(row.row), told, *(row.raw.get(name, "") for name in fields)]
        sheet.append([_text(sheet, cell) for cell in cells])
    file = io.BytesIO()
    book.save(file)
    audit.record(by, "import.refused_rows_downloaded", batch, at=now, rows=count)
    return file.getvalue()


def _columns(batch: ImportBatch) -> tuple[list[str], dict[str, str]]:
    """The fields of all sheets in the order of the first one, with the headings the file has."""
    titles: dict[str, str] = {}
    for sheet in batch.counts.get("sheets", []):
        titles |= {name: title for name, title in sheet["titles"] if name not in titles}
    return list(titles), titles


def _text(sheet, value: str, *, bold: bool = False) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, value=value[:LONGEST_CELL])
    cell.data_type = "s"
    if bold:
        cell.font = Font(bold=True)
    return cell
