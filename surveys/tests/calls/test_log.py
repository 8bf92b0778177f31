"""What a call came to: every outcome, retries on a frozen clock, numbers, groups, permissions."""

from datetime import date, timedelta

import pytest

from csi_portal.notifications.models import ActionItem
from csi_portal.organization.errors import IllegalMove, NotAllowed
from csi_portal.organization.models import AuditLine
from surveys.enums import CallbackStatus
from surveys.models import Attempt, Callback, Claim, CustomerPhone, Outcome, Response, Suppression
from surveys.services import calls, queue, responses
from surveys.services.callbacks import create_callback
from surveys.tests.calls.factories import (
    at,
    good_answers,
    make_callback,
    make_customer,
    make_store,
    make_user,
    make_visit,
    result,
)

pytestmark = pytest.mark.django_db
NOW = at("2026-11-21 10:00")


@pytest.fixture
def store():
    return make_store()


@pytest.fixture
def agent(store):
    return make_user(store)


def take(callback, agent, now=NOW):
    callback.refresh_from_db()
    return queue.claim_callback(callback, by=agent, now=now)


def call(callback, agent, code, now=NOW, answers=None, **values):
    """Claim, dial, save."""
    claim = take(callback, agent, now)
    calls.dial(callback, by=agent, now=now, token=claim.token)
    logged = calls.log_outcome(
        callback, result(code, **values), by=agent, now=now, token=claim.token, answers=answers, expected=0
    )
    callback.refresh_from_db()
    return logged


# code, values, then status, reason, retry, reached
TABLE = [
    ("partial", {}, "done", "", None, True),
    ("appointment", {"appointment_at": at("2026-11-22 09:30")}, "appointment", "", "2026-11-22 09:30", True),
    ("soft_refusal", {}, "retry", "", "2026-11-28 10:00", True),
    ("refusal", {}, "refused", "", None, True),
    ("do_not_call", {}, "refused", "do_not_call", None, True),
    ("cut_off", {}, "retry", "", "2026-11-21 10:10", True),
    ("language_barrier", {}, "retry", "", "2026-11-21 13:00", True),
    ("to_complaint", {"note": "等太久"}, "done", "", None, True),
    ("no_answer", {}, "retry", "", "2026-11-21 13:00", False),
    ("busy", {}, "retry", "", "2026-11-21 10:30", False),
    ("rejected", {}, "retry", "", "2026-11-21 13:00", False),
    ("powered_off", {}, "retry", "", "2026-11-21 13:00", False),
    ("unreachable", {}, "retry", "", "2026-11-21 13:00", False),
    ("invalid_number", {}, "unreachable", "bad_number", None, False),
    ("suspended", {}, "unreachable", "bad_number", None, False),
    ("wrong_number", {}, "unreachable", "bad_number", None, False),
    ("not_eligible", {"reason": "vehicle_returned"}, "cancelled", "vehicle_returned", None, True),
]


@pytest.mark.parametrize(
    ("code", "values", "status", "reason", "retry", "reached"), TABLE, ids=[row[0] for row in TABLE]
)
def test_what_each_outcome_makes_of_a_callback(store, agent, code, values, status, reason, retry, reached):
    callback = make_callback(store)
    logged = call(callback, agent, code, **values)
    assert (callback.status, callback.reason) == (status, reason)
    assert callback.not_before == (at(retry) if retry else None)
    assert (callback.contacted_at == NOW) is reached
    assert (callback.contacted_by_phone_at == NOW) is reached
    assert callback.completed_at is None
    assert callback.closed_at == (None if status in ("retry", "appointment") else NOW)
    assert (callback.outcome.code, callback.claim) == (code, None)
    assert not Claim.objects.exists()
    attempt = Attempt.objects.get()
    assert (attempt.outcome.code, attempt.half_day, attempt.ended_at) == (code, "2026-11-21a", NOW)
    assert (attempt.number, attempt.note) == (callback.customer.phone, values.get("note", ""))
    assert logged.attempt == attempt


def test_every_shipped_outcome_stands_in_the_table():
    shipped = set(Outcome.objects.filter(scope_key="all").values_list("code", flat=True))
    assert shipped == {row[0] for row in TABLE} | {"completed"}
    keys = list(Outcome.objects.filter(scope_key="all").values_list("shortcut", flat=True))
    assert len(set(keys)) == len(keys) == 18


