"""The forms of the steps, each asking for exactly what its step needs."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ..enums import CategoryKind, Level
from ..models import Category
from .base import ActionForm, TimedForm, colleagues, departments, line, text_area, with_department
from .choices import category_choices


class NoteForm(TimedForm):
    """A step that needs no more than a word."""

    note = forms.CharField(label=_("Note"), required=False, widget=text_area(2))
    field_order = ["note"]


class TransferForm(TimedForm):
    wide = ("department", "note")
    department = forms.ModelChoiceField(
        label=_("To which department"), queryset=None, widget=forms.RadioSelect, empty_label=None
    )
    assignee = forms.ModelChoiceField(label=_("Handled by"), queryset=None, required=False)
    note = forms.CharField(label=_("What the department should know"), required=False, widget=text_area(2))
    field_order = ["department", "assignee", "note"]

    def prepare(self) -> None:
        super().prepare()
        self.fields["department"].queryset = departments(self.complaint.store)
        self.fields["department"].initial = self._likely()
        self.fields["assignee"].queryset = colleagues(self.complaint.store, self.now)
        self.fields["assignee"].label_from_instance = with_department
        self.fields["assignee"].empty_label = _("The manager decides")
        if self.complaint.level != Level.GRUMBLE:
            del self.fields["assignee"]

    def _likely(self):
        """The department the category usually goes to, else the one of the visit."""
        form = self.complaint
        if form.department_id:
            return form.department_id
        code = form.category.department if form.category else ""
        if not code and form.visit is not None:
            code = "sales" if form.visit.kind == "sale" else "after_sales"
        return next((row.pk for row in self.fields["department"].queryset if row.code == code), None)


class ContactForm(TimedForm):
    """Spoken with, or another try."""

    wide = ("result", "note")

    result = forms.ChoiceField(
        label=_("How it went"),
        widget=forms.RadioSelect,
        initial="reached",
        choices=[
            ("reached", _("Spoke with the customer")),
            ("not_reached", _("Not reached")),
            ("sms", _("Not reached, SMS sent")),
        ],
    )
    note = forms.CharField(
        label=_("What was said"),
        required=False,
        widget=text_area(2, placeholder=_("What the customer said, what you agreed on next")),
    )
    field_order = ["result", "note"]

    def clean(self):
        found = super().clean()
        if found.get("result") == "reached" and not found.get("note", "").strip():
            self.add_error("note", _("Write in a few words what was said."))
        return found


class ReplyForm(TimedForm):
    wide = ("note",)
    note = forms.CharField(label=_("The answer given to the customer"), widget=text_area(3))
    field_order = ["note"]


class ResolutionForm(TimedForm):
    remedy = forms.CharField(
        label=_("What was agreed with the customer"),
        widget=text_area(2, placeholder=_("What the customer gets, until when, what it costs")),
    )
    cause = forms.CharField(label=_("What caused the complaint"), widget=text_area(2))
    cause_category = forms.ModelChoiceField(
        label=_("Kind of cause"), queryset=None, required=False, empty_label=_("Not chosen")
    )
    measures = forms.CharField(
        label=_("What is done so that it does not happen again"),
        required=False,
        widget=text_area(2, placeholder=_("May follow within 24 hours")),
    )
    agreed = forms.ChoiceField(
        label=_("Does the customer agree?"),
        widget=forms.RadioSelect,
        initial="yes",
        choices=[
            ("yes", pgettext_lazy("customer", "The customer agrees")),
            ("no", pgettext_lazy("customer", "Not yet agreed")),
        ],
    )
    field_order = ["remedy", "cause", "measures", "cause_category", "agreed"]

    def prepare(self) -> None:
        super().prepare()
        field = self.fields["cause_category"]
        field.queryset = Category.objects.filter(kind=CategoryKind.CAUSE, is_active=True)
        field.choices = category_choices(CategoryKind.CAUSE, self.complaint.store)


class CallbackForm(TimedForm):
    wide = ("overall", "result", "note")
    overall = forms.TypedChoiceField(
        label=_("How satisfied is the customer with the handling?"),
        widget=forms.RadioSelect,
        coerce=int,
        required=False,
        choices=[
            (5, pgettext_lazy("satisfaction", "5 very satisfied")),
            (4, pgettext_lazy("satisfaction", "4 satisfied")),
            (3, pgettext_lazy("satisfaction", "3 so so")),
            (2, pgettext_lazy("satisfaction", "2 dissatisfied")),
            (1, pgettext_lazy("satisfaction", "1 very dissatisfied")),
        ],
    )
    result = forms.ChoiceField(
        label=_("Not answered"),
        widget=forms.RadioSelect,
        required=False,
        choices=[("not_reached", _("Not reached")), ("refused", _("Does not want to be asked"))],
    )
    note = forms.CharField(
        label=_("What the customer said"),
        required=False,
        widget=text_area(2, placeholder=_("Not satisfied: the words open the next round")),
    )
    field_order = ["overall", "result", "note"]

    def clean(self):
        found = super().clean()
        overall, result = found.get("overall"), found.get("result")
        if bool(overall) == bool(result):
            raise forms.ValidationError(_("Choose either how satisfied the customer is, or why there is no answer."))
        if overall and overall < 4 and not found.get("note", "").strip():
            self.add_error("note", _("Write what the customer is not satisfied with; it opens the next round."))
        return found


class MeasuresForm(TimedForm):
    wide = ("measures",)
    measures = forms.CharField(label=_("What is done so that it does not happen again"), widget=text_area(3))
    field_order = ["measures"]


class RegionForm(TimedForm):
    recipient = forms.CharField(label=_("To whom in the region"), max_length=120, widget=line())
    channel = forms.CharField(
        label=_("How"), max_length=60, widget=line(placeholder=_("Telephone, e-mail, the maker's system"))
    )
    note = forms.CharField(label=_("Note"), required=False, widget=text_area(2))
    field_order = ["recipient", "channel", "note"]


class ApprovalForm(ActionForm):
    note = forms.CharField(
        label=_("Your word on the handling"), required=False, widget=text_area(2, placeholder=_("Optional"))
    )
