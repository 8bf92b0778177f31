"""The page that opens a form: who it is about, what the call already said."""

from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from csi_portal.organization import permissions
from csi_portal.organization.due import near_moment
from surveys.models import Customer, Response, Visit

from ..enums import Level, Source, Step
from ..models import Complaint
from ..services.clocks import FormClock
from .words import STEP_WORDS

MOST_FOUND = 8


@dataclass
class Subject:
    """Whom and which car a form is about, and the answers it comes from."""

    customer: Customer | None = None
    visit: Visit | None = None
    response: Response | None = None
    low: list | None = None

    @property
    def vehicle(self):
        return self.visit.vehicle if self.visit is not None else None

    @property
    def query(self) -> str:
        """The same subject as a query string."""
        for name in ("response", "visit", "customer"):
            row = getattr(self, name)
            if row is not None:
                return f"?{name}={row.pk}"
        return ""

    def open_forms(self):
        """What is open about the same customer: perhaps this belongs there."""
        if self.customer is None:
            return Complaint.objects.none()
        return Complaint.objects.open().filter(store=self.customer.store_id, customer=self.customer).order_by("-pk")


def subject_of(request) -> Subject:
    """Who is meant by `?response=`, `?visit=` or `?customer=`, where the person may see it."""
    number = {name: request.GET.get(name, "") for name in ("response", "visit", "customer")}
    if number["response"].isdecimal():
        rows = Response.objects.filter(store=request.store).visible_to(request.user)
        response = (
            rows.select_related("callback__customer", "callback__visit__vehicle")
            .filter(pk=int(number["response"]))
            .first()
        )
        if response is not None:
            low = list(response.answers.filter(is_low=True).select_related("question").order_by("question__position"))
            return Subject(response.callback.customer, response.callback.visit, response, low)
    if number["visit"].isdecimal():
        visit = (
            Visit.objects.filter(store=request.store, pk=int(number["visit"]))
            .select_related("customer", "vehicle")
            .first()
        )
        if visit is not None:
            return Subject(visit.customer, visit)
    if number["customer"].isdecimal():
        return Subject(Customer.objects.filter(store=request.store, pk=int(number["customer"])).first())
    return Subject()


def words_of(subject: Subject) -> str:
    """What the call already has: the low answers with their reasons and words, then the comment."""
    if subject.response is None:
        return ""
    lines = [_low_line(answer) for answer in subject.low]
    if subject.response.comment:
        lines.append(subject.response.comment)
    return "\n".join(lines)


def _low_line(answer) -> str:
    question = answer.question.in_language("text")
    said = [reason_words(answer.question, key) for key in answer.low_reasons]
    said += [answer.low_note or answer.text]
    given = "、".join(part for part in said if part) if said else ""
    points = _("%(points)s points") % {"points": answer.points} if answer.points is not None else ""
    parts = [part for part in (points, given) if part]
    return f"{question} {' · '.join(parts)}".strip()


def reason_words(question, key: str) -> str:
    """A low reason in the active language, as the questionnaire names it."""
    rows = {row["key"]: row for row in question.low_reasons or []}
    row = rows.get(key)
    if row is None:
        return key
    chinese = (get_language() or "").startswith("zh")
    return (row["zh"] or row["en"]) if chinese else (row["en"] or row["zh"])


def found(request, text: str) -> list[dict]:
    """Customers for the words typed: by name, plate, order, or the end of the phone.

    Who may not read all business records finds only what fits exactly.
    """
    text = text.replace("\x00", "").strip()
    if len(text) < 2:
        return []
    wide = permissions.can(request.user, "surveys.view_visits", request.store)
    plate = text.replace("·", "").replace("-", "").upper()
    if wide:
        fits = Q(customer__name__icontains=text) | Q(number__iexact=text) | Q(vehicle__plate__icontains=plate)
        alone = Q(name__icontains=text)
    else:
        fits = Q(number__iexact=text) | Q(vehicle__plate=plate)
        alone = Q(pk__in=[])
    if text.isdecimal() and len(text) >= (4 if wide else 11):
        fits |= Q(customer__phone__endswith=text)
        alone |= Q(phone__endswith=text)
    visits = (
        Visit.objects.filter(fits, store=request.store)
        .select_related("customer", "vehicle")
        .order_by("-closed_at", "-pk")[:MOST_FOUND]
    )
    rows = [{"visit": visit, "customer": visit.customer, "query": f"?visit={visit.pk}"} for visit in visits]
    known = {row["customer"].pk for row in rows}
    others = Customer.objects.filter(alone, store=request.store).exclude(pk__in=known).order_by("-pk")
    rows += [{"customer": one, "query": f"?customer={one.pk}"} for one in others[: MOST_FOUND - len(rows)]]
    return rows


def due_preview(store, now) -> list[dict]:
    """When what would be due if the customer had just spoken: one row per step, one time per level."""
    clock = FormClock.current(store, now)
    times = {level: clock.step_times(level, Source.HOTLINE, now) for level in Level.values}
    return [
        {
            "step": str(STEP_WORDS[step]),
            "times": [
                near_moment(found[step].due_at, now, store.zone) if step in found else "" for found in times.values()
            ],
        }
        for step in (Step.TRANSFER, Step.FIRST_CONTACT, Step.RESOLUTION, Step.CALLBACK)
    ]
