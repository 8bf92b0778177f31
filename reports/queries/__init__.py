"""Reads of the figures: a board as the facts stand, the parts of a figure, what was published, the targets of a month.

Every function asks a constant number of queries, whatever the number of people and answers.
"""

from .board import HOME_DEPARTMENT, Figures, live_boards, live_figures, targets_at
from .months import MonthValidity, judging_day, month_validity
from .published import (
    kinds_with_facts,
    latest_board,
    latest_boards,
    newest_published_period,
    published_trend,
    unpublished_periods,
)

__all__ = [
    "HOME_DEPARTMENT",
    "Figures",
    "MonthValidity",
    "judging_day",
    "kinds_with_facts",
    "latest_board",
    "latest_boards",
    "live_boards",
    "live_figures",
    "month_validity",
    "newest_published_period",
    "published_trend",
    "targets_at",
    "unpublished_periods",
]
