"""Rows of the lower floors as the tests of money need them: stores, people, forms with breaches, boards.

Made directly, so that a test says exactly which facts there are; the journeys through the services stand beside them.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from complaints.models import Breach, Case, Complaint, Deadline, FaultFinding, Instruction
from csi_portal.organization.enums import Role
from csi_portal.organization.models import Department, Employee, RoleGrant, Store, User
from csi_portal.organization.policies import current_calendar, current_policy
from incentives import services
from incentives.models import Adoption, Proposal, ProposalStatus
from incentives.reconcile import reconcile_forms, reconcile_month
from reports.models import Board, BoardLine

# A Tuesday, 10:00 in Shanghai
NOW = datetime(2026, 10, 20, 2, 0, tzinfo=UTC)
OCTOBER, NOVEMBER, DECEMBER = date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass
class Shop:
    """A store with departments, a login per role and a few employees; penalties adopted since January."""

    code: str = "A1"
    adopted: bool = True
    timezone: str = "Asia/Shanghai"
    departments: dict = field(default_factory=dict)
    users: dict = field(default_factory=dict)

    def __post_init__(self):
        self.store = Store.objects.create(code=self.code, name=f"例{self.code}店", timezone=self.timezone)
        for code in ("sales", "after_sales", "customer_care", "finance"):
            self.departments[code] = Department.objects.create(store=self.store, code=code)
        self.gm = self.login("gm", Role.GENERAL_MANAGER)
        self.group = self.login("group", Role.GROUP_APPROVER)
        self.clerk = self.login("clerk", Role.FINANCE)
        self.second_clerk = self.login("clerk2", Role.FINANCE)
        self.care = self.login("care", Role.CARE_MANAGER)
        self.agent = self.hire("agent", "customer_care", Role.CARE_AGENT)
        self.manager = self.hire("boss", "after_sales", Role.DEPARTMENT_MANAGER, of="after_sales")
        self.technician = self.hire("tech", "after_sales")
        if self.adopted:
            Adoption.objects.create(
                store=self.store,
                adopted_on=date(2026, 1, 1),
                announced_on=date(2026, 1, 5),
                treatment="performance_pay",
            )

    def login(self, name: str, role: str | None = None, of: str | None = None) -> User:
        user = User(username=f"{name}.{self.code}".lower(), last_name=name)
        user.set_unusable_password()
        user.save()
        if role is not None:
            department = self.departments[of] if of else None
            RoleGrant.objects.create(user=user, role=role, store=self.store, department=department)
        self.users[name] = user
        return user

    def hire(self, name: str, department: str, role: str | None = None, of: str | None = None, **columns) -> Employee:
        """An employee with a login of the same name."""
        columns.setdefault("user", self.login(name, role, of))
        return Employee.objects.create(
            store=self.store,
            department=self.departments[department],
            staff_number=f"{Employee.objects.filter(store=self.store).count() + 1:03}",
            name=columns.pop("called", f"例{name}"),
            **columns,
        )

    # -- facts

    def form(
        self, *, level: str = "general", received_at: datetime = NOW, agent=..., department="after_sales", **columns
    ):
        """A form with a met transfer."""
        agent = self.agent.user if agent is ... else agent
        number = f"{self.code}-{received_at:%Y%m%d}-{Complaint.objects.filter(store=self.store).count() + 1:03}"
        return Complaint.objects.create(
            store=self.store,
            case=Case.objects.create(store=self.store, opened_at=received_at),
            number=number,
            level=level,
            registered_level=level,
            source="hotline",
            summary="异响",
            received_at=received_at,
            registered_at=received_at,
            department=self.departments[department] if department else None,
            care_agent=agent,
            policy_version=current_policy("deadlines", self.store, received_at),
            calendar_version=current_calendar(self.store, received_at),
            clock="elapsed",
            **columns,
        )

    def step(self, form: Complaint, step: str, minutes: int, done_after: timedelta | None, **columns) -> Deadline:
        """A step due `minutes` after the form was received, done so long after it (None: still open)."""
        start = form.received_at
        due = start + minutes * MINUTE
        return Deadline.objects.create(
            store=self.store,
            complaint=form,
            step=step,
            started_at=start,
            warn_at=start + minutes * MINUTE * 0.75,
            due_at=due,
            escalate_at=due + 2 * HOUR,
            minutes=minutes,
            met_at=None if done_after is None else start + done_after,
            **columns,
        )

    def breach(self, deadline: Deadline, **columns) -> Breach:
        """The breach of a step, fair to charge unless told."""
        late_by = None if deadline.met_at is None else deadline.met_at - deadline.due_at
        columns = {"late_in_opening_hours": True, "late_by": late_by, "found_at": deadline.due_at, **columns}
        return Breach.objects.create(store=self.store, deadline=deadline, complaint=deadline.complaint, **columns)

    def late(self, form: Complaint, step: str, minutes: int, done_after: timedelta | None, **columns) -> Breach:
        """A step done late (or still open), with its breach."""
        return self.breach(self.step(form, step, minutes, done_after), **columns)

    def late_transfer(self, *, late: timedelta | None = 5 * MINUTE, **columns) -> Complaint:
        """A form passed on so much too late: a P1."""
        form = self.form(**columns)
        self.late(form, "transfer", 30, None if late is None else 30 * MINUTE + late)
        return form

    def tick(self, form: Complaint, employee: Employee, breach: Breach | None = None) -> FaultFinding:
        return FaultFinding.objects.create(
            store=self.store,
            complaint=form,
            breach=breach,
            employee=employee,
            cause="忘记",
            found_by=self.care,
            found_at=form.received_at + DAY,
        )

    def instruct(self, form: Complaint, *, neglect: bool = True, at: datetime | None = None) -> Instruction:
        at = at or form.received_at + 6 * HOUR
        return Instruction.objects.create(
            store=self.store,
            complaint=form,
            asked_at=at - HOUR,
            asked_because="escalated",
            answered_at=at,
            answered_by=self.gm,
            because_of_neglect=neglect,
        )

    def neglected(self, *, ticked: list[Employee] | None = None, **columns) -> Complaint:
        """A form passed on in time, first contact late, with the care manager's ticks: a P2."""
        form = self.form(**columns)
        self.step(form, "transfer", 30, 10 * MINUTE)
        breach = self.late(form, "first_contact", 120, 3 * HOUR)
        for employee in [self.technician] if ticked is None else ticked:
            self.tick(form, employee, breach)
        return form

    def board(
        self,
        kind: str = "csi",
        month: date = OCTOBER,
        *,
        score="94.99",
        n: int = 20,
        revision: int = 1,
        period_kind: str = "month",
        published_at: datetime | None = None,
        **columns,
    ) -> Board:
        """A published month board; valid unless the counts say otherwise."""
        board = Board.objects.create(
            store=self.store,
            kind=kind,
            period_kind=period_kind,
            period_start=month,
            revision=revision,
            reason="" if revision == 1 else "更正",
            published_at=published_at or datetime(month.year, month.month, 28, tzinfo=UTC),
            target=Decimal("95.00"),
        )
        counts = {"due": 40, "contacted": 30, "completed": 20, **columns}
        BoardLine.objects.create(
            store=self.store,
            board=board,
            line_kind="store",
            subject_key=f"s:{self.store.pk}",
            name=self.store.name,
            score=None if score is None else Decimal(score),
            n=n,
            **counts,
        )
        return board

    # -- money

    def look(self, *forms: Complaint, now: datetime = NOW):
        """Reconcile these forms."""
        return reconcile_forms(self.store, [form.pk for form in forms], now=now)

    def look_at_month(self, month: date = OCTOBER, *, now: datetime = NOW):
        return reconcile_month(self.store, month, now=now)

    def proposals(self, **filters) -> list[Proposal]:
        return list(Proposal.objects.filter(store=self.store, **filters).order_by("pk"))

    def lines(self, **filters) -> list[tuple]:
        """(rule, beneficiary, amount) of the waiting proposals."""
        rows = Proposal.objects.filter(store=self.store, status=ProposalStatus.PROPOSED, **filters)
        return sorted(rows.values_list("rule", "beneficiary_key", "amount"))

    def posted(self, *, late: timedelta = 5 * MINUTE, now: datetime = NOW, **columns):
        """An approved P1 of the agent, as an entry."""
        form = self.late_transfer(late=late, **columns)
        self.look(form, now=now)
        row = Proposal.objects.get(store=self.store, evidence_key=f"form:{form.number}", status="proposed")
        return services.approve(row, by=self.gm, now=now)

    def award(self, employee: Employee, amount="300.00", *, now: datetime = NOW):
        """An approved award, as an entry."""
        row = services.propose_by_hand(
            self.store, "A9", employee=employee, amount=Decimal(amount), reason="锦旗", by=self.care, now=now
        )
        return services.approve(row, by=self.gm, now=now)

    def lock(self, month: date = OCTOBER, *, now: datetime = NOW):
        """Lock a month by two persons."""
        services.ask_lock(self.store, month, by=self.clerk, now=now)
        return services.confirm_lock(self.store, month, by=self.gm, now=now)
