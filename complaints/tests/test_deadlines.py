"""Due, warning and escalation times against POLICY's table, on all three clocks."""

import copy
import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaints.deadlines import (
    DEFAULT_POLICY,
    INDIRECT_SOURCES,
    LEVELS,
    SOURCES,
    STEPS,
    StepTimes,
    beside_times,
    department_answers,
    due_times,
    effective_level,
    late_in_opening_hours,
    later_than,
    mixed_policy,
    on_clock,
    pause_extended,
    reclassified_due,
    step_times,
)
from csi_portal.organization.calendars import BusinessCalendar, CalendarYearMissing, national_workdays

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
DIRECT_SOURCES = [source for source in SOURCES if source not in INDIRECT_SOURCES]
# Friday, half an hour before closing.
RECEIVED = datetime(2026, 11, 20, 9, 30, 0, 123456, tzinfo=UTC)


def local(text):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture(scope="module")
def shop():
    """Open 9-18 from Monday to Saturday."""
    return BusinessCalendar("Asia/Shanghai", {day: [("09:00", "18:00")] for day in range(6)})


@pytest.fixture(scope="module")
def china():
    return national_workdays("Asia/Shanghai", holidays=["2026-10-01", "2026-10-02"], years=[2026])


# -- the table of POLICY section 3, in hours

DIRECT = {
    "grumble": {"transfer": 0.5, "first_contact": 2, "resolution": 24, "callback": 48},
    "general": {"transfer": 0.5, "first_contact": 2, "resolution": 24, "callback": 48},
    "major": {"transfer": 0.5, "gm_notice": 0.5, "first_contact": 24, "resolution": 48, "callback": 72},
}
INDIRECT = {
    "grumble": {"transfer": 0.5, "first_contact": 2, "reply": 24, "resolution": 24, "callback": 48},
    "general": {"transfer": 0.5, "first_contact": 2, "reply": 24, "resolution": 24, "callback": 48},
    "major": {
        "transfer": 0.5,
        "gm_notice": 0.5,
        "first_contact": 2,
        "reply": 24,
        "resolution": 48,
        "callback": 72,
    },
}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("source", SOURCES)
def test_due_times_of_every_level_and_source(level, source):
    table = (INDIRECT if source in INDIRECT_SOURCES else DIRECT)[level]
    times = due_times(level, source, RECEIVED)
    assert times == {step: RECEIVED + hours * HOUR for step, hours in table.items()}
    assert list(times) == [step for step in STEPS if step in table]
    assert {at.tzinfo for at in times.values()} == {UTC}
    assert due_times(level, source, RECEIVED.astimezone(ZoneInfo("America/St_Johns"))) == times


def test_codes_are_the_stable_ones():
    assert LEVELS == ("grumble", "general", "major")
    assert " ".join(SOURCES) == (
        "follow_up_call in_person hotline letter sms email oem_hotline consumer_association online"
    )
    assert " ".join(INDIRECT_SOURCES) == "letter sms email online"
    assert " ".join(STEPS) == "transfer gm_notice first_contact reply resolution callback"
    assert " ".join(DEFAULT_POLICY["beside"]) == (
        "major_follow_up measures measures_check approval appeal_opinion appeal_ruling region_report"
    )


@pytest.mark.parametrize(
    ("level", "source", "received_at"),
    [
        ("serious", "hotline", RECEIVED),
        ("", "hotline", RECEIVED),
        (None, "hotline", RECEIVED),
        ("Major", "hotline", RECEIVED),
        ("major", "fax", RECEIVED),
        ("major", None, RECEIVED),
        ("major", "hotline", RECEIVED.replace(tzinfo=None)),
    ],
)
def test_unknown_codes_and_naive_times_are_refused(level, source, received_at):
    with pytest.raises(ValueError):
        due_times(level, source, received_at)
    with pytest.raises(ValueError):
        step_times(level, source, received_at)


