"""The small pieces of the screen as safe HTML: one way to show a due time, a person, a car, a score, money.

They stand in the rows of long lists, so each is one `format_html` call and never touches a relation of its
object. The template tags in `templatetags/ui.py` are thin names for these functions; classes are those of
static/css/components.css.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from .due import DueView, full_moment, short_date, when_text

MINUS = "\u2212"
DASH = "\u2013"
CENT = Decimal("0.01")
FEW = 5  # below this a sample is "insufficient" (POLICY 2)

_NUMBER = re.compile(r"(\d+(?::\d+)?)")
_PLATE = re.compile(r"([\u4e00-\u9fff][A-Z])\W?([A-Z0-9]{5,6})")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def icon(name: str, label: str = "") -> SafeString:
    """Return an icon; without a label it is decoration and hidden from screen readers."""
    if label:
        return format_html('<i class="bi bi-{}" role="img" aria-label="{}"></i>', name, label)
    return format_html('<i class="bi bi-{}" aria-hidden="true"></i>', name)


# ---------- due times ----------

_RING = (
    '<svg class="due-ring" viewBox="0 0 16 16" aria-hidden="true"><circle class="t" cx="8" cy="8" r="6"/>'
    '<circle class="v" cx="8" cy="8" r="6" pathLength="100" stroke-dasharray="{} 100"'
    ' transform="rotate(-90 8 8)"/></svg>'
)
_DUE_ICONS = {"over": "exclamation-triangle-fill", "done": "check-circle-fill", "late": "check-circle"}


def due_chip(view: DueView | None, large: bool = False, why: str | Sequence[str] = "") -> SafeString:
    """Return a deadline's chip; `why` (one line or several) makes it open to how the time was reckoned."""
    if view is None:
        return SafeString("")
    chip = _chip(view, large)
    if not why:
        return chip
    lines = [why] if isinstance(why, str) else why
    body = mark_safe("".join(format_html("<p>{}</p>", line) for line in lines))
    return format_html(
        '<details class="due-pop menu"><summary>{}</summary>'
        '<div class="due-why"><p class="strong">{}</p>{}</div></details>',
        chip,
        view.title,
        body,
    )


def _chip(view: DueView, large: bool) -> SafeString:
    if view.state in _DUE_ICONS:
        mark = icon(_DUE_ICONS[view.state])
    elif view.state == "later":
        mark = ""
    elif view.counting:
        mark = mark_safe(_RING.format(view.left_percent))
    else:
        mark = icon("sunrise" if view.state == "warn" else "clock")
    bold = view.state in ("ok", "warn")
    return format_html(
        '<time class="due due-{}{}" datetime="{}" title="{}"{}>{}<span>{}</span></time>',
        view.state,
        " due-lg" if large else "",
        iso_utc(view.due_at),
        view.title,
        _due_data(view),
        mark,
        _bold_numbers(view.text) if bold else view.text,
    )


def _due_data(view: DueView) -> SafeString | str:
    """Hand the thresholds to the script that counts down; a met deadline never changes again."""
    if view.met_at is not None:
        return ""
    warn_ms = epoch_ms(view.warn_at) if view.warn_at else ""
    return mark_safe(
        f' data-due-at="{epoch_ms(view.due_at)}" data-warn-at="{warn_ms}"'
        f' data-left="{view.left_percent:d}" data-count="{"1" if view.counting else ""}"'
    )


def _bold_numbers(text: str) -> SafeString:
    parts = _NUMBER.split(text)
    return mark_safe("".join(f"<b>{escape(p)}</b>" if i % 2 else escape(p) for i, p in enumerate(parts)))


def epoch_ms(value: datetime) -> int:
    """Return milliseconds since 1970, as scripts count."""
    return int(value.timestamp() * 1000)


def iso_utc(value: datetime) -> str:
    """Return `2026-11-21T07:05:00Z`, for the datetime attribute."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def when(value: datetime | date | None, now: datetime, tz: ZoneInfo) -> SafeString:
    """Return a moment in words when near, absolute on hover; a plain date as its short date."""
    if value is None:
        return SafeString(DASH)
    if not isinstance(value, datetime):
        today = now.astimezone(tz).date()
        return format_html(
            '<time datetime="{}" title="{}">{}</time>',
            value.isoformat(),
            value.isoformat(),
            short_date(value, today),
        )
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        iso_utc(value),
        full_moment(value, tz),
        when_text(value, now, tz),
    )


# ---------- level, status, tag ----------

_LEVELS = {"grumble": 1, "general": 2, "major": 3}
_BARS = ((1, 9, 4), (5.5, 5.5, 7.5), (10, 2, 11))


def level_words(code: str) -> str:
    """Return a complaint level's name; an unknown code is shown as it is."""
    words = {"grumble": _("Grumble"), "general": _("General complaint"), "major": _("Major complaint")}
    return words.get(code, code)


