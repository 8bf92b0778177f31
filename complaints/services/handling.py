"""What people do on a form beside its steps: take it up, hand it on, note, correct, chase (POLICY section 3)."""

from django.db import transaction
from django.utils.translation import gettext as _

from csi_portal.organization import permissions
from csi_portal.organization.errors import IllegalMove

from ..enums import BesideStep, Status
from ..models import Complaint, Deadline
from . import acts, signatures
from .base import hand_back, live_deadlines, lock, move, read_clock, require_open, save, write_down
from .holding import hold
from .people import Directory, who_must_act
from .registration import give_to_department
from .steps import complete_step
from .telling import tell, tell_nobody

# Who asks again within this many minutes asks the same thing: the message is not repeated.
CHASE_PAUSE_MINUTES = 60


def acknowledge(complaint: Complaint, *, by, now=None, version=None) -> Complaint:
    """The manager or the assigned person takes the form up; the clock runs on."""
    now = read_clock(now)
    with transaction.atomic():
        form = lock(complaint, version)
        require_open(form)
        permissions.require(by, "complaints.work", form)
        move(form, Status.ACKNOWLEDGED)
        write_down(form, "acknowledged", by=by, now=now)
        save(form, now=now)
    hand_back(complaint, form)
    return complaint


def assign(
    complaint: Complaint, *, by, now=None, version=None, note: str = "", department=None, assignee=None, care_agent=None
) -> Complaint:
    """Hand the form to a person of the department, to another department, or to another care agent.

    The steps keep their times; holder times show who had it when. IllegalMove: nothing changes, ended form, a form
    that was never passed on (complete `transfer` instead). ValueError: rows of another store.
    """
    now = read_clock(now)
    with transaction.atomic():
        form = lock(complaint, version)
        require_open(form)
        permissions.require(by, "complaints.assign", form)
        changes = _hand_over(form, department, assignee, care_agent)
        if not changes:
            raise IllegalMove(_("Choose somebody else; nothing would change."))
        write_down(form, "assigned", by=by, now=now, text=note, **changes)
        if form.status in (Status.REGISTERED, Status.RESOLVED):
            hold(form, now=now, user=form.care_agent)
        elif form.status != Status.CALLED_BACK:
            give_to_department(form, now=now)
        save(form, now=now)
        _tell_new(form, changes, now=now, by=by)
    hand_back(complaint, form)
    return complaint


def _hand_over(form: Complaint, department, assignee, care_agent) -> dict:
    changes = {}
    if department is not None and department.pk != form.department_id:
        if department.store_id != form.store_id:
            raise ValueError("department belongs to another store")
        if form.department_id is None and form.status == Status.REGISTERED:
            raise IllegalMove(_("Pass the form on first."))
        form.department, form.assignee = department, None
        changes["department"] = department.pk
    if assignee is not None and assignee.pk != form.assignee_id:
        if assignee.store_id != form.store_id:
            raise ValueError("employee belongs to another store")
        form.assignee = assignee
        changes["assignee"] = assignee.name
    if care_agent is not None and care_agent.pk != form.care_agent_id:
        permissions.require(care_agent, "complaints.callback", form)
        form.care_agent = care_agent
        changes["care_agent"] = care_agent.display_name()
    return changes


def _tell_new(form: Complaint, changes: dict, *, now, by) -> None:
    directory = Directory(form.store, now)
    users = []
    if "department" in changes:
        users += directory.managers(form.department)
    if "assignee" in changes:
        users += directory.assigned(form)
    if "care_agent" in changes:
        users += directory.care(form)
    tell(form, users, "assigned", now=now, key=str(form.version), by=by)


def add_note(complaint: Complaint, text: str, *, by, now=None) -> Complaint:
    """A line on the timeline by somebody who may see the form; allowed after its end too, it changes nothing."""
    now = read_clock(now)
    if not text.strip():
        raise IllegalMove(_("Write something first."))
    with transaction.atomic():
        form = lock(complaint)
        permissions.require(by, "complaints.note", form)
        write_down(form, "note", by=by, now=now, text=text)
    return complaint


def correct_resolution(
    complaint: Complaint, *, by, remedy: str, cause: str, measures: str = "", now=None, version=None
) -> Complaint:
    """Put the agreement right with a new line; signatures over the old one are void and asked for again."""
    now = read_clock(now)
    with transaction.atomic():
        form = lock(complaint, version)
        require_open(form)
        permissions.require(by, "complaints.work", form)
        if form.status not in (Status.RESOLVED, Status.CALLED_BACK):
            raise IllegalMove(_("There is no resolution to correct."))
        if not remedy.strip() or not cause.strip():
            raise IllegalMove(_("A resolution says what was agreed with the customer and what caused the complaint."))
        acts.amend(form, by=by, now=now, remedy=remedy.strip(), cause=cause.strip(), measures=measures.strip())
        write_down(form, "resolution_corrected", by=by, now=now)
        signatures.void_changed(form, now=now)
        save(form, now=now)
    hand_back(complaint, form)
    return complaint


def chase(complaint: Complaint, *, by, now=None, note: str = "") -> Deadline:
    """Remind who must act on the next step; asked again within an hour it is the same reminder."""
    now = read_clock(now)
    with transaction.atomic():
        form = lock(complaint)
        require_open(form)
        permissions.require(by, "complaints.chase", form)
        waiting = live_deadlines(form).get(form.next_step)
        if waiting is None:
            raise IllegalMove(_("Nothing is open on this form."))
        slot = int(now.timestamp() // (CHASE_PAUSE_MINUTES * 60))
        users = who_must_act(form, waiting.step, Directory(form.store, now))
        said = {"step": waiting.step, "due_at": waiting.due_at.isoformat()}
        if users:
            tell(
                form,
                users,
                "chased",
                now=now,
                key=f"{waiting.pk}:{slot}",
                urgent=True,
                **said,
                by_name=by.display_name(),
            )
        else:
            tell_nobody(form, now=now, key=f"chased:{waiting.pk}:{slot}", **said)
        write_down(form, "chased", by=by, now=now, text=note, step=waiting.step, to=[u.display_name() for u in users])
    return waiting


def chase_signatures(complaint: Complaint, *, by, now=None) -> list:
    """Remind those whose signature the approval waits for; returns what is missing."""
    now = read_clock(now)
    with transaction.atomic():
        form = lock(complaint)
        require_open(form)
        permissions.require(by, "complaints.chase", form)
        if form.status not in (Status.RESOLVED, Status.CALLED_BACK):
            raise IllegalMove(_("There is nothing to sign before the resolution."))
        needed = signatures.missing(form)
        if not needed:
            raise IllegalMove(_("No signature is missing."))
        signatures.ask(form, now=now, key=f"{now:%Y%m%d%H}")
        write_down(form, "chased", by=by, now=now, step="sign", to=[str(row) for row in needed])
    return needed


def report_to_region(
    complaint: Complaint, *, recipient: str, channel: str, by, note: str = "", happened_at=None, now=None, version=None
) -> Deadline:
    """The care manager reports a major complaint to the maker's region: to whom, how, when."""
    return complete_step(
        complaint,
        BesideStep.REGION_REPORT,
        by=by,
        note=note,
        happened_at=happened_at,
        now=now,
        version=version,
        recipient=recipient,
        channel=channel,
    )
