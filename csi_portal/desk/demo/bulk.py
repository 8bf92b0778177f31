"""The years before: visits by the hundred thousand through the import, their answers and forms by the same rules.

Visits come as files through the import service, which is set-based by itself. Answers are judged by
`surveys.answering`, due times reckoned by `complaints.deadlines`, late steps judged by the services' own judge; the
database's constraints and triggers stand as for everybody. Only the rows are written many at a time.
"""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from django.db import connection

from csi_portal.organization import policies
from surveys import answering
from surveys.models import Answer, Callback, Outcome, PlanLine, QuestionnaireVersion, Response, Visit
from surveys.services import imports, responses

from . import loader, weeks
from .archive import Archive
from .stage import Stage

CHUNK = 2000
FILE_ROWS = 25_000
YEARS = 2
# The customers of the years before; the others come in the weeks that are played.
OF_THE_PAST = 4000
# Of 100 visits so many are shown as asked to the end, the others as never reached.
ANSWERED = 30


@dataclass(frozen=True)
class Amount:
    """How much history: visits, forms in the archive, forms that are open today."""

    visits: int
    archived: int
    open: int


class Bulk:
    """Loads a store's history; `say` hears what is being done."""

    def __init__(self, stage: Stage, amount: Amount, *, seed: str, now: datetime, opened_at: datetime, say: Callable):
        self.stage, self.amount, self.now, self.opened_at, self.say = stage, amount, now, opened_at, say
        self.store = stage.store
        self.rng = Random(f"{seed}/bulk")
        self.seed = f"{seed}/{self.store.code}"
        self.outcomes = {row.code: row for row in Outcome.objects.filter(scope_key="all")}
        self.calendar = policies.business_calendar(policies.current_calendar(self.store, now), self.store, strict=False)

    def load_past(self) -> None:
        """What was there before the weeks that are played."""
        self.say(f"Importing {self.amount.visits} visits of {YEARS} years ...")
        self.import_visits()
        self.say("Writing what their customers answered ...")
        self.answer()
        self.say(f"Filing {self.amount.archived} forms in the archive ...")
        self._archive().file_closed(self.amount.archived, self.visits_before(), self.opened_at)
        _analyze()

    def load_present(self) -> None:
        """What is open today beside what was played."""
        self.say(f"Opening {self.amount.open} forms ...")
        self._archive().open_forms(self.amount.open, self.visits_before())
        _analyze()

    def _archive(self) -> Archive:
        return Archive(self.stage, self.calendar, Random(self.rng.random()), now=self.now)

    # -- visits

    def import_visits(self) -> None:
        """Files as a DMS exports them, one after the other through the import service."""
        rows: list[list] = []
        number = 0
        for order in self._orders():
            rows.append(weeks.service_row(order))
            if len(rows) == FILE_ROWS:
                number += 1
                self._import(rows, number)
                rows = []
        if rows:
            self._import(rows, number + 1)

    def _orders(self) -> Iterator[weeks.Order]:
        last = self.store.local_date(self.opened_at) - timedelta(days=1)
        days = [last - timedelta(days=n) for n in range(365 * YEARS, -1, -1)]
        days = [day for day in days if self.calendar.is_workday(day)]
        town = weeks.Town(self.stage.site, self.seed, last=OF_THE_PAST)
        left = self.amount.visits
        for place, day in enumerate(days):
            today = left // (len(days) - place)
            left -= today
            pace = weeks.Pace(services=(today, today), sales=(0, 0))
            yield from weeks.Workshop(town, self.stage.names(), pace, self.rng).day(day)

    def _import(self, rows: list[list], number: int) -> None:
        text = io.StringIO()
        out = csv.writer(text)
        out.writerow(weeks.SERVICE_HEADER)
        out.writerows([_written(cell) for cell in row] for row in rows)
        file = io.BytesIO(text.getvalue().encode())
        name = f"DMS_{self.store.code}_history_{number}.csv"
        result = imports.direct.import_file(
            self.store, file, name=name, by=self.stage.users["care"], now=self.opened_at
        )
        if result.refused or result.errors or result.reviews:
            raise ValueError(f"{name}: {(result.errors + result.reviews)[:3]}")

    def visits_before(self):
        """The visits of the years before, oldest first."""
        return Visit.objects.filter(store=self.store, kind="service", closed_at__lt=self.opened_at).order_by("pk")

    # -- answers

    def answer(self) -> None:
        """A finished callback for every visit, and the answers of those who were reached."""
        line = PlanLine.objects.get(plan__scope_key="all", line_key="service_follow_up")
        version = QuestionnaireVersion.objects.get(questionnaire=line.questionnaire_id, status="published")
        asked = _Asked(version)
        for visits in _chunks(self.visits_before().select_related("advisor", "store")):
            callbacks = [self._callback(line, visit) for visit in visits]
            loader.write(callbacks)
            done = [callback for callback in callbacks if callback.completed_at is not None]
            found = [asked.response(callback, self.rng, self.stage.users["care"]) for callback in done]
            loader.write(response for response, _rows in found)
            loader.write(row for _response, rows in found for row in rows)

    def _callback(self, line: PlanLine, visit: Visit) -> Callback:
        due = self.store.local_date(visit.closed_at) + timedelta(days=line.days_after)
        called = datetime.combine(due, time(self.rng.randint(9, 17), self.rng.randint(0, 59)), tzinfo=self.store.zone)
        answered = self.rng.random() * 100 < ANSWERED
        return Callback(
            store=self.store,
            line_key=line.line_key,
            subject_key=f"visit:{visit.pk}",
            line=line,
            questionnaire_id=line.questionnaire_id,
            customer_id=visit.customer_id,
            visit=visit,
            counts_for=line.counts_for,
            due_on=due,
            too_late_on=due + timedelta(days=line.too_late_days + 1),
            status="done" if answered else "unreachable",
            reason="" if answered else "attempt_limit",
            priority=line.priority,
            excluded_user_id=visit.advisor.user_id if visit.advisor else None,
            outcome=self.outcomes["completed" if answered else "no_answer"],
            contacted_at=called if answered else None,
            contacted_by_phone_at=called if answered else None,
            completed_at=called if answered else None,
            closed_at=called,
            created_at=called - timedelta(hours=2),
        )


