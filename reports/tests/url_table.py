"""Pages of the boards."""

from csi_portal.organization.permissions import SYSTEM
from csi_portal.organization.tests.url_rows import Row
from reports.periods import Period
from reports.services import publish_board

READERS = "care_agent care_manager department_manager general_manager group_approver finance employee regional_viewer"
LEADERS = "care_manager department_manager general_manager group_approver"


def _board(at):
    return {"kind": "csi", "period": at.week.code, "seen_revision": "0", "reason": "…"}


ROWS = [
    Row("reports:boards", get=READERS),
    Row("reports:board", args=lambda at: [at.board.pk], get=READERS),
    Row("reports:publish", post="care_manager", data=_board),
    Row(
        "reports:accept",
        post="general_manager group_approver",
        data=lambda at: {"kind": "csi", "period": "2026-10", "reason": "…"},
    ),
    # who may not see unpublished figures is told so before anything is looked for
    Row(
        "reports:live_answers",
        args=lambda at: ["csi", at.week.code, f"d:{at.department.pk}"],
        get=LEADERS,
        denied=403,
    ),
    Row(
        "reports:answers",
        args=lambda at: [at.board.pk, f"d:{at.department.pk}"],
        get="care_agent care_manager department_manager general_manager group_approver",
        sees=READERS,
    ),
]


def furnish(at):
    at.week = Period.of("week", at.store.local_date(at.now)).previous()
    at.board = publish_board(at.store, "csi", at.week, by=SYSTEM, now=at.now).board
