"""Template names of the component library; registered as builtins, so no page has to load them.

What each one draws and takes: docs/components.md. The HTML is made in `markup.py`.
"""

import json
from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.translation import pgettext_lazy

from csi_portal.organization import markup, pictures, toasts
from csi_portal.organization.due import DueView, due_view, span_words

register = template.Library()

register.simple_tag(markup.icon)
register.simple_tag(markup.due_chip)
register.simple_tag(markup.level)
register.simple_tag(markup.status_badge)
register.simple_tag(markup.tag, name="tag")
register.simple_tag(markup.person)
register.simple_tag(markup.person_mark)
register.simple_tag(markup.car)
register.simple_tag(markup.car, name="plate")
register.simple_tag(markup.mask_phone, name="phone_masked")
register.simple_tag(markup.score)
register.simple_tag(markup.delta)
register.simple_tag(markup.band)
register.simple_tag(markup.spark)
register.simple_tag(markup.money)
register.simple_tag(pictures.picture)

register.filter("mask_phone", markup.mask_phone)
register.filter("plate_text", markup.plate_text)
register.filter("score2", markup.score_text)
register.filter("level_words", markup.level_words)


@register.filter
def yuan(amount, mode: str = "") -> str:
    """Show an amount of yuan as text; `yuan:"signed"` puts a plus before a positive one."""
    return markup.yuan_text(amount, signed=mode == "signed")


@register.filter
def when(value) -> SafeString:
    """Show a moment in words when near, absolute on hover, in the store's zone."""
    return markup.when(value, timezone.now(), timezone.get_current_timezone())


@register.filter
def local_time(value: datetime | None, pattern: str = "%Y-%m-%d %H:%M") -> str:
    """Show a moment in the store's zone, as `2026-11-21 15:05` or by a strftime pattern."""
    return markup.DASH if value is None else timezone.localtime(value).strftime(pattern)


@register.simple_tag
def due(due_at, warn_at=None, met_at=None, closes_at=None, large=False, why="", clock=None) -> SafeString:
    """Show a deadline straight from its times; a list prepares `due_view` in Python and uses `due_chip`."""
    return markup.due_chip(view_of(due_at, warn_at, met_at, closes_at, clock), large, why)


def view_of(due_at, warn_at=None, met_at=None, closes_at=None, clock=None) -> DueView | None:
    """Return the view of a deadline at this moment in the store's zone; None without a due time."""
    if due_at is None:
        return None
    return due_view(
        warn_at=warn_at,
        due_at=due_at,
        met_at=met_at,
        now=timezone.now(),
        tz=timezone.get_current_timezone(),
        closes_at=closes_at,
        clock=clock,
    )


@register.simple_tag
def due_words() -> str:
    """Give the script that counts down its phrases, as JSON for an attribute."""
    return json.dumps(span_words(), ensure_ascii=False)


@register.simple_tag
def server_now() -> int:
    """Give scripts the server's clock in milliseconds, so that a wrong clock of a PC does not matter."""
    return markup.epoch_ms(timezone.now())


@register.simple_tag
def toast_of(message) -> dict:
    """Return tone, icon and undo path of a message."""
    tone, name = toasts.TONES.get(message.level, ("info", "info-circle-fill"))
    return {"tone": tone, "icon": name, "undo": toasts.undo_url(message)}


@register.simple_tag
def place_label(frame) -> str:
    """Return the label of the place that is open, for the phone's title when a page gives none."""
    groups = (frame or {}).get("places") or []
    return next((place["label"] for group in groups for place in group if place.get("active")), "")


@register.simple_tag
def back_path(request) -> str:
    """Give the page of ours the person came from, or nothing; never an address of somebody else."""
    came_from = request.META.get("HTTP_REFERER", "") if request else ""
    if not came_from or came_from == request.build_absolute_uri():
        return ""
    return came_from if url_has_allowed_host_and_scheme(came_from, {request.get_host()}) else ""


_FIELD_WORDS = {
    "answer": pgettext_lazy("typed field", "Answer"),
    "cause": pgettext_lazy("typed field", "Cause"),
    "comment": pgettext_lazy("typed field", "Comment"),
    "demand": pgettext_lazy("typed field", "Demand"),
    "description": pgettext_lazy("typed field", "Description"),
    "instruction": pgettext_lazy("typed field", "Instruction"),
    "measure": pgettext_lazy("typed field", "Measure"),
    "measures": pgettext_lazy("typed field", "Measures"),
    "message": pgettext_lazy("typed field", "Message"),
    "note": pgettext_lazy("typed field", "Note"),
    "reason": pgettext_lazy("typed field", "Reason"),
    "remedy": pgettext_lazy("typed field", "Remedy"),
    "summary": pgettext_lazy("typed field", "Summary"),
    "text": pgettext_lazy("typed field", "Text"),
    "title": pgettext_lazy("typed field", "Title"),
}


@register.filter
def field_words(name: str) -> str:
    """Give a form field's name in words, for texts handed back without their form."""
    return str(_FIELD_WORDS.get(str(name).rpartition("-")[2], pgettext_lazy("typed field", "Field")))
