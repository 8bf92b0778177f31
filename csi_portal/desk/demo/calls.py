"""The agents' days at the phone: they take the next call, ask, and save what it came to."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from csi_portal.organization.models import User
from surveys.answering import Given
from surveys.models import Callback, Claim, Outcome, Question
from surveys.services import calls, numbers, queue, responses

from . import cast, texts
from .clock import Clock
from .stage import Stage

REACHED_OF_100 = 76
# (outcome, how many of 100): a believable day at the phone
MISSED = (
    ("no_answer", 42), ("busy", 12), ("rejected", 18), ("powered_off", 12), ("unreachable", 12),
    ("invalid_number", 2), ("wrong_number", 2),
)  # fmt: skip
REACHED = (
    ("completed", 86), ("partial", 3), ("appointment", 6), ("soft_refusal", 3), ("refusal", 1.5), ("do_not_call", 0.5),
)  # fmt: skip
SESSIONS = (time(9, 6), time(14, 20))
# Nobody is on the phone at the moment at which the demo is looked at.
LAST_CALL = timedelta(minutes=12)
# Points 1 to 5 and how often a customer in the mood gives them, of 100.
MOODS = {
    "delighted": (0, 0, 0, 2, 98),
    "pleased": (0, 0, 0.4, 24, 75.6),
    "mixed": (0, 1, 6, 56, 37),
    "angry": (10, 22, 34, 24, 10),
}
NO_OF_100 = {"delighted": 0, "pleased": 0.6, "mixed": 3, "angry": 35}


@dataclass
class Desk:
    """The call desk of a store.

    `after_low(response, user, now)` is told of low answers when the receiver is put down, `after_complaint(form_pk,
    now)` that the customer of a complaint was called; `wish_of(callback)` says what that customer does: ("answer",
    1 to 5), ("later", when) or ("silent", None).
    """

    stage: Stage
    clock: Clock
    rng: Random
    after_low: Callable
    wish_of: Callable
    after_complaint: Callable

    def __post_init__(self):
        self.outcomes = {row.code: row for row in Outcome.objects.filter(scope_key="all")}
        self.charm = {self.stage.employees[key].pk: points for key, points in cast.CHARM.items()}
        self._questions: dict[int, list[Question]] = {}

    # -- the day

    def plan_day(self, day: date, agents: list[str], keep: int = 0) -> None:
        """Sessions of the day, taken by the agents on duty in turn; `keep` callbacks are left in the queue."""
        for place, begin in enumerate(SESSIONS):
            agent = agents[(place + day.toordinal()) % len(agents)]
            start = datetime.combine(day, begin, tzinfo=self.stage.store.zone)
            self.clock.at(start, lambda now, agent=agent: self.next_call(agent, now, keep))

    def next_call(self, agent: str, now: datetime, keep: int = 0) -> None:
        """Take a call, work it, and plan the one after it; an empty queue ends the session."""
        user = self.stage.users[agent]
        if now > self.clock.end - LAST_CALL:
            return
        if keep and queue.offered(self.stage.store, by=user, now=now).count() <= keep:
            return
        claim = queue.claim_next(self.stage.store, by=user, now=now)
        if claim is None:
            return
        pause = timedelta(seconds=self.rng.randint(20, 240))
        self._dial(claim, user, now, lambda at: self.clock.at(at + pause, lambda at: self.next_call(agent, at, keep)))

    def call(self, callback: Callback, agent: str, now: datetime, then: Callable) -> None:
        """Take one particular call; `then(now)` happens when the receiver was put down."""
        user = self.stage.users[agent]
        if now > self.clock.end - LAST_CALL:
            return
        if callback.claim_id is not None or queue.held_claim(self.stage.store, user, now) is not None:
            self.clock.at(now + timedelta(minutes=7), then)  # somebody is on the phone with the customer, or the agent
            return
        self._dial(queue.claim_callback(callback, by=user, now=now), user, now, then)

    def _dial(self, claim: Claim, user: User, now: datetime, then: Callable) -> None:
        """Ring, and plan what the call comes to for the moment at which the receiver is put down."""
        waiting = self._waiting(claim)
        first = waiting[0]
        if first.is_for_complaint:
            reached = self.wish_of(first)[0] != "silent"
        else:
            reached = self.rng.random() * 100 < REACHED_OF_100
        number = numbers.usable_numbers(first.customer)
        if number and self.rng.random() < 0.3:  # the others dial by hand; the call is logged with what it came to
            calls.dial(first, by=user, now=now, token=claim.token)
        reached = reached and bool(number)
        talk = self.rng.randint(110, 330) if reached else self.rng.randint(25, 50)

        def hang_up(at: datetime) -> None:
            (self._speak if reached else self._miss)(claim, user, at)
            then(at)

        self.clock.at(now + timedelta(seconds=talk), hang_up)

    def _waiting(self, claim: Claim) -> list[Callback]:
        relations = ("store", "customer", "visit", "questionnaire", "outcome")
        return list(claim.callbacks.select_related(*relations).order_by("-priority", "pk"))

    def _miss(self, claim: Claim, user: User, now: datetime) -> None:
        first = self._waiting(claim)[0]
        outcome = "invalid_number"
        if numbers.usable_numbers(first.customer):
            outcome = self._draw(MISSED[:5] if first.is_for_complaint else MISSED)
        self._log(claim, first, outcome, user, now, note=texts.CALL_NOTES[outcome])
        self._tell_complaint(first, now)

    def _speak(self, claim: Claim, user: User, now: datetime) -> None:
        """All callbacks of the claim in one call."""
        waiting = self._waiting(claim)
        while waiting:
            ask = self._ask_about_complaint if waiting[0].is_for_complaint else self._ask
            waiting = ask(claim, waiting[0], user, now)

    def _ask(self, claim, callback, user, now) -> list[Callback]:
        outcome = self._draw(REACHED)
        if outcome not in ("completed", "partial"):
            return self._log(claim, callback, outcome, user, now, note=texts.CALL_NOTES[outcome]).remaining
        mood = self._mood(callback)
        answers = self._answers(callback, mood)
        if outcome == "partial":
            answers = dict(list(answers.items())[:3])
        comment = self.rng.choice(texts.PRAISE) if mood == "delighted" and self.rng.random() < 0.3 else ""
        logged = self._log(claim, callback, outcome, user, now, answers=answers, comment=comment)
        if logged.response is not None and logged.response.has_low_answer:
            self.after_low(logged.response, user, now)
        return logged.remaining

    def _ask_about_complaint(self, claim, callback, user, now) -> list[Callback]:
        wish, value = self.wish_of(callback)
        if wish == "later":
            return self._log(
                claim, callback, "appointment", user, now, note="客户请我们晚些再打。", when=value
            ).remaining
        overall = value or 4
        answers = {}
        for question in self._questions_of(callback):
            if question.kind == "rating5":
                near = overall if question.key == "overall" else overall + self.rng.choice((-1, 0, 0, 1))
                answers[question.key] = Given(options=(str(max(1, min(5, near))),))
        note = self.rng.choice(texts.CALLBACK_GOOD if overall >= 4 else texts.CALLBACK_BAD)
        answers["comment"] = Given(text=note)
        logged = self._log(claim, callback, "completed", user, now, answers=answers, comment=note)
        self._tell_complaint(callback, now)
        return logged.remaining

    def _tell_complaint(self, callback, now) -> None:
        if callback.is_for_complaint:
            self.after_complaint(int(callback.subject_key.partition(":")[2]), now)

    def _log(self, claim, callback, outcome: str, user, now, *, note="", answers=None, comment="", when=None):
        appointment = (when or self._later(now)) if outcome == "appointment" else None
        result = calls.Result(
            self.outcomes[outcome], note=note, appointment_at=appointment, appointment_own=bool(appointment)
        )
        return calls.log_outcome(
            callback, result, by=user, now=now, token=claim.token, answers=answers, comment=comment
        )

    def _later(self, now: datetime) -> datetime:
        """When a customer without time now wants to be called."""
        local = self.stage.store.local(now)
        day = local.date() + timedelta(days=self.rng.choice((0, 1, 1, 2)) if local.hour < 15 else 1)
        return datetime.combine(day, time(self.rng.choice((15, 16, 17)), 30), tzinfo=self.stage.store.zone)

    def _draw(self, table) -> str:
        return self.rng.choices([code for code, _share in table], weights=[share for _code, share in table])[0]

    # -- what customers say

    def _questions_of(self, callback) -> list[Question]:
        if callback.questionnaire_id not in self._questions:
            self._questions[callback.questionnaire_id] = responses.questions_of(responses.version_for(callback))
        return self._questions[callback.questionnaire_id]

    def _mood(self, callback) -> str:
        visit = callback.visit
        charms = [self.charm[pk] for pk in (visit.advisor_id, visit.technician_id) if pk in self.charm] or [85]
        charm = sum(charms) / len(charms)
        angry, mixed, delighted = (100 - charm) / 3, (100 - charm) * 0.7, charm / 2
        weights = (delighted, 100 - delighted - mixed - angry, mixed, angry)
        return self.rng.choices(list(MOODS), weights=weights)[0]

    def _answers(self, callback, mood: str) -> dict[str, Given]:
        answers: dict[str, Given] = {}
        for question in self._questions_of(callback):
            given = self._answer(question, callback, mood, answers)
            if given is not None:
                answers[question.key] = given
        return answers

    def _answer(self, question: Question, callback, mood: str, before: dict[str, Given]) -> Given | None:
        rng = self.rng
        if question.show_if:
            parent = before.get(question.show_if["question"])
            if parent is None or not set(parent.options) & set(question.show_if["value"]):
                return None
        if question.kind == "text":
            return Given(text="手机互联和驾驶辅助") if question.mandatory else None
        if not question.mandatory and rng.random() < 0.3:
            return None
        if question.key == "skill_body" and callback.visit.service_type != "事故维修":
            return Given(not_applicable=True)
        if question.kind == "yes_no":
            said = "no" if rng.random() * 100 < NO_OF_100[mood] else "yes"
            return self._with_reason(question, said, said == "no")
        said = rng.choices("12345", weights=MOODS[mood])[0]
        return self._with_reason(question, said, said in "123")

    def _with_reason(self, question: Question, said: str, low: bool) -> Given:
        if not low or not question.low_reasons:
            return Given(options=(said,))
        reason = self.rng.choice(question.low_reasons)["key"]
        note = self.rng.choice(texts.LOW_NOTES) if self.rng.random() < 0.6 else ""
        return Given(options=(said,), low_reasons=(reason,), low_note=note)
