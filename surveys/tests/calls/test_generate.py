"""generate_callbacks: who is asked, when, once; and who is skipped with a reason."""

import json
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from csi_portal.organization.errors import IllegalMove, NotAllowed
from csi_portal.organization.models import CalendarVersion, JobSlot
from surveys import due
from surveys.models import Callback, CustomerPhone, PlanLine, Response, Suppression, SurveyPlan
from surveys.services.callbacks import (
    cancel_callback,
    close_too_late,
    create_callback,
    current_lines,
    generate_callbacks,
    generate_today,
)
from surveys.tests.calls.factories import (
    at,
    line,
    make_callback,
    make_customer,
    make_employee,
    make_store,
    make_user,
    make_visit,
)

pytestmark = pytest.mark.django_db
NOW = at("2026-11-21 08:00")
TODAY = date(2026, 11, 21)


@pytest.fixture
def store():
    return make_store()


def run(store, on=TODAY, now=NOW):
    return generate_callbacks(store, on=on, now=now)


def only(store, **wanted):
    return Callback.objects.get(store=store, **wanted)


def test_a_repair_order_is_due_three_days_after_it_closed(store):
    visit = make_visit(store, "2026-11-18 16:40")
    assert run(store)["created"] == 1
    made = only(store)
    assert (made.line_key, made.subject_key) == ("service_follow_up", f"visit:{visit.pk}")
    assert (made.due_on, made.too_late_on) == (TODAY, TODAY + timedelta(days=11))
    assert (made.status, made.counts_for, made.priority) == ("due", "csi", 5)
    assert (made.customer_id, made.visit_id, made.questionnaire.code) == (visit.customer_id, visit.pk, "service")


def test_nothing_is_owed_a_day_too_early(store):
    make_visit(store, "2026-11-19 00:00")
    assert run(store)["created"] == 0
    assert run(store, on=date(2026, 11, 22))["created"] == 1


def test_the_closing_day_is_the_stores_day(store):
    make_visit(store, "2026-11-18 23:59")  # 15:59 UTC
    make_visit(store, "2026-11-19 00:01")  # 16:01 UTC, the same day in UTC
    assert run(store)["created"] == 1


def test_a_delivery_owes_two_calls_at_their_own_time(store):
    visit = make_visit(store, "2026-11-07 11:00", kind="sale")
    summary = run(store, on=date(2026, 11, 10), now=at("2026-11-10 08:00"))
    assert summary["lines"]["new_car_follow_up"]["created"] == 1
    assert run(store)["lines"]["delivery_satisfaction"]["created"] == 1
    made = {one.line_key: one for one in Callback.objects.filter(visit=visit)}
    assert made["new_car_follow_up"].due_on == date(2026, 11, 10)
    assert made["delivery_satisfaction"].due_on == TODAY
    assert {key: one.counts_for for key, one in made.items()} == {
        "new_car_follow_up": "",
        "delivery_satisfaction": "ssi",
    }
    assert made["new_car_follow_up"].questionnaire.code == "new_car"
    assert made["delivery_satisfaction"].questionnaire.code == "sales"


def test_running_again_makes_nothing_twice(store):
    for _visit in range(5):
        make_visit(store, "2026-11-18 16:40")
    make_visit(store, "2026-11-18 16:40", customer=make_customer(store, phone=""))
    first = run(store)
    before = list(Callback.objects.order_by("pk").values())
    second = run(store)
    assert (first["created"], first["no_number"]) == (5, 1)
    assert (second["created"], second["skipped"]) == (0, {})
    assert list(Callback.objects.order_by("pk").values()) == before


def test_a_new_plan_version_does_not_ask_again(store):
    make_visit(store, "2026-11-18 16:40")
    run(store)
    shipped = SurveyPlan.objects.get(scope_key="all")
    plan = SurveyPlan.objects.create(store=store, quarter="2026-Q4", status="approved")
    for old in shipped.lines.all():
        old.pk, old.plan = None, plan
        old.save()
    assert {one.plan_id for one in current_lines(store, TODAY)} == {plan.pk}
    assert run(store)["created"] == 0


def test_a_days_arrears_are_owed_until_it_is_too_late(store):
    make_visit(store, "2026-11-08 16:40")  # due on the 11th, callable up to and including the 21st
    make_visit(store, "2026-11-07 16:40")  # due on the 10th, too late since the 21st
    assert run(store) | {"lines": {}} == {
        "store": "T1",
        "on": "2026-11-21",
        "created": 1,
        "too_late": 0,
        "left_out": 0,
        "no_number": 0,
        "skipped": {},
        "lines": {},
    }
    assert only(store).due_on == date(2026, 11, 11)


