"""Celery tasks of the ground floor: a few lines each, safe to run any number of times."""

import logging

from celery import shared_task

from csi_portal.organization import hooks

logger = logging.getLogger(__name__)


@shared_task(name="organization.look_at_facts")
def look_at_facts(fact_kind: str) -> None:
    """Let everybody who registered for the fact look again; one failing listener does not stop the others."""
    for name, fn in hooks.listeners(fact_kind).items():
        try:
            fn()
        except Exception:
            logger.exception("listener %s for %s failed; the sweep will repeat it", name, fact_kind)
