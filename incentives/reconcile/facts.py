"""What the lower floors say, read into the plain values of asks.py: a fixed number of queries, however many forms."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q

from complaints.enums import Status
from complaints.models import Breach, Complaint, Deadline, FaultFinding, Instruction
from csi_portal.organization.enums import DepartmentCode, PolicyKind, Role
from csi_portal.organization.models import Department, Employee, RoleGrant
from csi_portal.organization.policies import policy_history
from incentives.models import Adoption, Proposal
from reports.models import Board, BoardLine, LineKind, MonthAcceptance, PeriodKind
from reports.periods import MONTH, Period
from reports.targets import Rates, Targets
from surveys.enums import BoardKind

from .asks import (
    MONEY_STEPS,
    Adopted,
    Form,
    LateStep,
    Manager,
    MonthScore,
    Person,
    RuleBook,
    Tick,
    form_key,
)

# P4: whose account a month score below target stands on.
SCORED_DEPARTMENT = {BoardKind.SSI: DepartmentCode.SALES, BoardKind.CSI: DepartmentCode.AFTER_SALES}


def adopted(store) -> Adopted:
    """The days on which the store's penalties hold: adopted and announced, and not ended."""
    rows = Adoption.objects.filter(store=store).values_list("adopted_on", "announced_on", "ended_on")
    return Adopted(tuple((max(adopted_on, announced_on), ended_on) for adopted_on, announced_on, ended_on in rows))


def forms_of_month(store, month: date) -> set[int]:
    """Ids of the forms that may ask for money in a month, or about which a line of that month waits or stands."""
    first, after = Period(MONTH, month).bounds(store.zone)
    breached = Breach.objects.filter(
        store=store, deadline__step__in=MONEY_STEPS, deadline__due_at__gte=first, deadline__due_at__lt=after
    )
    instructed = Instruction.objects.filter(
        store=store, because_of_neglect=True, answered_at__gte=first, answered_at__lt=after
    )
    keys = Proposal.objects.live().filter(store=store, month=month, evidence_key__startswith=form_key(""))
    numbers = {key.removeprefix(form_key("")) for key in keys.values_list("evidence_key", flat=True)}
    return (
        set(breached.values_list("complaint_id", flat=True))
        | set(instructed.values_list("complaint_id", flat=True))
        | ids_of(store, numbers)
    )


def ids_of(store, numbers: Iterable[str]) -> set[int]:
    """Ids of the store's forms with these numbers."""
    return set(Complaint.objects.filter(store=store, number__in=list(numbers)).values_list("pk", flat=True))


def read_forms(store, complaint_ids: Iterable[int]) -> list[Form]:
    """The forms with everything P1, P2 and P3 look at."""
    complaints = list(Complaint.objects.filter(store=store, pk__in=list(complaint_ids)).order_by("pk"))
    if not complaints:
        return []
    reading = _Reading.of(store, complaints)
    return [reading.form(complaint) for complaint in complaints]


