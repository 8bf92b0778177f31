"""Who may open which page of the complaints room."""

from datetime import timedelta

from complaints import services
from complaints.actions import ACTIONS
from complaints.models import Alert
from csi_portal.organization.permissions import SYSTEM
from csi_portal.organization.tests.url_rows import Row
from surveys.models import Customer

CARE = "care_agent care_manager"
SEE = f"{CARE} department_manager general_manager group_approver"
WORK = "department_manager general_manager"
LIST = f"{SEE} employee regional_viewer"
REGISTER = f"{CARE} department_manager general_manager"

# The right each verb asks for on the form below: a general complaint of after-sales that was passed on.
RIGHTS = {
    "transfer": CARE,
    "gm-notice": CARE,
    "first-contact": "department_manager",
    "reply": WORK,
    "resolution": WORK,
    "callback": CARE,
    "approval": "general_manager group_approver",
    "major-follow-up": CARE,
    "measures": f"{WORK} care_manager",
    "measures-check": "care_manager",
    "region-report": "care_manager",
    "acknowledge": WORK,
    "note": SEE,
    "assign": REGISTER,
    "chase": REGISTER,
    "chase-signatures": REGISTER,
    "sign-as-responsible": None,
    "sign-as-manager": "department_manager",
    "ask-instruction": SEE,
    "instruct": "general_manager group_approver",
    "confirm-major": "care_manager",
    "reclassify": REGISTER,
    "blame": "care_manager department_manager general_manager",
    "withdraw-blame": "care_manager department_manager general_manager",
    "fault": "care_manager",
    "correct": WORK,
    "late-answer": CARE,
    "close-unverified": "general_manager group_approver",
}
assert set(RIGHTS) == set(ACTIONS)


def number(at) -> list:
    return [at.complaint.number]


ROWS = [
    Row("complaints:list", get=LIST),
    Row("complaints:new", get=REGISTER, post=REGISTER),
    Row("complaints:approve_grumbles", post="general_manager group_approver"),
    Row("complaints:detail", args=number, get=SEE),
    Row("complaints:phone", args=number, post=REGISTER, sees=SEE),
    Row("complaints:take_alert", args=lambda at: [at.complaint_alert.pk], post=SEE),
    *(
        Row(f"complaints:{name}", args=number, post=roles if roles is not None else "", sees=SEE)
        for name, roles in RIGHTS.items()
    ),
]


def furnish(at):
    """One open form of after-sales with an overdue first contact and its alert."""
    customer = Customer.objects.create(store=at.store, name="测试甲", phone="19900000001")
    at.complaint = services.register(
        store=at.store,
        level="general",
        source="hotline",
        summary="多等了两小时",
        by=SYSTEM,
        customer=customer,
        department=at.department,
        received_at=at.now - timedelta(hours=3),
        now=at.now - timedelta(hours=3),
    )
    services.sweep(at.now)
    at.complaint_alert = Alert.objects.get(deadline__complaint=at.complaint, raised_at__isnull=False)
