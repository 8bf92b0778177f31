"""The pages of the complaints room: what is on them, what they send, what they cost."""

import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from complaints import approvals, services
from complaints.models import Alert, Category, Complaint, ContactTry
from complaints.tests.conftest import Room
from csi_portal.notifications.models import Message
from csi_portal.organization.models import AuditLine
from surveys.models import Answer, Callback, Question, Questionnaire, Response

ENGLISH, CHINESE = "en", "zh-hans"


def signed_in(user, language: str = ENGLISH) -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


def text(answer) -> str:
    """The page's words without its marks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def main(answer) -> str:
    return answer.content.decode().split("<main", 1)[1]


@pytest.fixture
def now():
    return timezone.now().replace(microsecond=0)


@pytest.fixture
def form(room, now) -> Complaint:
    """A general complaint passed on an hour ago."""
    return room.register(
        passed_on=True,
        now=now - timedelta(hours=1),
        customer=room.customer,
        vehicle=room.vehicle,
        category=Category.objects.get(kind="category", code="repair_mechanical"),
        demand="彻底查清",
    )


def send(client, form, name: str, **data):
    data.setdefault("version", form.version)
    data.setdefault("submit_key", str(uuid.uuid4()))
    return client.post(reverse(f"complaints:{name}", args=[form.number]), data)


# --- the form's page --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (ENGLISH, ["Next step: Speak with the customer", "To be contacted", "First contact", "Course of events"]),
        (CHINESE, ["下一步：联系客户", "待首次联系", "首次联系", "经过", "维修质量 / 机电"]),
    ],
)
def test_the_form_says_what_is_next_in_both_languages(room, form, language, words):
    page = text(signed_in(room.manager, language).get(form.get_absolute_url()))
    for word in [*words, form.number, "测试甲", "199-****-0001", "空调异味修了两次还有", "彻底查清"]:
        assert word in page


def test_the_box_offers_exactly_the_step_of_this_person(room, form):
    titles = {
        "manager": "Speak with the customer",
        "agent": None,
        "care_manager": None,
        "general_manager": None,
    }
    for name, title in titles.items():
        page = signed_in(getattr(room, name)).get(form.get_absolute_url())
        box = page.context["box"]
        assert (str(box.action.title) if box.action else None) == title
        assert main(page).count("btn-primary") == (2 if title else 0)  # the box's and its twin for the phone
        if title is None:
            assert "Waits for 例manager: First contact." in text(page)


def test_the_menu_offers_only_what_is_allowed_and_possible(room, form):
    def verbs(user):
        box = signed_in(user).get(form.get_absolute_url()).context["box"]
        return {action.name for action in box.others}

    assert verbs(room.agent) == {"note", "assign", "chase", "ask-instruction", "reclassify"}
    assert verbs(room.manager) == {
        "resolution", "acknowledge", "note", "assign", "chase", "ask-instruction", "reclassify", "blame",
    }  # fmt: skip
    assert verbs(room.care_manager) == {"note", "assign", "chase", "ask-instruction", "reclassify", "blame"}
    assert verbs(room.approver) == {"note", "ask-instruction", "instruct"}


def test_another_verb_stands_in_the_box_when_it_was_chosen(room, form):
    page = signed_in(room.manager).get(f"{form.get_absolute_url()}?do=assign")
    assert page.context["box"].action.name == "assign"
    assert "Hand the form on" in text(page)
    foreign = signed_in(room.manager).get(f"{form.get_absolute_url()}?do=approval")
    assert foreign.context["box"].action.name == "first-contact"
    assert signed_in(room.manager).get(f"{form.get_absolute_url()}?do=nonsense").status_code == 200


def test_a_form_that_has_ended_offers_nothing_but_a_note(room):
    form = room.bring(room.register(), "closed")
    page = signed_in(room.agent).get(form.get_absolute_url())
    assert page.context["box"].action is None
    assert [action.name for action in page.context["box"].others] == ["note"]
    assert "The form has ended." in text(page)


def test_the_timeline_shows_people_and_more_quietly_the_portal(room, form, now):
    room.do(form, "first_contact", note="已致歉，约明早进店", now=now)
    client = signed_in(room.manager)
    page = client.get(form.get_absolute_url())
    assert "已致歉，约明早进店" in text(page)
    assert "Registered as General complaint, 4 due times set" in text(page)
    people = text(client.get(f"{form.get_absolute_url()}?people"))
    assert "已致歉" in people and "due times set" not in people


def test_both_times_of_a_late_entry_are_shown(room, form, now):
    room.do(form, "first_contact", note="路上打的", happened_at=now - timedelta(minutes=20), now=now)
    assert re.search(
        r"First contact · entered \d\d-\d\d \d\d:\d\d", text(signed_in(room.manager).get(form.get_absolute_url()))
    )


def test_words_of_customers_are_never_markup(room, now):
    form = room.register(summary="<script>alert(1)</script>", demand="<b>x</b>", now=now)
    page = signed_in(room.agent).get(form.get_absolute_url()).content.decode()
    assert "<script>alert(1)" not in page and "<b>x</b>" not in page
    assert "&lt;script&gt;alert(1)" in page


# --- acting -----------------------------------------------------------------------------------------------------------


def test_a_contact_is_noted_and_the_page_comes_back(room, form):
    client = signed_in(room.manager)
    answer = send(client, form, "first-contact", result="reached", note="已致歉")
    assert (answer.status_code, answer["Location"]) == (302, form.get_absolute_url())
    form.refresh_from_db()
    assert form.status == "contacted"
    assert "The first contact is noted." in text(client.get(form.get_absolute_url()))


def test_a_double_click_does_it_once(room, form):
    client, key = signed_in(room.manager), str(uuid.uuid4())
    for _ in range(2):
        assert send(client, form, "note", note="只写一次", submit_key=key).status_code == 302
    assert form.events.filter(kind="note").count() == 1


def test_what_is_missing_is_said_beside_the_field_and_nothing_is_lost(room, form):
    client = signed_in(room.manager)
    answer = send(client, form, "resolution", remedy="免费清洗", cause="", agreed="yes", measures="")
    assert answer.status_code == 200
    assert "免费清洗" in answer.content.decode() and "This field is required." in text(answer)
    form.refresh_from_db()
    assert form.status == "transferred"


def test_a_refusal_of_the_service_is_said_in_the_box(room, form, now):
    client = signed_in(room.manager)
    answer = send(client, form, "blame", employee=room.person(room.technician).pk, degree="direct")
    assert answer.status_code == 302
    form.refresh_from_db()
    again = send(client, form, "blame", employee=room.person(room.technician).pk, degree="direct", note="写过的话")
    assert again.status_code == 200
    assert "例tech is named already." in text(again) and "写过的话" in again.content.decode()


def test_the_loser_of_two_gets_a_409_with_the_typed_words(room, form, now):
    room.do(form, "first_contact", now=now)
    client = signed_in(room.manager)
    answer = send(client, form, "resolution", version=1, remedy="清洗蒸发箱", cause="排水管堵", agreed="yes")
    assert answer.status_code == 409
    assert "清洗蒸发箱" in answer.content.decode() and "排水管堵" in answer.content.decode()
    form.refresh_from_db()
    assert form.status == "contacted"


def test_a_step_entered_later_from_the_page(room, form, now):
    client = signed_in(room.manager)
    when = room.store.local(now - timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M")
    send(client, form, "first-contact", result="reached", note="打过了", happened_at=when)
    step = form.deadlines.get(step="first_contact")
    assert room.store.local(step.met_at).strftime("%Y-%m-%dT%H:%M") == when


def test_the_care_manager_enters_what_somebody_else_did(room, form, now):
    client = signed_in(room.care_manager)
    assert send(client, form, "first-contact", result="reached", note="x").status_code == 403


def test_a_customer_who_does_not_agree_yet_leaves_the_step_open(room, form):
    client = signed_in(room.manager)
    send(client, form, "resolution", remedy="打八折", cause="漏检", agreed="no", measures="")
    form.refresh_from_db()
    assert form.status == "transferred"
    assert form.events.last().text.text == "打八折\n漏检"


def test_not_reached_with_an_sms_logs_two_tries(room, form):
    send(signed_in(room.manager), form, "first-contact", result="sms", note="")
    assert list(form.tries.values_list("channel", flat=True)) == ["phone", "sms"]


def test_the_way_from_contact_to_closing_through_the_pages(room, form):
    send(signed_in(room.manager), form, "first-contact", result="reached", note="已致歉")
    form.refresh_from_db()
    answer = send(
        signed_in(room.manager), form, "resolution", remedy="免费返修", cause="漏检", agreed="yes", measures="双检"
    )
    assert answer.status_code == 302
    form.refresh_from_db()
    page = signed_in(room.manager).get(form.get_absolute_url())
    assert page.context["box"].action.name == "sign-as-manager"
    send(signed_in(room.manager), form, "sign-as-manager")
    form.refresh_from_db()
    page = signed_in(room.agent).get(form.get_absolute_url())
    assert page.context["box"].action.name == "callback"
    assert page.context["call_url"] == reverse("surveys:call", args=[Callback.objects.get().pk])
    nothing = send(signed_in(room.agent), form, "callback", note="")
    assert "Choose either how satisfied" in text(nothing)
    unhappy = send(signed_in(room.agent), form, "callback", overall="2", note="")
    assert "it opens the next round" in text(unhappy)
    send(signed_in(room.agent), form, "callback", overall="5", note="很好")
    form.refresh_from_db()
    assert form.status == "called_back"
    page = signed_in(room.general_manager).get(form.get_absolute_url())
    assert page.context["box"].action.name == "approval"
    answer = send(signed_in(room.general_manager), form, "approval", note="同意")
    assert answer["Location"] == form.get_absolute_url()
    form.refresh_from_db()
    assert form.status == "closed"


def test_not_satisfied_leads_to_the_next_round(room, now):
    form = room.bring(
        room.register(customer=room.customer, now=now - timedelta(hours=2)), "resolved", now - timedelta(hours=2)
    )
    client = signed_in(room.agent)
    send(client, form, "callback", overall="2", note="还有味道")
    form.refresh_from_db()
    page = text(client.get(form.get_absolute_url()))
    assert f"Re-issued as {form.following.number}, round 2." in page
    following = client.get(form.following.get_absolute_url())
    assert "handled for the 2. time" in text(following) and "还有味道" in text(following)


def test_where_next_leads_is_a_path_of_ours(room, form):
    for target, place in (("/approvals/", "/approvals/"), ("//evil.example/", None), ("https://evil.example/", None)):
        answer = send(signed_in(room.manager), form, "note", note="x", next=target)
        assert answer["Location"] == (place or form.get_absolute_url())


# --- phone, alerts ----------------------------------------------------------------------------------------------------


def test_the_phone_is_shown_once_asked_and_the_dial_is_a_try(room, form):
    client = signed_in(room.manager)
    masked = client.get(form.get_absolute_url()).content.decode()
    assert "19900000001" not in masked
    shown = client.post(reverse("complaints:phone", args=[form.number]))
    assert 'href="tel:19900000001"' in shown.content.decode()
    part = client.post(reverse("complaints:phone", args=[form.number]), headers={"hx-request": "true"})
    assert b"<html" not in part.content and b"tel:19900000001" in part.content
    lines = AuditLine.objects.filter(action="phone.revealed")
    assert [(line.actor, line.detail["tail"]) for line in lines] == [(room.manager, "0001")] * 2
    assert set(ContactTry.objects.values_list("step", "result", "by")) == {
        ("first_contact", "dialled", room.manager.pk)
    }
    before = form.version
    form.refresh_from_db()
    assert form.version == before  # a form that was being filled in is still good


def test_revealing_without_a_contact_due_is_no_try(room, form):
    signed_in(room.agent).post(reverse("complaints:phone", args=[form.number]))
    assert ContactTry.objects.count() == 0
    assert AuditLine.objects.filter(action="phone.revealed").count() == 1


def test_i_have_it_on_the_page(room, form, now):
    services.sweep(form.received_at + timedelta(hours=3))
    client = signed_in(room.manager)
    assert "First contact is overdue." in text(client.get(form.get_absolute_url()))
    alert = Alert.objects.get(raised_at__isnull=False)
    assert client.post(reverse("complaints:take_alert", args=[alert.pk])).status_code == 302
    assert "例manager has it." in text(signed_in(room.care_manager).get(form.get_absolute_url())) or (
        f"{room.manager.display_name()} has it." in text(signed_in(room.care_manager).get(form.get_absolute_url()))
    )
    assert signed_in(room.care_manager).post(reverse("complaints:take_alert", args=[alert.pk])).status_code == 409


# --- list -------------------------------------------------------------------------------------------------------------


def numbers(answer) -> list[str]:
    return [row.form.number[-3:] for row in answer.context["rows"]]


@pytest.fixture
def many(room, now):
    """Three open forms of two departments and levels, and one that has ended."""
    return [
        room.register("grumble", passed_on=True, now=now - timedelta(hours=3), summary="等待太久"),
        room.register("general", department=room.sales, now=now - timedelta(minutes=100), summary="合同有误"),
        room.register("major", now=now - timedelta(minutes=10), customer=room.customer, vehicle=room.vehicle),
        room.bring(room.register(now=now - timedelta(days=3)), "closed", now - timedelta(days=3)),
    ]


def test_the_list_is_ordered_by_what_is_due_next(room, many):
    client = signed_in(room.care_manager)
    open_ones = client.get(reverse("complaints:list"))
    assert [row.form for row in open_ones.context["rows"]] == [many[0], many[1], many[2]]
    ended = client.get(reverse("complaints:list"), {"scope": "ended"})
    assert [row.form for row in ended.context["rows"]] == [many[3]]


def test_filters_and_saved_views(room, many):
    client = signed_in(room.care_manager)

    def found(**query):
        return [row.form for row in client.get(reverse("complaints:list"), query).context["rows"]]

    assert found(level="general") == [many[1]]
    assert found(department=room.sales.pk) == [many[1]]
    assert found(overdue=1) == [many[0]]
    assert found(mine=1) == [many[2]]  # the major form is to be confirmed
    assert found(level="nonsense", department="x") == many[:3]
    saved = client.get(reverse("complaints:list")).context["saved"]
    assert [(one["label"], one["count"]) for one in saved] == [
        ("Mine", 1),
        ("Overdue", 1),
        ("All open", 3),
        ("Ended", None),
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("合同", [1]),
        ("测试甲", [2]),
        ("测A·00001", [2]),
        ("测a00001", [2]),
        ("0001", [2]),
        ("19900000001", [2]),
        ("测试甲 空调", [2]),
        ("测试甲 合同", []),
        ("A1-", [0, 1, 2]),
        ("没有这样的词", []),
        ("\x00", [0, 1, 2]),
    ],
)
def test_search(room, many, query, found):
    page = signed_in(room.care_manager).get(reverse("complaints:list"), {"q": query})
    assert [row.form for row in page.context["rows"]] == [many[place] for place in found]


def test_the_number_finds_its_form(room, many):
    page = signed_in(room.care_manager).get(reverse("complaints:list"), {"q": many[1].number, "scope": "all"})
    assert [row.form for row in page.context["rows"]] == [many[1]]


def test_everybody_sees_the_own_part(room, many):
    def seen(user):
        return {row.form for row in signed_in(user).get(reverse("complaints:list")).context["rows"]}

    assert seen(room.general_manager) == set(many[:3])
    assert seen(room.manager) == {many[0]}
    assert seen(room.sales_manager) == {many[1]}
    assert seen(room.technician) == set()
    services.name_responsible(many[1], room.person(room.technician), by=room.care_manager)
    assert seen(room.technician) == {many[1]}
    assert signed_in(room.admin).get(reverse("complaints:list")).status_code == 403


def test_htmx_gets_the_list_alone(room, many):
    answer = signed_in(room.agent).get(reverse("complaints:list"), headers={"hx-request": "true"})
    assert b"<html" not in answer.content and b'id="complaint-list"' in answer.content


def test_the_pager_walks_through_everything_once(room, now, monkeypatch):
    from complaints.pages import listing

    monkeypatch.setattr(listing, "PAGE_SIZE", 2)
    forms = [room.register(now=now - timedelta(minutes=minutes)) for minutes in (9, 9, 5, 5, 1)]
    client, url, seen = signed_in(room.agent), reverse("complaints:list"), []
    while url:
        page = client.get(url)
        seen += [row.form for row in page.context["rows"]]
        older = page.context["page"].older_url
        url = reverse("complaints:list") + older if older else None
    assert seen == forms


# --- what it costs ----------------------------------------------------------------------------------------------------


def queries_of(client, url) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        client.get(url)
    return len(queries)


@pytest.mark.parametrize(
    "place", ["/complaints/", "/complaints/?mine=1", "/complaints/?q=空调", "/complaints/?scope=all", "/"]
)
def test_three_forms_cost_as_many_queries_as_one(db, now, place):
    asked = []
    for code, number in (("A1", 1), ("A2", 3)):
        room = Room(code)
        for minutes in range(number):
            form = room.register(
                passed_on=True,
                customer=room.customer,
                vehicle=room.vehicle,
                now=now - timedelta(minutes=minutes + 30),
                category=Category.objects.first(),
            )
            services.assign(form, by=room.manager, assignee=room.person(room.technician), now=now)
        asked.append(queries_of(signed_in(room.manager), place))
    assert asked[0] == asked[1]


def test_a_long_history_costs_as_many_queries_as_a_short_one(room, form, now):
    client = signed_in(room.manager)
    short = queries_of(client, form.get_absolute_url())
    for number in range(12):
        services.add_note(form, f"第 {number} 条", by=room.agent, now=now)
        services.log_try(form, "first_contact", by=room.manager, now=now)
    assert queries_of(client, form.get_absolute_url()) == short
    assert short <= 75


# --- registering ------------------------------------------------------------------------------------------------------


def test_registering_for_somebody_new(room):
    client = signed_in(room.agent)
    answer = client.post(
        reverse("complaints:new"),
        {
            "source": "hotline",
            "level": "grumble",
            "summary": "洗车没洗干净",
            "customer_name": "测试乙",
            "customer_phone": "199 0000 0002",
            "plate": "测a00002",
            "department": room.after_sales.pk,
            "submit_key": str(uuid.uuid4()),
        },
    )
    form = Complaint.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, form.get_absolute_url())
    assert (form.customer.name, form.customer.phone, form.vehicle.plate) == ("测试乙", "19900000002", "测A00002")
    assert (form.status, form.care_agent, form.late_reason) == ("transferred", room.agent, "")


def test_a_double_click_registers_once(room):
    client, key = signed_in(room.agent), str(uuid.uuid4())
    data = {"source": "hotline", "level": "grumble", "summary": "x", "submit_key": key}
    places = {client.post(reverse("complaints:new"), data)["Location"] for _ in range(2)}
    assert (len(places), Complaint.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"summary": ""}, "This field is required."),
        ({"level": "medium"}, "Select a valid choice"),
        ({"level": "major"}, "Say what makes it a major complaint."),
        ({"received_at": "2099-01-01T10:00"}, "This time has not come yet."),
        ({"received_at": "gestern"}, "Write the time as"),
        ({"received_at": "2026-01-01T10:00"}, "Say why it is registered later"),
        ({"customer_name": "测试乙", "customer_phone": "12"}, "This is no telephone number."),
    ],
)
def test_what_cannot_be_registered_is_said_and_kept(room, wrong, said):
    data = {"source": "hotline", "level": "grumble", "summary": "说过的话", "demand": "要求留着", **wrong}
    answer = signed_in(room.agent).post(reverse("complaints:new"), data)
    assert answer.status_code == 200
    assert said in text(answer) and "要求留着" in answer.content.decode()
    assert Complaint.objects.count() == 0


def test_the_level_raised_by_the_source_is_said(room):
    client = signed_in(room.agent)
    answer = client.post(
        reverse("complaints:new"), {"source": "oem_hotline", "level": "grumble", "summary": "x"}, follow=True
    )
    assert "Because of the source it is a General complaint." in text(answer)


@pytest.fixture
def low_call(room, now) -> Response:
    """A finished service call with a low answer."""
    questionnaire = Questionnaire.objects.get(code="service")
    version = questionnaire.versions.get(status="published")
    callback = Callback.objects.create(
        store=room.store,
        line_key="service_follow_up",
        subject_key="visit:1",
        customer=room.customer,
        visit=room.visit(),
        questionnaire=questionnaire,
        due_on=now.date(),
        status="done",
    )
    response = Response.objects.create(
        store=room.store,
        callback=callback,
        version=version,
        agent=room.agent,
        completed_at=now - timedelta(minutes=5, seconds=17),
        is_complete=True,
        has_low_answer=True,
        comment="孩子一直咳嗽",
    )
    question = Question.objects.filter(section__version=version, kind="rating5").first()
    Answer.objects.create(
        store=room.store, response=response, question=question, points=40, is_low=True, low_note="味道还在"
    )
    return response


def test_a_form_from_a_call_is_filled_in(room, low_call, now):
    client = signed_in(room.agent)
    page = client.get(reverse("complaints:new"), {"response": low_call.pk})
    initial = page.context["form"].initial
    assert (initial["level"], initial["source"]) == ("grumble", "follow_up_call")
    assert "味道还在" in initial["summary"] and "孩子一直咳嗽" in initial["summary"]
    assert page.context["subject"].customer == room.customer
    data = {**{key: initial.get(key, "") for key in ("level", "source", "summary", "received_at", "late_reason")}}
    answer = client.post(reverse("complaints:new") + f"?response={low_call.pk}", data)
    form = Complaint.objects.get()
    assert answer["Location"] == form.get_absolute_url()
    assert form.received_at == low_call.completed_at  # to the second, though the field shows minutes
    assert (form.customer, form.visit, form.vehicle, form.response) == (
        room.customer,
        low_call.callback.visit,
        room.vehicle,
        low_call,
    )
    low_call.refresh_from_db()
    assert low_call.low_settled_at is not None


def test_the_call_desk_offers_the_form_and_shows_open_ones(room, low_call, form):
    from complaints import panels

    request = type("Request", (), {"user": room.agent, "store": room.store, "now": timezone.now()})()
    offered = panels.low_answer(request, {"response": low_call, "callback": low_call.callback})
    assert offered == {"url": f"/complaints/new/?response={low_call.pk}", "label": "Open a complaint form"}
    request.user = room.technician
    assert panels.low_answer(request, {"response": low_call, "callback": low_call.callback}) is None
    request.user = room.agent
    beside = panels.beside_call(request, {"customer": room.customer, "callback": low_call.callback, "visit": None})
    assert [row["form"] for row in beside["rows"]] == [form]
    page = text(signed_in(room.agent).get(reverse("surveys:customer", args=[room.customer.pk])))
    assert "…" in page and "To be contacted" in page


def test_an_open_form_of_the_same_customer_is_said_before_anybody_writes(room, form):
    page = text(signed_in(room.agent).get(reverse("complaints:new"), {"customer": room.customer.pk}))
    assert f"Already open: {form.number}" in page


@pytest.mark.parametrize(
    ("who", "words", "hits"),
    [
        ("agent", "测试", 1),
        ("agent", "0001", 1),
        ("agent", "测A00001", 1),
        ("agent", "RO-1", 1),
        ("agent", "x", 0),
        ("manager", "测试", 0),  # who may not read all records finds only what fits exactly
        ("manager", "测A00001", 1),
        ("manager", "19900000001", 1),
        ("manager", "0001", 0),
    ],
)
def test_finding_the_customer(room, who, words, hits):
    room.visit()
    client = signed_in(getattr(room, who))
    answer = client.get(reverse("complaints:new"), {"find": words}, headers={"hx-request": "true"})
    assert answer.content.decode().count("?visit=") == hits
    assert "19900000001" not in answer.content.decode()


def test_customers_of_another_store_are_not_found(room):
    other = Room("B1")
    other.visit()
    client = signed_in(room.agent)
    assert b"?visit=" not in client.get(reverse("complaints:new"), {"find": "测试"}).content
    page = client.get(reverse("complaints:new"), {"customer": other.customer.pk})
    assert page.context["subject"].customer is None


# --- Today, search, approvals -----------------------------------------------------------------------------------------


def test_today_says_what_is_to_do_and_until_when(room, form, now):
    page = text(signed_in(room.manager).get("/"))
    assert "1 customer to contact, next:" in page
    assert "Call, note contact" in page and "测试甲" in page
    chinese = text(signed_in(room.manager, CHINESE).get("/"))
    assert "1 位客户待联系" in chinese


def test_the_rail_counts_and_reddens(room, form):
    client = signed_in(room.manager)
    place = next(
        row for group in client.get("/").context["frame"]["places"] for row in group if row["key"] == "complaints"
    )
    assert (place["count"], place["overdue"]) == (1, False)
    form.deadlines.filter(step="first_contact").update(
        warn_at=form.received_at, due_at=form.received_at, escalate_at=form.received_at
    )
    place = next(
        row for group in client.get("/").context["frame"]["places"] for row in group if row["key"] == "complaints"
    )
    assert (place["count"], place["overdue"]) == (1, True)


def test_the_global_search_finds_forms(room, form):
    page = text(signed_in(room.agent).get(reverse("desk:search"), {"q": form.number[-3:]}))
    assert form.number in page
    other = signed_in(room.sales_manager).get(reverse("desk:search"), {"q": form.number})
    assert form.get_absolute_url() not in other.content.decode()


def test_the_approval_desk_gets_closings_questions_and_unverified(room, now):
    start = now - timedelta(days=10)
    close = room.bring(room.register("grumble", customer=room.customer, now=start), "called_back", start)
    other = room.bring(room.register("grumble", now=start, summary="地垫没装"), "called_back", start)
    major = room.register("major", now=now)
    silent = room.bring(room.register(now=start), "resolved", start)
    room.do(silent, "callback", result="refused", now=start + timedelta(hours=1))
    request = type("Request", (), {"user": room.general_manager, "store": room.store, "now": timezone.now()})()
    found = {}
    for group in (approvals.questions, approvals.to_close, approvals.unverified):
        panel = group(request, None)
        for item in panel["items"]:
            detail = group(request, item["key"])
            context = {
                "panel": detail,
                "next_url": "/approvals/?item=next",
                "kind": panel["title"],
                "place": 1,
                "total": 4,
            }
            found[item["key"]] = render_to_string(detail["template"], context) + render_to_string(
                detail["foot"], context
            )
        assert group(request, "entry:1") is None
    assert set(found) == {f"close:{close.pk}", f"close:{other.pk}", f"question:{major.pk}", f"unverified:{silent.pk}"}
    assert all("/approvals/?item=next" in page for page in found.values())
    assert "The customer is satisfied" in found[f"close:{close.pk}"]
    assert "Refused" in found[f"unverified:{silent.pk}"]
    bulk = approvals.to_close(request, None)["bulk"]
    assert "2 grumbles" in render_to_string(bulk["template"], {"bulk": bulk})
    request.user = room.approver
    assert approvals.to_close(request, None)["items"] == []


def test_deciding_from_the_approval_desk(room, now):
    start = now - timedelta(days=10)
    forms = [room.bring(room.register("grumble", now=start), "called_back", start) for _ in range(2)]
    major = room.register("major", now=now)
    client = signed_in(room.general_manager)
    answer = send(client, major, "instruct", text="先安排代步车", next="/approvals/?item=x")
    assert answer["Location"] == "/approvals/?item=x"
    assert major.instructions.get().text == "先安排代步车"
    rows = [f"{form.pk}:{form.version}" for form in forms]
    together = client.post(reverse("complaints:approve_grumbles"), {"form": rows, "next": "/approvals/"})
    assert together["Location"] == "/approvals/"
    assert set(Complaint.objects.filter(status="closed")) == set(forms)
    assert signed_in(room.manager).post(reverse("complaints:approve_grumbles")).status_code == 403


def test_grumbles_that_changed_since_they_were_shown_stay(room, now):
    start = now - timedelta(hours=5)
    form = room.bring(room.register("grumble", now=start), "called_back", start)
    client = signed_in(room.general_manager)
    answer = client.post(
        reverse("complaints:approve_grumbles"), {"form": [f"{form.pk}:{form.version - 1}", "x:y", "9:9"]}, follow=True
    )
    form.refresh_from_db()
    assert form.status == "called_back"
    assert "still wait" in text(answer)


def test_messages_lead_to_the_form(room, form):
    message = Message.objects.get(recipient=f"u:{room.manager.pk}", kind="complaint.passed_on")
    assert message.url == form.get_absolute_url()
    assert form.number in text(signed_in(room.manager).get("/inbox/"))
