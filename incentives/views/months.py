"""Closing a month: trial sheet, lock, download, in this order, each saying what it does and what is in the way."""

import re
from datetime import date

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from csi_portal.organization import permissions, submits, toasts
from csi_portal.organization.errors import IllegalMove
from incentives import closing, presentation, services
from incentives.forms import ReasonForm
from incentives.models import Month, MonthStatus
from incentives.services.months import XLSX
from incentives.sheet import figures

_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")


def _month_or_404(text: str) -> date:
    match = _MONTH.fullmatch(text)
    if match is None:
        raise Http404
    return date(int(match[1]), int(match[2]), 1)


@require_GET
def months(request):
    """The month finance has to close next: the oldest open one with lines, else the last full month."""
    permissions.require(request.user, "incentives.view_ledger", request.store)
    return redirect("incentives:month", f"{closing.month_to_close(request.store, request.now):%Y-%m}")


@require_GET
def month(request, month):
    """The month's checklist, totals and lines."""
    permissions.require(request.user, "incentives.view_ledger", request.store)
    return _page(request, _month_or_404(month))


def _page(request, month: date, **more):
    context = closing.month_page(request, month)
    context["tabs"] = presentation.tabs(request, "months")
    context["send_back_form"] = ReasonForm()
    context |= {"submit_key": submits.new_key(), "back_key": submits.new_key()}
    return render(request, "incentives/month.html", context | more)


@require_POST
def ask_lock(request, month):
    """Ask a second person to confirm the lock."""
    day = _month_or_404(month)
    permissions.require(request.user, "incentives.lock_month", request.store)

    def act() -> str:
        services.ask_lock(request.store, day, by=request.user, now=request.now, seen=request.POST.get("seen", ""))
        toasts.say_done(request, _("Sent. A second person confirms the lock."))
        return presentation.month_url(day)

    return _once(request, day, act)


@require_POST
def confirm_lock(request, month):
    """Confirm the lock."""
    day = _month_or_404(month)
    permissions.require(request.user, "incentives.confirm_lock", request.store)

    def act() -> str:
        services.confirm_lock(request.store, day, by=request.user, now=request.now, seen=request.POST.get("seen", ""))
        toasts.say_done(request, _("The month is locked. The sheet is ready for download."))
        return presentation.month_url(day)

    return _once(request, day, act)


@require_POST
def send_back_lock(request, month):
    """Open the month again that waits for its confirmation."""
    day = _month_or_404(month)
    if not any(
        permissions.can(request.user, action, request.store)
        for action in ("incentives.lock_month", "incentives.confirm_lock")
    ):
        permissions.require(request.user, "incentives.confirm_lock", request.store)

    def act() -> str:
        reason = request.POST.get("reason", "")[:300]
        services.send_back_lock(request.store, day, by=request.user, now=request.now, reason=reason)
        toasts.say_done(request, _("The month is open again."))
        return presentation.month_url(day)

    return _once(request, day, act)


def _once(request, day: date, act):
    try:
        return HttpResponseRedirect(submits.once(request.user, request.POST.get("submit_key"), act))
    except IllegalMove as refusal:
        return _page(request, day, error=str(refusal))


@require_POST
def sheet(request, month):
    """Download the sheet; only finance, and every export is written down."""
    day = _month_or_404(month)
    permissions.require(request.user, "incentives.export", request.store)
    try:
        made = services.export_sheet(request.store, day, by=request.user, now=request.now)
    except IllegalMove as refusal:
        return _page(request, day, error=str(refusal))
    response = HttpResponse(made.content, content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="{made.name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_http_methods(["GET", "POST"])
def wages(request, month):
    """Gross wages of who has penalties in the month: without them the cap cannot be reckoned."""
    day = _month_or_404(month)
    permissions.require(request.user, "incentives.enter_wage", request.store)
    found = figures(request.store, day, now=request.now)
    rows = closing.wage_rows(request.store, day, found, request.POST if request.method == "POST" else None)
    locked = Month.objects.filter(store=request.store, month=day, status=MonthStatus.LOCKED).exists()
    if request.method == "POST" and not any(row["errors"] for row in rows):
        changed = [(row["employee"], row["gross"], row["minimum"]) for row in rows if row["changed"]]
        try:
            services.enter_wages(request.store, day, changed, by=request.user, now=request.now)
            toasts.say_done(request, _("Wages saved."))
        except IllegalMove as refusal:
            toasts.messages.error(request, str(refusal))
        return HttpResponseRedirect(presentation.month_url(day))
    context = {
        "rows": rows,
        "locked": locked,
        "month": day,
        "label": presentation.month_label(day),
        "back_url": presentation.month_url(day),
        "url": reverse("incentives:wages", args=[month]),
        "page_title": _("Gross wages"),
    }
    return render(request, "incentives/wages.html", context)
