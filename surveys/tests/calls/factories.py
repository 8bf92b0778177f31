"""Small builders of real rows; every name and number is obviously made up."""

from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from csi_portal.organization.models import Department, Employee, RoleGrant, Store, User
from surveys.answering import Given
from surveys.models import Callback, Customer, CustomerPhone, Outcome, PlanLine, SurveyPlan, Vehicle, Visit
from surveys.services import queue
from surveys.services.callbacks import current_lines
from surveys.services.calls import Result

SHANGHAI = ZoneInfo("Asia/Shanghai")
_serial = count(1)


def at(text: str) -> datetime:
    """A wall time in Shanghai, like "2026-11-21 10:00", as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def make_store(code: str = "T1", **values) -> Store:
    return Store.objects.create(code=code, name=f"测试{code}店", timezone="Asia/Shanghai", **values)


def make_user(store, role: str = "care_agent", name: str = "") -> User:
    name = name or f"user{next(_serial)}"
    user = User.objects.create_user(username=name, password="example-pass", last_name="例", first_name=name)
    if role:
        RoleGrant.objects.create(user=user, role=role, store=store)
    return user


def make_employee(store, name: str = "例小陈", user=None, code: str = "after_sales") -> Employee:
    department, _created = Department.objects.get_or_create(store=store, code=code)
    return Employee.objects.create(
        store=store, department=department, staff_number=f"E{next(_serial)}", name=name, user=user
    )


def make_customer(store, phone: str | None = None, name: str = "") -> Customer:
    serial = next(_serial)
    return Customer.objects.create(
        store=store,
        name=name or f"测试{serial}",
        phone=f"1990000{serial:04}" if phone is None else phone,
    )


def make_visit(store, closed: str, *, kind: str = "service", customer=None, **values) -> Visit:
    customer = customer or make_customer(store)
    serial = next(_serial)
    vehicle = Vehicle.objects.create(store=store, plate=f"测A{serial:05}", model="示例 E7")
    return Visit.objects.create(
        store=store,
        kind=kind,
        closed_at=at(closed),
        customer=customer,
        vehicle=vehicle,
        **{"number": f"RO-TEST-{serial:05}", "amount": 300, "service_type": "定期保养", **values},
    )


def line(key: str = "service_follow_up") -> PlanLine:
    return PlanLine.objects.get(plan__scope_key="all", line_key=key)


def make_callback(store, *, visit=None, key: str = "service_follow_up", due: str = "2026-11-21", **values) -> Callback:
    plan_line = line(key)
    visit = visit or make_visit(store, "2026-11-18 16:40", kind=plan_line.visit_kind)
    return Callback.objects.create(
        store=store,
        line_key=key,
        subject_key=f"visit:{visit.pk}",
        line=plan_line,
        customer=visit.customer,
        visit=visit,
        counts_for=plan_line.counts_for,
        **{"due_on": due, "priority": plan_line.priority, "questionnaire": plan_line.questionnaire, **values},
    )


def outcome(code: str) -> Outcome:
    return Outcome.objects.get(scope_key="all", code=code)


def result(code: str, **values) -> Result:
    return Result(outcome(code), **values)


def good_answers(callback, value: str = "5") -> dict[str, Given]:
    """An answer to every mandatory question of the callback's questionnaire."""
    questions = callback.questionnaire.versions.get(status="published").questions.filter(mandatory=True, show_if={})
    return {
        one.key: Given(options=("yes",)) if one.kind == "yes_no" else Given(options=(value,))
        for one in questions
        if one.kind in ("yes_no", "rating5")
    }


def claim(callback, user, now):
    callback.refresh_from_db()
    return queue.claim_callback(callback, by=user, now=now)


__all__ = [
    "CustomerPhone",
    "SurveyPlan",
    "at",
    "claim",
    "current_lines",
    "good_answers",
    "line",
    "make_callback",
    "make_customer",
    "make_employee",
    "make_store",
    "make_user",
    "make_visit",
    "outcome",
    "result",
    "timedelta",
]
