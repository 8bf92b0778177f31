"""What a score is made of: questions, factors, single answers (UX: a figure explains itself)."""

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction

from django.db.models import Count, Q, Sum

from csi_portal.organization.models import Department
from reports.models import LineKind
from surveys.models import Answer, Question, QuestionOption, Response


@dataclass
class Part:
    """A question's mean over the answers of a sample, in points of 100."""

    question: Question
    score: Fraction
    n: int
    low: int

    @property
    def text(self) -> str:
        return str(self.question)


@dataclass
class Factor:
    """A section: Σ weight·points ÷ Σ weight over all its answers, and its questions."""

    title: str
    parts: list[Part] = field(default_factory=list)

    @property
    def score(self) -> Fraction | None:
        weights = sum(Fraction(part.question.weight) * part.n for part in self.parts)
        total = sum(Fraction(part.question.weight) * part.score * part.n for part in self.parts)
        return total / weights if weights else None


def judging(line) -> Q:
    """Condition on answers: of the sample of the line, to a question that counts for it."""
    if line.line_kind == LineKind.PERSON:
        found = Q(pk__in=())
        for position, ids in line.sample.items():
            found |= Q(response__in=ids, question__judges=position)
        return found
    of_sample = Q(response__in=line.sample.get("", ()))
    if line.line_kind == LineKind.STORE:
        return of_sample
    codes = Department.objects.filter(pk=line.department_id).values("code")
    return of_sample & Q(question__judges_department__in=codes)


def factors(line) -> list[Factor]:
    """The questions behind a line's score by factor; questions of several versions join by their key. Two queries."""
    rows = (
        Answer.objects.filter(
            judging(line),
            store=line.store_id,
            points__isnull=False,
            not_applicable=False,
            question__scored=True,
        )
        .values_list("question_id")
        .annotate(total=Sum("points"), n=Count("pk"), low=Count("pk", filter=Q(is_low=True)))
        .order_by()
    )
    counts = {question: figures for question, *figures in rows}
    questions = Question.objects.filter(pk__in=counts).select_related("section")
    by_key: dict[str, list] = defaultdict(list)
    for question in questions.order_by("section__position", "position", "version_id"):
        by_key[question.key].append(question)
    found: dict[str, Factor] = {}
    for same in by_key.values():
        newest = same[-1]
        total, n, low = (sum(counts[question.pk][place] for question in same) for place in range(3))
        factor = found.setdefault(newest.section.key, Factor(str(newest.section)))
        factor.parts.append(Part(newest, Fraction(total, n), n, low))
    return list(found.values())


@dataclass
class Single:
    """One response of a sample with the answers that count for the line."""

    response: Response
    score: Fraction | None
    answers: list[tuple[str, str, int | None, bool]]  # question, what was answered, points, low


def response_ids(line) -> set[int]:
    """The responses of the line's sample."""
    return {pk for ids in line.sample.values() for pk in ids}


def singles(line, start: int, count: int) -> list[Single]:
    """Responses of the sample, newest first, with visit and customer at hand. Three queries."""
    responses = list(
        Response.objects.filter(store=line.store_id, pk__in=response_ids(line))
        .select_related("callback__visit__vehicle", "callback__visit__advisor", "callback__customer")
        .order_by("-completed_at", "-pk")[start : start + count]
    )
    ids = [response.pk for response in responses]
    answers = list(
        Answer.objects.filter(judging(line), store=line.store_id, response__in=ids)
        .select_related("question__section")
        .order_by("question__section__position", "question__position")
    )
    labels = _labels({answer.question_id for answer in answers})
    by_response = defaultdict(list)
    for answer in answers:
        by_response[answer.response_id].append(answer)
    return [_single(response, by_response[response.pk], labels) for response in responses]


def _labels(questions: set[int]) -> dict[tuple, str]:
    return {
        (option.question_id, option.key): str(option)
        for option in QuestionOption.objects.filter(question__in=questions)
    }


def _single(response, answers, labels) -> Single:
    scored = [
        (answer.question.weight, answer.points)
        for answer in answers
        if answer.points is not None and not answer.not_applicable and answer.question.scored
    ]
    weights = sum(Fraction(weight) for weight, _ in scored)
    score = sum(Fraction(weight) * points for weight, points in scored) / weights if weights else None
    return Single(
        response,
        score,
        [(str(answer.question), _said(answer, labels), answer.points, answer.is_low) for answer in answers],
    )


def _said(answer, labels) -> str:
    if answer.not_applicable:
        return ""
    if answer.options:
        return ", ".join(labels.get((answer.question_id, key), str(key)) for key in answer.options)
    return answer.text or ("" if answer.number is None else f"{answer.number.normalize():f}")
