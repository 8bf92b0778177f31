"""What a moment says on the screen: due times in words, and times near now in words.

Pure: no database and no clock; `now` and the store's zone are arguments, only the active language is read.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

DAY = timedelta(days=1)

# Lazy: a list draws many chips, and each looks up only the phrase it says.
_PHRASES = {
    "left": gettext_lazy("%(span)s left"),
    "only": gettext_lazy("Only %(span)s left"),
    "over": gettext_lazy("%(span)s overdue"),
    "late": gettext_lazy("%(span)s late"),
    "left_lt": gettext_lazy("Less than 1 min left"),
    "only_lt": gettext_lazy("Less than 1 min left"),
    "over_lt": gettext_lazy("Just overdue"),
    "late_lt": gettext_lazy("Less than 1 min late"),
    "m": gettext_lazy("%(m)s min"),
    "h": gettext_lazy("%(h)s h"),
    "hm": gettext_lazy("%(h)s h %(m)s min"),
    "d": gettext_lazy("%(d)s d"),
    "dh": gettext_lazy("%(d)s d %(h)s h"),
}
_CLOCKS = {
    "elapsed": gettext_lazy("counted in elapsed time"),
    "business": gettext_lazy("counted in opening hours"),
}
_WEEKDAYS = (
    pgettext_lazy("weekday", "Mon"),
    pgettext_lazy("weekday", "Tue"),
    pgettext_lazy("weekday", "Wed"),
    pgettext_lazy("weekday", "Thu"),
    pgettext_lazy("weekday", "Fri"),
    pgettext_lazy("weekday", "Sat"),
    pgettext_lazy("weekday", "Sun"),
)


@dataclass(frozen=True, slots=True)
class DueView:
    """A deadline as its chip shows it. `counting` says that the text is a span which runs on by itself."""

    state: str  # ok, warn, over, done, late, later
    text: str
    title: str
    due_at: datetime
    warn_at: datetime | None
    met_at: datetime | None
    left_percent: int
    counting: bool
    late_text: str = ""


def due_view(
    *,
    warn_at: datetime | None,
    due_at: datetime,
    met_at: datetime | None,
    now: datetime,
    tz: ZoneInfo,
    closes_at: datetime | None = None,
    started_at: datetime | None = None,
    clock: str | None = None,
    why: str = "",
) -> DueView:
    """Say in words and state how a deadline stands.

    Overdue is `now > due_at`; met in time is `met_at <= due_at` (POLICY 3). Amber begins at `warn_at`; without
    one there is no amber. `closes_at` is the end of today's opening hours where that matters: a due time after
    it is said as a clock time, because "15 hours left" is wrong when the doors close in ten minutes.
    `clock` is "elapsed" or "business" and `why` a line on how the time was reckoned; both go into the title.
    Raises ValueError for naive datetimes.
    """
    _require_aware(warn_at, due_at, met_at, now, closes_at, started_at)
    if met_at is not None:
        return _met(warn_at, due_at, met_at, now, tz, clock, why)
    title = _title(_("Due %(moment)s") % {"moment": full_moment(due_at, tz)}, clock, why)
    late = now > due_at
    warned = warn_at is not None and now >= warn_at
    said_as_clock = not late and (due_at - now >= DAY or (closes_at is not None and due_at > closes_at))
    if late:
        state, text = "over", _said("over", now - due_at)
    elif said_as_clock:
        state = "warn" if warned else ("later" if due_at - now >= DAY else "ok")
        text = by_clock(due_at, now, tz)
    elif warned:
        state, text = "warn", _said("only", due_at - now)
    else:
        state, text = "ok", _said("left", due_at - now)
    percent = left_percent(due_at, now, warn_at=warn_at, started_at=started_at)
    return DueView(state, text, title, due_at, warn_at, None, percent, not said_as_clock)


def _met(warn_at, due_at, met_at, now, tz, clock, why) -> DueView:
    local = met_at.astimezone(tz)
    done_at = local.strftime("%H:%M") if _days_ahead(met_at, now, tz) == 0 else short_moment(met_at, now, tz)
    title = _title(
        _("Done %(done)s, due %(due)s") % {"done": full_moment(met_at, tz), "due": full_moment(due_at, tz)},
        clock,
        why,
    )
    if met_at <= due_at:
        text = _("On time %(time)s") % {"time": done_at}
        return DueView("done", text, title, due_at, warn_at, met_at, 0, False)
    text = _("Done late %(time)s") % {"time": done_at}
    late_text = _said("late", met_at - due_at)
    return DueView("late", text, title, due_at, warn_at, met_at, 0, False, late_text)


def _title(first: str, clock: str | None, why: str) -> str:
    words = str(_CLOCKS[clock]) if clock else ""
    return " · ".join(part for part in (first, words, why) if part)


def _said(kind: str, delta: timedelta) -> str:
    if delta < timedelta(minutes=1):
        return str(_PHRASES[f"{kind}_lt"])
    return str(_PHRASES[kind]) % {"span": span(delta)}


def span(delta: timedelta) -> str:
    """Return a positive span in whole minutes, rounded down: `28 min`, `1 h 12 min`, `3 d 2 h`."""
    minutes = int(delta.total_seconds() // 60)
    days, rest = divmod(minutes, 24 * 60)
    hours, left = divmod(rest, 60)
    if days:
        key = "dh" if hours else "d"
    elif hours:
        key = "hm" if left else "h"
    else:
        key = "m"
    return str(_PHRASES[key]) % {"d": days, "h": hours, "m": left}


def span_words() -> dict[str, str]:
    """Return the phrases of `due_view` and `span`; the script that counts down gets the same ones."""
    return {key: str(phrase) for key, phrase in _PHRASES.items()}


def by_clock(due_at: datetime, now: datetime, tz: ZoneInfo) -> str:
    """Return a due time as a clock time: `By 18:00 today`, `By 9:30 tomorrow morning`, `By 17:30 on Mon`.

    The end of a local day is 24:00 of that day, as people say it.
    """
    day, hour, minute = _clock_day(due_at.astimezone(tz))
    ahead = (day - now.astimezone(tz).date()).days
    time = f"{hour}:{minute:02}"
    if ahead == 0:
        return _("By %(time)s today") % {"time": time}
    if ahead == 1 and hour < 12:
        return _("By %(time)s tomorrow morning") % {"time": time}
    if ahead == 1:
        return _("By %(time)s tomorrow") % {"time": time}
    if 1 < ahead < 7:
        return _("By %(time)s on %(day)s") % {"time": time, "day": weekday_short(day)}
    return _("By %(time)s on %(day)s") % {"time": time, "day": short_date(day, now.astimezone(tz).date())}


def _clock_day(local: datetime) -> tuple[date, int, int]:
    if (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0):
        return (local - DAY).date(), 24, 0
    return local.date(), local.hour, local.minute


def left_percent(
    due_at: datetime, now: datetime, *, warn_at: datetime | None = None, started_at: datetime | None = None
) -> int:
    """Return how much of a deadline's time is left, 0-100, for the ring of the chip.

    Without `started_at` the start is reckoned from the warning, which stands at 75 % of the step's time.
    """
    if started_at is None:
        started_at = due_at - 4 * (due_at - warn_at) if warn_at is not None and warn_at < due_at else due_at - DAY
    whole = (due_at - started_at).total_seconds()
    if whole <= 0:
        return 0
    return max(0, min(100, round(100 * (due_at - now).total_seconds() / whole)))


def when_text(value: datetime, now: datetime, tz: ZoneInfo) -> str:
    """Return a moment in words when it is near (`5 min ago`, `Yesterday 17:26`), else as a date and time."""
    _require_aware(value, now)
    gone = now - value
    if timedelta(0) <= gone < timedelta(hours=1):
        minutes = int(gone.total_seconds() // 60)
        return _("%(n)s min ago") % {"n": minutes} if minutes else _("just now")
    return near_moment(value, now, tz)


def near_moment(value: datetime, now: datetime, tz: ZoneInfo) -> str:
    """Return `Today 14:05`, `Yesterday 17:26`, `Tomorrow 9:30`, else the short date with the time."""
    ahead, time = _days_ahead(value, now, tz), value.astimezone(tz).strftime("%H:%M")
    if ahead == 0:
        return _("Today %(time)s") % {"time": time}
    if ahead == -1:
        return _("Yesterday %(time)s") % {"time": time}
    if ahead == 1:
        return _("Tomorrow %(time)s") % {"time": time}
    return short_moment(value, now, tz)


def short_moment(value: datetime, now: datetime, tz: ZoneInfo) -> str:
    """Return `11-20 17:26`, with the year when it is not this one."""
    local = value.astimezone(tz)
    return f"{short_date(local.date(), now.astimezone(tz).date())} {local:%H:%M}"


def short_date(day: date, today: date) -> str:
    """Return `11-20`, or `2025-11-20` when it is not in today's year."""
    return f"{day:%m-%d}" if day.year == today.year else day.isoformat()


def full_moment(value: datetime, tz: ZoneInfo) -> str:
    """Return `2026-11-21 Sat 15:05` in the zone, with the weekday of the active language."""
    local = value.astimezone(tz)
    return f"{local:%Y-%m-%d} {weekday_short(local.date())} {local:%H:%M}"


def weekday_short(day: date) -> str:
    """Return the weekday in short: Mon, 周一."""
    return str(_WEEKDAYS[day.weekday()])


def _days_ahead(value: datetime, now: datetime, tz: ZoneInfo) -> int:
    return (value.astimezone(tz).date() - now.astimezone(tz).date()).days


def _require_aware(*moments: datetime | None) -> None:
    if any(moment is not None and moment.tzinfo is None for moment in moments):
        raise ValueError("moments need a time zone")