def test_a_calendar_applies_to_every_step(shop):
    assert due_times("major", "letter", RECEIVED, calendar=shop) == {
        "transfer": local("2026-11-21T09:00:00.123456"),
        "gm_notice": local("2026-11-21T09:00:00.123456"),
        "first_contact": local("2026-11-21T10:30:00.123456"),
        "reply": local("2026-11-24T14:30:00.123456"),  # 24 h are 2 days of 9 h and 6 h
        "resolution": local("2026-11-27T11:30:00.123456"),
        "callback": local("2026-11-30T17:30:00.123456"),
    }


def test_a_span_that_ends_at_closing_is_due_at_closing(shop):
    assert due_times("general", "hotline", local("2026-11-20T17:30"), calendar=shop)["transfer"] == local(
        "2026-11-20T18:00"
    )


def test_a_missing_year_reaches_the_caller():
    shop = BusinessCalendar("Asia/Shanghai", {4: [("09:00", "18:00")]}, years=[2026])
    with pytest.raises(CalendarYearMissing):
        due_times("general", "hotline", local("2026-12-25T12:00"), calendar=shop)


@pytest.mark.parametrize(
    ("level_row", "indirect_row", "hours", "row"),
    [
        ({"minutes": 120}, {"minutes": 60}, 1, "indirect"),
        ({"minutes": 60}, {"minutes": 120}, 1, "level"),
        ({"minutes": 60}, {"minutes": 60}, 1, "level"),
        # 1 h of opening hours from 17:30 ends at 9:30 next day, 4 h elapsed at 21:30
        ({"minutes": 60}, {"minutes": 240, "clock": "elapsed"}, 4, "indirect"),
        ({"minutes": 960, "clock": "elapsed"}, {"minutes": 60}, 16, "level"),
        ({"minutes": 961, "clock": "elapsed"}, {"minutes": 60}, 16, "indirect"),
    ],
)
def test_the_earlier_time_wins_per_step_whatever_the_clock(shop, level_row, indirect_row, hours, row):
    policy = copy.deepcopy(DEFAULT_POLICY)
    policy["levels"]["general"]["resolution"] = level_row
    policy["indirect"]["resolution"] = indirect_row
    calendar = shop if "clock" in level_row or "clock" in indirect_row else None
    start = local("2026-11-20T17:30")
    times = step_times("general", "sms", start, policy=policy, calendar=calendar)["resolution"]
    assert (times.due_at, times.row) == (start + hours * HOUR, row)


def test_the_policy_is_plain_json_and_stays_as_it_is(shop):
    before = json.dumps(DEFAULT_POLICY)
    assert json.loads(before) == DEFAULT_POLICY
    step_times("major", "letter", RECEIVED, calendar=shop)
    mixed_policy()
    assert json.dumps(DEFAULT_POLICY) == before
    assert '"clock"' not in before


# -- warning and escalation


def test_step_times_on_the_elapsed_clock():
    assert step_times("general", "hotline", RECEIVED)["first_contact"] == StepTimes(
        step="first_contact",
        started_at=RECEIVED,
        warn_at=RECEIVED + 90 * MINUTE,
        due_at=RECEIVED + 2 * HOUR,
        escalate_at=RECEIVED + 4 * HOUR,
        minutes=120,
        clock="elapsed",
        row="level",
    )


def test_step_times_count_warning_and_escalation_on_the_same_clock(shop):
    start = local("2026-11-21T16:45")  # Saturday; closed on Sunday
    assert step_times("major", "email", start, calendar=shop)["first_contact"] == StepTimes(
        step="first_contact",
        started_at=start,
        warn_at=local("2026-11-23T09:15"),
        due_at=local("2026-11-23T09:45"),
        escalate_at=local("2026-11-23T11:45"),
        minutes=120,
        clock="business",
        row="indirect",
    )
    at_closing = step_times("general", "hotline", local("2026-11-21T17:30"), calendar=shop)["transfer"]
    assert at_closing.due_at == local("2026-11-21T18:00")
    assert at_closing.escalate_at == local("2026-11-23T11:00")


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("source", ["hotline", "letter"])
def test_warn_before_due_before_escalation(shop, level, source):
    for calendar in (None, shop):
        for times in step_times(level, source, RECEIVED, calendar=calendar).values():
            assert times.started_at < times.warn_at < times.due_at < times.escalate_at


