"""What complaints add to other pages: Today, the rail's number, search, a customer's page, the call desk."""

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from csi_portal.organization import permissions
from csi_portal.organization.due import due_view, when_text
from csi_portal.organization.markup import mask_phone

from .enums import BesideStep, Status, Step
from .models import Complaint, Deadline
from .pages.chips import list_chip, next_rows
from .pages.listing import search
from .pages.words import Names, customer_words, status_words, step_words, tail
from .worklist import Worklist

MOST_WORK = 30
MOST_WAITING = 6
MOST_FOUND = 8
MOST_OF_CUSTOMER = 5

# The work of Today in the order a person meets it; the approval stands with what is signed and decided.
_CONTACT = (Step.FIRST_CONTACT, Step.CALLBACK, BesideStep.MAJOR_FOLLOW_UP)
_PASS_ON = (Step.TRANSFER, Step.GM_NOTICE, BesideStep.REGION_REPORT)
_HANDLE = (Step.REPLY, Step.RESOLUTION, BesideStep.MEASURES, BesideStep.MEASURES_CHECK)


def _may_list(request) -> bool:
    return request.store is not None and permissions.can(request.user, "complaints.list", request.store)


# --- Today ------------------------------------------------------------------------------------------------------------


def today(request, subject=None) -> dict | None:
    """What this person must do on complaints, by due time, and what waits for others."""
    if not _may_list(request):
        return None
    worklist = Worklist(request.user, request.store, request.now)
    rows = list(worklist.deadlines()[:MOST_WORK])
    numbers = worklist.numbers()
    groups = _groups(rows, worklist, request)
    waiting = _waiting(worklist, request)
    if not groups and not waiting:
        return None
    total = numbers["count"] + sum(len(group["rows"]) for group in groups) - len(rows)
    return {
        "template": "complaints/_today.html",
        "order": 10,
        "count": total,
        "overdue": numbers["overdue"],
        "headline": _headline(rows, total, numbers["overdue"], request) if total else "",
        "groups": groups,
        "primary": bool(groups),
        "more": max(numbers["count"] - len(rows), 0),
        "waiting": waiting,
        "may_register": permissions.can(request.user, "complaints.register", request.store),
    }


def _groups(deadlines, worklist: Worklist, request) -> list[dict]:
    contact = [_work(row, request) for row in deadlines if row.step in _CONTACT]
    pass_on = [_work(row, request) for row in deadlines if row.step in _PASS_ON]
    handle = [_work(row, request) for row in deadlines if row.step in _HANDLE]
    decide = [_work(row, request) for row in deadlines if row.step == BesideStep.APPROVAL]
    decide += [_question(one, request) for one in worklist.questions()[:MOST_WORK]]
    decide += [_plain(form, _("Confirm as major"), request) for form in worklist.unconfirmed()[:MOST_WORK]]
    decide += [_plain(form, pgettext("do", "Sign"), request) for form in worklist.unsigned()[:MOST_WORK]]
    decide += [
        _plain(form, _("Close without the customer's word"), request) for form in worklist.unverified()[:MOST_WORK]
    ]
    found = [
        {"title": _("Speak with the customer"), "rows": contact},
        {"title": _("Pass on and report"), "rows": pass_on},
        {"title": _("Handle and answer"), "rows": handle},
        {"title": _("Sign and decide"), "rows": decide},
    ]
    groups = [group for group in found if group["rows"]]
    if groups:
        first = groups[0]["rows"][0]
        first["actions"][0]["primary"] = True
    return groups


def _work(row, request) -> dict:
    form = row.complaint
    view = due_view(
        warn_at=row.warn_at,
        due_at=row.due_at,
        met_at=None,
        now=request.now,
        tz=request.store.zone,
        started_at=row.started_at,
        clock="elapsed" if row.clock == "elapsed" else "business",
    )
    return _line(form, row.get_step_display(), view, _verb(row.step))


