"""Periods and figures in words, in the active language. Pure but for the language."""

from datetime import date

from django.utils.translation import gettext as _

from csi_portal.organization.due import short_date
from reports.periods import WEEK, Period


def period_label(period: Period) -> str:
    """`2026 week 47`, `2026-11`: a period in words, with its year."""
    if period.kind == WEEK:
        year, week, _day = period.start.isocalendar()
        return _("%(year)s week %(week)s") % {"year": year, "week": week}
    return _("%(year)s-%(month)s") % {"year": period.start.year, "month": f"{period.start.month:02}"}


def short_label(period: Period) -> str:
    """`Week 47`, `2026-11`: where the days stand beside it."""
    if period.kind == WEEK:
        return _("Week %(week)s") % {"week": period.start.isocalendar()[1]}
    return period_label(period)


def days_label(period: Period, today: date) -> str:
    """First and last day: `11-16 to 11-22`."""
    return _("%(first)s to %(last)s") % {
        "first": short_date(period.start, today),
        "last": short_date(period.last_day, today),
    }
