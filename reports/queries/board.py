"""A board as the facts stand: the lines of the store, its departments and persons, unsaved (POLICY section 4)."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from csi_portal.organization.enums import DepartmentCode, PolicyKind
from csi_portal.organization.models import Department, Employee
from csi_portal.organization.policies import current_policy
from reports.models import BoardLine, LineKind
from reports.periods import Period
from reports.queries import counts
from reports.queries.scores import ADVISOR, STORE, TECHNICIAN, Sample, Samples, samples
from reports.targets import Rates, Targets
from surveys.enums import BoardKind
from surveys.scoring import published

# Whose work an index is: SSI is the sales department's, CSI after-sales' (POLICY section 5, P4).
HOME_DEPARTMENT = {BoardKind.SSI: DepartmentCode.SALES, BoardKind.CSI: DepartmentCode.AFTER_SALES}
_POSITIONS = {ADVISOR: 0, TECHNICIAN: 1}
_LARGEST = 2**63 - 1


@dataclass
class Figures:
    """The lines of one kind and period in the order of the board: the store, then each department and its persons."""

    store: object
    kind: str
    period: Period
    targets: Targets
    lines: list[BoardLine]
    departments: dict[str, int]  # code -> id

    @property
    def store_line(self) -> BoardLine:
        return self.lines[0]

    def line(self, subject_key: str) -> BoardLine | None:
        return next((line for line in self.lines if line.subject_key == subject_key), None)

    def department_line(self, code: str) -> BoardLine | None:
        """The line of the store's department with that code."""
        return self.line(f"d:{self.departments.get(code)}")


def targets_at(store, period: Period, now) -> Targets:
    """The targets in force at the end of the period, or now while it runs: a later policy moves no older board."""
    end = period.bounds(store.zone)[1]
    return Targets.read(current_policy(PolicyKind.TARGETS, store, min(end, now)).data)


def live_figures(store, kind: str, period: Period, *, now, targets: Targets | None = None) -> Figures:
    """The board as the facts stand at `now`; scores by `completed_at` in the store's zone, callbacks by `due_on`."""
    return live_boards(store, [kind], period, now=now, targets=targets)[kind]


def live_boards(store, kinds, period: Period, *, now, targets: Targets | None = None) -> dict[str, Figures]:
    """The boards of several kinds; what both show, complaints and steps, is asked once."""
    targets = targets or targets_at(store, period, now)
    spans = [period.bounds(store.zone), period.previous().bounds(store.zone)]
    departments = {department.code: department for department in Department.objects.filter(store=store)}
    ids = {code: department.pk for code, department in departments.items()}
    care = ids.get(DepartmentCode.CUSTOMER_CARE)
    shared = {
        "store": store,
        "targets": targets,
        "departments": departments,
        "complaints": counts.complaints_received(store, spans[0]),
        "blamed": counts.complaints_blamed(store, spans[0]),
        "steps": counts.steps_on_time(store, spans[0], now=now, care_department=care),
    }
    boards = {}
    for kind in kinds:
        current, before = samples(store, kind, spans)
        rates = counts.rates(store, kind, period)
        facts = _Facts(kind=kind, current=current, before=before, rates=rates, **shared)
        boards[kind] = Figures(store, kind, period, targets, facts.lines(), ids)
    return boards


