"""Opening a tracking form in the browser, from a call or from any other source."""

from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from csi_portal.organization import permissions
from csi_portal.organization.errors import IllegalMove
from csi_portal.organization.submits import new_key, once
from csi_portal.organization.toasts import say_done
from surveys.services.walk_ins import note_customer

from .. import services
from ..enums import Level, Source
from ..forms import RegisterForm
from ..pages.registering import Subject, due_preview, found, subject_of, words_of


@require_http_methods(["GET", "POST"])
def new(request):
    """The form, its search for the customer, and the registering itself."""
    permissions.require(request.user, "complaints.register", request.store)
    if request.method == "GET" and request.htmx and "find" in request.GET:
        return render(request, "complaints/_found.html", {"found": found(request, request.GET["find"]), "asked": True})
    subject = subject_of(request)
    if request.method == "GET":
        return _page(request, subject, _form(request, subject))
    form = _form(request, subject, request.POST)
    if not form.is_valid():
        return _page(request, subject, form)
    try:
        return HttpResponseRedirect(
            once(request.user, request.POST.get("submit_key"), lambda: _register(request, subject, form))
        )
    except IllegalMove as refusal:
        form.add_error(None, str(refusal))
        return _page(request, subject, form)


def _form(request, subject: Subject, data=None) -> RegisterForm:
    at = subject.response.completed_at if subject.response is not None else None
    initial = {"level": Level.GENERAL, "source": Source.HOTLINE}
    if subject.response is not None:
        initial = {
            "level": Level.GRUMBLE,
            "source": Source.FOLLOW_UP_CALL,
            "summary": words_of(subject),
            "received_at": request.store.local(at).strftime("%Y-%m-%dT%H:%M") if at else "",
            "late_reason": _("The end of the call"),
        }
    return RegisterForm(data, store=request.store, user=request.user, now=request.now, received_at=at, initial=initial)


def _page(request, subject: Subject, form: RegisterForm):
    text = request.GET.get("find", "")
    context = {
        "form": form,
        "subject": subject,
        "found": found(request, text) if text else [],
        "find": text,
        "asked": bool(text),
        "open_forms": subject.open_forms().with_list_relations()[:3],
        "levels": Level.labels,
        "preview": due_preview(request.store, request.now),
        "submit_key": new_key(),
    }
    return render(request, "complaints/new.html", context)


def _register(request, subject: Subject, form: RegisterForm) -> str:
    data = form.cleaned_data
    customer, vehicle = subject.customer, subject.vehicle
    if customer is None and data["customer_name"].strip():
        customer, vehicle = note_customer(
            request.store,
            name=data["customer_name"],
            phone=data["customer_phone"],
            plate=data["plate"],
            by=request.user,
            now=request.now,
        )
    names = ("level", "source", "summary", "demand", "category", "major_reason", "late_reason", "department")
    complaint = services.register(
        store=request.store,
        by=request.user,
        now=request.now,
        received_at=data["received_at"],
        customer=customer,
        vehicle=vehicle,
        visit=subject.visit,
        response=subject.response,
        responsible=data.get("responsible"),
        **{name: data[name] for name in names},
    )
    said = _("Registered as %(number)s.") % {"number": complaint.number}
    if complaint.level != data["level"]:
        said += " " + _("Because of the source it is a %(level)s.") % {"level": complaint.get_level_display()}
    say_done(request, said)
    return complaint.get_absolute_url()
