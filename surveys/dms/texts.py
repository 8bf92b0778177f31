"""Cells as text: what every reader of a cell begins with."""

import re
import unicodedata
from datetime import datetime

from .grid import Odd

CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")


def one_of(words: str) -> frozenset[str]:
    """A set from words parted by blanks."""
    return frozenset(words.split())


def plain(cell: object) -> str:
    """The cell as text, outer blanks of every kind and control characters gone, all else as it stands."""
    if isinstance(cell, str):
        text = cell
    elif isinstance(cell, bool):
        text = "1" if cell else "0"
    elif isinstance(cell, float):
        text = str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    elif isinstance(cell, datetime):
        text = cell.isoformat(" ", "seconds")
    elif cell is None or isinstance(cell, Odd):
        return ""
    else:
        text = str(cell)
    if not text.isascii():
        text = CONTROLS.sub("", text)
        return text.strip().strip("\u200b\u200c\u200d\u200e\u200f\u2060\ufeff").strip()
    if not text.isprintable():
        text = CONTROLS.sub("", text)
    return text.strip()


def folded(cell: object) -> str:
    """The text with full-width characters made ASCII (NFKC) and invisible ones removed."""
    text = plain(cell)
    if text.isascii():
        return text
    return INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).strip()


def is_blank(cell: object) -> bool:
    if isinstance(cell, str):
        bare = cell.strip()
        return not bare or (not bare.isascii() and not folded(bare))
    return cell is None
