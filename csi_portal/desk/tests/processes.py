"""Real processes for the tests that kill them: started in the test's own folder and database, ended by their id."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

PATIENCE = 90  # seconds; a loaded machine is slow, a broken portal is slower


def database_url() -> str:
    """The address of the test database, for a process that knows nothing of the tests."""
    values = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{values['NAME']}"
    user = quote(values["USER"]) + (f":{quote(values['PASSWORD'])}" if values["PASSWORD"] else "")
    return f"postgres://{user}@{values['HOST']}:{values['PORT'] or 5432}/{values['NAME']}"


def environment(folder: Path, **values: str | None) -> dict[str, str]:
    """An environment with its own var folder; None takes a variable away."""
    own = {"CSI_VAR": str(folder), "DJANGO_SETTINGS_MODULE": "csi_portal.settings", "PYTHONUNBUFFERED": "1"}
    chosen = {**os.environ, **own, **values}
    return {name: value for name, value in chosen.items() if value is not None}


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(ask, what: str, patience: float = PATIENCE):
    """Return the first true answer; fail with `what` when none comes in time."""
    end = time.monotonic() + patience
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < end, f"{what}: not within {patience} s"
        time.sleep(0.1)


def processes_of(folder: Path) -> dict[int, str]:
    """Every living process with this var folder: id and command line."""
    mark = f"CSI_VAR={folder}".encode()
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:  # it has just ended, or is somebody else's
            continue
    return {number: line for number, line in found.items() if line}


@contextmanager
def running(command: list[str], env: dict[str, str], log: Path):
    """A process in a session of its own; whatever is left of it is killed at the end."""
    with open(log, "ab") as out:
        process = subprocess.Popen(
            command,
            cwd=settings.BASE_DIR,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        for number in [process.pid, *processes_of(Path(env["CSI_VAR"]))]:
            try:
                os.kill(number, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.wait()
