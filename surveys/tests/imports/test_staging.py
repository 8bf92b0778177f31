"""From upload to result in the browser's steps: preview, mending, confirming, background, once."""

import io
import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connection

from csi_portal.organization import hooks
from csi_portal.organization.enums import Role
from csi_portal.organization.errors import Conflict, IllegalMove, NotAllowed
from csi_portal.organization.models import AuditLine, RoleGrant, Store, StoredFile, User
from csi_portal.organization.permissions import SYSTEM
from surveys.models import Customer, ImportBatch, ImportRow, Vehicle, Visit
from surveys.services import imports
from surveys.services.imports import running, staging, storing

from ..dms.build import SERVICE_HEADER, service_row, xlsx

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


@pytest.fixture
def store(db):
    return Store.objects.create(code="A1", name="例一店", timezone="Asia/Shanghai")


@pytest.fixture
def agent(store):
    user = User.objects.create_user("agent")
    RoleGrant.objects.create(user=user, role=Role.CARE_AGENT, store=store)
    return user


def file_of(*rows) -> io.BytesIO:
    return io.BytesIO(xlsx([SERVICE_HEADER, *rows]))


MIXED = (
    service_row(1),
    service_row(2, 手机号="123"),
    service_row(1, 金额=5),
    service_row(3, 结算时间=None),
    service_row(4),
)


def staged(store, by, *rows, now=NOW) -> ImportBatch:
    return imports.stage_file(store, file_of(*(rows or MIXED)), name="九月.xlsx", by=by, now=now)


def work(now=NOW):
    return running.work_off(now)["imports"]


def test_a_preview_shows_verdicts_and_stores_no_visit(store, agent):
    Visit.objects.create(
        store=store,
        kind="service",
        number="RO000004",
        closed_at=NOW,
        customer=Customer.objects.create(store=store, name="例", phone="19900000004"),
    )

    batch = staged(store, agent)

    assert (batch.state, batch.uploaded_by, batch.file_name) == ("staged", agent, "九月.xlsx")
    told = {key: batch.counts[key] for key in ("rows", "valid", "duplicate", "invalid", "review")}
    assert told == {"rows": 5, "valid": 2, "duplicate": 1, "invalid": 1, "review": 1}
    assert {key: batch.counts[key] for key in ("created", "updated", "unchanged")} == {
        "created": 1,
        "updated": 1,
        "unchanged": 0,
    }
    rows = ImportRow.objects.filter(batch=batch).order_by("row")
    assert [(row.row, row.verdict, row.state) for row in rows] == [
        (2, "valid", "pending"),
        (3, "invalid", "pending"),
        (4, "duplicate", "pending"),
        (5, "review", "pending"),
        (6, "valid", "pending"),
    ]
    assert Visit.objects.count() == 1
    assert StoredFile.objects.get().owner == f"surveys.importbatch:{batch.pk}"


def test_only_who_may_import_may_upload(store):
    stranger = User.objects.create_user("stranger")

    with pytest.raises(NotAllowed):
        staged(store, stranger)

    assert (ImportBatch.objects.count(), StoredFile.objects.count()) == (0, 0)


def test_confirming_rings_and_the_background_stores_everything_once(store, agent, monkeypatch):
    rung = []
    monkeypatch.setattr(hooks, "wake", rung.append)
    batch = staged(store, agent)

    imports.confirm_import(batch, by=agent, now=NOW)
    assert (batch.state, rung) == ("confirmed", ["imports"])
    assert (work(), work()) == (1, 0)

    batch.refresh_from_db()
    assert (batch.state, batch.done_rows, batch.lease) == ("done", 5, "")
    assert batch.counts["created"] == 2
    assert sorted(Visit.objects.values_list("number", flat=True)) == ["RO000001", "RO000004"]
    assert sorted(ImportRow.objects.values_list("row", "state")) == [(3, "refused"), (4, "refused"), (5, "waiting")]
    actions = list(AuditLine.objects.order_by("pk").values_list("action", "actor_name"))
    assert actions == [
        ("import.uploaded", "agent"),
        ("import.confirmed", "agent"),
        ("import.done", "system"),
    ]


