"""The duty roster's page: who is off in the next weeks, and who stands in."""

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from csi_portal.desk.setup.forms import DateInput
from csi_portal.organization import permissions, services, submits
from csi_portal.organization.enums import Role
from csi_portal.organization.errors import IllegalMove
from csi_portal.organization.models import Duty, Employee
from csi_portal.organization.toasts import say_done

AHEAD = timedelta(days=31)


class OffForm(forms.Form):
    employee = forms.ModelChoiceField(label=gettext_lazy("Who is off"), queryset=Employee.objects.none())
    first = forms.DateField(label=gettext_lazy("From day"), widget=DateInput())
    last = forms.DateField(label=gettext_lazy("To day"), widget=DateInput(), required=False)
    stand_in = forms.ModelChoiceField(
        label=gettext_lazy("Stand-in"),
        queryset=Employee.objects.none(),
        required=False,
        help_text=gettext_lazy("Gets the reminders and, for care and department work, the rights of these days."),
    )

    def __init__(self, *args, people, stand_ins, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["employee"].queryset = people
        self.fields["stand_in"].queryset = stand_ins

    def clean(self):
        first = self.cleaned_data.get("first")
        last = self.cleaned_data["last"] = self.cleaned_data.get("last") or first
        if first and last < first:
            self.add_error("last", _("The last day lies before the first."))
        return self.cleaned_data


@require_http_methods(["GET", "POST"])
def roster(request):
    """Who is off from today on; noting a day off with a stand-in."""
    permissions.require(request.user, "organization.set_duty", request.store)
    today = request.store.local_date(request.now)
    here = Employee.objects.filter(store=request.store).order_by("department", "name").select_related("department")
    here = here.exclude(active_to__lt=today)
    form = OffForm(
        request.POST or None,
        people=_mine(request, here),
        stand_ins=here.filter(user__is_active=True),
        initial={"first": today},
    )

    def act() -> str:
        given = form.cleaned_data
        stand_in = given["stand_in"]
        services.set_off(
            given["employee"], given["first"], given["last"], stand_in=stand_in, by=request.user, now=request.now
        )
        say_done(request, _said(given["employee"], stand_in))
        return reverse("desk:roster")

    if request.method == "POST" and form.is_valid():
        try:
            return HttpResponseRedirect(submits.once(request.user, request.POST.get("submit_key"), act))
        except IllegalMove as refusal:
            form.add_error(None, str(refusal))
    context = {
        "form": form,
        "days": _days(request, today),
        "submit_key": submits.new_key(),
        "page_title": _("Duty roster"),
    }
    return render(request, "desk/roster.html", context)


def _said(employee, stand_in) -> str:
    if stand_in is None:
        return _("%(name)s is off; nobody stands in.") % {"name": employee.name}
    return _("%(name)s is off; %(other)s stands in.") % {"name": employee.name, "other": stand_in.name}


def _mine(request, employees):
    """A department manager's roster is the own department's."""
    rights = [
        right
        for right in permissions.rights(request.user)
        if right.role in permissions.RULES["organization.set_duty"] and right.covers(request.store.pk)
    ]
    if any(right.role != Role.DEPARTMENT_MANAGER or right.department_id is None for right in rights):
        return employees
    return employees.filter(department__in=[right.department_id for right in rights])


def _days(request, today) -> list[dict]:
    """Day by day, who is off; a line may be taken back by who may set it."""
    lines = (
        Duty.objects.filter(store=request.store, off=True, date__gte=today, date__lt=today + AHEAD)
        .select_related("employee__department", "stand_in")
        .order_by("date", "employee__name")
    )
    days: dict = {}
    for line in lines:
        row = {"line": line, "may_cancel": permissions.can(request.user, "organization.set_duty", line.employee)}
        days.setdefault(line.date, []).append(row)
    return [{"date": date, "is_today": date == today, "rows": rows} for date, rows in days.items()]


@require_POST
def cancel(request, pk):
    """The person comes after all."""
    permissions.require(request.user, "organization.set_duty", request.store)
    duty = get_object_or_404(Duty.objects.select_related("store", "employee__store"), pk=pk, store=request.store)
    try:
        services.cancel_off(duty, by=request.user, now=request.now)
    except IllegalMove as refusal:
        messages.error(request, str(refusal))
    else:
        say_done(request, _("%(name)s is on duty.") % {"name": duty.employee.name})
    return redirect("desk:roster")
