"""Headings: where they stand, how they are written, which kind they speak of, when they are refused."""

import io

import pytest

from surveys.dms.codes import Refused
from surveys.dms.read import read_file
from surveys.dms.words import FALLBACK, MEANINGS, SALE, SERVICE, meaning_of

from .build import NOW, SALE_HEADER, SERVICE_HEADER, csv, sale_row, service_row, workbook, xlsx


def read(rows, **options):
    return read_file(io.BytesIO(xlsx(rows)), "a.xlsx", now=NOW, **options)


def refusal(rows, **options) -> Refused:
    with pytest.raises(Refused) as caught:
        read(rows, **options)
    return caught.value


@pytest.mark.parametrize(
    ("written", "field"),
    [
        ("工单号", "order_no"),
        (" 工 单 号 ", "order_no"),
        ("RO No.", "order_no"),
        ("ro\nno", "order_no"),
        ("Ｒ０", None),
        ("ＲＯ　ＮＯ．", "order_no"),
        ("*手机号码*", "phone"),
        ("手机号\n(必填)", "phone"),
        ("手机号（必填）", "phone"),
        ("金额(元)", "amount"),
        ("VIN/车架号", "vin"),
        ("车架号（VIN）", "vin"),
        ("Date of\nBirth", "dob"),
        ("CUSTOMER  NAME *", "name"),
        ("Settle_Time", "close_time"),
        ("结算\r\n时间", "close_time"),
        ("车主/车牌号", None),
        ("工时费", None),
        ("", None),
    ],
)
def test_a_heading_is_known_however_it_is_written(written, field):
    meaning = meaning_of(written)

    assert (meaning.field if meaning else None) == field


def test_no_word_of_one_kind_is_lost_to_another_table():
    """A word in two tables would silently mean only one of the two."""
    for table, kind in ((SERVICE, "service"), (SALE, "sale")):
        for field, (chinese, english) in table.items():
            for word in [*chinese.split(), *filter(None, (part.strip() for part in english.split(",")))]:
                assert (meaning_of(word).field, meaning_of(word).kind) == (field, kind), word
    for field, (chinese, _english) in FALLBACK.items():
        for word in chinese.split():
            assert (meaning_of(word).field, meaning_of(word).fallback) == (field, True), word
    assert len(MEANINGS) > 400


def test_headings_stand_anywhere_below_title_lines_and_in_any_order():
    order = list(reversed(range(len(SERVICE_HEADER))))
    rows = [["标题"], ["统计期间：2026-09"], [], [SERVICE_HEADER[i] for i in order]]
    rows.append([service_row(1)[i] for i in order])

    found = read(rows)

    assert found.sheets[0].header_row == 4
    assert found.rows[0].values["phone"] == "19900000001"


def test_two_rows_of_headings_with_merged_groups_are_read_from_the_lower_one():
    upper = ["工单号", "车辆信息", None, "客户信息", None, "结算时间"]
    lower = [None, "车牌号", "VIN", "客户姓名", "手机号", None]
    row = ["RO1001", "测Z00001", None, "例一", "19900000001", "2026-09-02 10:00"]
    data = xlsx([["标题"], upper, lower, row], merges=["A2:A3", "B2:C2", "D2:E2", "F2:F3"])

    found = read_file(io.BytesIO(data), "a.xlsx", now=NOW)

    assert [(r.number, r.verdict) for r in found.rows] == [(4, "valid")]


def test_two_rows_of_headings_without_merges_are_read_together():
    upper = ["工单号", "车辆信息", None, "客户信息", None, "结算时间", "服务顾问"]
    lower = [None, "车牌号", "VIN", "客户姓名", "手机号", None, None]
    row = ["RO1001", "测Z00001", None, "例一", "19900000001", "2026-09-02 10:00", "例顾问"]

    found = read([upper, lower, row])

    assert [(r.number, r.verdict, r.values["advisor"]) for r in found.rows] == [(3, "valid", "例顾问")]


def test_a_repeated_heading_is_no_data_and_one_in_another_order_is_followed():
    turned = [*SERVICE_HEADER[5:], *SERVICE_HEADER[:5]]
    rows = [SERVICE_HEADER, service_row(1), SERVICE_HEADER, service_row(2), turned]
    row = service_row(3)
    rows.append([*row[5:], *row[:5]])

    found = read(rows)

    assert [(r.number, r.order_no, r.verdict) for r in found.rows] == [
        (2, "RO000001", "valid"),
        (4, "RO000002", "valid"),
        (6, "RO000003", "valid"),
    ]
    assert found.sheets[0].skipped == {"repeated_header": 2}


@pytest.mark.parametrize("lacking", ["工单号", "客户姓名", "手机号", "结算时间"])
def test_a_missing_column_refuses_the_file_and_is_named(lacking):
    index = SERVICE_HEADER.index(lacking)
    rows = [[*row[:index], *row[index + 1 :]] for row in (SERVICE_HEADER, service_row(1))]

    refused = refusal([["标题"], *rows])

    fields = {"工单号": "order_no", "客户姓名": "name", "手机号": "phone", "结算时间": "close_time"}
    assert (refused.code, refused.sheet, refused.row) == ("columns_missing", "维修工单", 2)
    assert refused.params["fields"] == [fields[lacking]]


