"""Business records: the list, and names of advisers that are nobody's yet."""

from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods
from django.views.decorators.vary import vary_on_headers

from csi_portal.organization import permissions, toasts
from surveys import visit_pages
from surveys.services import advisers
from surveys.visit_forms import AdviserForm, VisitFilter, employee_choices


@require_GET
@vary_on_headers("HX-Request")
def visits(request):
    """Deliveries and repair orders of the store at work, newest first."""
    permissions.require(request.user, "surveys.view_visits", request.store)
    context = visit_pages.visits_context(request, VisitFilter(request.GET))
    partial = request.htmx and request.htmx.target == "visits-list"
    return render(request, "surveys/visits/_list.html" if partial else "surveys/visits/list.html", context)


@require_http_methods(["GET", "POST"])
def adviser_names(request):
    """Names of advisers the portal cannot match, each to be given to an employee once."""
    permissions.require(request.user, "surveys.clarify", request.store)
    form, choices = None, employee_choices(request.store)
    if request.method == "POST":
        form = AdviserForm(request.POST, store=request.store, choices=choices)
        if form.is_valid():
            return _mapped(request, form.cleaned_data["name"], form.cleaned_data["employee"])
    lines = []
    for name in visit_pages.unknown_advisers(request.store):
        bad = form is not None and form.data.get("name") == name["advisor_name"]
        initial = {"name": name["advisor_name"]}
        own = form if bad else AdviserForm(store=request.store, choices=choices, initial=initial)
        lines.append(name | {"form": own})
    context = {"lines": lines, "back_url": reverse("surveys:visits")}
    return render(request, "surveys/visits/advisers.html", context)


def _mapped(request, name: str, employee):
    changed = advisers.map_adviser(request.store, name, employee, by=request.user, now=request.now)
    text = ngettext(
        "“%(name)s” is %(employee)s now, in %(n)d order.",
        "“%(name)s” is %(employee)s now, in %(n)d orders.",
        changed,
    )
    toasts.say_done(request, text % {"name": name, "employee": employee.name, "n": changed})
    return HttpResponseRedirect(reverse("surveys:advisers"))
