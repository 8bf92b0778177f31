"""The sheet: read back by openpyxl it equals the ledger, text stays text, after the lock no byte changes."""

import io
import json
import zipfile
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import translation

from csi_portal.organization import files
from csi_portal.organization.errors import IllegalMove, NotAllowed
from csi_portal.organization.models import AuditLine, Employee, StoredFile
from csi_portal.organization.permissions import SYSTEM
from incentives import services
from incentives.models import LedgerEntry, Month, MonthStatus, Proposal
from incentives.sheet import figures, sheet_data, workbook
from incentives.tests.making import DAY, HOUR, NOVEMBER, NOW, OCTOBER, Shop

END = NOW + 15 * DAY


def full(shop):
    """October with everything: penalties, bonus, department, reversal, a held line, a cap."""
    wrong = shop.posted()
    services.approve(services.propose_reversal(wrong, by=shop.care, now=NOW, reason="录错"), by=shop.gm, now=NOW)
    for _line in range(3):
        shop.posted(late=3 * HOUR)
    shop.award(shop.technician, "300.05")
    shop.board()
    shop.look_at_month()
    services.approve(Proposal.objects.get(status="proposed"), by=shop.gm, now=NOW)
    services.enter_wage(
        shop.store,
        OCTOBER,
        shop.agent,
        gross=Decimal("1000.00"),
        local_minimum=Decimal("100.00"),
        by=shop.clerk,
        now=NOW,
    )
    shop.posted(now=END)
    return shop


def opened(content: bytes):
    return openpyxl.load_workbook(io.BytesIO(content), data_only=False)


def cells(content: bytes):
    return [cell for sheet in opened(content) for row in sheet.iter_rows() for cell in row if cell.value is not None]


def summary(content: bytes) -> dict:
    rows = opened(content).worksheets[0].iter_rows(values_only=True)
    return {row[0]: row[1] for row in rows if row and row[0]}


def money(value) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.01"))


# -- what it says


def test_the_sheet_equals_the_ledger_to_the_cent(shop):
    full(shop)
    shop.lock(OCTOBER, now=END)
    content = services.export_sheet(shop.store, OCTOBER, by=shop.clerk, now=END).content
    entries = LedgerEntry.objects.filter(month=OCTOBER)
    net = sum(entries.values_list("amount", flat=True))
    said = summary(content)
    assert money(said["Ledger total"]) == net == Decimal("-549.95")
    assert money(said["Held back"]) == Decimal("-50.00")
    assert money(said["Brought in"]) == 0
    assert money(said["Paid"]) == net + 50
    assert money(said["Carried over to the next month (wage cap)"]) == Decimal("100.00")
    assert said["Entries"] == entries.count() == 8
    lines = [
        row for row in opened(content).worksheets[1].iter_rows(min_row=2, values_only=True) if isinstance(row[0], int)
    ]
    assert {row[0]: money(row[10]) for row in lines} == dict(entries.values_list("number", "amount"))
    first = next(row for row in lines if row[0] == 1)
    assert (first[2], first[3], first[4], first[5]) == (
        "例agent",
        "001",
        "Customer care",
        "P1 Complaint process broken",
    )
    assert (first[1].date().isoformat(), first[7], first[8]) == ("2026-10-20", "A1-20261020-001", "gm")


def test_totals_are_numbers_and_nothing_is_a_formula(shop):
    full(shop)
    shop.lock(OCTOBER, now=END)
    found = cells(services.export_sheet(shop.store, OCTOBER, by=shop.clerk, now=END).content)
    assert {cell.data_type for cell in found} <= {"s", "n", "d"}
    numbers = [money(cell.value) for cell in found if cell.data_type == "n"]
    assert Decimal("-549.95") in numbers


@pytest.mark.parametrize(
    "name",
    [
        "=1+1",
        "+1",
        "-1",
        "@x",
        "\t=1",
        '=HYPERLINK("http://x","y")',
        "＝1",
        "例\x0b\x00名",
        "例\ud800",
        "例" * 40,
        "😀",
    ],
)
def test_a_name_stays_text_and_the_file_opens_again(shop, name):
    storable = name.replace("\x00", "").encode("utf-8", "replace").decode()
    Employee.objects.filter(pk=shop.agent.pk).update(name=storable[:60])
    shop.agent.refresh_from_db()
    shop.posted()
    data = sheet_data(figures(shop.store, OCTOBER, now=END), now=END)
    for row in (data["lines"][0], data["persons"][0]):
        row["name"] = name  # what a database may hold that a file cannot
    found = cells(workbook(data))
    assert {cell.data_type for cell in found} <= {"s", "n", "d"}
    wanted = name.replace("\x0b", "").replace("\x00", "").replace("\ud800", "?")
    assert [cell.value for cell in found].count(wanted) >= 2


