"""A step done late, or still open past its time, is a breach for ever; fairness decides only who pays (POLICY 3)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from csi_portal.organization import hooks
from csi_portal.organization.calendars import ELAPSED
from csi_portal.organization.models import Department, Employee

from .. import deadlines
from ..deadlines import StepTimes
from ..enums import DEPARTMENT_STEPS, BesideStep, Level, Step
from ..models import Breach, Complaint, Deadline, Holding
from .clocks import FormClock
from .people import Roster

_HELD_BY_CARE = (Step.TRANSFER, Step.GM_NOTICE)


@dataclass
class Judgement:
    """What a breach row says beside the fact itself."""

    person: Employee | None = None
    department: Department | None = None
    fair: bool = True
    # when `fair` turns true if the step stays open; None when it is or never will
    fair_from: datetime | None = None
    bearer: str = ""


class Judge:
    """Judges the deadlines of one form, from rows a sweep may have fetched for many: `live` by step, `holdings`."""

    def __init__(
        self, form: Complaint, live: dict[str, Deadline], holdings: list[Holding], clock: FormClock, roster: Roster
    ):
        self.form = form
        self.live = live
        self.holdings = holdings
        self.clock = clock
        self.roster = roster

    def breach(self, deadline: Deadline, *, now) -> Breach:
        """The unsaved breach of a deadline that was met late, or is open past its time at `now`."""
        done_at = deadline.met_at or now
        found = self._bearer(deadline, done_at)
        counted, opening_from = self._in_opening_hours(deadline, done_at)
        breach = Breach(
            store_id=self.form.store_id,
            deadline=deadline,
            complaint=self.form,
            found_at=now,
            charged_to=found.person,
            charged_department=None if found.person else found.department,
            late_in_opening_hours=counted,
            fair_to_charge=found.fair,
            late_by=None if deadline.met_at is None else deadline.met_at - deadline.due_at,
            explanation=self._explain(deadline, found, opening_from, done_at),
        )
        turns = [at for at in (None if counted else opening_from, found.fair_from) if at is not None]
        breach.judge_again_at = min(turns) if deadline.met_at is None and turns else None
        return breach

    def _in_opening_hours(self, deadline, done_at) -> tuple[bool, datetime | None]:
        if not deadline.minutes:  # counted in working days
            return True, None
        counted = deadlines.late_in_opening_hours(deadline.started_at, deadline.minutes, done_at, self.clock.opening)
        return counted, self.clock.opening.add(deadline.started_at, timedelta(minutes=deadline.minutes))

    def _bearer(self, deadline, done_at) -> Judgement:
        step = deadline.step
        if step in _HELD_BY_CARE:
            return self._agent_who_held(deadline, done_at)
        if step == Step.CALLBACK:
            return self._callback(done_at)
        if step == BesideStep.MAJOR_FOLLOW_UP:
            return self._agent(self.form.care_agent_id)
        if step in DEPARTMENT_STEPS:
            return self._department(deadline, done_at)
        return Judgement()  # the others alert and are shown, nobody is charged

    def _agent_who_held(self, deadline, done_at) -> Judgement:
        """The last agent who had the form longer than the step's time; nobody did: the holder, not charged."""
        clock = self.clock.calendar_of(deadline) or ELAPSED
        allowed = timedelta(minutes=deadline.minutes)
        held = [row for row in self.holdings if row.department_id is None and row.from_at < done_at]
        too_long = [row for row in held if min(row.to_at or done_at, done_at) > clock.add(row.from_at, allowed)]
        if too_long:
            return self._agent(too_long[-1].holder_id)
        found = self._agent(held[-1].holder_id if held else self.form.care_agent_id)
        found.fair = False
        if held and held[-1].to_at is None:
            found.fair_from = clock.add(held[-1].from_at, allowed)
        return found

    def _agent(self, user_id) -> Judgement:
        return Judgement(self.roster.person(user_id), self.roster.care_department, bearer="agent")

    def _department(self, deadline, done_at) -> Judgement:
        """The assigned person or the manager; not charged where a late hand-over ate the time."""
        person = None
        if self.form.department_id is not None:
            assignee = self.form.assignee if deadline.step != Step.REPLY else None
            grumble = self.form.level == Level.GRUMBLE
            person = assignee if assignee and (grumble or deadline.step == Step.RESOLUTION) else None
            person = person or self.roster.manager(self.form.department_id, done_at)
        found = Judgement(person, self.form.department, bearer="department")
        transfer = self.live.get(Step.TRANSFER)
        if deadline.step == BesideStep.MEASURES or transfer is None:
            return found
        calendar = self.clock.calendar_of(deadline)
        found.fair = deadlines.department_answers(
            deadline.minutes,
            done_at,
            transfer=_as_times(transfer),
            transfer_met_at=transfer.met_at,
            calendar=calendar,
        )
        if not found.fair and transfer.met_at is not None:
            left = timedelta(minutes=max(deadline.minutes - transfer.minutes, 0))
            found.fair_from = (calendar or ELAPSED).add(transfer.met_at, left)
        return found

    def _callback(self, done_at) -> Judgement:
        """Customer care, unless the resolution was late: then whoever bears the resolution."""
        resolution = self.live.get(Step.RESOLUTION)
        if resolution is not None and (resolution.met_at or done_at) > resolution.due_at:
            found = self._department(resolution, resolution.met_at or done_at)
            found.bearer = "resolution"
            return found
        return self._agent(self.form.care_agent_id)

    def _explain(self, deadline, found: Judgement, opening_from, done_at) -> dict:
        """Plain values: what was compared with what, so that a person can check the judgement."""
        transfer = self.live.get(Step.TRANSFER)
        blamed = [row for row in self.form.responsibilities.all() if row.withdrawn_at is None]
        return {
            "step": deadline.step,
            "level": self.form.level,
            "due_at": deadline.due_at.isoformat(),
            "judged_at": done_at.isoformat(),
            "done": deadline.met_at is not None,
            "minutes": deadline.minutes,
            "clock": deadline.clock,
            "late_in_opening_hours_after": opening_from.isoformat() if opening_from else None,
            "bearer": found.bearer,
            "department": self.form.department_id,
            "transfer_due_at": transfer.due_at.isoformat() if transfer else None,
            "transfer_met_at": transfer.met_at.isoformat() if transfer and transfer.met_at else None,
            "responsible": sorted(row.employee_id for row in blamed),
        }


