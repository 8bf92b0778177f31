"""Everything the page of one form shows."""

from django.urls import reverse
from django.utils.translation import gettext as _

from csi_portal.organization import hooks, permissions
from csi_portal.organization.submits import new_key

from ..actions import Facts
from ..enums import OPEN, BesideStep, Status
from ..models import Alert
from ..services.people import Directory, who_must_act
from ..services.surveying import callback_of
from . import side, timeline
from .box import box_of
from .chips import Chips
from .ladder import ladder
from .words import Names, customer_words, status_words, step_words, tail


def detail_context(request, form, *, chosen: str = "", bound=None, phone: str = "") -> dict:
    """The context of complaints/detail.html; `bound` is a submitted form that came back with errors."""
    facts = Facts.of(form)
    directory = Directory(form.store, request.now)
    chips = Chips(form, request.now)
    acting = _who_acts(facts, directory)
    names = _names(facts, directory, acting)
    box = box_of(facts, request.user, request.now, directory, chosen, bound)
    status, tone = status_words(form)
    head_row = facts.live.get(form.next_step)
    next_name, next_due = step_words(form.next_step), chips.of(head_row)
    waits_for = [names.of(user) for user in acting.get(form.next_step, [])]
    people_only = "people" in request.GET
    return {
        "form": form,
        "page_title": tail(form.number),
        "status": status,
        "tone": tone,
        "customer": customer_words(form),
        "next_name": next_name,
        "next_due": next_due,
        "next_why": chips.why(head_row) if head_row else [],
        "steps": ladder(facts, chips, names, {step: ", ".join(map(names.of, who)) for step, who in acting.items()}),
        "box": box,
        "box_due": chips.of(facts.live.get(box.action.step)) if box.action else None,
        "chosen": chosen,
        "call_url": _call_url(request, form),
        "waits_for": waits_for,
        "group_text": "" if form.is_final else side.group_text(form, next_name, next_due, waits_for),
        "resolution": form.resolutions.select_related("by", "cause_category").first(),
        "question": facts.question,
        "answers": _answers(form, names),
        "entries": timeline.entries(form, request.now, people_only),
        "people_only": people_only,
        "people": side.people(facts, names, directory, request.now),
        "holder_times": side.holder_times(form, names, request.now),
        "links": side.links(form, request.user, request.now),
        "signatures": side.signatures(facts, names, directory),
        "beside": side.beside(facts, chips),
        "breaches": side.breaches(facts, request.user),
        "alerts": _alerts(facts, request.user),
        "panels": hooks.panels("complaint_side", request, form),
        "entered_later": form.registered_at - form.received_at > timeline.ENTERED_LATER,
        "registered_by": names.of(form.registered_by, _("the portal")),
        "may_reveal": form.customer is not None and permissions.can(request.user, "surveys.reveal_phone", form),
        "phone": phone,
        "submit_key": new_key(),
    }


def _call_url(request, form) -> str:
    """The form's callback at the call desk, where this person calls."""
    if form.status != Status.RESOLVED or not permissions.can(request.user, "surveys.call", form.store):
        return ""
    waiting = callback_of(form)
    return reverse("surveys:call", args=[waiting.pk]) if waiting is not None and waiting.is_open else ""


def _who_acts(facts: Facts, directory: Directory) -> dict[str, list]:
    """Step → the persons it waits for, of the open steps."""
    open_steps = [step for step, row in facts.live.items() if row.is_open and row.silenced_at is None]
    found = {step: who_must_act(facts.form, step, directory) for step in open_steps}
    if facts.form.status in OPEN and BesideStep.APPROVAL not in facts.live:
        found[BesideStep.APPROVAL] = who_must_act(facts.form, BesideStep.APPROVAL, directory)
    return found


def _names(facts: Facts, directory: Directory, acting) -> Names:
    form = facts.form
    ids = {user.pk for who in acting.values() for user in who}
    ids |= {row.met_by_id for row in facts.live.values()}
    ids |= {user.pk for user in directory.managers(form.department)}
    ids |= {held.holder_id for held in form.holdings.all()}
    ids |= {row.user_id for row in form.signatures.all()}
    ids |= {row.answered_by_id for row in form.instructions.all()}
    return Names(form.store, ids | {form.care_agent_id, form.registered_by_id})


def _answers(form, names: Names) -> list[dict]:
    """The general manager's instructions, newest first."""
    rows = [row for row in form.instructions.all() if row.answered_at is not None]
    return [
        {"text": row.text, "who": names.of(row.answered_by), "at": row.answered_at, "act_by": row.act_by}
        for row in sorted(rows, key=lambda row: row.answered_at, reverse=True)
    ]


def _alerts(facts: Facts, user) -> list[dict]:
    """Raised alerts of open steps: who has taken them, or the button to take them."""
    if facts.form.status not in OPEN or facts.form.status == Status.CALLED_BACK:
        return []
    open_rows = {row.pk: row for row in facts.live.values() if row.is_open and row.silenced_at is None}
    alerts = Alert.objects.filter(deadline__in=open_rows, raised_at__isnull=False).exclude(kind="warning")
    may_take = permissions.can(user, "complaints.note", facts.form)
    found: dict[int, dict] = {}
    for alert in alerts.select_related("acknowledged_by").order_by("raised_at", "pk"):
        row = open_rows[alert.deadline_id]
        taken = alert.acknowledged_by.display_name() if alert.acknowledged_by else ""
        found[alert.deadline_id] = {  # the highest kind of a step says it all
            "id": alert.pk,
            "kind": alert.kind,
            "step": step_words(row.step),
            "taken_by": taken or found.get(alert.deadline_id, {}).get("taken_by", ""),
            "may_take": may_take,
        }
    return list(found.values())
