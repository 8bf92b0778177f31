"""The form that opens a tracking form."""

from datetime import timedelta

from django import forms
from django.utils.translation import gettext_lazy as _

from csi_portal.organization import permissions

from ..enums import CategoryKind, Level, Source
from ..models import Category
from .base import LocalDateTimeField, colleagues, departments, dress, line, text_area, with_department
from .choices import category_choices

# Registered later than this after the customer spoke: the form asks why.
JUST_NOW = timedelta(minutes=1)


class RegisterForm(forms.Form):
    """What the customer said, when, where it came from; who and which car stand beside it."""

    source = forms.ChoiceField(label=_("How it reached us"), choices=Source.choices)
    level = forms.ChoiceField(label=_("How serious it is"), choices=Level.choices, widget=forms.RadioSelect)
    summary = forms.CharField(
        label=_("What the customer said"),
        widget=text_area(4, placeholder=_("In the customer's own words")),
        max_length=5000,
    )
    demand = forms.CharField(
        label=_("What the customer asks for"), required=False, max_length=2000, widget=text_area(2)
    )
    category = forms.ModelChoiceField(label=_("Category"), queryset=None, required=False)
    major_reason = forms.CharField(
        label=_("Why it is major"),
        required=False,
        max_length=300,
        widget=line(placeholder=_("Injury or safety, media or authority, lawyer, amount")),
    )
    received_at = LocalDateTimeField(label=_("When the customer said it"), required=False)
    late_reason = forms.CharField(label=_("Why it is registered later"), required=False, max_length=300, widget=line())
    department = forms.ModelChoiceField(label=_("Pass on at once to"), queryset=None, required=False)
    responsible = forms.ModelChoiceField(label=_("Directly responsible"), queryset=None, required=False)
    customer_name = forms.CharField(label=_("Customer"), required=False, max_length=120, widget=line())
    customer_phone = forms.CharField(label=_("Phone"), required=False, max_length=40, widget=line(inputmode="tel"))
    plate = forms.CharField(label=_("Plate"), required=False, max_length=20, widget=line())

    def __init__(self, data=None, *, store, user, now, received_at=None, **kwargs):
        self.store = store
        self.now = now
        self._given = received_at  # the exact end of the call, where the form came from one
        super().__init__(data, auto_id="new-%s", **kwargs)
        self.fields["received_at"].store = store
        self.fields["category"].queryset = Category.objects.filter(kind=CategoryKind.CATEGORY, is_active=True)
        self.fields["category"].choices = category_choices(CategoryKind.CATEGORY, store)
        self.fields["department"].queryset = departments(store)
        self.fields["department"].empty_label = _("Not yet, customer care passes it on")
        self.fields["responsible"].queryset = colleagues(store, now)
        self.fields["responsible"].label_from_instance = with_department
        self.fields["responsible"].empty_label = _("Not known yet")
        if not permissions.can(user, "complaints.blame", store):
            del self.fields["responsible"]
        for field in self.fields.values():
            dress(field)

    def clean_received_at(self):
        """The instant; a call's own end keeps its seconds where the person left it as it was."""
        found = self.cleaned_data.get("received_at")
        if found is None:
            return None
        if self._given is not None and found == self._given.replace(second=0, microsecond=0):
            return self._given
        if found > self.now:
            raise forms.ValidationError(_("This time has not come yet."))
        return found

    def clean(self):
        found = super().clean()
        received = found.get("received_at")
        if received is not None and self.now - received > JUST_NOW and not found.get("late_reason", "").strip():
            self.add_error("late_reason", _("Say why it is registered later than the customer said it."))
        if found.get("level") == Level.MAJOR and not found.get("major_reason", "").strip():
            self.add_error("major_reason", _("Say what makes it a major complaint."))
        return found
