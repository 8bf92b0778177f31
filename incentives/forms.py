"""Shape of what people type about money; every rule is the services'."""

import re
from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from complaints.models import Complaint
from csi_portal.organization.models import Department, Employee
from incentives.enums import EntryKind, Rule
from incentives.services.proposals import BY_HAND
from incentives.services.rulebook import TREATMENTS

# Plain digits with at most two decimals: what Django's own field takes (1_000, 1e3, Arabic digits) is no amount here.
_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?")


class AmountField(forms.CharField):
    """An amount in yuan as plain digits."""

    default_error_messages = {"amount": _("Enter an amount like 120 or 120.50.")}

    def __init__(self, **kwargs):
        kwargs.setdefault("max_length", 12)
        super().__init__(**kwargs)
        self.widget.attrs.setdefault("inputmode", "decimal")

    def clean(self, value):
        text = super().clean(value)
        if text in self.empty_values:
            return None
        if not _AMOUNT.fullmatch(text):
            raise forms.ValidationError(self.error_messages["amount"], code="amount")
        return Decimal(text)


def reason(label, **kwargs) -> forms.CharField:
    return forms.CharField(label=label, max_length=300, widget=forms.Textarea(attrs={"rows": 2}), **kwargs)


class ByHandForm(forms.Form):
    """A line put in by hand."""

    rule = forms.ChoiceField(label=pgettext_lazy("money", "Rule"))
    employee = forms.ModelChoiceField(label=_("Person"), queryset=Employee.objects.none())
    complaint = forms.CharField(
        label=_("Number of the complaint form"), max_length=40, required=False, help_text=_("Needed for P1, P2 and P3.")
    )
    reference = forms.CharField(
        label=_("Reference of an award"), max_length=40, required=False, help_text=_("Banner, letter, review; for A9.")
    )
    amount = AmountField(
        label=_("Amount in yuan"), required=False, help_text=_("Empty: the rule's lowest. Awards need an amount.")
    )
    occurred_on = forms.DateField(
        label=pgettext_lazy("ledger", "Day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Empty: the day the complaint was received."),
    )
    reason = reason(_("Reason"))

    def __init__(self, *args, store, **kwargs):
        super().__init__(*args, **kwargs)
        self.store = store
        self.fields["rule"].choices = [(rule, f"{rule} {Rule(rule).label}") for rule in BY_HAND]
        self.fields["employee"].queryset = Employee.objects.filter(store=store).order_by("staff_number")

    def clean_complaint(self):
        number = self.cleaned_data["complaint"].strip()
        if not number:
            return None
        found = Complaint.objects.filter(store=self.store, number=number).first()
        if found is None:
            raise forms.ValidationError(_("There is no form with this number in the store."))
        return found


class AmountForm(forms.Form):
    """Another amount inside the range, with its reason."""

    amount = AmountField(label=_("Amount in yuan"))
    reason = reason(_("Reason"))


class ReasonForm(forms.Form):
    """A reason, and nothing else."""

    reason = reason(_("Reason"))


class ObjectionForm(forms.Form):
    """What the person objects to."""

    reason = forms.CharField(label=_("Why you object"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4}))


class AdoptionForm(forms.Form):
    """When the penalty rules were adopted and announced."""

    adopted_on = forms.DateField(label=_("Adopted on"), widget=forms.DateInput(attrs={"type": "date"}))
    announced_on = forms.DateField(label=_("Announced on"), widget=forms.DateInput(attrs={"type": "date"}))
    treatment = forms.ChoiceField(
        label=_("Penalties are"),
        choices=list(zip(TREATMENTS, (_("Performance pay"), _("Compensation")), strict=True)),
    )
    note = reason(_("How it was adopted (meeting, notice)"), required=False)


class LedgerFilter(forms.Form):
    """The filters over the ledger's lines."""

    month = forms.ChoiceField(label=pgettext_lazy("ledger", "Month"), required=False)
    department = forms.ModelChoiceField(label=_("Department"), queryset=Department.objects.none(), required=False)
    rule = forms.ChoiceField(label=pgettext_lazy("money", "Rule"), required=False)
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    q = forms.CharField(label=_("Name, staff number, evidence"), required=False, max_length=60)

    def __init__(self, *args, store, months, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["month"].choices = [("", _("All months")), *months]
        self.fields["department"].queryset = Department.objects.filter(store=store).order_by("pk")
        self.fields["department"].empty_label = _("All departments")
        self.fields["rule"].choices = [("", _("All rules")), *((rule, f"{rule} {rule.label}") for rule in Rule)]
        self.fields["kind"].choices = [("", _("All kinds")), *EntryKind.choices]
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-select form-sm"
        words = _("Name, staff number, evidence")
        self.fields["q"].widget = forms.TextInput(
            attrs={"type": "search", "class": "form-control form-sm", "placeholder": words}
        )
