"""propose_entries and check_ledger: what they say, how they end, and every difference they must find."""

import io
import json
from pathlib import Path

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection

from csi_portal.notifications.models import Message
from csi_portal.organization import files, triggers
from incentives import check, ledger, services, tasks
from incentives.models import LedgerEntry, Month, Proposal
from incentives.tests.making import DAY, NOVEMBER, NOW, OCTOBER, Shop

END = NOW + 15 * DAY


def said(name, *args):
    out = io.StringIO()
    call_command(name, *args, "--json", stdout=out)
    return json.loads(out.getvalue())


# -- propose_entries


def test_propose_entries_reconciles_a_month_and_again_changes_nothing(shop):
    shop.late_transfer()
    shop.late_transfer(agent=None)
    with time_machine.travel(NOW):
        first = said("propose_entries", "--store", "A1", "--month", "2026-10")
        second = said("propose_entries", "--store", "A1", "--month", "2026-10")
    counts = {"changed": 0, "withdrawn": 0, "absorbed": 0, "reversals": 0, "unknown": 1, "waiting": 1}
    assert first == {"store": "A1", "months": ["2026-10"], "proposed": 1, **counts}
    assert second == {"store": "A1", "months": ["2026-10"], "proposed": 0, **counts}


def test_propose_entries_reconciles_a_quarter(shop):
    shop.late_transfer()
    shop.late_transfer(received_at=NOW + 50 * DAY)
    shop.late_transfer(received_at=NOW - 40 * DAY)
    with time_machine.travel(NOW + 100 * DAY):
        result = said("propose_entries", "--store", "A1", "--quarter", "2026-Q4")
    assert (result["months"], result["proposed"]) == (["2026-10", "2026-11", "2026-12"], 2)


def test_propose_entries_speaks_plainly(shop):
    shop.late_transfer(agent=None)
    out = io.StringIO()
    call_command("propose_entries", "--store", "A1", "--month", "2026-10", stdout=out)
    assert "items for the care manager" in out.getvalue()


@pytest.mark.parametrize(
    "args",
    [
        ("--store", "NONE", "--month", "2026-10"),
        ("--store", "A1", "--month", "2026-1"),
        ("--store", "A1", "--month", "2026-W40"),
        ("--store", "A1", "--quarter", "2026-Q5"),
        ("--store", "A1", "--quarter", "2026-4"),
        ("--store", "A1"),
        ("--store", "A1", "--month", "2026-10", "--quarter", "2026-Q4"),
    ],
)
def test_wrong_use_ends_with_2(shop, args):
    with pytest.raises(CommandError) as wrong:
        call_command("propose_entries", *args)
    assert wrong.value.returncode in (1, 2)  # argparse's own errors are raised with 1 by call_command


# -- check_ledger


@pytest.fixture
def books():
    """A shop with a locked October: two entries, one taken back, an award held back."""
    shop = Shop()
    first = shop.posted()
    shop.posted()
    services.approve(services.propose_reversal(first, by=shop.care, now=NOW, reason="x"), by=shop.gm, now=NOW)
    shop.award(shop.technician, now=END)
    shop.posted(now=END)
    shop.lock(OCTOBER, now=END)
    shop.posted(now=END + DAY)
    return shop


def test_sound_books_have_no_difference(db, books):
    result = said("check_ledger")
    assert result == {"ok": True, "stores": 1, "entries": 6, "months": 1, "differences": []}
    out = io.StringIO()
    call_command("check_ledger", stdout=out)
    assert "6 entries" in out.getvalue() and "no difference" in out.getvalue()


def test_an_empty_portal_has_no_difference(db):
    assert said("check_ledger")["ok"] is True


def test_an_unknown_store_ends_with_2(db):
    with pytest.raises(CommandError) as wrong:
        call_command("check_ledger", "--store", "NONE")
    assert wrong.value.returncode == 2


