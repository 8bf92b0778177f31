"""What each step does beside being met: what it asks for, what it starts, whom it tells."""

from datetime import timedelta

from django.utils.translation import gettext as _

from csi_portal.organization.errors import IllegalMove
from csi_portal.organization.models import Department

from ..enums import BesideStep, Level, MetHow, Signer, Status, Step
from ..models import Resolution
from . import closing, signatures, surveying
from .base import NotPossible, actor_of, move, write_event
from .clocks import FormClock
from .doing import Doing, advance, finish, meet, meet_with_earlier, start_beside
from .holding import hold
from .people import Directory, deciders
from .registration import Intake, give_to_department, open_form
from .telling import tell, tell_step

SATISFIED_FROM = 4


def perform(doing: Doing) -> None:
    """Do what the step is about; everything was checked before. Runs in the caller's transaction."""
    _ACTS.get(doing.step, plain)(doing)


def plain(doing: Doing) -> None:
    """A step that is only met."""
    meet_with_earlier(doing, how=doing.how)
    advance(doing)
    finish(doing)


def transfer(doing: Doing) -> None:
    """Hand the form to a department: its manager has it from now on and is told until when to call."""
    form = doing.form
    department = doing.details.pop("department", None)
    if department is not None:
        _require_own(form, department)
        form.department = department
    assignee = doing.details.pop("assignee", None)
    if assignee is not None:
        _require_own(form, assignee)
        form.assignee = assignee
    meet_with_earlier(doing)
    advance(doing)
    if form.department is not None:
        give_to_department(form, now=doing.now)
    finish(doing, department=form.department_id)
    if Step.FIRST_CONTACT in doing.live and doing.live[Step.FIRST_CONTACT].is_open:
        tell_step(form, doing.live[Step.FIRST_CONTACT], "passed_on", now=doing.now, by=doing.by)


def _require_own(form, row) -> None:
    if row.store_id != form.store_id:
        raise ValueError(f"{row._meta.model_name} belongs to another store")


def first_contact(doing: Doing) -> None:
    """The customer was spoken with; an open hand-over is met at the same instant."""
    _adopt_department(doing)
    meet_with_earlier(doing, how=doing.how)
    advance(doing)
    finish(doing)


def _adopt_department(doing: Doing) -> None:
    """A form nobody passed on becomes that of the manager who takes it up."""
    form, who = doing.form, actor_of(doing.done_by)
    if form.department_id is not None or who is None:
        return
    departments = Department.objects.filter(store=form.store, employees__user=who).distinct()
    form.department = departments.first()
    if form.department is not None:
        hold(form, now=doing.now, user=who, department=form.department)


def resolution(doing: Doing) -> None:
    """Agreed with the customer: the form goes back to customer care, the callback and the measures begin."""
    form, now = doing.form, doing.now
    remedy, cause, measures = (_text(doing, key) for key in ("remedy", "cause", "measures"))
    if not remedy or not cause:
        raise IllegalMove(_("A resolution says what was agreed with the customer and what caused the complaint."))
    Resolution.objects.create(
        store_id=form.store_id,
        complaint=form,
        remedy=remedy,
        cause=cause,
        measures=measures,
        cause_category=doing.details.pop("cause_category", None),
        by=actor_of(doing.done_by),
        at=doing.happened_at,
    )
    _adopt_department(doing)
    meet_with_earlier(doing)
    advance(doing)
    _start_after_resolution(doing, measures)
    hold(form, now=now, user=form.care_agent)
    finish(doing)
    if form.level == Level.GRUMBLE:
        signatures.sign_by_doing(form, by=doing.done_by, now=now)
    callback = doing.live.get(Step.CALLBACK)
    if callback is not None:
        surveying.plan_callback(form, callback.due_at, now=now)
        tell_step(form, callback, "resolved", now=now, by=doing.by)
    signatures.ask(form, now=now, by=doing.by)


def _text(doing: Doing, key: str) -> str:
    value = doing.details.pop(key, "") or ""
    if not isinstance(value, str):
        raise ValueError(f"{key} is text")
    return value.strip()


def _start_after_resolution(doing: Doing, measures: str) -> None:
    clock, start = FormClock.of(doing.form), doing.happened_at
    first = start_beside(doing.form, BesideStep.MEASURES, start, clock=clock)
    doing.live[BesideStep.MEASURES] = first
    start_beside(doing.form, BesideStep.MEASURES_CHECK, first.due_at, clock=clock)
    if measures:
        meet(doing, BesideStep.MEASURES)
    if doing.form.level == Level.MAJOR:
        start_beside(doing.form, BesideStep.MAJOR_FOLLOW_UP, start, clock=clock)


def measures(doing: Doing) -> None:
    """Improvement measures handed in: a new line beside the resolution, which stays as it was agreed."""
    text = _text(doing, "measures") or doing.note
    if not text:
        raise IllegalMove(_("Say what is done so that it does not happen again."))
    amend(doing.form, by=doing.done_by, now=doing.now, measures=text)
    meet(doing)
    finish(doing)
    signatures.void_changed(doing.form, now=doing.now)


def amend(form, *, by, now, **changes) -> Resolution:
    """A new resolution row with the changes; the newest counts, the older ones stay."""
    last = form.resolutions.order_by("-at", "-pk").first()
    values = {name: getattr(last, name) for name in ("remedy", "cause", "measures", "cause_category")} | changes
    return Resolution.objects.create(
        store_id=form.store_id,
        complaint=form,
        by=actor_of(by),
        at=max(now, last.at + timedelta(microseconds=1)),
        **values,
    )


