"""A store as plain rows for the tests of the figures: people, questionnaire, callbacks, answers, complaints."""

import itertools
import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from complaints.models import Breach, Case, Complaint, Deadline, Responsibility
from csi_portal.organization.enums import Role
from csi_portal.organization.models import CalendarVersion, Department, Employee, PolicyVersion, RoleGrant, Store, User
from surveys.models import (
    Answer,
    Callback,
    Customer,
    Question,
    Questionnaire,
    QuestionnaireVersion,
    QuestionOption,
    Response,
    Section,
    Visit,
)

_numbers = itertools.count(1)
SHANGHAI = "Asia/Shanghai"

# key, kind, weight, department judged, position judged
QUESTIONS = [
    ("reception", "rating5", "1.50", "after_sales", "advisor"),
    ("explanation", "rating5", "1.00", "after_sales", "advisor"),
    ("quality", "rating10", "2.25", "after_sales", "technician"),
    ("follow_up", "rating5", "0.75", "customer_care", ""),
    ("overall", "rating5", "1.00", "", ""),
    ("remark", "text", "1.00", "", ""),
]


class Shop:
    """A store with departments, two advisers, two technicians and a questionnaire for CSI or SSI."""

    def __init__(self, code="A1", zone=SHANGHAI, kind="csi", clock="elapsed"):
        self.kind = kind
        self.store = Store.objects.create(code=code, name=f"例{code}店", timezone=zone, clock=clock)
        self.departments = {
            name: Department.objects.create(store=self.store, code=name, name=label)
            for name, label in (
                ("sales", "销售部"),
                ("after_sales", "售后服务部"),
                ("customer_care", "客服部"),
            )
        }
        home = "after_sales" if kind == "csi" else "sales"
        self.home = self.departments[home]
        self.advisers = [self.hire(name) for name in ("例小陈", "例小吴")]
        self.technicians = [self.hire(name) for name in ("例小马", "例小钱")]
        self.customer = Customer.objects.create(store=self.store, name="测试甲", phone="19900000001")
        self.questions = self._questionnaire(home)

    def hire(self, name: str, department=None, user=None) -> Employee:
        return Employee.objects.create(
            store=self.store,
            department=department or self.home,
            staff_number=str(next(_numbers)),
            name=name,
            user=user,
        )

    def login(self, role: str, name: str = "", department=None) -> User:
        user = User.objects.create_user(name or f"{role}.{self.store.code}.{next(_numbers)}")
        RoleGrant.objects.create(user=user, role=role, store=self.store, department=department)
        return user

    def _questionnaire(self, home: str) -> dict[str, Question]:
        questionnaire = Questionnaire.objects.create(code=f"test-{self.store.code}-{self.kind}", title_en="Test")
        version = QuestionnaireVersion.objects.create(questionnaire=questionnaire, status="published")
        self.version = version
        section = Section.objects.create(version=version, key="main", title_en="Main", title_zh="主要")
        made = {}
        for position, (key, kind, weight, department, judges) in enumerate(QUESTIONS):
            made[key] = Question.objects.create(
                version=version,
                section=section,
                key=key,
                position=position,
                kind=kind,
                text_en=key.capitalize(),
                text_zh=f"题{position + 1}",
                weight=Decimal(weight),
                scored=kind != "text",
                judges_department=home if department == "after_sales" else department,
                judges=judges,
            )
            QuestionOption.objects.create(
                question=made[key], key="5", label_en="Very good", label_zh="很好", points=100
            )
        return made

    # -- facts

    def local(self, *when) -> datetime:
        """An instant by the store's clock."""
        return datetime(*when, tzinfo=self.store.zone).astimezone(UTC)

    def visit(self, advisor=None, technician=None, at=None) -> Visit:
        return Visit.objects.create(
            store=self.store,
            kind="service" if self.kind == "csi" else "sale",
            number=f"RO-{next(_numbers)}",
            closed_at=at or self.local(2026, 11, 1, 12),
            customer=self.customer,
            advisor=advisor,
            technician=technician,
        )

    def callback(self, due_on: date, visit=None, *, contacted=None, phone=False, completed=None, counts=None, **more):
        key = next(_numbers)
        return Callback.objects.create(
            store=self.store,
            line_key="test",
            subject_key=f"visit:{key}",
            customer=self.customer,
            visit=visit,
            counts_for=self.kind if counts is None else counts,
            due_on=due_on,
            contacted_at=contacted,
            contacted_by_phone_at=contacted if phone else None,
            completed_at=completed,
            **more,
        )

    def respond(
        self, completed_at, points: dict, *, advisor=None, technician=None, counted=True, callback=None, score=None
    ) -> Response:
        """A completed response with {question key: points, None for not applicable}; `score` (num, den) beats them."""
        callback = callback or self.callback(
            self.store.local_date(completed_at),
            self.visit(advisor, technician),
            status="done",
            contacted=completed_at,
            completed=completed_at,
        )
        scored = [(self.questions[key], value) for key, value in points.items()]
        num = sum(int(question.weight * 100) * value for question, value in scored if value is not None)
        den = sum(int(question.weight * 100) for question, value in scored if value is not None)
        if score:
            num, den = score
        response = Response.objects.create(
            store=self.store,
            callback=callback,
            version=self.version,
            counts_for=self.kind,
            counted=counted,
            completed_at=completed_at,
            is_complete=True,
            score_num=num if den else None,
            score_den=den or None,
        )
        Answer.objects.bulk_create(
            Answer(
                store=self.store,
                response=response,
                question=question,
                points=value,
                not_applicable=value is None,
                options=[] if value is None else ["5"],
                is_low=value is not None and value <= 60,
            )
            for question, value in scored
        )
        return response

    def complaint(
        self, received_at, *, level="general", department=None, status="registered", responsible=()
    ) -> Complaint:
        form = Complaint.objects.create(
            store=self.store,
            case=Case.objects.create(store=self.store),
            number=f"{self.store.code}-{next(_numbers)}",
            level=level,
            registered_level=level,
            source="in_person",
            summary="…",
            received_at=received_at,
            status=status,
            closed_at=received_at if status == "closed" else None,
            department=department,
            policy_version=PolicyVersion.objects.get(scope_key="all", kind="deadlines")
            if PolicyVersion.objects.filter(scope_key="all", kind="deadlines").exists()
            else PolicyVersion.objects.get(scope_key="all", kind="targets"),
            calendar_version=CalendarVersion.objects.get(scope_key="all"),
            clock="elapsed",
        )
        for employee in responsible:
            Responsibility.objects.create(store=self.store, complaint=form, employee=employee, degree="direct")
        return form

    def step(self, form, step, due_at, *, met_at=None, met_by=None, charged_to=None, excused=False, silenced=None):
        deadline = Deadline.objects.create(
            store=self.store,
            complaint=form,
            step=step,
            started_at=due_at - timedelta(hours=2),
            warn_at=due_at - timedelta(minutes=30),
            due_at=due_at,
            escalate_at=due_at + timedelta(hours=2),
            met_at=met_at,
            met_by=met_by,
            silenced_at=silenced,
        )
        if charged_to or excused:
            Breach.objects.create(
                store=self.store,
                deadline=deadline,
                complaint=form,
                charged_to=charged_to,
                excused_at=due_at + timedelta(days=1) if excused else None,
            )
        return deadline