def _analyze() -> None:
    """Let the planner know the new sizes from the first page on."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


class _Asked:
    """A questionnaire as it is asked: mandatory questions, judged as at the call desk."""

    def __init__(self, version: QuestionnaireVersion):
        self.version = version
        self.questions = [row for row in responses.questions_of(version) if row.mandatory and not row.show_if]
        self.plain = [responses.asked(row) for row in self.questions]

    def response(self, callback: Callback, rng: Random, agent) -> tuple[Response, list[Answer]]:
        given = {
            row.key: answering.Given(options=(_said(row.kind, rng),))
            for row in self.questions
            if row.kind in ("rating5", "yes_no")
        }
        judged = answering.judge(self.plain, given)
        response = Response(
            store_id=callback.store_id,
            callback=callback,
            version=self.version,
            counts_for=callback.counts_for,
            counted=judged.is_complete,
            agent=agent,
            started_at=callback.completed_at,
            saved_at=callback.completed_at,
            completed_at=callback.completed_at,
            is_complete=judged.is_complete,
            score_num=judged.score.numerator,
            score_den=judged.score.denominator,
            has_low_answer=bool(judged.low),
            low_settled_at=callback.completed_at if judged.low else None,
        )
        rows = [
            Answer(
                store_id=callback.store_id,
                response=response,
                question=row,
                options=list(given[row.key].options),
                points=judged.points[row.key],
                is_low=row.key in judged.low,
            )
            for row in self.questions
            if row.key in given
        ]
        return response, rows


def _said(kind: str, rng: Random) -> str:
    if kind == "yes_no":
        return "no" if rng.random() < 0.02 else "yes"
    return rng.choices("12345", weights=(1, 1, 2, 16, 80))[0]


def _chunks(rows) -> Iterator[list]:
    """The rows of a queryset ordered by pk, so many at a time."""
    last = 0
    while True:
        found = list(rows.filter(pk__gt=last)[:CHUNK])
        if not found:
            return
        last = found[-1].pk
        yield found


def _written(cell) -> str:
    """A cell as text, the way exports write days and times."""
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, date):
        return f"{cell:%Y-%m-%d}"
    return "" if cell is None else str(cell)
