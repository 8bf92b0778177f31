"""The ledger's lines with filters, and one entry: why it is there, notice and objection."""

from django.db.models import Q
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from csi_portal.organization import permissions, submits, toasts
from csi_portal.organization.due import due_view
from csi_portal.organization.errors import IllegalMove
from csi_portal.organization.keyset import page_of
from incentives import presentation, services
from incentives.enums import HoldReason
from incentives.forms import LedgerFilter, ObjectionForm
from incentives.models import LedgerEntry, Month
from incentives.sheet.figures import hold_reason
from incentives.wording import last_moment, line_words

PAGE_SIZE = 50


@require_GET
def ledger(request):
    """Every entry of the store, newest first."""
    permissions.require(request.user, "incentives.view_ledger", request.store)
    store = request.store
    months = Month.objects.filter(store=store).order_by("-month").values_list("month", flat=True)[:60]
    choices = [(f"{month:%Y-%m}", presentation.month_label(month)) for month in months]
    form = LedgerFilter(request.GET or None, store=store, months=choices)
    entries = _filtered(LedgerEntry.objects.filter(store=store), form)
    page = page_of(
        entries.select_related("notice", "objection", "reversed_by"), request.GET, fields=("-number",), size=PAGE_SIZE
    )
    with_forms = presentation.opens_forms(request.user, store)
    locked = set(Month.objects.filter(store=store, status="locked").values_list("month", flat=True))
    rows = [
        presentation.entry_row(
            entry,
            # what a locked month held back stands on that month's page
            held="" if entry.month in locked else hold_reason(entry, (), request.now),
            with_forms=with_forms,
        )
        for entry in page.rows
    ]
    context = {
        "rows": rows,
        "pager": page,
        "form": form,
        "filtered": any(request.GET.get(name) for name in form.fields),
        "tabs": presentation.tabs(request, "ledger"),
    }
    return render(request, "incentives/ledger.html", context)


def _filtered(entries, form: LedgerFilter):
    """The entries the filters leave; a filter that says nothing sensible filters nothing."""
    if not form.is_bound:
        return entries
    form.is_valid()
    wanted = form.cleaned_data
    if wanted.get("month"):
        entries = entries.filter(month=f"{wanted['month']}-01")
    if wanted.get("department"):
        department = wanted["department"]
        entries = entries.filter(Q(department=department) | Q(employee__department=department))
    for name in ("rule", "kind"):
        if wanted.get(name):
            entries = entries.filter(**{name: wanted[name]})
    return _searched(entries, (wanted.get("q") or "").strip())


def _searched(entries, text: str):
    if not text:
        return entries
    if text.isdecimal() and len(text) <= 6:
        return entries.filter(Q(number=int(text)) | Q(staff_number=text))
    return entries.filter(Q(beneficiary_name__icontains=text) | Q(staff_number=text) | Q(evidence_key__icontains=text))


@require_GET
def entry(request, pk):
    """One entry: amount, reasons, month, notice, objection, and what its person may do."""
    return _entry_page(request, _visible(request, pk))


def _visible(request, pk) -> LedgerEntry:
    entries = LedgerEntry.objects.visible_to(request.user).select_related(
        "store", "employee__user", "notice", "objection", "reversed_by", "reverses", "proposal", "rule_version"
    )
    return get_object_or_404(entries, pk=pk)


def _entry_page(request, found: LedgerEntry, *, form: ObjectionForm | None = None):
    notice, objection = getattr(found, "notice", None), getattr(found, "objection", None)
    mine = notice is not None and permissions.can(request.user, "incentives.object", notice)
    window_open = notice is not None and notice.confirmed_at is None and request.now <= notice.window_ends_at
    open_to_me = mine and window_open and objection is None and getattr(found, "reversed_by", None) is None
    held = hold_reason(found, (), request.now)
    context = {
        "entry": found,
        "what": line_words(found.kind, found.rule),
        "page_title": line_words(found.kind, found.rule),
        "pairs": _pairs(found),
        "evidence": presentation.evidence_number(found.evidence_key),
        "evidence_url": presentation.evidence_link(request.user, found.evidence_key, found.store),
        "held": HoldReason(held).label if held else "",
        "notice": notice,
        "due": _window(notice, request.now) if open_to_me else None,
        "objection": objection,
        "rule_by": last_moment(objection.rule_by, found.store) if objection else "",
        "may_act": open_to_me,
        "objection_form": form or ObjectionForm() if open_to_me else None,
        "objecting": form is not None,
        "submit_key": submits.new_key(),
        "may_see_ledger": permissions.can(request.user, "incentives.view_ledger", found.store),
    }
    return render(request, "incentives/entry.html", context)


def _pairs(found: LedgerEntry) -> list[tuple]:
    pairs = [
        (_("Whom"), " · ".join(filter(None, (found.beneficiary_name, found.staff_number, found.department_name)))),
        (_("Why"), found.text),
        (_("Day of the fact"), found.occurred_on.isoformat()),
        (_("Booked in"), presentation.month_label(found.month)),
        (_("Approved by"), found.approver_name),
    ]
    if found.fact_month != found.month:
        pairs.insert(3, (_("Month of the fact"), presentation.month_label(found.fact_month)))
    return pairs


def _window(notice, now):
    return due_view(
        warn_at=None,
        due_at=notice.window_ends_at,
        met_at=None,
        now=now,
        tz=notice.store.zone,
        started_at=notice.noticed_at,
    )


@require_POST
def confirm(request, pk):
    """The person accepts the line."""
    found = _visible(request, pk)
    services.confirm_notice(_notice(found), by=request.user, now=request.now)
    toasts.say_done(request, _("Thank you. The line is confirmed."))
    return HttpResponseRedirect(reverse("incentives:entry", args=[pk]))


@require_POST
def file_objection(request, pk):
    """The person objects."""
    found = _visible(request, pk)
    permissions.require(request.user, "incentives.object", _notice(found))
    form = ObjectionForm(request.POST)

    def act() -> str:
        services.file_objection(found, by=request.user, reason=form.cleaned_data["reason"], now=request.now)
        toasts.say_done(request, _("Your objection is filed. The line is held back until it is ruled on."))
        return reverse("incentives:entry", args=[pk])

    if form.is_valid():
        try:
            return HttpResponseRedirect(submits.once(request.user, request.POST.get("submit_key"), act))
        except IllegalMove as refusal:
            toasts.messages.error(request, str(refusal))
            return HttpResponseRedirect(reverse("incentives:entry", args=[pk]))
    return _entry_page(request, found, form=form)


def _notice(found: LedgerEntry):
    notice = getattr(found, "notice", None)
    if notice is None:
        raise IllegalMove(_("This line has no notice to object to."))
    return notice