def _as_times(deadline: Deadline) -> StepTimes:
    return StepTimes(
        deadline.step,
        deadline.started_at,
        deadline.warn_at,
        deadline.due_at,
        deadline.escalate_at,
        deadline.minutes,
        deadline.clock,
        "level",
    )


def judge_of(form: Complaint, live: dict[str, Deadline]) -> Judge:
    return Judge(form, live, list(Holding.objects.filter(complaint=form)), FormClock.of(form), Roster(form.store))


def counts(form: Complaint, deadline: Deadline) -> bool:
    """Whether a late step breaches at all: what was due before the store went live never does."""
    live_from = form.store.live_from
    return live_from is None or deadline.due_at >= live_from


def judge_met(form: Complaint, met: list[Deadline], live: dict[str, Deadline], *, now) -> list[Breach]:
    """Record what the deadlines just met came late to; a breach the sweep found before learns how late it was."""
    late = [deadline for deadline in met if deadline.met_at > deadline.due_at and counts(form, deadline)]
    if not late:
        return []
    judge = judge_of(form, live)
    known = {breach.deadline_id: breach for breach in Breach.objects.filter(deadline__in=late)}
    return [_record(judge.breach(deadline, now=now), known.get(deadline.pk)) for deadline in late]


def judge_open(form: Complaint, live: dict[str, Deadline], *, now) -> list[Breach]:
    """Record what is open past its time now, before it is silenced or replaced; what is recorded stays as it is."""
    late = [row for row in live.values() if row.is_overdue(now) and row.silenced_at is None and counts(form, row)]
    if not late:
        return []
    judge = judge_of(form, live)
    known = set(Breach.objects.filter(deadline__in=late).values_list("deadline_id", flat=True))
    found = [judge.breach(row, now=now) for row in late if row.pk not in known]
    for breach in found:
        breach.judge_again_at = None
        breach.save()
    Breach.objects.filter(deadline__in=late).update(judge_again_at=None)
    if found:
        hooks.wake("breach")
    return found


def _record(breach: Breach, known: Breach | None) -> Breach:
    if known is not None:
        breach.pk, breach.found_at = known.pk, known.found_at
        update_judgement(breach)
    else:
        breach.save()
    hooks.wake("breach")
    return breach


def update_judgement(breach: Breach) -> int:
    """Write what only time could tell of a breach that was still open; the fact itself never changes."""
    return Breach.objects.filter(pk=breach.pk, late_by=None).update(
        charged_to=breach.charged_to,
        charged_department=breach.charged_department,
        late_in_opening_hours=breach.late_in_opening_hours,
        fair_to_charge=breach.fair_to_charge,
        late_by=breach.late_by,
        explanation=breach.explanation,
        judge_again_at=breach.judge_again_at,
    )
