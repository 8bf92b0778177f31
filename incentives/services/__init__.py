"""Every change of state about money: one function, one transaction, under the lock of the store's books."""

from .export import Sheet, export_sheet
from .months import ask_lock, confirm_lock, send_back_lock
from .objections import confirm_notice, file_objection, rule_objection, tell_overdue_rulings
from .proposals import (
    BulkOutcome,
    approve,
    approve_many,
    choose_amount,
    propose_by_hand,
    propose_reversal,
    reject,
    reject_many,
)
from .rulebook import end_adoption, enter_wage, enter_wages, record_adoption

__all__ = [
    "BulkOutcome",
    "Sheet",
    "approve",
    "approve_many",
    "ask_lock",
    "choose_amount",
    "confirm_lock",
    "confirm_notice",
    "end_adoption",
    "enter_wage",
    "enter_wages",
    "export_sheet",
    "file_objection",
    "propose_by_hand",
    "propose_reversal",
    "record_adoption",
    "reject",
    "reject_many",
    "rule_objection",
    "send_back_lock",
    "tell_overdue_rulings",
]
