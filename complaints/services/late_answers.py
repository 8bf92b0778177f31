"""A customer who could not be reached answers the link after all: the answer still decides (POLICY section 3)."""

from django.db import transaction
from django.utils.translation import gettext as _

from csi_portal.organization import permissions
from csi_portal.organization.errors import IllegalMove

from ..enums import Step
from ..models import Complaint
from . import acts
from .base import hand_back, live_deadlines, lock, read_clock, require_aware
from .deciding import unverified_from
from .doing import Doing


def record_late_answer(
    complaint: Complaint, *, by, overall: int, note: str = "", happened_at=None, now=None, version=None
) -> Complaint:
    """Take the customer's answer while the form waits to be closed unverified: satisfied goes to the general manager,
    not satisfied opens the next round. The callback itself stays met as it was.
    """
    now = read_clock(now)
    with transaction.atomic():
        form = lock(complaint, version)
        permissions.require(by, "complaints.callback", form)
        live = live_deadlines(form)
        if unverified_from(form, live) is None:
            raise IllegalMove(_("This form does not wait for the customer's answer."))
        at = now if happened_at is None else require_aware(happened_at)
        doing = Doing(form, Step.CALLBACK, live, by, note.strip(), at, now, {"overall": overall})
        doing.done_by = by
        acts.decide(doing)
    hand_back(complaint, form)
    return complaint
