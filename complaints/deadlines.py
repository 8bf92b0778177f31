"""When the steps of a complaint are due (POLICY section 3): pure arithmetic on a plain policy table.

No database, no clock. Instants go in aware and come out in UTC with their microseconds. calendar=None is
the elapsed clock; a calendar applies to every step but rows that say {"clock": "elapsed"}. In time means
done <= due, overdue means now > due.
"""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from csi_portal.organization.calendars import ELAPSED, BusinessCalendar, as_utc

LEVELS = ("grumble", "general", "major")
SOURCES = (
    "follow_up_call",
    "in_person",
    "hotline",
    "letter",
    "sms",
    "email",
    "oem_hotline",
    "consumer_association",
    "online",
)
INDIRECT_SOURCES = ("letter", "sms", "email", "online")
# The maker's hot-line and 12315 are never mere grumbles.
AT_LEAST_GENERAL_SOURCES = ("oem_hotline", "consumer_association")
MAJOR_FROM_ROUND = 3
STEPS = ("transfer", "gm_notice", "first_contact", "reply", "resolution", "callback")
NEVER_PAUSED = ("transfer", "first_contact")

HOUR = 60
DAY = 24 * HOUR

Policy = Mapping[str, Any]

DEFAULT_POLICY: Policy = {
    "warning_percent": 75,
    "escalate_minutes": 2 * HOUR,
    "levels": {
        "grumble": {
            "transfer": {"minutes": 30},
            "first_contact": {"minutes": 2 * HOUR},
            "resolution": {"minutes": DAY},
            "callback": {"minutes": 2 * DAY},
        },
        "general": {
            "transfer": {"minutes": 30},
            "first_contact": {"minutes": 2 * HOUR},
            "resolution": {"minutes": DAY},
            "callback": {"minutes": 2 * DAY},
        },
        "major": {
            "transfer": {"minutes": 30},
            "gm_notice": {"minutes": 30},
            "first_contact": {"minutes": DAY},
            "resolution": {"minutes": 2 * DAY},
            "callback": {"minutes": 3 * DAY},
        },
    },
    "indirect": {
        "transfer": {"minutes": 30},
        "first_contact": {"minutes": 2 * HOUR},
        "reply": {"minutes": DAY},
        "resolution": {"minutes": 2 * DAY},
    },
    "beside": {
        "major_follow_up": {"minutes": DAY},
        "measures": {"minutes": DAY},
        "measures_check": {"minutes": DAY},
        "approval": {"minutes": DAY},
        "appeal_opinion": {"workdays": 1},
        "appeal_ruling": {"workdays": 3},
        "region_report": {"minutes": DAY},
    },
}


@dataclass(frozen=True, slots=True)
class StepTimes:
    """What is stored when a step opens, and which row of the policy it comes from.

    minutes is None for times counted in working days. clock: "elapsed", "business" or "workdays".
    row: "level", "indirect" or "beside".
    """

    step: str
    started_at: datetime
    warn_at: datetime
    due_at: datetime
    escalate_at: datetime
    minutes: int | None
    clock: str
    row: str


# -- the steps


def due_times(
    level: str,
    source: str,
    received_at: datetime,
    *,
    policy: Policy = DEFAULT_POLICY,
    calendar: BusinessCalendar | None = None,
) -> dict[str, datetime]:
    """Step -> due time in UTC for the steps that apply, in their order.

    ValueError: unknown level or source, naive received_at.
    """
    times = step_times(level, source, received_at, policy=policy, calendar=calendar)
    return {step: found.due_at for step, found in times.items()}


