"""Who calls whom next: claims with a lease, one holder per customer and number (POLICY section 2)."""

import uuid
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from csi_portal.organization import audit, permissions
from csi_portal.organization.errors import Conflict, IllegalMove
from surveys.enums import CallbackStatus, RetryRule
from surveys.models import Attempt, Callback, Claim
from surveys.models.calls import FOR_COMPLAINT
from surveys.services.rules import calling_rules

# A guard against a queue that changes faster than it is read.
MOST_TRIES = 200


class LeaseLapsed(Conflict):
    """The person does not hold this call (any more); nothing was saved."""


def claim_next(store, *, by, now) -> Claim | None:
    """Take the next call for `by`: the one already held, else by POLICY's order; None when nothing may be called.

    Callbacks of the same number whose time has come are taken with it: one call. Outside calling hours only
    appointments are offered.
    """
    permissions.require(by, "surveys.call", store)
    release_lapsed(now, store=store)
    passed: list[int] = []
    for _try in range(MOST_TRIES):
        held = held_claim(store, by, now)
        if held is not None:
            return held
        callback = offered(store, by=by, now=now).exclude(customer_id__in=passed).first()
        if callback is None:
            return None
        claim = _take(callback, by, now)
        if claim is not None:
            return claim
        passed.append(callback.customer_id)
    return None


def offered(store, *, by, now):
    """What `by` may be given now, best first."""
    rules = calling_rules(store, now)
    ready = _allowed(store, by, now).for_agent(by, now, rules.appointment_grace).not_held(now)
    if not rules.in_hours(now):
        ready = ready.filter(status=CallbackStatus.APPOINTMENT)
    return ready.in_calling_order(by)


def _allowed(store, by, now):
    today = store.local_date(now)
    return Callback.objects.filter(store=store).ready(now, today).not_own_customers_of(by).not_suppressed()


def claim_callback(callback, *, by, now) -> Claim:
    """Take one particular callback (from a list, or because the customer rang back).

    Raises Conflict when somebody holds the customer, IllegalMove when it has ended, is the scored survey of an own
    customer, its number is on the do-not-call list, or `by` still holds another call.
    """
    permissions.require(by, "surveys.call", callback)
    release_lapsed(now, store=callback.store)
    held = held_claim(callback.store, by, now)
    if held is not None:
        if callback.claim_id == held.pk:
            return held
        raise IllegalMove(_("You still hold another call. Finish it or put it back first."))
    callback = Callback.objects.select_related("customer", "store").get(pk=callback.pk)
    if not callback.is_open:
        raise IllegalMove(_("This call is finished already."))
    rows = Callback.objects.filter(pk=callback.pk)
    if not rows.not_own_customers_of(by).exists():
        raise IllegalMove(_("You advised this customer, so somebody else has to ask."))
    if not rows.not_suppressed().exists():
        raise IllegalMove(_("This number is on the do-not-call list."))
    claim = _take(callback, by, now)
    if claim is None:
        raise Conflict(_("%(name)s is working on this customer.") % {"name": _holder_name(callback, now)})
    return claim


def _holder_name(callback, now) -> str:
    others = Claim.objects.filter(store=callback.store_id).select_related("holder")
    one = others.filter(Q(customer=callback.customer_id) | Q(phone=callback.customer.phone) & ~Q(phone="")).first()
    return one.holder.display_name() if one else pgettext("colleague", "Somebody else")


def _take(callback, by, now) -> Claim | None:
    """Insert the claim, then mark its callbacks; None when somebody was faster.

    The claim comes first: its unique keys decide between two agents before any row is locked, so nobody waits for
    a lock in the wrong order.
    """
    try:
        with transaction.atomic():
            claim = Claim.objects.create(
                store_id=callback.store_id,
                customer_id=callback.customer_id,
                phone=callback.customer.phone,
                holder=by,
                token=str(uuid.uuid4()),
                claimed_at=now,
                lease_until=now + calling_rules(callback.store, now).lease,
            )
            taken = _group(callback, by, now)
            if callback.pk not in taken:  # it ended, or was moved, since it was read
                raise _Gone
            Callback.objects.filter(pk__in=taken).update(
                status=CallbackStatus.CLAIMED, claim=claim, version=F("version") + 1
            )
            return claim
    except (IntegrityError, _Gone):
        return None


