"""The supervisor on small processes: pauses, giving up, order and limit of the end."""

import signal
import sys
import time

import pytest

from csi_portal.desk.starting import supervisor as supervising
from csi_portal.desk.starting.children import Plan, plans
from csi_portal.desk.starting.supervisor import Supervisor

STEADY = "import time; time.sleep(60)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"


def plan(name: str, code: str) -> Plan:
    return Plan(name, [sys.executable, "-c", code])


def run(plans: list[Plan], seconds: float) -> tuple[int, list[str]]:
    """Run the supervisor for a while; its exit code and what it said."""
    said: list[str] = []
    boss = Supervisor(plans, said.append)
    end = time.monotonic() + seconds

    def tick():
        if time.monotonic() > end:
            boss.stopping.set()

    return boss.run(tick), said


def test_steady_processes_end_with_the_supervisor():
    code, said = run([plan("web", STEADY), plan("worker", STEADY)], 0.3)
    assert (code, said) == (0, [])


def test_a_process_that_keeps_dying_ends_everything(monkeypatch):
    monkeypatch.setattr(supervising, "TICK", 0.01)
    monkeypatch.setattr(supervising.Child, "pause", lambda self: 0)
    code, said = run([plan("web", STEADY), plan("worker", "raise SystemExit(3)")], 60)
    assert code == 1
    assert said == ["worker ended (exit code 3); it starts again in 0 s."] * 6 + [
        "worker ended 6 times; the portal stops."
    ]


def test_the_pauses_grow():
    boss = Supervisor([plan("web", STEADY)], print)
    web = boss.children[0]
    pauses = []
    for web.deaths in range(5):
        pauses.append(web.pause())
    assert pauses == [1, 2, 4, 8, 16]


def test_a_process_that_was_well_for_long_is_forgiven(monkeypatch):
    monkeypatch.setattr(supervising, "WELL_AFTER", -1)
    monkeypatch.setattr(supervising, "TICK", 0.01)
    monkeypatch.setattr(supervising.Child, "pause", lambda self: 0)
    code, said = run([plan("worker", "pass")], 2)
    assert code == 0
    assert len(said) > supervising.MOST_DEATHS + 1


def test_a_deaf_process_is_killed_when_the_time_is_over(monkeypatch):
    monkeypatch.setattr(supervising, "STOP_SECONDS", 0.5)
    began = time.monotonic()
    code, said = run([plan("web", DEAF), plan("beat", STEADY)], 1.0)
    assert code == 0
    assert said[0] == "web did not end in time and is killed."
    assert time.monotonic() - began < 10


def test_asking_twice_does_not_wait():
    said: list[str] = []
    boss = Supervisor([plan("web", DEAF)], said.append)
    ends = []

    def tick():
        if boss.children[0].process and time.monotonic() - boss.children[0].started_at > 1:
            ends.append(time.monotonic())
            boss._on_signal(signal.SIGINT, None)
            boss._on_signal(signal.SIGINT, None)

    assert boss.run(tick) == 0
    assert time.monotonic() - ends[0] < 5


@pytest.mark.parametrize(("host", "bound"), [("0.0.0.0", "0.0.0.0:8000"), ("::1", "[::1]:8000")])  # noqa: S104
def test_the_plans_name_what_runs_in_the_order_of_the_end(host, bound):
    made = plans(host, 8000)
    assert [entry.name for entry in made] == ["web", "beat", "worker"]
    assert bound in made[0].command
