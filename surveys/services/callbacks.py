"""What the plan lines owe: callbacks by the thousand, once each (POLICY section 2, "Plan")."""

from collections import Counter
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext as _

from csi_portal.organization import audit, hooks, permissions
from csi_portal.organization.errors import IllegalMove
from csi_portal.organization.models import JobSlot, Store
from csi_portal.organization.models.base import scope_key
from csi_portal.organization.policies import business_calendar, current_calendar
from surveys import planning
from surveys.enums import CallbackStatus, PlanStatus, Reason
from surveys.models import (
    Callback,
    PlanLine,
    Questionnaire,
    SurveyPlan,
    Visit,
)
from surveys.services.candidates import Judge, Run, known_numbers
from surveys.services.rules import calling_rules

BATCH = 1000


def current_lines(store, day: date) -> list[PlanLine]:
    """The enabled lines of the plan in force: the store's approved one of the quarter, its latest, or the shipped."""
    plans = SurveyPlan.objects.filter(status=PlanStatus.APPROVED)
    own = plans.filter(scope_key=scope_key(store))
    quarter = f"{day.year}-Q{(day.month + 2) // 3}"
    plan = (
        own.filter(quarter=quarter).order_by("-version").first()
        or own.filter(quarter__lte=quarter).order_by("-quarter", "-version").first()
        or plans.filter(scope_key="all").order_by("-quarter", "-version").first()
    )
    if plan is None:
        return []
    # a scored line comes first: where the contact budget is short, it is the one that counts
    return sorted(plan.lines.filter(enabled=True), key=lambda line: (line.counts_for == "", line.position))


def generate_callbacks(store, *, on: date, now: datetime, by=permissions.SYSTEM) -> dict:
    """Make the callbacks the plan owes up to and including the store's day `on`; any number of times.

    Taken are visits whose callback is due by `on` and may still be called. Visits since a known go-live (of the line,
    else of the store) that became too late meanwhile are made and closed as such, so that they stay counted. Skipped
    subjects (no number, do-not-call, rest period, contact budget, not drawn) are rows with a reason. Returns counts:
    `created` (to be called), `skipped` by reason, `too_late`, `left_out` by the order filter, and `lines` with the
    same per line key.
    """
    permissions.require(by, "surveys.generate", store)
    rules = calling_rules(store, now)
    calendar = business_calendar(current_calendar(store, now), store, strict=False)
    total = Counter()
    lines = {}
    for line in current_lines(store, on):
        counts = _generate_line(Run(store, line, on, now, rules, calendar.is_workday))
        lines[line.line_key] = _summary(counts)
        total.update(counts)
    if any(total[key] for key in total if key != "left_out"):
        hooks.wake("callback")
    return {"store": store.code, "on": on.isoformat(), **_summary(total), "lines": lines}


def _summary(counts: Counter) -> dict:
    skipped = {key.split(":", 1)[1]: n for key, n in sorted(counts.items()) if key.startswith("skipped:")}
    return {
        "created": counts["created"],
        "too_late": counts["too_late"],
        "left_out": counts["left_out"],
        "no_number": skipped.get(Reason.NO_NUMBER, 0),
        "skipped": skipped,
    }


def _generate_line(run: Run) -> Counter:
    counts = Counter()
    if not run.line.visit_kind or run.line.questionnaire_id is None:
        return counts
    counts["created"] += _revive(run)
    last_pk = 0
    while True:
        with transaction.atomic():
            # one run at a time per store: rest period, budget and draws look at what the other one wrote
            Store.objects.select_for_update(no_key=True).get(pk=run.store.pk)
            visits = list(_missing(run).filter(pk__gt=last_pk).order_by("pk")[:BATCH])
            if not visits:
                return counts
            last_pk = visits[-1].pk
            counts.update(_generate_batch(run, visits))


def _revive(run: Run) -> int:
    """Put back into the queue whose missing number was found meanwhile, while there is still time to call."""
    skipped = Callback.objects.filter(
        store=run.store,
        line_key=run.line.line_key,
        status=CallbackStatus.SKIPPED,
        reason=Reason.NO_NUMBER,
        too_late_on__gt=run.on,
    )
    rows = list(skipped.values_list("pk", "customer_id", "customer__phone"))
    good, bad = known_numbers({customer for _pk, customer, _phone in rows})
    found = [pk for pk, customer, phone in rows if good[customer] or (phone and (customer, phone) not in bad)]
    return skipped.filter(pk__in=found).update(
        status=CallbackStatus.DUE, reason="", closed_at=None, version=F("version") + 1
    )


def _missing(run: Run):
    """Visits of the window without a callback of the line."""
    begin, end = run.window()
    known = Callback.objects.filter(store=run.store, line_key=run.line.line_key, visit=OuterRef("pk"))
    return (
        Visit.objects.filter(
            ~Exists(known), store=run.store, kind=run.line.visit_kind, closed_at__gte=begin, closed_at__lt=end
        )
        .select_related("customer", "advisor")
        .only(
            "store_id", "kind", "closed_at", "order_type", "amount", "customer__phone", "customer__store_id",
            "advisor__user_id",
        )
    )  # fmt: skip


