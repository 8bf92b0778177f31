"""What a reconciliation leaves to people: facts that charge nobody who is known, lines nobody may decide."""

from django.db.models import Q

from csi_portal.notifications.models import ActionItem
from csi_portal.notifications.services import finish_item, open_item
from csi_portal.organization.enums import Role
from csi_portal.organization.models import RoleGrant
from csi_portal.organization.permissions import SYSTEM
from incentives import links
from incentives.models import Proposal
from incentives.reconcile.asks import MISSING, MONEY_RULES, Gap

NOBODY_KNOWN = "incentives.nobody_known"
NOBODY_DECIDES = "incentives.nobody_decides"
DECIDERS = (Role.GENERAL_MANAGER, Role.GROUP_APPROVER)


def settle_gaps(store, evidence_keys, gaps: tuple[Gap, ...], *, now) -> int:
    """Open an item for the care manager for every gap, close those of this evidence that are filled.

    Returns how many gaps there are.
    """
    wanted = {_subject(gap): gap for gap in gaps}
    possible = [f"{rule}:{key}:{missing}" for rule in MONEY_RULES for key in evidence_keys for missing in MISSING]
    known = {
        item.subject_key: item
        for item in ActionItem.objects.filter(store=store, kind=NOBODY_KNOWN, subject_key__in=possible)
    }
    for subject, item in known.items():
        if subject not in wanted and item.done_at is None:
            finish_item(item, by=SYSTEM, now=now)
    for subject, gap in wanted.items():
        item = known.get(subject)
        if item is not None and item.done_at is not None and item.done_by_id is None:
            # closed because the person was known; now nobody is again, and the item must not stay silent
            ActionItem.objects.filter(pk=item.pk).update(done_at=None, note="")
        elif item is None:
            open_item(
                store,
                NOBODY_KNOWN,
                subject,
                now=now,
                role=Role.CARE_MANAGER,
                url=links.evidence_url(gap.evidence_key),
                rule=gap.rule,
                evidence=links.evidence_number(gap.evidence_key),
                missing=gap.missing,
            )
    return len(wanted)


def tell_if_nobody_may_decide(proposal: Proposal, *, now) -> None:
    """Where nobody may decide, the matter stays open and the administrator is told (POLICY section 1)."""
    grants = RoleGrant.objects.filter(
        RoleGrant.valid_at(now),
        Q(store_id=proposal.store_id) | Q(store=None),
        role__in=DECIDERS,
        user__is_active=True,
    )
    deciders = set(grants.values_list("user_id", flat=True))
    if deciders - proposal.concerned_user_ids():
        return
    open_item(
        proposal.store,
        NOBODY_DECIDES,
        f"proposal:{proposal.pk}",
        now=now,
        role=Role.ADMINISTRATOR,
        rule=proposal.rule,
        evidence=links.evidence_number(proposal.evidence_key),
    )


def finish_undecidable(proposal: Proposal, *, now) -> None:
    """Close the administrator's item once the line is decided or gone."""
    subject = f"proposal:{proposal.pk}"
    item = ActionItem.objects.filter(
        store_id=proposal.store_id, kind=NOBODY_DECIDES, subject_key=subject, done_at=None
    ).first()
    if item is not None:
        finish_item(item, by=SYSTEM, now=now)


def _subject(gap: Gap) -> str:
    return f"{gap.rule}:{gap.evidence_key}:{gap.missing}"
