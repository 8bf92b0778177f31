"""What the call desk's form sends, as plain values. Shape only; the services judge it."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

from csi_portal.organization.errors import IllegalMove
from surveys.answering import CHOICES, Given
from surveys.enums import QuestionKind
from surveys.services.calls import Result, outcomes_for

NOT_APPLICABLE = "-"
LONGEST_TEXT = 4000


def answers_of(questions, post) -> dict[str, Given]:
    """The answers of a posted desk, by question key; untouched questions are left out.

    Fields of a question `k`: `q.k` option keys or "-", `t.k` text or number, `low.k`, `why.k` reasons, `words.k`.
    Raises IllegalMove for a number that is none.
    """
    found = {one.key: _answer(one, post) for one in questions}
    return {key: given for key, given in found.items() if not given.is_empty or given.low_note}


def _answer(question, post) -> Given:
    key = question.key
    chosen = tuple(post.getlist(f"q.{key}"))
    reasons = {row["key"] for row in question.low_reasons}
    typed = _text(post, f"t.{key}")
    return Given(
        options=tuple(one for one in chosen if one != NOT_APPLICABLE) if question.kind in CHOICES else (),
        number=_number(typed) if question.kind == QuestionKind.NUMBER else None,
        text=typed if question.kind == QuestionKind.TEXT else "",
        not_applicable=NOT_APPLICABLE in chosen,
        low=post.get(f"low.{key}") == "1",
        low_reasons=tuple(one for one in post.getlist(f"why.{key}") if one in reasons),
        low_note=_text(post, f"words.{key}"),
    )


def _text(post, name: str) -> str:
    # a database refuses NUL, and a pasted novel helps nobody
    return post.get(name, "").replace("\x00", "").strip()[:LONGEST_TEXT]


def _number(typed: str) -> Decimal | None:
    if not typed:
        return None
    try:
        number = Decimal(typed)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) >= 10**9:
        raise IllegalMove(_("“%(typed)s” is not a number.") % {"typed": typed[:20]})
    return round(number, 4)


def comment_of(post) -> str:
    return _text(post, "comment")


def expected_of(post) -> int:
    """The draft's version the page knows; anything unreadable is "none"."""
    typed = post.get("version", "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 9 else 0


def result_of(store, post) -> Result:
    """What the call came to. Raises IllegalMove when nothing was chosen or the time cannot be read."""
    outcome = outcomes_for(store).filter(code=post.get("outcome", "")[:30]).order_by("-scope_key").first()
    if outcome is None:
        raise IllegalMove(_("Choose how the call went."))
    return Result(
        outcome=outcome,
        note=_text(post, "note"),
        appointment_at=_moment(store, post.get("appointment_at") or post.get("appointment_pick") or ""),
        appointment_own=post.get("appointment_own") == "1",
        reason=post.get("reason", "")[:40],
    )


def _moment(store, typed: str) -> datetime | None:
    """A wall time of the store, like 2026-11-22T09:30, as UTC."""
    if not typed.strip():
        return None
    try:
        wall = datetime.fromisoformat(typed.strip())
    except ValueError:
        wall = None
    if wall is None or wall.tzinfo is not None or not 2000 <= wall.year <= 2100:
        raise IllegalMove(_("“%(typed)s” is not a time.") % {"typed": typed[:20]})
    return wall.replace(tzinfo=store.zone).astimezone(UTC)
