"""What was published: the newest revisions, the trend of published scores, and what still waits to be published."""

from reports.models import Board, BoardLine
from reports.periods import MONTH, WEEK, Period
from surveys.enums import BoardKind
from surveys.models import Callback, Response

TREND_LENGTH = 8


def latest_boards(store, period: Period) -> dict[str, Board]:
    """Kind -> newest revision of the period."""
    boards = Board.objects.filter(store=store, period_kind=period.kind, period_start=period.start).order_by("revision")
    return {board.kind: board for board in boards}


def latest_board(store, kind: str, period: Period) -> Board | None:
    return (
        Board.objects.filter(store=store, kind=kind, period_kind=period.kind, period_start=period.start)
        .order_by("-revision")
        .first()
    )


def newest_published_period(store, period_kind: str) -> Period | None:
    """The latest week or month of which any board is published."""
    start = (
        Board.objects.filter(store=store, period_kind=period_kind)
        .order_by("-period_start")
        .values_list("period_start", flat=True)
        .first()
    )
    return None if start is None else Period(period_kind, start)


def published_trend(store, kind: str, period: Period, *, few: int, length: int = TREND_LENGTH) -> dict[str, list]:
    """Subject key -> the published scores of the `length - 1` periods before, oldest first.

    None where nothing was published or the sample was insufficient. Two queries.
    """
    starts = []
    before = period
    for _ in range(length - 1):
        before = before.previous()
        starts.insert(0, before.start)
    boards = Board.objects.filter(store=store, kind=kind, period_kind=period.kind, period_start__in=starts)
    newest = {board.period_start: board.pk for board in boards.order_by("revision")}
    place = {newest[start]: at for at, start in enumerate(starts) if start in newest}
    rows = BoardLine.objects.filter(store=store, board__in=place).values_list("board_id", "subject_key", "score", "n")
    trend: dict[str, list] = {}
    for board, key, score, n in rows:
        trend.setdefault(key, [None] * len(starts))[place[board]] = score if n >= few else None
    return trend


def unpublished_periods(store, now) -> list[tuple[str, Period]]:
    """(kind, period) of the last full week and month that have something to publish and no board yet."""
    today = store.local_date(now)
    periods = [Period.of(WEEK, today).previous(), Period.of(MONTH, today).previous()]
    published = set(
        Board.objects.filter(store=store, period_start__in=[period.start for period in periods]).values_list(
            "kind", "period_kind", "period_start"
        )
    )
    waiting = [
        (kind, period)
        for period in periods
        for kind in BoardKind.values
        if (kind, period.kind, period.start) not in published
    ]
    if not waiting:
        return []
    active = {period: kinds_with_facts(store, period) for period in periods}
    return [(kind, period) for kind, period in waiting if kind in active[period]]


def kinds_with_facts(store, period: Period) -> set[str]:
    """The kinds that have callbacks due or counted responses in the period."""
    first, end = period.bounds(store.zone)
    due = Callback.objects.filter(store=store, due_on__gte=period.start, due_on__lt=period.end).counted()
    answered = Response.objects.filter(store=store, counted=True, completed_at__gte=first, completed_at__lt=end)
    return {
        *due.order_by().values_list("counts_for", flat=True).distinct(),
        *answered.order_by().exclude(counts_for="").values_list("counts_for", flat=True).distinct(),
    }
