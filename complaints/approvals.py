"""Complaints on the approval desk: forms to close, instructions asked for, forms to close unverified.

The contract of the slot `approvals` stands in incentives/deciding.py.
"""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from csi_portal.organization.due import due_view, when_text
from csi_portal.organization.submits import new_key

from .actions import Facts
from .enums import BesideStep, Level, Step
from .models import Complaint
from .pages.chips import Chips
from .pages.ladder import ladder
from .pages.side import breaches, signatures
from .pages.words import Names, customer_words, tail
from .services.deciding import speaks_of_neglect
from .services.people import Directory
from .worklist import Worklist

CLOSE, QUESTION, UNVERIFIED = "close", "question", "unverified"
MOST = 100
# A title of the customer's words longer than this is cut.
TITLE = 40


def to_close(request, subject) -> dict | None:
    """Satisfied customers' forms that wait for the last word; grumbles may be closed together."""
    rows = _worklist(request).deadlines().filter(step=BesideStep.APPROVAL)
    if subject is None:
        found = list(rows[:MOST])
        return {
            "key": CLOSE,
            "title": _("Complaints to close"),
            "short": pgettext("approvals", "Close"),
            "order": 100,
            "items": [_item(CLOSE, row.complaint, _chip(row, request), row.due_at < request.now) for row in found],
            "bulk": _grumbles([row.complaint for row in found]),
        }
    row = rows.filter(complaint=_id_of(subject, CLOSE)).first()
    if row is None:
        return None
    return {
        **_evidence(request, row.complaint_id),
        "foot": "complaints/_ap_close_foot.html",
        "due": _chip(row, request),
    }


def questions(request, subject) -> dict | None:
    """Escalations and major forms that ask for an instruction."""
    rows = _worklist(request).questions()
    if subject is None:
        items = []
        for row in rows[:MOST]:
            item = _item(QUESTION, row.complaint, None, False)
            asked = when_text(row.asked_at, request.now, request.store.zone)
            item["sub"] += " · " + _("asked %(time)s") % {"time": asked}
            items.append(item)
        return {
            "key": QUESTION,
            "title": _("Instructions asked for"),
            "short": pgettext("approvals", "Instruct"),
            "order": 50,
            "items": items,
        }
    row = rows.filter(complaint=_id_of(subject, QUESTION)).first()
    if row is None:
        return None
    return {
        **_evidence(request, row.complaint_id),
        "foot": "complaints/_ap_question_foot.html",
        "question": row,
        "neglect": speaks_of_neglect(row),
    }


def unverified(request, subject) -> dict | None:
    """Forms whose customer could not be asked and did not answer the link."""
    rows = _worklist(request).unverified()
    if subject is None:
        items = [_item(UNVERIFIED, form, None, False) for form in rows[:MOST]]
        return {
            "key": UNVERIFIED,
            "title": _("To close without the customer's word"),
            "short": pgettext("approvals", "Unverified"),
            "order": 150,
            "items": items,
        }
    form = rows.filter(pk=_id_of(subject, UNVERIFIED)).first()
    if form is None:
        return None
    return {**_evidence(request, form.pk), "foot": "complaints/_ap_unverified_foot.html"}


def _worklist(request) -> Worklist:
    return Worklist(request.user, request.store, request.now)


def _item(group: str, form, due, overdue: bool) -> dict:
    return {
        "key": f"{group}:{form.pk}",
        "title": _title(form),
        "sub": " · ".join((str(Level(form.level).label), customer_words(form), tail(form.number))),
        "due": due,
        "amount": None,
        "overdue": overdue,
    }


def _title(form) -> str:
    first = form.summary.splitlines()[0]
    return first if len(first) <= TITLE else f"{first[: TITLE - 1]}…"


def _chip(row, request):
    return due_view(
        warn_at=row.warn_at,
        due_at=row.due_at,
        met_at=None,
        now=request.now,
        tz=request.store.zone,
        started_at=row.started_at,
    )


def _grumbles(forms) -> dict | None:
    """Grumbles are closed in one daily batch: marking them done was their signature."""
    grumbles = [form for form in forms if form.level == Level.GRUMBLE]
    if len(grumbles) < 2:
        return None
    return {
        "template": "complaints/_ap_bulk.html",
        "count": len(grumbles),
        "hidden": [("form", f"{form.pk}:{form.version}") for form in grumbles],
        "points": [f"{tail(form.number)} · {customer_words(form)} · {_title(form)}" for form in grumbles],
        "submit_key": new_key(),
    }


def _evidence(request, pk: int) -> dict:
    """What the general manager looks at before deciding."""
    form = (
        Complaint.objects.select_related(
            "store", "case", "customer", "vehicle", "department", "care_agent", "assignee__user", "policy_version",
            "calendar_version",
        )
        .prefetch_related("responsibilities__employee", "signatures", "holdings__holder", "holdings__department")
        .get(pk=pk)
    )  # fmt: skip
    facts = Facts.of(form)
    directory = Directory(form.store, request.now)
    names = Names(
        form.store, {row.met_by_id for row in facts.live.values()} | {row.user_id for row in form.signatures.all()}
    )
    callback = facts.live.get(Step.CALLBACK)
    said = form.events.filter(kind="step_done", detail__step=Step.CALLBACK).select_related("text").last()
    return {
        "template": "complaints/_ap_form.html",
        "title": _title(form),
        "form": form,
        "customer": customer_words(form),
        "steps": ladder(facts, Chips(form, request.now), names, {}),
        "resolution": form.resolutions.first(),
        "callback": callback,
        "callback_by": names.of(callback.met_by) if callback is not None and callback.met_by else "",
        "callback_words": said.text.text if said is not None and said.text else "",
        "signatures": signatures(facts, names, directory),
        "breaches": breaches(facts, request.user),
        "submit_key": new_key(),
        "instruct_url": f"{form.get_absolute_url()}?do=instruct#c-next",
    }


def _id_of(subject: str, group: str) -> int:
    """The id in one of our keys; 0 for a key of another group."""
    kind, _colon, pk = subject.partition(":")
    return int(pk) if kind == group and pk.isdigit() and len(pk) < 19 else 0
