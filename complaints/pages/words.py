"""How a form's status, its people and its links are said on the screen."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from csi_portal.organization.models import Employee

from ..enums import ALL_STEPS, CLOSE_UNVERIFIED, Status

STEP_WORDS = dict(ALL_STEPS)


def status_words(form) -> tuple[str, str]:
    """What the form waits for, and the tone of its badge."""
    if form.status == Status.CALLED_BACK and form.callback_satisfied is None:
        return pgettext("form", "Customer not asked, link open"), "warn"
    words = {
        Status.REGISTERED: pgettext("form", "To be passed on"),
        Status.TRANSFERRED: pgettext("form", "To be contacted"),
        Status.ACKNOWLEDGED: pgettext("form", "Taken up, to be contacted"),
        Status.CONTACTED: pgettext("form", "To be resolved"),
        Status.RESOLVED: pgettext("form", "To be called back"),
        Status.CALLED_BACK: pgettext("form", "To be approved"),
    }
    if form.status in words:
        return words[form.status], "live"
    tone = {Status.CLOSED: "done", Status.UNVERIFIED: "warn"}.get(form.status, "void")
    return str(Status(form.status).label), tone


def step_words(step: str) -> str:
    """A step's name, and what comes next where no step does."""
    if step == CLOSE_UNVERIFIED:
        return _("Close without the customer's word")
    return str(STEP_WORDS.get(step, ""))


class Names:
    """Names of logins as the store knows the persons; one query for all of a page."""

    def __init__(self, store, user_ids):
        wanted = {pk for pk in user_ids if pk}
        people = Employee.objects.filter(store=store, user__in=wanted).select_related("department") if wanted else []
        self._people = {person.user_id: person for person in people}

    def of(self, user, fallback: str = "") -> str:
        person = self._people.get(user.pk) if user is not None else None
        if person is not None:
            return person.name
        return user.display_name() if user is not None else fallback

    def by_id(self, user_id, fallback: str = "") -> str:
        person = self._people.get(user_id)
        return person.name if person is not None else fallback

    def department(self, user_id) -> str:
        person = self._people.get(user_id)
        return str(person.department) if person is not None else ""


def tail(number: str) -> str:
    """The end of a form's number, where the store and the century are known: …1120-005."""
    head, _dash, count = number.rpartition("-")
    return f"…{head[-4:]}-{count}" if len(head) > 4 else number


def customer_words(form) -> str:
    """The customer's name, or what stands for it."""
    return form.customer.name if form.customer is not None else _("Customer not named")
