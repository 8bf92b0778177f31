"""The whole loop of a store at the level of services: from the DMS file to the sheet of the month."""

import io
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from openpyxl import load_workbook

from complaints import services as complaints
from complaints.enums import Status, Step
from complaints.models import Complaint
from complaints.services import pulling
from csi_portal.desk.tests.story import Shop, answers_for, at, score_of
from incentives import reconcile
from incentives import services as money
from incentives.check import check_store
from incentives.models import LedgerEntry, Month, Notice, Proposal
from incentives.services.export import export_sheet
from reports.models import Board
from reports.periods import MONTH, Period
from reports.services import publish_boards
from surveys.models import Callback, Response
from surveys.scoring import published
from surveys.services.callbacks import generate_callbacks

MARCH = Period(MONTH, at("01 12:00").date())


@pytest.fixture
def shop(db):
    shop = Shop()
    shop.adopt()
    return shop


def imported(shop):
    """Six repair orders of Monday, in the portal on Tuesday; the callbacks of Thursday."""
    orders = shop.orders(6)
    result = shop.import_orders(orders, at("03 08:40"))
    assert (result.counts["rows"], result.counts["created"], result.errors) == (6, 6, [])
    again = shop.import_orders(orders, at("03 08:50"))
    assert (again.counts["created"], again.counts["unchanged"]) == (0, 6)
    assert generate_callbacks(shop.store, on=at("05 08:00").date(), now=at("05 08:00"))["created"] == 6
    assert generate_callbacks(shop.store, on=at("05 08:00").date(), now=at("05 08:05"))["created"] == 0
    return orders


def complained(shop):
    """Everybody is called on Thursday; one customer is not content, and a form comes from the call."""
    unhappy = imported(shop)[3].number
    answered = shop.call_all(unhappy, at("05 09:00"))
    assert len(answered) == 6
    [low] = [response for response in answered if response.has_low_answer]
    assert low.callback.visit.number == unhappy
    form = complaints.register(
        store=shop.store,
        level="general",
        source="follow_up_call",
        summary="等了两小时没人说一声，问题也没解决。",
        by=shop.users["care"],
        response=low,
        now=low.completed_at,
    )
    return form, low


def test_answers_become_exact_scores(shop):
    _form, low = complained(shop)

    good = Response.objects.filter(store=shop.store, has_low_answer=False)
    assert {Fraction(row.score_num, row.score_den) for row in good} == {Fraction(100)}
    assert Fraction(low.score_num, low.score_den) == score_of(low.callback, "2") < 60
    assert Callback.objects.filter(store=shop.store, status="done", completed_at__isnull=False).count() == 6


def test_a_low_answer_leads_to_a_form_of_the_same_customer(shop):
    form, low = complained(shop)

    low.refresh_from_db()
    assert low.low_settled_at == low.completed_at
    assert form.number == "DEMO-20260305-001"
    assert (form.customer, form.visit, form.vehicle) == (
        low.callback.customer,
        low.callback.visit,
        low.callback.visit.vehicle,
    )
    assert form.received_at == low.completed_at and form.care_agent == shop.users["care"]
    assert form.next_step == Step.TRANSFER


def handled(shop):
    """Passed on 40 minutes late; contact, agreement and signatures follow, the customer is content, it is closed."""
    form, low = complained(shop)
    late = low.completed_at + timedelta(minutes=70)  # due after half an hour
    shop.step(form, "transfer", "care", late, department=shop.departments["after_sales"])
    complaints.acknowledge(form, by=shop.users["service"], now=at("05 11:00"))
    shop.step(form, "first_contact", "service", at("05 11:05"))
    complaints.name_responsible(form, shop.people["staff"], by=shop.users["service"], now=at("05 11:40"))
    shop.step(
        form,
        "resolution",
        "service",
        at("05 15:00"),
        remedy="免费返修",
        cause="漏检",
        measures="复检制度",
    )
    complaints.sign(form, "responsible", by=shop.users["staff"], now=at("05 16:00"))
    complaints.sign(form, "manager", by=shop.users["service"], now=at("05 16:05"))
    answer = shop.call_about(form, "5", at("06 10:00"))  # a mark and no word with it
    assert pulling.pull(at("06 10:15")) == {"callbacks": 1, "tries": 0}  # the worker was busy for a while
    form.refresh_from_db()
    assert (form.status, form.callback_satisfied, form.callback_overall) == (Status.CALLED_BACK, True, 5)
    assert answer.counts_for == ""
    complaints.approve(form, by=shop.users["gm"], note="同意", now=at("06 14:00"))
    return form


def test_a_form_goes_through_all_its_steps(shop):
    form = handled(shop)

    assert (form.status, form.closed_at) == (Status.CLOSED, at("06 14:00"))
    met = {row.step: row.met_at for row in form.deadlines.filter(superseded_at=None)}
    assert met[Step.RESOLUTION] == at("05 15:00")
    assert met[Step.CALLBACK] == at("06 10:04")
    assert met["approval"] == at("06 14:00")
    [breach] = form.breaches.all()
    assert (breach.deadline.step, breach.charged_to) == (Step.TRANSFER, shop.people["care"])
    assert {row.signer for row in form.signatures.filter(void_at=None)} == {
        "responsible",
        "manager",
        "general_manager",
    }
    assert Complaint.objects.open().count() == 0


