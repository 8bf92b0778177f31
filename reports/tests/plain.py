"""The figures once more, the slow and obvious way: one object at a time, decimal days in the store's zone.

Nothing is shared with reports.queries: no aggregates, no spans of instants, no joins. A line is a dict.
"""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from complaints.models import Breach, Complaint, Deadline, Responsibility
from csi_portal.organization.models import Department, Employee
from surveys.models import Callback, Response


def two_decimals(value: Fraction) -> Decimal:
    # a hundred digits hold any fraction of these tests exactly enough to see which side of the half it is
    from decimal import Context

    exact = Context(prec=100).divide(Decimal(value.numerator), Decimal(value.denominator))
    return exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


def days_of(period: str) -> set:
    """Every date of `2026-W47` or `2026-11`."""
    from datetime import date, timedelta

    if "W" in period:
        year, week = period.split("-W")
        return {date.fromisocalendar(int(year), int(week), day) for day in range(1, 8)}
    year, month = map(int, period.split("-"))
    day, found = date(year, month, 1), set()
    while day.month == month:
        found.add(day)
        day += timedelta(days=1)
    return found


def responses_of(store, kind, days):
    for response in Response.objects.filter(store=store):
        done = response.completed_at
        if done is None or not response.counted or response.counts_for != kind:
            continue
        if done.astimezone(store.zone).date() in days:
            yield response


def mean_points(answers) -> Fraction | None:
    top, bottom = Fraction(0), Fraction(0)
    for answer in answers:
        if answer.not_applicable or answer.points is None or not answer.question.scored:
            continue
        weight = Fraction(str(answer.question.weight))
        top += weight * answer.points
        bottom += weight
    return None if bottom == 0 else top / bottom


def score_line(scores) -> tuple:
    known = [score for score in scores if score is not None]
    if not known:
        return None, 0
    return two_decimals(sum(known) / len(known)), len(known)


def store_score(store, kind, days):
    scores = []
    for response in responses_of(store, kind, days):
        if response.score_den:
            scores.append(Fraction(response.score_num, response.score_den))
    return score_line(scores)


def department_score(store, kind, days, department):
    scores = []
    for response in responses_of(store, kind, days):
        answers = [one for one in response.answers.all() if one.question.judges_department == department.code]
        scores.append(mean_points(answers))
    return score_line(scores)


def person_score(store, kind, days, person):
    scores = []
    for response in responses_of(store, kind, days):
        visit = response.callback.visit
        if visit is None:
            continue
        judged = set()
        if visit.advisor == person:
            judged.add("advisor")
        if visit.technician == person:
            judged.add("technician")
        scores.append(mean_points([one for one in response.answers.all() if one.question.judges in judged]))
    return score_line(scores)


def callback_counts(store, kind, days, person=None) -> tuple[int, int, int, int]:
    due = contacted = phoned = completed = 0
    for callback in Callback.objects.filter(store=store):
        if callback.counts_for != kind or callback.due_on not in days:
            continue
        if callback.status in ("cancelled", "skipped"):
            continue
        if person is not None and (callback.visit is None or callback.visit.advisor != person):
            continue
        due += 1
        reached = callback.contacted_at or callback.contacted_by_phone_at or callback.completed_at
        contacted += 1 if reached else 0
        phoned += 1 if callback.contacted_by_phone_at else 0
        completed += 1 if callback.completed_at else 0
    return due, contacted, phoned, completed


def without_number(store, kind, days, person=None) -> int:
    found = 0
    for callback in Callback.objects.filter(store=store, status="skipped", reason="no_number"):
        if callback.counts_for == kind and callback.due_on in days:
            found += person is None or (callback.visit is not None and callback.visit.advisor == person)
    return found


def complaint_count(store, days, *, department=None, person=None) -> int:
    count = 0
    for form in Complaint.objects.filter(store=store):
        if form.status == "void" or form.received_at.astimezone(store.zone).date() not in days:
            continue
        if department is not None and form.department != department:
            continue
        if person is not None:
            blamed = Responsibility.objects.filter(complaint=form, employee=person, withdrawn_at=None)
            if form.blame_void or not blamed:
                continue
        count += 1
    return count


def step_counts(store, days, now, *, department=None, person=None) -> tuple[int, int, int]:
    due = on_time = excused = 0
    for deadline in Deadline.objects.filter(store=store):
        if deadline.step not in ("transfer", "gm_notice", "first_contact", "reply", "resolution", "callback"):
            continue
        if deadline.superseded_at or deadline.complaint.status == "void":
            continue
        if deadline.due_at.astimezone(store.zone).date() not in days:
            continue
        if deadline.met_at is None:
            ended_before = deadline.silenced_at is not None and deadline.silenced_at <= deadline.due_at
            if deadline.due_at >= now or ended_before:
                continue
        breach = Breach.objects.filter(deadline=deadline).first()
        if department is not None:
            care = deadline.step in ("transfer", "gm_notice", "callback")
            acting = (
                Department.objects.get(store=store, code="customer_care") if care else deadline.complaint.department
            )
            if acting != department:
                continue
        if person is not None:
            if deadline.met_by is not None:
                if person.user != deadline.met_by:
                    continue
            elif breach is None or breach.charged_to != person:
                continue
        due += 1
        if deadline.met_at is not None and deadline.met_at <= deadline.due_at:
            on_time += 1
        elif breach is not None and breach.excused_at:
            excused += 1
    return due, on_time, excused


def whole_board(store, kind, period: str, before: str, now) -> dict[str, dict]:
    """Subject key -> figures, for the store, every department and every employee."""
    days, days_before = days_of(period), days_of(before)
    board = {
        f"s:{store.pk}": {
            "score": store_score(store, kind, days),
            "previous": store_score(store, kind, days_before),
            "callbacks": (*callback_counts(store, kind, days), without_number(store, kind, days)),
            "complaints": complaint_count(store, days),
            "steps": step_counts(store, days, now),
        }
    }
    home = "after_sales" if kind == "csi" else "sales"
    for department in Department.objects.filter(store=store):
        board[f"d:{department.pk}"] = {
            "score": department_score(store, kind, days, department),
            "previous": department_score(store, kind, days_before, department),
            "callbacks": (*callback_counts(store, kind, days), without_number(store, kind, days))
            if department.code == home
            else (0, 0, 0, 0, 0),
            "complaints": complaint_count(store, days, department=department),
            "steps": step_counts(store, days, now, department=department),
        }
    for person in Employee.objects.filter(store=store):
        board[f"e:{person.pk}"] = {
            "score": person_score(store, kind, days, person),
            "previous": person_score(store, kind, days_before, person),
            "callbacks": (*callback_counts(store, kind, days, person), without_number(store, kind, days, person)),
            "complaints": complaint_count(store, days, person=person),
            "steps": step_counts(store, days, now, person=person),
        }
    return board


def of_line(line) -> dict:
    """A line of the product in the same shape."""
    return {
        "score": (line.score, line.n),
        "previous": (line.previous_score, line.previous_n),
        "callbacks": (line.due, line.contacted, line.contacted_by_phone, line.completed, line.no_number),
        "complaints": line.complaints,
        "steps": (line.steps_due, line.steps_on_time, line.steps_excused),
    }
