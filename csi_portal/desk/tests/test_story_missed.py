"""The same story with nobody acting in time: every alert once, breaches for ever, and what they cost.

The clock is whatever the test says: every pass of the sweep gets its own `now`.
"""

import threading
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from complaints import services as complaints
from complaints.models import Alert, Breach
from csi_portal.desk.tests.story import Shop, at
from csi_portal.notifications.models import Message
from incentives import reconcile
from incentives import services as money
from incentives.check import check_store
from incentives.models import LedgerEntry, Proposal
from surveys.models import Visit

SECOND = timedelta(seconds=1)
# When the steps of a general complaint by hot-line of 10:00 warn, are over and escalate, on the elapsed clock.
THRESHOLDS = {
    ("transfer", "warning"): at("05 10:22") + timedelta(seconds=30),
    ("transfer", "overdue"): at("05 10:30"),
    ("transfer", "escalated"): at("05 12:30"),
    ("first_contact", "warning"): at("05 11:30"),
    ("first_contact", "overdue"): at("05 12:00"),
    ("first_contact", "escalated"): at("05 14:00"),
    ("resolution", "warning"): at("06 04:00"),
    ("resolution", "overdue"): at("06 10:00"),
    ("resolution", "escalated"): at("06 12:00"),
    ("callback", "warning"): at("06 22:00"),
    ("callback", "overdue"): at("07 10:00"),
    ("callback", "escalated"): at("07 12:00"),
}
# A warning is due at its second; overdue and escalated begin after theirs.
FIRST_AFTER = {"warning": timedelta(0), "overdue": SECOND, "escalated": SECOND}


def complain(shop, number: int = 1) -> list:
    """Complaints of 10:00 by hot-line, each of another customer."""
    orders = shop.orders(number)
    shop.import_orders(orders, at("03 08:40"))
    visits = {visit.number: visit for visit in Visit.objects.filter(store=shop.store)}
    return [
        complaints.register(
            store=shop.store,
            level="general",
            source="hotline",
            summary="刹车异响修了两次还有。",
            by=shop.users["care"],
            visit=visits[order.number],
            now=at("05 10:00"),
        )
        for order in orders
    ]


def raised() -> Counter:
    return Counter(Alert.objects.exclude(raised_at=None).values_list("deadline__step", "kind"))


def told(form) -> set[tuple[str, str, str]]:
    """(kind, step, login) of every alert message about the form."""
    kinds = {f"complaint.{kind}": kind for kind in ("warning", "overdue", "escalated")}
    found = set()
    for message in Message.objects.filter(kind__in=kinds, params__number=form.number):
        found.add((kinds[message.kind], message.params["step"], message.recipient))
    return found


@pytest.fixture
def shop(db):
    return Shop()


def test_every_alert_comes_once_at_its_second(shop):
    [form] = complain(shop)

    due = Counter()
    for (step, kind), threshold in sorted(THRESHOLDS.items(), key=lambda item: item[1]):
        for moment in (threshold - SECOND, threshold, threshold + SECOND):
            complaints.sweep(moment)
            reached = moment >= threshold + FIRST_AFTER[kind]
            assert raised()[step, kind] == reached, (step, kind, moment)
        due[step, kind] += 1
        complaints.sweep(threshold + SECOND)
        assert raised() == due
    complaints.sweep(at("20 10:00"))
    assert raised() == due == Counter(dict.fromkeys(THRESHOLDS, 1))
    assert {row.deadline.step for row in Breach.objects.filter(complaint=form)} == {
        "transfer",
        "first_contact",
        "resolution",
        "callback",
    }


def test_everybody_is_told_once_of_what_concerns_them(shop):
    [form] = complain(shop)
    for moment in sorted(THRESHOLDS.values()):
        complaints.sweep(moment + SECOND)
        complaints.sweep(moment + SECOND)

    user = {key: f"u:{login.pk}" for key, login in shop.users.items()}
    expected = set()
    for step in ("transfer", "first_contact", "resolution", "callback"):
        # nobody passed the form on, so all of its steps wait for customer care
        expected |= {("warning", step, user["care"]), ("escalated", step, user["gm"])}
        expected |= {("overdue", step, user[key]) for key in ("care", "carem")}
    assert told(form) == expected
    messages = Message.objects.filter(kind__in=("complaint.warning", "complaint.overdue", "complaint.escalated"))
    assert messages.count() == len(expected)


