"""The data folder's DMS files, row by row, against its expected verdicts and values (`-m shared`)."""

import json
import os
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from surveys.dms.read import read_file

pytestmark = pytest.mark.shared

GENDER = {"M": "男", "F": "女", None: None}
# One expected value is not in the file: the 17th character of a VIN the cell cuts off.
NOT_IN_THE_FILE = {("messy_ro_sample.xlsx", 101, "vin")}


def folder() -> Path:
    return Path(os.environ["SHARED_DATA"]) / "dms"


def files() -> list[dict]:
    if "SHARED_DATA" not in os.environ:
        return []
    return json.loads((folder() / "expected.json").read_text())["files"]


def comparable(name, value):
    if name == "gender":
        return GENDER[value]
    if isinstance(value, Decimal):
        return float(value)
    return str(value) if isinstance(value, datetime | date) else value


def read(expected):
    with open(folder() / expected["file"], "rb") as file:
        return read_file(file, expected["file"], now=datetime(2026, 11, 21, 23, 59, 59))  # noqa: DTZ001


@pytest.mark.parametrize("expected", files(), ids=lambda expected: expected["file"])
def test_every_row_has_its_verdict_and_values(expected):
    found = read(expected)
    rows = {row.number: row for row in found.rows}

    assert len(rows) == expected["data_rows"]
    assert found.sheets[0].header_row == expected["header_row"]
    assert [sheet.name for sheet in found.ignored] == expected.get("other_sheets", [])
    counts = {verdict: found.count(verdict) for verdict in expected["counts"] if verdict != "skip"}
    assert counts == {key: value for key, value in expected["counts"].items() if key != "skip"}
    for line in expected["rows"]:
        row = rows.get(line["row"])
        assert (row.verdict if row else "skip") == line["verdict"], line
        for name, value in line.get("normalised", {}).items():
            if (expected["file"], line["row"], name) not in NOT_IN_THE_FILE:
                assert comparable(name, row.values.get(name)) == value, (line["row"], name)
        if "first_row" in line:
            assert row.first_row == line["first_row"]


@pytest.mark.parametrize("expected", files(), ids=lambda expected: expected["file"])
def test_the_totals_of_the_valid_rows_agree(expected):
    valid = [row.values for row in read(expected).rows if row.verdict == "valid"]
    totals = expected["valid_totals"]

    assert sum(row["amount"] or 0 for row in valid) == Decimal(str(totals["amount_sum"]))
    assert len({row["phone"] for row in valid}) == totals["distinct_phones"]
    assert len({row["vin"] for row in valid} - {None}) == totals["distinct_vins"]
    assert str(min(row["close_time"] for row in valid)) == totals["first_close"]
    assert str(max(row["close_time"] for row in valid)) == totals["last_close"]
    advisors = [row["advisor"] or "" for row in valid]
    assert {name: advisors.count(name) for name in set(advisors)} == totals["rows_by_advisor"]
