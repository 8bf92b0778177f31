"""One row, one verdict: skip, invalid, duplicate, review or valid, in this order of precedence.

skip is not data; invalid is refused; duplicate repeats an order number of the same file; review waits for a
person; valid is stored. The rules are those of POLICY and of the import's specification; nothing is guessed.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime

from . import cells, dates, phones
from .codes import Issue
from .grid import GridRow, Odd
from .headers import Headings
from .texts import CONTROLS, folded, is_blank, one_of, plain
from .words import key_of, meaning_of

SKIP, INVALID, DUPLICATE, REVIEW, VALID = "skip", "invalid", "duplicate", "review", "valid"

REVIEW_CODES = one_of(
    "two_phones landline not_settled name_missing vin_length vin_characters amount_negative amount_unreadable "
    "dob_future no_cached_value too_long"
)
WARNING_CODES = one_of("plate_unregistered dob_unreadable mileage_unreadable open_unreadable")
# What a row may leave empty without harm, but is worth counting.
WORTH_NOTING = (
    ("advisor", "advisor_blank"),
    ("dob", "dob_blank"),
    ("gender", "gender_blank"),
    ("vin", "vin_missing"),
)

# Longest texts the portal keeps; a longer one is a shifted column or a mistake, never silently cut.
LIMITS = {
    "order_no": 60,
    "plate": 12,
    "name": 120,
    "contact_name": 120,
    "brand": 60,
    "model": 120,
    "order_type": 60,
    "service_type": 60,
    "advisor": 60,
    "technician": 60,
    "region": 120,
    "remark": 10_000,
}

# Where two rows of one order differ in these, somebody should look which is right.
TELLING = ("phone", "name", "vin", "plate", "close_time", "amount")

TOTAL = re.compile(
    r"^(?:(?:本页|本日|本月|全部|总)?(?:合计|总计|小计|累计|共计|汇总)|(?:grand|sub)?total|sum)(?![0-9a-z])"
    r"|(?:合计|小计|总计)[:：]?$",
    re.IGNORECASE,
)
FOOTER = re.compile(
    r"^(?:制表|制单|审核|复核|打印|导出|统计|填表|审批|会计|出纳|主管|经办人[:：]|负责人[:：]|备注[:：]|说明[:：]|注[:：]|"
    r"第\d+页|共\d+(?:页|条|行|台|笔)|以上|以下|数据截止|截止|page\d*|printed|exported|preparedby|note[:：]|endof)",
    re.IGNORECASE,
)
PLAUSIBLE_ORDER = re.compile(r"(?=.*\d)[A-Z0-9][A-Z0-9\-_/.#]{2,39}", re.ASCII)

ERROR_TEXT = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|GETTING_DATA|SPILL!|CALC!)")


@dataclass(slots=True)
class Row:
    """A row of the file with its verdict.

    `values` are normalised, by field; `raw` is what the cells show, kept only where a person has to look.
    """

    sheet: str
    number: int
    kind: str
    verdict: str
    values: dict
    raw: dict = field(default_factory=dict)
    written: str = ""
    errors: list[Issue] = field(default_factory=list)
    reviews: list[Issue] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    first_row: int = 0
    note: Issue | None = None

    @property
    def order_no(self) -> str:
        return self.values.get("order_no") or ""


def skip_reason(row: GridRow, headings: Headings) -> str | None:
    """Why a row below the headings is not data, or None when it is."""
    filled = {
        name: row.cells[column]
        for name, column in headings.columns.items()
        if column < len(row.cells) and not is_blank(row.cells[column])
    }
    if not filled and all(is_blank(cell) for cell in row.cells):
        return "blank"
    if _repeats_headings(row, headings):
        return "repeated_header"
    if len(filled) >= 4 and _names_itself(filled):
        return None
    first = next((folded(cell) for cell in row.cells if not is_blank(cell)), "")
    compact = re.sub(r"\s+", "", first)
    if not _names_itself(filled):
        if TOTAL.search(compact):
            return "total"
        if FOOTER.search(compact) or len(filled) <= 2:
            return "footer"
    elif TOTAL.match(compact) and not _has_customer(filled):
        return "total"
    return None


def _repeats_headings(row: GridRow, headings: Headings) -> bool:
    """Whether three cells hold just the headings of their columns; an order's number settles it at once."""
    order = row.value(headings.columns["order_no"])
    if isinstance(order, str) and PLAUSIBLE_ORDER.fullmatch(order):
        return False
    repeated = 0
    for name, column in headings.columns.items():
        value = row.cells[column] if column < len(row.cells) else ""
        if isinstance(value, str) and value and (_means(value, name) or key_of(value) == key_of(headings.titles[name])):
            repeated += 1
    return repeated >= 3