def level(code: str) -> SafeString:
    """Return the badge of a complaint level: bars, word, and red for a major one."""
    rank = _LEVELS.get(code, 0)
    bars = "".join(
        f'<rect{" class=on" if i < rank else ""} x="{x}" y="{y}" width="3" height="{h}" rx="1"/>'
        for i, (x, y, h) in enumerate(_BARS)
    )
    return format_html(
        '<span class="level{}"><svg viewBox="0 0 14 14" aria-hidden="true">{}</svg>{}</span>',
        " level-major" if rank == 3 else "",
        mark_safe(bars),
        level_words(code),
    )


def status_badge(word: str, tone: str = "") -> SafeString:
    """Return a status: word, shape and colour. Tones: live, done, harm, warn, void, or none."""
    return format_html('<span class="status{}">{}</span>', f" status-{tone}" if tone else "", word)


def tag(word: str) -> SafeString:
    """Return a quiet outlined word beside something."""
    return format_html('<span class="tag">{}</span>', word)


# ---------- people, cars, phones ----------


def initial_of(name: str) -> str:
    """Return the letter of a person's mark: the last character of a Chinese name, else up to two initials."""
    name = name.strip()
    if not name:
        return "?"
    chinese = [c for c in name.split()[0] if _CHINESE.match(c)]
    if chinese:
        return chinese[-1]
    return "".join(word[0] for word in name.split()[:2]).upper()


def person(p, sub: str = "", large: bool = False, two: bool = False) -> SafeString:
    """Return a person with mark and name; `sub` is the department or the masked phone, `two` puts it below.

    `p` is an object with `name` (or `get_full_name`), a mapping with name, id or tint, initial and sub, or a
    text; None is nobody.
    """
    name, key, initial, own_sub = _person_parts(p)
    sub = sub or own_sub
    if not name:
        return format_html(
            '<span class="person"><span class="mark mark-0" aria-hidden="true">?</span>'
            '<span class="quiet">{}</span></span>',
            _("Not assigned"),
        )
    mark = _mark(initial or initial_of(name), key, large)
    below = format_html('<span class="person-sub">{}</span>', sub) if sub else ""
    if two:
        return format_html(
            '<span class="person">{}<span class="person-two"><span class="person-name">{}</span>{}</span></span>',
            mark,
            name,
            below,
        )
    return format_html('<span class="person">{}<span class="person-name">{}</span>{}</span>', mark, name, below)


def person_mark(name: str, key: int | None = 0, large: bool = False) -> SafeString:
    """Return the round mark of a person; the tint has no meaning, it only tells people apart."""
    return _mark(initial_of(name or ""), key, large)


def _mark(letters: str, key: int | None, large: bool) -> SafeString:
    return format_html(
        '<span class="mark mark-{}{}" aria-hidden="true">{}</span>',
        (key or 0) % 4 + 1,
        " mark-lg" if large else "",
        letters,
    )


def _person_parts(p) -> tuple[str, int, str, str]:
    if p is None or p == "":
        return "", 0, "", ""
    if isinstance(p, str):
        return p, sum(map(ord, p)), "", ""
    if isinstance(p, dict):
        key = p.get("tint", p.get("id")) or 0
        return p.get("name", ""), key, p.get("initial", ""), p.get("sub") or p.get("position") or ""
    name = getattr(p, "name", None)
    if name is None:
        name = p.get_full_name() or p.get_username()
    return name, p.pk or 0, "", ""


def plate_text(plate: str) -> str:
    """Return a plate as it is painted, with a dot after the place: 测A·00001."""
    match = _PLATE.fullmatch(plate or "")
    return f"{match[1]}·{match[2]}" if match else plate or ""


def car(vehicle, model: bool = True) -> SafeString:
    """Return a car: plate, and the model quietly beside it. Takes an object with `plate` and `model`, or a plate."""
    if vehicle is None or vehicle == "":
        return SafeString("")
    plate = vehicle if isinstance(vehicle, str) else vehicle.plate
    plate_box = format_html('<span class="plate">{}</span>', plate_text(plate)) if plate else ""
    words = "" if isinstance(vehicle, str) or not model else getattr(vehicle, "model", "")
    model_words = format_html('<span class="car-model">{}</span>', words) if words else ""
    return format_html('<span class="car">{}{}</span>', plate_box, model_words)


def mask_phone(number: str | None) -> str:
    """Return a phone number with its middle hidden: 199-****-0001; short numbers show their last two digits."""
    digits = re.sub(r"\D", "", number or "")
    if not digits:
        return DASH
    if len(digits) == 11 and digits[0] == "1":
        return f"{digits[:3]}-****-{digits[-4:]}"
    if len(digits) >= 9:
        return f"{digits[:3]}****{digits[-2:]}"
    return "*" * max(2, len(digits) - 2) + digits[-2:] if len(digits) > 2 else "**"