def test_other_percentages_and_escalations_come_from_the_policy():
    policy = DEFAULT_POLICY | {"warning_percent": 50, "escalate_minutes": 30}
    transfer = step_times("grumble", "hotline", RECEIVED, policy=policy)["transfer"]
    assert (transfer.warn_at, transfer.escalate_at) == (RECEIVED + 15 * MINUTE, RECEIVED + HOUR)


def test_only_the_steps_asked_for():
    born = RECEIVED + 5 * HOUR
    times = step_times("major", "hotline", born, steps=["gm_notice", "reply"])
    assert {step: found.due_at for step, found in times.items()} == {"gm_notice": born + 30 * MINUTE}
    with pytest.raises(ValueError, match="gm_note"):
        step_times("major", "hotline", born, steps=["gm_note"])


def test_an_unconfirmed_major_has_the_earlier_time_of_general_and_major():
    times = step_times("major", "hotline", RECEIVED, unconfirmed=True)
    assert {step: (found.due_at - RECEIVED) / HOUR for step, found in times.items()} == {
        "transfer": 0.5,
        "gm_notice": 0.5,
        "first_contact": 2,
        "resolution": 24,
        "callback": 48,
    }


def test_only_a_major_waits_for_confirmation():
    policy = copy.deepcopy(DEFAULT_POLICY)
    for level, minutes in [("grumble", 3), ("general", 2), ("major", 9)]:
        policy["levels"][level]["callback"] = {"minutes": minutes}
    for level, minutes in [("grumble", 3), ("general", 2), ("major", 2)]:
        times = step_times(level, "hotline", RECEIVED, policy=policy, unconfirmed=True)
        assert times["callback"].minutes == minutes


# -- the mixed clock


def test_mixed_counts_opening_hours_below_24_hours_only(shop):
    policy, calendar = on_clock("mixed", DEFAULT_POLICY, shop)
    start = local("2026-11-21T17:00")
    times = step_times("general", "letter", start, policy=policy, calendar=calendar)
    assert {step: (found.due_at, found.clock) for step, found in times.items()} == {
        "transfer": (local("2026-11-21T17:30"), "business"),
        "first_contact": (local("2026-11-23T10:00"), "business"),
        "reply": (local("2026-11-22T17:00"), "elapsed"),
        "resolution": (local("2026-11-22T17:00"), "elapsed"),
        "callback": (local("2026-11-23T17:00"), "elapsed"),
    }
    assert times["reply"].warn_at == local("2026-11-22T11:00")
    assert times["reply"].escalate_at == local("2026-11-22T19:00")
    follow_up = beside_times("major_follow_up", start, policy=policy, calendar=calendar)
    assert (follow_up.due_at, follow_up.clock) == (local("2026-11-22T17:00"), "elapsed")


def test_on_clock(shop):
    assert on_clock("elapsed", DEFAULT_POLICY, shop) == (DEFAULT_POLICY, None)
    assert on_clock("business", DEFAULT_POLICY, shop) == (DEFAULT_POLICY, shop)
    assert on_clock("mixed", DEFAULT_POLICY, shop) == (mixed_policy(DEFAULT_POLICY), shop)
    for clock, calendar in [("mixed", None), ("business", None), ("lunar", shop), (None, shop)]:
        with pytest.raises(ValueError):
            on_clock(clock, DEFAULT_POLICY, calendar)


# -- beside the steps


@pytest.mark.parametrize("step", ["major_follow_up", "measures", "measures_check", "approval", "region_report"])
def test_beside_times_of_a_day(shop, step):
    times = beside_times(step, RECEIVED)
    assert times == StepTimes(
        step, RECEIVED, RECEIVED + 18 * HOUR, RECEIVED + 24 * HOUR, RECEIVED + 26 * HOUR, 1440, "elapsed", "beside"
    )
    assert beside_times(step, RECEIVED, calendar=shop).due_at == local("2026-11-24T14:30:00.123456")


