"""One tracking form: the page, its verbs, the phone, "I have it"."""

from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from csi_portal.organization import audit, permissions
from csi_portal.organization.errors import IllegalMove
from csi_portal.organization.submits import once
from csi_portal.organization.toasts import say_done

from .. import services
from ..actions import ACTIONS, Action, Call
from ..enums import Level, Step, TryResult
from ..models import Alert, Complaint
from ..pages.detail import detail_context

# The daily batch of grumbles closed together.
MOST_TOGETHER = 100


def fetch(request, number: str) -> Complaint:
    """The form by its number, where the person may see it; else 404."""
    rows = (
        Complaint.objects.visible_to(request.user)
        .select_related(
            "store", "case", "previous", "customer", "vehicle", "visit", "department", "category__parent",
            "care_agent", "assignee__user", "registered_by", "policy_version", "calendar_version",
        )
        .prefetch_related(
            "responsibilities__employee__user", "signatures", "instructions__answered_by", "holdings__holder",
            "holdings__department",
        )
    )  # fmt: skip
    return get_object_or_404(rows, number=number)


@require_GET
def complaint_detail(request, number):
    """The form with its steps, its timeline and the next step of this person."""
    form = fetch(request, number)
    return page(request, form, chosen=request.GET.get("do", ""))


def page(request, form, *, status: int = 200, **context):
    return render(request, "complaints/detail.html", detail_context(request, form, **context), status=status)


def action_view(action: Action):
    """The view of one verb: right, form, one service, message, back to the page."""

    @require_POST
    def view(request, number):
        complaint = fetch(request, number)
        permissions.require(request.user, action.permission(complaint), complaint)
        form = action.form(request.POST, complaint=complaint, user=request.user, now=request.now)
        if not form.is_valid():
            return page(request, complaint, chosen=action.name, bound=form)
        try:
            return HttpResponseRedirect(_act_once(request, action, complaint, form))
        except IllegalMove as refusal:
            form.add_error(None, str(refusal))
            return page(request, fetch(request, number), chosen=action.name, bound=form)

    view.__doc__ = f"{action.title}."
    return view


def _act_once(request, action: Action, complaint, form) -> str:
    def act() -> str:
        call = Call(complaint, request.user, request.now, request.POST.get("version"), form)
        say_done(request, action.run(call))
        return next_path(request) or complaint.get_absolute_url()

    return once(request.user, request.POST.get("submit_key"), act)


def next_path(request) -> str:
    """Where the approval desk goes on after a decision made there; nothing for any other page."""
    target = request.POST.get("next", "")
    return target if target.startswith("/") and url_has_allowed_host_and_scheme(target, allowed_hosts=None) else ""


def _next(request, default: str) -> str:
    """Where the page that asked wants to go (the approval desk's next matter), else the default."""
    target = request.POST.get("next", "")
    safe = target.startswith("/") and url_has_allowed_host_and_scheme(target, allowed_hosts=None)
    return target if safe else default


@require_POST
def approve_grumbles(request):
    """Close the grumbles that were shown together; what changed since stays."""
    permissions.require(request.user, "complaints.approve", request.store)
    shown = [pair.partition(":") for pair in request.POST.getlist("form")[:MOST_TOGETHER]]
    seen = {int(pk): version for pk, _colon, version in shown if pk.isdigit() and version.isdigit()}
    forms = Complaint.objects.filter(store=request.store, level=Level.GRUMBLE, pk__in=seen).visible_to(request.user)

    def act() -> str:
        fresh = [form for form in forms if str(form.version) == seen[form.pk]]
        closed, refused = services.approve_many(fresh, by=request.user, now=request.now)
        left = len(seen) - len(closed)
        said = ngettext("%(n)s grumble closed.", "%(n)s grumbles closed.", len(closed)) % {"n": len(closed)}
        if left:
            said += " " + _("%(n)s still wait; please look at them one by one.") % {"n": left}
        say_done(request, said)
        return _next(request, reverse("complaints:list"))

    return HttpResponseRedirect(once(request.user, request.POST.get("submit_key"), act))


@require_POST
def reveal_phone(request, number):
    """Show the customer's number to dial; the reveal is logged, and where a contact is due the dial is a try."""
    form = fetch(request, number)
    permissions.require(request.user, "surveys.reveal_phone", form)
    if form.customer is None or not form.customer.phone:
        return page(request, form)
    phone = form.customer.phone
    audit.record(
        request.user,
        "phone.revealed",
        form.customer,
        store=form.store,
        at=request.now,
        tail=phone[-4:],
        form=form.number,
    )
    _log_dial(request, form)
    if request.htmx:
        return render(request, "complaints/_phone.html", {"form": form, "phone": phone})
    return page(request, fetch(request, number), phone=phone)


def _log_dial(request, form) -> None:
    for step in (Step.FIRST_CONTACT, Step.CALLBACK):
        try:
            services.log_try(form, step, by=request.user, now=request.now, result=TryResult.DIALLED)
            return
        except (IllegalMove, permissions.NotAllowed):
            continue  # no contact is due from this person now; the reveal itself is logged


@require_POST
def take_alert(request, pk):
    """ "I have it": the others see who is on it."""
    visible = Complaint.objects.visible_to(request.user)
    alert = get_object_or_404(
        Alert.objects.select_related("deadline__complaint__store"), pk=pk, deadline__complaint__in=visible
    )
    services.acknowledge_alert(alert, by=request.user, now=request.now)
    say_done(request, _("Noted: you have it."))
    return redirect(alert.deadline.complaint)


ACTION_VIEWS = {name: action_view(action) for name, action in ACTIONS.items()}
