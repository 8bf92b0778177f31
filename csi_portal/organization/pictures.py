"""Line pictures for empty places, drawn in the colours of the page (class `a` is the accent stroke)."""

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

_SHAPES = {
    # a finished list
    "done": '<path d="M8 42h56M18 42V14a4 4 0 0 1 4-4h28a4 4 0 0 1 4 4v28"/><path d="M27 20h18M27 28h10"/>'
    '<path class="a" d="M41 32l4 4 8-10"/>',
    # nothing found
    "search": '<circle cx="33" cy="22" r="13"/><path d="M43 32l11 10M10 42h20"/><path class="a" d="M28 22h10"/>',
    # nobody to call
    "calls": '<path d="M16 30v-6a20 20 0 0 1 40 0v6"/><rect x="12" y="28" width="9" height="13" rx="3"/>'
    '<rect x="51" y="28" width="9" height="13" rx="3"/><path class="a" d="M31 30l4 4 8-9"/>',
    # no complaint
    "talk": '<path d="M14 10h32a4 4 0 0 1 4 4v16a4 4 0 0 1-4 4H28l-9 8v-8h-5a4 4 0 0 1-4-4V14a4 4 0 0 1 4-4z"/>'
    '<path class="a" d="M22 22l5 5 10-10"/><path d="M56 22v12a4 4 0 0 1-4 4h-4"/>',
    # no figures yet
    "chart": '<path d="M10 42h52M16 42V30h8v12M32 42V20h8v22M48 42V26h8v16"/>'
    '<path class="a" d="M14 18l14-8 12 4 16-8"/>',
    # no money moved
    "money": '<rect x="10" y="12" width="52" height="28" rx="4"/><path d="M10 20h52"/>'
    '<path class="a" d="M30 26l6 6 6-6M36 32v6M30 33h12"/>',
    # nothing arrived
    "inbox": '<path d="M12 26l8-16h32l8 16v14a2 2 0 0 1-2 2H14a2 2 0 0 1-2-2z"/>'
    '<path d="M12 26h14l4 6h12l4-6h14"/><path class="a" d="M30 18l5 4 8-8"/>',
    # no file yet
    "file": '<path d="M22 6h20l10 10v26H22z"/><path d="M42 6v10h10"/><path class="a" d="M37 36V24M32 29l5-5 5 5"/>',
    # no people yet
    "people": '<circle cx="28" cy="18" r="7"/><path d="M14 42c0-9 6-14 14-14s14 5 14 14"/>'
    '<path class="a" d="M54 18v12M48 24h12"/>',
    # a wrong turn
    "lost": '<path d="M8 42h56M36 42V10"/><path d="M36 12h20l5 5-5 5H36zM36 26H18l-5 5 5 5h18z"/>'
    '<path class="a" d="M45 17h6"/>',
    # not for you
    "locked": '<rect x="20" y="20" width="32" height="22" rx="4"/><path d="M27 20v-5a9 9 0 0 1 18 0v5"/>'
    '<path class="a" d="M36 28v6"/>',
    # something broke
    "broken": '<rect x="12" y="8" width="48" height="30" rx="4"/><path d="M28 44h16M36 38v6"/>'
    '<path class="a" d="M20 24h8l4-8 6 14 4-6h10"/>',
}


def picture(name: str) -> SafeString:
    """Return the picture of an empty place; KeyError for a name that is not drawn."""
    return format_html('<svg viewBox="0 0 72 48" aria-hidden="true">{}</svg>', mark_safe(_SHAPES[name]))