def test_working_days_of_an_elapsed_store_are_national(china):
    start = local("2026-09-30T15:00")  # 1 and 2 October are holidays, then comes a weekend
    opinion = beside_times("appeal_opinion", start, national_calendar=china)
    assert opinion == StepTimes(
        step="appeal_opinion",
        started_at=start,
        warn_at=local("2026-10-05T15:45"),  # three quarters of the 9 h left on Wednesday and the 24 h of Monday
        due_at=local("2026-10-06T00:00"),
        escalate_at=local("2026-10-06T02:00"),
        minutes=None,
        clock="workdays",
        row="beside",
    )
    assert beside_times("appeal_ruling", start, national_calendar=china).due_at == local("2026-10-08T00:00")


def test_working_days_of_a_store_with_a_calendar_are_its_own(shop, china):
    start = local("2026-09-30T17:00")
    opinion = beside_times("appeal_opinion", start, calendar=shop, national_calendar=china)
    assert opinion.due_at == local("2026-10-02T00:00")
    assert opinion.warn_at == local("2026-10-01T15:30")  # 7.5 h of 1 h + 9 h
    assert opinion.escalate_at == local("2026-10-02T11:00")


def test_beside_times_refuse_what_they_cannot_reckon(china):
    for step, start, calendars in [
        ("transfer", RECEIVED, {}),
        ("praise", RECEIVED, {}),
        ("measures", RECEIVED.replace(tzinfo=None), {}),
        ("appeal_ruling", RECEIVED, {}),
        ("appeal_ruling", RECEIVED.replace(tzinfo=None), {"national_calendar": china}),
        ("appeal_ruling", local("2026-12-31T10:00"), {"national_calendar": china}),
    ]:
        with pytest.raises(ValueError):
            beside_times(step, start, **calendars)


# -- the level


@pytest.mark.parametrize(
    ("level", "source", "round_number", "effective"),
    [
        ("grumble", "hotline", 1, "grumble"),
        ("grumble", "online", 2, "grumble"),
        ("grumble", "oem_hotline", 1, "general"),
        ("grumble", "consumer_association", 1, "general"),
        ("general", "oem_hotline", 1, "general"),
        ("major", "consumer_association", 1, "major"),
        ("general", "follow_up_call", 2, "general"),
        ("grumble", "follow_up_call", 3, "major"),
        ("general", "follow_up_call", 4, "major"),
    ],
)
def test_effective_level(level, source, round_number, effective):
    assert effective_level(level, source, round_number) == effective


@pytest.mark.parametrize(("level", "source"), [("serious", "hotline"), ("major", "fax")])
def test_effective_level_refuses_unknown_codes(level, source):
    with pytest.raises(ValueError):
        effective_level(level, source, 3)


# -- moving a deadline


def test_an_open_step_moves_only_earlier():
    later = RECEIVED + HOUR
    assert reclassified_due(later, RECEIVED) == RECEIVED
    assert reclassified_due(RECEIVED, later) == RECEIVED
    assert reclassified_due(RECEIVED, RECEIVED.astimezone(ZoneInfo("Asia/Shanghai"))) == RECEIVED
    with pytest.raises(ValueError):
        reclassified_due(RECEIVED, later.replace(tzinfo=None))


@pytest.fixture
def resolution(shop):
    """8 opening hours from Monday 10:00, so due at closing; warning at 16:00, escalation on Tuesday at 11:00."""
    policy = copy.deepcopy(DEFAULT_POLICY)
    policy["levels"]["general"]["resolution"] = {"minutes": 480}
    return step_times("general", "hotline", local("2026-11-23T10:00"), policy=policy, calendar=shop)["resolution"]


