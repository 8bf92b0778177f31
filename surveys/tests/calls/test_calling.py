"""Half-days, retries and limits on plain values: every shipped outcome, every edge, no database."""

from datetime import timedelta

import pytest

from surveys.calling import CallingRules, OutcomeRule, after_attempt, appointment_suggestions, retry_at
from surveys.tests.calls.factories import SHANGHAI, at

RULES = CallingRules.from_policy({}, SHANGHAI)

NO_ANSWER = OutcomeRule(retry_rule="minutes", retry_value=180)
BUSY = OutcomeRule(retry_rule="minutes", retry_value=30)
POWERED_OFF = OutcomeRule(retry_rule="half_day")
SOFT_REFUSAL = OutcomeRule(reached=True, retry_rule="days", retry_value=7, retry_times=1, counts_to_limit=False)
COMPLETED = OutcomeRule(reached=True, final_status="done", counts_to_limit=False)
REFUSAL = OutcomeRule(reached=True, final_status="refused", counts_to_limit=False)
INVALID = OutcomeRule(final_status="unreachable", bad_number=True, counts_to_limit=False)
APPOINTMENT = OutcomeRule(reached=True, retry_rule="appointment", counts_to_limit=False)


@pytest.mark.parametrize(
    ("moment", "half_day"),
    [
        ("2026-11-21 00:00", "2026-11-21a"),
        ("2026-11-21 12:59", "2026-11-21a"),
        ("2026-11-21 13:00", "2026-11-21b"),
        ("2026-11-21 23:59", "2026-11-21b"),
    ],
)
def test_half_day_splits_at_one_o_clock_of_the_store(moment, half_day):
    assert RULES.half_day(at(moment)) == half_day


@pytest.mark.parametrize(
    ("moment", "open_"),
    [("08:59", False), ("09:00", True), ("20:29", True), ("20:30", False), ("23:00", False)],
)
def test_calling_hours_include_their_first_second_and_not_their_last(moment, open_):
    assert RULES.in_hours(at(f"2026-11-21 {moment}")) is open_


@pytest.mark.parametrize(
    ("rule", "now", "expected"),
    [
        (NO_ANSWER, "2026-11-21 10:00", "2026-11-21 13:00"),
        (NO_ANSWER, "2026-11-21 17:30", "2026-11-22 09:00"),  # 20:30 is closed
        (NO_ANSWER, "2026-11-21 17:29", "2026-11-21 20:29"),
        (BUSY, "2026-11-21 10:00", "2026-11-21 10:30"),
        (BUSY, "2026-11-21 20:10", "2026-11-22 09:00"),
        (POWERED_OFF, "2026-11-21 10:00", "2026-11-21 13:00"),
        (POWERED_OFF, "2026-11-21 15:00", "2026-11-22 09:00"),
        (POWERED_OFF, "2026-11-30 15:00", "2026-12-01 09:00"),
        (SOFT_REFUSAL, "2026-11-21 10:17", "2026-11-28 10:17"),
        (SOFT_REFUSAL, "2026-12-28 20:45", "2027-01-05 09:00"),
    ],
)
def test_retry_not_before(rule, now, expected):
    step = after_attempt(RULES, rule, now=at(now), counted=[RULES.half_day(at(now))])
    assert (step.status, step.not_before) == ("retry", at(expected))


def test_a_third_try_in_one_half_day_waits_for_the_next():
    now = at("2026-11-21 10:00")
    assert retry_at(RULES, "minutes", 30, now=now, counted=["2026-11-21a"]) == at("2026-11-21 10:30")
    assert retry_at(RULES, "minutes", 30, now=now, counted=["2026-11-21a"] * 2) == at("2026-11-21 13:00")


def test_limit_counts_half_days_not_tries():
    two_days = ["2026-11-20a", "2026-11-20b", "2026-11-20b"]
    step = after_attempt(RULES, NO_ANSWER, now=at("2026-11-20 16:00"), counted=two_days)
    assert (step.status, step.not_before) == ("retry", at("2026-11-20 19:00") + timedelta(hours=14))


