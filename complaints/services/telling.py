"""Messages about a form: who is told what, once, with the due time in words that respect the night (POLICY 3)."""

from datetime import datetime, time, timedelta

from csi_portal.notifications import outbox, recipients

from ..enums import PHONING_STEPS
from ..models import Complaint
from .people import Directory, once, who_must_act

# Nobody is asked to phone a customer after this hour; the reminder names the next morning instead.
QUIET_FROM = time(20, 30)
QUIET_TO = time(9, 0)
MORNING = time(9, 30)


def call_by(store, now: datetime) -> datetime | None:
    """At night: the morning time until which to phone; by day None."""
    local = store.local(now)
    if QUIET_TO <= local.time() < QUIET_FROM:
        return None
    day = local.date() if local.time() < QUIET_TO else local.date() + timedelta(days=1)
    return datetime.combine(day, MORNING, tzinfo=store.zone)


def step_params(store, step: str, due_at: datetime, now: datetime) -> dict:
    """What a message says of a step: its code, when it is due, and at night the morning time for a phone call."""
    params = {"step": step, "due_at": due_at.isoformat()}
    morning = call_by(store, now) if step in PHONING_STEPS else None
    if morning is not None:
        params["call_by"] = morning.isoformat()
    return params


def tell(form: Complaint, users, kind: str, *, now, key: str = "", by=None, urgent: bool = False, **params) -> None:
    """Write one message to each user but the one who did it; a known (form, kind, key) is a no-op."""
    told = [user for user in once(users) if by is None or user.pk != by.pk]
    outbox.enqueue(
        form.store,
        told,
        f"complaint.{kind}",
        dedupe_key=f"complaint.{kind}:{form.pk}:{key}",
        now=now,
        url=form.get_absolute_url(),
        urgent=urgent,
        number=form.number,
        level=form.level,
        **params,
    )


def tell_step(form: Complaint, deadline, kind: str, *, now, by=None, urgent: bool = False, **params) -> None:
    """Tell who must act on a step; where nobody holds the role the administrators hear of it as an error."""
    users = who_must_act(form, deadline.step, Directory(form.store, now))
    said = step_params(form.store, deadline.step, deadline.due_at, now)
    key = f"{deadline.step}:{deadline.generation}"
    if users:
        tell(form, users, kind, now=now, key=key, by=by, urgent=urgent, **said, **params)
    else:
        tell_nobody(form, now=now, key=key, **said)


def tell_nobody(form: Complaint, *, step: str, now, key: str, **params) -> None:
    """Nobody holds the role a step waits for: an error for the administrators, never silence."""
    admins = recipients.administrators(form.store, now)
    tell(form, admins, "nobody", now=now, key=key, urgent=True, step=step, **params)
