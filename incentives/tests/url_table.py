"""Pages of money."""

from datetime import date
from decimal import Decimal

from csi_portal.organization.tests.url_rows import Row
from incentives import services
from incentives.models import Adoption

DECIDERS = "general_manager group_approver"
READERS = f"finance {DECIDERS}"
PROPOSALS = f"care_manager {READERS}"
STORE = "care_agent care_manager department_manager general_manager group_approver finance employee"

ROWS = [
    Row("incentives:approvals", get=DECIDERS),
    Row("incentives:approve_bonuses", post=DECIDERS),
    Row("incentives:approve", args=lambda at: [at.award.pk], post=DECIDERS, sees=PROPOSALS),
    Row(
        "incentives:reject", args=lambda at: [at.award.pk], post=DECIDERS, sees=PROPOSALS, data=lambda at: {"note": "…"}
    ),
    Row("incentives:rule_objection", args=lambda at: [at.objection.pk], post=DECIDERS, sees=f"{READERS} employee"),
    Row("incentives:ledger", get=READERS),
    Row("incentives:entry", args=lambda at: [at.entry.pk], get=f"{READERS} employee"),
    Row("incentives:confirm_notice", args=lambda at: [at.entry.pk], post="employee", sees=READERS),
    Row("incentives:file_objection", args=lambda at: [at.entry.pk], post="employee", sees=READERS),
    Row("incentives:months", get=READERS),
    Row("incentives:month", args=lambda at: [at.month], get=READERS, denied=403),
    Row("incentives:ask_lock", args=lambda at: [at.month], post="finance", denied=403),
    Row("incentives:confirm_lock", args=lambda at: [at.month], post="finance general_manager", denied=403),
    Row("incentives:send_back_lock", args=lambda at: [at.month], post="finance general_manager", denied=403),
    Row("incentives:sheet", args=lambda at: [at.month], post="finance", denied=403),
    Row("incentives:wages", args=lambda at: [at.month], get="finance", post="finance", denied=403),
    Row("incentives:proposals", get=PROPOSALS),
    Row("incentives:by_hand", get="care_manager", post="care_manager"),
    Row("incentives:proposal", args=lambda at: [at.award.pk], get=PROPOSALS),
    Row("incentives:choose_amount", args=lambda at: [at.award.pk], post="care_manager", sees=PROPOSALS),
    Row("incentives:reverse_entry", args=lambda at: [at.entry.proposal_id], post="care_manager", sees=PROPOSALS),
    Row("incentives:rules", get=STORE),
    Row("incentives:record_adoption", post=DECIDERS),
    Row("incentives:end_adoption", args=lambda at: [at.adoption.pk], post=DECIDERS, denied=403),
    Row("incentives:notices", get=STORE),
]


def furnish(at):
    at.month = f"{at.store.local_date(at.now):%Y-%m}"
    at.adoption = Adoption.objects.create(
        store=at.store, adopted_on=date(2026, 1, 1), announced_on=date(2026, 1, 1), treatment="performance_pay"
    )
    at.award, at.entry = _award(at), services.approve(_award(at), by=at.users["general_manager"], now=at.now)
    disputed = services.approve(_award(at), by=at.users["general_manager"], now=at.now)
    at.objection = services.file_objection(disputed, by=at.users["employee"], reason="…", now=at.now)


def _award(at):
    return services.propose_by_hand(
        at.store,
        "A9",
        employee=at.employee,
        amount=Decimal("100.00"),
        reason="…",
        by=at.users["care_manager"],
        now=at.now,
    )
