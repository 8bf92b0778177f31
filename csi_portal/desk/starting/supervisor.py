"""Keeps the processes running: restarts with growing pauses, one end for all."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable

from .children import Plan, end_group, spawn

STOP_SECONDS = 25
MOST_DEATHS = 5
# A process that has run this long (seconds) is well again; its earlier deaths are forgotten.
WELL_AFTER = 600
TICK = 0.2


class Child:
    """One process and its history."""

    def __init__(self, plan: Plan, environment: dict[str, str]):
        self.plan, self.environment = plan, environment
        self.process: subprocess.Popen | None = None
        self.deaths = 0
        self.start_at = 0.0
        self.started_at = 0.0

    def start(self) -> None:
        self.process = spawn(self.plan, self.environment)
        self.started_at = time.monotonic()

    def look(self, say: Callable[[str], None]) -> None:
        """Notice a death, start again when its pause is over."""
        if self.process is None:
            if time.monotonic() >= self.start_at:
                self.start()
        elif self.process.poll() is not None:
            self._died(say)

    def _died(self, say) -> None:
        end_group(self.process)
        now = time.monotonic()
        if now - self.started_at > WELL_AFTER:
            self.deaths = 0
        pause = self.pause()
        self.deaths += 1
        self.start_at = now + pause
        say(f"{self.plan.name} ended ({_how(self.process.returncode)}); it starts again in {pause} s.")
        self.process = None

    def pause(self) -> int:
        """Seconds to wait before the next start: 1, 2, 4, ..."""
        return 2**self.deaths

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def wait_until(self, moment: float, hurry: threading.Event) -> bool:
        """Whether the process has ended by the moment (monotonic seconds)."""
        while self.process is not None and self.process.poll() is None:
            if time.monotonic() >= moment or hurry.is_set():
                return False
            time.sleep(0.05)
        return True

    def end(self) -> None:
        if self.process is not None:
            end_group(self.process)


def _how(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


class Supervisor:
    """Runs the plans until a signal comes or one process keeps dying."""

    def __init__(self, plans: list[Plan], say: Callable[[str], None], **environment: str):
        self.children = [Child(plan, {**os.environ, **environment}) for plan in plans]
        self.say = say
        self.stopping = threading.Event()
        self.hurry = threading.Event()

    def run(self, every_tick: Callable[[], None]) -> int:
        """Start everything, watch it, stop it; returns the exit code. `every_tick` is called while it runs."""
        before = {number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            return self._watch(every_tick)
        finally:
            self._stop()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number, frame) -> None:
        if self.stopping.is_set():  # asked twice: do not wait for anybody
            self.hurry.set()
        self.stopping.set()

    def _watch(self, every_tick) -> int:
        while not self.stopping.is_set():
            for child in self.children:
                child.look(self.say)
                if child.deaths > MOST_DEATHS:
                    self.say(f"{child.plan.name} ended {child.deaths} times; the portal stops.")
                    return 1
            every_tick()
            self.stopping.wait(TICK)
        return 0

    def _stop(self) -> None:
        self.stopping.set()
        deadline = time.monotonic() + STOP_SECONDS
        for child in self.children:
            child.ask_to_stop()
            if not child.wait_until(deadline, self.hurry):
                self.say(f"{child.plan.name} did not end in time and is killed.")
            child.end()
