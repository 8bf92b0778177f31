"""The call room's parts on other pages: Today, the rail, the search."""

import re

from django.db.models import Q
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from csi_portal.organization import permissions
from csi_portal.organization.enums import Role
from csi_portal.organization.markup import mask_phone, plate_text
from surveys.call_views.queue import counts_of
from surveys.enums import VisitKind
from surveys.models import Customer, CustomerPhone, Response, Vehicle, Visit
from surveys.services import queue

MOST = 10
# A tail of fewer digits finds half the town.
SHORTEST_TAIL = 4


def today(request, _subject=None):
    """What waits to be called, for who calls."""
    store, user = request.store, request.user
    if store is None or not permissions.can(user, "surveys.call", store):
        return None
    counts = counts_of(request)
    claim = queue.held_claim(store, user, request.now)
    open_ends = Response.objects.low_open().filter(store=store, agent=user).count()
    if not (counts["ready"] or counts["appointments"] or claim or open_ends):
        return None
    return {
        "template": "surveys/_today_calls.html",
        "order": 20,
        "count": counts["ready"],
        "overdue": counts["missed"],
        "headline": _headline(counts),
        "counts": counts,
        "open_ends": open_ends,
        "held": claim.callbacks.select_related("customer").order_by("pk").first() if claim else None,
        # for an agent the next call is the day's work, for the manager one thing among others
        "primary": Role.CARE_MANAGER not in permissions.roles_in(user, store),
    }


def _headline(counts: dict):
    ready = counts["ready"]
    if not ready:
        return ""
    words = ngettext("%(n)d call to make", "%(n)d calls to make", ready) % {"n": ready}
    if not counts["missed"]:
        return words
    missed = ngettext("%(n)d appointment missed", "%(n)d appointments missed", counts["missed"])
    return format_html("{}{}<em>{}</em>", words, _(", "), missed % {"n": counts["missed"]})


def rail(request, _subject=None):
    """The number beside "Calls"; red when an appointment was missed."""
    if request.store is None or not permissions.can(request.user, "surveys.call", request.store):
        return None
    counts = counts_of(request)
    return {"place": "calls", "count": counts["ready"], "overdue": bool(counts["missed"])}


def search(request, query: str):
    """Customers by name, plate, tail of the phone, or order number."""
    if request.store is None or not permissions.can(request.user, "surveys.view_visits", request.store):
        return None
    customers = Customer.objects.visible_to(request.user).filter(store=request.store)
    visits = Visit.objects.visible_to(request.user).filter(store=request.store)
    wanted = _customers_of(request.store, visits, query) | _with_number(request.store, customers, query)
    found = list(customers.filter(Q(pk__in=wanted) | _named(query)).order_by("-pk")[:MOST])
    if not found:
        return None
    rows = visits.filter(customer__in=found).select_related("vehicle").order_by("closed_at")
    last = {visit.customer_id: visit for visit in rows}
    return {
        "title": _("Customers"),
        "rows": [
            {"title": one.name, "sub": _sub(one, last.get(one.pk)), "url": reverse("surveys:customer", args=[one.pk])}
            for one in found
        ],
    }


def _sub(customer, visit) -> str:
    plate = plate_text(visit.vehicle.plate) if visit and visit.vehicle else ""
    return " · ".join(part for part in (plate, mask_phone(customer.phone)) if part)


def _named(query: str) -> Q:
    return Q(pk__in=[]) if _digits(query) else Q(name__icontains=query)


def _digits(query: str) -> str:
    digits = re.sub(r"[\s-]", "", query)
    return digits if digits.isascii() and digits.isdigit() and len(digits) >= SHORTEST_TAIL else ""


def _with_number(store, customers, query: str) -> set[int]:
    """Customers whose number ends so; each table is read for itself, which a join would not allow."""
    digits = _digits(query)
    if not digits:
        return set()
    further = CustomerPhone.objects.filter(store=store, number__endswith=digits)
    found = customers.filter(phone__endswith=digits).order_by("-pk").values_list("pk", flat=True)[:MOST]
    return {*found, *further.values_list("customer_id", flat=True)[:MOST]}


def _customers_of(store, visits, query: str) -> set[int]:
    """Customers of an order number, or of cars whose plate ends so."""
    order = re.sub(r"\s", "", query).upper()
    plate = re.sub(r"[\s·.-]", "", query).upper()
    # both kinds by name, so that the unique key of (store, kind, number) answers
    found = set(visits.filter(kind__in=VisitKind.values, number=order).values_list("customer_id", flat=True))
    if len(plate) >= SHORTEST_TAIL:
        cars = Vehicle.objects.filter(store=store, plate__endswith=plate).values_list("pk", flat=True)[:MOST]
        found |= set(visits.filter(vehicle__in=list(cars)).values_list("customer_id", flat=True)[: MOST * 2])
    return found
