"""Who may open the pages of the call room; walked by desk/tests/test_every_url.py."""

from datetime import timedelta

from csi_portal.organization.tests.url_rows import Row
from surveys.models import Callback, Claim, Customer, Questionnaire, Visit
from surveys.services import calls, queue
from surveys.services.calls import Result

CARE = "care_agent care_manager"
READERS = f"{CARE} general_manager group_approver"
LEADERS = "general_manager group_approver"


def call(at):
    return [at.callback.pk]


ROWS = [
    Row("surveys:queue", get=CARE),
    Row("surveys:next_call", post=CARE),
    Row("surveys:team", get="care_manager general_manager"),
    Row("surveys:take_back", args=lambda at: [at.claim.pk], post="care_manager", sees="general_manager"),
    Row("surveys:call", args=call, get=READERS),
    Row("surveys:claim", args=call, post=CARE, sees=LEADERS),
    Row("surveys:draft", args=call, post=CARE, sees=LEADERS),
    Row("surveys:hold", args=call, post=CARE, sees=LEADERS),
    Row("surveys:dial", args=call, post=CARE, sees=LEADERS),
    # the code is for who is dialling, and for nobody else
    Row("surveys:call_qr", args=lambda at: [at.dialled.pk], get="care_agent", sees=LEADERS),
    Row("surveys:save_call", args=call, post=CARE, sees=LEADERS),
    Row("surveys:put_back", args=call, post=CARE, sees=LEADERS),
    Row("surveys:no_complaint", args=call, post=CARE, sees=LEADERS),
    Row("surveys:responses", get=READERS),
    Row("surveys:response", args=lambda at: [at.response.pk], get=READERS),
    Row("surveys:customer", args=lambda at: [at.callback.customer_id], get=READERS),
]


def furnish(at):
    """A waiting call, one that the agent is dialling, and an answered one."""
    at.callback = _callback(at, "waiting", "19900000011")
    answered = _callback(at, "answered", "19900000012")
    agent = at.users["care_agent"]
    noon = at.store.local(at.now).replace(hour=11, minute=0, second=0, microsecond=0) - timedelta(days=1)
    token = queue.claim_callback(answered, by=agent, now=noon).token
    outcome = calls.outcomes_for(at.store).get(code="to_complaint")
    logged = calls.log_outcome(answered, Result(outcome, note="例"), by=agent, now=noon, token=token)
    at.response = logged.response
    at.dialled = _callback(at, "dialled", "19900000013")
    at.claim = Claim.objects.get(pk=queue.claim_callback(at.dialled, by=agent, now=at.now).pk)
    at.dialled.attempts.create(
        store=at.store, agent=agent, number="19900000013", dialled_at=at.now, half_day="2026-11-21a"
    )


def _callback(at, number: str, phone: str) -> Callback:
    customer = Customer.objects.create(store=at.store, name="例客户", phone=phone)
    visit = Visit.objects.create(
        store=at.store, kind="service", number=f"RO-{number}", closed_at=at.now - timedelta(days=3), customer=customer
    )
    return Callback.objects.create(
        store=at.store,
        line_key="service_follow_up",
        subject_key=f"visit:{visit.pk}",
        questionnaire=Questionnaire.objects.get(scope_key="all", code="service"),
        customer=customer,
        visit=visit,
        due_on=at.store.local_date(at.now) - timedelta(days=1),
    )
