"""The tasks that beat rings."""

from celery import shared_task
from celery.signals import worker_ready
from django.utils import timezone

from csi_portal.desk import sweeping


@shared_task(name="desk.sweep")
def sweep() -> None:
    """One full pass over everything due."""
    sweeping.full_pass(timezone.now())


@worker_ready.connect
def look_at_once(**kwargs) -> None:
    """What became due while no worker was there does not wait for the first beat."""
    sweep.delay()