def tamper(*statements):
    """Change the books behind their guards, as somebody with all rights on the database could."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks to come cannot be altered
        for statement in triggers.drop_statements(connection.vendor):
            cursor.execute(statement)
        for statement in statements:
            cursor.execute(statement)
    triggers.install()


LINE = "UPDATE incentives_ledgerentry SET"
LOCKED = "WHERE status = 'locked'"
OF_TWO = "WHERE id = (SELECT proposal_id FROM incentives_ledgerentry WHERE number = 2)"
NO_NOTICE, NO_HOLD = "DELETE FROM incentives_notice", "DELETE FROM incentives_hold"
TAMPERS = [
    ([f"{LINE} amount = -1 WHERE number = 2"], "entry 2", "fingerprint broken"),
    ([f"{LINE} beneficiary_name = 'x' WHERE number = 3"], "entry 3", "fingerprint broken"),
    ([f"{LINE} text = 'x' WHERE number = 1"], "entry 1", "fingerprint broken"),
    ([f"{LINE} month = '2026-12-01' WHERE number = 2"], "entry 2", "fingerprint broken"),
    ([f"{LINE} entry_hash = 'x' WHERE number = 4"], "entry 4", "fingerprint broken"),
    ([f"{LINE} number = 60 WHERE number = 6"], "entry 6", "number missing"),
    ([NO_NOTICE, "DELETE FROM incentives_ledgerentry WHERE number = 6"], "entry 6", "number missing"),
    ([NO_NOTICE, NO_HOLD, "DELETE FROM incentives_ledgerentry WHERE number = 4"], "entry 4", "number missing"),
    ([f"UPDATE incentives_proposal SET amount = -7700 {OF_TWO}"], "entry 2", "not as approved"),
    ([f"UPDATE incentives_proposal SET status = 'rejected' {OF_TWO}"], "entry 2", "not as approved"),
    ([f"UPDATE incentives_month SET ledger_total = 1 {LOCKED}"], "month 2026-10", "ledger total differs"),
    ([f"UPDATE incentives_month SET paid_total = 1 {LOCKED}"], "month 2026-10", "paid differs"),
    ([f"UPDATE incentives_month SET entries = 9 {LOCKED}"], "month 2026-10", "entries differs"),
    ([f"UPDATE incentives_month SET head_hash = 'x' {LOCKED}"], "month 2026-10", "last entry unknown"),
    ([NO_HOLD], "month 2026-10", "held back differs"),
    (["UPDATE incentives_hold SET from_month = '2026-11-01'"], "month 2026-10", "held back differs"),
]


@pytest.mark.parametrize(("statements", "where", "code"), TAMPERS)
def test_the_first_bad_number_is_named(db, books, statements, where, code):
    tamper(*statements)
    differences = check.check_all().differences
    assert (differences[0].where, differences[0].code) == (where, code)
    with pytest.raises(SystemExit) as stopped:
        call_command("check_ledger", stdout=io.StringIO())
    assert stopped.value.code == 1


def test_a_line_slipped_into_the_locked_month_is_found(db, books):
    last = LedgerEntry.objects.get(number=6)
    tamper(f"UPDATE incentives_ledgerentry SET month = '2026-10-01' WHERE id = {last.pk}")
    codes = {difference.code for difference in check.check_all().differences}
    assert {"fingerprint broken", "ledger total differs", "entry after the lock", "sheet and ledger differ"} <= codes


def test_a_chain_built_anew_does_not_agree_with_the_lock(db, books):
    entries = list(LedgerEntry.objects.order_by("number"))
    entries[1].text, previous = "x", ""
    statements = []
    for entry in entries:
        entry.previous_hash = previous
        entry.entry_hash = previous = ledger.entry_hash(entry)
        statements.append(
            f"UPDATE incentives_ledgerentry SET text = '{entry.text}', previous_hash = '{entry.previous_hash}', "
            f"entry_hash = '{entry.entry_hash}' WHERE id = {entry.pk}"
        )
    tamper(*statements)
    codes = {difference.code for difference in check.check_all().differences}
    assert codes == {"last entry unknown", "sheet and ledger differ"}


def test_a_changed_or_lost_sheet_is_found(db, books):
    path = Path(files.path_of(Month.objects.get(month=OCTOBER).sheet))
    content = path.read_bytes()
    path.unlink()
    assert [d.code for d in check.check_all().differences] == ["sheet file differs"]
    path.write_bytes(content[:-1])
    (difference,) = check.check_all().differences
    assert "can be made again" in difference.fact
    path.write_bytes(content)
    assert check.check_all().differences == []


def test_an_approved_line_without_an_entry_is_found(db, books):
    form = books.late_transfer()
    books.look(form)
    Proposal.objects.filter(evidence_key=f"form:{form.number}").update(status="approved", decided_by=books.gm)
    assert [d.code for d in check.check_all().differences] == ["approved but not posted"]


def test_the_nightly_check_tells_finance_and_the_administrator_of_a_difference(db, books):
    chief = books.login("chief", "administrator")
    tasks.daily_check(books.store, NOVEMBER, END)
    assert not Message.objects.filter(kind="incentives.check_failed").exists()
    Path(files.path_of(Month.objects.get(month=OCTOBER).sheet)).unlink()
    for _again in range(2):
        tasks.daily_check(books.store, NOVEMBER, END)
    told = Message.objects.filter(kind="incentives.check_failed")
    assert {message.recipient for message in told} == {
        f"u:{user.pk}" for user in (books.clerk, books.second_clerk, chief)
    }