def _line(form, verb: str, due, label: str, text: str = "") -> dict:
    url = form.get_absolute_url()
    return {
        "due": due,
        "verb": verb,
        "url": url,
        "level": form.level,
        "number": form.number,
        "customer": customer_words(form),
        "car": form.vehicle,
        "text": text or form.summary[:160],
        "actions": [{"url": f"{url}#c-next", "label": label}],
    }


def _verb(step: str) -> str:
    words = {
        Step.TRANSFER: pgettext("do", "Pass on"),
        Step.GM_NOTICE: pgettext("do", "Note it"),
        Step.FIRST_CONTACT: pgettext("do", "Call, note contact"),
        Step.REPLY: pgettext("do", "Answer"),
        Step.RESOLUTION: pgettext("do", "Note resolution"),
        Step.CALLBACK: pgettext("do", "Call back"),
        BesideStep.MAJOR_FOLLOW_UP: pgettext("do", "Follow up"),
        BesideStep.MEASURES: pgettext("do", "Hand in"),
        BesideStep.MEASURES_CHECK: pgettext("do", "Check"),
        BesideStep.APPROVAL: pgettext("do", "Approve"),
        BesideStep.REGION_REPORT: pgettext("do", "Report"),
    }
    return words.get(step, pgettext("do", "Open"))


def _question(question, request) -> dict:
    since = _("asked %(time)s") % {"time": when_text(question.asked_at, request.now, request.store.zone)}
    row = _line(question.complaint, _("Give an instruction"), None, pgettext("do", "Instruct"))
    return row | {"note": since}


def _plain(form, verb: str, request) -> dict:
    return _line(form, verb, None, pgettext("do", "Open"))


def _headline(rows, total: int, overdue: int, request):
    """One clause that says it all: how many customers to contact, how many late, what comes next."""
    contacts = sum(1 for row in rows if row.step in _CONTACT)
    if contacts:
        words = ngettext("%(n)d customer to contact", "%(n)d customers to contact", contacts) % {"n": contacts}
    else:
        words = ngettext("%(n)d complaint step to do", "%(n)d complaint steps to do", total) % {"n": total}
    if overdue:
        late = ngettext("%(n)d overdue", "%(n)d overdue", overdue) % {"n": overdue}
        words = format_html("{}{}<em>{}</em>", words, _(", "), late)
    coming = next((row for row in rows if row.due_at >= request.now), None)
    if coming is None:
        return words
    view = due_view(warn_at=coming.warn_at, due_at=coming.due_at, met_at=None, now=request.now, tz=request.store.zone)
    return format_html("{}{}{}", words, _(", "), _("next: %(due)s") % {"due": view.text})


def _with_chips(forms, request) -> list:
    forms = list(forms)
    due = next_rows(forms)
    for form in forms:
        form.chip = list_chip(form, due.get(form.pk), request.now, request.store.zone)
    return forms


# What a form that went on to somebody else waits for there.
_AT_OTHERS = {
    Status.TRANSFERRED: (Step.FIRST_CONTACT,),
    Status.ACKNOWLEDGED: (Step.FIRST_CONTACT,),
    Status.CONTACTED: (Step.REPLY, Step.RESOLUTION),
    Status.RESOLVED: (Step.CALLBACK,),
    Status.CALLED_BACK: (BesideStep.APPROVAL,),
}


def _waiting(worklist: Worklist, request) -> list[dict]:
    """Forms that wait for others, each with the step of those others and its due time."""
    forms = list(worklist.waiting_for_others()[:MOST_WAITING])
    running = Deadline.objects.running().filter(complaint__in=forms).order_by("-due_at")
    steps = {row.complaint_id: row for row in running if row.step in _AT_OTHERS[_status(forms, row.complaint_id)]}
    names = Names(request.store, [form.care_agent_id for form in forms])
    return [
        {
            "url": form.get_absolute_url(),
            "who": _holder(form, names),
            "sub": f"{step_words(steps[form.pk].step if form.pk in steps else form.next_step)} · {tail(form.number)}",
            "due": list_chip(form, steps.get(form.pk), request.now, request.store.zone),
        }
        for form in forms
    ]