def test_completed_with_answers(store, agent):
    callback = make_callback(store)
    logged = call(callback, agent, "completed", answers=good_answers(callback))
    assert (callback.status, callback.completed_at, callback.contacted_at) == ("done", NOW, NOW)
    assert (logged.response.is_complete, logged.response.counted, logged.response.counts_for) == (True, True, "csi")


def test_completed_is_refused_while_mandatory_questions_are_open(store, agent):
    callback = make_callback(store)
    claim = take(callback, agent)
    answers = good_answers(callback)
    answers.pop("overall")
    with pytest.raises(IllegalMove, match="1 mandatory question is still open"):
        calls.log_outcome(
            callback, result("completed"), by=agent, now=NOW, token=claim.token, answers=answers, expected=0
        )
    callback.refresh_from_db()
    assert (callback.status, Attempt.objects.count(), Response.objects.count()) == ("claimed", 0, 0)


def test_three_half_days_without_luck(store, agent):
    callback = make_callback(store)
    moments = ["2026-11-21 10:00", "2026-11-21 15:00", "2026-11-22 10:00"]
    for moment in moments:
        assert callback.status in ("due", "retry")
        call(callback, agent, "no_answer", now=at(moment))
    assert (callback.status, callback.reason) == ("unreachable", "attempt_limit")
    assert callback.closed_at == at("2026-11-22 10:00")


def test_two_tries_of_one_half_day_count_as_one(store, agent):
    callback = make_callback(store)
    call(callback, agent, "busy", now=at("2026-11-21 10:00"))
    call(callback, agent, "busy", now=at("2026-11-21 10:30"))
    # two are enough for a half-day, whatever busy says
    assert callback.not_before == at("2026-11-21 13:00")
    call(callback, agent, "busy", now=at("2026-11-21 13:00"))
    assert (callback.status, callback.not_before) == ("retry", at("2026-11-21 13:30"))


def test_a_third_try_in_a_half_day_is_not_dialled(store, agent):
    callback = make_callback(store)
    call(callback, agent, "busy", now=at("2026-11-21 10:00"))
    call(callback, agent, "busy", now=at("2026-11-21 10:30"))
    Callback.objects.update(not_before=None)
    callback.refresh_from_db()
    claim = take(callback, agent, at("2026-11-21 11:30"))
    with pytest.raises(IllegalMove, match="At most 2 tries"):
        calls.dial(callback, by=agent, now=at("2026-11-21 11:30"), token=claim.token)


def test_soft_refusal_is_tried_once_more_then_final(store, agent):
    callback = make_callback(store)
    call(callback, agent, "soft_refusal")
    assert callback.not_before == NOW + timedelta(days=7)
    call(callback, agent, "soft_refusal", now=NOW + timedelta(days=7))
    assert (callback.status, callback.reason) == ("refused", "tries")


def test_a_bad_number_goes_on_with_the_next_one(store, agent):
    callback = make_callback(store)
    CustomerPhone.objects.create(customer=callback.customer, number="19900009999")
    call(callback, agent, "invalid_number")
    assert (callback.status, callback.not_before) == ("retry", NOW)
    bad = CustomerPhone.objects.get(number=callback.customer.phone)
    assert bad.bad_since == NOW
    claim = take(callback, agent, NOW)
    assert calls.dial(callback, by=agent, now=NOW, token=claim.token).number == "19900009999"
    calls.log_outcome(callback, result("suspended"), by=agent, now=NOW, token=claim.token)
    callback.refresh_from_db()
    assert (callback.status, callback.reason) == ("unreachable", "bad_number")


def test_do_not_call_ends_the_surveys_of_the_number_everywhere_but_not_complaints(store, agent):
    other = make_store("T2")
    callback = make_callback(store)
    phone = callback.customer.phone
    elsewhere = make_callback(other, visit=make_visit(other, "2026-11-18 10:00", customer=make_customer(other, phone)))
    complaint = create_callback(
        store, line_key="complaint_callback", subject_key="complaint:7", customer=callback.customer,
        questionnaire_code="complaint", due_on=date(2026, 11, 30), now=NOW,
    )  # fmt: skip
    call(callback, agent, "do_not_call")
    assert Suppression.objects.get().phone == phone
    elsewhere.refresh_from_db()
    complaint.refresh_from_db()
    assert (elsewhere.status, elsewhere.reason) == ("refused", "do_not_call")
    assert complaint.status == "due"
    assert AuditLine.objects.filter(action="phone.suppressed", detail__tail=phone[-4:]).count() == 1


