"""Finding the row of headings, what kind of business it speaks of, and which column is which field."""

from dataclasses import dataclass, field

from .codes import Refused
from .grid import GridRow, Odd
from .texts import plain
from .words import Meaning, key_of, meaning_of

REQUIRED = ("order_no", "name", "phone", "close_time")
CAR = ("vin", "plate")
# A row is taken for headings when it names so many different fields; a sheet of parts has fewer.
ENOUGH_WORDS = 3
# Headings further down belong to something else than a list with a few title lines.
LAST_HEADER_ROW = 200


@dataclass
class Headings:
    """One recognised row of headings. `columns`: field to column (0-based); `titles`: field to heading text."""

    row: int
    kind: str
    columns: dict[str, int]
    titles: dict[str, str]
    last_row: int = 0
    ignored: list[str] = field(default_factory=list)


@dataclass
class Candidate:
    """A row (or two rows read as one) that looks like headings: column to (text, meaning)."""

    row: int
    last_row: int
    words: dict[int, tuple[str, Meaning]]
    unknown: list[str]

    @property
    def fields(self) -> set[str]:
        return {meaning.field for _text, meaning in self.words.values()}

    @property
    def complete(self) -> bool:
        return not missing(self.fields)


def missing(fields) -> list[str]:
    """Fields without which no row of a sheet could be used. One of VIN and plate is enough."""
    named = set(fields)
    if "contact_name" in named:
        named.add("name")
    if "contact_phone" in named:
        named.add("phone")
    lacking = [name for name in REQUIRED if name not in named]
    return lacking if named & set(CAR) else [*lacking, "vin"]


def candidate_of(row: GridRow, below: GridRow | None = None) -> Candidate:
    """Read a row as headings; with `below` given, its words win over those above them."""
    width = max(len(row.cells), len(below.cells) if below else 0)
    words, unknown = {}, []
    for column in range(width):
        text = _text(below, column) if below else ""
        text = text or _text(row, column)
        if not text:
            continue
        meaning = meaning_of(text)
        if meaning:
            words[column] = (text, meaning)
        else:
            unknown.append(text)
    return Candidate(row.number, below.number if below else row.number, words, unknown)


def _text(row: GridRow, column: int) -> str:
    value = row.value(column)
    return plain(value) if isinstance(value, str) and not isinstance(value, Odd) else ""


def find(rows: list[GridRow]) -> Candidate | None:
    """The best row of headings among the first rows of a sheet: complete if there is one, else the fullest."""
    singles = [candidate_of(row) for row in rows]
    for index, single in enumerate(singles):
        if not single.complete or len(single.fields) < ENOUGH_WORDS:
            continue
        following = singles[index + 1] if index + 1 < len(singles) else None
        # Groups above, details below: with cells merged downwards the lower row is the fuller one.
        if following and following.complete and len(following.fields) > len(single.fields):
            return following
        return single
    for upper, lower in zip(rows, rows[1:], strict=False):
        double = candidate_of(upper, lower)
        if double.complete and len(candidate_of(lower).fields) >= 2 <= len(candidate_of(upper).fields):
            return double
    best = max(singles, key=lambda single: len(single.fields), default=None)
    return best if best and len(best.fields) >= ENOUGH_WORDS else None


def kind_of(candidate: Candidate) -> str:
    """The kind the words speak for, or an empty text where it is both or neither."""
    fields = {kind: set() for kind in ("sale", "service")}
    for _text, meaning in candidate.words.values():
        if meaning.kind and not meaning.fallback:
            fields[meaning.kind].add(meaning.field)
    if not fields["sale"] or not fields["service"]:
        return next((kind for kind, found in fields.items() if found), "")
    # A repair order may also name the seller of the car or when the car was handed back, and a delivery the
    # service type it came with. The order number decides, unless the closing time speaks against it.
    for kind, other in (("service", "sale"), ("sale", "service")):
        if "order_no" in fields[kind] and "order_no" not in fields[other]:
            agrees = "close_time" in fields[kind] or "close_time" not in fields[other]
            if agrees:
                return kind
    return ""


def resolve(candidate: Candidate, sheet: str, kind: str) -> Headings:
    """Give each field its column for one kind.

    Refuses two columns for one field; a second-choice word never competes with a better one, and a word that
    speaks for the other kind only counts where nothing else is there for a field that must be.
    """
    chosen: dict[str, int] = {}
    titles: dict[str, str] = {}
    by_field: dict[str, list[tuple[int, int, str]]] = {}
    for column, (text, meaning) in candidate.words.items():
        title = " ".join(text.split())
        by_field.setdefault(meaning.field, []).append((_rank(meaning, kind), column, title))
    for name, found in by_field.items():
        best = min(rank for rank, _column, _text in found)
        columns = sorted((column, text) for rank, column, text in found if rank == best)
        if len(columns) > 1:
            _check_twice(name, columns, best, candidate.row, sheet)
        if best == 2 and name not in REQUIRED:
            continue
        chosen[name], titles[name] = columns[0][0], columns[0][1]
    _stand_in(chosen, titles, "name", "contact_name")
    _stand_in(chosen, titles, "phone", "contact_phone")
    return Headings(candidate.row, kind, chosen, titles, candidate.last_row, candidate.unknown)


def _rank(meaning: Meaning, kind: str) -> int:
    if meaning.kind and meaning.kind != kind:
        return 2
    return 1 if meaning.fallback else 0


def _check_twice(name: str, columns: list[tuple[int, str]], rank: int, row: int, sheet: str) -> None:
    texts = [text for _column, text in columns]
    same = len({key_of(text) for text in texts}) < len(texts)
    must_be = name in (*REQUIRED, *CAR)
    if same or must_be or (rank == 0 and not name.startswith("contact_")):
        raise Refused("column_twice", sheet=sheet, row=row, column=texts[-1], columns=texts, field=name)


def _stand_in(chosen: dict[str, int], titles: dict[str, str], name: str, other: str) -> None:
    """Where only the contact person is named, that person is the customer."""
    if name not in chosen and other in chosen:
        chosen[name], titles[name] = chosen.pop(other), titles.pop(other)