def test_since_a_known_go_live_late_imports_stay_counted(store):
    PlanLine.objects.filter(pk=line().pk).update(go_live_on=date(2026, 11, 1))
    make_visit(store, "2026-10-31 16:40")
    make_visit(store, "2026-11-01 09:00")
    assert run(store)["too_late"] == 1
    made = only(store)
    assert (made.status, made.reason, made.due_on) == ("unreachable", "too_late", date(2026, 11, 4))
    assert Callback.objects.counted().count() == 1
    assert run(store)["too_late"] == 0


def test_visits_before_the_go_live_of_the_store_give_nothing():
    store = make_store(live_from=at("2026-11-18 00:00"))
    make_visit(store, "2026-11-17 23:59")
    make_visit(store, "2026-11-18 00:00")
    assert run(store)["created"] == 1


@pytest.mark.parametrize(
    ("closed", "days", "expected"),
    [
        ("2026-11-18 10:00", 3, date(2026, 11, 21)),
        ("2026-11-19 10:00", 3, date(2026, 11, 23)),  # the 22nd is a Sunday
        ("2026-11-28 10:00", 3, date(2026, 12, 1)),  # over a month's end
        ("2026-02-26 10:00", 3, date(2026, 3, 2)),  # 1 March is a Sunday
        ("2028-02-26 10:00", 3, date(2028, 2, 29)),  # a leap day
        ("2026-12-29 10:00", 3, date(2027, 1, 4)),  # New Year's holiday, then Saturday closed too, then Sunday
    ],
)
def test_a_closed_day_moves_to_the_next_open_one(store, closed, days, expected):
    hours = {str(day): [["08:30", "18:00"]] for day in range(6)}
    CalendarVersion.objects.create(
        store=store,
        version=1,
        effective_from=at("2020-01-01 00:00"),
        data={"opening_hours": hours, "holidays": ["2027-01-01", "2027-01-02"], "workdays": [], "years": None},
    )
    make_visit(store, closed)
    run(store, on=expected - timedelta(days=1), now=at(f"{expected} 08:00"))
    assert not Callback.objects.exists()
    run(store, on=expected, now=at(f"{expected} 08:00"))
    assert only(store).due_on == expected


@pytest.mark.parametrize(
    ("values", "created"),
    [
        ({"order_type": "内部"}, 0),
        ({"order_type": " PDI "}, 0),
        ({"order_type": "售前检查"}, 0),
        ({"order_type": "仅索赔"}, 0),
        ({"amount": 0}, 0),
        ({"amount": None}, 1),
        ({"order_type": "一般维修"}, 1),
        ({"service_type": "保修/索赔"}, 1),  # a kind of work, not an order nobody pays for
    ],
)
def test_orders_that_are_nobodys_visit_are_left_out(store, values, created):
    make_visit(store, "2026-11-18 16:40", **values)
    summary = run(store)
    assert (summary["created"], summary["left_out"]) == (created, 1 - created)


def test_a_visit_without_a_usable_number_is_counted_as_such(store):
    bad = make_customer(store)
    CustomerPhone.objects.create(customer=bad, number=bad.phone, bad_since=NOW)
    second = make_customer(store, phone="")
    CustomerPhone.objects.create(customer=second, number="19900008888")
    adviser = make_employee(store)
    for customer in (make_customer(store, phone=""), bad, second):
        make_visit(store, "2026-11-18 16:40", customer=customer, advisor=adviser)
    summary = run(store)
    assert (summary["created"], summary["no_number"]) == (1, 2)
    rows = Callback.objects.filter(reason="no_number")
    assert {(row.status, row.visit.advisor_id) for row in rows} == {("skipped", adviser.pk)}


def test_a_number_found_in_time_brings_the_call_back(store):
    customer = make_customer(store, phone="")
    make_visit(store, "2026-11-18 16:40", customer=customer)
    run(store)
    customer.phone = "19900007777"
    customer.save()
    assert run(store, on=TODAY + timedelta(days=2))["created"] == 1
    assert (only(store).status, only(store).reason, only(store).closed_at) == ("due", "", None)


def test_numbers_on_the_list_are_skipped(store):
    visit = make_visit(store, "2026-11-18 16:40")
    Suppression.objects.create(phone=visit.customer.phone)
    assert run(store)["skipped"] == {"do_not_call": 1}


def completed(callback, when: str) -> Response:
    return Response.objects.create(
        store=callback.store, callback=callback, is_complete=True, counted=True, completed_at=at(when)
    )


