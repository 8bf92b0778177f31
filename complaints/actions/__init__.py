"""What a person can do on a tracking form: one entry per verb, with its form, its right, and the service it calls.

The page draws its box and its menu from this table; the URLs are made from it.
"""

from .base import Action, Call, Facts
from .others import OTHERS
from .steps import STEPS

ACTIONS = {action.name: action for action in [*STEPS, *OTHERS]}
OF_STEP = {action.step: action for action in STEPS}

__all__ = ["ACTIONS", "OF_STEP", "OTHERS", "STEPS", "Action", "Call", "Facts"]
