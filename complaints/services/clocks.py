"""The pinned clock of a form: its policy table, its calendar, and what to do where a year has no holidays."""

from functools import cached_property

from csi_portal.organization import policies
from csi_portal.organization.calendars import BusinessCalendar, CalendarYearMissing

from .. import deadlines
from ..deadlines import StepTimes
from ..models import Complaint, Deadline


class FormClock:
    """Reckons due times with the versions pinned on a form; `incomplete` says that a year had no holiday data."""

    def __init__(self, store, clock: str, policy_version, calendar_version):
        self.store = store
        self.clock = clock
        self.policy_version = policy_version
        self.calendar_version = calendar_version
        self.incomplete = False
        self.missing_year: int | None = None

    @classmethod
    def of(cls, form: Complaint) -> "FormClock":
        return cls(form.store, form.clock, form.policy_version, form.calendar_version)

    @classmethod
    def current(cls, store, at) -> "FormClock":
        """The clock a form opened at `at` gets."""
        return cls(
            store, store.clock, policies.current_policy("deadlines", store, at), policies.current_calendar(store, at)
        )

    @cached_property
    def opening(self) -> BusinessCalendar:
        """Opening hours without the strictness about years: what fairness is judged by."""
        return policies.business_calendar(self.calendar_version, self.store, strict=False)

    @cached_property
    def _national(self) -> BusinessCalendar:
        return policies.national_calendar(self.calendar_version, self.store, strict=False)

    def step_times(self, level, source, start, **how) -> dict[str, StepTimes]:
        return self._reckon(
            lambda policy, calendar: deadlines.step_times(level, source, start, policy=policy, calendar=calendar, **how)
        )

    def beside_times(self, step: str, start) -> StepTimes:
        return self._reckon(
            lambda policy, calendar: deadlines.beside_times(
                step, start, policy=policy, calendar=calendar, national_calendar=self._national
            )
        )

    def calendar_of(self, deadline: Deadline) -> BusinessCalendar | None:
        """The calendar a stored deadline runs on; None is elapsed time."""
        return None if deadline.clock == "elapsed" else self.opening

    def _reckon(self, fn):
        policy = self.policy_version.data
        strict = policies.business_calendar(self.calendar_version, self.store)
        try:
            return fn(*deadlines.on_clock(self.clock, policy, strict))
        except CalendarYearMissing as missing:
            # a missing year never stops a registration: without holidays, and flagged
            self.incomplete, self.missing_year = True, missing.year
            return fn(*deadlines.on_clock(self.clock, policy, self.opening))


def deadline_row(form: Complaint, times: StepTimes, *, generation: int = 1) -> Deadline:
    """The unsaved row of a step's times."""
    return Deadline(
        store_id=form.store_id,
        complaint=form,
        step=times.step,
        generation=generation,
        started_at=times.started_at,
        warn_at=times.warn_at,
        due_at=times.due_at,
        escalate_at=times.escalate_at,
        minutes=times.minutes or 0,
        clock=times.clock,
    )
