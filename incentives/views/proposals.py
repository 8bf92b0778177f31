"""Proposals for who may not decide them: the list, one line, another amount, lines and reversals by hand."""

from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from csi_portal.organization import permissions, submits, toasts
from csi_portal.organization.errors import IllegalMove
from csi_portal.organization.keyset import page_of
from incentives import presentation, services
from incentives.enums import EntryKind, ProposalStatus
from incentives.forms import AmountForm, ByHandForm, ReasonForm
from incentives.models import LedgerEntry, Proposal
from incentives.wording import line_words

PAGE_SIZE = 50


@require_GET
def proposals(request):
    """All proposals of the store, newest first."""
    permissions.require(request.user, "incentives.view_proposals", request.store)
    status = request.GET.get("status", "")
    rows = Proposal.objects.filter(store=request.store).with_relations()
    if status in ProposalStatus.values:
        rows = rows.filter(status=status)
    page = page_of(rows, request.GET, fields=("-pk",), size=PAGE_SIZE)
    context = {
        "rows": [presentation.proposal_row(row) for row in page.rows],
        "pager": page,
        "saved": _statuses(status),
        "may_propose": permissions.can(request.user, "incentives.propose", request.store),
        "tabs": presentation.tabs(request, "proposals"),
        "page_title": _("Proposals"),
    }
    return render(request, "incentives/proposals.html", context)


def _statuses(chosen: str) -> list[dict]:
    url = reverse("incentives:proposals")
    rows = [{"url": url, "label": _("All"), "active": chosen not in ProposalStatus.values}]
    for value, label in ProposalStatus.choices:
        rows.append({"url": f"{url}?status={value}", "label": label, "active": chosen == value})
    return rows


@require_GET
def proposal(request, pk):
    """One proposal with its reasons, and what this person may still do about it."""
    return _proposal_page(request, _visible(request, pk))


def _visible(request, pk) -> Proposal:
    return get_object_or_404(Proposal.objects.visible_to(request.user).with_relations(), pk=pk)


def _proposal_page(request, row: Proposal, **more):
    store = row.store
    entry = LedgerEntry.objects.filter(proposal=row).first()
    own = request.user.pk in row.beneficiary_user_ids()
    may_choose = (
        permissions.can(request.user, "incentives.choose_amount", store)
        and row.status == ProposalStatus.PROPOSED
        and row.kind == EntryKind.PENALTY
        and not own
        and _range(row) is not None
    )
    may_reverse = (
        permissions.can(request.user, "incentives.propose", store)
        and entry is not None
        and not own
        and not entry.reversal_proposals.filter(status__in=services.proposals.LIVE_REVERSAL, lapsed_at=None).exists()
    )
    low, high = _range(row) or ("", "")
    context = {
        "row": row,
        "what": line_words(row.kind, row.rule),
        "page_title": line_words(row.kind, row.rule),
        "status": presentation.proposal_row(row),
        "facts": presentation.proposal_facts(row),
        "evidence": presentation.evidence_number(row.evidence_key),
        "evidence_url": presentation.evidence_link(request.user, row.evidence_key, store),
        "month": presentation.month_label(row.month),
        "entry": entry,
        "entry_url": reverse("incentives:entry", args=[entry.pk])
        if entry and permissions.can(request.user, "incentives.view_ledger", store)
        else "",
        "amount_form": AmountForm(initial={"amount": abs(row.effective_amount)}) if may_choose else None,
        "range_text": _("between ¥%(low)s and ¥%(high)s") % {"low": low, "high": high},
        "reversal_form": ReasonForm() if may_reverse else None,
        "decide_url": _decide_url(request, row),
        "submit_key": submits.new_key(),
        "back_url": reverse("incentives:proposals"),
    }
    return render(request, "incentives/proposal.html", context | more)


def _range(row: Proposal):
    table = row.rule_version.data if row.rule_version else {}
    return (table.get(row.rule) or {}).get("range")


def _decide_url(request, row: Proposal) -> str:
    waiting = row.status == ProposalStatus.PROPOSED and permissions.can(request.user, "incentives.approve", row)
    return f"{reverse('incentives:approvals')}?item=entry:{row.pk}" if waiting else ""


@require_POST
def choose_amount(request, pk):
    """Choose another amount inside the range."""
    row = _visible(request, pk)
    permissions.require(request.user, "incentives.choose_amount", row.store)
    form = AmountForm(request.POST)
    version = request.POST.get("version", "")

    def act() -> str:
        services.choose_amount(
            row,
            form.cleaned_data["amount"],
            by=request.user,
            now=request.now,
            reason=form.cleaned_data["reason"],
            version=int(version) if version.isdigit() and len(version) < 10 else 0,
        )
        toasts.say_done(request, _("Amount chosen. The general manager sees it with your reason."))
        return reverse("incentives:proposal", args=[pk])

    return _once(request, row, form, act, "amount_form", "choosing")


@require_POST
def reverse_entry(request, pk):
    """Ask for the reversal of the entry this proposal became."""
    row = _visible(request, pk)
    permissions.require(request.user, "incentives.propose", row.store)
    entry = get_object_or_404(LedgerEntry.objects.select_related("proposal", "store"), proposal=row)
    form = ReasonForm(request.POST)

    def act() -> str:
        made = services.propose_reversal(entry, by=request.user, now=request.now, reason=form.cleaned_data["reason"])
        toasts.say_done(request, _("The reversal waits for its decision."))
        return reverse("incentives:proposal", args=[made.pk])

    return _once(request, row, form, act, "reversal_form", "reversing")


def _once(request, row, form, act, name: str, opened: str):
    if form.is_valid():
        try:
            return HttpResponseRedirect(submits.once(request.user, request.POST.get("submit_key"), act))
        except IllegalMove as refusal:
            form.add_error(None, str(refusal))
    return _proposal_page(request, row, **{name: form, opened: True})


@require_http_methods(["GET", "POST"])
def by_hand(request):
    """Put in a line by hand."""
    permissions.require(request.user, "incentives.propose", request.store)
    initial = {"complaint": request.GET.get("form", "")[:40], "rule": request.GET.get("rule", "P1")[:4]}
    form = ByHandForm(request.POST or None, store=request.store, initial=initial)

    def act() -> str:
        made = services.propose_by_hand(request.store, by=request.user, now=request.now, **form.cleaned_data)
        said = _("The line waits for its decision.")
        if made.status == ProposalStatus.ABSORBED:
            said = _("A larger line on the same form and person stands instead; this one is shown as absorbed.")
        toasts.say_done(request, said)
        return reverse("incentives:proposal", args=[made.pk])

    if form.is_bound and form.is_valid():
        try:
            return HttpResponseRedirect(submits.once(request.user, request.POST.get("submit_key"), act))
        except IllegalMove as refusal:
            form.add_error(None, str(refusal))
    context = {
        "form": form,
        "submit_key": submits.new_key(),
        "back_url": reverse("incentives:proposals"),
        "page_title": pgettext("proposal", "Put in a line by hand"),
    }
    return render(request, "incentives/by_hand.html", context)
