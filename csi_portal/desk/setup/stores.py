"""The store and its departments."""

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from csi_portal.desk.setup.forms import DepartmentNameForm, NewDepartmentForm, NewStoreForm, StoreForm
from csi_portal.desk.setup.sections import enter, page
from csi_portal.organization import permissions, services, submits
from csi_portal.organization.errors import IllegalMove
from csi_portal.organization.fingerprints import fingerprint
from csi_portal.organization.middleware import STORE_SESSION_KEY
from csi_portal.organization.models import Department
from csi_portal.organization.services.stores import STORE_FIELDS
from csi_portal.organization.toasts import say_done


@require_GET
def home(request):
    """The room opens at the people; where there is no store yet, at the first one."""
    enter(request)
    return redirect("settings:new_store" if request.store is None else "settings:employees")


@require_http_methods(["GET", "POST"])
def store(request):
    """Name, time zone, clock and phone of the store at work."""
    enter(request)
    at = _at(request)
    initial = {field: getattr(at, field) for field in STORE_FIELDS}
    form = StoreForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            seen = request.POST.get("seen")
            services.change_store(at, by=request.user, now=request.now, seen=seen, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            say_done(request, _("The store is saved."))
            return redirect("settings:store")
    context = page(
        "store",
        _("Store"),
        form=form,
        seen=request.POST.get("seen") or fingerprint(at, STORE_FIELDS),
        may_open=permissions.can_everywhere(request.user, "organization.manage_store"),
    )
    return render(request, "settings/store.html", context)


@require_http_methods(["GET", "POST"])
def new_store(request):
    """A further store of the group, with its departments; the page goes on in it."""
    permissions.require_everywhere(request.user, "organization.manage_store")
    form = NewStoreForm(request.POST or None)

    def act() -> str:
        made = services.open_store(by=request.user, now=request.now, **form.cleaned_data)
        request.session[STORE_SESSION_KEY] = made.pk
        say_done(request, _("%(name)s is open. Add its people next.") % {"name": made.name})
        return reverse("settings:employees")

    if request.method == "POST" and form.is_valid():
        try:
            return HttpResponseRedirect(submits.once(request.user, request.POST.get("submit_key"), act))
        except IllegalMove as refusal:
            form.add_error("code", str(refusal))
    context = page("store", _("New store"), form=form, submit_key=submits.new_key())
    return render(request, "settings/new_store.html", context)


@require_http_methods(["GET", "POST"])
def departments(request):
    """The departments of the store, and adding one it lacks."""
    enter(request)
    at = _at(request)
    form = NewDepartmentForm(request.POST or None, store=at)
    if request.method == "POST" and form.is_valid():
        try:
            services.add_department(at, by=request.user, now=request.now, **form.cleaned_data)
        except IllegalMove as refusal:
            form.add_error("code", str(refusal))
        else:
            say_done(request, _("The department is added."))
            return redirect("settings:departments")
    rows = [
        {"department": one, "usual": one.get_code_display(), "form": DepartmentNameForm(initial={"name": one.name})}
        for one in Department.objects.filter(store=at).order_by("pk")
    ]
    complete = not form.fields["code"].choices
    return render(
        request,
        "settings/departments.html",
        page("departments", _("Departments"), rows=rows, form=None if complete else form),
    )


@require_POST
def rename_department(request, pk):
    enter(request)
    department = get_object_or_404(Department, pk=pk, store=_at(request))
    form = DepartmentNameForm(request.POST)
    if form.is_valid():
        name = form.cleaned_data["name"]
        services.rename_department(department, name=name, by=request.user, now=request.now)
        say_done(request, _("The name is saved."))
    return redirect("settings:departments")


def _at(request):
    if request.store is None:
        raise Http404
    return request.store
