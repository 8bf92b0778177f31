"""The verdict of a row: skip > invalid > duplicate > review > valid."""

import io
from datetime import datetime, timedelta

import pytest

from surveys.dms.codes import MESSAGES, Issue, message
from surveys.dms.read import read_file
from surveys.dms.verdicts import REVIEW_CODES

from .build import NOW, SALE_HEADER, SERVICE_HEADER, sale_row, service_row, xlsx


def read(*rows, header=SERVICE_HEADER, now=NOW):
    return read_file(io.BytesIO(xlsx([header, *rows])), "a.xlsx", now=now)


def verdict(**changes):
    (row,) = read(service_row(1, **changes)).rows
    return row.verdict, [issue.code for issue in row.errors], [issue.code for issue in row.reviews]


def at(*parts) -> datetime:
    return datetime(*parts)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"工单号": None}, "order_missing"),
        ({"手机号": None}, "phone_missing"),
        ({"手机号": "1990000924"}, "phone_short"),
        ({"手机号": "10087685739"}, "phone_fake_range"),
        ({"结算时间": "2026-02-30 10:00:00"}, "date_impossible"),
        ({"结算时间": "0000-00-00"}, "date_zero"),
        ({"结算时间": "未结算"}, "date_words"),
        ({"结算时间": "2099-01-01 10:00:00"}, "date_future"),
        ({"结算时间": "1926-09-05 10:00:00"}, "date_implausible"),
        ({"结算时间": at(2026, 8, 31)}, "close_before_open"),
        ({"VIN": None, "车牌号": None}, "vin_and_plate_missing"),
        ({"VIN": "", "车牌号": "未上牌"}, "vin_and_plate_missing"),
    ],
)
def test_invalid_rows(changes, code):
    assert verdict(**changes) == ("invalid", [code], [])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"手机号": "19900009434/19900009435"}, "two_phones"),
        ({"手机号": "0571-88881234"}, "landline"),
        ({"结算时间": None}, "not_settled"),
        ({"客户姓名": "　"}, "name_missing"),
        ({"VIN": "L00TEST00000000"}, "vin_length"),
        ({"VIN": "LOOTEST0000000001"}, "vin_characters"),
        ({"金额": -200}, "amount_negative"),
        ({"金额": "面议"}, "amount_unreadable"),
        ({"出生日期": "2030-01-01"}, "dob_future"),
        ({"车型": "长" * 121}, "too_long"),
    ],
)
def test_rows_for_a_person_to_decide(changes, code):
    assert verdict(**changes) == ("review", [], [code])
    assert code in REVIEW_CODES


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ({"服务顾问": None}, "advisor_blank"),
        ({"出生日期": None}, "dob_blank"),
        ({"出生日期": "不详"}, "dob_unreadable"),
        ({"性别": None}, "gender_blank"),
        ({"车牌号": "未上牌"}, "plate_unregistered"),
        ({"VIN": None}, "vin_missing"),
        ({"开单时间": "不详"}, "open_unreadable"),
        ({"行驶里程": "不详"}, "mileage_unreadable"),
    ],
)
def test_rows_that_are_stored_with_a_note(changes, warning):
    (row,) = read(service_row(1, **changes)).rows

    assert row.verdict == "valid"
    assert warning in row.warnings


def test_optional_cells_may_be_blank():
    blank = dict.fromkeys(
        ("性别", "出生日期", "品牌", "车型", "服务类型", "行驶里程", "开单时间", "金额", "地区", "客户描述")
    )

    (row,) = read(service_row(1, **blank)).rows

    assert row.verdict == "valid"
    assert (row.values["amount"], row.values["open_time"]) == (None, None)


def test_all_errors_of_a_row_are_named_with_their_columns():
    (row,) = read(service_row(1, 手机号="123", 结算时间="x", VIN="abc", 金额=-1)).rows

    assert [(issue.code, issue.column) for issue in row.errors] == [
        ("phone_short", "手机号"),
        ("date_words", "结算时间"),
    ]
    assert [(issue.code, issue.column) for issue in row.reviews] == [("vin_length", "VIN"), ("amount_negative", "金额")]
    assert row.raw["phone"] == "123"


def test_in_time_to_the_second():
    now = at(2026, 9, 5, 12, 0, 0)

    rows = read(*(service_row(n, 结算时间=now + timedelta(seconds=n - 2)) for n in (1, 2, 3)), now=now).rows

    assert [row.verdict for row in rows] == ["valid", "valid", "invalid"]


