"""Makes the demo: sets the stage of every store, plays all weeks on one clock, whole or not at all."""

import gc
import logging
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, time

from django.db import transaction

from complaints.models import Alert, Complaint
from csi_portal.organization import hooks
from csi_portal.organization.models import Store, User
from incentives.models import LedgerEntry, Proposal
from reports.models import Board
from surveys.models import Callback, Visit

from . import cast
from .bulk import OF_THE_PAST, Amount, Bulk
from .clock import Clock
from .life import Life, Scale, first_day
from .stage import Logins, set_stage
from .weeks import Pace

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Size:
    """What `--scale` means: how many stores live through the weeks, and at what pace."""

    stores: int
    scale: Scale
    # what the first store brings along from the years before
    history: Amount | None = None


SIZES = {
    "small": Size(1, Scale(Pace(services=(2, 4), sales=(0, 2)), forms_a_day=0.15)),
    "medium": Size(3, Scale(Pace(services=(36, 52), sales=(3, 7)), forms_a_day=0.6)),
    "large": Size(
        1,
        Scale(Pace(services=(6, 10), sales=(0, 2)), forms_a_day=0.4),
        Amount(visits=100_000, archived=100_000, open=5_000),
    ),
}


class Exists(Exception):
    """There is a demo already, or somebody has one of its logins."""


@dataclass
class Made:
    """What came of it. `refused` are acts of the play that a service did not allow: there should be none."""

    stores: list[Store]
    logins: list[dict]
    counts: dict[str, int] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)


def make_demo(size: Size, *, seed: str, now: datetime, say: Callable[[str], None] = lambda text: None) -> Made:
    """Make the demo stores up to `now`, all or nothing; `say` hears what is being done. Raises Exists."""
    codes = [site.code for site in cast.SITES]
    if Store.objects.filter(code__in=codes).exists() or User.objects.filter(username__in=cast.usernames()).exists():
        raise Exists
    # One transaction: nobody's sweep sees a past half played, and the disk waits once.
    with transaction.atomic(), hooks.bells_off(), _few_collections():
        made = _play(size, seed, now, say)
    for act in made.refused:
        logger.warning("demo: %s", act)
    return made


def _play(size: Size, seed: str, now: datetime, say) -> Made:
    clock, logins, group, lives = Clock(now), Logins(), {}, []
    for site in cast.SITES[: size.stores]:
        zone = Store(timezone=cast.TIMEZONE).zone
        opened_at = datetime.combine(first_day(now.astimezone(zone).date(), size.scale.weeks), time(8), tzinfo=zone)
        stage = set_stage(site, opened_at=opened_at, logins=logins, group=group)
        lives.append(Life(stage, clock, size.scale, seed, first_customer=OF_THE_PAST if size.history else 0))
    bulk = (
        Bulk(lives[0].stage, size.history, seed=seed, now=now, opened_at=opened_at, say=say) if size.history else None
    )
    if bulk is not None:
        bulk.load_past()
    for life in lives:
        life.plan()
    say(f"Playing {size.scale.weeks} weeks in {len(lives)} store(s) ...")
    clock.play()
    if bulk is not None:
        bulk.load_present()
    for life in lives:
        life.wind_up()
    logins.write()
    stores = [life.store for life in lives]
    refused = [act for life in lives for act in life.refused]
    return Made(stores, logins.rows, counted(stores), refused)


def counted(stores: list[Store]) -> dict[str, int]:
    """How many rows of each kind the stores have."""
    return {
        "visits": Visit.objects.filter(store__in=stores).count(),
        "callbacks": Callback.objects.filter(store__in=stores).count(),
        "forms": Complaint.objects.filter(store__in=stores).count(),
        "alerts": Alert.objects.filter(store__in=stores, raised_at__isnull=False).count(),
        "boards": Board.objects.filter(store__in=stores).count(),
        "proposals": Proposal.objects.filter(store__in=stores).count(),
        "entries": LedgerEntry.objects.filter(store__in=stores).count(),
    }


@contextmanager
def _few_collections():
    """Millions of short-lived rows: looking for cycles after every few hundred costs a tenth of the whole time."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
