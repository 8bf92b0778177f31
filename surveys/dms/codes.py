"""What can be wrong with a file or a row: one stable code and one sentence for people each.

The sentence is made when it is shown, so that it speaks the reader's language; stored is the code with its
parameters.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

FILE_MESSAGES = {
    "empty": _("The file is empty."),
    "too_large": _(
        "The file is larger than %(limit)s MB. Export a shorter period, or save only the sheet with the rows."
    ),
    "not_spreadsheet": _("This is not a spreadsheet. Export the list from the DMS as .xlsx, .xls or .csv."),
    "wrong_format": _("Files of the kind %(format)s cannot be read. Open it in Excel or WPS and save it as .xlsx."),
    "encrypted": _("The file is protected by a password. Open it in Excel or WPS, remove the password and save again."),
    "damaged": _("The file is damaged or incomplete. Export it again and do not stop the download early."),
    "unpacks_too_large": _("The file unpacks to far more than it should, so it was not opened. Export it again."),
    "forbidden_xml": _("The file contains definitions a spreadsheet never needs, so it was not opened."),
    "encoding": _("The characters of the text file cannot be read. Save it as CSV UTF-8 or as .xlsx."),
    "quotes": _("Near line %(row)s a quotation mark is not closed. Correct the line or save the file as .xlsx."),
    "too_many_cells": _(
        "Sheet “%(sheet)s” reaches to row %(row)s. Delete what stands far outside the table, "
        "or split the file: at most %(limit)s rows are read."
    ),
    "no_header": _(
        "No row with column headings was found. Needed are an order number, customer name, mobile number, "
        "closing or delivery time, and VIN or plate."
    ),
    "columns_missing": _("Sheet “%(sheet)s”, row %(row)s: columns are missing: %(fields)s."),
    "column_twice": _(
        "Sheet “%(sheet)s”, row %(row)s: the columns %(columns)s both mean “%(field)s”. Keep only one of them."
    ),
    "kind_ambiguous": _(
        "Sheet “%(sheet)s”: the headings do not tell whether these are deliveries or repair orders. "
        "Say which kind it is."
    ),
    "kind_mismatch": _("Sheet “%(sheet)s” holds %(found)s, but %(wanted)s were chosen."),
    "no_rows": _("There is no data row below the headings."),
    # Not the file's fault.
    "preview_outdated": _("The file is read differently now than in the preview. Upload it once more."),
    "failed": _("The import stopped because of a fault in the portal. Nothing of the file was stored."),
}

ROW_MESSAGES = {
    # Invalid: refused until the file is corrected or the cell is mended in the preview.
    "order_missing": _("The order number is missing."),
    "phone_missing": _("The mobile number is missing."),
    "phone_short": _("The mobile number has only %(digits)s digits."),
    "phone_long": _("The mobile number has %(digits)s digits, that is too many."),
    "phone_fake_range": _("The number does not begin like a mobile number (13 to 19)."),
    "phone_damaged": _("The number was damaged by the spreadsheet or masked; digits are lost."),
    "phone_words": _("The cell holds words instead of a mobile number."),
    "date_error_cell": _("The time is a calculation error such as #N/A."),
    "date_impossible": _("This day or time does not exist."),
    "date_zero": _("The time is zero."),
    "date_words": _("The time cannot be read."),
    "date_implausible": _("The year cannot be right."),
    "date_future": _("The time lies in the future."),
    "close_before_open": _("The order was closed before it was opened."),
    "vin_and_plate_missing": _("VIN and plate are both missing."),
    # Review: a person decides.
    "two_phones": _("Two phone numbers in one cell."),
    "landline": _("A landline, not a mobile number."),
    "not_settled": _("Not settled yet: the closing time is empty."),
    "name_missing": _("The customer's name is empty."),
    "vin_length": _("The VIN has %(digits)s characters instead of 17."),
    "vin_characters": _("The VIN contains characters a VIN never has (I, O, Q or others)."),
    "amount_negative": _("The amount is negative."),
    "amount_unreadable": _("The amount cannot be read."),
    "dob_future": _("The birth date lies in the future."),
    "no_cached_value": _("The cell holds a formula whose result is not in the file."),
    "too_long": _("The text is longer than %(limit)s characters."),
    # Duplicate.
    "dup_exact": _("The same order stands in row %(row)s already."),
    "dup_spaces": _("The same order stands in row %(row)s already; the number differs only in how it is written."),
    "dup_conflict": _("The order stands in row %(row)s already, with another value here. The first row counts."),
}

MESSAGES = FILE_MESSAGES | ROW_MESSAGES

FIELD_NAMES = {
    "order_no": _("order number"),
    "plate": _("plate"),
    "vin": _("VIN"),
    "name": _("customer name"),
    "phone": _("mobile number"),
    "contact_name": _("contact person"),
    "contact_phone": _("contact person's phone"),
    "gender": _("gender"),
    "dob": _("birth date"),
    "brand": _("brand"),
    "model": _("model"),
    "order_type": _("order type"),
    "service_type": _("service type"),
    "mileage": _("mileage"),
    "advisor": _("adviser"),
    "technician": _("technician"),
    "open_time": _("opening time"),
    "close_time": _("closing or delivery time"),
    "amount": _("amount"),
    "region": _("customer area"),
    "remark": _("customer's words"),
}

KIND_NAMES = {"sale": _("deliveries"), "service": _("repair orders")}


def message(code: str, params: Mapping | None = None) -> str:
    """The sentence for a code in the language now active."""
    shown = {key: _shown(key, value) for key, value in (params or {}).items()}
    return str(MESSAGES[code]) % shown


def _shown(key: str, value) -> str:
    if key == "fields":
        return str(pgettext_lazy("list", ", ")).join(str(FIELD_NAMES[name]) for name in value)
    if key == "field":
        return str(FIELD_NAMES[value])
    if key in {"found", "wanted"}:
        return str(KIND_NAMES[value])
    if key == "columns":
        return str(pgettext_lazy("list", ", ")).join(value)
    return str(value)


class Refused(Exception):
    """The whole file is refused; nothing of it may be stored.

    `sheet` and `row` are empty and 0 where the trouble lies in the file itself.
    """

    def __init__(self, code: str, *, sheet: str = "", row: int = 0, column: str = "", **params):
        self.code, self.sheet, self.row, self.column = code, sheet, row, column
        self.params = params
        if sheet:
            self.params = {"sheet": sheet, **params}
        if row:
            self.params = {"row": row, **self.params}
        super().__init__(code)

    @property
    def message(self) -> str:
        return message(self.code, self.params)


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing about one cell: `column` is the heading as the file writes it."""

    code: str
    field: str
    column: str = ""
    params: Mapping = field(default_factory=dict)

    @property
    def message(self) -> str:
        return message(self.code, self.params)

    def as_json(self) -> dict:
        """The form in which an issue is stored with its row."""
        return {"code": self.code, "field": self.field, "column": self.column, "params": dict(self.params)}

    @classmethod
    def from_json(cls, data: Mapping) -> "Issue":
        return cls(data["code"], data["field"], data.get("column", ""), data.get("params", {}))
