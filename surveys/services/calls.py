"""A call: dialling, and what it came to (POLICY section 2, "Callback")."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from csi_portal.notifications.services import open_item
from csi_portal.organization import audit, hooks, permissions
from csi_portal.organization.enums import Role
from csi_portal.organization.errors import Conflict, IllegalMove
from surveys import calling
from surveys.calling import OutcomeRule, after_attempt
from surveys.enums import EXCLUSION_REASONS, CallbackStatus, Reason, RetryRule
from surveys.models import Attempt, Callback, Outcome, Response
from surveys.services import numbers, queue, responses
from surveys.services.rules import calling_rules

SUPERVISOR_ITEM = "surveys.ask_supervisor"


@dataclass
class Logged:
    """What saving a call came to: the callback as it is now, the response if one was submitted, and what is left."""

    callback: Callback
    attempt: Attempt
    response: Response | None = None
    # callbacks of the same call that still wait for their own result
    remaining: list[Callback] = field(default_factory=list)


@dataclass(frozen=True)
class Result:
    """What the agent says a call came to."""

    outcome: Outcome
    note: str = ""
    appointment_at: datetime | None = None
    appointment_own: bool = False
    reason: str = ""


def outcomes_for(store):
    """The outcomes a store may choose from, in order."""
    return Outcome.objects.filter(Q(store=None) | Q(store=store), is_active=True).order_by("position", "pk")


def dial(callback, *, by, now, token: str, number: str = "") -> Attempt:
    """Show the number and log that it is being dialled; pressing twice logs one try.

    Raises LeaseLapsed, and IllegalMove outside calling hours (an agreed appointment or a complaint may override), too
    early for a retry, after two tries in a half-day, and for numbers on the do-not-call list.
    """
    permissions.require(by, "surveys.reveal_phone", callback)
    with transaction.atomic():
        queue.hold(callback, by=by, now=now, token=token)
        usable = numbers.usable_numbers(callback.customer)
        if not usable or (number and number not in usable):
            raise IllegalMove(_("There is no usable number. Ask the adviser for one, or save “Invalid number”."))
        number = number or usable[0]
        running = callback.attempts.filter(agent=by, number=number, outcome=None, ended_at=None).first()
        if running is not None:
            return running
        _require_callable(callback, number, now)
        attempt = Attempt.objects.create(
            store_id=callback.store_id,
            callback=callback,
            agent=by,
            number=number,
            dialled_at=now,
            half_day=calling_rules(callback.store, now).half_day(now),
        )
        tail = {"tail": number[-4:], "callback": callback.pk}
        audit.record(by, "phone.revealed", callback.customer, store=callback.store, at=now, **tail)
        hooks.wake("attempt")
    return attempt


def _require_callable(callback, number: str, now) -> None:
    rules = calling_rules(callback.store, now)
    if not callback.is_for_complaint:
        if numbers.is_suppressed(number):
            raise IllegalMove(_("This number is on the do-not-call list."))
        agreed = callback.outcome is not None and callback.outcome.retry_rule == RetryRule.APPOINTMENT
        if not agreed and not rules.in_hours(now):
            raise IllegalMove(
                _("Calls are made from %(opens)s to %(closes)s. An agreed appointment may be kept at any time.")
                % {"opens": f"{rules.opens:%H:%M}", "closes": f"{rules.closes:%H:%M}"}
            )
    if callback.not_before is not None and callback.not_before > now:
        raise IllegalMove(
            _("Not before %(time)s.") % {"time": callback.not_before.astimezone(rules.zone).strftime("%m-%d %H:%M")}
        )
    today = callback.attempts.filter(half_day=rules.half_day(now), outcome__counts_to_limit=True).count()
    if today >= rules.attempts_per_half_day:
        raise IllegalMove(
            ngettext("At most %(n)s try in half a day.", "At most %(n)s tries in half a day.", today) % {"n": today}
        )


def log_outcome(
    callback, result: Result, *, by, now, token: str, answers=None, expected: int | None = None, comment: str = ""
) -> Logged:
    """Save what a call came to, with the answers typed so far (`answers` None leaves a draft as it is).

    Writes the attempt, the callback's next state, the response when the call ended it, the do-not-call entry before
    anything is shown, and the same result for callbacks grouped into the call where the outcome speaks for the
    whole call. Raises LeaseLapsed, StaleDraft, and IllegalMove for what is missing.
    """
    permissions.require(by, "surveys.call", callback)
    rules = calling_rules(callback.store, now)
    _check(callback, result, rules, now)
    with transaction.atomic():
        claim = queue.hold(callback, by=by, now=now, token=token)
        group = _locked_group(claim)
        mine = next((one for one in group if one.pk == callback.pk), None)
        if mine is None:
            raise Conflict(_("This call is finished already."))
        if answers is not None:
            responses.write_draft(mine, answers, by=by, now=now, expected=expected, comment=comment)
        others = [one for one in group if one.pk != mine.pk]
        shared = others if result.outcome.ends_call else []
        attempt = _finish_attempt(mine, result, rules, by, now)
        other_number = _handle_number(mine, result.outcome, attempt, by, now)
        logged = Logged(mine, attempt)
        for one in [mine, *shared]:
            if one is not mine:
                _copy_attempt(one, attempt)
            one_response = _move(one, result, rules, by, now, other_number)
            logged.response = logged.response if one is not mine else one_response
        logged.remaining = [one for one in others if one not in shared]
        if logged.response is not None and logged.response.is_complete:
            logged.remaining = _rest(mine, logged.remaining, now)
        finished = [one.pk for one in group if one not in logged.remaining]
        queue.leave_group(claim, finished, keep=bool(logged.remaining))
        _ask_supervisor(mine, result, attempt, now)
        hooks.wake("attempt")
        hooks.wake("callback")
    return logged


def _check(callback, result: Result, rules, now) -> None:
    outcome = result.outcome
    if not outcome.is_active or outcome.store_id not in (None, callback.store_id):
        raise IllegalMove(_("This result is not in use."))
    if outcome.note_required and not result.note.strip():
        raise IllegalMove(_("Write a short note for “%(outcome)s”.") % {"outcome": outcome})
    if outcome.asks_exclusion_reason and result.reason not in EXCLUSION_REASONS:
        raise IllegalMove(_("Say why this customer is not to be surveyed."))
    if outcome.retry_rule == RetryRule.APPOINTMENT:
        if result.appointment_at is None:
            raise IllegalMove(_("Say when the customer wants to be called."))
        if result.appointment_at <= now:
            raise IllegalMove(_("The appointment has to lie in the future."))
        if result.appointment_at > now + timedelta(days=rules.appointment_days_ahead):
            raise IllegalMove(
                _("The appointment lies more than %(n)s days ahead.") % {"n": rules.appointment_days_ahead}
            )


def _locked_group(claim) -> list[Callback]:
    rows = Callback.objects.filter(claim=claim, status=CallbackStatus.CLAIMED).order_by("pk")
    return list(
        rows.select_for_update(of=("self",), no_key=True).select_related("store", "customer", "visit", "questionnaire")
    )


def _finish_attempt(callback, result: Result, rules, by, now) -> Attempt:
    """Give the dialled try its outcome, once; a call made without "show and dial" becomes a try of its own."""
    open_tries = callback.attempts.filter(agent=by, outcome=None, ended_at=None).order_by("-dialled_at", "-pk")
    attempt = open_tries.first()
    if attempt is None:
        return Attempt.objects.create(
            store_id=callback.store_id,
            callback=callback,
            agent=by,
            number=next(iter(numbers.usable_numbers(callback.customer)), ""),
            dialled_at=now,
            ended_at=now,
            outcome=result.outcome,
            half_day=rules.half_day(now),
            note=result.note.strip(),
        )
    open_tries.exclude(pk=attempt.pk).update(ended_at=now)
    attempt.outcome, attempt.ended_at, attempt.note = result.outcome, now, result.note.strip()
    attempt.save(update_fields=["outcome", "ended_at", "note"])
    return attempt


def _copy_attempt(callback, attempt: Attempt) -> None:
    """The same ring of the phone was a try for the other callbacks of the call, too."""
    Attempt.objects.create(
        store_id=callback.store_id,
        callback=callback,
        agent_id=attempt.agent_id,
        number=attempt.number,
        dialled_at=attempt.dialled_at,
        ended_at=attempt.ended_at,
        outcome=attempt.outcome,
        half_day=attempt.half_day,
        note=attempt.note,
    )


def _handle_number(callback, outcome: Outcome, attempt: Attempt, by, now) -> bool:
    """Mark a bad number, suppress an unwanted one; whether another number is left to try."""
    if outcome.suppresses:
        known = [attempt.number, callback.customer.phone]
        numbers.suppress(known, store=callback.store, by=by, now=now, reason=str(outcome))
    if not outcome.bad_number:
        return False
    if attempt.number:
        numbers.mark_bad(callback.customer, attempt.number, now=now)
    return bool(numbers.usable_numbers(callback.customer))


def _move(callback, result: Result, rules, by, now, other_number: bool) -> Response | None:
    """Bring one callback to its next state; returns the response it submitted, if any."""
    outcome = result.outcome
    tries = list(
        callback.attempts.filter(outcome__isnull=False).values_list(
            "half_day", "outcome__counts_to_limit", "outcome_id"
        )
    )
    step = after_attempt(
        rules,
        rule_of(outcome),
        now=now,
        counted=[half_day for half_day, counts, _outcome in tries if counts],
        same_before=sum(1 for _half_day, _counts, known in tries if known == outcome.pk) - 1,
        appointment_at=result.appointment_at,
        other_number=other_number,
    )
    response = None
    if not step.is_open:
        response = _submit(callback, result, by, now)
    _store_step(callback, result, step, response, by, now)
    return response


def rule_of(outcome: Outcome) -> OutcomeRule:
    """The outcome's flags as the arithmetic needs them."""
    return OutcomeRule(
        final_status=outcome.final_status,
        reached=outcome.reached,
        retry_rule=outcome.retry_rule,
        retry_value=outcome.retry_value,
        retry_times=outcome.retry_times,
        counts_to_limit=outcome.counts_to_limit,
        bad_number=outcome.bad_number,
    )


