"""Proposals, the ledger, holds, objections and months (POLICY section 5).

The ledger is append-only in the database too: triggers refuse UPDATE, DELETE, TRUNCATE, INSERT OR REPLACE and
entries into a locked month. Only incentives.ledger writes it.
"""

from ..enums import EntryKind, HoldReason, MonthStatus, ProposalStatus, Rule
from .money import LedgerEntry, Money, Proposal
from .months import Adoption, CarriedOver, Hold, Lookout, Month, Wage
from .objections import Notice, Objection

__all__ = [
    "Adoption",
    "CarriedOver",
    "EntryKind",
    "Hold",
    "HoldReason",
    "LedgerEntry",
    "Lookout",
    "Money",
    "Month",
    "MonthStatus",
    "Notice",
    "Objection",
    "Proposal",
    "ProposalStatus",
    "Rule",
    "Wage",
]