@dataclass
class _Facts:
    """Everything the lines are made of; turning it into lines asks one more query, for the persons."""

    store: object
    targets: Targets
    kind: str
    current: Samples
    before: Samples
    rates: dict[int | None, Rates]
    departments: dict[str, Department]
    complaints: dict[int | None, Counter]
    blamed: dict[int, Counter]
    steps: counts.StepCounts

    def lines(self) -> list[BoardLine]:
        people = self._people()
        self._rank(people)
        by_department: dict[int, list[BoardLine]] = {}
        for line in people:
            by_department.setdefault(line.department_id, []).append(line)
        lines = [self._store_line()]
        for department in self._judged_departments(set(by_department)):
            lines.append(self._department_line(department))
            lines += sorted(by_department.get(department.pk, []), key=_order)
        for position, line in enumerate(lines):
            line.position = position
        return lines

    def _store_line(self) -> BoardLine:
        return self._line(
            STORE,
            line_kind=LineKind.STORE,
            subject_key=f"s:{self.store.pk}",
            name=self.store.name,
            rates=sum(self.rates.values(), Rates()),
            levels=sum(self.complaints.values(), Counter()),
            steps=self.steps.store,
        )

    def _judged_departments(self, of_people: set[int]) -> list[Department]:
        """The index's own department first, then who is judged by a question or has a judged person, as listed."""
        home = HOME_DEPARTMENT[self.kind]
        order = [home, *(code for code in DepartmentCode.values if code != home)]
        known = [self.departments[code] for code in order if code in self.departments]
        return [
            department
            for department in known
            if department.code == home or ("department", department.code) in self.current or department.pk in of_people
        ]

    def _department_line(self, department) -> BoardLine:
        home = department.code == HOME_DEPARTMENT[self.kind]
        return self._line(
            ("department", department.code),
            line_kind=LineKind.DEPARTMENT,
            subject_key=f"d:{department.pk}",
            # a department without a name of its own is called by its code, which each reader sees in the own language
            name=department.name or department.code,
            department_key=f"d:{department.pk}",
            department_name=department.name or department.code,
            # the callbacks of an index are all about its own department
            rates=sum(self.rates.values(), Rates()) if home else Rates(),
            levels=self.complaints.get(department.pk, Counter()),
            steps=self.steps.departments.get(department.pk, counts.Steps()),
        )

    def _people(self) -> list[BoardLine]:
        judged = {key[1] for key in self.current if key[0] == "person"}
        advisers = {advisor for advisor, rates in self.rates.items() if advisor and (rates.due or rates.no_number)}
        employees = Employee.objects.filter(store=self.store, pk__in=judged | advisers).select_related("department")
        return [self._person_line(employee) for employee in employees.order_by("pk")]

    def _person_line(self, employee) -> BoardLine:
        steps = counts.Steps()
        for found in (self.steps.employees.get(employee.pk), self.steps.users.get(employee.user_id)):
            if found:
                steps.add(found.due, found.on_time, found.excused)
        department = employee.department
        line = self._line(
            ("person", employee.pk),
            line_kind=LineKind.PERSON,
            subject_key=f"e:{employee.pk}",
            name=employee.name,
            department_key=f"d:{department.pk}",
            department_name=department.name or department.code,
            rates=self.rates.get(employee.pk, Rates()),
            levels=self.blamed.get(employee.pk, Counter()),
            steps=steps,
        )
        line.judged_as = line.judged_as or ADVISOR
        return line

    def _rank(self, people: list[BoardLine]) -> None:
        """Persons among those judged by the same questions, by published score; equal scores share a rank."""
        for position in _POSITIONS:
            group = [line for line in people if line.judged_as == position and self.targets.enough(line.n)]
            group.sort(key=lambda line: -line.score)
            for place, line in enumerate(group, start=1):
                tied = place > 1 and group[place - 2].score == line.score
                line.rank = group[place - 2].rank if tied else place

    def _line(self, key, *, rates: Rates, levels: Counter, steps: counts.Steps, **names) -> BoardLine:
        now, before = self.current.get(key, Sample()), self.before.get(key, Sample())
        exact = now.score
        fits = exact is not None and max(exact.numerator, exact.denominator) <= _LARGEST
        return BoardLine(
            store=self.store,
            **names,
            judged_as=now.judged_as,
            score=_figure(exact),
            score_num=exact.numerator if fits else None,
            score_den=exact.denominator if fits else None,
            n=now.n,
            interval=now.margin,
            previous_score=_figure(before.score),
            previous_n=before.n,
            due=rates.due,
            contacted=rates.contacted,
            contacted_by_phone=rates.contacted_by_phone,
            completed=rates.completed,
            no_number=rates.no_number,
            complaints=sum(levels.values()),
            complaint_levels=dict(sorted(levels.items())),
            steps_due=steps.due,
            steps_on_time=steps.on_time,
            steps_excused=steps.excused,
            sample=dict(now.ids),
        )


def _figure(score) -> Decimal | None:
    return None if score is None else published(score)


def _order(line: BoardLine):
    """Advisers before technicians, ranked ones first, then by score and name."""
    return (
        _POSITIONS.get(line.judged_as, 9),
        line.rank is None,
        line.rank or 0,
        -(line.score or 0),
        line.name,
        line.subject_key,
    )
