"""Lines that say what happened, with an undo where that is safe. Built on Django's messages."""

from django.contrib import messages

TONES = {
    messages.SUCCESS: ("done", "check-circle-fill"),
    messages.INFO: ("info", "info-circle-fill"),
    messages.DEBUG: ("info", "info-circle-fill"),
    messages.WARNING: ("warn", "exclamation-circle-fill"),
    messages.ERROR: ("over", "exclamation-triangle-fill"),
}
_UNDO = "undo:"


def say_done(request, text: str, *, undo_url: str = "") -> None:
    """Tell the person what happened; `undo_url` is a path of ours that takes the step back by POST."""
    messages.success(request, text, extra_tags=_UNDO + undo_url if undo_url else "")


def undo_url(message) -> str:
    """Return the path that takes back what a message tells of, or nothing."""
    tags = message.extra_tags or ""
    return tags.removeprefix(_UNDO) if tags.startswith(_UNDO) else ""
