"""Whether a month's sample reaches the two bars (POLICY section 2, "Targets of the month")."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from csi_portal.organization.policies import working_days
from reports.models import MonthAcceptance
from reports.periods import MONTH, Period, midnight
from reports.queries import counts
from reports.queries.board import targets_at
from reports.targets import Rates, Targets


@dataclass(frozen=True)
class MonthValidity:
    """The sample of a store's month of one kind.

    `valid` is None until the month is judged, and where nothing was due. `accepted`: the general manager took a month
    that is not valid, with a reason.
    """

    rates: Rates
    targets: Targets
    judged_at: datetime
    board_due: datetime
    judged: bool
    valid: bool | None
    acceptance: MonthAcceptance | None = None

    @property
    def due(self) -> int:
        return self.rates.due

    @property
    def contacted(self) -> int:
        return self.rates.contacted

    @property
    def contacted_by_phone(self) -> int:
        return self.rates.contacted_by_phone

    @property
    def completed(self) -> int:
        return self.rates.completed

    @property
    def accepted(self) -> bool:
        return self.acceptance is not None

    @property
    def counts_for_money(self) -> bool:
        """Only a judged month that is valid, or accepted, may propose P4, bonus or award."""
        return self.judged and (self.valid is True or self.accepted)


def judging_day(store, month: Period, targets: Targets) -> tuple[datetime, datetime]:
    """When the working day of the next month begins on which the month is judged, and when it is over.

    The sample is judged as the day begins; the month's board is due before it is over.
    """
    end = month.bounds(store.zone)[1]
    day = working_days(store, end).add_workdays(month.last_day, targets.judged_workday)
    return midnight(day, store.zone), midnight(day + timedelta(days=1), store.zone)


def month_validity(store, kind: str, month, *, now) -> MonthValidity:
    """The sample of `month` (a Period, or its first day) at `now`.

    Due are the callbacks with `due_on` in the month; contacts and completions count until the judging day begins, so
    that calling on afterwards changes no verdict. `valid` stays None before that.
    """
    month = month if isinstance(month, Period) else Period(MONTH, month)
    targets = targets_at(store, month, now)
    judged_at, board_due = judging_day(store, month, targets)
    rates = sum(counts.rates(store, kind, month, until=judged_at).values(), Rates())
    judged = now >= judged_at
    return MonthValidity(
        rates=rates,
        targets=targets,
        judged_at=judged_at,
        board_due=board_due,
        judged=judged,
        valid=rates.valid(targets) if judged else None,
        acceptance=MonthAcceptance.objects.filter(store=store, kind=kind, month=month.start).first(),
    )
