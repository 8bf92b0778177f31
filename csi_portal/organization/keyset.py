"""Keyset pages for lists: the next page begins after the last row seen, so a deep page costs what the first does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.core.signing import BadSignature, Signer
from django.db.models import Q, QuerySet

AFTER, BEFORE = "after", "before"


@dataclass(frozen=True)
class Page:
    """The rows, and the links the pager component shows (None where there is nothing more)."""

    rows: list
    newer_url: str | None
    older_url: str | None


def page_of(rows: QuerySet, params, *, fields: Sequence[str], size: int) -> Page:
    """One page of `rows` in the order of `fields` (Django order names; the last one unique, none nullable).

    `params` is the request's query (QueryDict): `after` or `before` hold the place of a row, every other parameter
    stays in the links. A place that is not ours begins at the first page.
    """
    backwards = BEFORE in params
    place = _read(params.get(BEFORE if backwards else AFTER, ""), len(fields))
    order = [_turned(field) for field in fields] if backwards else list(fields)
    found = rows.order_by(*order)
    if place is not None:
        found = found.filter(_beyond(order, place))
    taken = list(found[: size + 1])
    more, taken = len(taken) > size, taken[:size]
    if backwards:
        taken.reverse()
    has_newer = more if backwards else place is not None
    has_older = place is not None if backwards else more
    return Page(
        taken,
        _link(params, BEFORE, taken[0], fields) if has_newer and taken else None,
        _link(params, AFTER, taken[-1], fields) if has_older and taken else None,
    )


def _turned(field: str) -> str:
    return field.removeprefix("-") if field.startswith("-") else f"-{field}"


def _beyond(order, place) -> Q:
    """Rows after `place` in the order: by the first field, or equal there and by the second, and so on."""
    condition, equal = Q(), Q()
    for field, value in zip(order, place, strict=True):
        name = field.removeprefix("-")
        step = Q(**{f"{name}__{'lt' if field.startswith('-') else 'gt'}": value})
        condition |= equal & step
        equal &= Q(**{name: value})
    # the plain bound on the first field lets an index begin at the right row
    first, value = order[0], place[0]
    bound = Q(**{f"{first.removeprefix('-')}__{'lte' if first.startswith('-') else 'gte'}": value})
    return bound & condition


def _link(params, direction: str, row, fields) -> str:
    query = params.copy()
    for name in (AFTER, BEFORE):
        query.pop(name, None)
    query[direction] = _write([_value(row, field.removeprefix("-")) for field in fields])
    return f"?{query.urlencode()}"


def _value(row, name: str):
    for part in name.split("__"):
        row = getattr(row, part)
    return row


# Places are signed, so that nobody's invented values reach the database's comparison.
_signer = Signer(salt="keyset")


def _write(values: list) -> str:
    plain = [{"t": value.isoformat()} if isinstance(value, datetime | date) else value for value in values]
    return _signer.sign_object(plain)


def _read(text: str, length: int) -> list | None:
    try:
        values = _signer.unsign_object(text)
    except BadSignature:
        return None
    if len(values) != length:  # the list has another order since
        return None
    return [_moment(value["t"]) if isinstance(value, dict) else value for value in values]


def _moment(text: str):
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
