"""The machinery of doing a step: checks before, meeting deadlines, judging, the line written (POLICY section 3)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from csi_portal.organization import permissions
from csi_portal.organization.errors import IllegalMove, NotAllowed

from ..deadlines import STEPS
from ..enums import ALL_STEPS, BesideStep, Level, MetHow, Status, Step
from ..models import Complaint, Deadline
from . import breaches
from .base import (
    NotPossible,
    actor_of,
    in_order,
    move,
    require_open,
    save,
    write_down,
)
from .clocks import FormClock, deadline_row

# So far back a note is enough; further back the care manager confirms with evidence.
BACK_WITH_NOTE = timedelta(minutes=30)
# A time given within this span of now is simply "now".
JUST_NOW = timedelta(minutes=1)

# Who may record which step; first contact depends on the level.
_ACTIONS = {
    Step.TRANSFER: "complaints.transfer",
    Step.GM_NOTICE: "complaints.transfer",
    Step.REPLY: "complaints.work",
    Step.RESOLUTION: "complaints.work",
    Step.CALLBACK: "complaints.callback",
    BesideStep.MAJOR_FOLLOW_UP: "complaints.callback",
    BesideStep.MEASURES: "complaints.hand_in_measures",
    BesideStep.MEASURES_CHECK: "complaints.check_measures",
    BesideStep.APPROVAL: "complaints.approve",
    BesideStep.REGION_REPORT: "complaints.report_to_region",
}
_STATUS_AFTER = {
    Step.TRANSFER: Status.TRANSFERRED,
    Step.FIRST_CONTACT: Status.CONTACTED,
    Step.RESOLUTION: Status.RESOLVED,
}
# A step meets these at the same instant where they are still open.
_MEETS_TOO = {
    Step.TRANSFER: (Step.GM_NOTICE,),
    Step.FIRST_CONTACT: (Step.TRANSFER, Step.GM_NOTICE),
    Step.RESOLUTION: (Step.TRANSFER, Step.GM_NOTICE, Step.FIRST_CONTACT, Step.REPLY),
}
_AFTER_RESOLUTION = (Step.CALLBACK, BesideStep.MAJOR_FOLLOW_UP, BesideStep.MEASURES, BesideStep.MEASURES_CHECK)


@dataclass
class Doing:
    """One step being done: the locked form, its live deadlines, who, when, and what was said with it."""

    form: Complaint
    step: str
    live: dict[str, Deadline]
    by: object
    note: str
    happened_at: datetime
    now: datetime
    details: dict = field(default_factory=dict)
    done_by: object = None
    how: str = MetHow.DONE
    met: list[Deadline] = field(default_factory=list)

    @property
    def deadline(self) -> Deadline:
        return self.live[self.step]

    @property
    def late_entry(self) -> bool:
        return self.now - self.happened_at > BACK_WITH_NOTE


# --- checks -----------------------------------------------------------------------------------------------------------


def require_possible(doing: Doing) -> None:
    step, live = doing.step, doing.live
    if step not in dict(ALL_STEPS):
        raise NotPossible(_("There is no step “%(step)s”.") % {"step": step})
    require_open(doing.form)
    if step not in live or live[step].silenced_at is not None:
        raise IllegalMove(_("This step does not apply to the form now."))
    if live[step].met_at is not None:
        raise IllegalMove(_("This step is done already."))
    waits_for = first_open_before(step, live)
    if waits_for:
        raise IllegalMove(_("First comes: %(step)s.") % {"step": dict(ALL_STEPS)[waits_for]})


def first_open_before(step: str, live) -> str | None:
    """The open step that has to come first, unless this one meets it."""
    if step in _AFTER_RESOLUTION and live[Step.RESOLUTION].met_at is None:
        return Step.RESOLUTION
    if step == BesideStep.MEASURES_CHECK and live[BesideStep.MEASURES].met_at is None:
        return BesideStep.MEASURES
    if step not in STEPS or step == Step.GM_NOTICE:
        return None
    meets = _MEETS_TOO.get(step, ())
    for earlier in STEPS[: in_order(step)]:
        open_before = earlier in live and live[earlier].is_open and live[earlier].silenced_at is None
        if open_before and earlier not in meets and earlier != Step.GM_NOTICE:
            return earlier
    return None


def action_for(step: str, form: Complaint) -> str:
    """The permission a step asks for: first contact of a general or major complaint is the manager's in person."""
    if step == Step.FIRST_CONTACT:
        return "complaints.work" if form.level == Level.GRUMBLE else "complaints.contact_personally"
    return _ACTIONS.get(step, "complaints.work")


def may_do(user, step: str, form: Complaint) -> bool:
    """Whether the person may record the step (whether it is possible now is another question)."""
    return permissions.can(user, action_for(step, form), form)