# ---------- figures ----------


def score_text(value: Fraction | Decimal | int | None) -> str:
    """Return a score with exactly two decimals, half up (POLICY 2); None is a dash."""
    if value is None:
        return DASH
    exact = Fraction(value)
    hundredths = (abs(exact.numerator) * 200 + exact.denominator) // (2 * exact.denominator)
    return f"{MINUS if exact < 0 and hundredths else ''}{hundredths // 100}.{hundredths % 100:02}"


def score(value, n: int | None = None, url: str = "", few: bool | None = None) -> SafeString:
    """Return a score with its n; a small sample is said in grey and opens as well. `url` leads to its parts."""
    if few is None:
        few = n is not None and n < FEW
    count = format_html('<span class="score-n">n={}</span>', n) if n is not None else ""
    if few or value is None:
        inner = format_html("{}", _("Insufficient sample")) if few else DASH
        linked = format_html('<a href="{}">{}</a>', url, inner) if url else inner
        return format_html('<span class="score-few">{} {}</span>', linked, count)
    inner = score_text(value)
    linked = format_html('<a href="{}">{}</a>', url, inner) if url else inner
    return format_html('<span class="score-wrap"><span class="score">{}</span> {}</span>', linked, count)


def delta(change) -> SafeString:
    """Return a change against last time; direction is a shape, never red or green."""
    if change is None:
        return SafeString("")
    text = score_text(abs(change))
    if text == "0.00":
        return format_html('<span class="delta"><i aria-hidden="true">=</i>{}</span>', text)
    up = change > 0
    return format_html(
        '<span class="delta{}"><i role="img" aria-label="{}">{}</i>{}</span>',
        " delta-up" if up else "",
        _("up") if up else _("down"),
        "\u25b2" if up else "\u25bc",
        text,
    )


def band(rank: int | None) -> SafeString:
    """Return the band of a score: 3 excellent, 2 qualified, 1 not qualified; None for an insufficient sample."""
    if rank is None:
        return SafeString("")
    words = {3: _("Excellent"), 2: _("Qualified"), 1: _("Not qualified")}
    bars = "".join(
        f'<rect{" class=on" if i < rank else ""} x="{8 * i}" y="0" width="6" height="6" rx="1.5"/>' for i in range(3)
    )
    return format_html(
        '<span class="band{}"><svg viewBox="0 0 22 6" aria-hidden="true">{}</svg>{}</span>',
        " band-low" if rank == 1 else "",
        mark_safe(bars),
        words[rank],
    )


def spark(points: Iterable, target=None) -> SafeString:
    """Return a small trend line of scores (gaps as None); `target` is a dashed line. Fewer than two points: nothing."""
    values = [None if p is None else float(p) for p in points]
    known = [v for v in values if v is not None]
    if len(known) < 2:
        return SafeString("")
    low, high = min(known), max(known)
    if target is not None:
        low, high = min(low, float(target)), max(high, float(target))
    # A flat line is drawn in the middle; a swing of less than four points is not blown up.
    middle, half = (low + high) / 2, max((high - low) / 2, 2)
    step = 80 / (len(values) - 1)
    spots = [(2 + i * step, 14 - (v - middle) / half * 10) for i, v in enumerate(values) if v is not None]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
    goal = ""
    if target is not None:
        y = f"{14 - (float(target) - middle) / half * 10:.1f}"
        goal = format_html('<line class="g" x1="0" x2="84" y1="{}" y2="{}"/>', y, y)
    return format_html(
        '<svg class="spark" viewBox="0 0 84 28" aria-hidden="true">{}<polyline class="l" points="{}"/>'
        '<circle class="e" cx="{}" cy="{}" r="2.5"/></svg>',
        goal,
        line,
        f"{spots[-1][0]:.1f}",
        f"{spots[-1][1]:.1f}",
    )


def yuan_text(amount: Decimal | int | None, signed: bool = False) -> str:
    """Return an amount of yuan: ¥1,000.00, −¥200.00, and +¥300.00 when `signed`. None is a dash."""
    if amount is None:
        return DASH
    exact = Decimal(amount).quantize(CENT, ROUND_HALF_UP)
    sign = MINUS if exact < 0 else ("+" if signed and exact > 0 else "")
    return f"{sign}¥{abs(exact):,.2f}"


def money(amount: Decimal | int | None, signed: bool = False) -> SafeString:
    """Return an amount of yuan, negative ones red."""
    negative = amount is not None and amount < 0
    return format_html(
        '<span class="money{}">{}</span>', " money-neg" if negative else "", yuan_text(amount, signed=signed)
    )
