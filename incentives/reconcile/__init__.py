"""Facts against proposals: what the rules ask for, what is there, and the difference (POLICY section 5).

facts.py reads the lower floors into plain values, asks.py says what the rules want of them, difference.py brings the
proposals in line, and look.py decides which forms and months are due for a look.
"""

from .difference import Outcome, reconcile_board, reconcile_evidence, reconcile_forms
from .look import daily_look, look_at_touched, reconcile_month, reconcile_quarter

__all__ = [
    "Outcome",
    "daily_look",
    "look_at_touched",
    "reconcile_board",
    "reconcile_evidence",
    "reconcile_forms",
    "reconcile_month",
    "reconcile_quarter",
]