def test_vin_or_plate_is_enough_but_one_must_be_there():
    def without(*names):
        keep = [i for i, name in enumerate(SERVICE_HEADER) if name not in names]
        return [[row[i] for i in keep] for row in (SERVICE_HEADER, service_row(1))]

    assert read(without("VIN")).rows[0].verdict == "valid"
    assert read(without("车牌号")).rows[0].verdict == "valid"
    assert refusal(without("VIN", "车牌号")).params["fields"] == ["vin"]


@pytest.mark.parametrize(
    ("extra", "field"),
    [
        ("联系电话", "phone"),
        ("手机号", "phone"),
        ("车架号", "vin"),
        ("工单编号", "order_no"),
        ("结算日期", "close_time"),
        ("金额（元）", "amount"),
        ("客户名称", "name"),
    ],
)
def test_two_columns_for_one_field_refuse_the_file(extra, field):
    refused = refusal([[*SERVICE_HEADER, extra], [*service_row(1), "x"]])

    assert (refused.code, refused.params["field"], refused.row) == ("column_twice", field, 1)
    assert extra in refused.params["columns"]


def test_a_second_choice_word_never_competes():
    header = [*SERVICE_HEADER, "车主姓名", "车主电话", "备注", "应收金额", "销售顾问", "送修人", "送修人电话"]
    row = [*service_row(1), "例车主", "19900009999", "备注文字", 999, "例销售", "例送修", "19900008888"]

    values = read([header, row]).rows[0].values

    assert (values["phone"], str(values["amount"]), values["advisor"]) == ("19900000001", "101.50", "例顾问")
    assert (values["contact_name"], values["contact_phone"]) == ("例送修", "19900008888")
    assert values["remark"] == "异响，请检查"


def test_an_owner_alone_is_the_customer():
    header = ["工单号", "车牌号", "车主", "车主电话", "结算时间"]
    row = ["RO1001", "测Z00001", "例车主", "19900000009", "2026-09-02"]

    values = read([header, row]).rows[0].values

    assert (values["name"], values["phone"]) == ("例车主", "19900000009")


def test_the_person_who_brought_the_car_alone_is_the_customer():
    header = ["工单号", "车牌号", "送修人", "送修人电话", "结算时间"]
    row = ["RO1001", "测Z00001", "例送修", "19900000009", "2026-09-02"]

    values = read([header, row]).rows[0].values

    assert (values["name"], values["phone"]) == ("例送修", "19900000009")


GENERIC = ["单号", "车架号", "客户姓名", "手机号", "完成时间", "金额"]
GENERIC_ROW = ["X1001", "L00TEST0000000001", "例一", "19900000001", "2026-09-02 10:00", 10]


def test_headings_that_speak_of_no_kind_are_refused_unless_the_kind_is_told():
    assert refusal([GENERIC, GENERIC_ROW]).code == "kind_ambiguous"
    assert read([GENERIC, GENERIC_ROW], kind="sale").rows[0].kind == "sale"
    assert read([GENERIC, GENERIC_ROW], kind="service").rows[0].kind == "service"


def test_headings_that_speak_of_both_kinds_are_refused_unless_the_kind_is_told():
    header = ["工单号", "车架号", "客户姓名", "手机号", "交车日期", "销售顾问"]
    row = ["X1001", "L00TEST0000000001", "例一", "19900000001", "2026-09-02", "例销售"]

    assert refusal([header, row]).code == "kind_ambiguous"
    assert read([header, row], kind="service").rows[0].kind == "service"


def test_a_repair_order_may_name_the_day_the_car_was_handed_back():
    index = SERVICE_HEADER.index("结算时间") + 1
    header = [*SERVICE_HEADER[:index], "交车时间", *SERVICE_HEADER[index:]]
    row = service_row(1)
    row = [*row[:index], "2026-09-03 09:00", *row[index:]]

    found = read([header, row])

    assert found.sheets[0].kind == "service"
    assert str(found.rows[0].values["close_time"]) == "2026-09-02 17:05:09"


def test_the_wrong_kind_told_is_refused_and_a_fitting_sheet_is_still_read():
    refused = refusal([SERVICE_HEADER, service_row(1)], kind="sale")
    assert (refused.code, refused.params["found"], refused.params["wanted"]) == ("kind_mismatch", "service", "sale")

    data = workbook({"a": [SERVICE_HEADER, service_row(1)], "b": [SALE_HEADER, sale_row(1)]})
    found = read_file(io.BytesIO(data), "a.xlsx", now=NOW, kind="sale")
    assert [(sheet.name, sheet.kind) for sheet in found.sheets] == [("b", "sale")]
    assert [sheet.name for sheet in found.ignored] == ["a"]


def test_english_headings_of_a_sale_are_known():
    header = [
        "Sales Order No",
        "VIN",
        "Customer Name",
        "Mobile",
        "Gender",
        "Birthday",
        "Brand",
        "Model",
        "Sales Consultant",
        "Order Date",
        "Delivery Date",
        "Price",
        "Region",
    ]

    found = read_file(io.BytesIO(csv([header, sale_row(1)])), "a.csv", now=NOW)

    assert (found.sheets[0].kind, found.sheets[0].ignored_columns) == ("sale", [])
    assert found.rows[0].verdict == "valid"
    assert str(found.rows[0].values["amount"]) == "188000.00"


def test_headings_without_rows_are_refused():
    refused = refusal([["标题"], SERVICE_HEADER, [], ["合计"], ["制表人：admin"]])

    assert (refused.code, refused.sheet, refused.row) == ("no_rows", "维修工单", 2)


def test_a_file_without_headings_is_refused():
    assert refusal([["说明"], ["这里没有数据"]]).code == "no_header"
