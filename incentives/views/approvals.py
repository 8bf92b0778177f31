"""The approval desk: one list, the evidence, the decision at the foot; after deciding the next one opens."""

from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from csi_portal.organization import permissions, submits, toasts
from csi_portal.organization.errors import IllegalMove
from csi_portal.organization.markup import yuan_text
from incentives import deciding, services
from incentives.models import Objection, Proposal


@require_GET
def approvals(request):
    """Everything that waits for a decision of this person, of every floor."""
    permissions.require(request.user, "incentives.decide", request.store)
    return render(request, "incentives/approvals.html", deciding.desk(request))


@require_POST
def approve(request, pk):
    """Approve a proposal as it was shown."""
    proposal = get_object_or_404(Proposal.objects.visible_to(request.user), pk=pk)

    def act() -> str:
        entry = services.approve(
            proposal, by=request.user, now=request.now, note=request.POST.get("note", ""), version=_version(request)
        )
        said = {"amount": yuan_text(entry.amount, signed=True), "name": entry.beneficiary_name, "n": entry.number}
        toasts.say_done(request, _("Approved and posted as entry %(n)s: %(amount)s for %(name)s") % said)
        return _next(request)

    return _once(request, act, f"{deciding.ENTRIES}:{pk}")


@require_POST
def reject(request, pk):
    """Reject a proposal with a reason."""
    proposal = get_object_or_404(Proposal.objects.visible_to(request.user), pk=pk)

    def act() -> str:
        services.reject(
            proposal, by=request.user, now=request.now, note=request.POST.get("note", ""), version=_version(request)
        )
        toasts.say_done(request, _("Rejected. The facts do not bring it back."))
        return _next(request)

    return _once(request, act, f"{deciding.ENTRIES}:{pk}")


@require_POST
def approve_bonuses(request):
    """Approve the bonuses that were shown together; what changed since stays."""
    permissions.require(request.user, "incentives.decide", request.store)
    shown = [_shown(text) for text in request.POST.getlist("row")[: deciding.MOST]]

    def act() -> str:
        outcome = services.approve_many(
            request.store, [pair for pair in shown if pair], by=request.user, now=request.now
        )
        said = ngettext("%(n)s line approved and posted", "%(n)s lines approved and posted", len(outcome.decided))
        toasts.say_done(request, said % {"n": len(outcome.decided)})
        if outcome.changed:
            text = _("%(n)s changed since they were shown to you and still wait. Please look at them again.")
            toasts.messages.warning(request, text % {"n": len(outcome.changed)})
        return reverse("incentives:approvals")

    return _once(request, act, "")


@require_POST
def rule_objection(request, pk):
    """Uphold or deny an objection, with reasons."""
    objection = get_object_or_404(Objection.objects.visible_to(request.user).select_related("entry"), pk=pk)
    decision = request.POST.get("decision")
    upheld = decision == "uphold"

    def act() -> str:
        if decision not in ("uphold", "deny"):
            raise IllegalMove(_("Say whether the objection is upheld or denied."))
        services.rule_objection(
            objection, upheld=upheld, by=request.user, ruling=request.POST.get("note", ""), now=request.now
        )
        said = _("Upheld: the reversal is posted.") if upheld else _("Denied: the line stands.")
        toasts.say_done(request, said)
        return _next(request)

    return _once(request, act, f"{deciding.OBJECTIONS}:{pk}")


def _once(request, act, key: str):
    """Carry the decision out once; what was not possible is said on the same matter, with the note still there."""
    try:
        return HttpResponseRedirect(submits.once(request.user, request.POST.get("submit_key"), act))
    except IllegalMove as refusal:
        permissions.require(request.user, "incentives.decide", request.store)
        request.GET = request.GET.copy()
        request.GET["item"] = key
        context = deciding.desk(request)
        return render(
            request,
            "incentives/approvals.html",
            {**context, "error": str(refusal), "note": request.POST.get("note", "")},
        )


def _version(request) -> int:
    text = request.POST.get("version", "")
    # a form without the version it showed decides nothing: 0 is no version
    return int(text) if text.isdigit() and len(text) < 10 else 0


def _shown(text: str) -> tuple[int, int] | None:
    pk, _colon, version = text.partition(":")
    sound = pk.isdigit() and version.isdigit() and len(pk) < 19 and len(version) < 10
    return (int(pk), int(version)) if sound else None


def _next(request) -> str:
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts=None) and target.startswith("/")
    return target if safe else reverse("incentives:approvals")
