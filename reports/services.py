"""Changes of state of the figures: publishing a board, accepting a month, the items a month leaves for somebody."""

from dataclasses import dataclass

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from csi_portal.notifications import outbox
from csi_portal.notifications.models import ActionItem
from csi_portal.notifications.recipients import administrators, holders
from csi_portal.notifications.services import finish_item, open_item
from csi_portal.organization import audit, hooks, permissions
from csi_portal.organization.enums import Role
from csi_portal.organization.errors import Conflict, IllegalMove
from csi_portal.organization.models import Store
from csi_portal.organization.permissions import SYSTEM
from reports import queries
from reports.differences import TARGET, Difference, corrects, differences
from reports.models import Board, BoardLine, MonthAcceptance
from reports.periods import MONTH, Period
from surveys.enums import BoardKind

NOT_VALID = "month_not_valid"
BOARD_MISSING = "month_board_missing"
SAMPLE_SMALL = "month_sample_small"


@dataclass(frozen=True)
class Publication:
    """What publishing came to: the newest revision, whether it is a new one, and what differs from the one before."""

    board: Board
    created: bool
    differences: list[Difference]


def publish_board(store, kind: str, period: Period, *, by, now, reason: str = "", seen_revision=None) -> Publication:
    """Freeze the figures of a kind and period (POLICY section 4).

    Nothing changed since the newest revision, or only calls went on: no new one. Changed: the next revision, with a
    reason. A running period may be published; what comes later is a correction. `seen_revision`: the newest one the
    person saw (0 for none).

    Raises NotAllowed; IllegalMove for a period that has not begun and for a correction without a reason; Conflict when
    somebody published meanwhile. Writes the board, its lines, an audit line, and ticks off the month's items.
    """
    permissions.require(by, "reports.publish", store)
    if now < period.bounds(store.zone)[0]:
        raise IllegalMove(_("This period has not begun yet."))
    with transaction.atomic():
        Store.objects.select_for_update().get(pk=store.pk)  # one publisher at a time counts the revisions
        last = queries.latest_board(store, kind, period)
        if seen_revision is not None and seen_revision != (last.revision if last else 0):
            raise Conflict(_("Somebody published this board meanwhile. Look at it before you publish a correction."))
        figures = queries.live_figures(store, kind, period, now=now)
        changed = changes_since(last, figures)
        if last is not None and not corrects(changed):
            return Publication(last, False, [])
        if last is not None and not reason.strip():
            raise IllegalMove(_("A correction needs a reason."))
        board = _freeze(figures, revision=last.revision + 1 if last else 1, reason=reason.strip(), by=by, now=now)
        audit.record(
            by,
            "board.published",
            board,
            at=now,
            kind=kind,
            period=period.code,
            revision=board.revision,
            reason=board.reason,
            score=str(figures.store_line.score or ""),
            n=figures.store_line.n,
        )
        if period.kind == MONTH:
            _finish_published(store, kind, period, figures, by=by, now=now)
        hooks.wake("board")
    return Publication(board, True, changed)


def changes_since(board: Board | None, figures) -> list[Difference]:
    """What differs between a published revision and the figures as they stand; nothing without a revision."""
    if board is None:
        return []
    found = differences(board.lines.all(), figures.lines)
    target = figures.targets.board_target
    if board.target != target:
        found.insert(0, Difference("", "", TARGET, board.target, target))
    return found


def _freeze(figures, *, revision: int, reason: str, by, now) -> Board:
    board = Board.objects.create(
        store=figures.store,
        kind=figures.kind,
        period_kind=figures.period.kind,
        period_start=figures.period.start,
        revision=revision,
        reason=reason,
        published_at=now,
        published_by=None if by is SYSTEM else by,
        target=figures.targets.board_target,
        bands=figures.targets.table()["bands"],
        targets=figures.targets.table(),
    )
    for line in figures.lines:
        line.board = board
    BoardLine.objects.bulk_create(figures.lines, batch_size=200)
    return board


