"""Registering a form: number, level, case, due times, people, messages, all in one transaction (POLICY section 3)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from csi_portal.notifications import outbox, recipients
from csi_portal.organization import hooks, permissions
from csi_portal.organization.enums import Role
from csi_portal.organization.models import Employee
from csi_portal.organization.numbers import next_number
from csi_portal.organization.permissions import SYSTEM

from .. import deadlines
from ..deadlines import MAJOR_FROM_ROUND
from ..enums import BesideStep, Degree, Level, Source, Status, Step
from ..models import Case, Complaint, Deadline, Instruction, Responsibility
from . import breaches, surveying
from .base import actor_of, read_clock, refresh_next, require_aware, write_down, write_event
from .clocks import FormClock, deadline_row
from .holding import hold
from .people import Directory, general_managers
from .telling import tell, tell_nobody, tell_step

REPEAT_WITHIN = timedelta(days=90)
CARE_ROLES = {Role.CARE_AGENT, Role.CARE_MANAGER}


@dataclass
class Intake:
    """What a new form is made of, checked and completed from the visit and the survey answer it comes from."""

    store: object
    level: str
    source: str
    summary: str
    by: object
    received_at: datetime
    now: datetime
    customer: object = None
    visit: object = None
    vehicle: object = None
    response: object = None
    department: object = None
    assignee: object = None
    care_agent: object = None
    category: object = None
    previous: Complaint | None = None
    demand: str = ""
    late_reason: str = ""
    major_reason: str = ""
    responsible: list = field(default_factory=list)

    def __post_init__(self):
        self._check_values()
        if self.response is not None and self.visit is None:
            self.visit = self.response.callback.visit
        if self.customer is None:
            source = self.visit or (self.response.callback if self.response is not None else None)
            self.customer = source.customer if source is not None else None
        if self.vehicle is None and self.visit is not None:
            self.vehicle = self.visit.vehicle
        self._check_store()

    def _check_values(self) -> None:
        if self.level not in Level.values:
            raise ValueError(f"unknown level {self.level!r}")
        if self.source not in Source.values:
            raise ValueError(f"unknown source {self.source!r}")
        self.summary = (self.summary or "").strip()
        if not self.summary:
            raise ValueError("a form says what the customer said")
        if self.received_at > self.now:
            raise ValueError("a complaint cannot be received in the future")

    def _check_store(self) -> None:
        parts = [self.customer, self.visit, self.vehicle, self.response, self.department, self.assignee, self.previous]
        for part in [*parts, *self.responsible]:
            if part is not None and part.store_id != self.store.pk:
                raise ValueError(f"{part._meta.model_name} belongs to another store")

    @property
    def round(self) -> int:
        return self.previous.round + 1 if self.previous is not None else 1

    def opens_as(self) -> str:
        """The level the form really opens with: the maker and 12315 are never grumbles, round 3 is major."""
        return deadlines.effective_level(self.level, self.source, self.round)


def register(
    *,
    store,
    level: str,
    source: str,
    summary: str,
    by,
    received_at: datetime | None = None,
    customer=None,
    visit=None,
    department=None,
    responsible: Employee | Iterable[Employee] | None = None,
    now: datetime | None = None,
    **extra,
) -> Complaint:
    """Open a tracking form with its running deadlines and tell who must act.

    `received_at` is the customer's clock and defaults to `now`. With a `department` the form is passed on at `now`
    (on a major form the general manager is told in the same act). `extra`: demand, category, vehicle, response,
    late_reason, major_reason, assignee, care_agent (default `by` when of customer care), previous (the form this one
    is the next round of).
    ValueError: unknown level or source, naive or future received_at, empty summary, rows of another store.
    NotAllowed: `by` may not register in the store.
    """
    now = read_clock(now)
    permissions.require(by, "complaints.register", store)
    people = [responsible] if isinstance(responsible, Employee) else list(responsible or ())
    intake = Intake(
        store=store,
        level=level,
        source=source,
        summary=summary,
        by=by,
        received_at=now if received_at is None else require_aware(received_at),
        now=now,
        customer=customer,
        visit=visit,
        department=department,
        responsible=people,
        **extra,
    )
    with transaction.atomic():
        return open_form(intake)


def open_form(intake: Intake) -> Complaint:
    """Write the form of an intake; must run in a transaction."""
    now, by = intake.now, intake.by
    clock = FormClock.current(intake.store, now)
    form = _new_form(intake, clock)
    rows = _opening_deadlines(form, clock)
    form.calendar_incomplete = clock.incomplete
    refresh_level = form.level != intake.level
    form.save()
    for row in rows:
        row.complaint = form
    Deadline.objects.bulk_create(rows)
    _people(form, intake)
    write_down(
        form,
        "registered",
        by=by,
        now=now,
        level=form.level,
        source=form.source,
        round=form.round,
        received_at=form.received_at.isoformat(),
        steps=[row.step for row in rows],
        calendar_incomplete=form.calendar_incomplete,
    )
    if refresh_level:
        write_event(form, "level_raised", by=by, now=now, was=intake.level, level=form.level, source=form.source)
    if form.case.repeat_of_id:
        write_event(form, "repeat", by=by, now=now, case=form.case.repeat_of_id)
    _pass_on_at_once(form, intake)
    refresh_next(form)
    form.save(update_fields=["status", "next_due_at", "next_step"])
    _tell(form, intake, clock)
    surveying.settle_low_answers(form, now=now)
    hooks.wake("complaint")
    return form


def _new_form(intake: Intake, clock: FormClock) -> Complaint:
    store, now, by = intake.store, intake.now, intake.by
    level = intake.opens_as()
    by_rule = intake.round >= MAJOR_FROM_ROUND
    decided = by is not SYSTEM and permissions.can(by, "complaints.confirm_major", store)
    return Complaint(
        store=store,
        case=_case(intake),
        previous=intake.previous,
        number=_number(store, now),
        level=level,
        registered_level=level,
        source=intake.source,
        summary=intake.summary,
        demand=intake.demand.strip(),
        category=intake.category,
        received_at=intake.received_at,
        registered_at=now,
        registered_by=actor_of(by),
        late_reason=intake.late_reason.strip(),
        round=intake.round,
        major_reason=intake.major_reason.strip(),
        # the care manager's own word and the third round need no confirmation
        major_confirmed_at=now if level == Level.MAJOR and (by_rule or decided) else None,
        customer=intake.customer,
        vehicle=intake.vehicle,
        visit=intake.visit,
        response=intake.response,
        department=intake.department,
        care_agent=intake.care_agent or _own_agent(by, store),
        assignee=intake.assignee,
        policy_version=clock.policy_version,
        calendar_version=clock.calendar_version,
        clock=clock.clock,
    )


def _number(store, now) -> str:
    day = f"{store.local_date(now):%Y%m%d}"
    return f"{store.code}-{day}-{next_number(store, 'complaint', day):03}"


def _own_agent(by, store):
    return by if by is not SYSTEM and permissions.roles_in(by, store) & CARE_ROLES else None


def _case(intake: Intake) -> Case:
    if intake.previous is not None:
        return intake.previous.case
    return Case.objects.create(store=intake.store, opened_at=intake.now, repeat_of=_earlier_case(intake))


def _earlier_case(intake: Intake) -> Case | None:
    """The newest case of the customer or the car within 90 days before."""
    same = Q()
    if intake.customer is not None:
        same |= Q(customer=intake.customer)
    if intake.vehicle is not None:
        same |= Q(vehicle=intake.vehicle)
    if not same:
        return None
    recent = Complaint.objects.filter(
        same, store=intake.store, received_at__gte=intake.received_at - REPEAT_WITHIN
    ).exclude(status=Status.VOID)
    found = recent.order_by("-received_at", "-pk").select_related("case").first()
    return found.case if found is not None else None


def _opening_deadlines(form: Complaint, clock: FormClock) -> list[Deadline]:
    times = clock.step_times(form.level, form.source, form.received_at, unconfirmed=form.major_unconfirmed)
    found = list(times.values())
    if form.level == Level.MAJOR:
        found.append(clock.beside_times(BesideStep.REGION_REPORT, form.received_at))
    return [deadline_row(form, step) for step in found]


def _people(form: Complaint, intake: Intake) -> None:
    for person in dict.fromkeys(intake.responsible):
        Responsibility.objects.create(
            store=form.store,
            complaint=form,
            employee=person,
            degree=Degree.DIRECT,
            named_by=actor_of(intake.by),
            named_at=intake.now,
        )
    hold(form, now=intake.now, user=form.care_agent)


def _pass_on_at_once(form: Complaint, intake: Intake) -> None:
    if form.department is None:
        return
    now = intake.now
    live = {row.step: row for row in Deadline.objects.live().filter(complaint=form)}
    met = [live[step] for step in (Step.TRANSFER, Step.GM_NOTICE) if step in live]
    for row in met:
        row.met_at, row.recorded_at, row.met_by = now, now, actor_of(intake.by)
        row.save(update_fields=["met_at", "recorded_at", "met_by"])
    form.status = Status.TRANSFERRED
    give_to_department(form, now=now)
    write_event(
        form,
        "step_done",
        by=intake.by,
        now=now,
        step=Step.TRANSFER,
        also=[row.step for row in met if row.step != Step.TRANSFER],
        department=form.department_id,
        late_seconds=_late_seconds(live.get(Step.TRANSFER)),
    )
    breaches.judge_met(form, met, live, now=now)


def _late_seconds(row: Deadline | None) -> int | None:
    return int((row.met_at - row.due_at).total_seconds()) if row is not None and row.met_at > row.due_at else None


def give_to_department(form: Complaint, *, now) -> None:
    """The form lies with the assigned person, else the department's manager, else with the department as such."""
    directory = Directory(form.store, now)
    holders = directory.assigned(form) or directory.managers(form.department)
    hold(form, now=now, user=holders[0] if holders else None, department=form.department)