@pytest.mark.parametrize(
    ("when", "created"),
    [("2026-11-20 10:00", 0), ("2026-10-23 00:00", 0), ("2026-10-22 23:59", 1)],
)
def test_rest_period_counts_thirty_days_from_another_visit_of_the_kind(store, when, created):
    customer = make_customer(store)
    earlier = make_visit(store, "2026-10-10 10:00", customer=customer)
    completed(make_callback(store, visit=earlier, due="2026-10-13", status="done"), when)
    make_visit(store, "2026-11-18 16:40", customer=customer)
    summary = run(store)
    assert summary["created"] == created
    assert summary["skipped"] == ({} if created else {"rest_period": 1})


def test_lines_of_one_visit_never_block_each_other(store):
    visit = make_visit(store, "2026-11-07 11:00", kind="sale")
    first = make_callback(store, visit=visit, key="new_car_follow_up", due="2026-11-10", status="done")
    completed(first, "2026-11-10 10:00")
    assert run(store)["lines"]["delivery_satisfaction"]["created"] == 1


def test_the_other_kind_of_visit_does_not_block(store):
    customer = make_customer(store)
    sale = make_visit(store, "2026-11-07 11:00", kind="sale", customer=customer)
    completed(make_callback(store, visit=sale, key="delivery_satisfaction", status="done"), "2026-11-20 10:00")
    make_visit(store, "2026-11-18 16:40", customer=customer)
    assert run(store)["lines"]["service_follow_up"]["created"] == 1


def test_the_contact_budget_is_three_in_thirty_days(store):
    customer = make_customer(store)
    for day in (1, 5, 9):
        visit = make_visit(store, f"2026-11-0{day} 10:00", customer=customer)
        make_callback(store, visit=visit, due=f"2026-11-{day + 3:02}", status="done", contacted_at=NOW)
    make_visit(store, "2026-11-18 16:40", customer=customer)
    assert run(store)["skipped"] == {"contact_budget": 1}


def test_visits_of_one_run_share_the_budget(store):
    customer = make_customer(store)
    for hour in range(10, 15):
        make_visit(store, f"2026-11-18 {hour}:00", customer=customer)
    summary = run(store)
    assert (summary["created"], summary["skipped"]) == (3, {"contact_budget": 2})


def test_tries_that_reached_nobody_and_complaints_cost_no_budget(store):
    customer = make_customer(store)
    for day in (1, 5):
        visit = make_visit(store, f"2026-11-0{day} 10:00", customer=customer)
        make_callback(store, visit=visit, due=f"2026-11-{day + 3:02}", status="unreachable")
    create_callback(
        store, line_key="complaint_callback", subject_key="complaint:7", customer=customer,
        questionnaire_code="complaint", due_on=TODAY, now=NOW,
    )  # fmt: skip
    make_visit(store, "2026-11-18 16:40", customer=customer)
    assert run(store)["created"] == 1


def test_a_drawn_sample_keeps_seed_and_lot_and_is_drawn_once(store):
    PlanLine.objects.filter(pk=line().pk).update(sampling="percent", sampling_value=40)
    for _visit in range(40):
        make_visit(store, "2026-11-18 16:40")
    summary = run(store)
    taken, left = summary["created"], summary["skipped"]["not_drawn"]
    assert taken + left == 40
    for row in Callback.objects.all():
        assert row.draw["seed"] == "T1/service_follow_up/2026-11"
        assert (row.draw["lot"] < 4000) is (row.status == "due")
    again = run(store)
    assert (again["created"], again["skipped"]) == (0, {})


def test_a_monthly_number_is_spread_over_the_month(store):
    PlanLine.objects.filter(pk=line().pk).update(sampling="number", sampling_value=30)
    for day in (18, 19):
        for _visit in range(30):
            make_visit(store, f"2026-11-{day} 16:40")
    assert run(store)["created"] == 21  # a thirtieth a day, up to and including the 21st
    assert run(store, on=date(2026, 11, 22), now=NOW)["created"] == 1


def test_the_adviser_is_kept_away_from_scored_surveys_only(store):
    user = make_user(store)
    adviser = make_employee(store, user=user)
    make_visit(store, "2026-11-07 11:00", kind="sale", advisor=adviser)
    run(store)
    run(store, on=date(2026, 11, 10), now=at("2026-11-10 08:00"))
    excluded = dict(Callback.objects.values_list("line_key", "excluded_user"))
    assert excluded == {"delivery_satisfaction": user.pk, "new_car_follow_up": None}


