"""Phone numbers as people and spreadsheets write them."""

import re

from .grid import Odd
from .texts import folded

MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
# Area code and number, each beginning as Chinese landlines do, or a number of the same town.
LANDLINE = re.compile(r"0(?:10|2\d|[3-9]\d{2})[1-9]\d{6,7}|[2-8]\d{6,7}", re.ASCII)
LANDLINE_ABROAD = re.compile(r"(?:10|2\d|[3-9]\d{2})[1-9]\d{6,7}", re.ASCII)
EXTENSION = re.compile(r"(?:-|转|分机|ext\.?|x)\s*\d{1,6}$", re.IGNORECASE | re.ASCII)
BETWEEN_PHONES = re.compile(r"[/\\、,;|&\n\r\t或和]+")
SCIENTIFIC = re.compile(r"(\d)(?:\.(\d+))?[eE]\+?(\d{1,2})", re.ASCII)


def phone(cell: object) -> tuple[str | None, str | None]:
    """A mobile number of 11 digits; other codes say what it is instead."""
    if cell is Odd.ERROR:
        return None, "phone_words"
    if isinstance(cell, float) and not cell.is_integer():
        return None, "phone_damaged"
    text = folded(cell)
    if not text:
        return None, "phone_missing"
    digits = _phone_digits(text)
    if MOBILE.fullmatch(digits) and "*" not in text:
        return digits, None
    found = _phones_within(text)
    mobiles = [number for number in found if MOBILE.fullmatch(number)]
    if len(found) == 1 and mobiles and "*" not in text:
        return mobiles[0], None
    if len(found) > 1 and any(_is_phone(number) for number in found):
        return (mobiles or found)[0], "two_phones"
    return _not_a_mobile(text, digits)


def _phone_digits(text: str) -> str:
    text = text.lstrip("'` ")
    text = re.sub(r"\.0+$", "", text)
    spread = SCIENTIFIC.fullmatch(text)
    if spread:
        fraction = spread[2] or ""
        if len(fraction) >= int(spread[3]) >= 10:
            return (spread[1] + fraction)[: int(spread[3]) + 1]
    digits = re.sub(r"[^0-9]", "", text)
    bare = text.lstrip("( ")
    if bare.startswith("+86"):
        digits = digits[2:]
    elif digits.startswith("0086"):
        digits = digits[4:]
    elif len(digits) == 13 and digits.startswith("86"):
        # Excel takes the plus sign away where it reads the number as a number.
        digits = digits[2:]
    return digits


def _phones_within(text: str) -> list[str]:
    """The different numbers of a cell that seems to hold more than one."""
    parts = [part for part in BETWEEN_PHONES.split(text) if re.search(r"\d", part)]
    if len(parts) < 2:
        parts = [part for part in text.split() if re.search(r"\d", part)]
        if any(not _is_phone(part) for part in parts):
            parts = _runs_together(text)
    return list(dict.fromkeys(_phone_digits(part) for part in parts))


def _is_phone(text: str) -> bool:
    digits = _phone_digits(text)
    return bool(MOBILE.fullmatch(digits) or LANDLINE.fullmatch(digits))


def _runs_together(text: str) -> list[str]:
    digits = re.sub(r"[^0-9]", "", text)
    if len(digits) == 22 and MOBILE.fullmatch(digits[:11]) and MOBILE.fullmatch(digits[11:]):
        return [digits[:11], digits[11:]]
    return []


def _not_a_mobile(text: str, digits: str) -> tuple[str | None, str]:
    if "*" in text or "#" in text or "..." in text or SCIENTIFIC.fullmatch(text):
        return None, "phone_damaged"
    if LANDLINE.fullmatch(digits):
        return digits, "landline"
    without = re.sub(r"[^0-9]", "", EXTENSION.sub("", text))
    if without != digits and LANDLINE.fullmatch(without):
        return without, "landline"
    if re.match(r"\(?(\+86|0086)", text) and LANDLINE_ABROAD.fullmatch(digits):
        return "0" + digits, "landline"
    if not digits:
        return None, "phone_words"
    if len(digits) < 11:
        return None, "phone_short"
    if len(digits) > 11:
        return None, "phone_long"
    return None, "phone_fake_range"
