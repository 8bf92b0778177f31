"""The full pass over everything due: every floor's part, the heartbeat, and what the frame says when it stops."""

import logging
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _

from csi_portal.notifications.models import AlertKind
from csi_portal.organization import hooks
from csi_portal.organization.due import span
from csi_portal.organization.models import Heartbeat

logger = logging.getLogger(__name__)

NAME = "sweep"
# POLICY section 3, "Alerts": without success for two periods every page says so.
SILENT_AFTER = timedelta(seconds=2 * settings.SWEEP_SECONDS)

_up_since = time.monotonic()


@dataclass
class Outcome:
    """What a pass did: counts by key, and the parts that failed with their errors."""

    counts: dict[str, int] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def full_pass(now: datetime) -> Outcome:
    """Run every registered part once, each on its own; safe at any time, any number of times, beside another pass.

    A part that fails is logged and named in the heartbeat; the others still run. The pass has succeeded when all
    parts have: the heartbeat then says that everything due at `now` was looked at.
    """
    Heartbeat.objects.get_or_create(name=NAME)
    heartbeat = Heartbeat.objects.filter(name=NAME)
    heartbeat.update(began_at=now)
    outcome = Outcome({str(kind): 0 for kind in AlertKind})
    for name, part in hooks.sweeps().items():
        try:
            _add(outcome.counts, name, part(now) or {})
        except Exception as error:  # one failing part must not keep the others from their work
            logger.exception("part %s of the sweep failed", name)
            outcome.errors[name] = f"{type(error).__name__}: {error}"
    if outcome.errors:
        heartbeat.update(last_error="\n".join(f"{name}: {text}" for name, text in outcome.errors.items()))
    else:
        # a slow pass that ends after a younger one does not set the time back
        heartbeat.filter(Q(succeeded_at=None) | Q(succeeded_at__lt=now)).update(succeeded_at=now)
        heartbeat.update(last_error="")
    return outcome


def _add(counts: dict[str, int], name: str, found: dict[str, int]) -> None:
    """Merge a part's counts; the bare names of the alert kinds are those of the complaints' deadlines."""
    for key, number in found.items():
        key = key if key not in AlertKind.values or name == "deadlines" else f"{name}_{key}"
        counts[key] = counts.get(key, 0) + number


def sweep_state(now: datetime) -> dict | None:
    """None while reminders run, else {"text": the sentence for every page, "since": last success or None}.

    A process that has just started says nothing yet: the first pass begins with the worker, a moment after the web.
    """
    last = Heartbeat.objects.filter(name=NAME).values_list("succeeded_at", flat=True).first()
    if last is not None and now - last <= SILENT_AFTER:
        return None
    if time.monotonic() - _up_since < SILENT_AFTER.total_seconds():
        return None
    if last is None:
        return {"text": _("Automatic reminders do not run yet; watch the deadlines yourself"), "since": None}
    text = _("Automatic reminders stopped %(span)s ago; watch the deadlines yourself") % {"span": span(now - last)}
    return {"text": text, "since": last}