def _means(text: str, name: str) -> bool:
    meaning = meaning_of(text)
    return meaning is not None and meaning.field == name


def _names_itself(filled: dict) -> bool:
    """Whether the row has something only an order has: its number, a mobile number or a whole VIN."""
    number, _code = cells.order_number(filled.get("order_no", ""))
    if number and PLAUSIBLE_ORDER.fullmatch(number):
        return True
    return _has_customer(filled)


def _has_customer(filled: dict) -> bool:
    if "phone" in filled and phones.phone(filled["phone"])[1] is None:
        return True
    vin, code = cells.vin(filled.get("vin", ""))
    return vin is not None and code is None


READERS = {
    "order_no": cells.order_number,
    "plate": cells.plate,
    "vin": cells.vin,
    "name": cells.person_name,
    "phone": phones.phone,
    "contact_name": cells.person_name,
    "contact_phone": phones.phone,
    "gender": cells.gender,
    "brand": cells.free_text,
    "model": cells.free_text,
    "order_type": cells.free_text,
    "service_type": cells.service_type,
    "advisor": cells.person_name,
    "technician": cells.names_list,
    "region": cells.free_text,
    "remark": cells.free_text,
    "mileage": cells.mileage,
}
DATED = {"dob": dates.birth_date, "amount": cells.amount}
TIMED = ("open_time", "close_time")
DAYS_AND_TIMES = (*TIMED, "dob")


class Judge:
    """Judges the rows of one file; remembers order numbers over all sheets of a kind.

    `now` is the store's wall time without zone; `zone` the store's, for texts that carry an offset.
    """

    def __init__(self, *, now: datetime, zone=None):
        self._now = now
        self._zone = zone
        self._first: dict[tuple[str, str], Row] = {}

    def judge(self, row: GridRow, headings: Headings, sheet: str, since_1904: bool) -> Row:
        """The row with its verdict; the caller has sorted out what is not data."""
        values, found = {}, []
        for name, column in headings.columns.items():
            value, code = self._read(name, told(row.value(column)), since_1904)
            values[name] = value
            if code:
                found.append((name, code))
            limit = LIMITS.get(name)
            if limit and value is not None and len(value) > limit:
                found.append((name, "too_long"))
        judged = Row(sheet, row.number, headings.kind, VALID, values)
        judged.written = shown(row.value(headings.columns["order_no"]))
        self._sort_out(judged, found, headings, row)
        self._check_whole(judged, headings)
        judged.verdict = INVALID if judged.errors else REVIEW if judged.reviews else VALID
        self._check_duplicate(judged, headings)
        if judged.verdict != VALID:
            judged.raw = {
                name: shown(row.value(column), values[name] if name in DAYS_AND_TIMES else None)
                for name, column in headings.columns.items()
            }
        return judged

    def _read(self, name: str, cell: object, since_1904: bool):
        if cell is Odd.UNCACHED:
            return None, "no_cached_value"
        if name in TIMED:
            value, code = dates.moment(cell, since_1904, self._zone)
            if name == "open_time" and code:
                return None, "open_unreadable"
            return value, code
        if name in DATED:
            return DATED[name](cell, since_1904)
        return READERS[name](cell)

    def _sort_out(self, row: Row, found: list, headings: Headings, source: GridRow) -> None:
        for name, code in found:
            if code in WARNING_CODES:
                row.warnings.append(code)
                continue
            # Whom the workshop met is extra: a number that is none there is left out, nothing more.
            if name == "contact_phone" and code != "no_cached_value":
                row.values[name] = None
                continue
            issue = Issue(code, name, headings.titles[name], _params(name, code, source.value(headings.columns[name])))
            (row.reviews if code in REVIEW_CODES else row.errors).append(issue)

    def _check_whole(self, row: Row, headings: Headings) -> None:
        values, titles = row.values, headings.titles
        pending = {issue.field for issue in row.reviews if issue.code == "no_cached_value"}
        if not values.get("name") and "name" not in pending:
            row.reviews.append(Issue("name_missing", "name", titles["name"]))
        unclear = any(issue.field in ("vin", "plate") for issue in row.reviews)
        if not (values.get("vin") or values.get("plate") or unclear):
            column = titles.get("vin") or titles.get("plate", "")
            row.errors.append(Issue("vin_and_plate_missing", "vin", column))
        self._check_times(row, titles, pending)
        dob = values.get("dob")
        if dob and dob > self._now.date():
            values["dob"] = None
            row.reviews.append(Issue("dob_future", "dob", titles["dob"]))
        for name, warning in WORTH_NOTING:
            if name in titles and not values.get(name):
                row.warnings.append(warning)

    def _check_times(self, row: Row, titles: dict, pending: set[str]) -> None:
        closed, opened = row.values.get("close_time"), row.values.get("open_time")
        title = titles["close_time"]
        if closed is None:
            if "close_time" not in pending and not any(issue.field == "close_time" for issue in row.errors):
                row.reviews.append(Issue("not_settled", "close_time", title))
            return
        if closed.year < dates.FIRST_YEAR:
            row.errors.append(Issue("date_implausible", "close_time", title))
        elif closed > self._now:
            row.errors.append(Issue("date_future", "close_time", title))
        elif opened is not None and _before(closed, opened):
            row.errors.append(Issue("close_before_open", "close_time", title))

    def _check_duplicate(self, row: Row, headings: Headings) -> None:
        number = row.values.get("order_no")
        if not number:
            return
        first = self._first.setdefault((row.kind, number), row)
        if first is row or row.verdict == INVALID:
            return
        row.verdict = DUPLICATE
        row.first_row = first.number
        row.note = _duplicate_note(first, row, headings)


