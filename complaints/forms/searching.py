"""The bar over the list of forms."""

from django import forms
from django.utils.translation import gettext_lazy as _

from ..enums import Level
from .base import departments


class FilterForm(forms.Form):
    """What makes no sense is ignored, not refused."""

    q = forms.CharField(
        label=_("Number, customer, plate, phone or words"),
        required=False,
        max_length=60,
        widget=forms.TextInput(
            attrs={
                "class": "form-control form-control-sm c-search",
                "placeholder": _("Number, customer, plate, phone or words"),
                "type": "search",
                "autocomplete": "off",
            }
        ),
    )
    level = forms.ChoiceField(label=_("Level of complaint"), required=False)
    department = forms.ModelChoiceField(label=_("Department"), queryset=None, required=False)
    mine = forms.CharField(required=False, widget=forms.HiddenInput)
    overdue = forms.CharField(required=False, widget=forms.HiddenInput)
    scope = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data, *, store):
        super().__init__(data, auto_id=False)
        self.fields["level"].choices = [("", _("Every level")), *Level.choices]
        self.fields["department"].queryset = departments(store)
        self.fields["department"].empty_label = _("Every department")
        for name in ("level", "department"):
            self.fields[name].widget.attrs["class"] = "form-select form-select-sm"

    def values(self) -> dict:
        """The cleaned values; a field that is wrong counts as empty."""
        self.is_valid()
        return {name: self.cleaned_data.get(name) or "" for name in self.fields}
