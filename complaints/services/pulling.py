"""What the call desk learned about forms that wait for the customer's word, judged at the time it happened (POLICY 3).

The call desk only records calls and answers; this floor looks at them when woken, and in every sweep.
"""

import logging

from django.utils import timezone

from csi_portal.organization import permissions
from csi_portal.organization.errors import Refusal
from csi_portal.organization.permissions import SYSTEM
from surveys.enums import CallbackStatus
from surveys.models import Attempt, Response

from ..enums import Status, Step, TryResult
from ..models import Complaint
from .late_answers import record_late_answer
from .steps import complete_step
from .surveying import LINE_KEY, subject_key
from .tries import log_try

logger = logging.getLogger(__name__)

# The question whose five levels say whether the customer is satisfied; a level is worth 20 points.
OVERALL_KEY = "overall"
POINTS_PER_LEVEL = 20


def pull_now() -> dict[str, int]:
    return pull(timezone.now())


def pull(now) -> dict[str, int]:
    """Bring over what the call desk learned about forms that wait for the customer's word; safe to repeat."""
    waiting = {
        subject_key(form): form
        for form in Complaint.objects.open().filter(  # open() besides: the index of open forms serves
            status__in=[Status.RESOLVED, Status.CALLED_BACK], callback_satisfied=None, customer__isnull=False
        )
    }
    if not waiting:
        return {"callbacks": 0, "tries": 0}
    mine = {"callback__line_key": LINE_KEY, "callback__subject_key__in": list(waiting)}
    answered = Response.objects.completed().filter(is_complete=True, **mine).select_related("callback", "agent")
    called = Attempt.objects.filter(outcome__isnull=False, complaint_try=None, **mine)
    tries = sum(
        _take_attempt(waiting[attempt.callback.subject_key], attempt, now)
        for attempt in called.select_related("callback", "outcome", "agent").order_by("dialled_at", "pk")
    )
    callbacks = sum(
        _take_response(waiting[response.callback.subject_key], response, now)
        for response in answered.prefetch_related("answers__question").order_by("completed_at", "pk")
    )
    return {"callbacks": callbacks, "tries": tries}


def _take_attempt(form: Complaint, attempt: Attempt, now) -> int:
    if form.status != Status.RESOLVED or attempt.outcome.completes:
        return 0
    result = TryResult.REACHED if attempt.outcome.reached else TryResult.NOT_REACHED
    if attempt.outcome.final_status == CallbackStatus.REFUSED:
        result = TryResult.REFUSED
    try:
        log_try(
            form,
            Step.CALLBACK,
            by=_agent(form, attempt.agent),
            result=result,
            note=attempt.note,
            happened_at=attempt.dialled_at,
            now=now,
            attempt=attempt,
        )
    except Refusal as refusal:
        logger.warning("attempt %s not taken over to %s: %s", attempt.pk, form.number, refusal)
        return 0
    return 1


def _take_response(form: Complaint, response: Response, now) -> int:
    answers = {answer.question.key: answer for answer in response.answers.all()}
    overall = answers.get(OVERALL_KEY)
    if overall is None or overall.points is None:
        return 0
    said = {
        "overall": overall.points // POINTS_PER_LEVEL,
        "note": _words(response, answers.values()),
        "happened_at": response.completed_at,
    }
    try:
        if form.status == Status.CALLED_BACK:
            record_late_answer(form, by=SYSTEM, now=now, **said)
        else:
            evidence = f"response:{response.pk}"
            who = _agent(form, response.agent)
            complete_step(form, Step.CALLBACK, by=SYSTEM, done_by=who, evidence=evidence, now=now, **said)
    except Refusal as refusal:
        logger.warning("response %s not taken over to %s: %s", response.pk, form.number, refusal)
        return 0
    return 1


def _agent(form: Complaint, agent):
    """Who called, where that person may judge this form; else the portal itself takes the line over."""
    if agent is not None and permissions.can(agent, "complaints.callback", form):
        return agent
    return SYSTEM


def _words(response: Response, answers) -> str:
    """What the customer said: the comment, the texts, the reasons of low answers."""
    parts = [response.comment, *(answer.text or answer.low_note for answer in answers)]
    return "\n".join(dict.fromkeys(part.strip() for part in parts if part and part.strip()))