def test_a_second_confirmation_is_a_conflict(store, agent):
    batch = staged(store, agent)
    imports.confirm_import(batch, by=agent, now=NOW)

    with pytest.raises(Conflict):
        imports.confirm_import(batch, by=agent, now=NOW)
    with pytest.raises(Conflict):
        imports.drop_import(batch, by=agent, now=NOW)


def test_a_dropped_preview_cannot_be_confirmed(store, agent):
    batch = staged(store, agent)
    imports.drop_import(batch, by=agent, now=NOW)

    with pytest.raises(Conflict):
        imports.confirm_import(batch, by=agent, now=NOW)
    assert work() == 0
    assert Visit.objects.count() == 0


@pytest.mark.parametrize(("days", "state"), [(7, "staged"), (7.01, "dropped")])
def test_a_preview_nobody_goes_on_with_is_put_away(store, agent, days, state):
    batch = staged(store, agent)
    imports.put_away_forgotten(store, NOW.date(), NOW + timedelta(days=days))
    batch.refresh_from_db()
    assert (batch.state, ImportBatch.objects.exclude(pk=batch.pk).count()) == (state, 0)


def test_a_confirmed_file_is_not_put_away(store, agent):
    batch = staged(store, agent)
    imports.confirm_import(batch, by=agent, now=NOW)
    imports.put_away_forgotten(store, NOW.date(), NOW + timedelta(days=30))
    batch.refresh_from_db()
    assert batch.state == "confirmed"


def test_a_refused_file_asks_for_its_kind_and_is_read_again(store, agent):
    header = ["单号", "车架号", "客户姓名", "手机号", "完成时间"]
    row = ["X1001", "L00TEST0000000001", "例一", "19900000001", "2026-09-02 10:00"]
    file = io.BytesIO(xlsx([header, row]))
    batch = imports.stage_file(store, file, name="x.xlsx", by=agent, now=NOW)
    assert (batch.state, batch.asks_for_kind) == ("refused", True)

    imports.choose_kind(batch, "sale", by=agent, now=NOW)

    assert (batch.state, batch.kind, batch.errors, batch.counts["valid"]) == ("staged", "sale", [], 1)
    with pytest.raises(IllegalMove):
        imports.choose_kind(batch, "service", by=agent, now=NOW)


def test_a_file_too_large_is_refused_without_being_kept(store, agent, monkeypatch):
    monkeypatch.setattr(staging, "MAX_FILE_MB", 0)

    batch = staged(store, agent)

    assert (batch.state, batch.errors[0]["code"], batch.file) == ("refused", "too_large", None)
    assert StoredFile.objects.count() == 0


def test_a_large_file_is_read_in_the_background(store, agent, monkeypatch):
    monkeypatch.setattr(staging, "READ_AT_ONCE", 100)
    batch = staged(store, agent)
    assert (batch.is_being_read, batch.counts) == (True, {})
    with pytest.raises(Conflict):
        imports.confirm_import(batch, by=agent, now=NOW)

    assert (work(), work()) == (1, 0)

    batch.refresh_from_db()
    assert (batch.is_being_read, batch.counts["valid"], batch.lease) == (False, 2, "")


def test_a_small_file_whose_page_died_is_read_by_the_sweep(store, agent):
    batch = staging.keep_file(store, file_of(*MIXED), name="x.xlsx", by=agent, now=NOW)

    assert work(NOW + timedelta(seconds=20)) == 0
    assert work(NOW + timedelta(seconds=31)) == 1
    batch.refresh_from_db()
    assert batch.counts["valid"] == 2


