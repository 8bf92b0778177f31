"""What is known beside a call: the customer's other answers, numbers, tries, open ends. Reads only."""

from datetime import timedelta
from fractions import Fraction

from django.db.models import Count
from django.utils.translation import gettext as _

from csi_portal.organization.markup import mask_phone
from csi_portal.organization.models import Employee
from surveys.models import Attempt, Callback, Customer, Response
from surveys.services import numbers

# This many customers on one number and it looks like a shop's or an adviser's own.
MANY_CUSTOMERS = 4
HISTORY = 4


def phone_flags(customer: Customer) -> list[str]:
    """What looks wrong with the number, so that nobody answers for the customer (against gaming)."""
    flags = []
    phone = customer.phone
    if not phone:
        return flags
    if Employee.objects.filter(store=customer.store_id, phone=phone).exists():
        flags.append(_("This number belongs to a member of staff."))
    sharing = Customer.objects.filter(store=customer.store_id, phone=phone).count()
    if sharing >= MANY_CUSTOMERS:
        flags.append(_("%(n)s customers have this number.") % {"n": sharing})
    return flags


def history(callback) -> dict:
    """The customer's last answers in other calls, and how much there is in all."""
    customer = callback.customer
    rows = (
        Response.objects.filter(store=customer.store_id, callback__customer=customer)
        .completed()
        .exclude(callback=callback)
        .select_related("version__questionnaire")
        .order_by("-completed_at", "-pk")[:HISTORY]
    )
    counts = Customer.objects.filter(pk=customer.pk).aggregate(
        visits=Count("visits", distinct=True), callbacks=Count("callbacks", distinct=True)
    )
    found = list(rows)
    for row in found:
        row.score = exact_score(row)
    return {"responses": found, **counts}


def exact_score(response: Response | None) -> Fraction | None:
    """A response's score as it is kept; None when nothing scored was answered."""
    if response is None or response.score_den is None:
        return None
    return Fraction(response.score_num, response.score_den)


def tries_of(callback) -> list[Attempt]:
    return list(callback.attempts.select_related("agent", "outcome").order_by("-dialled_at", "-pk"))


def half_days_tried(tries) -> int:
    return len({one.half_day for one in tries if one.outcome is not None and one.outcome.counts_to_limit})


def running_try(tries, user) -> Attempt | None:
    """The try this person is in the middle of: the number is shown while it lasts."""
    return next(
        (one for one in tries if one.agent_id == user.pk and one.outcome is None and one.ended_at is None), None
    )


def masked_numbers(callback) -> list[dict]:
    """The usable numbers as one may see them before dialling: position and masked digits."""
    usable = numbers.usable_numbers(callback.customer)
    return [{"position": position, "masked": mask_phone(number)} for position, number in enumerate(usable)]


def same_call(callback) -> list[Callback]:
    """What else is to be asked in this call."""
    if callback.claim_id is None:
        return []
    rows = list(
        Callback.objects.filter(claim=callback.claim_id)
        .exclude(pk=callback.pk)
        .select_related("line", "questionnaire", "visit__vehicle", "customer")
        .order_by("pk")
    )
    for row in rows:
        row.title = title_of(row)
    return rows


def title_of(callback) -> str:
    """What the call is about: the plan line's title, else the questionnaire's."""
    if callback.line is not None:
        return str(callback.line)
    return str(callback.questionnaire) if callback.questionnaire is not None else _("Call")


def is_late(callback, today) -> bool:
    """Whether the line calls it late (a delivery not asked for 21 days)."""
    line, visit = callback.line, callback.visit
    if line is None or visit is None or line.late_after_days is None:
        return False
    return today > callback.store.local_date(visit.closed_at) + timedelta(days=line.late_after_days)


def open_ends(store, user, limit: int = 5) -> list[Response]:
    """The person's own calls whose low answers still need a form or a reason."""
    rows = Response.objects.low_open().filter(agent=user, store=store)
    return list(rows.select_related("callback__customer", "callback__line").order_by("completed_at")[:limit])


def spaced(number: str) -> str:
    """A number in groups, to be read out: 199 0000 0001."""
    if len(number) == 11 and number.isdigit():
        return f"{number[:3]} {number[3:7]} {number[7:]}"
    return number