def _generate_batch(run: Run, visits: list[Visit]) -> Counter:
    counts = Counter()
    wanted = []
    for visit in visits:
        due = run.due_on(visit)
        if due > run.on or (run.go_live() is None and run.too_late_on(due) <= run.on):
            continue
        if planning.left_out(visit.order_type, visit.amount, run.line.excluded_order_types):
            counts["left_out"] += 1
            continue
        wanted.append((due, visit))
    wanted.sort(key=lambda pair: (pair[0], pair[1].closed_at, pair[1].pk))
    judge = Judge(run, wanted)
    rows = [_row(run, visit, due, *judge.verdict(due, visit)) for due, visit in wanted]
    Callback.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    for row in rows:
        if row.status == CallbackStatus.SKIPPED:
            counts[f"skipped:{row.reason}"] += 1
        else:
            counts["too_late" if row.reason == Reason.TOO_LATE else "created"] += 1
    return counts


def _row(run: Run, visit: Visit, due: date, reason: str, draw: dict | None) -> Callback:
    line = run.line
    status = CallbackStatus.DUE
    if reason:
        status = CallbackStatus.UNREACHABLE if reason == Reason.TOO_LATE else CallbackStatus.SKIPPED
    return Callback(
        store=run.store,
        line_key=line.line_key,
        subject_key=f"visit:{visit.pk}",
        line=line,
        questionnaire_id=line.questionnaire_id,
        customer_id=visit.customer_id,
        visit=visit,
        counts_for=line.counts_for,
        due_on=due,
        too_late_on=run.too_late_on(due),
        status=status,
        reason=reason,
        priority=line.priority,
        excluded_user_id=visit.advisor.user_id if visit.advisor and line.counts_for else None,
        closed_at=run.now if reason else None,
        created_at=run.now,
        draw=draw,
    )


def create_callback(
    store, *, line_key: str, subject_key: str, customer, questionnaire_code: str, due_on: date, now, visit=None
) -> Callback:
    """Make one callback outside the plan, for a complaint; the same identity returns the one that is there.

    It counts for no board, is never too late, and goes before the day's surveys. Raises IllegalMove for a
    questionnaire nobody published.
    """
    scopes = ["all", scope_key(store)]
    questionnaire = (
        Questionnaire.objects.filter(code=questionnaire_code, scope_key__in=scopes, versions__status="published")
        .order_by("-scope_key")
        .first()
    )
    if questionnaire is None:
        raise IllegalMove(_("There is no published questionnaire “%(code)s”.") % {"code": questionnaire_code})
    callback, created = Callback.objects.get_or_create(
        store=store,
        line_key=line_key,
        subject_key=subject_key,
        defaults={
            "questionnaire": questionnaire,
            "customer": customer,
            "visit": visit,
            "due_on": due_on,
            "priority": 100,
            "created_at": now,
        },
    )
    if created:
        hooks.wake("callback")
    return callback


def cancel_callback(callback, *, reason: str, by, now) -> Callback:
    """Take an open callback out of the queue and out of *due*; the reason stays with it and is counted.

    Raises IllegalMove when it has ended or is being called.
    """
    permissions.require(by, "surveys.generate", callback)
    if reason not in Reason.values:
        raise IllegalMove(_("Say why this customer is not to be surveyed."))
    with transaction.atomic():
        changed = (
            Callback.objects.waiting()
            .filter(pk=callback.pk)
            .update(status=CallbackStatus.CANCELLED, reason=reason, closed_at=now, version=F("version") + 1)
        )
        if not changed:
            raise IllegalMove(_("This call has ended, or somebody is making it right now."))
        audit.record(by, "callback.cancelled", callback, at=now, reason=reason)
        hooks.wake("callback")
    callback.refresh_from_db()
    return callback


def close_too_late(now) -> int:
    """End what may no longer be called; it stays counted in *due*. An agreed appointment is still kept that day."""
    closed = 0
    for store in Store.objects.filter(is_active=True):
        today = store.local_date(now)
        late = Callback.objects.waiting().filter(store=store, too_late_on__lte=today)
        agreed = Q(status=CallbackStatus.APPOINTMENT, not_before__gte=now - timedelta(days=1))
        closed += late.exclude(agreed).update(
            status=CallbackStatus.UNREACHABLE,
            reason=Reason.TOO_LATE,
            closed_at=now,
            not_before=None,
            version=F("version") + 1,
        )
    if closed:
        hooks.wake("callback")
    return closed


def generate_today(now) -> int:
    """Run every store's plan once per store day; returns how many callbacks were made. What the sweep calls."""
    made = 0
    for store in Store.objects.filter(is_active=True):
        today = store.local_date(now)
        slot = datetime.combine(today, time.min, tzinfo=store.zone)
        job = f"callbacks:{store.pk}"
        if JobSlot.objects.filter(job=job, slot=slot).exists():
            continue
        made += generate_callbacks(store, on=today, now=now)["created"]
        # marked when it is done: a run that died halfway is repeated, and repeating makes nothing twice
        JobSlot.objects.get_or_create(job=job, slot=slot)
    return made
