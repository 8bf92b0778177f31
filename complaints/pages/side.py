"""The right rail of a form: people, holder times, links, signatures, other due times, what was late."""

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from csi_portal.organization import permissions
from csi_portal.organization.due import near_moment, span
from csi_portal.organization.markup import plate_text

from ..enums import BesideStep, Degree, Level, Signer, Status
from ..models import Complaint
from .chips import Chips
from .words import STEP_WORDS, Names, tail

_BESIDE = (
    BesideStep.MEASURES,
    BesideStep.MEASURES_CHECK,
    BesideStep.MAJOR_FOLLOW_UP,
    BesideStep.REGION_REPORT,
)


def people(facts, names: Names, directory, now) -> list[dict]:
    """Who has to do with the form, in the order of duty."""
    form = facts.form
    rows = [{"role": _("Department manager"), "name": names.of(user)} for user in directory.managers(form.department)]
    if form.assignee is not None:
        rows.append({"role": _("Handled by"), "name": form.assignee.name})
    if form.care_agent is not None:
        rows.append({"role": _("Care agent"), "name": names.of(form.care_agent)})
    for row in facts.blamed:
        rows.append({"role": str(Degree(row.degree).label), "name": row.employee.name, "void": form.blame_void})
    return rows


def holder_times(form, names: Names, now) -> str:
    """Who had the form how long, in one line: `Lin 16 min · Guo 22 h 59 min`."""
    totals: dict[str, object] = {}
    for held in form.holdings.all():
        who = names.of(held.holder) if held.holder else str(held.department or _("Customer care"))
        length = (held.to_at or now) - held.from_at
        totals[who] = totals[who] + length if who in totals else length
    return " · ".join(f"{who} {span(length)}" for who, length in totals.items() if length)


def links(form, user, now) -> list[dict]:
    """What belongs to the form: visit, answer, other rounds, an earlier case."""
    found = []
    if form.visit is not None:
        kind = _("Delivery") if form.visit.kind == "sale" else _("Repair order")
        found.append(
            {"text": f"{kind} {form.visit.number}", "note": near_moment(form.visit.closed_at, now, form.store.zone)}
        )
    if form.response_id and permissions.can(user, "surveys.view_visits", form.store):
        found.append({"text": _("Survey answer"), "url": _url("surveys:response", form.response_id)})
    if form.customer_id and permissions.can(user, "surveys.view_visits", form.store):
        found.append({"text": _("Everything about this customer"), "url": _url("surveys:customer", form.customer_id)})
    same = Complaint.objects.filter(store=form.store_id, case=form.case_id).exclude(pk=form.pk)
    for other in same.visible_to(user).order_by("round", "pk"):
        note = _("round %(n)s of this case") % {"n": other.round}
        found.append({"text": tail(other.number), "url": other.get_absolute_url(), "note": note})
    if form.case.repeat_of_id:
        earlier = Complaint.objects.filter(store=form.store_id, case=form.case.repeat_of_id).visible_to(user)
        for other in earlier.order_by("-round")[:1]:
            note = _("case within 90 days before")
            found.append({"text": tail(other.number), "url": other.get_absolute_url(), "note": note})
    return found


def _url(name: str, *args) -> str:
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def signatures(facts, names: Names, directory) -> dict:
    """Who has signed and whose signature the closing waits for."""
    form = facts.form
    rows = [
        {
            "name": names.of(row.user, row.name),
            "as": str(Signer(row.signer).label),
            "at": row.signed_at,
            "tint": row.user_id,
        }
        for row in form.signatures.filter(void_at=None).select_related("user").order_by("signed_at", "pk")
    ]
    if form.is_final:
        return {"rows": rows, "note": ""}
    if form.status not in (Status.RESOLVED, Status.CALLED_BACK):
        note = _("by marking it done") if form.level == Level.GRUMBLE else _("after the resolution")
        return {"rows": rows, "note": note}
    for needed in facts.missing:
        name = needed.employee.name if needed.employee else _manager_to_sign(facts, names, directory)
        rows.append({"name": name, "as": str(Signer(needed.signer).label), "at": None, "tint": 0})
    signed = sum(1 for row in rows if row["at"])
    return {"rows": rows, "note": _("%(signed)s of %(all)s, before closing") % {"signed": signed, "all": len(rows)}}


def _manager_to_sign(facts, names: Names, directory) -> str:
    """The manager by name; where every manager is blamed the general manager signs in that place."""
    blamed = {row.employee.user_id for row in facts.blamed}
    managers = [user for user in directory.managers(facts.form.department) if user.pk not in blamed]
    return names.of(managers[0]) if managers else _("General manager")


def beside(facts, chips: Chips) -> list[dict]:
    """The due times kept beside the steps, with how each was reckoned."""
    rows = [facts.live[step] for step in _BESIDE if step in facts.live and facts.live[step].silenced_at is None]
    notice = facts.live.get("gm_notice")
    if notice is not None and notice.silenced_at is None:
        rows.insert(0, notice)
    return [{"name": STEP_WORDS[row.step], "due": chips.of(row), "why": chips.why(row)} for row in rows]


def breaches(facts, user) -> list[dict]:
    """What was late and who bears it; the money side is for those who judge it."""
    form = facts.form
    judges = permissions.can(user, "complaints.find_fault", form) or permissions.can(user, "complaints.instruct", form)
    ticked = {
        row.breach_id: row.employee.name for row in form.faults.filter(withdrawn_at=None).select_related("employee")
    }
    return [_breach(breach, ticked, judges, form.is_final) for breach in facts.breaches]


def _breach(breach, ticked: dict, judges: bool, ended: bool) -> dict:
    who = breach.charged_to or breach.charged_department
    notes = [str(who)] if who else []
    if judges and not breach.late_in_opening_hours:
        notes.append(_("in time by opening hours: no money"))
    if judges and not breach.fair_to_charge:
        notes.append(_("had it too short: no money"))
    if breach.pk in ticked:
        notes.append(_("fault: %(name)s") % {"name": ticked[breach.pk]})
    if breach.excused_at:
        notes.append(_("excused"))
    return {
        "name": STEP_WORDS[breach.deadline.step],
        "late": _lateness(breach, ended),
        "note": " · ".join(notes),
    }


def _lateness(breach, ended: bool) -> str:
    if breach.late_by is not None:
        return _("%(span)s late") % {"span": span(breach.late_by)}
    return _("never done") if ended else _("still open")


def group_text(form, step: str, due, waits_for: list[str]) -> str:
    """A line for the group chat: number, level, car, what is next until when, who; nothing about the customer."""
    parts = [form.number, str(Level(form.level).label)]
    if form.vehicle is not None and form.vehicle.plate:
        parts.append(plate_text(form.vehicle.plate))
    if step and due is not None:
        parts.append(f"{step} {due.text}")
    parts += waits_for
    return " · ".join(parts)