def step_times(
    level: str,
    source: str,
    received_at: datetime,
    *,
    policy: Policy = DEFAULT_POLICY,
    calendar: BusinessCalendar | None = None,
    steps: Iterable[str] = STEPS,
    unconfirmed: bool = False,
) -> dict[str, StepTimes]:
    """Step -> all its times; of the rows for level and indirect source the earlier, a tie is the level's.

    steps: only these. A step born by re-classification counts from that instant: ask for it alone, with
    that instant as received_at. unconfirmed: a major form which the care manager has not confirmed yet has
    the earlier time of general and major. ValueError: as due_times, also for an unknown step.
    """
    wanted = set(steps)
    if not wanted <= set(STEPS):
        raise ValueError(f"unknown steps: {sorted(wanted - set(STEPS))}")
    start = as_utc(received_at)
    tables = _tables(level, source, policy, unconfirmed)
    times = {}
    for step in STEPS:
        rows = [(name, table[step]) for name, table in tables if step in wanted and step in table]
        if rows:
            candidates = [_row_times(step, start, row, name, policy, calendar) for name, row in rows]
            times[step] = min(candidates, key=lambda candidate: candidate.due_at)
    return times


def beside_times(
    step: str,
    start: datetime,
    *,
    policy: Policy = DEFAULT_POLICY,
    calendar: BusinessCalendar | None = None,
    national_calendar: BusinessCalendar | None = None,
) -> StepTimes:
    """The times of a step kept beside the six, from the instant that starts it.

    major_follow_up and measures start at the resolution, measures_check at the due time of measures,
    approval at the satisfied callback, appeal_opinion and appeal_ruling when their turn comes,
    region_report at received_at. Working days are those of `calendar`, or of `national_calendar` where the
    store has none; they end with the local day, warning and escalation count on the same calendar.
    ValueError: unknown step, naive start, working days without any calendar.
    """
    row = policy["beside"].get(step)
    if row is None:
        raise ValueError(f"unknown step {step!r}")
    start = as_utc(start)
    if "workdays" not in row:
        return _row_times(step, start, row, "beside", policy, calendar)
    counting = calendar or national_calendar
    if counting is None:
        raise ValueError("working days need a calendar")
    due_at = counting.end_of_workdays(start, row["workdays"])
    own_time = counting.open_between(start, due_at)
    warn_at, escalate_at = _alert_times(start, due_at, own_time, counting, policy)
    return StepTimes(step, start, warn_at, due_at, escalate_at, None, "workdays", "beside")


def effective_level(level: str, source: str, round_number: int = 1) -> str:
    """The level a form really opens with: at least general from the maker or 12315, major from round 3 on."""
    _require_known(level, source)
    if round_number >= MAJOR_FROM_ROUND:
        return "major"
    if source in AT_LEAST_GENERAL_SOURCES:
        return max(level, "general", key=LEVELS.index)
    return level


# -- the clock of a store


def on_clock(clock: str, policy: Policy, calendar: BusinessCalendar | None) -> tuple[Policy, BusinessCalendar | None]:
    """The policy and calendar to reckon with on a store's clock: "elapsed", "business" or "mixed".

    ValueError: any other clock, or one that needs a calendar and has none.
    """
    if clock == "elapsed":
        return policy, None
    if clock not in ("business", "mixed") or calendar is None:
        raise ValueError(f"no such clock: {clock!r} with calendar {calendar!r}")
    return (mixed_policy(policy) if clock == "mixed" else policy), calendar


def mixed_policy(policy: Policy = DEFAULT_POLICY) -> Policy:
    """The policy for the mixed clock: rows of 24 h and more stay elapsed, shorter follow the calendar."""
    mixed = copy.deepcopy(policy)
    for table in (*mixed["levels"].values(), mixed["indirect"], mixed["beside"]):
        for row in table.values():
            if row.get("minutes", 0) >= DAY:
                row["clock"] = "elapsed"
    return mixed


# -- moving a deadline


def reclassified_due(old_due: datetime, new_due: datetime) -> datetime:
    """The due time of an open step after re-classification: it moves only earlier."""
    return min(as_utc(old_due), as_utc(new_due))


