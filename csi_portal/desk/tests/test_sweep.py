"""The full pass: every part on its own, the heartbeat, the command, and what the frame says when it stops."""

import json
import time
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from csi_portal.desk import sweeping
from csi_portal.organization import hooks
from csi_portal.organization.models import Heartbeat

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def parts(monkeypatch):
    """Only the parts a test registers."""
    monkeypatch.setattr(hooks, "_sweeps", {})
    monkeypatch.setattr(hooks, "_last_sweeps", {})


@pytest.fixture
def long_up(monkeypatch):
    """A web process that has been up for an hour."""
    monkeypatch.setattr(sweeping, "_up_since", time.monotonic() - 3600)


@pytest.fixture
def just_up(monkeypatch):
    """A web process that began this moment, however long the test run has lasted."""
    monkeypatch.setattr(sweeping, "_up_since", time.monotonic())


def broken(now):
    raise ValueError("no luck")


def test_every_floor_has_its_part_and_messages_go_last():
    names = list(hooks.sweeps())
    assert {"jobs", "deadlines", "messages"} <= set(names)
    assert names[-1] == "messages"
    assert names.index("jobs") < names.index("deadlines")


def test_one_failing_part_does_not_stop_the_others_and_is_not_a_success(parts):
    hooks.register_sweep("after", lambda now: {"seen": 1})
    hooks.register_sweep("broken", broken)
    hooks.register_sweep("before", lambda now: {"seen": 2})
    outcome = sweeping.full_pass(NOW)
    assert outcome.counts["seen"] == 3
    assert outcome.errors == {"broken": "ValueError: no luck"}
    row = Heartbeat.objects.get(name="sweep")
    assert (row.began_at, row.succeeded_at, row.last_error) == (NOW, None, "broken: ValueError: no luck")


def test_the_next_good_pass_clears_the_error(parts):
    hooks.register_sweep("part", broken)
    sweeping.full_pass(NOW)
    hooks.register_sweep("part", lambda now: None)
    sweeping.full_pass(NOW + SECOND)
    row = Heartbeat.objects.get(name="sweep")
    assert (row.began_at, row.succeeded_at, row.last_error) == (NOW + SECOND, NOW + SECOND, "")


def test_a_slow_pass_does_not_set_the_heartbeat_back(parts):
    hooks.register_sweep("slow", lambda now: sweeping.full_pass(NOW + 40 * SECOND) and {} if now == NOW else {})
    sweeping.full_pass(NOW)
    assert Heartbeat.objects.get(name="sweep").succeeded_at == NOW + 40 * SECOND


def test_a_pass_left_unfinished_never_makes_the_next_one_skip(parts):
    Heartbeat.objects.create(name="sweep", began_at=NOW - SECOND)
    seen = []
    hooks.register_sweep("part", seen.append)
    sweeping.full_pass(NOW)
    sweeping.full_pass(NOW)
    assert seen == [NOW, NOW]


def test_counts_of_other_due_things_do_not_mix_with_those_of_complaints(parts):
    hooks.register_sweep("meetings", lambda now: {"overdue": 5, "held": 1})
    hooks.register_sweep("deadlines", lambda now: {"warning": 1, "overdue": 2, "escalated": 3})
    assert sweeping.full_pass(NOW).counts == {
        "warning": 1,
        "overdue": 2,
        "escalated": 3,
        "meetings_overdue": 5,
        "held": 1,
    }


def test_the_command_prints_one_json_object(parts):
    hooks.register_sweep("deadlines", lambda now: {"overdue": 2})
    out = StringIO()
    call_command("sweep", "--json", stdout=out)
    assert json.loads(out.getvalue()) == {"warning": 0, "overdue": 2, "escalated": 0, "failed_parts": 0}
    assert out.getvalue().count("\n") == 1


def test_the_command_prints_a_summary(parts):
    hooks.register_sweep("deadlines", lambda now: {"overdue": 2})
    out = StringIO()
    call_command("sweep", stdout=out)
    assert out.getvalue().splitlines() == [
        "warning    0",
        "overdue    2",
        "escalated  0",
        "Everything due was looked at.",
    ]


def test_the_command_ends_with_1_when_a_part_failed(parts):
    hooks.register_sweep("broken", broken)
    out, err = StringIO(), StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("sweep", "--json", stdout=out, stderr=err)
    assert end.value.code == 1
    assert json.loads(out.getvalue())["failed_parts"] == 1
    assert err.getvalue() == "broken: ValueError: no luck\n"


@pytest.mark.parametrize(("age", "stopped"), [(59, False), (60, False), (61, True), (180, True)])
def test_pages_warn_after_two_periods_without_success(long_up, age, stopped):
    Heartbeat.objects.create(name="sweep", succeeded_at=NOW - age * SECOND)
    assert (sweeping.sweep_state(NOW) is not None) == stopped


def test_the_warning_says_since_when(long_up):
    Heartbeat.objects.create(name="sweep", succeeded_at=NOW - timedelta(minutes=3))
    assert sweeping.sweep_state(NOW) == {
        "text": "Automatic reminders stopped 3 min ago; watch the deadlines yourself",
        "since": NOW - timedelta(minutes=3),
    }


def test_a_fresh_portal_gives_the_worker_a_minute(just_up):
    assert sweeping.sweep_state(NOW) is None
    Heartbeat.objects.create(name="sweep", succeeded_at=NOW - timedelta(days=1))
    assert sweeping.sweep_state(NOW) is None


def test_a_portal_where_no_sweep_ever_ran_says_so(long_up):
    assert sweeping.sweep_state(NOW) == {
        "text": "Automatic reminders do not run yet; watch the deadlines yourself",
        "since": None,
    }


def test_the_state_costs_one_query(long_up, django_assert_num_queries):
    with django_assert_num_queries(1):
        sweeping.sweep_state(NOW)
