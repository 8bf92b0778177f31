"""Posting: what an entry keeps, where it is booked, whom it tells; and what the database itself refuses."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from csi_portal.notifications.models import ActionItem, Message
from csi_portal.organization import triggers as installed
from csi_portal.organization.models import Counter, Employee
from incentives import check, ledger, services, triggers
from incentives.models import Hold, LedgerEntry, Month, Notice, Proposal
from incentives.tests.making import DAY, DECEMBER, HOUR, MINUTE, NOVEMBER, NOW, OCTOBER, Shop

ON_SQLITE = connection.vendor == "sqlite"


# -- what is kept


def test_an_entry_keeps_everything_as_it_was(shop):
    entry = shop.posted(late=35 * MINUTE)
    Employee.objects.filter(pk=shop.agent.pk).update(name="改名", staff_number="改")
    entry.refresh_from_db()
    assert (entry.number, entry.month, entry.fact_month, entry.occurred_on) == (1, OCTOBER, OCTOBER, date(2026, 10, 20))
    assert (entry.beneficiary_name, entry.staff_number, entry.department_name) == ("例agent", "001", "Customer care")
    assert (entry.kind, entry.rule, entry.rule_version.version, entry.amount) == ("penalty", "P1", 1, Decimal("-50.00"))
    assert (entry.approved_by, entry.approver_name, entry.posted_at) == (shop.gm, "gm", NOW)
    assert entry.text == (
        "A1-20261020-001: “Pass on” due 10-20 10:30, done 10-20 11:05, 35 min late; "
        "P1 Complaint process broken, version 1"
    )


def test_the_sentence_is_kept_in_the_stores_language(shop, settings):
    settings.LANGUAGE_CODE = "zh-hans"
    entry = shop.posted()
    assert entry.department_name == "客服部"
    assert "超时 5 分" in entry.text


def test_numbers_have_no_gap_after_a_failure(shop):
    shop.posted()
    form = shop.late_transfer()
    shop.look(form)
    row = Proposal.objects.get(status="proposed")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        services.approve(row, by=shop.gm, now=NOW)
        raise ZeroDivisionError
    services.approve(row, by=shop.gm, now=NOW)
    assert list(LedgerEntry.objects.order_by("pk").values_list("number", flat=True)) == [1, 2]
    assert Counter.objects.get(kind="ledger").value == 2


def test_every_store_counts_for_itself(shop):
    other = Shop("B1")
    assert (shop.posted().number, other.posted().number) == (1, 1)


def test_the_chain_binds_every_entry_to_the_one_before(shop):
    first, second = shop.posted(), shop.posted()
    assert (first.previous_hash, second.previous_hash) == ("", first.entry_hash)
    for entry in LedgerEntry.objects.all():
        assert entry.entry_hash == ledger.entry_hash(entry)
    assert len({first.entry_hash, second.entry_hash}) == 2


KEPT = (
    "number month fact_month kind rule amount beneficiary_key beneficiary_name staff_number department_name "
    "evidence_key occurred_on text approver_name reasoning"
)


@pytest.mark.parametrize("column", KEPT.split())
def test_a_changed_column_changes_the_fingerprint(shop, column):
    entry = shop.posted()
    value = getattr(entry, column)
    changed = {
        int: lambda: value + 1,
        str: lambda: value + "x",
        Decimal: lambda: value + 1,
        date: lambda: value + timedelta(days=40),
        dict: lambda: {**value, "x": 1},
    }[type(value)]()
    setattr(entry, column, changed)
    assert entry.entry_hash != ledger.entry_hash(entry)


def test_only_an_approved_proposal_is_posted_and_only_once(shop):
    entry = shop.posted()
    form = shop.late_transfer()
    shop.look(form)
    for proposal in (entry.proposal, Proposal.objects.get(status="proposed")):
        proposal.refresh_from_db()
        with pytest.raises(ValueError, match="not to be posted"), transaction.atomic():
            ledger.post(proposal, by=shop.gm, now=NOW)


# -- where it is booked


def test_a_late_line_goes_to_the_next_open_month_with_its_date(shop):
    shop.posted()
    shop.lock(OCTOBER, now=NOW + 20 * DAY)
    entry = shop.posted(now=NOW + 21 * DAY)
    assert (entry.month, entry.fact_month, entry.occurred_on) == (NOVEMBER, OCTOBER, date(2026, 10, 20))


def test_after_a_locked_november_an_old_fact_goes_to_december(shop):
    shop.posted(received_at=NOW + 20 * DAY, now=NOW + 25 * DAY)
    shop.lock(NOVEMBER, now=NOW + 50 * DAY)
    assert shop.posted(now=NOW + 51 * DAY).month == DECEMBER


def test_a_reversal_goes_with_its_entry_while_the_month_is_open(shop):
    entry = shop.posted()
    reversal = take_back(shop, entry, now=NOW + 15 * DAY)
    assert (reversal.month, reversal.amount, reversal.reverses) == (OCTOBER, Decimal("50.00"), entry)
    assert reversal.occurred_on == date(2026, 11, 4)


def test_a_reversal_of_a_locked_month_goes_to_the_open_one(shop):
    entry = shop.posted()
    shop.lock(OCTOBER, now=NOW + 20 * DAY)
    assert take_back(shop, entry, now=NOW + 21 * DAY).month == NOVEMBER


def test_a_reversal_keeps_the_names_of_its_entry(shop):
    entry = shop.posted()
    Employee.objects.filter(pk=shop.agent.pk).update(name="改名", department=shop.departments["sales"])
    reversal = take_back(shop, entry)
    assert (reversal.beneficiary_name, reversal.department_name) == ("例agent", "Customer care")


def take_back(shop, entry, *, now=NOW):
    proposal = services.propose_reversal(entry, by=shop.care, now=now, reason="录错")
    return services.approve(proposal, by=shop.gm, now=now)


# -- whom it tells


def test_the_person_gets_a_notice_and_a_message_with_the_window(shop):
    entry = shop.posted()
    notice = Notice.objects.get()
    assert (notice.employee, notice.noticed_at, notice.confirmed_at) == (shop.agent, NOW, None)
    # Tuesday; Wednesday, Thursday and Friday count, to the end of the local day
    assert notice.window_ends_at == datetime(2026, 10, 23, 16, tzinfo=UTC)
    message = Message.objects.get(recipient=f"u:{shop.agent.user.pk}")
    assert (message.kind, message.url) == ("incentives.entry", f"/ledger/entries/{entry.pk}/")


@pytest.mark.parametrize(
    ("posted_at", "ends"),
    [
        # the National Day week of 2026 is closed from 1 to 7 October, 10 October is a make-up working day
        (datetime(2026, 9, 30, 2, tzinfo=UTC), datetime(2026, 10, 10, 16, tzinfo=UTC)),
        # Friday evening, already Saturday in the store
        (datetime(2026, 10, 23, 17, tzinfo=UTC), datetime(2026, 10, 28, 16, tzinfo=UTC)),
    ],
)
def test_a_store_on_the_elapsed_clock_counts_national_working_days(shop, posted_at, ends):
    shop.award(shop.agent, now=posted_at)
    assert Notice.objects.get().window_ends_at == ends


def test_a_year_without_holiday_data_stops_nothing(shop):
    posted_at = datetime(2031, 5, 6, 2, tzinfo=UTC)
    shop.award(shop.agent, now=posted_at)
    assert Notice.objects.get().window_ends_at == datetime(2031, 5, 9, 16, tzinfo=UTC)


def test_a_department_has_no_personal_notice(shop):
    shop.board()
    shop.look_at_month()
    entry = services.approve(Proposal.objects.get(), by=shop.gm, now=NOW)
    assert (entry.beneficiary_name, entry.department_name) == ("After-sales", "After-sales")
    assert not Notice.objects.exists()


def test_money_that_comes_back_needs_no_window(shop):
    take_back(shop, shop.posted())
    assert Notice.objects.count() == 1
    assert Message.objects.filter(kind="incentives.entry").count() == 2


def test_who_has_no_login_is_told_in_person(shop):
    Employee.objects.filter(pk=shop.technician.pk).update(user=None)
    shop.technician.refresh_from_db()
    shop.award(shop.technician)
    item = ActionItem.objects.get()
    assert (item.kind, item.role) == ("incentives.notice_in_person", "care_manager")
    assert item.due_at == Notice.objects.get().window_ends_at


# -- what the database refuses


def refused(sql: str, params=()):
    """Run raw SQL that the database must refuse, and leave nothing behind."""
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)


def copy_of(entry, **changed) -> tuple[str, list]:
    """Names and values of an INSERT that repeats an entry."""
    row = LedgerEntry.objects.filter(pk=entry.pk).values().get()
    del row["id"]
    values = {field.column: field for field in LedgerEntry._meta.concrete_fields if field.column != "id"}
    merged = {**row, **changed}
    params = [field.get_db_prep_save(merged[name], connection) for name, field in values.items()]
    return ", ".join(values), params


def inserting(entry, verb="INSERT", **changed):
    names, params = copy_of(entry, **changed)
    marks = ", ".join(["%s"] * len(params))
    return f"{verb} INTO incentives_ledgerentry ({names}) VALUES ({marks})", params


def stand_ins(shop, entry):
    """A second proposal, free for a raw entry."""
    row = Proposal.objects.filter(pk=entry.proposal_id).values().get()
    del row["id"]
    return Proposal.objects.create(**{**row, "seq": 9, "status": "withdrawn"})


def every_refusal(shop, entry):
    """Every raw statement against an entry and its locked month that must fail."""
    refused("UPDATE incentives_ledgerentry SET amount = 1")
    refused("UPDATE incentives_ledgerentry SET text = 'x' WHERE id = %s", [entry.pk])
    refused("DELETE FROM incentives_ledgerentry")
    refused("DELETE FROM incentives_hold")
    refused("UPDATE incentives_hold SET until_month = NULL")
    refused("UPDATE incentives_month SET status = 'open' WHERE status = 'locked'")
    refused("UPDATE incentives_month SET ledger_total = 0 WHERE status = 'locked'")
    refused("DELETE FROM incentives_month WHERE status = 'locked'")
    other = stand_ins(shop, entry)
    # into the locked month, though number and proposal are new
    refused(*inserting(entry, number=99, proposal_id=other.pk))
    # approved by the person it concerns
    refused(*inserting(entry, number=99, proposal_id=other.pk, month=NOVEMBER, approved_by_id=shop.agent.user_id))
    # a second one of the number, and of the proposal
    refused(*inserting(entry, proposal_id=other.pk, month=NOVEMBER))
    refused(*inserting(entry, number=99, month=NOVEMBER))
    if ON_SQLITE:
        for verb in ("INSERT OR REPLACE", "REPLACE", "INSERT OR IGNORE"):
            refused(*inserting(entry, verb, proposal_id=other.pk, month=NOVEMBER))
            refused(*inserting(entry, verb, number=99, month=NOVEMBER))
            refused(*inserting(entry, verb, number=99, proposal_id=other.pk))
        refused(f"REPLACE INTO incentives_ledgerentry SELECT * FROM incentives_ledgerentry WHERE id = {entry.pk}")
        refused("REPLACE INTO incentives_month SELECT * FROM incentives_month WHERE status = 'locked'")
        refused("UPDATE OR REPLACE incentives_month SET month = '2026-10-01' WHERE status = 'open'")
    else:
        for table in ("incentives_ledgerentry", "incentives_month", "incentives_hold", "incentives_carriedover"):
            refused(f"TRUNCATE {table} CASCADE")
    # the same entry in an open month, by its approver, is what the ledger itself would write
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(*inserting(entry, number=99, proposal_id=other.pk, month=NOVEMBER))
        transaction.set_rollback(True)


def locked_shop() -> tuple[Shop, LedgerEntry]:
    """A shop whose October is locked with an entry and a line held back."""
    shop = Shop()
    entry = shop.posted(now=NOW)
    shop.award(shop.technician, now=NOW + 10 * DAY)
    shop.lock(OCTOBER, now=NOW + 10 * DAY)
    assert Hold.objects.count() == 1
    return shop, entry


def test_raw_sql_is_refused(db):
    shop, entry = locked_shop()
    every_refusal(shop, entry)


if ON_SQLITE:  # a setting of this database alone

    def test_raw_sql_is_refused_without_recursive_triggers(transactional_db):
        shop, entry = locked_shop()
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA recursive_triggers = OFF")
            assert cursor.execute("PRAGMA recursive_triggers").fetchone() == (0,)
            try:
                every_refusal(shop, entry)
            finally:
                cursor.execute("PRAGMA recursive_triggers = ON")


def rebuild(model, name: str, length: int) -> None:
    """Change a column's length there and back as two migrations would: on SQLite the table is made anew."""
    now = model._meta.get_field(name)
    other = type(now)(max_length=length)
    other.set_attributes_from_name(name)
    other.model = model
    for before, after in ((now, other), (other, now)):
        installed.before_migrate(apps.get_app_config("organization"), "default")
        with connection.schema_editor() as editor:
            editor.alter_field(model, before, after)
        installed.after_migrate(apps.get_app_config("organization"), "default")


