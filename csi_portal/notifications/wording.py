"""The words of every kind of message, in the reader's language.

A floor registers its kinds in AppConfig.ready(): `register_wording(kind, title, text)` with lazy translations that
use named placeholders of the message's `params`. Parameters that look like times are ISO strings and shown in the
store's zone.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Wording:
    title: object
    text: object
    prepare: Callable[[dict, object], dict] | None = None


_wordings: dict[str, Wording] = {}


def register_wording(kind: str, title, text, prepare=None) -> None:
    """Name the title and text of a message kind; `prepare(params, store) -> params` formats what needs a zone."""
    _wordings[kind] = Wording(title, text, prepare)


def known_kinds() -> list[str]:
    return sorted(_wordings)


def words(message) -> tuple[str, str]:
    """Title and text of a message in the active language; one of a kind that is gone still opens what it is about."""
    wording = _wordings.get(message.kind)
    if wording is None:
        return _("Message from the portal"), ""
    params = wording.prepare(message.params, message.store) if wording.prepare else message.params
    return str(wording.title) % params, str(wording.text) % params
