"""Which numbers of a customer may be dialled, and the do-not-call list (POLICY section 2)."""

from django.db import transaction
from django.utils.translation import gettext as _

from csi_portal.organization import audit, hooks, permissions
from csi_portal.organization.errors import IllegalMove
from surveys.enums import CallbackStatus, Reason
from surveys.models import Callback, CustomerPhone, Suppression
from surveys.models.calls import FOR_COMPLAINT


def usable_numbers(customer) -> list[str]:
    """The customer's numbers that nobody found bad, the main one first."""
    rows = list(CustomerPhone.objects.filter(customer=customer).order_by("pk").values_list("number", "bad_since"))
    bad = {number for number, bad_since in rows if bad_since is not None}
    wanted = [customer.phone, *(number for number, _bad_since in rows)]
    return [number for number in dict.fromkeys(wanted) if number and number not in bad]


def mark_bad(customer, number: str, *, now) -> None:
    """Note that a number does not reach the customer; the day it was found first stays. Call inside a transaction."""
    row, _created = CustomerPhone.objects.get_or_create(store_id=customer.store_id, customer=customer, number=number)
    if row.bad_since is None:
        row.bad_since = now
        row.save(update_fields=["bad_since"])


def is_suppressed(number: str) -> bool:
    return bool(number) and Suppression.objects.filter(phone=number).exists()


def suppress(numbers, *, store, by, now, reason: str = "") -> int:
    """Put numbers on the group's do-not-call list and end the open surveys of whoever has them.

    Written before success is shown; a complaint's own callback goes on. Returns how many callbacks ended.
    """
    permissions.require(by, "surveys.call", store)
    numbers = [number for number in dict.fromkeys(numbers) if number]
    if not numbers:
        raise IllegalMove(_("There is no number to put on the do-not-call list."))
    with transaction.atomic():
        Suppression.objects.bulk_create(
            [
                Suppression(
                    phone=number,
                    reason=reason[:120],
                    store=store,
                    created_by=None if by is permissions.SYSTEM else by,
                    created_at=now,
                )
                for number in numbers
            ],
            ignore_conflicts=True,
        )
        for number in numbers:
            audit.record(by, "phone.suppressed", store=store, at=now, tail=number[-4:])
        return _end_suppressed(Callback.objects.filter(customer__phone__in=numbers), now)


def close_suppressed(now) -> int:
    """End open surveys of numbers that came onto the list in some other way; what the sweep calls."""
    return _end_suppressed(Callback.objects.filter(customer__phone__in=Suppression.objects.values("phone")), now)


def _end_suppressed(callbacks, now) -> int:
    ended = (
        callbacks.waiting()
        .exclude(FOR_COMPLAINT)
        .update(status=CallbackStatus.REFUSED, reason=Reason.DO_NOT_CALL, closed_at=now, not_before=None)
    )
    if ended:
        hooks.wake("callback")
    return ended