def test_closed_at_the_second_it_was_opened_is_fine():
    opened = at(2026, 9, 1, 8, 30)

    rows = read(*(service_row(n, 结算时间=opened + timedelta(seconds=n - 2)) for n in (1, 2, 3))).rows

    assert [row.verdict for row in rows] == ["invalid", "valid", "valid"]


def test_a_day_without_time_is_the_whole_day():
    same_day = read(service_row(1, 结算时间="2026-09-01"), service_row(2, 结算时间="2026-08-31")).rows

    assert [row.verdict for row in same_day] == ["valid", "invalid"]


def test_a_delivery_needs_no_plate():
    rows = read(sale_row(1), sale_row(2, 车架号=None), header=SALE_HEADER).rows

    assert [(row.kind, row.verdict) for row in rows] == [("sale", "valid"), ("sale", "invalid")]


def test_duplicates_name_the_first_row_and_what_differs():
    rows = read(
        service_row(1),
        service_row(1),
        service_row(1, 工单号=" ro000001 "),
        service_row(1, 手机号="19900007777"),
        service_row(1, 金额=7),
        service_row(1, 服务顾问="另一人"),
    ).rows

    assert [(row.verdict, row.first_row, row.note and (row.note.code, row.note.column)) for row in rows] == [
        ("valid", 0, None),
        ("duplicate", 2, ("dup_exact", "工单号")),
        ("duplicate", 2, ("dup_spaces", "工单号")),
        ("duplicate", 2, ("dup_conflict", "手机号")),
        ("duplicate", 2, ("dup_conflict", "金额")),
        ("duplicate", 2, ("dup_exact", "工单号")),
    ]


def test_an_invalid_row_stays_invalid_and_an_unclear_one_becomes_a_duplicate():
    rows = read(service_row(1), service_row(1, 手机号="1"), service_row(1, 结算时间=None)).rows

    assert [row.verdict for row in rows] == ["valid", "invalid", "duplicate"]


def test_the_first_row_of_an_order_counts_also_when_it_is_refused():
    rows = read(service_row(1, 手机号="1"), service_row(1)).rows

    assert [(row.verdict, row.first_row) for row in rows] == [("invalid", 0), ("duplicate", 2)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ([], "blank"),
        (["  ", "\u3000", "\t"], "blank"),
        (["合\u3000计", *[None] * 14, 221331.77], "total"),
        (["小计：", *[None] * 14, 1.5], "total"),
        (["例顾问 小计", *[None] * 14, 1.5], "total"),
        (["Grand Total", *[None] * 14, 1.5], "total"),
        ([None, None, None, None, None, None, None, None, None, None, None, "合计", None, None, None, 99], "total"),
        (["合计", None, None, "116台次", None, None, None, None, None, None, 99, "x", None, None, "y", 1], "total"),
        ([*[None] * 15, 1234.5], "footer"),
        (["制表人：admin        审核：            第 1 页 共 1 页"], "footer"),
        (["制表人：admin", None, "审核：", "例一", "日期：", None, None, None, None, None, None, "x"], "footer"),
        (["以上数据由系统自动导出"], "footer"),
        (["第 2 页"], "footer"),
        (SERVICE_HEADER, "repeated_header"),
        ([f" {word} *" for word in SERVICE_HEADER], "repeated_header"),
    ],
)
def test_lines_that_are_no_data(line, reason):
    found = read(service_row(1), line, service_row(2))

    assert [row.number for row in found.rows] == [2, 4]
    assert found.sheets[0].skipped == {reason: 1}


@pytest.mark.parametrize(
    "line",
    [
        ["RO000009"],
        [None, "测Z00001", None, "例一", "19900000001", *[None] * 9, "2026-09-02"],
        [None, "测Z00001", None, "例一", "123", *[None] * 9, "2026-09-02"],
        ["沪维二〇二六", "测Z00001", None, "例一", "19900000001"],
        ["TOTAL001", "测Z00001", None, "合计", "19900000001"],
    ],
)
def test_lines_that_are_data_however_bad(line):
    found = read(service_row(1), line)

    assert [row.number for row in found.rows] == [2, 3]


def test_every_code_has_a_sentence():
    params = {
        "limit": 1,
        "format": "x",
        "row": 2,
        "sheet": "s",
        "fields": ["vin", "phone"],
        "columns": ["a", "b"],
        "field": "phone",
        "found": "sale",
        "wanted": "service",
        "digits": 3,
    }
    for code in MESSAGES:
        text = message(code, params)
        assert text and "%(" not in text, code


def test_an_issue_survives_being_stored():
    issue = Issue("phone_short", "phone", "手机号", {"digits": 10})

    assert Issue.from_json(issue.as_json()) == issue