def pause_extended(
    times: StepTimes,
    pauses: Iterable[tuple[datetime, datetime]],
    *,
    calendar: BusinessCalendar | None = None,
) -> StepTimes:
    """The step's times with pauses (from, to) left out, counted on the step's own clock.

    Always from the times without pauses and all pauses together, so the order of events cannot matter;
    overlapping pauses count once. A pause that begins when the time is up no longer moves it.
    ValueError: a step that is never paused, a calendar that is missing, naive instants, a pause that ends
    before it begins.
    """
    if times.step in NEVER_PAUSED:
        raise ValueError(f"{times.step} is never paused")
    clock = ELAPSED if times.clock == "elapsed" else calendar
    if clock is None:
        raise ValueError(f"{times.step} runs on a calendar, none was given")
    pauses = sorted((as_utc(begin), as_utc(end)) for begin, end in pauses)
    moved = {
        name: _pushed(getattr(times, name), times.started_at, pauses, clock)
        for name in ("warn_at", "due_at", "escalate_at")
    }
    return replace(times, **moved)


# -- fairness: what decides money and blame, never whether a breach is recorded


def later_than(start: datetime, minutes: int, done_at: datetime, calendar: BusinessCalendar | None = None) -> bool:
    """Whether `done_at` is later than `minutes` after `start` on the clock given; the very second is in time.

    From the instant an agent took the form over it says whether the agent held it longer than the step's
    time: only then P1, and P3 for gm_notice.
    """
    clock = ELAPSED if calendar is None else calendar
    return as_utc(done_at) > clock.add(start, timedelta(minutes=minutes))


def late_in_opening_hours(started_at: datetime, minutes: int, done_at: datetime, opening: BusinessCalendar) -> bool:
    """Whether a step was also late counted in opening hours: without that a breach proposes no money.

    started_at: as in its StepTimes. done_at: when it was done, or the instant of judging while it is open.
    """
    return later_than(started_at, minutes, done_at, opening)


def department_answers(
    minutes: int,
    done_at: datetime,
    *,
    transfer: StepTimes,
    transfer_met_at: datetime | None,
    calendar: BusinessCalendar | None = None,
) -> bool:
    """Whether a department is charged for its late step, given when the form was handed over to it.

    minutes: the time of the later step. After a late `transfer` the department answers only if it acted
    later than (step's time - transfer's time) after the hand-over; never for a form it did not get.
    """
    if transfer_met_at is None:
        return False
    if as_utc(transfer_met_at) <= transfer.due_at:
        return True
    return later_than(transfer_met_at, max(minutes - transfer.minutes, 0), done_at, calendar)


# -- inside


def _require_known(level: str, source: str) -> None:
    if level not in LEVELS:
        raise ValueError(f"unknown level {level!r}")
    if source not in SOURCES:
        raise ValueError(f"unknown source {source!r}")


def _tables(level: str, source: str, policy: Policy, unconfirmed: bool) -> list[tuple[str, Mapping]]:
    _require_known(level, source)
    tables = [("level", policy["levels"][level])]
    if level == "major" and unconfirmed:
        tables.append(("level", policy["levels"]["general"]))
    if source in INDIRECT_SOURCES:
        tables.append(("indirect", policy["indirect"]))
    return tables


def _row_times(step, start, row, name, policy, calendar) -> StepTimes:
    elapsed = calendar is None or row.get("clock") == "elapsed"
    counting, clock = (ELAPSED, "elapsed") if elapsed else (calendar, "business")
    own_time = timedelta(minutes=row["minutes"])
    due_at = counting.add(start, own_time)
    warn_at, escalate_at = _alert_times(start, due_at, own_time, counting, policy)
    return StepTimes(step, start, warn_at, due_at, escalate_at, row["minutes"], clock, name)


def _alert_times(start, due_at, own_time, counting, policy) -> tuple[datetime, datetime]:
    warn_at = counting.add(start, own_time * policy["warning_percent"] / 100)
    return warn_at, counting.add(due_at, timedelta(minutes=policy["escalate_minutes"]))


def _pushed(instant, started_at, pauses, clock) -> datetime:
    """`instant` moved by the time that the sorted pauses take away from the span since `started_at`."""
    counted_to = started_at
    for begin, end in pauses:
        if end < begin:
            raise ValueError("a pause ends before it begins")
        begin = max(begin, counted_to)
        if begin >= instant or end <= begin:
            continue
        counted_to = end
        paused = clock.open_between(begin, end)
        # Adding nothing would carry a time at closing over to the next opening.
        if paused:
            instant = clock.add(instant, paused)
    return instant