@pytest.mark.parametrize("rule", [NO_ANSWER, POWERED_OFF])
def test_third_half_day_without_luck_is_unreachable(rule):
    counted = ["2026-11-20a", "2026-11-20b", "2026-11-21a"]
    step = after_attempt(RULES, rule, now=at("2026-11-21 11:00"), counted=counted)
    assert (step.status, step.reason, step.not_before) == ("unreachable", "attempt_limit", None)


def test_busy_may_be_redialled_once_inside_the_third_half_day():
    now = at("2026-11-21 10:00")
    counted = ["2026-11-20a", "2026-11-20b", "2026-11-21a"]
    assert after_attempt(RULES, BUSY, now=now, counted=counted).not_before == at("2026-11-21 10:30")
    again = after_attempt(RULES, BUSY, now=at("2026-11-21 10:31"), counted=[*counted, "2026-11-21a"])
    assert (again.status, again.reason) == ("unreachable", "attempt_limit")


@pytest.mark.parametrize(
    ("rule", "status", "reason"),
    [(COMPLETED, "done", ""), (REFUSAL, "refused", ""), (INVALID, "unreachable", "bad_number")],
)
def test_limit_never_overwrites_a_final_outcome(rule, status, reason):
    counted = ["2026-11-19a", "2026-11-20a", "2026-11-20b", "2026-11-21a"]
    step = after_attempt(RULES, rule, now=at("2026-11-21 11:00"), counted=counted)
    assert (step.status, step.reason, step.not_before) == (status, reason, None)


def test_a_bad_number_goes_on_with_the_next_number():
    step = after_attempt(RULES, INVALID, now=at("2026-11-21 11:00"), counted=[], other_number=True)
    assert (step.status, step.not_before) == ("retry", at("2026-11-21 11:00"))


def test_soft_refusal_is_asked_again_once():
    now = at("2026-11-21 11:00")
    assert after_attempt(RULES, SOFT_REFUSAL, now=now, counted=[], same_before=0).status == "retry"
    second = after_attempt(RULES, SOFT_REFUSAL, now=now, counted=[], same_before=1)
    assert (second.status, second.reason) == ("refused", "tries")


def test_an_appointment_is_kept_to_the_minute_and_outside_hours():
    when = at("2026-11-22 21:05")
    step = after_attempt(RULES, APPOINTMENT, now=at("2026-11-21 11:00"), counted=[], appointment_at=when)
    assert (step.status, step.not_before) == ("appointment", when)


def test_clocks_that_change_do_not_shift_the_opening():
    from zoneinfo import ZoneInfo

    berlin = CallingRules.from_policy({}, ZoneInfo("Europe/Berlin"))
    night = at("2026-10-25 09:00").replace(hour=1, minute=30)  # 01:30 UTC, the hour that comes twice
    assert berlin.into_hours(night).astimezone(berlin.zone).isoformat() == "2026-10-25T09:00:00+01:00"


@pytest.mark.parametrize(
    "data",
    [
        {"calling_hours": ["20:30", "09:00"]},
        {"calling_hours": ["09:00", "12:00"]},
        {"attempt_limit": 0},
        {"attempts_per_half_day": 0},
    ],
)
def test_tables_that_make_no_sense_are_refused(data):
    with pytest.raises(ValueError):
        CallingRules.from_policy(data, SHANGHAI)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (
            "2026-11-21 10:00",  # a Saturday
            {
                "today_evening": "2026-11-21 18:00",
                "tomorrow_morning": "2026-11-22 09:30",
                "tomorrow_afternoon": "2026-11-22 14:00",
                "monday": "2026-11-23 10:00",
            },
        ),
        (
            "2026-11-22 17:50",  # a Sunday evening: six is too soon, Monday is tomorrow
            {"tomorrow_morning": "2026-11-23 09:30", "tomorrow_afternoon": "2026-11-23 14:00"},
        ),
    ],
)
def test_appointments_are_suggested_in_the_future_and_once(now, expected):
    assert dict(appointment_suggestions(RULES, at(now))) == {code: at(text) for code, text in expected.items()}
