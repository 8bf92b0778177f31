"""When a plan line asks for a callback, and whom a sample takes (POLICY section 2). Pure: no database, no clock."""

import hashlib
import math
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta

# A calendar that never opens again must not hang a run.
LONGEST_CLOSURE = 60


def due_on(closed_on: date, days_after: int, is_open: Callable[[date], bool]) -> date:
    """The day a visit's callback is due: so many days after it, a closed day moves to the next open one."""
    day = closed_on + timedelta(days=days_after)
    for _step in range(LONGEST_CLOSURE):
        if is_open(day):
            return day
        day += timedelta(days=1)
    return closed_on + timedelta(days=days_after)


def add_months(day: date, months: int) -> date:
    """The same day so many months on, clamped to the month's end."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def ticket(seed: str, subject_key: str) -> int:
    """A subject's lot in a draw, 0-9999: the same whenever it is drawn again with the same seed."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{subject_key}".encode()).digest()[:8], "big") % 10_000


def seed_of(store_code: str, line_key: str, day: date) -> str:
    """The seed of a month's draw, kept on every callback it took or left."""
    return f"{store_code}/{line_key}/{day:%Y-%m}"


def taken_by_percent(lot: int, percent: int) -> bool:
    return lot < percent * 100


def quota_until(number: int, day: date) -> int:
    """How many of a month's `number` may be taken up to and including `day`, spread evenly over the month."""
    return math.ceil(number * day.day / monthrange(day.year, day.month)[1])


def left_out(order_type: str, amount, excluded: list[str]) -> bool:
    """Whether a line's filter leaves a visit out; `zero_amount` is the code for orders of exactly 0 yuan."""
    words = {word.strip().casefold() for word in excluded}
    if "zero_amount" in words and amount is not None and amount == 0:
        return True
    return bool(order_type) and order_type.strip().casefold() in words