def require_person(doing: Doing) -> None:
    action = action_for(doing.step, doing.form)
    if doing.done_by is doing.by:
        permissions.require(doing.by, action, doing.form)
        return
    # somebody else acted: the care manager enters it with evidence, and that person must have been the right one
    permissions.require(doing.by, "complaints.confirm_late_entry", doing.form)
    if not permissions.can(doing.done_by, action, doing.form):
        raise NotAllowed(_("%(name)s may not do this step.") % {"name": doing.done_by.display_name()})
    _require_evidence(doing)


def require_time(doing: Doing) -> None:
    form, happened_at = doing.form, doing.happened_at
    if happened_at > doing.now:
        raise NotPossible(_("This time has not come yet."))
    if happened_at < form.received_at:
        raise NotPossible(_("This was before the customer complained."))
    for earlier in STEPS[: in_order(doing.step)] if doing.step in STEPS else ():
        done = doing.live[earlier].met_at if earlier in doing.live else None
        # the hand-over on paper may follow the first call; the other steps build on each other
        if done is not None and happened_at < done and earlier not in (Step.TRANSFER, Step.GM_NOTICE):
            raise IllegalMove(_("This was before the step “%(step)s”.") % {"step": dict(ALL_STEPS)[earlier]})
    if doing.step in _AFTER_RESOLUTION and happened_at < doing.live[Step.RESOLUTION].met_at:
        raise IllegalMove(_("This was before the resolution."))
    if doing.late_entry:
        if not permissions.can(doing.by, "complaints.confirm_late_entry", form):
            raise IllegalMove(_("More than 30 minutes back the care manager enters it, with evidence."))
        _require_evidence(doing)
    elif doing.now - happened_at > JUST_NOW and not (doing.note or doing.details.get("evidence")):
        raise IllegalMove(_("Say in a note why it is entered later than it happened."))


def _require_evidence(doing: Doing) -> None:
    doing.details["evidence"] = (doing.details.get("evidence") or doing.note).strip()
    if not doing.details["evidence"]:
        raise IllegalMove(_("Name the evidence: recording, message, witness."))


# --- the machinery of acts --------------------------------------------------------------------------------------------


def meet(doing: Doing, step: str | None = None, *, how: str = MetHow.DONE) -> Deadline:
    """Mark a step's deadline as met at the time it happened; only one of two wins."""
    deadline = doing.live[step or doing.step]
    who = actor_of(doing.done_by)
    changed = (
        Deadline.objects.running()
        .filter(pk=deadline.pk)
        .update(met_at=doing.happened_at, recorded_at=doing.now, met_by=who, met_how=how)
    )
    if not changed:
        raise IllegalMove(_("This step is done already."))
    deadline.met_at, deadline.recorded_at, deadline.met_by, deadline.met_how = doing.happened_at, doing.now, who, how
    doing.met.append(deadline)
    return deadline


def meet_with_earlier(doing: Doing, *, how: str = MetHow.DONE) -> None:
    """Meet the step and the open steps it stands for, at the same instant."""
    for earlier in _MEETS_TOO.get(doing.step, ()):
        row = doing.live.get(earlier)
        if row is not None and row.is_open and row.silenced_at is None:
            meet(doing, earlier)
    meet(doing, how=how)


def advance(doing: Doing) -> None:
    """Move the status as the step asks; a step done again later in the flow leaves it."""
    status = _STATUS_AFTER.get(doing.step)
    if status is not None and doing.form.status != status:
        move(doing.form, status)


def finish(doing: Doing, kind: str = "step_done", **detail) -> None:
    """Judge what was met, write the line, save the form with its next due time."""
    form = doing.form
    found = breaches.judge_met(form, doing.met, doing.live, now=doing.now)
    late = {breach.deadline.step: int(breach.late_by.total_seconds()) for breach in found}
    kept = {key: value for key, value in doing.details.items() if isinstance(value, str | int | bool) and value != ""}
    if doing.done_by is not doing.by:
        kept["done_by"] = doing.done_by.display_name()
    write_down(
        form,
        kind,
        by=doing.by,
        now=doing.now,
        happened_at=doing.happened_at,
        text=doing.note,
        step=doing.step,
        also=[row.step for row in doing.met if row.step != doing.step],
        how=doing.how,
        late=late,
        **{**kept, **detail},
    )
    save(form, now=doing.now)


def start_beside(form: Complaint, step: str, start: datetime, *, clock: FormClock | None = None) -> Deadline:
    """Open a due time beside the steps from the instant that starts it."""
    row = deadline_row(form, (clock or FormClock.of(form)).beside_times(step, start))
    row.save()
    return row