def _submit(callback, result: Result, by, now) -> Response | None:
    outcome = result.outcome
    draft = responses.draft_of(callback)
    if draft is None and (outcome.completes or outcome.opens_complaint):
        draft = responses.write_draft(callback, {}, by=by, now=now, expected=0)
    if draft is None:
        return None
    return responses.submit_draft(
        callback,
        draft,
        by=by,
        now=now,
        must_be_complete=outcome.completes,
        complains=outcome.opens_complaint,
        said=result.note.strip() if outcome.opens_complaint else "",
    )


def _store_step(callback, result: Result, step: calling.Next, response, by, now) -> None:
    outcome = result.outcome
    callback.status = step.status
    callback.outcome = outcome
    callback.not_before = step.not_before
    callback.appointment_for = by if step.status == CallbackStatus.APPOINTMENT and result.appointment_own else None
    callback.reason = result.reason if outcome.asks_exclusion_reason else step.reason
    if outcome.suppresses:
        callback.reason = Reason.DO_NOT_CALL
    if outcome.reached:
        callback.contacted_at = callback.contacted_at or now
        callback.contacted_by_phone_at = callback.contacted_by_phone_at or now
    if response is not None and response.is_complete:
        callback.completed_at = callback.completed_at or now
    callback.closed_at = None if step.is_open else now
    callback.version += 1
    callback.save(
        update_fields=[
            "status", "outcome", "not_before", "appointment_for", "reason", "contacted_at", "contacted_by_phone_at",
            "completed_at", "closed_at", "version",
        ]
    )  # fmt: skip


