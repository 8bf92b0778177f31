"""A store with everybody a complaint needs, and a clock that tests set by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from complaints import services
from complaints.enums import OPEN
from csi_portal.organization.enums import Role
from csi_portal.organization.models import Department, Employee, RoleGrant, Store, User
from surveys.models import Customer, Vehicle, Visit

# Friday 2026-11-20 10:00 in Shanghai
T0 = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


class Room:
    """The people of one store, by role; `at(hours=…)` is an instant counted from the complaint."""

    def __init__(self, code: str = "A1", clock: str = "elapsed"):
        self.store = Store.objects.create(code=code, name="示例一店", timezone="Asia/Shanghai", clock=clock)
        self.departments = {
            name: Department.objects.create(store=self.store, code=name)
            for name in ("after_sales", "sales", "customer_care")
        }
        self.after_sales, self.sales = self.departments["after_sales"], self.departments["sales"]
        self.agent = self.login("agent", Role.CARE_AGENT, "customer_care")
        self.care_manager = self.login("care", Role.CARE_MANAGER, "customer_care")
        self.manager = self.login("manager", Role.DEPARTMENT_MANAGER, "after_sales", own=True)
        self.sales_manager = self.login("seller", Role.DEPARTMENT_MANAGER, "sales", own=True)
        self.general_manager = self.login("general", Role.GENERAL_MANAGER, "after_sales")
        self.approver = self.login("owner", Role.GROUP_APPROVER, None)
        self.admin = self.login("admin", Role.ADMINISTRATOR, None)
        self.technician = self.login("tech", None, "after_sales")
        self.customer = Customer.objects.create(store=self.store, name="测试甲", phone="19900000001")
        self.vehicle = Vehicle.objects.create(store=self.store, plate="测A00001", model="示例 S5")

    def login(self, name: str, role, department, own: bool = False) -> User:
        user = User.objects.create_user(f"{name}.{self.store.code}".lower(), last_name="例", first_name=name)
        place = self.departments.get(department)
        if role:
            RoleGrant.objects.create(user=user, role=role, store=self.store, department=place if own else None)
        if place is not None:
            Employee.objects.create(store=self.store, department=place, staff_number=name, name=f"例{name}", user=user)
        return user

    def person(self, user) -> Employee:
        return Employee.objects.get(user=user)

    def at(self, **span) -> datetime:
        return T0 + timedelta(**span)

    def visit(self, number: str = "RO-1") -> Visit:
        return Visit.objects.create(
            store=self.store,
            kind="service",
            number=number,
            closed_at=T0 - timedelta(days=3),
            customer=self.customer,
            vehicle=self.vehicle,
        )

    def register(self, level: str = "general", source: str = "hotline", *, passed_on: bool = False, now=T0, **more):
        more.setdefault("by", self.agent)
        if passed_on:
            more.setdefault("department", self.after_sales)
        words = more.pop("summary", "空调异味修了两次还有")
        return services.register(store=self.store, level=level, source=source, summary=words, now=now, **more)

    def do(self, form, step: str, *, by=None, note: str = "已处理", **more):
        """Complete a step as whoever must do it."""
        if by is None:
            by = {
                "transfer": self.agent,
                "gm_notice": self.agent,
                "callback": self.agent,
                "major_follow_up": self.agent,
                "measures_check": self.care_manager,
                "region_report": self.care_manager,
                "approval": self.general_manager,
            }.get(step, self.manager)
        if step == "transfer":
            more.setdefault("department", self.after_sales)
        if step == "resolution":
            more.setdefault("remedy", "免费返修")
            more.setdefault("cause", "排水管堵塞")
        if step == "callback" and "satisfied" not in more and "overall" not in more and "result" not in more:
            more["overall"] = 5
        if step == "region_report":
            more.setdefault("recipient", "大区经理")
            more.setdefault("channel", "e-mail")
        return services.complete_step(form, step, by=by, note=note, **more)

    def bring(self, form, status: str, start=T0, every=timedelta(minutes=5)):
        """Bring a fresh form to a status by its ordinary steps, five minutes apart."""
        if status in ("reissued", "unverified", "void"):
            return self._end_otherwise(form, status, start)
        at = start
        assert form.status in OPEN
        for reached, step in (
            ("transferred", "transfer"),
            ("acknowledged", None),
            ("contacted", "first_contact"),
            ("resolved", "resolution"),
            ("called_back", "callback"),
            ("closed", "approval"),
        ):
            if form.status == status:
                return form
            if reached in OPEN and OPEN.index(form.status) >= OPEN.index(reached):
                continue
            at += every
            if step is None:
                if status == "acknowledged":
                    services.acknowledge(form, by=self.manager, now=at)
                continue
            if step == "approval":
                self.sign_all(form, at)
            self.do(form, step, now=at)
            if reached == status:
                return form
        raise AssertionError(f"{status} was not reached")

    def _end_otherwise(self, form, status: str, start):
        if status == "void":  # no verb leads there yet; what has ended refuses everything
            type(form).objects.filter(pk=form.pk).update(status="void")
            form.refresh_from_db()
            return form
        self.bring(form, "resolved", start)
        at = start + timedelta(minutes=30)
        if status == "reissued":
            self.do(form, "callback", overall=2, now=at)
        else:
            self.do(form, "callback", result="refused", now=at)
            services.close_unverified(form, by=self.general_manager, note="未回复", now=at + timedelta(days=7))
        return form

    def sign_all(self, form, at):
        for row in form.responsibilities.filter(withdrawn_at=None, employee__user__isnull=False):
            if not form.signatures.filter(signer="responsible", user=row.employee.user, void_at=None).exists():
                services.sign(form, "responsible", by=row.employee.user, now=at)
        if form.level != "grumble" and not form.signatures.filter(signer="manager", void_at=None).exists():
            services.sign(form, "manager", by=self.manager, now=at)


@pytest.fixture
def room(db) -> Room:
    return Room()


def live(form, step: str):
    """The live deadline of a step."""
    return form.deadlines.get(step=step, superseded_at=None)


def kinds(form) -> list[str]:
    """The kinds of the form's timeline, oldest first."""
    return list(form.events.values_list("kind", flat=True))