@pytest.mark.parametrize(("model", "name"), [(LedgerEntry, "approver_name"), (Month, "sheet_hash"), (Hold, "reason")])
def test_the_guards_come_back_after_a_table_was_rebuilt(transactional_db, model, name):
    shop, entry = locked_shop()
    before = list(model.objects.order_by("pk").values())
    rebuild(model, name, 200)
    assert list(check.check_guards()) == []
    assert list(model.objects.order_by("pk").values()) == before
    every_refusal(shop, entry)


def test_a_missing_guard_is_found(transactional_db):
    with connection.cursor() as cursor:
        name = f"{triggers.LEDGER}_guard"
        cursor.execute(f"DROP TRIGGER {name}" + ("" if ON_SQLITE else f" ON {triggers.LEDGER}"))
    assert [difference.fact for difference in check.check_guards()] == [name]
    installed.install()
    assert list(check.check_guards()) == []


def test_a_flush_between_tests_leaves_the_guards_standing(transactional_db):
    assert list(check.check_guards()) == []


def test_the_orm_cannot_change_an_entry_either(shop):
    entry = shop.posted()
    entry.amount = Decimal("-1.00")
    with pytest.raises(DatabaseError), transaction.atomic():
        entry.save()
    with pytest.raises(DatabaseError), transaction.atomic():
        LedgerEntry.objects.filter(pk=entry.pk).update(text="x")


def test_a_line_that_comes_in_opens_a_month_that_waits_for_its_second_person(shop):
    shop.posted()
    services.ask_lock(shop.store, OCTOBER, by=shop.clerk, now=NOW + HOUR)
    shop.posted(now=NOW + 2 * HOUR)
    month = Month.objects.get()
    assert (month.status, month.asked_by) == ("open", None)
    assert Message.objects.filter(kind="incentives.month_changed", recipient=f"u:{shop.clerk.pk}").exists()
