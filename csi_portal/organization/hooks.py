"""Sockets that lower floors offer and higher floors fill in AppConfig.ready() (DESIGN, "The house").

A lower floor never imports a higher one; it asks here who has something to add.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import transaction

logger = logging.getLogger(__name__)

# A broker that did not answer is left alone this long (seconds): an act that rings several bells waits for one only.
PAUSE_AFTER_FAULT = 10

_panels: dict[str, list[tuple[int, Callable]]] = defaultdict(list)
_sweeps: dict[str, Callable] = {}
_last_sweeps: dict[str, Callable] = {}
_listeners: dict[str, dict[str, Callable]] = defaultdict(dict)
_guards: dict[str, list[Callable]] = defaultdict(list)


def register_panel(slot: str, fn: Callable, order: int = 100) -> None:
    """Put `fn(request, subject) -> context object or None` on the page slot; lower orders come first."""
    if fn not in [known for _, known in _panels[slot]]:
        _panels[slot].append((order, fn))
        _panels[slot].sort(key=lambda pair: pair[0])


def panels(slot: str, request, subject=None) -> list:
    """What the floors have to say at a slot, in order, without the empty answers."""
    answers = (fn(request, subject) for _, fn in _panels[slot])
    return [answer for answer in answers if answer is not None]


def register_sweep(name: str, fn: Callable, *, last: bool = False) -> None:
    """Let `fn(now) -> dict[str, int]` run in every full pass over what is due; `last` after all others."""
    (_last_sweeps if last else _sweeps)[name] = fn


def sweeps() -> dict[str, Callable]:
    """The parts of a pass in order: apps get ready from the top floor down, a pass goes from the ground up."""
    return dict(reversed(_sweeps.items())) | _last_sweeps


def register_listener(fact_kind: str, name: str, fn: Callable) -> None:
    """Let `fn()` look again at its facts whenever `wake(fact_kind)` rings."""
    _listeners[fact_kind][name] = fn


def listeners(fact_kind: str) -> dict[str, Callable]:
    return dict(_listeners[fact_kind])


def wake(fact_kind: str) -> None:
    """Ring for a kind of fact once the transaction commits. Only a doorbell: the sweep finds what it missed."""
    if _silent.get():
        return
    transaction.on_commit(lambda: _ring(fact_kind), robust=True)


_silent: ContextVar[bool] = ContextVar("silent", default=False)


@contextmanager
def bells_off():
    """For work in bulk that calls the reconciliations itself: thousands of facts must not ring thousands of times."""
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)


_quiet_until = 0.0


def _ring(fact_kind: str) -> None:
    from csi_portal.organization.tasks import look_at_facts  # the task module needs the registry of this one

    global _quiet_until
    if time.monotonic() < _quiet_until:
        return
    try:
        look_at_facts.delay(fact_kind)
    except Exception as error:  # any broker fault: work is in the database, the sweep will find it
        _quiet_until = time.monotonic() + PAUSE_AFTER_FAULT
        logger.warning("doorbell for %s not heard: %s", fact_kind, error)


def register_guard(action: str, fn: Callable) -> None:
    """Let `fn(obj, by, now)` veto an action of a lower floor by raising IllegalMove."""
    if fn not in _guards[action]:
        _guards[action].append(fn)


def guard(action: str, obj, *, by, now) -> None:
    for fn in _guards[action]:
        fn(obj, by, now)
