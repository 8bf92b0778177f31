"""Forms of the business records and of the import."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from csi_portal.organization.models import Employee
from surveys.dms.codes import FIELD_NAMES, Issue
from surveys.enums import VisitKind
from surveys.services.imports import ACCEPTABLE, problem_fields

LONGEST_CELL = 10_000


class VisitFilter(forms.Form):
    """The search over the list; what makes no sense is ignored, not refused."""

    q = forms.CharField(
        label=_("Order number, plate, VIN, name or phone"),
        required=False,
        max_length=60,
        widget=forms.TextInput(
            attrs={
                "class": "form-control form-control-sm visit-search",
                "placeholder": _("Order number, plate, VIN, name or phone"),
                "type": "search",
                "autocomplete": "off",
            }
        ),
    )
    kind = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data):
        super().__init__(data, auto_id=False)


class UploadForm(forms.Form):
    """A file from the DMS, and what it holds where the headings do not tell."""

    file = forms.FileField(
        label=_("File"),
        allow_empty_file=True,
        error_messages={"required": _("Choose a file first.")},
    )
    kind = forms.ChoiceField(
        label=_("What does it hold?"),
        required=False,
        choices=[
            ("", pgettext_lazy("kind of file", "The headings tell")),
            (VisitKind.SERVICE, _("Repair orders")),
            (VisitKind.SALE, _("Deliveries")),
        ],
        widget=forms.RadioSelect,
    )


class KindForm(forms.Form):
    kind = forms.ChoiceField(choices=VisitKind.choices)


class RowForm(forms.Form):
    """The cells of one row that are wrong or unclear, with the headings of the file as labels."""

    def __init__(self, row, titles: dict[str, str], data=None, issues: list[Issue] | None = None):
        super().__init__(data, auto_id=f"row{row.pk}_%s")
        self.row = row
        found = issues if issues is not None else [Issue.from_json(problem) for problem in row.problems]
        names = [name for name in problem_fields(row) if name in row.raw]
        names += [issue.field for issue in found if issue.field in row.raw and issue.field not in names]
        for name in names:
            reasons = [issue.message for issue in found if issue.field == name]
            self.fields[name] = self._cell(row, name, titles, reasons)
        self.acceptable = [issue.code for issue in found if issue.code in ACCEPTABLE]
        if "landline" in self.acceptable:
            self.fields["accept_landline"] = forms.BooleanField(
                label=_("Keep the landline: this customer is called there"), required=False
            )

    def _cell(self, row, name: str, titles: dict[str, str], reasons: list[str]) -> forms.Field:
        two_phones = name == "phone" and any(problem["code"] == "two_phones" for problem in row.problems)
        # Of two numbers the first one is offered; both stand beside the field.
        initial = row.values.get("phone", "") if two_phones else row.raw[name].strip()
        hint = row.raw[name].strip() if two_phones else ""
        if name in ("close_time", "open_time"):
            hint = _("for example 2026-09-05 17:30")
        elif name == "dob":
            hint = _("for example 1990-05-17")
        long_text = name == "remark"
        widget = forms.Textarea(attrs={"rows": 2}) if long_text else forms.TextInput(attrs={"autocomplete": "off"})
        field = forms.CharField(
            label=titles.get(name) or FIELD_NAMES[name],
            required=False,
            max_length=LONGEST_CELL,
            initial="" if initial.startswith("#") else initial,
            help_text=hint,
            widget=widget,
        )
        field.reasons = reasons
        return field

    def cells(self) -> dict[str, str]:
        """The texts by field, as the person left them."""
        return {name: text for name, text in self.cleaned_data.items() if name != "accept_landline"}

    def accepted(self) -> set[str]:
        return {"landline"} if self.cleaned_data.get("accept_landline") else set()

    def lines(self) -> list[dict]:
        """The bound fields with why they are asked for."""
        return [
            {"field": self[name], "reasons": getattr(field, "reasons", []), "is_check": name == "accept_landline"}
            for name, field in self.fields.items()
        ]


class AdviserForm(forms.Form):
    """Whose name it is: one of the store's employees."""

    name = forms.CharField(max_length=60, widget=forms.HiddenInput)
    employee = forms.ModelChoiceField(
        label=_("Employee"),
        queryset=Employee.objects.none(),
        widget=forms.Select(attrs={"class": "form-select form-select-sm"}),
    )

    def __init__(self, data=None, *, store, choices: list[tuple], initial=None):
        """`choices` come from `employee_choices`: asked once for all the names of a page."""
        super().__init__(data, initial=initial, auto_id=False)
        self.fields["employee"].queryset = Employee.objects.filter(store=store)
        self.fields["employee"].choices = choices


def employee_choices(store) -> list[tuple]:
    people = Employee.objects.filter(store=store).select_related("department").order_by("name", "pk")
    named = [(person.pk, f"{person.name} · {person.department}") for person in people]
    return [("", _("Choose an employee")), *named]
