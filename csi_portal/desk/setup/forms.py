"""Forms of the administrator's room: shape, and choices of the own store."""

from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from csi_portal.organization.enums import Clock, DepartmentCode, Role
from csi_portal.organization.models import Department, Store, User

# What most stores pick, first; every zone is accepted.
COMMON_ZONES = [
    "Asia/Shanghai",
    "Asia/Urumqi",
    "Asia/Hong_Kong",
    "Asia/Taipei",
    "Asia/Singapore",
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
]


def zone_choices() -> list[tuple[str, str]]:
    others = sorted(zone for zone in available_timezones() if "/" in zone and zone not in COMMON_ZONES)
    return [(zone, zone) for zone in [*COMMON_ZONES, *others] if not zone.startswith(("Etc/", "posix/", "right/"))]


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self):
        super().__init__(format="%Y-%m-%d")


class StoreForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    timezone = forms.ChoiceField(label=_("Time zone"), choices=zone_choices)
    clock = forms.ChoiceField(
        label=_("Clock for complaint deadlines"),
        choices=Clock.choices,
        help_text=_("Holds for complaints registered from now on; running deadlines keep their times."),
    )
    phone = forms.CharField(label=_("Phone"), max_length=32, required=False)


class NewStoreForm(StoreForm):
    code = forms.RegexField(
        r"\A[A-Z0-9]{1,12}\Z",
        label=_("Code"),
        max_length=12,
        help_text=_("Capital letters and digits; it begins every complaint number and never changes."),
        error_messages={"invalid": _("Use 1 to 12 capital letters and digits.")},
    )
    field_order = ["code", "name", "timezone", "clock", "phone"]

    def clean_code(self):
        code = self.cleaned_data["code"]
        if Store.objects.filter(code=code).exists():
            raise forms.ValidationError(_("A store with this code exists already."))
        return code


class DepartmentNameForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=60, required=False)


class NewDepartmentForm(DepartmentNameForm):
    code = forms.ChoiceField(label=pgettext_lazy("department", "Kind"))
    field_order = ["code", "name"]

    def __init__(self, *args, store, **kwargs):
        super().__init__(*args, **kwargs)
        known = set(Department.objects.filter(store=store).values_list("code", flat=True))
        self.fields["code"].choices = [pair for pair in DepartmentCode.choices if pair[0] not in known]


class EmployeeForm(forms.Form):
    name = forms.CharField(label=pgettext_lazy("person", "Name"), max_length=60)
    staff_number = forms.CharField(label=_("Staff number"), max_length=30)
    department = forms.ModelChoiceField(label=_("Department"), queryset=Department.objects.none())
    position = forms.CharField(label=_("Position"), max_length=60, required=False)
    phone = forms.CharField(label=_("Phone"), max_length=32, required=False)
    active_from = forms.DateField(label=_("Works here from"), required=False, widget=DateInput())
    active_to = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=DateInput(),
        help_text=_("The person's roles in this store end with this day."),
    )
    probation_until = forms.DateField(
        label=_("Probation until"),
        required=False,
        widget=DateInput(),
        help_text=_("No penalties on probation."),
    )

    def __init__(self, *args, store, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["department"].queryset = Department.objects.filter(store=store).order_by("pk")

    def clean(self):
        first, last = self.cleaned_data.get("active_from"), self.cleaned_data.get("active_to")
        if first and last and last < first:
            self.add_error("active_to", _("The last day lies before the first."))
        return self.cleaned_data

    def values(self) -> dict:
        """What the services take: the department by its id."""
        values = dict(self.cleaned_data)
        values["department_id"] = values.pop("department").pk
        return values


class EmployeeFilter(forms.Form):
    q = forms.CharField(
        required=False,
        label=_("Name or staff number"),
        widget=forms.TextInput(attrs={"type": "search", "class": "form-control form-sm"}),
    )
    department = forms.ModelChoiceField(
        required=False,
        label=_("Department"),
        queryset=Department.objects.none(),
        empty_label=_("All departments"),
        widget=forms.Select(attrs={"class": "form-select form-sm"}),
    )

    def __init__(self, *args, store, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["department"].queryset = Department.objects.filter(store=store).order_by("pk")
        self.fields["q"].widget.attrs["placeholder"] = self.fields["q"].label


class LoginForm(forms.Form):
    username = forms.CharField(label=_("Login name"), max_length=150)
    email = forms.EmailField(label=_("E-mail"), required=False, help_text=_("Reminders go there too."))


class GrantForm(forms.Form):
    """Whom, which role, for which department, until when."""

    username = forms.CharField(label=_("Login name"), max_length=150, widget=forms.TextInput(attrs={"list": "logins"}))
    role = forms.ChoiceField(label=_("Role"), choices=[pair for pair in Role.choices if pair[0] != Role.EMPLOYEE])
    department = forms.ModelChoiceField(
        label=_("Department"),
        queryset=Department.objects.none(),
        required=False,
        help_text=_("Only for department managers."),
    )
    last_day = forms.DateField(
        label=_("Until"), required=False, widget=DateInput(), help_text=_("Empty: until it is withdrawn.")
    )
    all_stores = forms.BooleanField(label=_("For all stores"), required=False)

    def __init__(self, *args, store, everywhere: bool, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["department"].queryset = Department.objects.filter(store=store).order_by("pk")
        if not everywhere:
            del self.fields["all_stores"]

    def clean_username(self):
        user = User.objects.filter(username=self.cleaned_data["username"].strip(), is_active=True).first()
        if user is None:
            raise forms.ValidationError(_("There is no such login. Give the person a login first."))
        self.user = user
        return user.username

    def clean(self):
        role, department = self.cleaned_data.get("role"), self.cleaned_data.get("department")
        if role == Role.DEPARTMENT_MANAGER and department is None:
            self.add_error("department", _("Choose the department this person manages."))
        if role != Role.DEPARTMENT_MANAGER:
            self.cleaned_data["department"] = None
        return self.cleaned_data


class DeclineForm(forms.Form):
    reason = forms.CharField(
        label=_("Why not"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": _("Say why.")},
    )
