"""From what stands in a cell to what the portal keeps: one small function per kind of cell.

Each takes the raw cell (text, number, date, `Odd`) and gives (value, code): the value is None where there is
none, the code says what is wrong, or is None. Whether a code refuses the row or only asks a person is decided
in `verdicts`.
"""

import re
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

from . import dates
from .grid import Odd
from .texts import folded, one_of, plain

VIN = re.compile(r"[A-HJ-NPR-Z0-9]{17}", re.ASCII)
AMOUNT = re.compile(r"(-?)(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d{1,2}))?", re.ASCII)
LARGEST_AMOUNT = Decimal("99999999.99")
MILEAGE = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?", re.ASCII)

SPACES_AND_DOTS = re.compile(r"[\s\u00b7\u2022\u2027\u2219\u22c5\u30fb\u0387]+")
CJK = "\u2e80-\u303e\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
CJK_TEXT = re.compile(f"[{CJK}]")
DASHES = frozenset("-—–－/\\.")

NO_PLATE = one_of(
    "未上牌 无牌 无牌照 无车牌 未挂牌 待上牌 暂无 暂无牌 临牌 临时牌 临时牌照 新车 新车未上牌 无 未知 空 "
    "NOPLATE UNREGISTERED NONE N/A NA NULL TEMP NEW"
)
NOTHING = one_of("无 暂无 未知 空 NONE N/A NA NULL")

GENDERS = {
    "M": "男 男性 男士 先生 m male mr mr. 1",
    "F": "女 女性 女士 小姐 太太 夫人 f female ms ms. mrs mrs. miss 2",
}
GENDER_OF = {word: code for code, words in GENDERS.items() for word in words.split()}

# The DMS's own English names for the kinds of work; what is not listed stays as the file writes it.
SERVICE_TYPES = {
    "maintenance": "定期保养",
    "regularmaintenance": "定期保养",
    "scheduledmaintenance": "定期保养",
    "periodicmaintenance": "定期保养",
    "repair": "一般维修",
    "generalrepair": "一般维修",
    "mechanicalrepair": "一般维修",
    "body&paint": "事故维修",
    "bodyandpaint": "事故维修",
    "bodypaint": "事故维修",
    "accidentrepair": "事故维修",
    "collision": "事故维修",
    "warranty": "保修/索赔",
    "warrantyclaim": "保修/索赔",
    "recall": "召回升级",
    "recallcampaign": "召回升级",
    "detailing": "美容装潢",
    "accessories": "美容装潢",
    "rework": "返修",
    "comeback": "返修",
    "returnrepair": "返修",
    "internal": "内部",
    "pdi": "新车检查",
    "predeliveryinspection": "新车检查",
}


def number_mark(cell: object) -> tuple[str | None, str | None]:
    """Order number, plate or VIN: upper case, inner spaces and the middle dot removed."""
    text = folded(cell)
    if text.startswith("'"):
        text = text[1:]
    if not (text.isalnum() and text.isascii()):
        text = SPACES_AND_DOTS.sub("", text)
    text = text.upper()
    return (text or None), None


def order_number(cell: object) -> tuple[str | None, str | None]:
    value, _code = number_mark(cell)
    if value is None or DASHES.issuperset(value):
        return None, "order_missing"
    return value, None


def vin(cell: object) -> tuple[str | None, str | None]:
    if cell is Odd.ERROR:
        return None, "vin_characters"
    value, _code = number_mark(cell)
    if value is None or value in NOTHING or DASHES.issuperset(value):
        return None, None
    if VIN.fullmatch(value):
        return value, None
    return value, "vin_length" if len(value) != 17 else "vin_characters"


def plate(cell: object) -> tuple[str | None, str | None]:
    value, _code = number_mark(cell)
    if value is None:
        return None, None
    if value in NO_PLATE or DASHES.issuperset(value):
        return None, "plate_unregistered"
    return value, None


def person_name(cell: object) -> tuple[str | None, str | None]:
    """A name; inner spaces go where the name is Chinese, else they become one."""
    text = folded(cell)
    if not text or DASHES.issuperset(text):
        return None, None
    if not text.isascii() and CJK_TEXT.search(text):
        return re.sub(r"\s+", "", text), None
    return re.sub(r"\s+", " ", text), None


def free_text(cell: object) -> tuple[str | None, str | None]:
    """Words of people and of the DMS: only outer blanks go."""
    return (plain(cell) or None), None


def names_list(cell: object) -> tuple[str | None, str | None]:
    """One or more people in one cell: blanks between them stay, as single ones."""
    return (re.sub(r"\s+", " ", folded(cell)) or None), None


def service_type(cell: object) -> tuple[str | None, str | None]:
    text = plain(cell)
    if text.isascii():
        key = re.sub(r"[\s_\-]+", "", text).lower()
        return SERVICE_TYPES.get(key, text) or None, None
    return text or None, None


def gender(cell: object) -> tuple[str | None, str | None]:
    """M, F or None."""
    return GENDER_OF.get(folded(cell).lower()), None


def amount(cell: object, since_1904: bool = False) -> tuple[Decimal | None, str | None]:
    """Yuan with at most two decimals; None for a blank cell, which is no mistake."""
    if cell is Odd.ERROR:
        return None, "amount_unreadable"
    if isinstance(cell, bool):
        return None, "amount_unreadable"
    if isinstance(cell, datetime | date | time | timedelta):
        cell = dates.serial_of(cell, since_1904)
    if isinstance(cell, int | float):
        return _amount_from_number(float(cell))
    text = folded(cell)
    if not text:
        return None, None
    return _amount_from_text(text)


def _amount_from_number(number: float) -> tuple[Decimal | None, str | None]:
    if number <= -0.005:
        return None, "amount_negative"
    if not number <= float(LARGEST_AMOUNT):
        return None, "amount_unreadable"
    return Decimal(repr(max(number, 0.0))).quantize(Decimal("0.01"), ROUND_HALF_UP), None


def _amount_from_text(text: str) -> tuple[Decimal | None, str | None]:
    text = re.sub(r"\s+|人民币|RMB|CNY|[¥￥元圆]|整$", "", text, flags=re.IGNORECASE)
    if bracketed := re.fullmatch(r"\((.+)\)", text):
        text = "-" + bracketed[1]
    match = AMOUNT.fullmatch(text.replace("−", "-"))
    if not match:
        return None, "amount_unreadable"
    value = Decimal(f"{match[2].replace(',', '')}.{match[3] or '00'}")
    if value > LARGEST_AMOUNT:
        return None, "amount_unreadable"
    if match[1] and value:
        return None, "amount_negative"
    return value.quantize(Decimal("0.01")), None


def mileage(cell: object) -> tuple[int | None, str | None]:
    """Whole kilometres; what cannot be read is left out with a warning."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return (int(cell), None) if 0 <= cell < 10_000_000 else (None, "mileage_unreadable")
    text = folded(cell)
    if not text:
        return None, None
    text = re.sub(r"\s+|km|公里|千米$", "", text, flags=re.IGNORECASE)
    match = MILEAGE.fullmatch(text)
    number = int(match[1].replace(",", "")) if match else None
    return (number, None) if number is not None and number < 10_000_000 else (None, "mileage_unreadable")