def test_reading_twice_keeps_the_rows_once(store, agent):
    batch = staged(store, agent)
    before = list(ImportRow.objects.values_list("pk", flat=True))

    imports.read_batch(batch)

    assert list(ImportRow.objects.values_list("pk", flat=True)) == before


def test_the_future_is_judged_as_of_the_upload(store, agent):
    """What was refused in the preview must not be stored because somebody confirmed a day later."""
    batch = staged(store, agent, service_row(1), service_row(2, 结算时间="2026-11-22 08:00"))
    assert batch.counts["invalid"] == 1

    imports.confirm_import(batch, by=agent, now=NOW + timedelta(days=2))
    work(NOW + timedelta(days=2))

    assert Visit.objects.count() == 1


def test_a_file_that_reads_differently_now_is_not_stored(store, agent):
    batch = staged(store, agent)
    imports.confirm_import(batch, by=agent, now=NOW)
    ImportBatch.objects.update(counts=batch.counts | {"mark": "other"})

    work()

    batch.refresh_from_db()
    assert (batch.state, batch.errors[0]["code"], Visit.objects.count()) == ("failed", "preview_outdated", 0)


def test_a_fault_keeps_nothing_and_may_be_tried_again(store, agent, monkeypatch):
    batch = staged(store, agent)
    imports.confirm_import(batch, by=agent, now=NOW)

    def broken(*_args):
        raise RuntimeError("disk on fire")

    with monkeypatch.context() as patch:
        patch.setattr(running, "_list_unclear", broken)
        work()
    batch.refresh_from_db()
    assert (batch.state, batch.errors[0]["code"]) == ("failed", "failed")
    assert (Visit.objects.count(), Customer.objects.count(), Vehicle.objects.count()) == (0, 0, 0)

    imports.try_again(batch, by=agent, now=NOW)
    work()

    batch.refresh_from_db()
    assert (batch.state, batch.errors, Visit.objects.count()) == ("done", [], 2)


def test_a_database_that_is_away_leaves_the_import_to_the_next_pass(store, agent, monkeypatch):
    batch = staged(store, agent)
    imports.confirm_import(batch, by=agent, now=NOW)

    def away(*_args, **_options):
        raise OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(storing, "store_orders", away)
        work()
    batch.refresh_from_db()
    assert (batch.state, batch.lease) == ("confirmed", "")

    assert work() == 1
    assert Visit.objects.count() == 2


def test_a_lease_is_respected_until_it_lapses_and_its_late_holder_keeps_nothing(store, agent):
    batch = staged(store, agent)
    imports.confirm_import(batch, by=agent, now=NOW, lease="first")

    assert work(NOW + running.LEASE) == 0
    assert work(NOW + running.LEASE + timedelta(seconds=1)) == 1
    batch.state = "confirmed"
    with pytest.raises(Exception, match="lease"):
        imports.run_batch(batch, lease="first", now=NOW)

    assert Visit.objects.count() == 2


# --- mending in the preview -----------------------------------------------------------------------------------------


def test_a_mended_row_is_stored_with_the_file(store, agent):
    batch = staged(store, agent)
    row = ImportRow.objects.get(verdict="invalid")
    assert imports.problem_fields(row) == ["phone"]

    imports.mend_row(row, {"phone": "199 0000 0002"}, by=agent, now=NOW)

    batch.refresh_from_db()
    assert (row.verdict, row.problems, row.values["phone"]) == ("valid", [], "19900000002")
    assert (batch.counts["invalid"], batch.counts["valid"], batch.counts["created"]) == (0, 3, 3)
    imports.confirm_import(batch, by=agent, now=NOW)
    work()
    batch.refresh_from_db()
    row.refresh_from_db()
    assert (batch.counts["created"], batch.counts["invalid"]) == (3, 0)
    assert (row.state, row.visit.number, row.visit.customer.phone) == ("stored", "RO000002", "19900000002")