def test_after_a_silence_only_the_highest_alert_is_raised(shop):
    complain(shop)
    complaints.sweep(at("07 11:00"))

    assert raised() == Counter(
        {
            ("transfer", "escalated"): 1,
            ("first_contact", "escalated"): 1,
            ("resolution", "escalated"): 1,
            ("callback", "overdue"): 1,
        }
    )
    skipped = Alert.objects.filter(raised_at=None).values_list("deadline__step", "kind")
    assert Counter(skipped)["transfer", "warning"] == Counter(skipped)["transfer", "overdue"] == 1


@pytest.mark.django_db(transaction=True)
def test_passes_at_once_raise_nothing_twice(transactional_db):
    shop = Shop()
    forms = complain(shop, 6)
    moments = sorted(THRESHOLDS.values())[:6]
    barrier, failed = threading.Barrier(3), []

    def sweep():
        try:
            barrier.wait(timeout=20)
            for moment in moments:
                complaints.sweep(moment + SECOND)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=sweep) for _number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    until_then = [key for key, threshold in THRESHOLDS.items() if threshold <= moments[-1]]
    assert raised() == Counter(dict.fromkeys(until_then, len(forms)))
    assert Alert.objects.filter(raised_at=None).count() == 0
    assert Breach.objects.count() == 2 * len(forms)


class Cut(Exception):
    """The process ends here."""


@pytest.mark.django_db(transaction=True)
def test_a_pass_cut_at_any_statement_loses_and_doubles_nothing(transactional_db):
    shop = Shop()
    forms = complain(shop, 2)
    moment = at("05 12:05")  # both forms: one step late since 10:30, one since 12:00

    def run_until(fatal: int) -> bool:
        seen = 0

        def count(execute, sql, params, many, context):
            nonlocal seen
            seen += 1
            if seen == fatal:
                raise Cut
            return execute(sql, params, many, context)

        try:
            with connection.execute_wrapper(count):
                complaints.sweep(moment)
        except Cut:
            return False
        return True

    fatal = 1
    while not run_until(fatal):
        assert set(raised().values()) <= {len(forms)}
        assert all_told(forms) == Alert.objects.exclude(raised_at=None).count()
        fatal += 1

    assert fatal > 10  # the pass really was cut in many places
    assert raised() == Counter({("transfer", "overdue"): len(forms), ("first_contact", "overdue"): len(forms)})
    assert Breach.objects.count() == 2 * len(forms)


def all_told(forms) -> int:
    """How many alerts have a message."""
    return len({(form.pk, kind, step) for form in forms for kind, step, _user in told(form)})


def test_what_was_missed_costs_what_the_rules_say(shop):
    shop.adopt()
    [form] = complain(shop)
    complaints.sweep(at("05 14:01"))
    shop.step(form, "transfer", "care", at("05 14:05"), department=shop.departments["after_sales"])
    complaints.instruct(form, by=shop.users["gm"], text="今天内当面致歉", now=at("05 14:20"))
    shop.step(form, "first_contact", "service", at("05 17:00"))
    complaints.name_responsible(form, shop.people["staff"], by=shop.users["service"], now=at("05 17:05"))
    complaints.find_fault(form, shop.people["staff"], by=shop.users["carem"], cause="次日才联系", now=at("05 17:30"))
    reconcile.reconcile_month(shop.store, at("01 12:00").date(), now=at("05 18:00"))

    found = Proposal.objects.filter(store=shop.store).values_list("rule", "employee", "amount")
    assert set(found) == {
        # more than two hours late
        ("P1", shop.people["care"].pk, Decimal("-100.00")),
        # the general manager gave an instruction because of it
        ("P2", shop.people["service"].pk, Decimal("-200.00")),
        ("P2", shop.people["staff"].pk, Decimal("-200.00")),
    }
    reconcile.reconcile_month(shop.store, at("01 12:00").date(), now=at("05 19:00"))
    assert len(found.all()) == 3
    for proposal in Proposal.objects.waiting().filter(store=shop.store):
        money.approve(proposal, by=shop.users["gm"], now=at("06 09:00"))
    assert sum(LedgerEntry.objects.values_list("amount", flat=True)) == Decimal("-500.00")
    assert check_store(shop.store) == []