def test_brought_in_lines_stand_apart_from_the_months_own(shop):
    full(shop)
    shop.lock(OCTOBER, now=END)
    shop.lock(NOVEMBER, now=END + 30 * DAY)
    content = services.export_sheet(shop.store, NOVEMBER, by=shop.clerk, now=END + 31 * DAY).content
    said = summary(content)
    assert [money(said[name]) for name in ("Ledger total", "Held back", "Brought in", "Paid")] == [0, 0, -50, -50]
    texts = [cell.value for cell in cells(content)]
    assert "Brought in from earlier months" in texts
    assert "Brought in from 2026-10" in texts
    assert "Carried over from the month before" in texts


def test_an_unknown_cap_is_said(shop):
    shop.posted()
    texts = [cell.value for cell in cells(services.export_sheet(shop.store, OCTOBER, by=shop.clerk, now=END).content)]
    assert "Cap unknown: the wage of the month is not entered" in texts


def test_it_has_places_to_sign(shop):
    texts = [cell.value for cell in cells(services.export_sheet(shop.store, OCTOBER, by=shop.clerk, now=END).content)]
    assert {"Signature and date", "Finance", "General manager", "Customer care"} <= set(texts)


def test_the_trial_sheet_says_that_it_is_one(shop):
    shop.posted()
    sheet = services.export_sheet(shop.store, OCTOBER, by=shop.clerk, now=END)
    assert (sheet.locked, sheet.name) == (False, "A1-2026-10-trial.xlsx")
    assert "NOT LOCKED: trial sheet, figures may still change" in [cell.value for cell in cells(sheet.content)]
    assert not Month.objects.filter(status=MonthStatus.LOCKED).exists()


def test_in_chinese_every_word_is(shop):
    full(shop)
    with translation.override("zh-hans"):
        data = sheet_data(figures(shop.store, OCTOBER, now=END), now=END)
    assert data["words"]["ledger"] == "台账净额"
    assert data["words"]["held"] == "暂缓"
    english = {word for word in data["words"].values() if not any("\u4e00" <= letter <= "\u9fff" for letter in word)}
    assert english == set()


# -- byte for byte


def test_the_same_value_gives_the_same_bytes_at_any_time(shop):
    full(shop)
    data = sheet_data(figures(shop.store, OCTOBER, now=END), now=END)
    with time_machine.travel("2026-11-05"):
        first = workbook(json.loads(json.dumps(data)))
    with time_machine.travel("2031-01-01"):
        second = workbook(json.loads(json.dumps(data)))
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"2026-11-04T10:00:00Z</dcterms:modified>" in archive.read("docProps/core.xml")


def test_a_locked_sheet_is_given_out_byte_for_byte_whatever_changed_since(shop):
    full(shop)
    row = shop.lock(OCTOBER, now=END)
    first = services.export_sheet(shop.store, OCTOBER, by=shop.clerk, now=END)
    Employee.objects.update(name="改名")
    type(shop.store).objects.filter(pk=shop.store.pk).update(name="改店名")
    shop.posted(now=END + DAY)
    with translation.override("zh-hans"):
        second = services.export_sheet(shop.store, OCTOBER, by=shop.second_clerk, now=END + 40 * DAY)
    assert first.content == second.content
    assert first.digest == row.sheet_hash
    # and made again from what the lock wrote down
    Path(files.path_of(row.sheet)).unlink()
    third = services.export_sheet(shop.store, OCTOBER, by=shop.clerk, now=END + 50 * DAY)
    assert third.content == first.content


def test_a_changed_file_is_never_given_out(shop):
    full(shop)
    row = shop.lock(OCTOBER, now=END)
    path = Path(files.path_of(row.sheet))
    path.chmod(0o600)
    path.write_bytes(b"x")
    assert services.export_sheet(shop.store, OCTOBER, by=shop.clerk, now=END).digest == row.sheet_hash
    assert path.read_bytes() == b"x"


def test_neither_file_nor_value_means_no_sheet(shop, monkeypatch):
    row = shop.lock(OCTOBER, now=END)
    Path(files.path_of(row.sheet)).unlink()
    monkeypatch.setattr("incentives.services.export.workbook", lambda data: b"other bytes")
    with pytest.raises(IllegalMove, match="cannot be made again"):
        services.export_sheet(shop.store, OCTOBER, by=shop.clerk, now=END)