def test_a_row_mended_badly_stays_refused_with_the_new_reason(store, agent):
    batch = staged(store, agent)
    row = ImportRow.objects.get(verdict="invalid")

    imports.mend_row(row, {"phone": "", "amount": "-3"}, by=agent, now=NOW)

    batch.refresh_from_db()
    assert [problem["code"] for problem in row.problems] == ["phone_missing", "amount_negative"]
    assert batch.counts["invalid"] == 1


def test_a_refused_row_may_become_an_unclear_one(store, agent):
    batch = staged(store, agent)
    row = ImportRow.objects.get(verdict="invalid")

    imports.mend_row(row, {"phone": "0571-88881234"}, by=agent, now=NOW)
    assert (row.verdict, bool(row.fingerprint)) == ("review", True)
    imports.mend_row(row, {"phone": "0571-88881234"}, by=agent, now=NOW, accepted={"landline"})

    batch.refresh_from_db()
    assert (row.verdict, row.values["phone"]) == ("valid", "057188881234")
    assert (batch.counts["invalid"], batch.counts["review"], batch.counts["valid"]) == (0, 1, 3)


def test_a_row_mended_to_an_order_the_file_has_already_is_a_duplicate(store, agent):
    batch = staged(store, agent, service_row(1), service_row(2, 工单号=None))
    row = ImportRow.objects.get(verdict="invalid")

    imports.mend_row(row, {"order_no": "ro 000001"}, by=agent, now=NOW)
    imports.confirm_import(batch, by=agent, now=NOW)
    work()

    batch.refresh_from_db()
    row.refresh_from_db()
    assert (row.verdict, row.state) == ("duplicate", "refused")
    assert (batch.counts["created"], batch.counts["duplicate"], Visit.objects.count()) == (1, 1, 1)


def test_a_confirmed_file_is_mended_no_more(store, agent):
    batch = staged(store, agent)
    row = ImportRow.objects.get(verdict="invalid")
    imports.confirm_import(batch, by=agent, now=NOW)

    with pytest.raises(Conflict):
        imports.mend_row(row, {"phone": "19900000002"}, by=agent, now=NOW)


# --- the list of what is to be clarified ----------------------------------------------------------------------------


@pytest.fixture
def unclear(store, agent):
    imports.import_file(store, file_of(*MIXED), name="x.xlsx", by=agent, now=NOW)
    return ImportRow.objects.get(state="waiting")


def test_an_unclear_row_is_completed_by_a_person(unclear, agent):
    assert imports.problem_fields(unclear) == ["close_time"]

    imports.complete_row(unclear, {"close_time": "2026-09-05 17:00"}, by=agent, now=NOW)

    visit = Visit.objects.get(number="RO000003")
    assert (unclear.state, unclear.visit, unclear.settled_by) == ("completed", visit, agent)
    assert visit.closed_at == datetime(2026, 9, 5, 9, 0, tzinfo=UTC)
    with pytest.raises(Conflict):
        imports.drop_row(unclear, by=agent, now=NOW)


def test_an_unclear_row_is_not_stored_while_it_is_unclear(unclear, agent):
    with pytest.raises(imports.StillUnclear) as refused:
        imports.complete_row(unclear, {"close_time": "2027-01-01"}, by=agent, now=NOW)

    assert [(issue.code, issue.field) for issue in refused.value.issues] == [("date_future", "close_time")]
    unclear.refresh_from_db()
    assert (unclear.state, Visit.objects.count()) == ("waiting", 2)


def test_a_settled_row_stays_settled_when_the_file_comes_again(store, unclear, agent):
    imports.drop_row(unclear, by=agent, now=NOW)

    result = imports.import_file(store, file_of(*MIXED), name="x.xlsx", by=agent, now=NOW)

    assert result.counts["review"] == 1
    assert ImportRow.objects.filter(state="waiting").count() == 0