def _params(name: str, code: str, cell: object) -> dict:
    """What the sentence about a cell wants to know."""
    if code in {"phone_short", "phone_long"}:
        return {"digits": sum(sign in "0123456789" for sign in folded(cell))}
    if code == "vin_length":
        return {"digits": len(cells.number_mark(cell)[0] or "")}
    if code == "too_long":
        return {"limit": LIMITS[name]}
    return {}


def _before(closed: datetime, opened: datetime) -> bool:
    """Whether an order was closed before it was opened; a day without time is the whole day."""
    if closed.time() == datetime.min.time() or opened.time() == datetime.min.time():
        return closed.date() < opened.date()
    return closed < opened


def _duplicate_note(first: Row, row: Row, headings: Headings) -> Issue:
    params = {"row": first.number}
    for name in TELLING:
        if name in headings.titles and row.values.get(name) != first.values.get(name):
            return Issue("dup_conflict", name, headings.titles[name], params)
    code = "dup_exact" if row.written == first.written else "dup_spaces"
    return Issue(code, "order_no", headings.titles["order_no"], params)


def told(cell: object) -> object:
    """A text that is an error value of a spreadsheet, as csv and HTML carry it, is an error cell."""
    if isinstance(cell, str) and cell.startswith("#") and ERROR_TEXT.fullmatch(cell.strip()):
        return Odd.ERROR
    return cell


def shown(cell: object, day=None) -> str:
    """A cell as people see it, for the preview and for the file of refused rows.

    A day kept as a number is shown as the day `day`: what people mend must read the same without the workbook.
    """
    if cell is Odd.ERROR:
        return "#N/A"
    if isinstance(cell, str):
        return CONTROLS.sub("", cell)
    if day is not None:
        return plain(day)
    return plain(cell)


def judge_again(texts: dict, titles: dict, kind: str, sheet: str, number: int, *, now: datetime, zone=None) -> Row:
    """Judge a row whose cells a person has mended; `texts` and `titles` are by field.

    Whether its order number stands elsewhere in the file is not known here.
    """
    names = list(texts)
    headings = Headings(0, kind, {name: index for index, name in enumerate(names)}, titles)
    row = GridRow(number, [texts[name] for name in names], {})
    return Judge(now=now, zone=zone).judge(row, headings, sheet, False)