@pytest.mark.parametrize(
    ("pauses", "warn", "due", "escalate"),
    [
        ([], "23T16:00", "23T18:00", "24T11:00"),
        ([("23T17:00", "24T10:00")], "23T16:00", "24T11:00", "24T13:00"),
        ([("23T12:00", "23T14:00")], "23T18:00", "24T11:00", "24T13:00"),
        # two pauses, in any order, or the same time said twice
        ([("23T17:00", "24T10:00"), ("23T12:00", "23T14:00")], "24T11:00", "24T13:00", "24T15:00"),
        ([("23T12:00", "23T14:00"), ("23T13:00", "23T14:00")], "23T18:00", "24T11:00", "24T13:00"),
        ([("23T12:00", "23T13:00"), ("23T13:00", "23T14:00")], "23T18:00", "24T11:00", "24T13:00"),
        ([("22T00:00", "23T10:00")], "23T16:00", "23T18:00", "24T11:00"),
        ([("23T17:59", "23T23:00")], "23T16:00", "24T09:01", "24T11:01"),
        ([("23T18:00", "24T09:00")], "23T16:00", "23T18:00", "24T11:00"),
        ([("23T12:00", "23T12:00")], "23T16:00", "23T18:00", "24T11:00"),
        # what begins when the time is up comes too late for that time; a pause that made it later counts
        ([("23T18:00", "25T09:00")], "23T16:00", "23T18:00", "25T11:00"),
        ([("23T16:00", "23T17:00")], "23T16:00", "24T10:00", "24T12:00"),
        ([("23T15:00", "23T16:00"), ("24T09:30", "24T10:30")], "23T17:00", "24T11:00", "24T13:00"),
    ],
)
def test_pauses_are_intervals_on_the_same_clock(shop, resolution, pauses, warn, due, escalate):
    moved = pause_extended(
        resolution, [(local(f"2026-11-{a}"), local(f"2026-11-{b}")) for a, b in pauses], calendar=shop
    )
    expected = [local(f"2026-11-{at}") for at in (warn, due, escalate)]
    assert [moved.warn_at, moved.due_at, moved.escalate_at] == expected
    assert (moved.step, moved.started_at, moved.minutes) == ("resolution", resolution.started_at, 480)


def test_a_pause_while_the_store_is_closed_takes_nothing_away(shop):
    policy = copy.deepcopy(DEFAULT_POLICY)
    policy["levels"]["general"]["resolution"] = {"minutes": 600}
    start, closing = local("2026-11-23T17:00"), local("2026-11-24T18:00")
    times = step_times("general", "hotline", start, policy=policy, calendar=shop)["resolution"]
    pause = (local("2026-11-23T18:00"), local("2026-11-24T09:00"))
    assert times.due_at == closing
    assert pause_extended(times, [pause], calendar=shop) == times


def test_a_pause_of_an_elapsed_row_counts_elapsed_hours(shop):
    times = step_times("general", "hotline", local("2026-11-23T17:00"))["resolution"]
    pause = (local("2026-11-23T18:00"), local("2026-11-24T08:00"))
    assert pause_extended(times, [pause], calendar=shop).due_at == local("2026-11-25T07:00")
    assert pause_extended(times, [pause]).due_at == local("2026-11-25T07:00")


@pytest.mark.parametrize("step", ["transfer", "first_contact"])
def test_transfer_and_first_contact_are_never_paused(shop, step):
    times = step_times("general", "hotline", RECEIVED, calendar=shop)[step]
    with pytest.raises(ValueError, match="never paused"):
        pause_extended(times, [], calendar=shop)


def test_pauses_that_make_no_sense_are_refused(shop, resolution):
    begin, end = local("2026-11-23T12:00"), local("2026-11-23T14:00")
    for pauses, calendar in [
        ([(end, begin)], shop),
        ([(begin.replace(tzinfo=None), end.replace(tzinfo=None))], shop),
        ([(begin, end)], None),
    ]:
        with pytest.raises(ValueError):
            pause_extended(resolution, pauses, calendar=calendar)


