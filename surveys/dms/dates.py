"""Days and times in the many ways a DMS writes them: wall times of the store, to the second, without zone."""

import re
from datetime import date, datetime, time, timedelta

from .grid import Odd
from .texts import folded

EPOCH_1900 = datetime(1899, 12, 30)  # noqa: DTZ001 - wall times of the file, the store's zone is added later
EPOCH_1904 = datetime(1904, 1, 1)  # noqa: DTZ001
LAST_SERIAL = 2_958_465
FIRST_YEAR = 2000
FIRST_BIRTH_YEAR = 1900

ISO_LIKE = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
    r"(?:[T\s]*(?:星期.|周.)?\s*(?P<half>上午|下午|中午|晚上|AM|PM)?\s*"
    r"(\d{1,2})\s*(?:[:时点]\s*(\d{1,2})(?:\s*[:分]\s*(?:(\d{1,2})(?:\.(\d{1,9}))?\s*秒?)?)?|[时点])"
    r"\s*(?P<after>AM|PM)?)?"
    r"\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE | re.ASCII,
)
COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:[T\s]?(\d{2}):?(\d{2}):?(\d{2})?)?", re.ASCII)
SERIAL = re.compile(r"\d{1,7}(?:\.\d+)?", re.ASCII)
MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
NAMED_MONTH = re.compile(
    r"(\d{1,2})[-\s/]([a-z]{3})[a-z]*\.?[-\s/,]+(\d{4})"
    r"(?:\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*(?P<half>AM|PM)?)?",
    re.IGNORECASE | re.ASCII,
)


def moment(cell: object, since_1904: bool = False, zone=None) -> tuple[datetime | None, str | None]:
    """A wall time of the store to the second, without zone; (None, None) for a blank cell.

    `zone` is needed only where a text carries an offset of its own.
    """
    if isinstance(cell, datetime):
        return _checked(_to_second(cell))
    if isinstance(cell, date):
        return _checked(datetime(cell.year, cell.month, cell.day))  # noqa: DTZ001
    if isinstance(cell, time | timedelta):
        return None, "date_zero" if not cell or cell == time(0) else "date_words"
    if cell is Odd.ERROR:
        return None, "date_error_cell"
    if isinstance(cell, bool):
        return None, "date_words"
    if isinstance(cell, int | float):
        return _moment_from_number(float(cell), since_1904)
    text = folded(cell).strip("'` ")
    if not text:
        return None, None
    return _moment_from_text(text, since_1904, zone)


def _to_second(value: datetime) -> datetime:
    """Excel keeps days as fractions, so a second may arrive as 0.9999995 of it."""
    value = value.replace(tzinfo=None)
    if value.microsecond:
        value = (value + timedelta(microseconds=500_000)).replace(microsecond=0)
    return value


def _checked(value: datetime | None) -> tuple[datetime | None, str | None]:
    if value is None:
        return None, "date_impossible"
    if value.year <= 1904 and value < EPOCH_1904 + timedelta(days=2):
        return None, "date_zero" if value.year >= 1899 else "date_implausible"
    return value, None


def _moment_from_number(number: float, since_1904: bool) -> tuple[datetime | None, str | None]:
    if number == 0:
        return None, "date_zero"
    if number.is_integer() and number >= 19_000_101:
        return _moment_from_text(str(int(number)), since_1904, None)
    if not 0 < number <= LAST_SERIAL:
        return None, "date_impossible"
    epoch = EPOCH_1904 if since_1904 else EPOCH_1900
    try:
        return _checked(_to_second(epoch + timedelta(days=number)))
    except OverflowError:
        return None, "date_impossible"


def _moment_from_text(text: str, since_1904: bool, zone) -> tuple[datetime | None, str | None]:
    if match := ISO_LIKE.fullmatch(text):
        return _from_iso_like(match, zone)
    if not re.search(r"[1-9]", text):
        return None, "date_zero" if re.search(r"\d", text) else "date_words"
    if match := COMPACT.fullmatch(text):
        return _checked(_built(*match.groups()))
    if SERIAL.fullmatch(text):
        return _moment_from_number(float(text), since_1904)
    if match := NAMED_MONTH.fullmatch(text):
        month = match[2].lower()
        if month in MONTH_NAMES:
            number = MONTH_NAMES.index(month) + 1
            return _checked(_built(match[3], number, match[1], match[4], match[5], match[6], match["half"]))
    return None, "date_words"


def _from_iso_like(match: re.Match, zone) -> tuple[datetime | None, str | None]:
    year, month, day, _half, hour, minute, second, fraction = match.groups()[:8]
    if int(year) == 0 or int(month) == 0 or int(day) == 0:
        nothing = not (int(year) or int(month) or int(day)) or (int(year) == 1900 and int(day) == 0)
        return None, "date_zero" if nothing else "date_impossible"
    value = _built(year, month, day, hour, minute, second, match["half"] or match["after"])
    if value is not None and fraction:
        value = _to_second(value.replace(microsecond=int(fraction[:6].ljust(6, "0"))))
    if value is not None and match["zone"]:
        if zone is None:
            return None, "date_words"
        offset = match["zone"].upper().replace("Z", "+00:00")
        value = datetime.fromisoformat(f"{value.isoformat()}{offset}").astimezone(zone).replace(tzinfo=None)
    return _checked(value)


def _built(year, month, day, hour=None, minute=None, second=None, half=None) -> datetime | None:
    hours = int(hour or 0)
    if half:
        if half.upper() in {"下午", "晚上", "PM"} and hours < 12:
            hours += 12
        elif half.upper() in {"上午", "AM"} and hours == 12:
            hours = 0
    try:
        return datetime(int(year), int(month), int(day), hours, int(minute or 0), int(second or 0))  # noqa: DTZ001
    except ValueError:
        return None


def serial_of(value: object, since_1904: bool) -> float:
    """The number a date cell was before its format made it a date."""
    epoch = EPOCH_1904 if since_1904 else EPOCH_1900
    if isinstance(value, timedelta):
        return value.total_seconds() / 86_400
    if isinstance(value, time):
        return (value.hour * 3600 + value.minute * 60 + value.second) / 86_400
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001
    return (value - epoch).total_seconds() / 86_400


def birth_date(cell: object, since_1904: bool = False) -> tuple[date | None, str | None]:
    """A day; what cannot be read is left out with a warning."""
    value, code = moment(cell, since_1904)
    if value is None:
        return None, None if code is None else "dob_unreadable"
    if value.year < FIRST_BIRTH_YEAR:
        return None, "dob_unreadable"
    return value.date(), None