def test_language_barrier_asks_the_supervisor_once(store, agent):
    callback = make_callback(store)
    call(callback, agent, "language_barrier", note="只讲粤语")
    item = ActionItem.objects.get()
    assert (item.kind, item.role, item.params["note"]) == (calls.SUPERVISOR_ITEM, "care_manager", "只讲粤语")


@pytest.mark.parametrize(
    ("code", "values", "message"),
    [
        ("to_complaint", {"note": "  "}, "short note"),
        ("not_eligible", {}, "not to be surveyed"),
        ("not_eligible", {"reason": "bad_number"}, "not to be surveyed"),
        ("appointment", {}, "when the customer"),
        ("appointment", {"appointment_at": NOW}, "in the future"),
        ("appointment", {"appointment_at": NOW + timedelta(days=61)}, "60 days ahead"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_saved(store, agent, code, values, message):
    callback = make_callback(store)
    claim = take(callback, agent)
    with pytest.raises(IllegalMove, match=message):
        calls.log_outcome(callback, result(code, **values), by=agent, now=NOW, token=claim.token)
    callback.refresh_from_db()
    assert (callback.status, Attempt.objects.count()) == ("claimed", 0)


def test_an_own_appointment_names_the_agent(store, agent):
    callback = make_callback(store)
    call(callback, agent, "appointment", appointment_at=at("2026-11-21 21:15"), appointment_own=True)
    assert (callback.appointment_for, callback.status) == (agent, "appointment")
    # an agreed appointment may be kept outside calling hours
    evening = at("2026-11-21 21:15")
    claim = take(callback, agent, evening)
    assert calls.dial(callback, by=agent, now=evening, token=claim.token).dialled_at == evening


@pytest.mark.parametrize("moment", ["2026-11-21 08:59", "2026-11-21 20:30"])
def test_nobody_is_dialled_outside_calling_hours(store, agent, moment):
    callback = make_callback(store)
    claim = take(callback, agent, at(moment))
    with pytest.raises(IllegalMove, match="09:00 to 20:30"):
        calls.dial(callback, by=agent, now=at(moment), token=claim.token)
    assert not AuditLine.objects.filter(action="phone.revealed").exists()


def test_a_retry_is_not_dialled_too_early(store, agent):
    callback = make_callback(store)
    call(callback, agent, "no_answer")
    early = NOW + timedelta(minutes=30)
    claim = take(callback, agent, early)
    with pytest.raises(IllegalMove, match="Not before 11-21 13:00"):
        calls.dial(callback, by=agent, now=early, token=claim.token)


def test_dialling_reveals_the_number_in_the_audit_once(store, agent):
    callback = make_callback(store)
    claim = take(callback, agent)
    first = calls.dial(callback, by=agent, now=NOW, token=claim.token)
    second = calls.dial(callback, by=agent, now=NOW + timedelta(seconds=2), token=claim.token)
    assert first == second
    line = AuditLine.objects.get(action="phone.revealed")
    assert (line.actor, line.object_id, line.detail["callback"]) == (agent, str(callback.customer_id), callback.pk)


def test_a_listed_number_is_not_dialled_though_it_was_claimed_before(store, agent):
    callback = make_callback(store)
    claim = take(callback, agent)
    Suppression.objects.create(phone=callback.customer.phone)
    with pytest.raises(IllegalMove, match="do-not-call"):
        calls.dial(callback, by=agent, now=NOW, token=claim.token)


def test_a_ring_without_answer_counts_for_every_visit_of_the_call(store, agent):
    customer = make_customer(store)
    first, second = (make_callback(store, visit=make_visit(store, "2026-11-18 10:00", customer=customer)) for _ in "ab")
    call(first, agent, "no_answer")
    second.refresh_from_db()
    assert (first.status, second.status) == ("retry", "retry")
    assert first.not_before == second.not_before
    assert Attempt.objects.count() == 2
    assert not Claim.objects.exists()


def test_a_completed_survey_leaves_the_other_kind_for_the_same_call(store, agent):
    customer = make_customer(store)
    service = make_callback(store, visit=make_visit(store, "2026-11-18 10:00", customer=customer))
    sale = make_callback(
        store, key="delivery_satisfaction", visit=make_visit(store, "2026-11-07 10:00", kind="sale", customer=customer)
    )
    logged = call(service, agent, "completed", answers=good_answers(service))
    sale.refresh_from_db()
    assert [one.pk for one in logged.remaining] == [sale.pk]
    assert (sale.status, sale.claim) == ("claimed", Claim.objects.get())
    again = calls.log_outcome(
        sale, result("completed"), by=agent, now=NOW, token=sale.claim.token, answers=good_answers(sale), expected=0
    )
    assert again.remaining == []
    assert not Claim.objects.exists()


def test_a_completed_survey_rests_the_other_visits_of_its_kind(store, agent):
    customer = make_customer(store)
    first, second = (make_callback(store, visit=make_visit(store, "2026-11-18 10:00", customer=customer)) for _ in "ab")
    later = make_callback(store, visit=make_visit(store, "2026-11-20 10:00", customer=customer), due="2026-11-23")
    logged = call(first, agent, "completed", answers=good_answers(first))
    assert logged.remaining == []
    for one in (second, later):
        one.refresh_from_db()
        assert (one.status, one.reason, one.claim) == ("skipped", "rest_period", None)
    assert not Claim.objects.exists()


def test_only_the_holder_saves(store, agent):
    callback = make_callback(store)
    claim = take(callback, agent)
    stranger = make_user(store)
    with pytest.raises(queue.LeaseLapsed):
        calls.log_outcome(callback, result("busy"), by=stranger, now=NOW, token=claim.token)
    with pytest.raises(queue.LeaseLapsed):
        calls.log_outcome(callback, result("busy"), by=agent, now=NOW, token="another page")
    outsider = make_user(make_store("T2"))
    with pytest.raises(NotAllowed):
        calls.log_outcome(callback, result("busy"), by=outsider, now=NOW, token=claim.token)


def test_a_finished_call_is_not_saved_again(store, agent):
    callback = make_callback(store)
    claim = take(callback, agent)
    calls.log_outcome(callback, result("refusal"), by=agent, now=NOW, token=claim.token)
    with pytest.raises(queue.LeaseLapsed):
        calls.log_outcome(callback, result("busy"), by=agent, now=NOW, token=claim.token)
    callback.refresh_from_db()
    assert (callback.status, callback.outcome.code) == (CallbackStatus.REFUSED, "refusal")


def test_answers_typed_before_a_refusal_are_kept_as_a_partial_response(store, agent):
    callback = make_callback(store)
    answers = {key: value for key, value in good_answers(callback).items() if key in ("use", "attitude")}
    logged = call(callback, agent, "refusal", answers=answers)
    assert (logged.response.is_complete, logged.response.counted) == (False, False)
    assert logged.response.answers.count() == 2


def test_answers_typed_before_an_appointment_stay_a_draft(store, agent):
    callback = make_callback(store)
    answers = {"use": good_answers(callback)["use"]}
    call(callback, agent, "appointment", answers=answers, appointment_at=at("2026-11-22 09:30"))
    draft = responses.draft_of(callback)
    assert (draft.completed_at, draft.answers.count()) == (None, 1)


def test_a_stores_own_outcome_works_by_its_flags(store, agent):
    own = Outcome.objects.create(
        store=store, code="voicemail", label_en="Voicemail", retry_rule="minutes", retry_value=60
    )
    other = make_store("T2")
    assert own in calls.outcomes_for(store)
    assert own not in calls.outcomes_for(other)
    callback = make_callback(store)
    claim = take(callback, agent)
    calls.log_outcome(callback, calls.Result(own), by=agent, now=NOW, token=claim.token)
    callback.refresh_from_db()
    assert (callback.status, callback.not_before) == ("retry", at("2026-11-21 11:00"))
    foreign = make_callback(other)
    foreign_agent = make_user(other)
    token = take(foreign, foreign_agent).token
    with pytest.raises(IllegalMove, match="not in use"):
        calls.log_outcome(foreign, calls.Result(own), by=foreign_agent, now=NOW, token=token)