def _rest(callback, remaining: list[Callback], now) -> list[Callback]:
    """Skip what the rest period forbids after a completed survey; returns what is left of this call."""
    if callback.visit_id is None:
        return remaining
    rested = Callback.objects.filter(
        store=callback.store_id,
        customer=callback.customer_id,
        visit__kind=callback.visit.kind,
        line__rest_days__gt=0,
        status__in=[CallbackStatus.DUE, CallbackStatus.RETRY, CallbackStatus.CLAIMED],
    ).exclude(visit=callback.visit_id)
    # what somebody else holds right now is theirs to finish; one's own group is rested with the others
    rested = rested.filter(Q(claim=None) | Q(pk__in=[one.pk for one in remaining]))
    ids = set(rested.values_list("pk", flat=True))
    Callback.objects.filter(pk__in=ids).update(
        status=CallbackStatus.SKIPPED,
        reason=Reason.REST_PERIOD,
        closed_at=now,
        not_before=None,
        claim=None,
        version=F("version") + 1,
    )
    return [one for one in remaining if one.pk not in ids]


def _ask_supervisor(callback, result: Result, attempt: Attempt, now) -> None:
    if result.outcome.asks_supervisor:
        open_item(
            callback.store,
            SUPERVISOR_ITEM,
            f"attempt:{attempt.pk}",
            now=now,
            role=Role.CARE_MANAGER,
            url=f"/calls/{callback.pk}/",
            customer=callback.customer.name,
            note=result.note.strip(),
        )
