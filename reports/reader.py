"""Who reads a board, what of it, and which one the address asks for."""

from dataclasses import dataclass, field
from types import SimpleNamespace

from csi_portal.organization import permissions
from csi_portal.organization.enums import DepartmentCode, Role
from csi_portal.organization.models import Department
from reports import queries
from reports.models import LineKind
from reports.periods import WEEK, Period
from reports.targets import Targets
from surveys.enums import BoardKind


@dataclass
class Reader:
    """Who reads a board and what of it; asked once a page."""

    user: object
    store: object
    now: object
    live: bool
    names: bool
    publishes: bool
    accepts: bool
    employees: dict = field(default_factory=dict)  # the reader's own, by id

    @classmethod
    def of(cls, request, store) -> "Reader":
        allowed = {
            name: permissions.can(request.user, f"reports.{action}", store)
            for name, action in (
                ("live", "view_live"),
                ("names", "view_names"),
                ("publishes", "publish"),
                ("accepts", "accept_month"),
            )
        }
        employees = {employee.pk: employee for employee in request.user.employees.filter(store=store)}
        return cls(request.user, store, request.now, employees=employees, **allowed)

    @property
    def own(self) -> frozenset:
        return frozenset(self.employees)

    def masked(self, targets: Targets) -> bool:
        return not self.names and targets.names_for_employees != "full"

    def may_open(self, line) -> bool:
        """The parts of a person's score are for those who lead, and for the person."""
        return line.line_kind != LineKind.PERSON or self.live or line.employee_id in self.own

    def may_see_answers(self, line) -> bool:
        """Single answers: care, management, the department's manager, the person judged."""
        subject = SimpleNamespace(
            store_id=self.store.pk, department_id=line.department_id, employee=self.employees.get(line.employee_id)
        )
        return permissions.can(self.user, "reports.view_answers", subject)


def chosen(request) -> tuple[str, Period]:
    """Kind and period of the address; without them the reader's own index and the last full week."""
    kind = request.GET.get("kind")
    if kind not in BoardKind.values:
        kind = _usual_kind(request)
    for code in (request.GET.get("week"), request.GET.get("month")):
        if code:
            try:
                return kind, Period.parse(code)
            except ValueError:
                continue
    return kind, _usual_period(request)


def _usual_kind(request) -> str:
    rights = [right for right in permissions.rights(request.user) if right.role == Role.DEPARTMENT_MANAGER]
    sales = queries.HOME_DEPARTMENT[BoardKind.SSI]
    if rights and rights[0].department_id and _department_code(rights[0].department_id) == sales:
        return BoardKind.SSI
    return BoardKind.CSI


def _department_code(pk: int) -> str:
    return Department.objects.filter(pk=pk).values_list("code", flat=True).first() or DepartmentCode.ADMINISTRATION


def _usual_period(request) -> Period:
    last = Period.of(WEEK, request.store.local_date(request.now)).previous()
    if permissions.can(request.user, "reports.view_live", request.store):
        return last
    return queries.newest_published_period(request.store, WEEK) or last
