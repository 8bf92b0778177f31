"""“I have it”: who takes an alert stops its repeats for the others (POLICY section 3, "Alerts").

The floor whose alert it is says what taking means; the inbox only offers it. Registered in AppConfig.ready().
"""

from collections.abc import Callable, Iterable

_takers: dict[str, Callable] = {}


def register_taking(kinds: Iterable[str], fn: Callable) -> None:
    """Let `fn(message, by, now)` carry out "I have it" for messages of these kinds; it may raise a Refusal."""
    for kind in kinds:
        _takers[kind] = fn


def can_be_taken(message) -> bool:
    return message.kind in _takers and message.acknowledged_at is None


def take(message, *, by, now) -> None:
    """Take what the message is about. KeyError for a kind nobody can take."""
    _takers[message.kind](message, by, now)