def _status(forms, pk: int) -> str:
    return next(form.status for form in forms if form.pk == pk)


def _holder(form, names: Names) -> str:
    if form.status == Status.RESOLVED:
        return names.of(form.care_agent, _("Customer care"))
    if form.status == Status.CALLED_BACK:
        return _("General manager")
    return form.assignee.name if form.assignee else str(form.department or "")


# --- rail, search, customer, call desk --------------------------------------------------------------------------------


def rail(request, subject=None) -> dict | None:
    """The number beside "Complaints": steps that wait for this person, red when one is overdue."""
    if not _may_list(request):
        return None
    numbers = Worklist(request.user, request.store, request.now).numbers()
    return {"place": "complaints", "count": numbers["count"], "overdue": numbers["overdue"] > 0}


def found(request, query: str) -> dict | None:
    """Forms for the global search."""
    if not _may_list(request):
        return None
    rows = Complaint.objects.filter(search(query), store=request.store).visible_to(request.user)
    rows = rows.select_related("customer", "vehicle").order_by("-received_at", "-pk")[:MOST_FOUND]
    return {"title": _("Complaints"), "rows": [_found(form) for form in rows]}


def _found(form) -> dict:
    status, _tone = status_words(form)
    parts = [customer_words(form), form.vehicle.plate if form.vehicle else "", status]
    if form.customer is not None and form.customer.phone:
        parts.insert(1, mask_phone(form.customer.phone))
    return {"title": form.number, "sub": " · ".join(part for part in parts if part), "url": form.get_absolute_url()}


def of_customer(request, customer) -> dict | None:
    """A customer's forms, newest first."""
    rows = Complaint.objects.filter(store=customer.store_id, customer=customer).visible_to(request.user)
    forms = list(rows.with_list_relations().order_by("-received_at", "-pk")[: MOST_OF_CUSTOMER * 4])
    if not forms and not permissions.can(request.user, "complaints.register", customer.store):
        return None
    return {
        "template": "complaints/_customer.html",
        "order": 20,
        "rows": [_short(form) for form in _with_chips(forms, request)],
        "new_url": f"{reverse('complaints:new')}?customer={customer.pk}"
        if permissions.can(request.user, "complaints.register", customer.store)
        else "",
    }


def _short(form) -> dict:
    status, tone = status_words(form)
    return {
        "form": form,
        "number": tail(form.number),
        "url": form.get_absolute_url(),
        "status": status,
        "tone": tone,
        "due": form.chip if not form.is_final else None,
        "text": form.summary,
    }


def beside_call(request, subject) -> dict | None:
    """Open complaints of the customer on the line."""
    customer = subject["customer"]
    rows = Complaint.objects.open().filter(store=customer.store_id, customer=customer).visible_to(request.user)
    forms = list(rows.with_list_relations().order_by("next_due_at", "pk")[:MOST_OF_CUSTOMER])
    if not forms:
        return None
    return {"template": "complaints/_call_side.html", "rows": [_short(form) for form in _with_chips(forms, request)]}


def low_answer(request, subject) -> dict | None:
    """The primary button after a call with low answers."""
    response = subject["response"]
    if response is None or not permissions.can(request.user, "complaints.register", response.store):
        return None
    return {"url": f"{reverse('complaints:new')}?response={response.pk}", "label": _("Open a complaint form")}


def after_call(request, subject) -> dict | None:
    """Forms that were opened from this call's answers."""
    forms = Complaint.objects.filter(store=subject["response"].store_id, response=subject["response"])
    rows = [_short(form) for form in _with_chips(forms.visible_to(request.user).with_list_relations(), request)]
    return {"template": "complaints/_call_side.html", "rows": rows} if rows else None