def _tell(form: Complaint, intake: Intake, clock: FormClock) -> None:
    now, by = intake.now, intake.by
    directory = Directory(form.store, now)
    next_step = Step.FIRST_CONTACT if form.department_id else Step.TRANSFER
    waiting = Deadline.objects.running().filter(complaint=form, step=next_step).first()
    if waiting is not None and intake.previous is not None:
        tell_step(form, waiting, "reissued", now=now, by=by, before=intake.previous.number)
    elif waiting is not None:
        tell_step(form, waiting, "passed_on" if form.department_id else "registered", now=now, by=by)
    if form.level == Level.MAJOR:
        ask_general_manager(form, "major", now=now, by=by, directory=directory)
        if form.major_unconfirmed:
            tell(form, directory.role(Role.CARE_MANAGER), "confirm_major", now=now, by=by, urgent=True)
    for row in form.responsibilities.select_related("employee__user"):
        if row.employee.user is not None:
            tell(form, [row.employee.user], "blamed", now=now, key=str(row.pk), by=by)
    if clock.incomplete:
        _warn_of_missing_year(form, clock.missing_year, now=now)


def _warn_of_missing_year(form: Complaint, year: int, *, now) -> None:
    # once per store and year, whichever form met it first
    outbox.enqueue(
        form.store,
        recipients.administrators(form.store, now),
        "complaint.calendar_missing",
        dedupe_key=f"complaint.calendar_missing:{form.store_id}:{year}",
        now=now,
        url=form.get_absolute_url(),
        urgent=True,
        number=form.number,
        year=year,
    )


def ask_general_manager(form: Complaint, because: str, *, now, by=None, directory: Directory | None = None) -> None:
    """Open the question to the general manager unless one is open, and say so."""
    _row, opened = Instruction.objects.get_or_create(
        complaint=form, answered_at=None, defaults={"store": form.store, "asked_at": now, "asked_because": because}
    )
    if not opened:
        return
    users = general_managers(directory or Directory(form.store, now))
    key = f"{because}:{_row.pk}"
    if users:
        tell(form, users, "instruction_asked", now=now, key=key, by=by, urgent=True, because=because)
    else:
        tell_nobody(form, step="instruction", now=now, key=key)