def test_stores_do_not_see_each_other(store):
    other = make_store("T2")
    make_visit(other, "2026-11-18 16:40")
    assert run(store)["created"] == 0
    assert run(other)["created"] == 1


def test_too_late_is_closed_and_stays_counted(store):
    make_callback(store, due="2026-11-10", too_late_on=TODAY)
    make_callback(store, due="2026-11-11", too_late_on=TODAY + timedelta(days=1))
    kept = make_callback(
        store, due="2026-11-10", too_late_on=TODAY, status="appointment", not_before=at("2026-11-21 10:00")
    )
    assert close_too_late(NOW) == 1
    assert sorted(Callback.objects.values_list("status", "reason")) == [
        ("appointment", ""), ("due", ""), ("unreachable", "too_late"),
    ]  # fmt: skip
    assert Callback.objects.counted().count() == 3
    assert close_too_late(at("2026-11-22 12:00")) == 2
    kept.refresh_from_db()
    assert kept.status == "unreachable"


def test_a_complaint_makes_one_callback(store):
    customer = make_customer(store)
    values = {
        "line_key": "complaint_callback", "subject_key": "complaint:7", "customer": customer,
        "questionnaire_code": "complaint", "due_on": TODAY, "now": NOW,
    }  # fmt: skip
    made = create_callback(store, **values)
    assert create_callback(store, **values).pk == made.pk
    assert (made.status, made.counts_for, made.too_late_on, made.questionnaire.code) == ("due", "", None, "complaint")
    with pytest.raises(IllegalMove):
        create_callback(store, **values | {"questionnaire_code": "nobody", "subject_key": "complaint:8"})


def test_cancelling_needs_a_reason_and_the_right(store):
    manager, agent = make_user(store, "care_manager"), make_user(store)
    callback = make_callback(store)
    with pytest.raises(NotAllowed):
        cancel_callback(callback, reason="duplicate", by=agent, now=NOW)
    with pytest.raises(IllegalMove):
        cancel_callback(callback, reason="because", by=manager, now=NOW)
    done = cancel_callback(callback, reason="duplicate", by=manager, now=NOW)
    assert (done.status, done.reason) == ("cancelled", "duplicate")
    assert Callback.objects.counted().count() == 0
    with pytest.raises(IllegalMove):
        cancel_callback(callback, reason="duplicate", by=manager, now=NOW)


def test_the_daily_run_happens_once_a_store_day(store):
    make_visit(store, "2026-11-18 16:40")
    assert generate_today(NOW) == 1
    make_visit(store, "2026-11-18 16:40")
    assert generate_today(NOW + timedelta(hours=1)) == 0
    assert JobSlot.objects.filter(job=f"callbacks:{store.pk}").count() == 1
    assert generate_today(NOW + timedelta(days=1)) == 1


def test_an_import_is_looked_at_at_once(store):
    make_visit(store, timezone.localtime(timezone.now() - timedelta(days=4)).strftime("%Y-%m-%d 10:00"))
    due.look_at_visits()
    assert Callback.objects.count() == 1


def test_queries_do_not_grow_with_the_visits(store):
    counts = []
    for n in (3, 30):
        for _visit in range(n):
            make_visit(store, "2026-11-18 16:40")
        with CaptureQueriesContext(connection) as captured:
            assert run(store)["created"] == n
        counts.append(len(captured))
    assert counts[0] == counts[1]


def command(*args) -> tuple[str, str]:
    out = StringIO()
    call_command("generate_callbacks", *args, stdout=out)
    return out.getvalue()


def test_command_prints_one_json_object(store):
    make_visit(store, "2026-11-18 16:40")
    printed = json.loads(command("--store", "T1", "--on", "2026-11-21", "--json"))
    assert (printed["store"], printed["on"], printed["created"]) == ("T1", "2026-11-21", 1)
    assert printed["lines"]["service_follow_up"]["created"] == 1


def test_command_prints_a_summary(store):
    make_visit(store, "2026-11-18 16:40")
    make_visit(store, "2026-11-18 16:40", customer=make_customer(store, phone=""))
    printed = command("--store", "T1", "--on", "2026-11-21")
    assert "T1 on 2026-11-21: 1 callbacks made" in printed
    assert "service_follow_up: 1 made, 0 too late, 0 left out, skipped: 1 no number to call" in printed


@pytest.mark.parametrize("args", [("--store", "NOPE"), ("--store", "T1", "--on", "21.11.2026")])
def test_command_says_wrong_use(store, args):
    with pytest.raises(CommandError) as failure:
        command(*args)
    assert failure.value.returncode == 2
