"""What money adds to other pages: what waits on Today, the rail's numbers, a person's own lines, the approval desk."""

from django.db.models import Sum
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from csi_portal.notifications.items import register_self_closing
from csi_portal.organization import hooks, permissions
from csi_portal.organization.due import due_view
from incentives import closing, deciding, presentation
from incentives.models import LedgerEntry, MonthStatus, Notice
from incentives.reconcile.items import NOBODY_DECIDES

OWN_LINES = 12


def register() -> None:
    """Fill the sockets of the frame, Today, the own page and the approval desk."""
    hooks.register_panel("approvals", deciding.objections)
    hooks.register_panel("approvals", deciding.proposals)
    hooks.register_panel("today", decisions_today)
    hooks.register_panel("today", months_today)
    hooks.register_panel("today", notices_today)
    hooks.register_panel("rail", rail)
    hooks.register_panel("me", own_lines, order=40)
    register_self_closing([NOBODY_DECIDES])


def rail(request, subject) -> dict | None:
    """How much waits on the approval desk, counting every floor's matters."""
    if request.store is None or not permissions.can(request.user, "incentives.decide", request.store):
        return None
    groups = hooks.panels("approvals", request, None)
    items = [item for group in groups for item in group["items"]]
    return {"place": "approvals", "count": len(items), "overdue": any(item["overdue"] for item in items)}


def decisions_today(request, subject) -> dict | None:
    """General manager: how many lines of money wait for a decision."""
    if request.store is None:
        return None
    count, overdue = deciding.counts(request)
    if not count:
        return None
    text = ngettext("%(n)d reward or penalty to decide", "%(n)d rewards and penalties to decide", count) % {"n": count}
    return {
        "template": "incentives/_today_decisions.html",
        "order": 40,
        "count": count,
        "overdue": int(overdue),
        "headline": format_html("{}", text),
        "text": text,
        "url": reverse("incentives:approvals"),
    }


def months_today(request, subject) -> dict | None:
    """Finance: months that are over and not locked; the general manager: those that wait for the confirmation."""
    store, user = request.store, request.user
    if store is None:
        return None
    may_ask = permissions.can(user, "incentives.lock_month", store)
    may_confirm = permissions.can(user, "incentives.confirm_lock", store)
    if not (may_ask or may_confirm):
        return None
    rows = []
    for month in closing.open_months(store, request.now):
        label = presentation.month_label(month.month)
        if month.status == MonthStatus.LOCKING and may_confirm and month.asked_by_id != user.pk:
            text = _("%(month)s waits for your confirmation of the lock") % {"month": label}
        elif month.status == MonthStatus.LOCKING:
            text = _("%(month)s waits for the second person") % {"month": label}
        elif may_ask:
            text = _("%(month)s is over and not locked") % {"month": label}
        else:
            continue
        rows.append({"text": text, "url": presentation.month_url(month.month)})
    if not rows:
        return None
    return {"template": "incentives/_today_months.html", "order": 45, "count": len(rows), "overdue": 0, "rows": rows}


def notices_today(request, subject) -> dict | None:
    """Everybody: own lines whose window to object is open."""
    if request.store is None:
        return None
    rows = [
        {**_own_row(entry), "due": _window(entry.notice, request.now)}
        for entry in _own_entries(request)
        .filter(notice__confirmed_at=None, notice__window_ends_at__gte=request.now, objection=None, reversed_by=None)
        .order_by("notice__window_ends_at", "pk")[:OWN_LINES]
    ]
    if not rows:
        return None
    return {
        "template": "incentives/_today_notices.html",
        "order": 55,
        "count": len(rows),
        "overdue": 0,
        "rows": rows,
    }


def own_lines(request, subject) -> dict | None:
    """The own page: own lines, newest first, and what they come to this year."""
    if request.store is None:
        return None
    entries = _own_entries(request)
    rows = [_own_row(entry) for entry in entries.order_by("-number")[:OWN_LINES]]
    if not rows:
        return None
    year = request.store.local_date(request.now).year
    total = entries.filter(month__year=year).aggregate(total=Sum("amount"))["total"]
    return {"template": "incentives/_me.html", "order": 40, "rows": rows, "year": year, "total": total}


def _own_entries(request):
    return LedgerEntry.objects.filter(store=request.store, employee__user=request.user).select_related(
        "store", "notice__store", "objection", "reversed_by"
    )


def _own_row(entry) -> dict:
    return {**presentation.entry_row(entry), "state": _state(entry), "text": entry.text}


def _state(entry) -> str:
    objection = getattr(entry, "objection", None)
    if getattr(entry, "reversed_by", None) is not None:
        return _("Reversed")
    if objection is None:
        return ""
    if objection.upheld is None:
        return _("Objection open")
    return _("Objection upheld") if objection.upheld else _("Objection denied")


def _window(notice: Notice, now):
    return due_view(
        warn_at=None,
        due_at=notice.window_ends_at,
        met_at=None,
        now=now,
        tz=notice.store.zone,
        started_at=notice.noticed_at,
    )