@settings(max_examples=25, deadline=None)
@given(
    starts=st.lists(st.integers(0, 4000), min_size=1, max_size=4),
    lengths=st.lists(st.integers(0, 2000), min_size=4, max_size=4),
)
def test_pauses_take_away_exactly_their_opening_hours(shop, starts, lengths):
    start = local("2026-11-20T10:00")
    times = step_times("major", "hotline", start, calendar=shop)["resolution"]
    pauses = [(start + a * MINUTE, start + (a + length) * MINUTE) for a, length in zip(starts, lengths, strict=False)]
    due = pause_extended(times, pauses, calendar=shop).due_at
    # Minute by minute: what was open and not paused until the due time is the step's own time.
    minutes = (start + n * MINUTE for n in range((due - start) // MINUTE))
    counted = sum(shop.is_open(at) and not any(a <= at < b for a, b in pauses) for at in minutes)
    assert counted == 48 * 60


# -- fairness


@pytest.mark.parametrize(
    ("received", "done", "late"),
    [
        ("2026-11-20T10:00", "2026-11-20T12:00", False),
        ("2026-11-20T10:00", "2026-11-20T12:00:00.000001", True),
        ("2026-11-20T20:00", "2026-11-21T11:00", False),  # elapsed 15 h, open 2 h
        ("2026-11-20T20:00", "2026-11-21T11:00:01", True),
        ("2026-11-21T17:00", "2026-11-23T10:00", False),  # over Sunday
        # its two hours end at closing: whoever acts in the evening is late, as on the business clock
        ("2026-11-20T16:00", "2026-11-20T18:00", False),
        ("2026-11-20T16:00", "2026-11-20T19:00", True),
    ],
)
def test_late_in_opening_hours(shop, received, done, late):
    assert late_in_opening_hours(local(received), 120, local(done), shop) is late
    due = due_times("general", "hotline", local(received), calendar=shop)["first_contact"]
    assert (local(done) > due) is late


@pytest.mark.parametrize(("held", "late"), [(30 * MINUTE, False), (30 * MINUTE + timedelta(microseconds=1), True)])
def test_later_than_on_the_elapsed_clock(held, late):
    assert later_than(RECEIVED, 30, RECEIVED + held) is late


@pytest.mark.parametrize(
    ("handed_over", "done", "answers"),
    [
        (30, 121, True),  # handed over in time: every breach is the department's
        (10, 121, True),
        (31, 121, False),  # a minute late, it had 90 minutes and took exactly these
        (31, 122, True),
        (100, 190, False),
        (100, 191, True),
        (None, 500, False),  # never handed over
    ],
)
def test_a_department_answers_for_its_own_time(handed_over, done, answers):
    transfer = step_times("general", "hotline", RECEIVED)["transfer"]
    met_at = None if handed_over is None else RECEIVED + handed_over * MINUTE
    result = department_answers(120, RECEIVED + done * MINUTE, transfer=transfer, transfer_met_at=met_at)
    assert result is answers


def test_the_department_s_time_can_be_counted_in_opening_hours(shop):
    received, handed_over = local("2026-11-20T15:00"), local("2026-11-20T17:30")
    transfer = step_times("general", "hotline", received)["transfer"]

    def answers(done, calendar):
        return department_answers(120, local(done), transfer=transfer, transfer_met_at=handed_over, calendar=calendar)

    assert answers("2026-11-21T10:00", None) is True
    assert answers("2026-11-21T10:00", shop) is False
    assert answers("2026-11-21T10:00:01", shop) is True


def test_a_transfer_as_long_as_the_step_leaves_the_department_no_time():
    policy = copy.deepcopy(DEFAULT_POLICY)
    policy["levels"]["general"]["transfer"]["minutes"] = 180
    transfer = step_times("general", "hotline", RECEIVED, policy=policy)["transfer"]
    late = RECEIVED + 181 * MINUTE
    assert department_answers(120, late, transfer=transfer, transfer_met_at=late) is False
    assert department_answers(120, late + MINUTE, transfer=transfer, transfer_met_at=late) is True
