"""Every change of a complaint: one verb, one function, one transaction (names as DESIGN's "Stable names")."""

from .alerts import acknowledge_alert, sweep
from .blaming import find_fault, name_responsible, withdraw_fault, withdraw_responsible
from .deciding import approve, approve_many, ask_for_instruction, close_unverified, instruct
from .handling import (
    acknowledge,
    add_note,
    assign,
    chase,
    chase_signatures,
    correct_resolution,
    report_to_region,
)
from .late_answers import record_late_answer
from .levels import confirm_major, reclassify
from .registration import register
from .signatures import sign
from .steps import complete_step
from .tries import log_try

__all__ = [
    "acknowledge",
    "acknowledge_alert",
    "add_note",
    "approve",
    "approve_many",
    "ask_for_instruction",
    "assign",
    "chase",
    "chase_signatures",
    "close_unverified",
    "complete_step",
    "confirm_major",
    "correct_resolution",
    "find_fault",
    "instruct",
    "log_try",
    "name_responsible",
    "reclassify",
    "record_late_answer",
    "register",
    "report_to_region",
    "sign",
    "sweep",
    "withdraw_fault",
    "withdraw_responsible",
]
