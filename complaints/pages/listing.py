"""The list of forms: filters, order, rows."""

import re
from dataclasses import dataclass

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import pgettext

from csi_portal.organization.due import DueView
from csi_portal.organization.keyset import page_of

from ..enums import OPEN
from ..forms.searching import FilterForm
from ..models import Complaint
from ..worklist import Worklist
from .chips import list_chip, next_rows
from .words import Names, customer_words, status_words, step_words

PAGE_SIZE = 30
# Words shorter than this find too much to be of use in texts.
SHORTEST_WORD = 2


@dataclass
class Row:
    """One form in a list."""

    form: Complaint
    due: DueView | None
    step: str
    status: str
    tone: str
    customer: str
    holder: str
    text: str


def listing(request) -> dict:
    """The context of complaints/list.html."""
    store = request.store
    filters = FilterForm(request.GET or None, store=store)
    values = filters.values() if request.GET else {}
    seen = Complaint.objects.filter(store=store).visible_to(request.user)
    worklist = Worklist(request.user, store, request.now)
    scope = values.get("scope") or "open"
    forms = narrowed(seen, values, scope, worklist)
    # ended forms come by when they were received: nothing of them is due any more
    order = ["next_due_at", "pk"] if scope == "open" else ["-received_at", "-pk"]
    page = page_of(forms.with_list_relations(), request.GET, fields=order, size=PAGE_SIZE)
    return {
        "rows": rows_of(page.rows, store, request.now),
        "page": page,
        "filters": filters,
        "saved": _saved(request, seen, worklist, values, scope),
        "filtered": any(values.get(name) for name in ("q", "level", "department", "mine", "overdue")),
        "clear_url": reverse("complaints:list"),
        "scope": scope,
    }


def narrowed(forms, values: dict, scope: str, worklist: Worklist):
    """The forms the filters leave."""
    if scope == "open":
        forms = forms.open()
    elif scope == "ended":
        forms = forms.exclude(status__in=OPEN)
    if values.get("level"):
        forms = forms.filter(level=values["level"])
    if values.get("department"):
        forms = forms.filter(department=values["department"])
    if values.get("mine"):
        forms = forms.filter(worklist.complaint_ids())
    if values.get("overdue"):
        forms = forms.filter(next_due_at__lt=worklist.now)
    return forms.filter(search(values["q"])) if values.get("q") else forms


def search(query: str) -> Q:
    """Number, customer, plate, phone or words of the customer; several words must all fit."""
    condition = Q()
    for word in query.replace("\x00", "").split()[:5]:
        condition &= _word(word)
    return condition


def _word(word: str) -> Q:
    plate = re.sub(r"[·\-]", "", word).upper()
    found = Q(number__icontains=word) | Q(customer__name__icontains=word) | Q(vehicle__plate__icontains=plate)
    digits = re.sub(r"\D", "", word)
    if len(digits) >= 4 and len(digits) == len(re.sub(r"[\s\-]", "", word)):
        found |= Q(customer__phone__endswith=digits) | Q(customer__phones__number__endswith=digits)
    if len(word) >= SHORTEST_WORD:
        found |= Q(summary__icontains=word) | Q(demand__icontains=word)
    # a customer with several numbers must not appear several times
    return Q(pk__in=Complaint.objects.filter(found).values("pk"))


def rows_of(forms, store, now) -> list[Row]:
    """Rows for a list from a constant number of queries."""
    forms = list(forms)
    due = next_rows(forms)
    names = Names(store, [form.care_agent_id for form in forms])
    return [_row(form, due.get(form.pk), names, store, now) for form in forms]


def _row(form, deadline, names: Names, store, now) -> Row:
    status, tone = status_words(form)
    return Row(
        form=form,
        due=list_chip(form, deadline, now, store.zone) if not form.is_final else None,
        step=step_words(form.next_step) if not form.is_final else "",
        status=status,
        tone=tone,
        customer=customer_words(form),
        holder=_holder(form, names),
        text=form.summary,
    )


def _holder(form, names: Names) -> str:
    if form.assignee is not None:
        return form.assignee.name
    if form.department is not None:
        return str(form.department)
    return names.of(form.care_agent, "")


def _saved(request, seen, worklist: Worklist, values: dict, scope: str) -> list[dict]:
    """The ready-made views over the list with their counts, from one query."""
    numbers = seen.open().aggregate(
        open=Count("pk"),
        overdue=Count("pk", filter=Q(next_due_at__lt=request.now)),
        mine=Count("pk", filter=worklist.complaint_ids()),
    )
    base = reverse("complaints:list")
    mine, overdue = bool(values.get("mine")), bool(values.get("overdue"))
    plain = not mine and not overdue
    return [
        {"url": f"{base}?mine=1", "label": pgettext("complaints", "Mine"), "count": numbers["mine"], "active": mine},
        {
            "url": f"{base}?overdue=1",
            "label": pgettext("complaints", "Overdue"),
            "count": numbers["overdue"],
            "active": overdue,
        },
        {
            "url": base,
            "label": pgettext("complaints", "All open"),
            "count": numbers["open"],
            "active": plain and scope == "open",
        },
        {
            "url": f"{base}?scope=ended",
            "label": pgettext("complaints", "Ended"),
            "count": None,
            "active": scope == "ended",
        },
    ]