def accept_month(store, kind: str, month, *, by, reason: str, now) -> MonthAcceptance:
    """The general manager takes a month whose sample is not valid; its score then counts for money.

    Raises NotAllowed; IllegalMove without a reason, for a month that is not judged yet, is valid, or was accepted.
    """
    permissions.require(by, "reports.accept_month", store)
    if not reason.strip():
        raise IllegalMove(_("Say why the month counts although its sample is not valid."))
    month = month if isinstance(month, Period) else Period(MONTH, month)
    with transaction.atomic():
        Store.objects.select_for_update().get(pk=store.pk)
        validity = queries.month_validity(store, kind, month, now=now)
        if validity.accepted:
            raise IllegalMove(_("This month is accepted already."))
        if validity.valid is not False:
            raise IllegalMove(_("There is nothing to accept: the month is valid, or not judged yet."))
        acceptance = MonthAcceptance.objects.create(
            store=store, kind=kind, month=month.start, reason=reason.strip(), accepted_by=by, accepted_at=now
        )
        audit.record(by, "month.accepted", acceptance, at=now, kind=kind, month=month.code, reason=acceptance.reason)
        hooks.wake("board")
    return acceptance


# -- items a month leaves for somebody


def look_at_month(store, day, now) -> None:
    """The daily job of every store; see open_month_items."""
    open_month_items(store, now=now)


def open_month_items(store, *, now) -> int:
    """Open what the last full month asks of somebody (POLICY sections 2 and 4); returns how many items are new.

    Not valid: the care manager records a measure. No board by the judging day, or fewer answers than count: the
    general manager is told. Kinds with nothing due and nothing answered ask nothing.
    """
    month = Period.of(MONTH, store.local_date(now)).previous()
    opened = 0
    with transaction.atomic():
        for kind in sorted(queries.kinds_with_facts(store, month)):
            validity = queries.month_validity(store, kind, month, now=now)
            if validity.valid is False:
                opened += _open(store, NOT_VALID, kind, month, Role.CARE_MANAGER, now=now, **_rates(validity))
            if now >= validity.board_due:
                opened += _open_board_item(store, kind, month, validity, now=now)
    return opened


def _open_board_item(store, kind, month, validity, *, now) -> int:
    board = queries.latest_board(store, kind, month)
    if board is None:
        return _open(store, BOARD_MISSING, kind, month, Role.GENERAL_MANAGER, now=now, due_at=validity.board_due)
    n = board.lines.order_by("position").values_list("n", flat=True)[0]
    if validity.targets.enough(n):
        return 0
    return _open(store, SAMPLE_SMALL, kind, month, Role.GENERAL_MANAGER, now=now, n=n)


def _open(store, what, kind, month, role, *, now, due_at=None, **params) -> int:
    subject = f"{kind}:{month.code}"
    if ActionItem.objects.filter(store=store, kind=what, subject_key=subject).exists():
        return 0
    url = f"{reverse('reports:boards')}?kind={kind}&month={month.code}"
    params = {"index": kind, "month": month.code, **params}
    open_item(store, what, subject, now=now, role=role, due_at=due_at, url=url, **params)
    users = holders(store, role, now) or administrators(store, now)
    outbox.enqueue(store, users, what, dedupe_key=f"{what}:{subject}", now=now, url=url, **params)
    return 1


def _rates(validity) -> dict[str, int]:
    return {"due": validity.due, "contacted": validity.contacted, "completed": validity.completed}


def _finish_published(store, kind, month, figures, *, by, now) -> None:
    settled = [BOARD_MISSING]
    if figures.targets.enough(figures.store_line.n):
        settled.append(SAMPLE_SMALL)
    waiting = ActionItem.objects.filter(store=store, kind__in=settled, subject_key=f"{kind}:{month.code}", done_at=None)
    for item in waiting:
        finish_item(item, by=by, now=now)


def publish_boards(store, period: Period, *, by, now, reason: str = "") -> list[Publication]:
    """Publish both kinds, or neither."""
    with transaction.atomic():
        return [publish_board(store, kind, period, by=by, now=now, reason=reason) for kind in BoardKind.values]