def test_a_dropped_row_can_be_brought_back_once(unclear, agent):
    imports.drop_row(unclear, by=agent, now=NOW)
    imports.bring_back(unclear, by=agent, now=NOW)
    assert unclear.state == "waiting"

    with pytest.raises(Conflict):
        imports.bring_back(unclear, by=agent, now=NOW)


def test_only_who_may_clarify_may_settle(unclear):
    stranger = User.objects.create_user("stranger")
    for act in (imports.drop_row, imports.bring_back):
        with pytest.raises(NotAllowed):
            act(unclear, by=stranger, now=NOW)
    with pytest.raises(NotAllowed):
        imports.complete_row(unclear, {}, by=stranger, now=NOW)


def test_either_vin_or_plate_makes_a_row_good(store, agent):
    staged(store, agent, service_row(1, VIN=None, 车牌号=None), service_row(2))
    row = ImportRow.objects.get(verdict="invalid")
    assert imports.problem_fields(row) == ["vin", "plate"]

    imports.mend_row(row, {"vin": "", "plate": "测Z12345"}, by=agent, now=NOW)

    assert (row.verdict, row.values["plate"]) == ("valid", "测Z12345")


# --- two at once ----------------------------------------------------------------------------------------------------


def at_once(*acts) -> list:
    """Run the acts in threads that start together; what each gave or raised, in order."""
    barrier = threading.Barrier(len(acts))
    results: list = [None] * len(acts)

    def go(index, act):
        barrier.wait()
        try:
            results[index] = act()
        except Exception as error:
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=(index, act)) for index, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


@pytest.fixture
def committed_store(transactional_db):
    return Store.objects.create(code="A1", name="例一店", timezone="Asia/Shanghai")


def test_the_same_file_imported_by_four_at_once_is_stored_once(committed_store):
    rows = [service_row(number) for number in range(40)]

    def act():
        return imports.import_file(committed_store, file_of(*rows), name="x.xlsx", by=SYSTEM, now=NOW)

    results = at_once(act, act, act, act)

    assert sorted(result.counts["created"] for result in results) == [0, 0, 0, 40]
    assert sum(result.counts["unchanged"] for result in results) == 120
    assert (Visit.objects.count(), Customer.objects.count(), Vehicle.objects.count()) == (40, 40, 40)


def test_one_of_eight_confirmations_wins(committed_store):
    batch = staged(committed_store, SYSTEM)

    results = at_once(*[lambda: imports.confirm_import(batch, by=SYSTEM, now=NOW)] * 8)

    assert sum(isinstance(result, ImportBatch) for result in results) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 7


def test_four_workers_do_one_import_once(committed_store):
    batch = staged(committed_store, SYSTEM)
    imports.confirm_import(batch, by=SYSTEM, now=NOW)

    results = at_once(*[lambda: running.work_off(NOW)["imports"]] * 4)

    assert sorted(results) == [0, 0, 0, 1]
    assert Visit.objects.count() == 2


def test_one_of_four_people_completes_an_unclear_row(committed_store):
    imports.import_file(committed_store, file_of(*MIXED), name="x.xlsx", by=SYSTEM, now=NOW)
    pk = ImportRow.objects.get(state="waiting").pk

    def act():
        row = ImportRow.objects.select_related("batch", "store").get(pk=pk)
        return imports.complete_row(row, {"close_time": "2026-09-05"}, by=SYSTEM, now=NOW)

    results = at_once(act, act, act, act)

    assert sum(isinstance(result, ImportRow) for result in results) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 3


def test_every_batch_has_its_own_lease(store, agent):
    """A lease is a fresh token: two workers never take each other's."""
    batches = [staged(store, agent) for _time in range(2)]
    for batch in batches:
        imports.confirm_import(batch, by=agent, now=NOW)
    tokens = [str(uuid.uuid4()) for _time in range(2)]

    assert [running._take(batch, token, NOW) for batch, token in zip(batches, tokens, strict=True)] == [True, True]
    assert running._take(batches[0], tokens[1], NOW) is False
