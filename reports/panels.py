"""What the figures add to other pages: the week on Today, the count in the rail, a person's own scores."""

from django.urls import reverse
from django.utils.translation import gettext as _

from csi_portal.organization import permissions
from csi_portal.organization.enums import DepartmentCode, Role
from csi_portal.organization.models import Department
from reports import queries
from reports.models import BoardLine
from reports.periods import MONTH, WEEK, Period
from reports.presentation import complaints_figure, line_row, on_time_figure, rate_figure, score_figure
from reports.targets import Targets
from reports.words import period_label
from surveys.enums import BoardKind

# The index a department's work stands in; the others see both.
_KINDS_OF = {
    DepartmentCode.SALES: [BoardKind.SSI],
    DepartmentCode.AFTER_SALES: [BoardKind.CSI],
    DepartmentCode.ACCESSORIES: [BoardKind.CSI],
}
OWN_SCORES = 8


def board_url(kind: str, period: Period) -> str:
    return f"{reverse('reports:boards')}?kind={kind}&{period.kind}={period.code}"


def week_figures(request, subject) -> dict | None:
    """Today: the running week in one row, for who may see figures before they are published."""
    store = request.store
    if store is None or not permissions.can(request.user, "reports.view_live", store):
        return None
    week = Period.of(WEEK, store.local_date(request.now))
    department = _managed_department(request.user, store)
    kinds = _KINDS_OF.get(department.code if department else None, BoardKind.values)
    boards = queries.live_boards(store, kinds, week, now=request.now)
    figures = [_score(board, department) for board in boards.values()]
    board = boards[kinds[-1]]
    line = board.department_line(department.code) if department else board.store_line
    if line is not None:
        if line.due:
            figures.append(rate_figure(_("Contacted rate"), line.contacted, line.due))
        figures.append(complaints_figure(_("Complaints this week"), line.complaints, line.complaint_levels))
        figures.append(on_time_figure(_("Steps on time"), line))
    return {"template": "reports/_today.html", "order": 900, "figures": figures}


def _score(board, department) -> dict:
    line = board.department_line(department.code) if department else None
    caption = _("%(index)s of the department this week") if line else _("%(index)s of the store this week")
    url = board_url(board.kind, board.period)
    caption %= {"index": board.kind.upper()}
    return score_figure(line or board.store_line, board.targets, caption, url, _("vs last week"))


def _managed_department(user, store) -> Department | None:
    """The one department of who manages a department and nothing above it."""
    held = [right for right in permissions.rights(user) if right.store_id in (None, store.pk)]
    if {Role.CARE_MANAGER, Role.GENERAL_MANAGER, Role.GROUP_APPROVER} & {right.role for right in held}:
        return None
    managed = {right.department_id for right in held if right.role == Role.DEPARTMENT_MANAGER} - {None}
    return Department.objects.filter(store=store, pk__in=managed).first() if len(managed) == 1 else None


def boards_waiting(request, subject) -> dict | None:
    """The rail's number for who publishes: full weeks and months that have figures and no board."""
    store = request.store
    if store is None or not permissions.can(request.user, "reports.publish", store):
        return None
    waiting = queries.unpublished_periods(store, request.now)
    late = any(_is_late(store, period, request.now) for _kind, period in waiting)
    return {"place": "boards", "count": len(waiting), "overdue": late}


def _is_late(store, period: Period, now) -> bool:
    """A month's board is due by the judging day; a week's has no day."""
    if period.kind != MONTH:
        return False
    return now >= queries.judging_day(store, period, queries.targets_at(store, period, now))[1]


def own_scores(request, subject) -> dict | None:
    """A person's own lines on the newest published boards."""
    store = request.store
    if store is None or not permissions.can(request.user, "reports.view_boards", store):
        return None
    keys = [f"e:{pk}" for pk in request.user.employees.filter(store=store).values_list("pk", flat=True)]
    if not keys:
        return None
    lines = (
        BoardLine.objects.filter(store=store, subject_key__in=keys)
        .select_related("board")
        .order_by("-board__period_start", "board__kind", "-board__revision")
    )
    newest: dict[tuple, BoardLine] = {}
    for line in lines[: OWN_SCORES * 4]:  # a few revisions of a period at most
        board = line.board
        newest.setdefault((board.kind, board.period_kind, board.period_start), line)
    rows = [_own_row(line) for line in list(newest.values())[:OWN_SCORES]]
    return {"template": "reports/_me.html", "order": 20, "rows": rows} if rows else None


def _own_row(line: BoardLine) -> dict:
    board = line.board
    period = Period(board.period_kind, board.period_start)
    row = line_row(line, Targets.read(board.targets), [], line.name)
    return {
        **row,
        "index": board.kind.upper(),
        "period": period_label(period),
        "url": f"{reverse('reports:board', args=[board.pk])}?open={line.subject_key}",
    }
