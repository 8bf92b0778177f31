"""Many at once on both databases: one winner, one line, one number, one lock."""

import threading
from collections import Counter as Tally
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection

from csi_portal.organization.errors import Refusal
from incentives import check, reconcile, services
from incentives.models import Hold, LedgerEntry, Month, Notice, Proposal
from incentives.tests.making import DAY, NOVEMBER, NOW, OCTOBER, Shop

pytestmark = pytest.mark.django_db(transaction=True)

END = NOW + 15 * DAY


def at_once(*acts) -> Tally:
    """Run the acts in threads that start together; how many came through, how many were refused."""
    barrier, outcomes, errors = threading.Barrier(len(acts)), Tally(), []

    def run(act):
        try:
            barrier.wait(30)
            act()
            outcomes["done"] += 1
        except Refusal:
            outcomes["refused"] += 1
        except Exception as error:  # collected and raised in the test's own thread
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    if errors:
        raise errors[0]
    return outcomes


def sound():
    assert check.check_all().differences == []


def waiting(shop, **columns):
    form = shop.late_transfer(**columns)
    shop.look(form)
    return Proposal.objects.get(evidence_key=f"form:{form.number}")


def test_sixteen_approve_one_line():
    shop = Shop()
    row = waiting(shop)
    deciders = [shop.gm, shop.group] * 8
    outcomes = at_once(*[lambda by=by: services.approve(row, by=by, now=NOW, version=1) for by in deciders])
    assert outcomes == {"done": 1, "refused": 15}
    assert (LedgerEntry.objects.count(), Notice.objects.count()) == (1, 1)
    sound()


def test_approving_and_rejecting_one_line_at_once_leaves_one_decision():
    shop = Shop()
    for _round in range(3):
        row = waiting(shop)
        acts = [lambda row=row: services.approve(row, by=shop.gm, now=NOW)] * 4
        acts += [lambda row=row: services.reject(row, by=shop.group, now=NOW, note="x")] * 4
        assert at_once(*acts) == {"done": 1, "refused": 7}
        row.refresh_from_db()
        assert LedgerEntry.objects.filter(proposal=row).count() == (row.status == "approved")
    sound()


def test_many_lines_approved_at_once_are_numbered_without_gap_and_chained():
    shop = Shop()
    rows = [waiting(shop) for _line in range(12)]
    at_once(*[lambda row=row: services.approve(row, by=shop.gm, now=NOW) for row in rows])
    assert sorted(LedgerEntry.objects.values_list("number", flat=True)) == list(range(1, 13))
    sound()


def test_eight_reconciliations_at_once_propose_each_line_once():
    shop = Shop()
    for _form in range(6):
        shop.late_transfer()
    shop.neglected()
    shop.board()
    now = datetime(2026, 11, 3, tzinfo=UTC)
    acts = [lambda: reconcile.reconcile_month(shop.store, OCTOBER, now=now)] * 6
    acts += [lambda: reconcile.look_at_touched(now)] * 2
    assert at_once(*acts) == {"done": 8}
    assert Proposal.objects.count() == 6 + 2 + 1
    assert set(Proposal.objects.values_list("seq", "version")) == {(1, 1)}


def test_reversals_of_one_entry_proposed_at_once_are_one():
    shop = Shop()
    entry = shop.posted()
    acts = [lambda: services.propose_reversal(entry, by=shop.care, now=NOW, reason="x")] * 8
    assert at_once(*acts) == {"done": 1, "refused": 7}


def test_rulings_at_once_post_one_reversal():
    shop = Shop()
    entry = shop.posted()
    objection = services.file_objection(entry, by=shop.agent.user, reason="x", now=NOW)
    acts = [
        lambda by=by: services.rule_objection(objection, upheld=True, by=by, ruling="x", now=NOW)
        for by in [shop.gm, shop.group] * 4
    ]
    assert at_once(*acts) == {"done": 1, "refused": 7}
    assert LedgerEntry.objects.filter(reverses=entry).count() == 1
    sound()


def test_sixteen_ask_for_and_confirm_one_lock():
    shop = Shop()
    shop.posted(now=END)
    asking = [lambda by=by: services.ask_lock(shop.store, OCTOBER, by=by, now=END) for by in [shop.clerk] * 8]
    assert at_once(*asking) == {"done": 1, "refused": 7}
    confirming = [
        lambda by=by: services.confirm_lock(shop.store, OCTOBER, by=by, now=END)
        for by in [shop.gm, shop.second_clerk] * 8
    ]
    assert at_once(*confirming) == {"done": 1, "refused": 15}
    assert (Month.objects.filter(status="locked").count(), Hold.objects.count()) == (1, 1)
    sound()


def test_posting_beside_the_lock_is_in_the_closed_total_or_in_the_next_month():
    shop = Shop()
    for _line in range(2):
        shop.posted()
    rows = [waiting(shop) for _line in range(8)]
    services.ask_lock(shop.store, OCTOBER, by=shop.clerk, now=END)
    acts = [lambda row=row: services.approve(row, by=shop.gm, now=END) for row in rows]
    acts += [lambda: services.confirm_lock(shop.store, OCTOBER, by=shop.second_clerk, now=END)] * 2
    outcomes = at_once(*acts)
    assert outcomes["done"] >= 8
    month = Month.objects.get(month=OCTOBER)
    inside = LedgerEntry.objects.filter(month=OCTOBER).count()
    if month.status == "locked":
        # confirmed before the first line came in
        assert (inside, month.entries, month.ledger_total) == (2, 2, Decimal("-100.00"))
        assert LedgerEntry.objects.filter(month=NOVEMBER).count() == 8
    else:
        # a line came first: the month is open again and has to be asked for anew
        assert (inside, month.status) == (10, "open")
    sound()
