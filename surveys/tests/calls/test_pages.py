"""Pages of the call room: what stands on them, what they refuse, how many queries they take."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from csi_portal.organization import hooks
from csi_portal.organization.models import AuditLine
from surveys.desk import ways
from surveys.models import Attempt, Callback, Claim, Response
from surveys.services import calls, queue, responses
from surveys.tests.calls.factories import (
    at,
    good_answers,
    make_callback,
    make_customer,
    make_employee,
    make_store,
    make_user,
    make_visit,
    outcome,
    result,
)

pytestmark = pytest.mark.django_db
NOW = at("2026-11-21 10:00")


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def store():
    return make_store()


@pytest.fixture
def agent(store):
    return make_user(store)


@pytest.fixture
def page(client, agent):
    client.force_login(agent)
    return client


@pytest.fixture
def callback(store):
    return make_callback(store)


def url(name: str, callback) -> str:
    return reverse(f"surveys:{name}", args=[callback.pk])


def take(page, callback) -> str:
    """Claim over the page; returns the token."""
    page.post(url("claim", callback))
    return Claim.objects.get().token


def body(callback, token, *, value="5", outcome_code="completed", **extra) -> dict:
    """What the whole form posts without scripts."""
    fields = {f"q.{key}": given.options[0] for key, given in good_answers(callback, value).items()}
    return {"token": token, "version": "0", "outcome": outcome_code, "submit_key": "", **fields, **extra}


def text(response) -> str:
    return response.content.decode()


def test_next_call_opens_the_desk(page, callback):
    answer = page.post(reverse("surveys:next_call"))
    assert (answer.status_code, answer.url) == (302, url("call", callback))
    html = text(page.get(answer.url))
    assert 'id="call-form"' in html
    assert callback.visit.number in html
    # every question is on the page, so that it works without scripts
    assert html.count("data-ask=") == 16


def test_nobody_to_call_is_said(page):
    answer = page.post(reverse("surveys:next_call"), follow=True)
    assert "There is nobody to call right now." in text(answer)


def test_the_number_is_masked_until_it_is_dialled(page, callback, agent):
    token = take(page, callback)
    phone = callback.customer.phone
    html = text(page.get(url("call", callback)))
    assert phone not in html and phone[-4:] in html
    assert page.get(url("call_qr", callback)).status_code == 404
    answer = page.post(url("dial", callback), {"token": token}, headers={"accept": "application/json"})
    assert answer.json()["number"] == phone
    assert answer.json()["shown"] == f"{phone[:3]} {phone[3:7]} {phone[7:]}"
    assert f'href="tel:{phone}"' in text(page.get(url("call", callback)))
    assert AuditLine.objects.get(action="phone.revealed").actor == agent
    picture = page.get(url("call_qr", callback))
    assert picture["Content-Type"] == "image/svg+xml"
    assert picture.content.startswith(b"<svg")


def test_dialling_without_scripts_comes_back_to_the_desk(page, callback):
    token = take(page, callback)
    answer = page.post(url("dial", callback), {"token": token, "number": "0"})
    assert (answer.status_code, answer.url) == (302, url("call", callback))
    assert Attempt.objects.count() == 1


def test_dialling_too_early_is_said_in_json_and_in_words(page, callback, clock):
    clock.move_to(at("2026-11-21 08:30"))
    token = take(page, callback)
    as_json = page.post(url("dial", callback), {"token": token}, headers={"accept": "application/json"})
    assert (as_json.status_code, as_json.json()["lapsed"]) == (400, False)
    assert "Calls are made from 09:00 to 20:30" in as_json.json()["message"]
    assert "Calls are made from" in text(page.post(url("dial", callback), {"token": token}, follow=True))


def test_autosave_keeps_answers_and_renews_the_lease(page, callback, clock):
    token = take(page, callback)
    clock.shift(timedelta(minutes=10))
    answer = page.post(url("draft", callback), body(callback, token) | {"words.attitude": "很好", "comment": "急"})
    assert answer.json() == {"version": 1, "at": "10:10:00", "lease": 900}
    assert Claim.objects.get().lease_until == NOW + timedelta(minutes=25)
    html = text(page.get(url("call", callback)))
    assert 'name="q.attitude" value="5"' in html
    assert '<textarea class="form-control" id="comment" name="comment" rows="2" maxlength="4000">急</textarea>' in html


def test_autosave_of_an_old_version_is_a_conflict_with_the_newest(page, callback):
    token = take(page, callback)
    page.post(url("draft", callback), body(callback, token))
    answer = page.post(url("draft", callback), body(callback, token, value="1"))
    assert (answer.status_code, answer.json()["stale"], answer.json()["version"]) == (409, True, 1)
    assert set(Response.objects.get().answers.filter(question__kind="rating5").values_list("points", flat=True)) == {
        100
    }


def test_autosave_and_heartbeat_after_the_lease_are_refused(page, callback, clock):
    token = take(page, callback)
    assert page.post(url("hold", callback), {"token": token}).json() == {"lease": 900}
    clock.shift(timedelta(minutes=15))
    for name in ("draft", "hold"):
        answer = page.post(url(name, callback), body(callback, token))
        assert (answer.status_code, answer.json()["lapsed"]) == (409, True)
    assert not Response.objects.exists()


def test_an_answer_that_cannot_be_is_said(page, callback):
    token = take(page, callback)
    answer = page.post(url("draft", callback), {"token": token, "q.attitude": "9"})
    assert (answer.status_code, "not possible" in answer.json()["message"]) == (400, True)


def test_saving_without_scripts_shows_the_score(page, callback):
    token = take(page, callback)
    answer = page.post(url("save_call", callback), body(callback, token))
    assert (answer.status_code, answer.url) == (302, f"{url('call', callback)}?saved=1")
    html = text(page.get(answer.url))
    assert '<p class="result-score">100.00</p>' in html
    assert f'data-finished-call="{callback.pk}"' in html
    assert "Next call" in html


def test_a_double_submit_saves_once_and_shows_the_same(page, callback):
    token = take(page, callback)
    key = "7b1d5c1e-5f0e-4f53-9c5b-2f2b7f3f1f00"
    first = page.post(url("save_call", callback), body(callback, token, submit_key=key))
    second = page.post(url("save_call", callback), body(callback, token, submit_key=key))
    assert first.url == second.url
    assert (Attempt.objects.count(), Response.objects.count()) == (1, 1)


def test_a_lapsed_save_keeps_what_was_typed_and_takes_it_along(page, callback, clock):
    token = take(page, callback)
    clock.shift(timedelta(minutes=16))
    sent = body(callback, token, value="2", comment="车主很急") | {"words.attitude": "态度不好", "note": "备注在此"}
    answer = page.post(url("save_call", callback), sent)
    html = text(answer)
    assert answer.status_code == 409
    assert "You no longer hold this call" in html
    for typed in ("车主很急", "态度不好", "备注在此"):
        assert typed in html
    assert not Response.objects.exists()
    page.post(url("claim", callback), sent | {"bring_along": "1"})
    draft = responses.draft_of(callback)
    assert draft.comment == "车主很急"
    assert draft.answers.get(question__key="attitude").low_note == "态度不好"


def test_what_was_typed_is_not_brought_over_newer_answers(page, store, callback, clock):
    token = take(page, callback)
    clock.shift(timedelta(minutes=16))
    other = make_user(store)
    claim = queue.claim_next(store, by=other, now=NOW + timedelta(minutes=16))
    responses.save_draft(
        callback, good_answers(callback), by=other, now=NOW + timedelta(minutes=16), token=claim.token, expected=0
    )
    answer = page.post(url("claim", callback), body(callback, token, value="1") | {"bring_along": "1"})
    # the page of a lost conflict shows what was typed, and nothing was overwritten
    assert answer.status_code == 409
    assert "is working on this customer" in text(answer)
    assert Response.objects.get().answers.get(question__key="attitude").options == ["5"]


def test_what_is_missing_comes_back_with_everything_typed(page, callback):
    token = take(page, callback)
    sent = body(callback, token, comment="车主很急")
    del sent["q.overall"]
    answer = page.post(url("save_call", callback), sent)
    assert answer.status_code == 200
    assert "1 mandatory question is still open." in text(answer)
    assert "车主很急" in text(answer)
    assert not Attempt.objects.exists()
    answer = page.post(url("save_call", callback), {"token": token})
    assert "Choose how the call went." in text(answer)


def test_an_appointment_is_read_in_the_stores_time(page, callback):
    token = take(page, callback)
    page.post(
        url("save_call", callback),
        {"token": token, "outcome": "appointment", "appointment_at": "2026-11-22T09:30", "appointment_own": "1"},
    )
    callback.refresh_from_db()
    assert (callback.status, callback.not_before) == ("appointment", at("2026-11-22 09:30"))
    assert callback.appointment_for is not None


@pytest.mark.parametrize("typed", ["tomorrow", "2026-11-22T09:30+08:00", "9999-01-01T00:00"])
def test_times_that_are_none_are_said(page, callback, typed):
    token = take(page, callback)
    answer = page.post(url("save_call", callback), {"token": token, "outcome": "appointment", "appointment_at": typed})
    assert "is not a time" in text(answer)


def test_low_answers_lead_to_the_form_of_the_floor_above(page, callback, monkeypatch):
    asked = []

    def panel(request, subject):
        asked.append(subject)
        return {"url": "/complaints/new/?response=1", "label": "Open complaint"}

    monkeypatch.setitem(hooks._panels, "call_low_answer", [(1, panel)])
    token = take(page, callback)
    answer = page.post(url("save_call", callback), body(callback, token, value="2"), follow=True)
    html = text(answer)
    assert (asked[0]["callback"], asked[0]["response"]) == (callback, Response.objects.get())
    assert html.count("btn-primary") == 1
    assert 'class="btn btn-primary btn-lg" href="/complaints/new/?response=1"' in html
    assert "4 low answers" in html
    assert "No complaint form is needed, because" in html


def test_the_reason_why_not_is_noted_once(page, callback):
    token = take(page, callback)
    page.post(url("save_call", callback), body(callback, token, value="2"))
    assert "Low answers without a form or a reason" in text(page.get(reverse("surveys:queue")))
    page.post(url("no_complaint", callback), {"why_pick": "", "why": " "})
    assert Response.objects.low_open().count() == 1
    page.post(url("no_complaint", callback), {"why_pick": "Settled on the phone", "why": ""})
    assert Response.objects.get().no_complaint_reason == "Settled on the phone"
    assert "Settled on the phone" in text(page.get(url("call", callback)))
    again = page.post(url("no_complaint", callback), {"why": "x"}, follow=True)
    assert "dealt with already" in text(again)


def test_the_same_call_goes_on_with_the_next_survey(page, store):
    customer = make_customer(store)
    service = make_callback(store, visit=make_visit(store, "2026-11-18 10:00", customer=customer))
    sale = make_callback(
        store, key="delivery_satisfaction", visit=make_visit(store, "2026-11-07 10:00", kind="sale", customer=customer)
    )
    assert page.post(reverse("surveys:next_call")).url == url("call", sale)
    assert "Same call: Service follow-up follows after this one." in text(page.get(url("call", sale)))
    token = Claim.objects.get().token
    answer = page.post(url("save_call", sale), body(sale, token), follow=True)
    assert "Go on with the same call: Service follow-up" in text(answer)
    assert f'href="{url("call", service)}"' in text(answer)


def test_a_call_somebody_holds_is_announced(page, store, callback):
    other = make_user(store, name="例小周")
    queue.claim_callback(callback, by=other, now=NOW)
    html = text(page.get(url("call", callback)))
    assert "is working on this" in html
    assert "Take this call" not in html
    assert 'id="call-form"' not in html


def test_putting_back_keeps_the_draft(page, callback):
    token = take(page, callback)
    page.post(url("draft", callback), body(callback, token))
    page.post(url("put_back", callback))
    callback.refresh_from_db()
    assert (callback.status, Claim.objects.count(), Response.objects.count()) == ("due", 0, 1)


def test_outcomes_say_what_they_lead_to(callback):
    boxes = ways.ways(callback, NOW)
    leads = {way.code: way.leads_to for box in boxes for way in box.ways}
    assert leads["no_answer"] == "Comes back to the queue: Today 13:00."
    assert leads["soft_refusal"] == "Comes back to the queue: 11-28 10:00."
    assert leads["do_not_call"] == "The number goes on the do-not-call list of all stores."
    assert leads["invalid_number"] == "Ends as not reached; the number is marked as unusable."
    keys = [way.hotkey for box in boxes for way in box.ways]
    assert len(keys) == len(set(keys)) == 18
    # these letters belong to the page itself
    assert not set(keys) & set("AMNR")


def test_a_script_names_the_people_and_shows_gaps(page, store):
    adviser = make_employee(store, name="例小陈")
    named = make_callback(store, visit=make_visit(store, "2026-11-18 10:00", advisor=adviser))
    take(page, named)
    assert "did <b>例小陈</b> receive you promptly" in text(page.get(url("call", named)))
    page.post(url("put_back", named))
    nameless = make_callback(store)
    take(page, nameless)
    assert 'did <mark class="gap">adviser?</mark> receive you promptly' in text(page.get(url("call", nameless)))


def test_a_shared_or_staff_number_is_flagged(page, store):
    for _customer in range(4):
        last = make_customer(store, phone="19900006666")
    employee = make_employee(store)
    employee.phone = "19900006666"
    employee.save()
    shared = make_callback(store, visit=make_visit(store, "2026-11-18 10:00", customer=last))
    html = text(page.get(url("call", shared)))
    assert "This number belongs to a member of staff." in html
    assert "4 customers have this number." in html


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_page_renders_in_both_languages(page, store, callback, language):
    manager = make_user(store, "care_manager")
    token = take(page, callback)
    header = {"accept-language": language}
    paths = [reverse("surveys:queue"), url("call", callback)]
    for path in paths:
        assert page.get(path, headers=header).status_code == 200
    page.post(url("save_call", callback), body(callback, token, value="2"))
    response = Response.objects.get()
    page.force_login(manager)
    for path in [
        reverse("surveys:team"),
        reverse("surveys:responses"),
        reverse("surveys:response", args=[response.pk]),
        reverse("surveys:customer", args=[callback.customer_id]),
        url("call", callback),
        *(f"{reverse('surveys:queue')}?show={shown}" for shown in ("appointments", "retries", "later", "ended", "x")),
    ]:
        answer = page.get(path, headers=header)
        assert answer.status_code == 200
        assert text(answer).count("btn-primary") <= 1


def test_the_queue_lists_missed_appointments_and_marks_lateness(page, store, agent):
    make_callback(
        store, status="appointment", outcome=outcome("appointment"), appointment_for=agent,
        not_before=NOW - timedelta(hours=2),
    )  # fmt: skip
    late_visit = make_visit(store, "2026-10-30 10:00", kind="sale")
    make_callback(store, visit=late_visit, key="delivery_satisfaction", due="2026-11-13")
    html = text(page.get(reverse("surveys:queue")))
    assert "2 calls to make, 1 appointment today, <em>1 missed</em>" in html
    assert "Missed appointments" in html
    assert "call-mark-late" in html


def test_finished_calls_are_paged_by_position(page, store, agent, monkeypatch):
    monkeypatch.setattr("surveys.call_views.queue.PAGE", 2)
    made = [
        make_callback(store, status="done", closed_at=NOW - timedelta(minutes=minute)) for minute in (1, 1, 1, 2, 3)
    ]
    seen, path = [], "?show=ended"
    while path:
        answer = page.get(reverse("surveys:queue") + path)
        seen += [row.pk for row in answer.context["rows"]]
        path = answer.context["pager"]["older_url"] if answer.context["pager"] else ""
    assert seen == [made[2].pk, made[1].pk, made[0].pk, made[3].pk, made[4].pk]
    for wrong in ("x", "2026-11-21~1", "2026-11-21T00:00:00+00:00~x", "~"):
        assert page.get(reverse("surveys:queue"), {"show": "ended", "after": wrong}).status_code == 200


def test_pages_take_the_same_queries_for_one_and_for_many(page, store, agent):
    manager = make_user(store, "care_manager")

    def some(n):
        for _callback in range(n):
            made = make_callback(store)
            claim = queue.claim_callback(made, by=agent, now=NOW)
            calls.log_outcome(
                made, result("completed"), by=agent, now=NOW, token=claim.token, answers=good_answers(made), expected=0
            )
            make_callback(store)
            make_callback(store, status="retry", outcome=outcome("busy"), not_before=NOW)

    paths = {
        reverse("surveys:queue"): agent,
        reverse("surveys:queue") + "?show=ended": agent,
        reverse("surveys:queue") + "?show=retries": agent,
        reverse("surveys:responses"): agent,
        reverse("surveys:team"): manager,
        reverse("surveys:customer", args=[make_callback(store).customer_id]): agent,
    }
    counts = []
    for n in (1, 6):
        some(n)
        found = {}
        for path, user in paths.items():
            page.force_login(user)
            page.get(path)
            with CaptureQueriesContext(connection) as captured:
                assert page.get(path).status_code == 200
            found[path] = len(captured)
        counts.append(found)
    assert counts[0] == counts[1]


def test_the_desk_takes_a_fixed_number_of_queries(page, store):
    counts = []
    for n in (1, 5):
        customer = make_customer(store)
        for back in range(n):
            old = make_callback(store, visit=make_visit(store, f"2026-0{back + 1}-10 10:00", customer=customer))
            Response.objects.create(
                store=store, callback=old, completed_at=NOW - timedelta(days=60 + back),
                version=old.questionnaire.versions.get(),
            )  # fmt: skip
            Callback.objects.filter(pk=old.pk).update(status="done")
        made = make_callback(store, visit=make_visit(store, "2026-11-18 10:00", customer=customer))
        take(page, made)
        with CaptureQueriesContext(connection) as captured:
            assert page.get(url("call", made)).status_code == 200
        counts.append(len(captured))
        page.post(url("put_back", made))
    assert counts[0] == counts[1]


def test_search_finds_customers_by_what_people_remember(page, store):
    customer = make_customer(store, phone="19900004321", name="测试张三")
    visit = make_visit(store, "2026-11-18 10:00", customer=customer, number="RO-9876")
    visit.vehicle.plate = "测A12345"
    visit.vehicle.save()
    make_customer(make_store("T2"), phone="19900004321", name="测试张三")
    for query in ("张三", "4321", "199 0000 4321", "12345", "测A·12345", "a12345", "ro-9876"):
        answer = page.get(reverse("desk:search"), {"q": query})
        assert f'href="{reverse("surveys:customer", args=[customer.pk])}"' in text(answer), query
        assert "19900004321" not in text(answer)
    for query in ("李四", "43", "99999"):
        assert "/customers/" not in text(page.get(reverse("desk:search"), {"q": query}))


def test_today_offers_the_next_call(page, store, callback):
    html = text(page.get("/"))
    assert "1 call to make" in html
    assert f'action="{reverse("surveys:next_call")}"' in html
    take(page, callback)
    assert f'href="{url("call", callback)}"' in text(page.get("/"))


def test_the_care_manager_sees_and_takes_back_calls(client, store, agent, callback):
    queue.claim_callback(callback, by=agent, now=NOW)
    calls.dial(callback, by=agent, now=NOW, token=Claim.objects.get().token)
    client.force_login(make_user(store, "care_manager"))
    make_visit(store, "2026-11-18 10:00")
    make_callback(
        store, status="skipped", reason="no_number", visit=make_visit(store, "2026-11-18 10:00", advisor_name="例未知")
    )
    html = text(client.get(reverse("surveys:team")))
    assert agent.display_name() in html
    assert "15 more minutes" in html
    assert "No number to call" in html
    assert "1 of 1" in html
    part = client.get(reverse("surveys:team"), headers={"hx-request": "true"})
    assert "<html" not in text(part)
    client.post(reverse("surveys:take_back", args=[Claim.objects.get().pk]))
    assert not Claim.objects.exists()


def test_a_response_reads_as_it_was_asked(page, callback):
    token = take(page, callback)
    sent = body(callback, token, value="4") | {
        "q.reception": "2", "why.reception": ["waited"], "words.reception": "等了二十分钟", "q.price": "-",
        "t.comment": "下次再来",
    }  # fmt: skip
    page.post(url("save_call", callback), sent)
    html = text(page.get(reverse("surveys:response", args=[Response.objects.get().pk])))
    for said in ("Waited without being seen", "等了二十分钟", "Not applicable", "下次再来", "40 × 1.5", "Running well"):
        assert said in html
    # 100·1 + 40·1.5 + 80·1.5 + 80·2 + 80·2 = 600 over 8
    assert "75.00" in html
    assert "Points times weight, 600, divided by the weights answered, 8." in html
