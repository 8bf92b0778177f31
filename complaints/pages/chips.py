"""Due times as chips, and in sentences how each was reckoned (POLICY section 3: "explained line by line")."""

from datetime import timedelta

from django.utils.translation import gettext as _

from csi_portal.organization.due import DueView, due_view, full_moment, span

from ..enums import STEPS_FROM_RECEIPT, Level
from ..models import Deadline
from ..services.clocks import FormClock

# A due time spread over more opening days than this is not listed day by day.
MOST_LINES = 6


class Chips:
    """The chips of one form's page."""

    def __init__(self, form, now):
        self.form = form
        self.now = now
        self.store = form.store
        self.clock = FormClock.of(form)

    def of(self, row: Deadline | None) -> DueView | None:
        if row is None:
            return None
        business = row.clock != "elapsed"
        return due_view(
            warn_at=row.warn_at,
            due_at=row.due_at,
            met_at=row.met_at,
            now=self.now,
            tz=self.store.zone,
            closes_at=self._closing() if business else None,
            started_at=row.started_at,
            clock="business" if business else "elapsed",
        )

    def _closing(self):
        """When the store closes today; None once it has."""
        day = self.store.local_date(self.now)
        return next((closes for _opens, closes in reversed(self.clock.opening.windows(day)) if closes > self.now), None)

    def why(self, row: Deadline) -> list[str]:
        """How a due time came about, for the person who asks."""
        zone = self.store.zone
        lines = [self._start(row), self._span(row)]
        if row.clock == "business" and row.minutes:
            spans = self.clock.opening.explain(row.started_at, timedelta(minutes=row.minutes))
            lines += [self._counted(one) for one in spans[:MOST_LINES]]
        if self.form.calendar_incomplete:
            lines.append(_("The calendar has no holidays for this year; they were not counted."))
        lines.append(
            _("Policy version %(version)s · escalates to the general manager %(time)s")
            % {"version": self.form.policy_version.version, "time": full_moment(row.escalate_at, zone)}
        )
        return lines

    def _counted(self, one) -> str:
        opens, closes = one.opens.astimezone(self.store.zone), one.closes.astimezone(self.store.zone)
        return f"{opens:%m-%d %H:%M} – {closes:%H:%M} · {span(one.counted)}"

    def _start(self, row: Deadline) -> str:
        moment = full_moment(row.started_at, self.store.zone)
        if row.started_at == self.form.received_at and row.step in STEPS_FROM_RECEIPT:
            return _("The customer complained %(time)s.") % {"time": moment}
        return _("Counted from %(time)s.") % {"time": moment}

    def _span(self, row: Deadline) -> str:
        level = Level(self.form.level).label
        words = {"level": level, "step": row.get_step_display(), "span": span(timedelta(minutes=row.minutes))}
        if row.clock == "elapsed":
            return _("%(level)s: %(step)s within %(span)s, counted in elapsed time.") % words
        if row.clock == "workdays":
            return _("%(step)s, counted in working days.") % words
        return _("%(level)s: %(step)s within %(span)s of opening hours.") % words


def list_chip(form, row: Deadline | None, now, zone) -> DueView | None:
    """The chip of a list's row; without a running deadline the next date that matters, without amber."""
    if row is not None:
        return due_view(
            warn_at=row.warn_at,
            due_at=row.due_at,
            met_at=None,
            now=now,
            tz=zone,
            started_at=row.started_at,
            clock="elapsed" if row.clock == "elapsed" else "business",
        )
    if form.next_due_at is None:
        return None
    return due_view(warn_at=None, due_at=form.next_due_at, met_at=None, now=now, tz=zone)


def next_rows(forms) -> dict[int, Deadline]:
    """The running deadline each form of a page shows, from one query."""
    wanted = {form.pk: form.next_step for form in forms if form.next_step}
    rows = Deadline.objects.running().filter(complaint__in=wanted)
    return {row.complaint_id: row for row in rows if wanted[row.complaint_id] == row.step}
