"""The script line: words to say, with the customer's own facts put in. Pure text, no database.

A tag is `{customer}`; one whose value is missing becomes a visible gap, never an empty string.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

TAGS = ("customer", "car", "adviser", "technician", "agent", "store", "day", "work")

_TAG = re.compile(r"\{(\w+)\}")


class Part(NamedTuple):
    """A piece of the line: plain words, a value put in (`tag` set), or a gap (`tag` set, `text` empty)."""

    text: str
    tag: str = ""

    @property
    def is_gap(self) -> bool:
        return bool(self.tag) and not self.text


def fill(line: str, values: Mapping[str, str]) -> list[Part]:
    """Split a line at its tags; a tag nobody knows stays as it was written, so that the mistake is seen."""
    parts, at = [], 0
    for match in _TAG.finditer(line):
        if match[1] not in TAGS:
            continue
        if match.start() > at:
            parts.append(Part(line[at : match.start()]))
        parts.append(Part((values.get(match[1]) or "").strip(), match[1]))
        at = match.end()
    if at < len(line):
        parts.append(Part(line[at:]))
    return parts