def random_life(shop: Shop, first: date, days: int, *, seed: int, responses: int = 60) -> None:
    """Facts spread over the days with all their edges: nobody named, nothing applies, cancelled, late, open, void."""
    dice = random.Random(seed)
    users = [shop.login(Role.CARE_AGENT), shop.login(Role.DEPARTMENT_MANAGER, department=shop.home)]
    worker = shop.hire("例小周", user=users[1])
    begin = datetime.combine(first, datetime.min.time(), tzinfo=shop.store.zone)

    def moment():
        return (begin + timedelta(seconds=dice.randrange(days * 86400))).astimezone(UTC)

    for _ in range(responses):
        points = {
            key: None if dice.random() < 0.15 else dice.choice([20, 40, 60, 80, 100])
            for key, *_rest in QUESTIONS
            if key != "remark" and dice.random() < 0.9
        }
        shop.respond(
            moment(),
            points,
            advisor=dice.choice([*shop.advisers, None]),
            technician=dice.choice([*shop.technicians, shop.advisers[0], None]),
            counted=dice.random() < 0.9,
        )
    for _ in range(responses):
        contacted = moment() if dice.random() < 0.6 else None
        shop.callback(
            first + timedelta(days=dice.randrange(days)),
            shop.visit(dice.choice([*shop.advisers, None])),
            status=dice.choice(["due", "unreachable", "refused", "cancelled", "skipped"]),
            contacted=contacted,
            phone=dice.random() < 0.7,
            reason=dice.choice(["", "no_number", "rest_period"]),
            counts=dice.choice([shop.kind, shop.kind, "", "ssi" if shop.kind == "csi" else "csi"]),
        )
    for _ in range(responses // 3):
        form = shop.complaint(
            moment(),
            level=dice.choice(["grumble", "general", "major"]),
            department=dice.choice([*shop.departments.values(), None]),
            status=dice.choice(["registered", "closed", "closed", "void"]),
            responsible=dice.sample([*shop.advisers, *shop.technicians], dice.randrange(3)),
        )
        for step in dice.sample(["transfer", "first_contact", "resolution", "callback", "measures"], 3):
            due = moment()
            met = due + timedelta(minutes=dice.choice([-60, 0, 60])) if dice.random() < 0.7 else None
            late = met is None or met > due
            shop.step(
                form,
                step,
                due,
                met_at=met,
                met_by=dice.choice([*users, None]) if met else None,
                charged_to=dice.choice([*shop.advisers, worker, None]) if late else None,
                excused=late and dice.random() < 0.3,
                silenced=dice.choice([None, due - timedelta(hours=1), due + timedelta(hours=1)])
                if met is None
                else None,
            )
