"""Scores of the counted responses of a period: store, departments, persons (POLICY section 2, "Score")."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from surveys.models import Answer, Response
from surveys.scoring import half_width95, published

STORE = ("store", None)
# Whose questions judge whom: Question.judges -> the person of the visit.
ADVISOR = "advisor"
TECHNICIAN = "technician"


@dataclass
class Sample:
    """The response scores behind one figure as (numerator, denominator), and the responses by the position judged."""

    scores: list[tuple[int, int]] = field(default_factory=list)
    ids: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def add(self, response_id: int, score: tuple[int, int], positions=("",)) -> None:
        self.scores.append(score)
        for position in positions:
            self.ids[position].append(response_id)

    @property
    def n(self) -> int:
        return len(self.scores)

    @property
    def score(self) -> Fraction | None:
        """The exact mean of the response scores; added up by denominator first, of which there are few."""
        if not self.scores:
            return None
        totals: dict[int, int] = defaultdict(int)
        for num, den in self.scores:
            totals[den] += num
        return sum((Fraction(num, den) for den, num in totals.items()), Fraction(0)) / self.n

    @property
    def margin(self) -> Decimal | None:
        """Half the width of the 95 % interval, published; None below n = 2."""
        return published(half_width95([num / den for num, den in self.scores])) if self.n > 1 else None

    @property
    def judged_as(self) -> str:
        """The position most of the responses judge the person in."""
        return max(self.ids, key=lambda position: len(self.ids[position]), default="")


Samples = dict[tuple, Sample]


def samples(store, kind: str, spans: list[tuple]) -> list[Samples]:
    """The samples of each span (first instant, instant after), keyed STORE, ("department", code), ("person", id).

    Two queries: the counted responses, and their scored answers that judge somebody.
    """
    counted = Response.objects.filter(store=store).counted(kind)
    counted = counted.filter(
        completed_at__gte=min(first for first, _ in spans), completed_at__lt=max(end for _, end in spans)
    )
    responses = list(
        counted.order_by("completed_at", "pk").values_list(
            "pk",
            "completed_at",
            "score_num",
            "score_den",
            "callback__visit__advisor_id",
            "callback__visit__technician_id",
        )
    )
    judged = _judging_answers(store, counted)
    return [
        _of([row for row in responses if first <= row[1] < end], judged)  # the spans are few: this week, the one before
        for first, end in spans
    ]


def _judging_answers(store, counted) -> dict[int, dict[tuple, list[int]]]:
    """Response -> ("department", code) or ("position", judges) -> [sum of weight·points, sum of weight].

    Weights are in hundredths, so that all of it stays whole numbers.
    """
    rows = Answer.objects.filter(
        store=store,
        response__in=counted.values("pk"),
        points__isnull=False,
        not_applicable=False,
        question__scored=True,
    ).values_list("response_id", "points", "question__weight", "question__judges_department", "question__judges")
    found: dict[int, dict[tuple, list[int]]] = defaultdict(dict)
    for response_id, points, weight, department, position in rows:
        weight = int(weight * 100)
        for judged in (("department", department), ("position", position)):
            if judged[1]:
                sums = found[response_id].setdefault(judged, [0, 0])
                sums[0] += points * weight
                sums[1] += weight
    return found


def _of(responses, judged) -> Samples:
    found: Samples = defaultdict(Sample)
    nothing: dict = {}
    for pk, _at, num, den, advisor, technician in responses:
        if den:
            found[STORE].add(pk, (num, den))
        sums = judged.get(pk, nothing)
        for key, (total, weight) in sums.items():
            if key[0] == "department" and weight:
                found[key].add(pk, (total, weight))
        for person, positions in _people(advisor, technician).items():
            asked = [position for position in positions if ("position", position) in sums]
            total, weight = (sum(sums["position", position][place] for position in asked) for place in (0, 1))
            if weight:
                found["person", person].add(pk, (total, weight), asked)
    return found


def _people(advisor, technician) -> dict[int, list[str]]:
    """The persons of the visit; who is both is judged by the questions of both."""
    people: dict[int, list[str]] = {}
    for person, position in ((advisor, ADVISOR), (technician, TECHNICIAN)):
        if person is not None:
            people.setdefault(person, []).append(position)
    return people
