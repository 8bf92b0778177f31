"""Completing a step of a form: the one door for people, pages and other floors (POLICY section 3)."""

from datetime import datetime

from django.db import transaction

from ..models import Complaint, Deadline
from . import acts
from .base import hand_back, live_deadlines, lock, read_clock, require_aware
from .doing import Doing, require_person, require_possible, require_time


def complete_step(
    complaint: Complaint,
    step: str,
    *,
    by,
    note: str,
    happened_at: datetime | None = None,
    now: datetime | None = None,
    version=None,
    **details,
) -> Deadline:
    """Record a step as done and judge it; returns its deadline.

    `happened_at` judges: never in the future, up to 30 min back with a note, further back only by the care manager
    with `evidence` (default the note) and, where somebody else acted, `done_by`. `version` is the form's as the person
    saw it. Details: transfer `department`, `assignee`; resolution `remedy`, `cause`, `measures`, `cause_category`;
    callback `satisfied` or `overall` (1-5, satisfied from 4); measures `measures`; region_report `recipient`,
    `channel`; others are kept on the event when they are plain values.
    IllegalMove: met already, not applicable, out of order, ended form, something missing. NotAllowed: not this
    person. Conflict: `version` is not the present one. ValueError: naive time.
    """
    now = read_clock(now)
    happened_at = now if happened_at is None else require_aware(happened_at)
    with transaction.atomic():
        form = lock(complaint, version)
        doing = Doing(form, step, live_deadlines(form), by, (note or "").strip(), happened_at, now, details)
        doing.done_by = details.pop("done_by", None) or by
        require_possible(doing)
        require_person(doing)
        require_time(doing)
        acts.perform(doing)
    hand_back(complaint, form)
    return doing.deadline
