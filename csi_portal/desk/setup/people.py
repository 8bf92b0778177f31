"""People of the store and their logins."""

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from csi_portal.desk.setup.forms import EmployeeFilter, EmployeeForm, LoginForm
from csi_portal.desk.setup.sections import enter, page
from csi_portal.organization import services, submits
from csi_portal.organization.errors import IllegalMove
from csi_portal.organization.fingerprints import fingerprint
from csi_portal.organization.keyset import page_of
from csi_portal.organization.models import Employee, RoleGrant
from csi_portal.organization.services.people import EMPLOYEE_FIELDS
from csi_portal.organization.toasts import say_done

PAGE_SIZE = 50


@require_GET
def employees(request):
    """Everybody of the store, in the order of staff numbers; who has left stays listed."""
    enter(request)
    if request.store is None:
        return redirect("settings:new_store")
    form = EmployeeFilter(request.GET, store=request.store)
    form.is_valid()
    rows = Employee.objects.filter(store=request.store).select_related("department", "user")
    if q := form.cleaned_data.get("q"):
        rows = rows.filter(Q(name__icontains=q) | Q(staff_number__icontains=q))
    if department := form.cleaned_data.get("department"):
        rows = rows.filter(department=department)
    found = page_of(rows, request.GET, fields=("staff_number", "pk"), size=PAGE_SIZE)
    context = page(
        "employees",
        pgettext("settings", "People"),
        rows=[_row(one, request) for one in found.rows],
        pager=found,
        filter_form=form,
        filtered=bool(q or department),
    )
    template = "settings/_people.html" if request.htmx else "settings/employees.html"
    return render(request, template, context)


def _row(employee, request) -> dict:
    user = employee.user
    return {
        "employee": employee,
        "here": employee.is_active_on(request.store.local_date(request.now)),
        "login": user.username if user else "",
        "closed": user is not None and not user.is_active,
    }


@require_http_methods(["GET", "POST"])
def new_employee(request):
    enter(request)
    if request.store is None:
        raise Http404
    form = EmployeeForm(request.POST or None, store=request.store)

    def act() -> str:
        made = services.add_employee(request.store, by=request.user, now=request.now, **form.values())
        say_done(request, _("%(name)s is added.") % {"name": made.name})
        return reverse("settings:employee", args=[made.pk])

    if request.method == "POST" and form.is_valid():
        try:
            return HttpResponseRedirect(submits.once(request.user, request.POST.get("submit_key"), act))
        except IllegalMove as refusal:
            form.add_error("staff_number", str(refusal))
    context = page(
        "employees",
        _("New person"),
        form=form,
        submit_key=submits.new_key(),
        back_url=reverse("settings:employees"),
    )
    return render(request, "settings/new_employee.html", context)


@require_http_methods(["GET", "POST"])
def employee(request, pk):
    """One person: data, login, roles."""
    enter(request)
    found = _employee(request, pk)
    initial = {field: getattr(found, field) for field in EMPLOYEE_FIELDS} | {"department": found.department_id}
    form = EmployeeForm(request.POST or None, store=request.store, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            seen = request.POST.get("seen")
            services.change_employee(found, by=request.user, now=request.now, seen=seen, **form.values())
        except IllegalMove as refusal:
            form.add_error("staff_number", str(refusal))
        else:
            say_done(request, _("%(name)s is saved.") % {"name": form.cleaned_data["name"]})
            return redirect("settings:employee", pk=found.pk)
    return _person_page(request, found, form=form)


def _person_page(request, found, *, form=None, login_form=None, password: str = ""):
    user = found.user
    grants = RoleGrant.objects.filter(RoleGrant.valid_at(request.now), user=user) if user else RoleGrant.objects.none()
    initial = {field: getattr(found, field) for field in EMPLOYEE_FIELDS} | {"department": found.department_id}
    context = page(
        "employees",
        found.name,
        employee=found,
        form=form or EmployeeForm(store=request.store, initial=initial),
        seen=request.POST.get("seen") or fingerprint(found, EMPLOYEE_FIELDS),
        login_form=None if user else (login_form or LoginForm()),
        password=password,
        grants=grants.select_related("store", "department").order_by("pk"),
        submit_key=submits.new_key(),
        back_url=reverse("settings:employees"),
    )
    return render(request, "settings/employee.html", context)


def _employee(request, pk) -> Employee:
    if request.store is None:
        raise Http404
    return get_object_or_404(Employee.objects.select_related("store", "department", "user"), pk=pk, store=request.store)


@require_POST
@never_cache
def give_login(request, pk):
    """Make the login; the first password is in this answer and nowhere else."""
    enter(request)
    found = _employee(request, pk)
    form = LoginForm(request.POST)
    if not form.is_valid():
        return _person_page(request, found, login_form=form)

    def make() -> str:
        _user, password = services.give_login(found, by=request.user, now=request.now, **form.cleaned_data)
        return password

    try:
        password = _once(request, found, make)
    except IllegalMove as refusal:
        form.add_error("username", str(refusal))
        return _person_page(request, found, login_form=form)
    return _show_password(request, pk, password)


@require_POST
@never_cache
def new_password(request, pk):
    """A new first password; the old one and every session end."""
    enter(request)
    found = _employee(request, pk)
    try:
        password = _once(request, found, lambda: services.new_first_password(found, by=request.user, now=request.now))
    except IllegalMove as refusal:
        return _refused(request, found, refusal)
    return _show_password(request, pk, password)


def _once(request, found, make) -> str:
    """Run `make() -> password` once per submit; a repeat gets nothing, because nothing keeps the password."""
    made = []

    def act() -> str:
        made.append(make())
        return reverse("settings:employee", args=[found.pk])

    submits.once(request.user, request.POST.get("submit_key"), act)
    return made[0] if made else ""


def _show_password(request, pk, password: str):
    if not password:
        return redirect("settings:employee", pk=pk)
    return _person_page(request, _employee(request, pk), password=password)


@require_POST
def close_login(request, pk):
    enter(request)
    return _switch(request, pk, services.close_login, _("The login is closed."))


@require_POST
def reopen_login(request, pk):
    enter(request)
    return _switch(request, pk, services.reopen_login, _("The login is open again."))


def _switch(request, pk, service, said: str):
    found = _employee(request, pk)
    try:
        service(found, by=request.user, now=request.now)
    except IllegalMove as refusal:
        return _refused(request, found, refusal)
    say_done(request, said)
    return redirect("settings:employee", pk=pk)


def _refused(request, found, refusal):
    messages.error(request, str(refusal))
    return redirect("settings:employee", pk=found.pk)