def test_the_stored_sheet_belongs_to_no_page_but_the_download(shop, client):
    shop.lock(OCTOBER, now=END)
    stored = StoredFile.objects.get(kind="ledger_sheet")
    for user in (shop.gm, shop.clerk):
        client.force_login(user)
        assert client.get(f"/files/{stored.pk}/").status_code == 404


# -- who takes it


@pytest.mark.parametrize("who", ["gm", "group", "care", "agent"])
def test_only_finance_exports(shop, who):
    with pytest.raises(NotAllowed):
        services.export_sheet(shop.store, OCTOBER, by=shop.users[who], now=END)


def test_every_export_is_written_down(shop):
    shop.posted()
    sheets = [services.export_sheet(shop.store, OCTOBER, by=user, now=END) for user in (shop.clerk, SYSTEM)]
    lines = AuditLine.objects.filter(action="month.exported").order_by("pk")
    assert [(line.actor, line.detail["sha256"], line.detail["locked"]) for line in lines] == [
        (shop.clerk, sheets[0].digest, False),
        (None, sheets[1].digest, False),
    ]


# -- the command


def run(tmp_path, *args, store="A1", month="2026-10", name="sheet.xlsx"):
    out = io.StringIO()
    path = tmp_path / name
    call_command("export_sheet", "--store", store, "--month", month, "--output", str(path), "--json", *args, stdout=out)
    return json.loads(out.getvalue()), path


@pytest.fixture
def in_november():
    with time_machine.travel(END, tick=False):
        yield


def test_the_command_locks_by_two_people_and_writes_the_file(shop, tmp_path, in_november):
    full(shop)
    said, path = run(tmp_path, "--lock", "--by", "clerk.a1", "--confirmed-by", "gm.a1")
    assert said["locked"] is True
    assert (said["ledger"], said["held"], said["brought_in"], said["paid"]) == ("-549.95", "-50.00", "0.00", "-499.95")
    assert money(summary(path.read_bytes())["Ledger total"]) == Decimal("-549.95")
    again, second = run(tmp_path, name="again.xlsx")
    assert again["sha256"] == said["sha256"] and second.read_bytes() == path.read_bytes()
    assert sorted(entry.name for entry in tmp_path.iterdir() if entry.is_file()) == ["again.xlsx", "sheet.xlsx"]


def test_the_command_writes_a_trial_without_the_lock(shop, tmp_path, in_november):
    shop.posted()
    said, path = run(tmp_path)
    assert (said["locked"], said["entries"], path.exists()) == (False, 1, True)


@pytest.mark.parametrize(
    "people",
    [
        ("clerk.a1", "clerk.a1"),
        ("gm.a1", "clerk.a1"),
        ("clerk.a1", "care.a1"),
        ("clerk.a1", "gm.b1"),
    ],
)
def test_the_command_refuses_the_wrong_people_and_locks_nothing(shop, tmp_path, in_november, capsys, people):
    Shop("B1")
    with pytest.raises(SystemExit) as stopped:
        run(tmp_path, "--lock", "--by", people[0], "--confirmed-by", people[1])
    assert stopped.value.code == 1
    assert not Month.objects.exists()
    assert not (tmp_path / "sheet.xlsx").exists()


def test_a_month_is_not_locked_twice(shop, tmp_path, in_november):
    run(tmp_path, "--lock", "--by", "clerk.a1", "--confirmed-by", "gm.a1")
    with pytest.raises(SystemExit) as stopped:
        run(tmp_path, "--lock", "--by", "clerk.a1", "--confirmed-by", "gm.a1")
    assert stopped.value.code == 1


@pytest.mark.parametrize(
    "args",
    [
        {"store": "NONE"},
        {"month": "2026-13"},
        {"month": "2026-W40"},
        {"name": "no/such/folder.xlsx"},
        {"name": "."},
        {"extra": ("--lock",)},
        {"extra": ("--lock", "--by", "clerk.a1")},
        {"extra": ("--lock", "--by", "clerk.a1", "--confirmed-by", "nobody")},
    ],
)
def test_wrong_use_ends_with_2_and_locks_nothing(shop, tmp_path, in_november, args):
    with pytest.raises(CommandError) as wrong:
        run(tmp_path, *args.pop("extra", ()), **args)
    assert wrong.value.returncode == 2
    assert not Month.objects.exists()
