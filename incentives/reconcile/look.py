"""Which forms and months are due for a look: whole months by command and once a day, else what was touched.

A form is touched by an event or a breach, a month by a published board or an accepted month. The bookmark of a store
(Lookout) only saves time: the last minutes are always looked at again, because a transaction that was slow to commit
may lie behind it, and the daily look takes in whole months.
"""

import logging
from collections import defaultdict
from datetime import date, timedelta

from django.db.models import Max, Q

from complaints.models import Breach, Event
from csi_portal.organization.models import Store
from incentives.models import Adoption, Lookout, Proposal
from incentives.reconcile import facts
from incentives.reconcile.difference import Outcome, reconcile_board, reconcile_forms
from reports.models import Board, MonthAcceptance, PeriodKind
from reports.periods import MONTH, Period
from surveys.enums import BoardKind

logger = logging.getLogger(__name__)

# How long a transaction may take to commit and still be seen at once; slower ones wait for the daily look.
OVERLAP = timedelta(minutes=5)
# Events of the overlap are looked for among so many of the newest, so that the primary key serves the question.
OVERLAP_EVENTS = 5000
# A full look after an adoption goes back no further than this (months).
FULL_MONTHS = 24


def reconcile_month(store, month: date, *, now) -> Outcome:
    """Reconcile every form and score of a month with the proposals; safe any number of times."""
    outcome = reconcile_forms(store, facts.forms_of_month(store, month), now=now)
    for kind in BoardKind.values:
        outcome += reconcile_board(store, kind, month, now=now)
    return outcome


def reconcile_quarter(store, first_month: date, *, now) -> Outcome:
    """Reconcile the three months of a quarter."""
    outcome, period = Outcome(), Period(MONTH, first_month)
    for _month in range(3):
        outcome += reconcile_month(store, period.start, now=now)
        period = period.next()
    return outcome


def daily_look(store, day: date, now) -> None:
    """The day's full look: this month, the one before, and every month in which a line still waits."""
    if not Adoption.objects.filter(store=store).exists():
        return
    period = Period.of(MONTH, day)
    waiting = Proposal.objects.waiting().filter(store=store).order_by().values_list("month", flat=True).distinct()
    for month in sorted({period.start, period.previous().start, *waiting}):
        reconcile_month(store, month, now=now)


def look_at_touched(now) -> dict[str, int]:
    """Look at what was touched in every store that adopted its rules; returns counts for the sweep's report."""
    adopted = Adoption.objects.order_by().values("store").distinct()
    stores = list(Store.objects.filter(is_active=True, pk__in=adopted).order_by("pk"))
    if not stores:
        return {}
    seen = Event.objects.aggregate(last=Max("pk"))["last"] or 0
    bookmarks = {bookmark.store_id: bookmark for bookmark in Lookout.objects.filter(store__in=stores)}
    forms, scores = _touched(stores, list(bookmarks.values()), now)
    outcome, failed, done = Outcome(), [], []
    for store in stores:
        try:
            for month in _whole_months(store, bookmarks.get(store.pk), now):
                outcome += reconcile_month(store, month, now=now)
            outcome += reconcile_forms(store, forms[store.pk], now=now)
            for kind, month in sorted(scores[store.pk]):
                outcome += reconcile_board(store, kind, month, now=now)
            done.append(store)
        except Exception as error:  # one store's trouble must not keep the others waiting
            logger.exception("reconciliation of store %s failed", store.code)
            failed.append(f"{store.code}: {error}")
    _remember(done, bookmarks, seen, now)
    if failed:
        raise RuntimeError("; ".join(failed))
    return {"proposed": outcome.proposed, "withdrawn": outcome.withdrawn, "reversals_proposed": outcome.reversals}


def look_again_from(store, day: date) -> None:
    """Let the next look take in whole months from the day's month on: the adoption changed."""
    month = day.replace(day=1)
    lookout, _made = Lookout.objects.get_or_create(store=store)
    if lookout.full_since is None or month < lookout.full_since:
        Lookout.objects.filter(pk=lookout.pk).update(full_since=month)


def _touched(stores, bookmarks: list[Lookout], now) -> tuple[dict[int, set], dict[int, set]]:
    """Forms and (kind, month) scores by store that changed since the oldest bookmark, less the overlap."""
    forms, scores = defaultdict(set), defaultdict(set)
    if bookmarks:
        since = min(bookmark.looked_at or now for bookmark in bookmarks) - OVERLAP
        last = min(bookmark.event_pk for bookmark in bookmarks)
        new = Q(pk__gt=last) | Q(pk__gt=last - OVERLAP_EVENTS, recorded_at__gte=since)
        events = Event.objects.filter(new, store__in=stores).order_by().values_list("store_id", "complaint_id")
        breaches = Breach.objects.filter(store__in=stores, found_at__gte=since).values_list("store_id", "complaint_id")
        for store_id, complaint_id in [*events.distinct(), *breaches]:
            forms[store_id].add(complaint_id)
        boards = Board.objects.filter(store__in=stores, period_kind=PeriodKind.MONTH, published_at__gte=since)
        accepted = MonthAcceptance.objects.filter(store__in=stores, accepted_at__gte=since)
        for store_id, kind, month in [
            *boards.values_list("store_id", "kind", "period_start"),
            *accepted.values_list("store_id", "kind", "month"),
        ]:
            scores[store_id].add((kind, month))
    return forms, scores


def _whole_months(store, bookmark: Lookout | None, now) -> list[date]:
    """The months a full look takes in: from the adoption on, or from where it was asked for; else none."""
    since = _adopted_since(store) if bookmark is None else bookmark.full_since
    period, months = Period.of(MONTH, store.local_date(now)), []
    while since is not None and period.start >= since and len(months) < FULL_MONTHS:
        months.append(period.start)
        period = period.previous()
    return months[::-1]


def _adopted_since(store) -> date:
    return Adoption.objects.filter(store=store).earliest("adopted_on").adopted_on.replace(day=1)


def _remember(stores, bookmarks: dict[int, Lookout], seen: int, now) -> None:
    """Move the bookmarks on, never back: a slower run may end after a younger one."""
    new = [Lookout(store=store, event_pk=seen, looked_at=now) for store in stores if store.pk not in bookmarks]
    Lookout.objects.bulk_create(new, ignore_conflicts=True)
    rows = Lookout.objects.filter(store__in=stores)
    rows.filter(event_pk__lt=seen).update(event_pk=seen)
    rows.filter(Q(looked_at=None) | Q(looked_at__lt=now)).update(looked_at=now)
    for bookmark in bookmarks.values():
        if bookmark.full_since is not None:
            # an adoption recorded meanwhile keeps its own wish
            rows.filter(pk=bookmark.pk, full_since=bookmark.full_since).update(full_since=None)
