"""My calls, the next one, and what the team is doing."""

from datetime import datetime, time, timedelta
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Count, Max, Q
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_POST

from csi_portal.organization import permissions
from csi_portal.organization.errors import NotAllowed
from csi_portal.organization.toasts import say_done
from surveys.desk import facts
from surveys.enums import CallbackStatus, Reason
from surveys.models import Attempt, Callback, Claim, Response
from surveys.services import queue as claims
from surveys.services.callbacks import current_lines
from surveys.services.rules import calling_rules

PAGE = 50
SHOWN = ("ready", "appointments", "retries", "later", "ended")


def _store(request, action: str):
    """The store at work, if the person may do this there."""
    if request.store is None:
        raise NotAllowed(_("You may not do this. Ask your store's administrator if you should."))
    permissions.require(request.user, action, request.store)
    return request.store


def midnight(store, now) -> datetime:
    """When the store's day began."""
    return datetime.combine(store.local_date(now), time.min, tzinfo=store.zone)


def counts_of(request) -> dict:
    """The counts of the store at work, read once a request: the rail, Today and the queue all show them."""
    if not hasattr(request, "_call_counts"):
        request._call_counts = queue_counts(request.store, request.user, request.now)
    return request._call_counts


def queue_counts(store, user, now) -> dict:
    """How much waits for the person: one query over the open rows."""
    today = store.local_date(now)
    rules = calling_rules(store, now)
    ripe = Q(due_on__lte=today) & (Q(not_before=None) | Q(not_before__lte=now))
    tomorrow = midnight(store, now) + timedelta(days=1)
    rows = Callback.objects.waiting().filter(store=store).not_own_customers_of(user).not_suppressed()
    return rows.aggregate(
        ready=Count("pk", filter=ripe & ~Q(status=CallbackStatus.APPOINTMENT) | ripe & _mine(user)),
        appointments=Count("pk", filter=Q(status=CallbackStatus.APPOINTMENT, not_before__lt=tomorrow) & _mine(user)),
        missed=Count(
            "pk",
            filter=Q(status=CallbackStatus.APPOINTMENT, not_before__lt=now - rules.appointment_grace) & _mine(user),
        ),
        retries=Count("pk", filter=Q(status=CallbackStatus.RETRY) & ripe),
        later=Count("pk", filter=Q(not_before__gt=now)),
    )


def _mine(user) -> Q:
    """Appointments anybody may keep, and one's own."""
    return Q(appointment_for=None) | Q(appointment_for=user)


def done_today(store, user, now) -> dict:
    """What the person has done since midnight."""
    tries = Attempt.objects.filter(store=store, agent=user, dialled_at__gte=midnight(store, now))
    counts = tries.aggregate(calls=Count("pk"), reached=Count("pk", filter=Q(outcome__reached=True)))
    counts["completed"] = Response.objects.filter(
        store=store, agent=user, completed_at__gte=midnight(store, now), is_complete=True
    ).count()
    return counts


@require_GET
def queue(request):
    """What waits for me, what I am on, what I left open."""
    store = _store(request, "surveys.call")
    shown = request.GET.get("show") if request.GET.get("show") in SHOWN else "ready"
    line = request.GET.get("line", "")[:40]
    rules = calling_rules(store, request.now)
    rows, older = _rows(request, store, shown, line, rules)
    counts = counts_of(request)
    held = claims.held_claim(store, request.user, request.now)
    lines = current_lines(store, store.local_date(request.now))
    context = {
        "counts": counts,
        "held": held.callbacks.select_related("customer").order_by("pk").first() if held else None,
        "missed": _missed(store, request.user, request.now, rules) if counts["missed"] else [],
        "open_ends": facts.open_ends(store, request.user),
        "in_hours": rules.in_hours(request.now),
        "hours": (f"{rules.opens:%H:%M}", f"{rules.closes:%H:%M}"),
        "opens_at": rules.into_hours(request.now),
        "rows": rows,
        "pager": {"older_url": f"?{urlencode({'show': shown, 'line': line, 'after': older})}"} if older else None,
        "shown": shown,
        "tabs": _tabs(shown, line, counts),
        "figures": _figures(counts, done_today(store, request.user, request.now)),
        "label": _("My calls today"),
        "line": line,
        "lines": [{"key": one.line_key, "title": str(one)} for one in lines],
        "today": store.local_date(request.now),
        "may_team": permissions.can(request.user, "surveys.team_view", store),
    }
    return render(request, "surveys/queue.html", context)


