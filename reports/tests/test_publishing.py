"""Publishing: frozen for ever, revisions with a reason and a visible difference, one winner of two."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from csi_portal.notifications.models import ActionItem
from csi_portal.organization import hooks
from csi_portal.organization.enums import Role
from csi_portal.organization.errors import Conflict, IllegalMove, NotAllowed
from csi_portal.organization.models import AuditLine, PolicyVersion
from csi_portal.organization.permissions import SYSTEM
from reports import queries
from reports.differences import Difference
from reports.models import Board, BoardLine
from reports.periods import Period
from reports.services import publish_board
from reports.tests import plain
from reports.tests.life import Shop

pytestmark = pytest.mark.django_db

WEEK = Period.parse("2026-W47")
GOOD = {"reception": 100, "explanation": 100, "quality": 100, "overall": 100}
POOR = {"reception": 60, "explanation": 60, "quality": 60, "overall": 60}


@pytest.fixture
def shop():
    shop = Shop()
    for _ in range(5):
        shop.respond(shop.local(2026, 11, 18, 10), GOOD, advisor=shop.advisers[0])
    return shop


def publish(shop, *, by=SYSTEM, period=WEEK, day=23, **more):
    return publish_board(shop.store, "csi", period, by=by, now=shop.local(2026, 11, day, 9), **more)


def snapshot(board):
    return [{name: str(value) for name, value in row.items()} for row in board.lines.values()]


def test_publishing_freezes_the_figures_of_now(shop):
    manager = shop.login(Role.CARE_MANAGER)
    done = publish(shop, by=manager)
    board = done.board
    assert (done.created, board.revision, board.published_by, board.target) == (True, 1, manager, Decimal(95))
    live = queries.live_figures(shop.store, "csi", WEEK, now=shop.local(2026, 11, 23, 9))
    assert [plain.of_line(line) for line in board.lines.all()] == [plain.of_line(line) for line in live.lines]
    line = AuditLine.objects.get(action="board.published")
    assert (line.actor, line.detail["period"], line.detail["score"], line.detail["n"]) == (
        manager,
        "2026-W47",
        "100.00",
        5,
    )


def test_answers_that_arrive_late_never_change_a_published_board(shop):
    board = publish(shop).board
    before = snapshot(board)
    shop.respond(shop.local(2026, 11, 20, 10), POOR, advisor=shop.advisers[0])
    shop.complaint(shop.local(2026, 11, 20, 10), department=shop.home)
    shop.advisers[0].name = "例改名"
    shop.advisers[0].save()
    assert snapshot(Board.objects.get()) == before


def test_nothing_changed_makes_no_revision(shop):
    first = publish(shop)
    again = publish(shop, day=24, reason="…")
    assert (again.created, again.board, Board.objects.count()) == (False, first.board, 1)


def test_calls_that_go_on_are_no_correction(shop):
    waiting = shop.callback(WEEK.start)
    first = publish(shop).board
    called = shop.local(2026, 11, 23, 15)
    waiting.contacted_at = waiting.contacted_by_phone_at = waiting.completed_at = called
    waiting.save()
    assert publish(shop, day=24).created is False
    assert first.lines.first().contacted == 5
    shop.respond(shop.local(2026, 11, 22, 10), GOOD)
    done = publish(shop, day=24, reason="补录")
    assert (done.created, done.board.lines.first().contacted) == (True, 7)


def test_a_correction_is_the_next_revision_with_reason_and_difference(shop):
    first = publish(shop).board
    kept = snapshot(first)
    shop.respond(shop.local(2026, 11, 22, 23, 59), POOR, advisor=shop.advisers[0])
    done = publish(shop, day=24, reason=" 迟到的答卷 ")
    store = f"s:{shop.store.pk}"
    assert (done.created, done.board.revision, done.board.reason) == (True, 2, "迟到的答卷")
    assert Difference(store, shop.store.name, "score", Decimal("100.00"), Decimal("93.33")) in done.differences
    assert Difference(store, shop.store.name, "n", 5, 6) in done.differences
    assert snapshot(Board.objects.get(revision=1)) == kept
    assert queries.latest_board(shop.store, "csi", WEEK) == done.board


def test_a_correction_without_a_reason_is_refused(shop):
    publish(shop)
    shop.respond(shop.local(2026, 11, 20, 10), POOR)
    with pytest.raises(IllegalMove):
        publish(shop, day=24, reason="  ")
    assert Board.objects.count() == 1


def test_a_period_that_has_not_begun_is_refused_a_running_one_is_not(shop):
    with pytest.raises(IllegalMove):
        publish(shop, period=WEEK, day=15)
    assert publish(shop, period=WEEK, day=16).created


def test_a_board_seen_in_an_older_state_is_not_published_over(shop):
    publish(shop, seen_revision=0)
    shop.respond(shop.local(2026, 11, 20, 10), POOR)
    with pytest.raises(Conflict):
        publish(shop, day=24, reason="…", seen_revision=0)
    assert publish(shop, day=24, reason="…", seen_revision=1).board.revision == 2


@pytest.mark.parametrize("role", [role for role in Role if role != Role.CARE_MANAGER])
def test_only_customer_care_manager_publishes(shop, role):
    with pytest.raises(NotAllowed):
        publish(shop, by=shop.login(role))


def test_a_later_policy_moves_no_older_board(shop):
    publish(shop)
    PolicyVersion.objects.create(
        store=shop.store, kind="targets", data={"board_target": 80}, effective_from=shop.local(2026, 11, 25)
    )
    assert publish(shop, day=26).created is False
    december = Period.parse("2026-W49")
    assert queries.targets_at(shop.store, december, shop.local(2026, 12, 10)).board_target == 80
    assert queries.targets_at(shop.store, WEEK, shop.local(2026, 12, 10)).board_target == 95


@pytest.mark.parametrize("table", ["reports_board", "reports_boardline"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET store_id = store_id", "DELETE FROM {}"])
def test_the_database_itself_keeps_published_boards(shop, table, statement):
    publish(shop)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table))
    assert (Board.objects.count(), BoardLine.objects.count()) == (1, 3)


def test_publishing_rings_for_whoever_pays_by_boards(shop, django_capture_on_commit_callbacks, monkeypatch):
    rung = []
    monkeypatch.setattr(hooks, "_ring", rung.append)
    with django_capture_on_commit_callbacks(execute=True):
        publish(shop)
    assert rung == ["board"]


def test_publishing_ticks_off_what_waited_for_the_months_board(shop):
    month = Period.parse("2026-11")
    for kind in ("month_board_missing", "month_sample_small", "month_not_valid"):
        ActionItem.objects.create(
            store=shop.store, kind=kind, subject_key="csi:2026-11", role="general_manager", params={}
        )
    manager = shop.login(Role.CARE_MANAGER)
    publish_board(shop.store, "csi", month, by=manager, now=shop.local(2026, 12, 9))
    done = {item.kind: item.done_by for item in ActionItem.objects.all()}
    assert done == {"month_board_missing": manager, "month_sample_small": manager, "month_not_valid": None}


# -- the command


def run(capsys, *args):
    call_command("publish_board", *args)
    return capsys.readouterr().out


def test_the_command_publishes_both_kinds_as_one_json_object(shop, capsys):
    found = json.loads(run(capsys, "--store", "A1", "--week", "2026-W47", "--json"))
    assert (found["store"], found["period"], found["errors"]) == ("A1", "2026-W47", [])
    rows = {row["kind"]: row for row in found["boards"]}
    assert (rows["csi"]["score"], rows["csi"]["n"], rows["csi"]["revision"], rows["csi"]["published"]) == (
        "100.00",
        5,
        1,
        True,
    )
    assert (rows["ssi"]["score"], rows["ssi"]["n"]) == (None, 0)
    assert Board.objects.count() == 2


def test_the_command_says_that_nothing_changed_and_corrects_what_did(shop, capsys):
    run(capsys, "--store", "A1", "--month", "2026-11")
    assert "CSI 2026-11: 100.00 (n=5), 3 lines, unchanged since revision 1" in run(
        capsys, "--store", "A1", "--month", "2026-11"
    )
    shop.respond(shop.local(2026, 11, 20, 10), POOR)
    found = json.loads(run(capsys, "--store", "A1", "--month", "2026-11", "--json"))
    csi = next(row for row in found["boards"] if row["kind"] == "csi")
    assert (csi["revision"], csi["published"], bool(csi["reason"])) == (2, True, True)
    assert {"subject": f"s:{shop.store.pk}", "field": "n", "before": 5, "after": 6} in csi["differences"]


@pytest.mark.parametrize(
    "args",
    [
        ["--store", "NO1", "--week", "2026-W47"],
        ["--store", "A1", "--week", "2025-W53"],
        ["--store", "A1", "--week", "2026-11"],
        ["--store", "A1", "--month", "2026-W47"],
        ["--store", "A1"],
        ["--store", "A1", "--week", "2026-W47", "--month", "2026-11"],
    ],
)
def test_wrong_use_of_the_command_ends_with_two(shop, args):
    with pytest.raises(CommandError) as error:
        call_command("publish_board", *args)
    assert error.value.returncode in (1, 2)  # argparse's own refusals become 2 on a real command line
    assert Board.objects.count() == 0


def test_the_command_ends_with_one_when_the_period_is_refused(shop, capsys):
    with pytest.raises(SystemExit) as end:
        call_command("publish_board", "--store", "A1", "--week", "2099-W01", "--json")
    assert end.value.code == 1
    assert json.loads(capsys.readouterr().out)["errors"][0]["code"] == "refused"
    assert Board.objects.count() == 0


def test_who_publishes_while_another_does_waits_and_finds_it_done(shop):
    """The database allows one row per revision, whoever comes first."""
    board = publish(shop).board
    with pytest.raises(DatabaseError), transaction.atomic():
        Board.objects.create(
            store=shop.store,
            kind="csi",
            period_kind="week",
            period_start=WEEK.start,
            target=95,
            published_at=board.published_at,
        )


@pytest.mark.django_db(transaction=True)
def test_eight_publish_at_once_and_one_board_comes_of_it(run_threads):
    shop = Shop()
    for _ in range(5):
        shop.respond(shop.local(2026, 11, 18, 10), GOOD)
    now = shop.local(2026, 11, 23, 9)
    results = run_threads(8, lambda: publish_board(shop.store, "csi", WEEK, by=SYSTEM, now=now).created)
    assert sorted(results) == [False] * 7 + [True]
    assert (Board.objects.count(), now - timedelta(0)) == (1, Board.objects.get().published_at)
