"""What a set of answers amounts to: what is shown, what is missing, what is low, the score (POLICY section 2).

Pure: questions and answers are plain values, no database, no clock. Answers name questions by key.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from surveys import scoring

CHOICES = ("rating5", "rating10", "yes_no", "single", "multiple")


@dataclass(frozen=True)
class Asked:
    """A question as the arithmetic needs it; `options` maps option keys to points (None: not scored)."""

    key: str
    kind: str
    options: Mapping[str, int | None] = field(default_factory=dict)
    mandatory: bool = False
    allow_na: bool = True
    scored: bool = True
    weight: Decimal | int = 1
    low_threshold: int = 60
    show_if: Mapping = field(default_factory=dict)
    on_short_form: bool = False


@dataclass(frozen=True)
class Given:
    """An answer as given. `low` is the agent's own judgement that the customer is unhappy."""

    options: tuple[str, ...] = ()
    number: Decimal | None = None
    text: str = ""
    not_applicable: bool = False
    low: bool = False
    low_reasons: tuple[str, ...] = ()
    low_note: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.options or self.number is not None or self.text.strip() or self.not_applicable)


@dataclass(frozen=True)
class Judged:
    """The whole of it. `points` of every answer that counts, `missing` mandatory keys, `low` keys, in order."""

    visible: tuple[str, ...]
    points: Mapping[str, int | None]
    missing: tuple[str, ...]
    low: tuple[str, ...]
    score: Fraction | None

    @property
    def is_complete(self) -> bool:
        return not self.missing


def problem_of(question: Asked, given: Given) -> str:
    """Why an answer cannot be taken, as a code; empty when it can."""
    if given.not_applicable:
        return "" if question.allow_na else "na_not_allowed"
    if question.kind not in CHOICES:
        return "not_a_choice" if given.options else ""
    if any(key not in question.options for key in given.options):
        return "unknown_option"
    if len(given.options) > 1 and question.kind != "multiple":
        return "one_option_only"
    return ""


def points_of(question: Asked, given: Given | None) -> int | None:
    """Points of an answer; None when it is not scored, not applicable or not given.

    Of several options the mean counts, half up.
    """
    if given is None or given.not_applicable or not question.scored:
        return None
    scored = [question.options[key] for key in given.options if question.options.get(key) is not None]
    return (2 * sum(scored) + len(scored)) // (2 * len(scored)) if scored else None


def visible_keys(questions: Iterable[Asked], answers: Mapping[str, Given]) -> tuple[str, ...]:
    """Keys of the questions to ask, in order; what hangs on a hidden or unanswered question is hidden too."""
    known: dict[str, Asked] = {}
    shown: list[str] = []
    for question in questions:
        known[question.key] = question
        if _is_shown(question.show_if, known, answers, shown):
            shown.append(question.key)
    return tuple(shown)


def _is_shown(rule: Mapping, known, answers, shown) -> bool:
    if not rule:
        return True
    parent = rule["question"]
    given = answers.get(parent)
    if parent not in shown or given is None or given.not_applicable:
        return False
    if rule["op"] == "lte":
        points = points_of(known[parent], given)
        return points is not None and points <= rule["value"]
    return any(key in rule["value"] for key in given.options)


def judge(questions: Iterable[Asked], answers: Mapping[str, Given], *, short: bool = False) -> Judged:
    """Judge a set of answers; `short` is the link form, where only questions of the short form are demanded."""
    questions = list(questions)
    shown = visible_keys(questions, answers)
    points, missing, low = {}, [], []
    pairs = []
    for question in questions:
        if question.key not in shown:
            continue
        given = answers.get(question.key)
        if given is None or given.is_empty:
            if question.mandatory and (question.on_short_form or not short):
                missing.append(question.key)
            continue
        points[question.key] = reached = points_of(question, given)
        pairs.append((question.weight, reached))
        if given.low or scoring.low_answer(reached, question.low_threshold):
            low.append(question.key)
    return Judged(shown, points, tuple(missing), tuple(low), scoring.response_score(pairs))