def _tabs(shown: str, line: str, counts: dict) -> list[dict]:
    words = {
        "ready": (_("Now"), counts["ready"]),
        "appointments": (_("Appointments"), None),
        "retries": (_("Call again"), counts["retries"]),
        "later": (pgettext("queue", "Later"), counts["later"]),
        "ended": (_("Finished this week"), None),
    }
    return [
        {"url": f"?{urlencode({'show': key, 'line': line})}", "label": label, "count": count, "active": key == shown}
        for key, (label, count) in words.items()
    ]


def _figures(counts: dict, mine: dict) -> list[dict]:
    return [
        {"caption": _("Calls made today"), "value": mine["calls"]},
        {"caption": _("Answered"), "value": mine["reached"], "of": mine["calls"]},
        {"caption": _("Completed"), "value": mine["completed"], "of": mine["reached"]},
        {"caption": _("Appointments today"), "value": counts["appointments"]},
    ]


def _rows(request, store, shown: str, line: str, rules) -> tuple[list[Callback], str]:
    """One page of the list; the position after which the next page begins, if there is one."""
    now, user = request.now, request.user
    rows = Callback.objects.filter(store=store)
    if line:
        rows = rows.filter(line_key=line)
    if shown == "ready":
        # in the order in which they would be given out: nobody pages through that, "next call" does
        ready = claims.offered(store, by=user, now=now).with_row_relations()
        if line:
            ready = ready.filter(line_key=line)
        return _marked(list(ready[:PAGE]), store, now), ""
    wanted = {
        "appointments": rows.filter(status=CallbackStatus.APPOINTMENT),
        "retries": rows.filter(status=CallbackStatus.RETRY),
        "later": rows.waiting().filter(not_before__gt=now).exclude(status=CallbackStatus.APPOINTMENT),
        "ended": rows.filter(closed_at__gte=midnight(store, now) - timedelta(days=7)),
    }[shown]
    key = "closed_at" if shown == "ended" else "not_before"
    page, older = _page(wanted.with_row_relations(), key, request.GET.get("after", ""), newest_first=shown == "ended")
    return _marked(page, store, now), older


def _page(rows, key: str, after: str, *, newest_first: bool) -> tuple[list[Callback], str]:
    """Keyset page by (moment, pk)."""
    sign, direction = ("-", "lt") if newest_first else ("", "gt")
    rows = rows.order_by(f"{sign}{key}", f"{sign}pk")
    position = _position(after)
    if position is not None:
        moment, pk = position
        rows = rows.filter(Q(**{f"{key}__{direction}": moment}) | Q(**{key: moment, f"pk__{direction}": pk}))
    found = list(rows[: PAGE + 1])
    if len(found) <= PAGE:
        return found, ""
    last = found[PAGE - 1]
    return found[:PAGE], f"{getattr(last, key).isoformat()}~{last.pk}"


def _position(after: str):
    moment, _mark, pk = after.partition("~")
    try:
        parsed = datetime.fromisoformat(moment)
    except ValueError:
        return None
    if parsed.tzinfo is None or not pk.isascii() or not pk.isdigit() or len(pk) > 18:
        return None
    return parsed, int(pk)


def _marked(rows: list[Callback], store, now) -> list[Callback]:
    """Rows with what the list says about them."""
    today = store.local_date(now)
    for row in rows:
        row.store = store
        row.title = facts.title_of(row)
        row.late = facts.is_late(row, today)
        row.adviser = (row.visit.advisor.name if row.visit.advisor else row.visit.advisor_name) if row.visit else ""
    return rows


def _missed(store, user, now, rules) -> list[Callback]:
    rows = Callback.objects.filter(store=store).missed_appointments(now, rules.appointment_grace).filter(_mine(user))
    return _marked(list(rows.with_row_relations().order_by("not_before")[:10]), store, now)


@require_POST
def next_call(request):
    """Take the next call by POLICY's order and open its desk."""
    store = _store(request, "surveys.call")
    claim = claims.claim_next(store, by=request.user, now=request.now)
    if claim is None:
        messages.info(request, _nothing(store, request.now))
        return redirect("surveys:queue")
    first = claim.callbacks.order_by("-priority", "due_on", "pk").first()
    return redirect("surveys:call", first.pk)


