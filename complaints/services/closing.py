"""The end of a form: what is still open falls silent, what must go on becomes an item, nobody holds it any more."""

from datetime import timedelta

from csi_portal.notifications.services import open_item
from csi_portal.organization.enums import Role

from ..enums import BesideStep
from ..models import Complaint, Deadline
from . import breaches
from .base import move
from .holding import release
from .people import Directory
from .telling import tell

# A relationship contact follows the closing after this time (POLICY section 3).
CONTACT_AFTER = timedelta(days=30)


def end(form: Complaint, live: dict[str, Deadline], *, now) -> None:
    """Silence what is open; what was overdue by then stays a breach."""
    breaches.judge_open(form, live, now=now)
    Deadline.objects.running().filter(complaint=form).update(silenced_at=now)
    for row in live.values():
        if row.is_open:
            row.silenced_at = now
    release(form, now=now)


def close(form: Complaint, live: dict[str, Deadline], status: str, *, now) -> None:
    """End a form for good: closed or unverified."""
    move(form, status)
    form.closed_at = now
    left = [step for step in (BesideStep.MEASURES, BesideStep.MEASURES_CHECK) if step in live and live[step].is_open]
    end(form, live, now=now)
    if left:
        _keep_measures(form, live[left[-1]].due_at, now=now)
    if form.customer_id is not None:
        open_item(
            form.store,
            "complaint.relationship_contact",
            f"complaint:{form.pk}",
            now=now,
            role=Role.CARE_AGENT,
            due_at=now + CONTACT_AFTER,
            url=form.get_absolute_url(),
            number=form.number,
        )


def _keep_measures(form: Complaint, due_at, *, now) -> None:
    # a closed form never alerts, but its improvement measures still have to be handed in and checked
    open_item(
        form.store,
        "complaint.measures_after_closing",
        f"complaint:{form.pk}",
        now=now,
        role=Role.CARE_MANAGER,
        due_at=due_at,
        url=form.get_absolute_url(),
        number=form.number,
    )


def tell_closed(form: Complaint, *, now, by) -> None:
    directory = Directory(form.store, now)
    users = [*directory.care(form), *directory.managers(form.department)]
    tell(form, users, "closed", now=now, by=by, status=form.status)