def callback(doing: Doing) -> None:
    """The satisfaction callback: satisfied goes to the general manager, not satisfied opens the next round."""
    if doing.details.pop("result", "") == MetHow.REFUSED:
        not_answered(doing, MetHow.REFUSED)
        return
    _require_verdict(doing)
    _meet_callback(doing)
    decide(doing)


def decide(doing: Doing) -> None:
    """What the customer's word leads to."""
    form = doing.form
    form.callback_satisfied, form.callback_overall = _verdict(doing)
    surveying.close_callback(form, now=doing.now)
    if form.callback_satisfied:
        if form.status != Status.CALLED_BACK:
            move(form, Status.CALLED_BACK)
        to_general_manager(doing)
    else:
        next_round(doing)


def _require_verdict(doing: Doing) -> None:
    if doing.details.get("satisfied") is None and doing.details.get("overall") is None:
        raise IllegalMove(_("Say whether the customer is satisfied."))


def _verdict(doing: Doing) -> tuple[bool, int | None]:
    satisfied, overall = doing.details.pop("satisfied", None), doing.details.pop("overall", None)
    if overall is None:
        return bool(satisfied), None
    if isinstance(overall, bool) or overall not in range(1, 6):
        raise NotPossible(_("Overall satisfaction is 1 to 5."))
    if satisfied is not None and bool(satisfied) != (overall >= SATISFIED_FROM):
        raise NotPossible(_("Satisfied means 4 or 5."))
    return overall >= SATISFIED_FROM, int(overall)


def _meet_callback(doing: Doing) -> None:
    meet(doing)
    follow_up = doing.live.get(BesideStep.MAJOR_FOLLOW_UP)
    if follow_up is not None and follow_up.is_open:
        meet(doing, BesideStep.MAJOR_FOLLOW_UP)  # the same call of customer care


def to_general_manager(doing: Doing) -> None:
    """A satisfied customer: the general manager has the last word within the time of `approval`."""
    form, now = doing.form, doing.now
    approval = start_beside(form, BesideStep.APPROVAL, doing.happened_at)
    closers = deciders(form, Directory(form.store, now))
    hold(form, now=now, user=closers[0] if closers else None)
    finish(doing, satisfied=True, overall=form.callback_overall)
    tell_step(form, approval, "approval", now=now, by=doing.by)


def next_round(doing: Doing) -> None:
    """A customer who is not satisfied: this form ends as re-issued, the next round goes to the manager at once."""
    form, now = doing.form, doing.now
    move(form, Status.REISSUED)
    closing.end(form, doing.live, now=now)
    finish(doing, satisfied=False, overall=form.callback_overall)
    following = open_form(
        Intake(
            store=form.store,
            level=form.level,
            source="follow_up_call",
            summary=doing.note or form.summary,
            by=doing.by,
            received_at=doing.happened_at,
            now=now,
            customer=form.customer,
            visit=form.visit,
            vehicle=form.vehicle,
            department=form.department,
            assignee=form.assignee,
            care_agent=form.care_agent,
            category=form.category,
            previous=form,
            demand=form.demand,
        )
    )
    write_event(form, "reissued", by=doing.by, now=now, number=following.number, round=following.round)
    care = Directory(form.store, now).care(following)
    tell(following, care, "reissued", now=now, key="care", by=doing.by, before=form.number)


def not_answered(doing: Doing, how: str) -> None:
    """Not reached or refused: the step is met, counted apart; a link may still be answered for seven days."""
    form = doing.form
    doing.how = how
    meet(doing, how=how)
    move(form, Status.CALLED_BACK)
    finish(doing)
    tell(form, Directory(form.store, doing.now).care(form), f"callback_{how}", now=doing.now, by=doing.by)
    if how == MetHow.REFUSED:
        surveying.close_callback(form, now=doing.now)


def region_report(doing: Doing) -> None:
    """The major complaint was reported to the maker's region, to whom and how."""
    recipient, channel = _text(doing, "recipient"), _text(doing, "channel")
    if not recipient or not channel:
        raise IllegalMove(_("Say to whom in the region it was reported, and how."))
    doing.form.region_reported_at = doing.happened_at
    meet(doing)
    finish(doing, recipient=recipient, channel=channel)


def approval(doing: Doing) -> None:
    """The general manager's last word: the form is closed."""
    form, now = doing.form, doing.now
    if not form.callback_satisfied:
        raise IllegalMove(_("The customer has not said to be satisfied."))
    missing = signatures.missing(form)
    if missing:
        raise IllegalMove(_("Signatures are missing: %(names)s.") % {"names": ", ".join(map(str, missing))})
    signatures.put(form, Signer.GENERAL_MANAGER, by=doing.by, now=now)
    meet(doing)
    closing.close(form, doing.live, Status.CLOSED, now=now)
    finish(doing, "closed")
    closing.tell_closed(form, now=now, by=doing.by)


_ACTS = {
    Step.TRANSFER: transfer,
    Step.FIRST_CONTACT: first_contact,
    Step.RESOLUTION: resolution,
    Step.CALLBACK: callback,
    BesideStep.MEASURES: measures,
    BesideStep.REGION_REPORT: region_report,
    BesideStep.APPROVAL: approval,
}
