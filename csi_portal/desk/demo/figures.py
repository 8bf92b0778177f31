"""The boards of the weeks and months, published on time by the care manager."""

from datetime import date, datetime, time, timedelta

from reports import queries
from reports.periods import MONTH, WEEK, Period
from reports.queries.board import targets_at
from reports.queries.months import judging_day
from reports.services import accept_month, publish_boards
from surveys.enums import BoardKind

from . import texts
from .clock import Clock
from .stage import Stage


class Figures:
    def __init__(self, stage: Stage, clock: Clock):
        self.stage, self.clock = stage, clock
        self.store = stage.store

    def plan(self, days: list[date]) -> None:
        """Every Monday last week's boards; the month's on the day it is judged."""
        for day in days[1:]:
            if day.weekday() == 0:
                last_week = Period.of(WEEK, day - timedelta(days=1))
                self.clock.at(self._at(day, time(9, 40)), lambda now, period=last_week: self._publish(period, now))
        for month in months_over(days):
            judged_at, _due = judging_day(self.store, month, targets_at(self.store, month, self.clock.end))
            day = self.store.local_date(judged_at)
            self.clock.at(self._at(day, time(10, 10)), lambda now, period=month: self._publish(period, now))
            self.clock.at(self._at(day, time(15, 30)), lambda now, period=month: self._accept(period, now))

    def _at(self, day: date, wall: time) -> datetime:
        return datetime.combine(day, wall, tzinfo=self.store.zone)

    def _publish(self, period: Period, now: datetime) -> None:
        publish_boards(self.store, period, by=self.stage.users["carem"], now=now, reason="补录回访结果")

    def _accept(self, month: Period, now: datetime) -> None:
        """The general manager takes a month whose sample fell short."""
        for kind in BoardKind.values:
            validity = queries.month_validity(self.store, kind, month, now=now)
            if validity.valid is False and not validity.accepted:
                accept_month(self.store, kind, month, by=self.stage.users["gm"], reason=texts.MONTH_ACCEPTED, now=now)


def months_over(days: list[date]) -> list[Period]:
    """The months of the play that have ended."""
    months = sorted({Period.of(MONTH, day) for day in days})
    return [month for month in months if month.end <= days[-1]]