@dataclass
class _Reading:
    """The rows about a batch of forms, each kind asked for once."""

    breaches: dict[int, list[Breach]]
    live: dict[tuple[int, str], Deadline]
    ticks: dict[int, list[FaultFinding]]
    instructed: dict[int, Instruction]
    by_user: dict[int, Person]
    by_employee: dict[int, Person]
    managers: list[tuple[RoleGrant, Person | None]]
    rulebook_at: object

    @classmethod
    def of(cls, store, complaints) -> "_Reading":
        breaches = list(
            Breach.objects.filter(complaint__in=complaints, deadline__step__in=MONEY_STEPS).select_related("deadline")
        )
        live = Deadline.objects.filter(complaint__in=complaints, superseded_at=None, step__in=MONEY_STEPS)
        ticks = list(FaultFinding.objects.filter(complaint__in=complaints, withdrawn_at=None).order_by("pk"))
        instructions = Instruction.objects.filter(
            complaint__in=complaints, because_of_neglect=True, answered_at__isnull=False
        ).order_by("-answered_at", "-pk")
        grants = list(
            RoleGrant.objects.filter(Q(store=store) | Q(store=None), role=Role.DEPARTMENT_MANAGER).order_by("pk")
        )
        by_user, by_employee = _people(store, complaints, breaches, ticks, grants)
        return cls(
            breaches=_grouped(breaches),
            live={(deadline.complaint_id, deadline.step): deadline for deadline in live},
            ticks=_grouped(ticks),
            # the first instruction counts: the list runs backwards, so it overwrites later ones
            instructed={instruction.complaint_id: instruction for instruction in instructions},
            by_user=by_user,
            by_employee=by_employee,
            managers=[(grant, by_user.get(grant.user_id)) for grant in grants],
            rulebook_at=_rulebooks(store),
        )

    def form(self, complaint: Complaint) -> Form:
        passed_on = self.live.get((complaint.pk, "transfer"))
        instruction = self.instructed.get(complaint.pk)
        return Form(
            number=complaint.number,
            level=complaint.level,
            standing=not complaint.blame_void and complaint.status != Status.VOID,
            passed_on_at=passed_on.met_at if passed_on else None,
            # a form keeps the version of the rules it was opened under
            rulebook=self.rulebook_at(complaint.registered_at),
            late=tuple(self.late_step(complaint, breach) for breach in self.breaches[complaint.pk]),
            agent=self.by_user.get(complaint.care_agent_id),
            managers=self.managers_of(complaint.department_id),
            ticks=tuple(
                Tick(self.by_employee[found.employee_id], found.breach_id) for found in self.ticks[complaint.pk]
            ),
            instructed_at=instruction.answered_at if instruction else None,
        )

    def late_step(self, complaint: Complaint, breach: Breach) -> LateStep:
        # A breached deadline may have been superseded; the step is done when its living generation is.
        live = self.live.get((complaint.pk, breach.deadline.step), breach.deadline)
        return LateStep(
            breach_id=breach.pk,
            step=breach.deadline.step,
            level=breach.explanation.get("level", complaint.level),
            due_at=breach.deadline.due_at,
            done_at=breach.deadline.met_at or live.met_at,
            ended_at=live.silenced_at,
            late_by=breach.late_by,
            fair=breach.late_in_opening_hours and breach.fair_to_charge and breach.excused_at is None,
            charged_to=self.by_employee.get(breach.charged_to_id),
        )

    def managers_of(self, department_id: int | None) -> tuple[Manager, ...]:
        if department_id is None:
            return ()
        return tuple(
            Manager(person, grant.valid_from, grant.valid_to, named=grant.department_id is not None)
            for grant, person in self.managers
            if grant.department_id in (None, department_id)
        )


def _people(store, complaints, breaches, ticks, grants) -> tuple[dict[int, Person], dict[int, Person]]:
    """Persons by login and by employee id; of two records of one login in a store the newer one counts."""
    users = {complaint.care_agent_id for complaint in complaints} | {grant.user_id for grant in grants}
    employees = {breach.charged_to_id for breach in breaches} | {found.employee_id for found in ticks}
    rows = Employee.objects.filter(Q(user_id__in=users - {None}) | Q(pk__in=employees - {None}), store=store)
    by_user, by_employee = {}, {}
    for row in rows.order_by("pk"):
        by_employee[row.pk] = Person(row.pk, row.probation_until)
        if row.user_id is not None:
            by_user[row.user_id] = by_employee[row.pk]
    return by_user, by_employee


def _rulebooks(store):
    version_at = policy_history(PolicyKind.INCENTIVES, store)

    def at(instant) -> RuleBook:
        version = version_at(instant)
        return RuleBook(version.pk, version.version, version.data)

    return at


def _grouped(rows) -> dict[int, list]:
    grouped = defaultdict(list)
    for row in rows:
        grouped[row.complaint_id].append(row)
    return grouped


# -- month scores


def read_score(store, kind: str, month: date) -> MonthScore | None:
    """The newest published month board of the kind; None while there is none: P4 waits, it does not lapse."""
    board = (
        Board.objects.filter(store=store, kind=kind, period_kind=PeriodKind.MONTH, period_start=month)
        .order_by("-revision")
        .first()
    )
    line = board and BoardLine.objects.filter(board=board, line_kind=LineKind.STORE).first()
    if line is None:
        return None
    after = Period(MONTH, month).bounds(store.zone)[1]
    targets = Targets.read(policy_history(PolicyKind.TARGETS, store)(board.published_at).data)
    code = SCORED_DEPARTMENT[kind]
    department = Department.objects.filter(store=store, code=code).first()
    return MonthScore(
        kind=kind,
        month=month,
        score=line.score,
        target=board.target,
        enough=targets.enough(line.n),
        counts=_counts(store, kind, month, line, targets),
        department_id=department.pk if department else None,
        department=code,
        revision=board.revision,
        n=line.n,
        rulebook=_rulebooks(store)(after - timedelta(microseconds=1)),
    )


def _counts(store, kind: str, month: date, line: BoardLine, targets: Targets) -> bool:
    """A valid month, or one the general manager accepted with a reason."""
    rates = Rates(line.due, line.contacted, line.contacted_by_phone, line.completed)
    return bool(rates.valid(targets)) or MonthAcceptance.objects.filter(store=store, kind=kind, month=month).exists()
