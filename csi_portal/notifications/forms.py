"""Forms of the inbox."""

from django import forms
from django.utils.translation import gettext_lazy as _


class TickOffForm(forms.Form):
    note = forms.CharField(
        label=_("What was done"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say what was done.")},
    )
