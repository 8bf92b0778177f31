"""The forms behind "other actions" on a tracking form."""

from django import forms
from django.utils.translation import gettext_lazy as _

from csi_portal.organization import permissions
from csi_portal.organization.enums import Role
from csi_portal.organization.models import User

from ..enums import Degree, Level, Step
from ..services.deciding import speaks_of_neglect
from .base import ActionForm, colleagues, departments, text_area, with_department


class EmptyForm(ActionForm):
    """Nothing to fill in."""


class AssignForm(ActionForm):
    department = forms.ModelChoiceField(label=_("Department"), queryset=None, required=False)
    assignee = forms.ModelChoiceField(label=_("Handled by"), queryset=None, required=False)
    care_agent = forms.ModelChoiceField(label=_("Care agent"), queryset=None, required=False)
    note = forms.CharField(label=_("Why"), required=False, widget=text_area(2))

    def prepare(self) -> None:
        form = self.complaint
        for name in ("department", "assignee", "care_agent"):
            self.fields[name].empty_label = _("As it is")
        self.fields["department"].queryset = departments(form.store).exclude(pk=form.department_id)
        self.fields["assignee"].queryset = colleagues(form.store, self.now).exclude(pk=form.assignee_id)
        self.fields["assignee"].label_from_instance = with_department
        agents = User.objects.filter(
            grants__role__in=[Role.CARE_AGENT, Role.CARE_MANAGER], grants__store=form.store, is_active=True
        )
        self.fields["care_agent"].queryset = agents.exclude(pk=form.care_agent_id).order_by("username").distinct()
        self.fields["care_agent"].label_from_instance = User.display_name


class TextForm(ActionForm):
    note = forms.CharField(label=_("Note"), widget=text_area(3))


class ChaseForm(ActionForm):
    note = forms.CharField(label=_("Word with it"), required=False, widget=text_area(2))


class QuestionForm(ActionForm):
    note = forms.CharField(label=_("What should the general manager decide?"), widget=text_area(3))


class InstructForm(ActionForm):
    wide = ("text",)
    text = forms.CharField(label=_("What is to be done"), widget=text_area(3))
    act_by = forms.DateField(
        label=_("Until when"), required=False, widget=forms.DateInput(attrs={"type": "date", "class": "form-control"})
    )
    because_of_neglect = forms.BooleanField(
        label=_("The form came to me because somebody neglected it"), required=False
    )

    def prepare(self) -> None:
        question = self.complaint.instructions.filter(answered_at=None).first()
        self.fields["because_of_neglect"].initial = speaks_of_neglect(question)


class ReclassifyForm(ActionForm):
    wide = ("level", "reason")
    level = forms.ChoiceField(label=_("New level"), widget=forms.RadioSelect)
    reason = forms.CharField(label=_("Why"), max_length=300, widget=text_area(2))

    def prepare(self) -> None:
        lower = permissions.can(self.user, "complaints.reclassify", self.complaint)
        present = Level.values.index(self.complaint.level)
        self.fields["level"].choices = [
            choice for place, choice in enumerate(Level.choices) if place > present or (lower and place < present)
        ]


class ConfirmForm(ActionForm):
    note = forms.CharField(label=_("Note"), required=False, widget=text_area(2))


class BlameForm(ActionForm):
    employee = forms.ModelChoiceField(label=_("Person"), queryset=None)
    degree = forms.ChoiceField(label=_("How"), choices=Degree.choices, initial=Degree.DIRECT, widget=forms.RadioSelect)
    note = forms.CharField(label=_("Why"), required=False, widget=text_area(2))

    def prepare(self) -> None:
        self.fields["employee"].queryset = colleagues(self.complaint.store, self.now)
        self.fields["employee"].label_from_instance = with_department


class WithdrawForm(ActionForm):
    employee = forms.ModelChoiceField(label=_("Person"), queryset=None)
    note = forms.CharField(label=_("Why"), widget=text_area(2))

    def prepare(self) -> None:
        named = self.complaint.responsibilities.filter(withdrawn_at=None).values("employee")
        self.fields["employee"].queryset = colleagues(self.complaint.store, self.now).filter(pk__in=named)


class FaultForm(ActionForm):
    wide = ("cause",)
    breach = forms.ModelChoiceField(label=_("What was late"), queryset=None, empty_label=None)
    employee = forms.ModelChoiceField(label=_("Whose fault it was"), queryset=None)
    cause = forms.CharField(label=_("What the person did or left undone"), widget=text_area(2))

    def prepare(self) -> None:
        late = self.complaint.breaches.filter(deadline__step__in=[Step.FIRST_CONTACT, Step.RESOLUTION])
        self.fields["breach"].queryset = late.select_related("deadline").order_by("deadline__due_at", "pk")
        self.fields["breach"].label_from_instance = lambda breach: breach.deadline.get_step_display()
        self.fields["employee"].queryset = colleagues(self.complaint.store, self.now)
        self.fields["employee"].label_from_instance = with_department


class CorrectForm(ActionForm):
    remedy = forms.CharField(label=_("What was agreed with the customer"), widget=text_area(2))
    cause = forms.CharField(label=_("What caused the complaint"), widget=text_area(2))
    measures = forms.CharField(
        label=_("What is done so that it does not happen again"), required=False, widget=text_area(2)
    )

    def prepare(self) -> None:
        last = self.complaint.resolutions.order_by("-at", "-pk").first()
        if last is not None:
            for name in ("remedy", "cause", "measures"):
                self.fields[name].initial = getattr(last, name)


class UnverifiedForm(ActionForm):
    note = forms.CharField(label=_("Why it is closed without the customer's word"), max_length=500, widget=text_area(2))


class LateAnswerForm(ActionForm):
    wide = ("overall", "note")
    overall = forms.TypedChoiceField(
        label=_("How satisfied is the customer with the handling?"),
        widget=forms.RadioSelect,
        coerce=int,
        choices=[(n, str(n)) for n in (5, 4, 3, 2, 1)],
    )
    note = forms.CharField(label=_("What the customer said"), required=False, widget=text_area(2))
