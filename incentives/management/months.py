"""How commands read a month."""

from datetime import date

from django.core.management.base import CommandError

from reports.periods import MONTH, Period


def read_month(text: str) -> date:
    """The first day of a month given as 2026-11; CommandError (wrong use) otherwise."""
    try:
        period = Period.parse(text)
    except ValueError:
        period = None
    if period is None or period.kind != MONTH:
        raise CommandError(f"not a month like 2026-11: {text!r}", returncode=2)
    return period.start
