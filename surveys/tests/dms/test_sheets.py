"""Physical rows, merged cells, epochs, errors and formulas, as each kind of workbook keeps them."""

import io
import re
from datetime import datetime

import pytest

from surveys.dms.grid import Odd
from surveys.dms.read import read_file
from surveys.dms.sheets import load

from .build import (
    NOW,
    SALE_HEADER,
    SERVICE_HEADER,
    Formula,
    sale_row,
    serial,
    service_row,
    sheet_xml,
    workbook,
    workbook_parts,
    xls,
    xlsx,
    zipped,
)


def read(data: bytes, **options):
    return read_file(io.BytesIO(data), "export.xlsx", now=NOW, **options)


ADVISOR = SERVICE_HEADER.index("服务顾问")


def test_rows_keep_their_numbers_when_the_sheet_starts_low_and_to_the_right():
    shifted = [[None, None, *row] for row in ([], SERVICE_HEADER, service_row(1), [], service_row(2))]

    for data in (xlsx([[], [], [], *shifted]), xls([[], [], [], *shifted])):
        assert [row.number for row in read(data).rows] == [6, 8]


def test_the_grid_gives_every_physical_row_once():
    rows = [[], ["a"], [], [None, "b"], [None, None, Odd.ERROR]]

    for data in (xlsx(rows), xls(rows)):
        (sheet,) = load(io.BytesIO(data), "x")
        assert [(row.number, [cell for cell in row.cells if cell != ""]) for row in sheet.rows()] == [
            (1, []),
            (2, ["a"]),
            (3, []),
            (4, ["b"]),
            (5, [Odd.ERROR]),
        ]


def test_hidden_rows_are_read_and_counted():
    rows = [SERVICE_HEADER, service_row(1), service_row(2)]

    for data in (xlsx(rows, hidden_rows=(2,)), xls(rows, hidden_rows=(2,))):
        found = read(data)
        assert len(found.rows) == 2
        assert found.sheets[0].hidden_rows == 1


def test_merged_cells_give_their_value_to_every_row():
    rows = [SERVICE_HEADER, service_row(1, 服务顾问="例甲")]
    rows += [service_row(number, 服务顾问=None) for number in (2, 3)] + [service_row(4, 服务顾问="例乙")]

    letter = "L"
    for data in (xlsx(rows, merges=[f"{letter}2:{letter}4"]), xls(rows, merges=[(1, 3, ADVISOR, ADVISOR)])):
        assert [row.values["advisor"] for row in read(data).rows] == ["例甲", "例甲", "例甲", "例乙"]


def test_a_blank_row_inside_a_merge_is_still_blank():
    rows = [SERVICE_HEADER, service_row(1), [], service_row(2, 服务顾问=None)]

    found = read(xlsx(rows, merges=["L2:L4"]))

    assert [row.number for row in found.rows] == [2, 4]
    assert found.sheets[0].skipped == {"blank": 1}


def test_an_order_number_merged_over_its_lines_makes_duplicates():
    rows = [SERVICE_HEADER, service_row(1), service_row(2, 工单号=None)]

    found = read(xlsx(rows, merges=["A2:A3"]))

    assert [(row.order_no, row.verdict, row.first_row) for row in found.rows] == [
        ("RO000001", "valid", 0),
        ("RO000001", "duplicate", 2),
    ]


@pytest.mark.parametrize("since_1904", [False, True])
def test_dates_are_right_in_both_epochs_with_and_without_a_format(since_1904):
    when = datetime(2026, 9, 23, 15, 6)  # noqa: DTZ001
    plain = serial(when, since_1904)
    rows = [SERVICE_HEADER, service_row(1, 结算时间=when), service_row(2, 结算时间=plain)]
    rows.append(service_row(3, 结算时间=f"{plain:.5f}"))

    for make in (xlsx, xls):
        found = read(make(rows, since_1904=since_1904))
        assert [row.values["close_time"] for row in found.rows] == [when] * 3