def on_the_board(shop):
    """March is judged on the fifth working day of April and published."""
    form = handled(shop)
    published_at = at("31 12:00") + timedelta(days=9)
    publish_boards(shop.store, MARCH, by=shop.users["carem"], now=published_at)
    return form, published_at


def test_the_board_shows_what_was_answered(shop):
    on_the_board(shop)
    board = Board.objects.get(store=shop.store, kind="csi", period_kind="month")
    line = board.lines.get(line_kind="store")

    one_bad = Response.objects.get(store=shop.store, has_low_answer=True, counted=True)
    expected = (5 * Fraction(100) + score_of(one_bad.callback, "2")) / 6
    assert (line.score, line.n) == (published(expected), 6)
    assert line.score < 95
    assert (line.due, line.contacted, line.completed) == (6, 6, 6)
    assert (line.complaints, line.steps_due, line.steps_on_time) == (1, 4, 3)


def in_the_books(shop):
    """The late hand-over and the month below target become proposals; the general manager approves both."""
    form, now = on_the_board(shop)
    reconcile.reconcile_month(shop.store, MARCH.start, now=now)
    waiting = list(Proposal.objects.waiting().filter(store=shop.store).order_by("rule"))
    for proposal in waiting:
        money.approve(proposal, by=shop.users["gm"], now=now, note="同意")
    return form, now, waiting


def test_breach_and_score_become_lines_of_the_ledger(shop):
    form, now, waiting = in_the_books(shop)

    assert [(row.rule, row.amount, row.evidence_key) for row in waiting] == [
        ("P1", Decimal("-50.00"), f"form:{form.number}"),
        ("P4", Decimal("-500.00"), waiting[1].evidence_key),
    ]
    entries = {entry.rule: entry for entry in LedgerEntry.objects.filter(store=shop.store)}
    assert (entries["P1"].employee, entries["P4"].department) == (
        shop.people["care"],
        shop.departments["after_sales"],
    )
    assert {entry.month for entry in entries.values()} == {MARCH.start}
    assert Notice.objects.get(entry=entries["P1"]).employee == shop.people["care"]
    reconcile.reconcile_month(shop.store, MARCH.start, now=now)
    assert not Proposal.objects.waiting().filter(store=shop.store).exists()
    assert check_store(shop.store) == []


def numbers_in(content: bytes) -> list[Decimal]:
    """Every number in the workbook; a formula would be a text that begins with "="."""
    book = load_workbook(io.BytesIO(content))
    cells = [cell.value for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [value for value in cells if isinstance(value, str) and value.startswith("=")]
    return [Decimal(str(value)) for value in cells if isinstance(value, int | float) and not isinstance(value, bool)]


def test_the_sheet_says_what_the_ledger_says(shop):
    _form, now, _waiting = in_the_books(shop)
    money.confirm_notice(Notice.objects.get(employee=shop.people["care"]), by=shop.users["care"], now=now)
    money.ask_lock(shop.store, MARCH.start, by=shop.users["finance"], now=now)
    money.confirm_lock(shop.store, MARCH.start, by=shop.users["gm"], now=now)

    sheet = export_sheet(shop.store, MARCH.start, by=shop.users["finance"], now=now)
    total = sum(entry.amount for entry in LedgerEntry.objects.filter(store=shop.store, month=MARCH.start))
    month = Month.objects.get(store=shop.store, month=MARCH.start)
    assert total == month.ledger_total == Decimal("-550.00")
    assert (month.held_total, month.brought_in_total, month.paid_total) == (0, 0, total)
    assert sheet.locked and sheet.totals["ledger"] == -55000
    found = numbers_in(sheet.content)
    assert total in found and Decimal("-50") in found and Decimal("-500") in found
    again = export_sheet(shop.store, MARCH.start, by=shop.users["finance"], now=now)
    assert again.content == sheet.content
    assert check_store(shop.store) == []


def test_a_customer_who_is_not_content_gets_another_round(shop):
    form, low = complained(shop)
    shop.step(form, "transfer", "care", at("05 10:00"), department=shop.departments["after_sales"])
    shop.step(form, "first_contact", "service", at("05 10:30"))
    shop.step(form, "resolution", "service", at("05 15:00"), remedy="返修", cause="漏检")

    shop.call_about(form, "2", at("06 10:00"))
    pulling.pull(at("06 10:05"))

    form.refresh_from_db()
    following = Complaint.objects.get(previous=form)
    assert form.status == Status.REISSUED
    assert (following.round, following.case_id, following.status) == (2, form.case_id, Status.TRANSFERRED)
    assert following.received_at == at("06 10:04")
    assert answers_for(low.callback, "2").keys() == answers_for(low.callback, "5").keys()
