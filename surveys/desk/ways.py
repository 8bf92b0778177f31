"""How a call may end, what each end would lead to, and the words of the page's script. Reads only."""

from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from csi_portal.organization.due import near_moment
from surveys import calling
from surveys.enums import EXCLUSION_REASONS, CallbackStatus, RetryRule
from surveys.services import calls, numbers
from surveys.services.rules import calling_rules


@dataclass
class Way:
    """An outcome to choose, and what it would lead to."""

    code: str
    label: str
    hotkey: str
    leads_to: str
    completes: bool
    asks_appointment: bool
    asks_reason: bool
    asks_note: bool
    harm: bool
    checked: bool = False


@dataclass
class Ways:
    title: str
    ways: list[Way] = field(default_factory=list)


def ways(callback, now, chosen: str = "") -> list[Ways]:
    """The three boxes of outcomes; each says what it would make of this callback."""
    rules = calling_rules(callback.store, now)
    tries = list(callback.attempts.filter(outcome__isnull=False).select_related("outcome"))
    more_numbers = len(numbers.usable_numbers(callback.customer)) > 1
    boxes = {
        "reached": Ways(_("Answered")),
        "missed": Ways(pgettext("call", "Not answered")),
        "number": Ways(_("Number or customer does not fit")),
    }
    for outcome in calls.outcomes_for(callback.store):
        if outcome.completes and callback.questionnaire_id is None:
            continue
        way = _way(outcome, callback, rules, tries, more_numbers, now)
        way.checked = outcome.code == chosen
        boxes.get(outcome.group, boxes["reached"]).ways.append(way)
    return [box for box in boxes.values() if box.ways]


def _way(outcome, callback, rules, tries, more_numbers: bool, now) -> Way:
    counted = [one.half_day for one in tries if one.outcome.counts_to_limit]
    step = calling.after_attempt(
        rules,
        calls.rule_of(outcome),
        now=now,
        counted=[*counted, rules.half_day(now)] if outcome.counts_to_limit else counted,
        same_before=sum(one.outcome_id == outcome.pk for one in tries),
        appointment_at=None,
        other_number=outcome.bad_number and more_numbers,
    )
    return Way(
        code=outcome.code,
        label=str(outcome),
        hotkey=outcome.shortcut,
        leads_to=_leads_to(outcome, step, callback, now),
        completes=outcome.completes,
        asks_appointment=outcome.retry_rule == RetryRule.APPOINTMENT,
        asks_reason=outcome.asks_exclusion_reason,
        asks_note=outcome.note_required,
        harm=outcome.suppresses,
    )


def _leads_to(outcome, step, callback, now) -> str:
    if outcome.suppresses:
        return _("The number goes on the do-not-call list of all stores.")
    if outcome.retry_rule == RetryRule.APPOINTMENT:
        return _("Comes back to the queue at the agreed time.")
    if step.status == "retry":
        if outcome.bad_number:
            return _("Goes on with the customer's next number.")
        moment = near_moment(step.not_before, now, callback.store.zone)
        return _("Comes back to the queue: %(moment)s.") % {"moment": moment}
    if step.reason == "attempt_limit":
        return _("Tried in three half-days: ends as not reached.")
    return {
        CallbackStatus.DONE: _("Ends the call and submits the answers."),
        CallbackStatus.UNREACHABLE: _("Ends as not reached; the number is marked as unusable."),
        CallbackStatus.REFUSED: _("Ends as refused; nobody asks again."),
        CallbackStatus.CANCELLED: _("Taken out of the survey; counted with its reason."),
    }[step.status]


def appointments(callback, now) -> list[dict]:
    """Times to offer, as wall times of the store."""
    zone = callback.store.zone
    words = {
        "today_evening": _("Today after %(time)s"),
        "tomorrow_morning": _("Tomorrow %(time)s"),
        "tomorrow_afternoon": _("Tomorrow %(time)s"),
        "monday": _("Monday %(time)s"),
    }
    return [
        {
            "value": when.astimezone(zone).strftime("%Y-%m-%dT%H:%M"),
            "label": words[code] % {"time": when.astimezone(zone).strftime("%H:%M").lstrip("0")},
        }
        for code, when in calling.appointment_suggestions(calling_rules(callback.store, now), now)
    ]


def exclusion_reasons() -> list[tuple[str, str]]:
    return [(reason.value, str(reason.label)) for reason in EXCLUSION_REASONS]


def no_form_reasons() -> list[str]:
    """Reasons offered why a low answer gets no complaint form."""
    return [
        _("The customer does not want it followed up"),
        _("Settled on the phone"),
        _("A form for this is open already"),
        _("Not about our store"),
    ]


def script_phrases() -> dict[str, str]:
    """What the page's script says, with {placeholders} it fills in."""
    return {
        "next": _("Next question"),
        "toFinish": _("To the end"),
        "firstOpen": _("To the first open one"),
        "save": _("Save the result"),
        "saveAs": _("Save: {outcome}"),
        "count": _("Question {n} of {all}"),
        "soFar": _("{n} answered"),
        "rest": _("{n} mandatory left"),
        "allDone": _("Every mandatory question is answered."),
        "stillOpen": _("{n} mandatory questions are still open."),
        "lowEnd": _("{n} low answers: after saving, a complaint form opens with them filled in."),
        "missing": _("{n} mandatory left"),
        "change": _("change"),
        "na": _("Not applicable"),
        "saved": _("Saved at {time}"),
        "kept": _("Kept on this device, will be sent again"),
        "restored": _("What you typed at {time} is back"),
        "holding": _("You hold this call; typing renews it. {n} minutes left."),
        "fading": _("Press any key to keep this call: {n} minutes left."),
        "lapsed": _("You no longer hold this call. What you typed is kept; take the call again to go on."),
        "dialled": _("Shown and dialled at {time}, logged"),
        "onPhone": _("On the phone"),
        "pickFirst": _("Choose how the call went."),
    }
