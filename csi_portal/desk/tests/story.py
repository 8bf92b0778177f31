"""The ground of the journeys: the demo's store and people, orders of one workshop day, answers given by phone.

Everything lies in March 2026. There the store is open from 8:30 to 18:00 on every day, and no holiday falls in it.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from random import Random

from complaints import services as complaints
from complaints.models import Complaint
from csi_portal.desk.demo import cast, weeks
from csi_portal.desk.demo.stage import Logins, set_stage
from csi_portal.organization.models import Store
from incentives import services as money
from surveys.answering import Given
from surveys.models import Callback, Outcome
from surveys.services import calls, queue, responses
from surveys.services.imports.direct import import_file

OPENED = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
WORKSHOP_DAY = date(2026, 3, 2)


def at(text: str) -> datetime:
    """A wall time of March 2026 in Shanghai, like "05 10:00" (day and time)."""
    day, wall = text.split()
    local = datetime.fromisoformat(f"2026-03-{day}T{wall}")
    return (local - timedelta(hours=8)).replace(tzinfo=UTC)


class Shop:
    """The store with its people by part: `gm`, `carem`, `care`, `service`, `finance`, …"""

    def __init__(self, *, clock: str = "elapsed"):
        self.logins = Logins()
        self.stage = set_stage(cast.SITES[0], opened_at=OPENED, logins=self.logins, group={})
        self.store = self.stage.store
        Store.objects.filter(pk=self.store.pk).update(clock=clock)
        self.store.clock = clock
        self.users, self.people = self.stage.users, self.stage.employees
        self.departments = self.stage.departments

    def adopt(self) -> None:
        """The penalty rules hold from the first day on."""
        money.record_adoption(
            self.store,
            adopted_on=WORKSHOP_DAY - timedelta(days=20),
            announced_on=WORKSHOP_DAY - timedelta(days=10),
            treatment="performance_pay",
            by=self.users["gm"],
            now=OPENED,
        )

    def orders(self, number: int) -> list[weeks.Order]:
        """Repair orders closed on the workshop day, each of another customer."""
        town = weeks.Town(self.stage.site, "story")
        pace = weeks.Pace(services=(number, number), sales=(0, 0))
        found = weeks.Workshop(town, self.stage.names(), pace, Random("story")).day(WORKSHOP_DAY)
        return [replace(order, car=town.car(place)) for place, order in enumerate(found)]

    def import_orders(self, orders, now: datetime):
        file = weeks.dms_file(orders)
        return import_file(self.store, file, name="DMS.xlsx", by=self.users["care"], now=now)

    # -- the phone

    def ask(self, claim, answers: dict[str, Given], now: datetime) -> calls.Logged:
        """Dial the claimed customer and save a completed call with the answers."""
        callback = claim.callbacks.select_related("store", "customer", "visit", "questionnaire", "outcome").get()
        agent = self.users["care"]
        calls.dial(callback, by=agent, now=now, token=claim.token)
        outcome = Outcome.objects.get(code="completed", scope_key="all")
        return calls.log_outcome(
            callback,
            calls.Result(outcome),
            by=agent,
            now=now + timedelta(minutes=4),
            token=claim.token,
            answers=answers,
        )

    def call_all(self, unhappy: str, now: datetime) -> list:
        """Call everybody in the queue; the customer of the order `unhappy` gives bad marks, the others the best."""
        found = []
        while (claim := queue.claim_next(self.store, by=self.users["care"], now=now)) is not None:
            callback = claim.callbacks.get()
            points = "2" if callback.visit.number == unhappy else "5"
            found.append(self.ask(claim, answers_for(callback, points), now).response)
            now += timedelta(minutes=6)
        return found

    def call_about(self, form: Complaint, overall: str, now: datetime):
        """The satisfaction callback of a form."""
        callback = Callback.objects.get(store=self.store, subject_key=f"complaint:{form.pk}")
        claim = queue.claim_callback(callback, by=self.users["care"], now=now)
        return self.ask(claim, {"overall": Given(options=(overall,))}, now).response

    # -- the form

    def step(self, form: Complaint, step: str, by: str, now: datetime, **details) -> None:
        complaints.complete_step(form, step, by=self.users[by], note=details.pop("note", "已处理"), now=now, **details)


def answers_for(callback, points: str) -> dict[str, Given]:
    """The same mark for every mandatory question; "no" where the mark is bad and the question knows only that."""
    version = responses.version_for(callback)
    good = int(points) > 3
    return {
        question.key: Given(options=(points,) if question.kind == "rating5" else ("yes" if good else "no",))
        for question in responses.questions_of(version)
        if question.mandatory and not question.show_if and question.kind in ("rating5", "yes_no")
    }


def score_of(callback, points: str) -> Fraction:
    """What those answers come to, reckoned here once more: sum of weight times points by sum of weights."""
    version = responses.version_for(callback)
    total = weights = Fraction(0)
    for question in responses.questions_of(version):
        if question.key in answers_for(callback, points) and question.scored:
            weight = Fraction(question.weight)
            gained = 20 * int(points) if question.kind == "rating5" else (100 if int(points) > 3 else 0)
            total, weights = total + weight * gained, weights + weight
    return total / weights