def _nothing(store, now) -> str:
    rules = calling_rules(store, now)
    if rules.in_hours(now):
        return _("There is nobody to call right now.")
    return _("Calls are made from %(opens)s to %(closes)s. An agreed appointment may be kept at any time.") % {
        "opens": f"{rules.opens:%H:%M}",
        "closes": f"{rules.closes:%H:%M}",
    }


@require_GET
def team(request):
    """Who holds whom, what was done today, who was left out this month and why."""
    store = _store(request, "surveys.team_view")
    context = {
        "claims": _claims(store, request.now),
        "agents": _agents(store, request.now),
        "counts": counts_of(request),
        "missed": _all_missed(store, request.now),
        "left_out": _left_out(store, request.now),
        "no_number": _no_number(store, request.now),
        "may_release": permissions.can(request.user, "surveys.release_claim", store),
        "read_at": request.now,
    }
    return render(request, "surveys/_team.html" if request.htmx else "surveys/team.html", context)


def _claims(store, now) -> list[Claim]:
    rows = list(
        Claim.objects.filter(store=store, lease_until__gt=now)
        .select_related("holder", "customer")
        .annotate(callbacks_held=Count("callbacks"))
        .order_by("claimed_at")
    )
    for row in rows:
        row.minutes_left = max(1, round((row.lease_until - now).total_seconds() / 60))
    return rows


def _agents(store, now) -> list[dict]:
    """Calls of today per person, most first."""
    rows = (
        Attempt.objects.filter(store=store, dialled_at__gte=midnight(store, now))
        .values("agent", "agent__last_name", "agent__first_name", "agent__username")
        .annotate(
            calls=Count("pk"),
            reached=Count("pk", filter=Q(outcome__reached=True)),
            completed=Count("pk", filter=Q(outcome__completes=True)),
            last=Max("dialled_at"),
        )
        .order_by("-calls", "agent")
    )
    return [
        {**row, "name": f"{row['agent__last_name']}{row['agent__first_name']}".strip() or row["agent__username"]}
        for row in rows
    ]


def _all_missed(store, now) -> list[Callback]:
    grace = calling_rules(store, now).appointment_grace
    rows = Callback.objects.filter(store=store).missed_appointments(now, grace).with_row_relations()
    return _marked(list(rows.select_related("appointment_for").order_by("not_before")[:20]), store, now)


def _month(store, now):
    first = store.local_date(now).replace(day=1)
    return {"store": store, "due_on__gte": first, "due_on__lt": (first + timedelta(days=32)).replace(day=1)}


def _left_out(store, now) -> list[dict]:
    """Callbacks of the month that nobody makes, by reason."""
    rows = (
        Callback.objects.filter(**_month(store, now), status__in=[CallbackStatus.SKIPPED, CallbackStatus.CANCELLED])
        .values("reason")
        .annotate(n=Count("pk"))
        .order_by("-n", "reason")
    )
    known = dict(Reason.choices)
    return [{"label": known.get(row["reason"], row["reason"]), "n": row["n"]} for row in rows]


def _no_number(store, now) -> list[dict]:
    """Visits of the month without a usable number, by adviser, beside how many were due."""
    rows = (
        Callback.objects.filter(**_month(store, now), visit__isnull=False)
        .values("visit__advisor__name", "visit__advisor_name")
        .annotate(missing=Count("pk", filter=Q(reason=Reason.NO_NUMBER)), due=Count("pk"))
        .filter(missing__gt=0)
        .order_by("-missing")[:10]
    )
    return [
        {
            "adviser": row["visit__advisor__name"] or row["visit__advisor_name"],
            "missing": row["missing"],
            "due": row["due"],
        }
        for row in rows
    ]


@require_POST
def take_back(request, pk):
    """Give somebody's call back to the queue."""
    rows = Claim.objects.visible_to(request.user).select_related("store", "holder")
    claim = get_object_or_404(rows, pk=pk)
    permissions.require(request.user, "surveys.release_claim", claim)
    claims.release(claim, by=request.user, now=request.now)
    say_done(request, _("The call is back in the queue."))
    return redirect("surveys:team")
