"""What a verb of a tracking form is: its name, its right, its form, and the service it calls."""

from collections.abc import Callable
from dataclasses import dataclass

from csi_portal.organization import permissions

from ..enums import Status, Step
from ..forms import actions as forms
from ..forms.base import ActionForm
from ..models import Breach, Complaint, Deadline, Instruction, Responsibility
from ..services import signatures


@dataclass
class Facts:
    """What a page knows of one form, read once: its live deadlines, people, breaches, the question, signatures."""

    form: Complaint
    live: dict[str, Deadline]
    blamed: list[Responsibility]
    breaches: list[Breach]
    question: Instruction | None
    missing: list[signatures.Missing]

    @classmethod
    def of(cls, form: Complaint) -> "Facts":
        live = {row.step: row for row in form.deadlines.live().select_related("met_by")}
        named = form.responsibilities.filter(withdrawn_at=None).select_related("employee__department")
        after = form.status in (Status.RESOLVED, Status.CALLED_BACK)
        return cls(
            form=form,
            live=live,
            blamed=list(named.order_by("degree", "pk")),
            breaches=list(form.breaches.select_related("deadline", "charged_to", "charged_department").order_by("pk")),
            question=form.instructions.filter(answered_at=None).first(),
            missing=signatures.missing(form) if after else [],
        )

    def is_named(self, user) -> bool:
        return any(row.employee.user_id == user.pk for row in self.blamed)

    def neglected(self) -> bool:
        """A first contact or resolution was late."""
        return any(breach.deadline.step in (Step.FIRST_CONTACT, Step.RESOLUTION) for breach in self.breaches)


@dataclass
class Call:
    """One submit: the form as fetched, who, when, and what was filled in."""

    complaint: Complaint
    by: object
    now: object
    version: object
    form: ActionForm

    @property
    def data(self) -> dict:
        return self.form.cleaned_data

    def guarded(self, *names) -> dict:
        """Arguments every service takes, plus the named fields."""
        return {
            "by": self.by,
            "now": self.now,
            "version": self.version,
            **{name: self.data[name] for name in names},
        }


@dataclass(frozen=True)
class Action:
    """One verb of a tracking form."""

    name: str  # the last part of its path and of its URL name
    label: object  # in the menu
    icon: str
    title: object  # over the box
    submit: object  # on the button
    right: str | Callable  # permission, or (complaint) -> permission
    run: Callable[[Call], str]
    form: type[ActionForm] = forms.EmptyForm
    possible: Callable[[Facts], bool] = lambda facts: True
    hint: object = ""
    step: str = ""
    harm: bool = False

    def permission(self, complaint) -> str:
        return self.right if isinstance(self.right, str) else self.right(complaint)

    def allowed(self, user, complaint) -> bool:
        return permissions.can(user, self.permission(complaint), complaint)
