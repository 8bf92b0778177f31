"""What runs by itself: the look at touched facts, the daily full look, the nightly check of the books."""

from django.utils import timezone

from csi_portal.notifications import outbox, recipients
from csi_portal.organization.defaults import ship_policy
from csi_portal.organization.enums import PolicyKind, Role
from incentives import reconcile
from incentives.check import check_store
from incentives.rules import DEFAULT_RULES
from incentives.services import tell_overdue_rulings


def load_rules() -> None:
    """Bring the shipped rules as policy data, once."""
    ship_policy(PolicyKind.INCENTIVES, DEFAULT_RULES)


def sweep(now) -> dict[str, int]:
    """This floor's part of the full pass."""
    return reconcile.look_at_touched(now) | tell_overdue_rulings(now)


def look_now() -> None:
    """A fact rang the bell."""
    reconcile.look_at_touched(timezone.now())


def daily_look(store, day, now) -> None:
    reconcile.daily_look(store, day, now)


def daily_check(store, day, now) -> None:
    """Check the store's books and tell finance and the administrator of the first difference."""
    differences = check_store(store)
    if not differences:
        return
    users = recipients.holders(store, Role.FINANCE, now) + recipients.administrators(store, now)
    outbox.enqueue(
        store,
        list({user.pk: user for user in users}.values()),
        "incentives.check_failed",
        dedupe_key=f"incentives.check_failed:{day.isoformat()}",
        now=now,
        urgent=True,
        first=str(differences[0]),
    )
