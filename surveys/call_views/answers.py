"""Responses as they were given, and everything about one customer."""

from datetime import datetime
from decimal import Decimal
from urllib.parse import urlencode

from django.db.models import Q
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from csi_portal.organization import hooks, permissions
from csi_portal.organization.errors import NotAllowed
from surveys import scoring
from surveys.desk import asks, facts
from surveys.enums import BoardKind
from surveys.models import Callback, Customer, Response, Visit
from surveys.services import numbers, responses

PAGE = 50
# A customer's page shows this many of each kind; who has more is a fleet.
MOST = 50


@require_GET
def response_list(request):
    """Completed answers, newest first."""
    if request.store is None:
        raise NotAllowed(_("You may not do this. Ask your store's administrator if you should."))
    permissions.require(request.user, "surveys.view_visits", request.store)
    rows = Response.objects.visible_to(request.user).filter(store=request.store).completed()
    kind, only = request.GET.get("kind", ""), request.GET.get("only", "")
    if kind in BoardKind.values:
        rows = rows.filter(counts_for=kind)
    if only == "low":
        rows = rows.filter(has_low_answer=True)
    elif only == "open":
        rows = rows.low_open()
    elif only == "incomplete":
        rows = rows.filter(is_complete=False)
    rows = rows.select_related(
        "callback__customer", "callback__line", "callback__questionnaire", "callback__visit__vehicle", "agent"
    )
    page, older = _page(rows, request.GET.get("after", ""))
    for row in page:
        row.score = facts.exact_score(row)
        row.title = facts.title_of(row.callback)
    context = {
        "rows": page,
        "tabs": _tabs(kind, only),
        "pager": {"older_url": f"?{urlencode({'kind': kind, 'only': only, 'after': older})}"} if older else None,
    }
    return render(request, "surveys/responses.html", context)


def _tabs(kind: str, only: str) -> list[dict]:
    wanted = [
        ("", "", _("All")),
        ("ssi", "", "SSI"),
        ("csi", "", "CSI"),
        ("", "low", _("Low answers")),
        ("", "open", _("Low, without a form or a reason")),
        ("", "incomplete", _("Partly answered")),
    ]
    return [
        {"url": f"?{urlencode({'kind': one, 'only': part})}", "label": label, "active": (one, part) == (kind, only)}
        for one, part, label in wanted
    ]


def _page(rows, after: str):
    moment, _mark, pk = after.partition("~")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        at = None
    if at is not None and at.tzinfo is not None and pk.isascii() and pk.isdigit() and len(pk) < 19:
        rows = rows.filter(Q(completed_at__lt=at) | Q(completed_at=at, pk__lt=int(pk)))
    found = list(rows.order_by("-completed_at", "-pk")[: PAGE + 1])
    if len(found) <= PAGE:
        return found, ""
    return found[:PAGE], f"{found[PAGE - 1].completed_at.isoformat()}~{found[PAGE - 1].pk}"


@require_GET
def response_detail(request, pk):
    """One response as it was asked and answered, and how its score was reckoned."""
    rows = Response.objects.visible_to(request.user).completed()
    response = get_object_or_404(
        rows.select_related(
            "store", "agent", "version__questionnaire", "callback__customer", "callback__visit__vehicle",
            "callback__visit__advisor", "callback__line", "callback__questionnaire",
        ),
        pk=pk,
    )  # fmt: skip
    given = {row.question_id: row for row in response.answers.all()}
    questions = responses.questions_of(response.version_id)
    sections = _sections(questions, given)
    scored = [one for section in sections for one in section["rows"] if one["points"] is not None]
    context = {
        "response": response,
        "callback": response.callback,
        "customer": response.callback.customer,
        "visit": response.callback.visit,
        "title": facts.title_of(response.callback),
        "sections": sections,
        "score": facts.exact_score(response),
        "total": sum((one["weight"] * one["points"] for one in scored), Decimal(0)),
        "weights": sum((one["weight"] for one in scored), Decimal(0)),
    }
    return render(request, "surveys/response.html", context)


def _sections(questions, given) -> list[dict]:
    """Questions that were answered, by factor, each factor with its score."""
    found: dict[int, dict] = {}
    for question in questions:
        row = given.get(question.pk)
        if row is None:
            continue
        section = found.setdefault(question.section_id, {"title": question.section.in_language("title"), "rows": []})
        section["rows"].append(
            {
                "text": question.in_language("text"),
                "answer": asks.answer_words(question, row),
                "points": row.points,
                "weight": question.weight,
                "low": row.is_low,
                "reasons": asks.low_reasons(question, row),
                "note": row.low_note,
            }
        )
    for section in found.values():
        section["score"] = scoring.response_score((one["weight"], one["points"]) for one in section["rows"])
    return list(found.values())


@require_GET
def customer(request, pk):
    """Everything about one customer on one page."""
    customer = get_object_or_404(Customer.objects.visible_to(request.user).select_related("store"), pk=pk)
    callbacks = list(
        Callback.objects.filter(store=customer.store_id, customer=customer)
        .with_row_relations()
        .order_by("-due_on", "-pk")[:MOST]
    )
    scores = {}
    for response in Response.objects.filter(callback__in=callbacks).completed().order_by("-counted", "completed_at"):
        scores.setdefault(response.callback_id, response)
    for row in callbacks:
        row.store = customer.store
        row.title = facts.title_of(row)
        row.response = scores.get(row.pk)
        row.score = facts.exact_score(row.response)
    visits = list(
        Visit.objects.filter(store=customer.store_id, customer=customer)
        .select_related("vehicle", "advisor", "technician")
        .order_by("-closed_at", "-pk")[:MOST]
    )
    context = {
        "customer": customer,
        "address": asks.address(customer),
        "visits": visits,
        "vehicles": list({visit.vehicle_id: visit.vehicle for visit in visits if visit.vehicle}.values()),
        "callbacks": callbacks,
        "phones": _phones(customer),
        "suppressed": numbers.is_suppressed(customer.phone),
        "flags": facts.phone_flags(customer),
        "panels": hooks.panels("customer", request, customer),
        "may_call": permissions.can(request.user, "surveys.call", customer),
    }
    return render(request, "surveys/customer.html", context)


def _phones(customer) -> list[dict]:
    """Every number of the customer, the unusable ones marked."""
    rows = {row.number: row.bad_since for row in customer.phones.all()}
    wanted = dict.fromkeys([customer.phone, *rows])
    return [{"number": number, "bad_since": rows.get(number)} for number in wanted if number]
