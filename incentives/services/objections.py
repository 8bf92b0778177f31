"""The personal notice and the objection 奖惩异议 (POLICY section 5): 3 working days to object, 3 more to rule."""

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from csi_portal.notifications import outbox, recipients
from csi_portal.notifications.models import Message
from csi_portal.organization import audit
from csi_portal.organization.errors import Conflict, IllegalMove
from csi_portal.organization.models import RoleGrant, User
from csi_portal.organization.permissions import require
from csi_portal.organization.policies import working_days
from incentives import ledger
from incentives.models import LedgerEntry, Notice, Objection, Proposal, ProposalStatus
from incentives.reconcile.difference import make_reversal, next_seq
from incentives.reconcile.items import DECIDERS

OVERDUE = "incentives.objection_overdue"


def file_objection(entry: LedgerEntry, *, by, reason: str, now) -> Objection:
    """Object to an entry of one's own within the window of its notice; the line is held back until it is ruled on.

    For a person without a login the care manager files what was handed in on paper.
    IllegalMove: no notice, window over or confirmed, reversed, objected already, no reason.
    """
    if not reason.strip():
        raise IllegalMove(_("An objection needs a reason."))
    with transaction.atomic():
        ledger.lock_books(entry.store)
        notice = Notice.objects.select_related("employee__user", "store").filter(entry=entry).first()
        if notice is None:
            raise IllegalMove(_("This line has no notice to object to."))
        require(by, "incentives.object", notice)
        if Objection.objects.filter(entry=entry).exists():
            raise IllegalMove(_("There is an objection to this line already."))
        if notice.confirmed_at is not None:
            raise IllegalMove(_("The notice was confirmed; that ended the time to object."))
        if now > notice.window_ends_at:
            raise IllegalMove(_("The time to object is over."))
        if LedgerEntry.objects.filter(reverses=entry).exists():
            raise IllegalMove(_("This line has been reversed already."))
        objection = Objection.objects.create(
            store=entry.store,
            entry=entry,
            employee=notice.employee,
            reason=reason.strip(),
            filed_at=now,
            rule_by=working_days(entry.store, now).end_of_workdays(now, ledger.OBJECTION_DAYS),
        )
        audit.record(by, "objection.filed", objection, at=now, entry=entry.number)
        _tell_deciders(objection, "incentives.objection", now)
    return objection


def rule_objection(objection: Objection, *, upheld: bool, by, ruling: str, now) -> Objection:
    """Rule on an objection, with reasons. Upheld: the reversal is posted at once, in the open month.

    The ruling is the decision; the line stays gone even though its fact may stand. Conflict: ruled already.
    """
    if not ruling.strip():
        raise IllegalMove(_("A ruling needs its reasons."))
    with transaction.atomic():
        ledger.lock_books(objection.store)
        row = Objection.objects.select_related("employee__user", "entry__proposal", "store").get(pk=objection.pk)
        require(by, "incentives.rule_objection", row)
        changed = Objection.objects.filter(pk=row.pk, upheld=None).update(
            upheld=upheld, ruling=ruling.strip(), ruled_at=now, ruled_by=by
        )
        if not changed:
            raise Conflict(_("Somebody has ruled on this objection already."))
        if upheld:
            _reverse(row, by, now)
        audit.record(by, "objection.ruled", row, at=now, entry=row.entry.number, upheld=upheld)
        _tell_person(row, upheld, ruling.strip(), now)
    objection.refresh_from_db()
    return objection


def confirm_notice(notice: Notice, *, by, now) -> Notice:
    """The person accepts the line; that ends the window early. Twice does no harm."""
    with transaction.atomic():
        require(by, "incentives.object", notice)
        changed = Notice.objects.filter(pk=notice.pk, confirmed_at=None).update(confirmed_at=now)
        if changed:
            audit.record(by, "notice.confirmed", notice, at=now)
    notice.refresh_from_db()
    return notice


def tell_overdue_rulings(now) -> dict[str, int]:
    """Remind who rules, once, when the time to rule is over (for the sweep)."""
    overdue = {
        f"{OVERDUE}:{objection.pk}": objection
        for objection in Objection.objects.filter(upheld=None, rule_by__lt=now).select_related(
            "employee", "entry", "store"
        )
    }
    if not overdue:
        return {}
    told = set(Message.objects.filter(kind=OVERDUE, dedupe_key__in=overdue).values_list("dedupe_key", flat=True))
    fresh = [objection for key, objection in overdue.items() if key not in told]
    for objection in fresh:
        with transaction.atomic():
            _tell_deciders(objection, OVERDUE, now)
    return {"rulings_overdue": len(fresh)}


def _reverse(objection: Objection, by, now) -> None:
    """Post the reversal of the entry; a reversal that waits for its decision is decided with it."""
    entry = objection.entry
    if LedgerEntry.objects.filter(reverses=entry).exists():
        return
    Proposal.objects.filter(reverses=entry, status=ProposalStatus.PROPOSED).update(
        status=ProposalStatus.WITHDRAWN, decided_at=now
    )
    reversal = make_reversal(
        entry,
        reasoning={"code": "objection_upheld", "params": {"entry": entry.number}},
        seq=next_seq(entry.store, entry.rule, entry.evidence_key, entry.beneficiary_key),
        now=now,
        status=ProposalStatus.APPROVED,
        decided_by=by,
        decided_at=now,
    )
    # one that was rejected before stays the record of that; the ruling goes beyond it
    Proposal.objects.filter(reverses=entry, status=ProposalStatus.REJECTED).update(lapsed_at=now)
    reversal.save(force_insert=True)
    ledger.post(reversal, by=by, now=now)


def _tell_deciders(objection: Objection, kind: str, now) -> None:
    grants = RoleGrant.objects.filter(
        RoleGrant.valid_at(now), Q(store=objection.store) | Q(store=None), role__in=DECIDERS
    )
    users = User.objects.filter(pk__in=grants.values("user"), is_active=True).exclude(pk=objection.employee.user_id)
    outbox.enqueue(
        objection.store,
        list(users.order_by("pk")) or recipients.administrators(objection.store, now),
        kind,
        dedupe_key=f"{kind}:{objection.pk}",
        now=now,
        url=f"{reverse('incentives:approvals')}?item=objection:{objection.pk}",
        name=objection.employee.name,
        rule=objection.entry.rule,
        reason=objection.reason,
        until=objection.rule_by.isoformat(),
    )


def _tell_person(objection: Objection, upheld: bool, ruling: str, now) -> None:
    user = objection.employee.user
    if user is None or not user.is_active:
        return
    outbox.enqueue(
        objection.store,
        [user],
        "incentives.ruling",
        dedupe_key=f"incentives.ruling:{objection.pk}",
        now=now,
        url=reverse("incentives:entry", args=[objection.entry_id]),
        rule=objection.entry.rule,
        upheld=upheld,
        ruling=ruling,
    )
