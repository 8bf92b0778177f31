"""The three processes of the portal, each in its own session and bound to the life of its parent."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from dataclasses import dataclass

from django.conf import settings

WEB_THREADS = 8
WORKER_THREADS = 2
GRACE_SECONDS = 15  # how long the web process lets requests in flight finish

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Plan:
    """How to start one process."""

    name: str
    command: list[str]


def plans(host: str, port: int) -> list[Plan]:
    """What runs, in the order in which it is stopped: no new requests, then no new bells, then the work ends."""
    python = sys.executable
    celery = [python, "-m", "celery", "--quiet", "-A", "csi_portal"]
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    web = [
        *[python, "-m", "gunicorn", "csi_portal.wsgi:application", "--bind", address],
        *["--worker-class", "gthread", "--workers", "1", "--threads", str(WEB_THREADS)],
        *["--graceful-timeout", str(GRACE_SECONDS), "--no-control-socket", "--log-level", "warning"],
    ]
    beat = ["beat", "--pidfile=", "--schedule", str(settings.VAR_DIR / "beat-schedule"), "--loglevel", "WARNING"]
    worker = [
        *["worker", "-P", "threads", "-c", str(WORKER_THREADS), "--loglevel", "WARNING"],
        *["--without-gossip", "--without-mingle", "--without-heartbeat"],
    ]
    return [Plan("web", web), Plan("beat", [*celery, *beat]), Plan("worker", [*celery, *worker])]


def spawn(plan: Plan, environment: dict[str, str]) -> subprocess.Popen:
    """Start the process in a session of its own, so that Ctrl-C reaches the parent only and a group can be ended."""
    return subprocess.Popen(
        plan.command,
        cwd=settings.BASE_DIR,
        env=environment,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_die_with(os.getpid()) if _libc else None,
    )


def _die_with(parent: int):
    def bind():
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # the parent was gone before the line above
            os._exit(1)

    return bind


def end_group(process: subprocess.Popen) -> None:
    """Kill whatever is left of the process and of those it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
