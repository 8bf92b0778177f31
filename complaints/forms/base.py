"""What the forms of a tracking form share: its people, and the time something happened."""

from datetime import datetime

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from csi_portal.organization import permissions
from csi_portal.organization.enums import Role
from csi_portal.organization.models import Department, Employee, RoleGrant, User


class LocalDateTimeField(forms.CharField):
    """A wall-clock time of the store, as `datetime-local` sends it; cleaned to an aware instant."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "60"}, format="%Y-%m-%dT%H:%M")

    def __init__(self, *, store=None, **kwargs):
        self.store = store
        super().__init__(**kwargs)

    def clean(self, value) -> datetime | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            wall = datetime.fromisoformat(text)
        except ValueError as error:
            raise forms.ValidationError(_("Write the time as 2026-11-21 15:05.")) from error
        return wall.replace(tzinfo=self.store.zone) if wall.tzinfo is None else wall


def dress(field: forms.Field) -> None:
    """Give a control the look of its kind."""
    kind = type(field.widget)
    if kind is forms.Select:
        field.widget.attrs.setdefault("class", "form-select")
    elif kind in (forms.RadioSelect, forms.CheckboxInput):
        field.widget.attrs.setdefault("class", "form-check-input")
    elif not field.widget.is_hidden:
        field.widget.attrs.setdefault("class", "form-control")


def text_area(rows: int = 3, **attrs) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "class": "form-control", **attrs})


def line(**attrs) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", **attrs})


class ActionForm(forms.Form):
    """A form in the box of a tracking form. `main` fields show, `more` ones fold away."""

    more: tuple[str, ...] = ()
    wide: tuple[str, ...] = ("note",)  # over both columns of the box

    def __init__(self, data=None, *, complaint, user, now):
        self.complaint = complaint
        self.user = user
        self.now = now
        super().__init__(data, auto_id="do-%s")
        self.prepare()
        for field in self.fields.values():
            dress(field)

    def prepare(self) -> None:
        """Fill in choices that depend on the form or the person."""

    @property
    def main_fields(self):
        return [self[name] for name in self.fields if name not in self.more]

    @property
    def more_fields(self):
        return [self[name] for name in self.more if name in self.fields]

    @property
    def more_open(self) -> bool:
        return any(field.errors or (self.is_bound and field.value()) for field in self.more_fields)


class TimedForm(ActionForm):
    """Something that may have happened a little earlier; further back the care manager enters it with evidence."""

    happened_at = LocalDateTimeField(label=_("When it happened"), required=False)
    evidence = forms.CharField(label=_("Evidence"), required=False, max_length=300, widget=line())
    done_by = forms.ModelChoiceField(
        label=_("Who did it"), queryset=User.objects.none(), required=False, empty_label=_("I did")
    )
    more = ("happened_at", "evidence", "done_by")

    def prepare(self) -> None:
        self.fields["happened_at"].store = self.complaint.store
        if permissions.can(self.user, "complaints.confirm_late_entry", self.complaint):
            self.fields["done_by"].queryset = actors(self.complaint)
            self.fields["done_by"].label_from_instance = User.display_name
        else:
            # only the care manager enters what somebody else did, or what lies further back
            del self.fields["evidence"], self.fields["done_by"]

    def timing(self) -> dict:
        """The arguments of a service about time and person."""
        found = {"happened_at": self.cleaned_data.get("happened_at")}
        if self.cleaned_data.get("evidence"):
            found["evidence"] = self.cleaned_data["evidence"]
        if self.cleaned_data.get("done_by"):
            found["done_by"] = self.cleaned_data["done_by"]
        return found


def actors(complaint):
    """Logins that may have acted on the form: of its department, its person, and customer care."""
    care = RoleGrant.objects.filter(
        Q(store=complaint.store_id) | Q(store=None), role__in=[Role.CARE_AGENT, Role.CARE_MANAGER]
    )
    managers = RoleGrant.objects.filter(
        Q(store=complaint.store_id) | Q(store=None),
        Q(department=complaint.department_id) | Q(department=None),
        role=Role.DEPARTMENT_MANAGER,
    )
    wanted = Q(pk__in=care.values("user")) | Q(pk__in=managers.values("user"))
    if complaint.assignee_id:
        wanted |= Q(employees=complaint.assignee_id)
    return User.objects.filter(wanted, is_active=True).order_by("username").distinct()


def departments(store):
    return Department.objects.filter(store=store).order_by("pk")


def colleagues(store, now, department=None):
    """Employees of the store who work there today, those of the department first."""
    today = store.local_date(now)
    people = Employee.objects.filter(
        Q(active_from=None) | Q(active_from__lte=today), Q(active_to=None) | Q(active_to__gte=today), store=store
    )
    if department is not None:
        people = people.filter(department=department)
    return people.select_related("department").order_by("department", "name")


def with_department(person: Employee) -> str:
    return f"{person.name} · {person.department}"
