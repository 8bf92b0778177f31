"""Importing visits from a DMS file: upload → preview → confirm → stored in the background → result.

One path for the browser and for the command: the command confirms by itself and does the work at once.
"""

from .clarifying import ACCEPTABLE, StillUnclear, bring_back, complete_row, drop_row, mend_row, problem_fields
from .direct import DirectResult, import_file, try_file
from .running import confirm_import, run_batch, try_again, work_off
from .staging import choose_kind, drop_import, keep_file, put_away_forgotten, read_batch, read_if_small, stage_file

__all__ = [
    "ACCEPTABLE",
    "DirectResult",
    "StillUnclear",
    "bring_back",
    "choose_kind",
    "complete_row",
    "confirm_import",
    "drop_import",
    "drop_row",
    "import_file",
    "keep_file",
    "mend_row",
    "problem_fields",
    "put_away_forgotten",
    "read_batch",
    "read_if_small",
    "run_batch",
    "stage_file",
    "try_again",
    "try_file",
    "work_off",
]
