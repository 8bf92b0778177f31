"""Counts of a period: callbacks, complaints received, steps on time (POLICY sections 2 to 4)."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from django.db.models import Count, F, Q

from complaints.enums import Status, Step
from complaints.models import Complaint, Deadline, Responsibility
from reports.targets import Rates
from surveys.enums import CallbackStatus, Reason
from surveys.models import Callback

# Customer care acts in these steps, the department of the form in the others.
CARE_STEPS = (Step.TRANSFER, Step.GM_NOTICE, Step.CALLBACK)


def rates(store, kind: str, period, *, until=None) -> dict[int | None, Rates]:
    """Callbacks due in the period by the adviser of the visit; None where nobody known is named.

    until: contacts and completions from that instant on do not count (a month is judged once).
    """
    in_time = Q() if until is None else Q(completed_at__lt=until)
    contact_in_time = Q() if until is None else Q(contacted_at__lt=until)
    phone_in_time = Q() if until is None else Q(contacted_by_phone_at__lt=until)
    completed = Q(completed_at__isnull=False) & in_time
    phoned = Q(contacted_by_phone_at__isnull=False) & phone_in_time
    # who completed was contacted, whichever channel wrote which time
    contacted = (Q(contacted_at__isnull=False) & contact_in_time) | phoned | completed
    due = ~Q(status__in=[CallbackStatus.CANCELLED, CallbackStatus.SKIPPED])
    rows = (
        Callback.objects.filter(store=store, counts_for=kind, due_on__gte=period.start, due_on__lt=period.end)
        .values_list("visit__advisor_id")
        .annotate(
            due=Count("pk", filter=due),
            contacted=Count("pk", filter=due & contacted),
            phoned=Count("pk", filter=due & phoned),
            completed=Count("pk", filter=due & completed),
            no_number=Count("pk", filter=Q(status=CallbackStatus.SKIPPED, reason=Reason.NO_NUMBER)),
        )
    )
    return {advisor: Rates(*counts) for advisor, *counts in rows}


def complaints_received(store, span) -> dict[int | None, Counter]:
    """Forms received in the span (first instant, instant after) by department and level; void ones left out."""
    rows = (
        Complaint.objects.filter(store=store, received_at__gte=span[0], received_at__lt=span[1])
        .exclude(status=Status.VOID)
        .values_list("department_id", "level")
        .annotate(n=Count("pk"))
    )
    found: dict[int | None, Counter] = defaultdict(Counter)
    for department, level, n in rows:
        found[department][level] += n
    return found


def complaints_blamed(store, span) -> dict[int, Counter]:
    """Forms received in the span by the persons responsible, directly or secondarily, and level."""
    rows = (
        Responsibility.objects.filter(
            store=store,
            withdrawn_at=None,
            complaint__received_at__gte=span[0],
            complaint__received_at__lt=span[1],
            complaint__blame_void=False,
        )
        .exclude(complaint__status=Status.VOID)
        .values_list("employee_id", "complaint__level")
        .annotate(n=Count("complaint_id"))
    )
    found: dict[int, Counter] = defaultdict(Counter)
    for employee, level, n in rows:
        found[employee][level] += n
    return found


@dataclass
class Steps:
    """Steps that fell due: how many, how many in time, how many late ones were excused."""

    due: int = 0
    on_time: int = 0
    excused: int = 0

    def add(self, due: int, on_time: int, excused: int) -> None:
        self.due += due
        self.on_time += on_time
        self.excused += excused


@dataclass
class StepCounts:
    store: Steps = field(default_factory=Steps)
    departments: dict[int, Steps] = field(default_factory=lambda: defaultdict(Steps))
    employees: dict[int, Steps] = field(default_factory=lambda: defaultdict(Steps))  # who bears what is open and late
    users: dict[int, Steps] = field(default_factory=lambda: defaultdict(Steps))  # who met a step


def steps_on_time(store, span, *, now, care_department: int | None = None) -> StepCounts:
    """Steps due in the span that were met, or whose time is over at `now`.

    Left out: times kept beside the steps, void forms, what fell due before the store went live.

    A step belongs to the department of the form, transfer, notice and callback to customer care
    (`care_department`); to the person who met it, and while it is open and late to who bears that.
    """
    over = Q(due_at__lt=now) & (Q(silenced_at=None) | Q(silenced_at__gt=F("due_at")))
    in_time = Q(met_at__lte=F("due_at"))
    late = Q(met_at=None) | Q(met_at__gt=F("due_at"))
    rows = (
        Deadline.objects.filter(
            Q(met_at__isnull=False) | over,
            store=store,
            step__in=Step.values,
            superseded_at=None,
            due_at__gte=max(span[0], store.live_from or span[0]),
            due_at__lt=span[1],
        )
        .exclude(complaint__status=Status.VOID)
        .values_list("step", "complaint__department_id", "met_by_id", "breach__charged_to_id")
        .annotate(
            due=Count("pk"),
            on_time=Count("pk", filter=in_time),
            excused=Count("pk", filter=late & Q(breach__excused_at__isnull=False)),
        )
    )
    found = StepCounts()
    for step, department, met_by, charged_to, *counts in rows:
        found.store.add(*counts)
        department = care_department if step in CARE_STEPS else department
        if department is not None:
            found.departments[department].add(*counts)
        if met_by is not None:
            found.users[met_by].add(*counts)
        elif charged_to is not None:
            found.employees[charged_to].add(*counts)
    return found
