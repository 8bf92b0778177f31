"""Work by the calendar: once per store and local day, however many beats ring and however long nobody was there.

A floor registers its job in AppConfig.ready(); every full pass looks which ones are owed. The run's slot is a unique
row written in the transaction of the job itself: a second pass finds it taken, a killed one leaves nothing behind.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db import IntegrityError, transaction

from csi_portal.organization.models import JobSlot, Store

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    name: str
    fn: Callable
    at: time


_jobs: dict[str, Job] = {}


def register_daily(name: str, fn: Callable, at: str) -> None:
    """Let `fn(store, day, now)` run once per active store and day, at or after `at` ("02:30" in the store's zone).

    After downtime it runs once, for the latest day: `fn` brings about what is owed up to that day. It runs inside a
    transaction, so it is short; what takes long writes rows and leaves them to its own sweep.
    """
    _jobs[name] = Job(name, fn, time.fromisoformat(at))


def latest_slot(at: time, zone, now: datetime) -> datetime:
    """The last instant not after `now` (aware) that the wall clock of `zone` shows `at`."""
    local = now.astimezone(zone)
    slot = datetime.combine(local.date(), at, tzinfo=zone)
    return slot if slot <= now else datetime.combine(local.date() - timedelta(days=1), at, tzinfo=zone)


def run_due(now: datetime) -> dict[str, int]:
    """Run what is owed at `now`; returns how many ran. One failing job does not stop the others, then it raises."""
    ran, failed = 0, []
    for store in Store.objects.filter(is_active=True).order_by("pk"):
        for job in list(_jobs.values()):
            try:
                ran += _run_once(job, store, now)
            except Exception as error:  # the others still run; the pass is reported as failed below
                logger.exception("job %s of store %s failed", job.name, store.code)
                failed.append(f"{job.name} ({store.code}): {error}")
    if failed:
        raise RuntimeError("; ".join(failed))
    return {"jobs": ran}


def _run_once(job: Job, store: Store, now: datetime) -> bool:
    slot = latest_slot(job.at, store.zone, now)
    key = f"{job.name}:s:{store.pk}"
    if slot < store.created_at or JobSlot.objects.filter(job=key, slot__gte=slot).exists():
        return False
    with transaction.atomic():
        try:
            with transaction.atomic():
                JobSlot.objects.create(job=key, slot=slot)
        except IntegrityError:  # another pass was faster and has finished it
            return False
        job.fn(store, store.local_date(slot), now)
    return True