def test_an_error_cell_is_not_a_blank_one():
    rows = [SERVICE_HEADER, service_row(1, 结算时间=Odd.ERROR), service_row(2, 结算时间=None)]

    for data in (xlsx(rows), xls(rows)):
        found = read(data)
        assert [(row.verdict, [issue.code for issue in row.errors + row.reviews]) for row in found.rows] == [
            ("invalid", ["date_error_cell"]),
            ("review", ["not_settled"]),
        ]


def test_a_formula_counts_by_its_result_and_without_one_a_person_decides():
    rows = [
        SERVICE_HEADER,
        service_row(1, 金额=Formula("1+1", 2.5)),
        service_row(2, 金额=Formula("1+1")),
        service_row(3, 结算时间=Formula("NOW()")),
    ]

    for data in (xlsx(rows), xls(rows)):
        found = read(data)
        assert [(row.verdict, [(i.code, i.column) for i in row.reviews]) for row in found.rows] == [
            ("valid", []),
            ("review", [("no_cached_value", "金额")]),
            ("review", [("no_cached_value", "结算时间")]),
        ]
        assert found.rows[0].values["amount"] == 2.5


def test_a_formula_whose_result_is_an_empty_text_is_blank():
    found = read(xlsx([SERVICE_HEADER, service_row(1, 客户描述=Formula('""', ""))]))

    assert (found.rows[0].verdict, found.rows[0].values["remark"]) == ("valid", None)


def test_a_formula_without_result_in_an_unknown_column_does_not_matter():
    found = read(xlsx([[*SERVICE_HEADER, "内部列"], [*service_row(1), Formula("1+1")]]))

    assert found.rows[0].verdict == "valid"
    assert found.sheets[0].ignored_columns == ["内部列"]


def test_cells_without_a_place_follow_each_other():
    """The format lets a cell leave out where it stands: right after the one before."""
    text = sheet_xml([SERVICE_HEADER, service_row(1, 结算时间=Odd.ERROR)])
    text = re.sub(r' r="[A-Z]+\d+"', "", text)

    found = read(zipped(workbook_parts({"a": text})))

    assert [issue.code for issue in found.rows[0].errors] == ["date_error_cell"]


def test_a_prefixed_sheet_is_read_like_any_other():
    text = sheet_xml([SERVICE_HEADER, service_row(1, 金额=Formula("1+1"), 结算时间=Odd.ERROR)])
    text = re.sub(r"<(/?)([a-z])", r"<\1x:\2", text, flags=re.IGNORECASE)
    text = text.replace("xmlns=", "xmlns:x=")

    found = read(zipped(workbook_parts({"a": text})))

    assert [issue.code for issue in found.rows[0].errors + found.rows[0].reviews] == [
        "date_error_cell",
        "no_cached_value",
    ]


def test_every_sheet_with_known_headings_is_read_and_the_others_are_named():
    data = workbook(
        {
            "说明": [["本表由系统导出"]],
            "交车明细": [["标题"], SALE_HEADER, sale_row(1)],
            "配件": [["工单号", "配件名称", "数量"], ["RO000001", "机油", 1]],
            "维修": [SERVICE_HEADER, service_row(1), service_row(2)],
            "空": [],
        },
        states={"维修": "hidden"},
    )

    found = read(data)

    assert [(sheet.name, sheet.kind, sheet.hidden, sheet.row_count) for sheet in found.sheets] == [
        ("交车明细", "sale", False, 1),
        ("维修", "service", True, 2),
    ]
    assert [sheet.name for sheet in found.ignored] == ["说明", "配件", "空"]
    assert [(row.sheet, row.kind, row.number) for row in found.rows] == [
        ("交车明细", "sale", 3),
        ("维修", "service", 2),
        ("维修", "service", 3),
    ]


def test_one_order_number_on_two_sheets_of_a_kind_is_a_duplicate_but_not_across_kinds():
    sale = sale_row(1, 销售单号="X1")
    service = service_row(1, 工单号="x 1")

    found = read(workbook({"a": [SALE_HEADER, sale], "b": [SERVICE_HEADER, service], "c": [SERVICE_HEADER, service]}))

    assert [(row.sheet, row.verdict) for row in found.rows] == [("a", "valid"), ("b", "valid"), ("c", "duplicate")]
