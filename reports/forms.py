"""Forms of the boards: publishing, and accepting a month."""

from django import forms
from django.utils.translation import gettext_lazy as _

from reports.periods import Period
from surveys.enums import BoardKind


class BoardForm(forms.Form):
    """Which board an act is about; what the page knows, not what the person types."""

    kind = forms.ChoiceField(choices=BoardKind.choices)
    period = forms.CharField()

    def clean_period(self):
        try:
            return Period.parse(self.cleaned_data["period"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error


class PublishForm(forms.Form):
    """Why the figures changed; asked only for a correction."""

    reason = forms.CharField(
        label=_("Why the figures changed"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Everybody who reads the board sees this."),
        error_messages={"required": _("Say why the figures changed; readers see it beside the difference.")},
    )

    def __init__(self, *args, correction: bool, **kwargs):
        super().__init__(*args, **kwargs)
        if not correction:
            del self.fields["reason"]


class AcceptForm(forms.Form):
    reason = forms.CharField(
        label=_("Why the month counts all the same"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": _("Say why the month counts although its sample is not valid.")},
    )