class _Gone(Exception):
    pass


def _group(callback, by, now) -> list[int]:
    """The callback and what else may be asked in the same call, locked."""
    same = Q(customer=callback.customer_id)
    if callback.customer.phone:
        same |= Q(customer__phone=callback.customer.phone)
    allowed = _allowed(callback.store, by, now).filter(same).values("pk")
    wanted = Q(pk=callback.pk) | Q(pk__in=allowed)
    rows = Callback.objects.waiting().filter(wanted).order_by("pk")
    return list(rows.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))


def held_claim(store, user, now) -> Claim | None:
    """What the user holds in the store with a lease that has not run out."""
    return Claim.objects.filter(store=store, holder=user, lease_until__gt=now).first()


def hold(callback, *, by, now, token: str) -> Claim:
    """The claim under which `by` works on the callback, locked and renewed; call inside a transaction.

    Raises LeaseLapsed when the lease ran out, was taken back, or belongs to another page.
    """
    claim = (
        Claim.objects.select_for_update(of=("self",), no_key=True)
        .filter(callbacks=callback.pk, holder=by, token=token, lease_until__gt=now)
        .first()
    )
    if claim is None:
        raise LeaseLapsed(_("You no longer hold this call. What you typed is kept; take the call again to go on."))
    claim.lease_until = now + calling_rules(callback.store, now).lease
    claim.save(update_fields=["lease_until"])
    return claim


def renew(callback, *, by, now, token: str) -> Claim:
    """Keep the call while the agent works on it (the page's heartbeat). Raises LeaseLapsed."""
    with transaction.atomic():
        return hold(callback, by=by, now=now, token=token)


def release(claim, *, by, now) -> None:
    """Put a call back into the queue: the holder, or the care manager. Raises Conflict when it is gone already."""
    store = claim.store
    if claim.holder_id != by.pk:
        permissions.require(by, "surveys.release_claim", store)
    with transaction.atomic():
        found = Claim.objects.select_for_update(of=("self",), no_key=True).filter(pk=claim.pk).first()
        if found is None:
            raise Conflict(_("This call was finished or put back already."))
        if found.holder_id != by.pk:
            audit.record(by, "claim.released", found, store=store, at=now, holder=found.holder.username)
        _give_back([found.pk], now)


def release_lapsed(now, store=None) -> int:
    """Put back what lapsed leases hold; returns how many claims ended. What the sweep calls."""
    lapsed = Claim.objects.filter(lease_until__lte=now)
    if store is not None:
        lapsed = lapsed.filter(store=store)
    if not lapsed.exists():
        return 0
    with transaction.atomic():
        locked = lapsed.select_for_update(of=("self",), no_key=True, skip_locked=True)
        return _give_back(list(locked.values_list("pk", flat=True)), now)


def _give_back(claim_ids: list[int], now) -> int:
    """End claims; each callback returns to what its last outcome had made of it, a try left open ends without one."""
    Attempt.objects.filter(callback__claim__in=claim_ids, outcome=None, ended_at=None).update(ended_at=now)
    held = Callback.objects.filter(claim__in=claim_ids, status=CallbackStatus.CLAIMED)
    freed = {"claim": None, "version": F("version") + 1}
    held.filter(outcome=None).update(status=CallbackStatus.DUE, **freed)
    held.filter(outcome__retry_rule=RetryRule.APPOINTMENT).update(status=CallbackStatus.APPOINTMENT, **freed)
    held.update(status=CallbackStatus.RETRY, **freed)
    return Claim.objects.filter(pk__in=claim_ids).delete()[1].get(Claim._meta.label, 0)


def leave_group(claim, callback_ids, *, keep: bool) -> None:
    """Let finished callbacks go; the claim ends with the last one unless `keep`. Call under its lock."""
    Callback.objects.filter(pk__in=callback_ids).update(claim=None)
    if not keep:
        claim.delete()


def lease_minutes(store, now) -> int:
    """How long a call may lie untouched, in minutes."""
    return int(calling_rules(store, now).lease / timedelta(minutes=1))


__all__ = [
    "FOR_COMPLAINT",
    "LeaseLapsed",
    "claim_callback",
    "claim_next",
    "held_claim",
    "hold",
    "lease_minutes",
    "leave_group",
    "offered",
    "release",
    "release_lapsed",
    "renew",
]
