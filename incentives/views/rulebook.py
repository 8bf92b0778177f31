"""The rules in words, the adoption switch, the notice board."""

from django.db.models import Count, Sum
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from csi_portal.organization import permissions, submits, toasts
from csi_portal.organization.enums import PolicyKind
from csi_portal.organization.errors import IllegalMove
from csi_portal.organization.policies import current_policy
from incentives import presentation, rule_words, services
from incentives.enums import EntryKind
from incentives.forms import AdoptionForm, ReasonForm
from incentives.models import Adoption, LedgerEntry
from reports.periods import MONTH, Period

# The notice board shows so many months back.
BOARD_MONTHS = 3


@require_GET
def rules(request):
    """The rules in words with their amounts and version, and whether penalties hold."""
    permissions.require(request.user, "incentives.view_rules", request.store)
    return _rules_page(request)


def _rules_page(request, **more):
    version = current_policy(PolicyKind.INCENTIVES, request.store, request.now)
    adoptions = Adoption.objects.filter(store=request.store).select_related("recorded_by").order_by("-pk")
    current = next((adoption for adoption in adoptions if adoption.ended_on is None), None)
    may_switch = permissions.can(request.user, "incentives.record_adoption", request.store)
    context = {
        "rules": rule_words.in_words(version.data),
        "cap": rule_words.wage_cap_words(version.data),
        "version": version,
        "adoption": current,
        "treatment": rule_words.treatment_words(current.treatment) if current else "",
        "ended": [adoption for adoption in adoptions if adoption.ended_on is not None],
        "may_switch": may_switch,
        "adoption_form": AdoptionForm() if may_switch and current is None else None,
        "end_form": ReasonForm() if may_switch and current is not None else None,
        "submit_key": submits.new_key(),
        "tabs": presentation.tabs(request, "rules"),
        "page_title": _("Rules of rewards and penalties"),
    }
    return render(request, "incentives/rules.html", context | more)


@require_POST
def record_adoption(request):
    """Record that the penalty rules were adopted and announced."""
    permissions.require(request.user, "incentives.record_adoption", request.store)
    form = AdoptionForm(request.POST)

    def act() -> str:
        services.record_adoption(request.store, by=request.user, now=request.now, **form.cleaned_data)
        toasts.say_done(request, _("Recorded. Penalties are proposed from that day on."))
        return reverse("incentives:rules")

    if form.is_valid():
        try:
            return HttpResponseRedirect(submits.once(request.user, request.POST.get("submit_key"), act))
        except IllegalMove as refusal:
            form.add_error(None, str(refusal))
    return _rules_page(request, adoption_form=form)


@require_POST
def end_adoption(request, pk):
    """Switch the penalties off."""
    permissions.require(request.user, "incentives.record_adoption", request.store)
    adoption = get_object_or_404(Adoption, pk=pk, store=request.store)
    form = ReasonForm(request.POST)

    def act() -> str:
        services.end_adoption(adoption, by=request.user, now=request.now, reason=form.cleaned_data["reason"])
        toasts.say_done(request, _("Switched off. Facts from today on propose no penalties."))
        return reverse("incentives:rules")

    if form.is_valid():
        try:
            return HttpResponseRedirect(submits.once(request.user, request.POST.get("submit_key"), act))
        except IllegalMove as refusal:
            form.add_error(None, str(refusal))
    return _rules_page(request, end_form=form, end_open=True)


@require_GET
def notices(request):
    """The notice board: bonuses by name, penalties only in totals."""
    permissions.require(request.user, "incentives.view_notices", request.store)
    period = Period.of(MONTH, request.store.local_date(request.now))
    months = []
    for _month in range(BOARD_MONTHS):
        months.append(_board_month(request.store, period.start))
        period = period.previous()
    context = {"months": [month for month in months if month["bonuses"] or month["penalties"]]}
    return render(request, "incentives/notices.html", context)


def _board_month(store, month) -> dict:
    standing = LedgerEntry.objects.filter(store=store, month=month, reversed_by=None)
    bonuses = standing.filter(kind=EntryKind.BONUS).order_by("-number")
    penalties = standing.filter(kind=EntryKind.PENALTY).aggregate(count=Count("pk"), total=Sum("amount"))
    return {
        "label": presentation.month_label(month),
        "bonuses": [presentation.entry_row(entry) for entry in bonuses],
        "penalties": penalties["count"],
        "penalty_total": penalties["total"],
    }
