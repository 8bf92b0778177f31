"""How serious a form is: confirming a major one, moving to another level (POLICY section 3, "Re-classification")."""

from django.db import transaction
from django.utils.translation import gettext as _

from csi_portal.organization import permissions
from csi_portal.organization.enums import Role
from csi_portal.organization.errors import IllegalMove

from ..deadlines import AT_LEAST_GENERAL_SOURCES, LEVELS, MAJOR_FROM_ROUND, STEPS
from ..enums import BesideStep, Level, Step
from ..models import Complaint, Deadline
from . import breaches, signatures
from .base import hand_back, live_deadlines, lock, read_clock, require_open, save, write_down
from .clocks import FormClock, deadline_row
from .people import Directory
from .registration import ask_general_manager
from .telling import tell

# Steps that only a major form has: born with it, silent without it.
_OF_MAJOR = (Step.GM_NOTICE, BesideStep.REGION_REPORT)


def confirm_major(complaint: Complaint, *, by, note: str = "", now=None, version=None) -> Complaint:
    """The care manager confirms "major"; a form registered as major gets the times of a major one from now on."""
    now = read_clock(now)
    with transaction.atomic():
        form = lock(complaint, version)
        require_open(form)
        permissions.require(by, "complaints.confirm_major", form)
        if not form.major_unconfirmed:
            raise IllegalMove(_("There is no unconfirmed major complaint here."))
        form.major_confirmed_at = now
        if form.registered_level == Level.MAJOR:
            _move_deadlines(form, now=now, also_later=True)
        write_down(form, "major_confirmed", by=by, now=now, text=note)
        save(form, now=now)
    hand_back(complaint, form)
    return complaint


def reclassify(complaint: Complaint, level: str, *, by, reason: str, now=None, version=None) -> Complaint:
    """Move a form to another level, with the reason.

    Steps met stay met and breaches stay; an open step moves only earlier unless the general manager decides. Raising
    is open to all who handle the form ("major" then waits for the care manager), lowering to the care manager and the
    general manager. IllegalMove: same level, ended form, no reason, below what source or round ask for. ValueError:
    unknown level.
    """
    now = read_clock(now)
    if level not in LEVELS:
        raise ValueError(f"unknown level {level!r}")
    with transaction.atomic():
        form = lock(complaint, version)
        require_open(form)
        _require_change(form, level, reason, by)
        was, general_manager = form.level, _decides(by, form)
        form.level = level
        form.major_confirmed_at = now if level == Level.MAJOR and _confirms(by, form) else None
        if level == Level.MAJOR:
            form.major_reason = reason.strip()[:300]
            _born_with_major(form, now=now)
        else:
            _silence(form, _OF_MAJOR, now=now)
        _move_deadlines(form, now=now, also_later=general_manager)
        write_down(form, "reclassified", by=by, now=now, text=reason, was=was, level=level)
        signatures.void_changed(form, now=now)
        save(form, now=now)
        if level == Level.MAJOR:
            _tell_major(form, now=now, by=by)
    hand_back(complaint, form)
    return complaint


def _require_change(form: Complaint, level: str, reason: str, by) -> None:
    raised = LEVELS.index(level) > LEVELS.index(form.level)
    permissions.require(by, "complaints.raise_level" if raised else "complaints.reclassify", form)
    if level == form.level:
        raise IllegalMove(_("The form has this level already."))
    if not reason.strip():
        raise IllegalMove(_("Say why the level changes."))
    if form.round >= MAJOR_FROM_ROUND:
        raise IllegalMove(_("From the third round on a complaint is major by rule."))
    if level == Level.GRUMBLE and form.source in AT_LEAST_GENERAL_SOURCES:
        raise IllegalMove(_("What comes from the maker or 12315 is at least a general complaint."))


def _decides(by, form) -> bool:
    return permissions.can(by, "complaints.approve", form) and not permissions.can(by, "complaints.confirm_major", form)


def _confirms(by, form) -> bool:
    return permissions.can(by, "complaints.confirm_major", form) or permissions.can(by, "complaints.approve", form)


def _born_with_major(form: Complaint, *, now) -> None:
    """A step born by re-classification counts from that instant."""
    clock, live = FormClock.of(form), live_deadlines(form)
    born = clock.step_times(form.level, form.source, now, steps=(Step.GM_NOTICE,))
    for times in [*born.values(), clock.beside_times(BesideStep.REGION_REPORT, now)]:
        if times.step not in live:
            deadline_row(form, times).save()
        elif live[times.step].silenced_at is not None and live[times.step].met_at is None:
            _replace(live[times.step], deadline_row(form, times), now=now)


def _silence(form: Complaint, steps, *, now) -> None:
    live = {step: row for step, row in live_deadlines(form).items() if step in steps}
    breaches.judge_open(form, live, now=now)
    Deadline.objects.running().filter(pk__in=[row.pk for row in live.values()]).update(silenced_at=now)


def _move_deadlines(form: Complaint, *, now, also_later: bool) -> None:
    """Give the open steps the times of the form's level: only earlier ones, or all of them."""
    live = live_deadlines(form)
    times = FormClock.of(form).step_times(form.level, form.source, form.received_at, unconfirmed=form.major_unconfirmed)
    moving = {
        step: times[step]
        for step, row in live.items()
        if step in STEPS and step in times and step != Step.GM_NOTICE and row.is_open and row.silenced_at is None
        if times[step].due_at < row.due_at or (also_later and times[step].due_at > row.due_at)
    }
    breaches.judge_open(form, {step: live[step] for step in moving}, now=now)
    for step, found in moving.items():
        _replace(live[step], deadline_row(form, found), now=now)


def _replace(old: Deadline, new: Deadline, *, now) -> None:
    changed = Deadline.objects.filter(pk=old.pk, met_at=None, superseded_at=None).update(superseded_at=now)
    if not changed:
        raise IllegalMove(_("This step is done already."))
    new.generation = old.generation + 1
    new.save()


def _tell_major(form: Complaint, *, now, by) -> None:
    directory = Directory(form.store, now)
    ask_general_manager(form, "major", now=now, by=by, directory=directory)
    if form.major_unconfirmed:
        tell(
            form, directory.role(Role.CARE_MANAGER), "confirm_major", now=now, key=str(form.version), by=by, urgent=True
        )
