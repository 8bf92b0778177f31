"""Each kind of cell: what comes in, what is kept, what is said about it."""

from datetime import date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from surveys.dms import cells, dates, phones
from surveys.dms.grid import Odd
from surveys.dms.texts import is_blank, plain


def at(*parts) -> datetime:
    return datetime(*parts)  # noqa: DTZ001 - wall times of the store


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("RO2609010001", "RO2609010001"),
        ("  ro2609010001 ", "RO2609010001"),
        ("ＲＯ２６０９０４０００４", "RO2609040004"),
        ("RO 2609\u00a001", "RO260901"),
        ("RO·26・09", "RO2609"),
        ("'RO1", "RO1"),
        (2609010001.0, "2609010001"),
        ("RO\u200b1\ufeff", "RO1"),
        ("RO-26/09", "RO-26/09"),
    ],
)
def test_order_numbers(cell, value):
    assert cells.order_number(cell) == (value, None)


@pytest.mark.parametrize("cell", ["", " \t\u3000", None, Odd.ERROR, "-", "—", "\u200b"])
def test_no_order_number(cell):
    assert cells.order_number(cell) == (None, "order_missing")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("豫Z·D00402", ("豫ZD00402", None)),
        ("豫z00118", ("豫Z00118", None)),
        (" 测 Z00001 ", ("测Z00001", None)),
        ("未上牌", (None, "plate_unregistered")),
        ("暂无", (None, "plate_unregistered")),
        ("N/A", (None, "plate_unregistered")),
        ("--", (None, "plate_unregistered")),
        ("", (None, None)),
    ],
)
def test_plates(cell, expected):
    assert cells.plate(cell) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("L00TEST0000000001", ("L00TEST0000000001", None)),
        ("l00test0000000001", ("L00TEST0000000001", None)),
        (" L00TEST 0000 000001 ", ("L00TEST0000000001", None)),
        ("Ｌ00TEST0000000001", ("L00TEST0000000001", None)),
        ("L00TEST000000000", ("L00TEST000000000", "vin_length")),
        ("L00TEST00000000012", ("L00TEST00000000012", "vin_length")),
        ("L0OTEST0000000001", ("L0OTEST0000000001", "vin_characters")),
        ("L00TESI0000000001", ("L00TESI0000000001", "vin_characters")),
        ("L00TEST000000000*", ("L00TEST000000000*", "vin_characters")),
        (Odd.ERROR, (None, "vin_characters")),
        ("", (None, None)),
        ("无", (None, None)),
    ],
)
def test_vins(cell, expected):
    assert cells.vin(cell) == expected


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("李\u3000思思", "李思思"),
        ("欧阳然   ", "欧阳然"),
        ("赵涵洋\n", "赵涵洋"),
        ("阿依古丽·买买提", "阿依古丽·买买提"),
        ("𠮷田测试", "𠮷田测试"),
        ("Tom   Example", "Tom Example"),
        ("Ｔｏｍ　Ｌｅｅ", "Tom Lee"),
        ("测试（集团）有限公司", "测试(集团)有限公司"),
        ("例\u200b一", "例一"),
        ("", None),
        ("\u3000", None),
        ("-", None),
        (Odd.ERROR, None),
    ],
)
def test_names(cell, value):
    assert cells.person_name(cell) == (value, None)


@pytest.mark.parametrize(
    "cell",
    [
        "19900009001",
        " 19900009001\u00a0 ",
        "199 0000 9001",
        "199-0000-9001",
        "+86 19900009001",
        "+8619900009001",
        "(+86)19900009001",
        "008619900009001",
        "8619900009001",
        8619900009001.0,
        "'19900009001",
        "19900009001.0",
        "１９９００００９００１",
        19900009001.0,
        19900009001,
        "1.9900009001E+10",
        "19900009001/19900009001",
        "19900009001/",
        "手机：19900009001",
    ],
)
def test_mobile_numbers(cell):
    assert phones.phone(cell) == ("19900009001", None)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("", (None, "phone_missing")),
        (None, (None, "phone_missing")),
        ("1990000924", (None, "phone_short")),
        ("199000092401", (None, "phone_long")),
        ("10087685739", (None, "phone_fake_range")),
        ("12900009240", (None, "phone_fake_range")),
        ("1.99E+10", (None, "phone_damaged")),
        ("1.99E+15", (None, "phone_damaged")),
        (1.5, (None, "phone_damaged")),
        ("199****9001", (None, "phone_damaged")),
        ("无", (None, "phone_words")),
        (Odd.ERROR, (None, "phone_words")),
        ("400-800-1234", (None, "phone_short")),
        ("019900009001", (None, "phone_long")),
        ("010-62345678", ("01062345678", "landline")),
        ("0571-88881234", ("057188881234", "landline")),
        ("(0571) 8888123", ("05718888123", "landline")),
        ("0571-88881234-801", ("057188881234", "landline")),
        ("0571-88881234转801", ("057188881234", "landline")),
        ("+86 571 88881234", ("057188881234", "landline")),
        ("88881234", ("88881234", "landline")),
        ("19900009001/19900009002", ("19900009001", "two_phones")),
        ("19900009001、19900009002", ("19900009001", "two_phones")),
        ("19900009001，19900009002", ("19900009001", "two_phones")),
        ("19900009001 19900009002", ("19900009001", "two_phones")),
        ("19900009001\n19900009002", ("19900009001", "two_phones")),
        ("1990000900119900009002", ("19900009001", "two_phones")),
        ("199-0000-9001 199-0000-9002", ("19900009001", "two_phones")),
        ("0571-88881234/19900009002", ("19900009002", "two_phones")),
        ("0571-88881234 19900009002", ("19900009002", "two_phones")),
        ("19900009001或19900009002", ("19900009001", "two_phones")),
    ],
)
def test_what_is_no_single_mobile_number(cell, expected):
    assert phones.phone(cell) == expected


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (1103.03, "1103.03"),
        (0, "0.00"),
        (-0.0, "0.00"),
        (0.1 + 0.2, "0.30"),
        (12.345, "12.35"),
        ("￥802.71", "802.71"),
        ("¥1,234.50", "1234.50"),
        ("381.84元", "381.84"),
        ("１１０３．０３", "1103.03"),
        ("1,234,567", "1234567.00"),
        ("RMB 200", "200.00"),
        ("1 234.5", "1234.50"),
        ("-0.00", "0.00"),
        (at(1900, 1, 10), "11.00"),
    ],
)
def test_amounts(cell, value):
    assert cells.amount(cell) == (Decimal(value), None)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("", (None, None)),
        (None, (None, None)),
        (-200, (None, "amount_negative")),
        ("-200", (None, "amount_negative")),
        ("¥-200.00", (None, "amount_negative")),
        ("(200.00)", (None, "amount_negative")),
        ("面议", (None, "amount_unreadable")),
        ("1.2万", (None, "amount_unreadable")),
        ("1_000", (None, "amount_unreadable")),
        ("٣", (None, "amount_unreadable")),
        ("1e400", (None, "amount_unreadable")),
        ("NaN", (None, "amount_unreadable")),
        (float("inf"), (None, "amount_unreadable")),
        (float("nan"), (None, "amount_unreadable")),
        ("12.345", (None, "amount_unreadable")),
        ("1,23,456", (None, "amount_unreadable")),
        ("100000000", (None, "amount_unreadable")),
        ("=1+1", (None, "amount_unreadable")),
        (Odd.ERROR, (None, "amount_unreadable")),
        (True, (None, "amount_unreadable")),
    ],
)
def test_amounts_that_are_none(cell, expected):
    assert cells.amount(cell) == expected


DAY, MINUTE, SECOND = at(2026, 9, 5), at(2026, 9, 5, 14, 26), at(2026, 9, 5, 14, 26, 7)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (SECOND, SECOND),
        (at(2026, 9, 5, 14, 26, 6, 999_600), SECOND),
        (date(2026, 9, 5), DAY),
        ("2026-09-05", DAY),
        ("2026-9-5 14:26", MINUTE),
        ("2026-09-05 14:26:07", SECOND),
        ("2026-09-05T14:26:07", SECOND),
        ("2026-09-05 14:26:07.000", SECOND),
        ("2026/9/5 14:26", MINUTE),
        ("2026.09.05 14:26", MINUTE),
        ("2026年09月05日", DAY),
        ("2026年9月5日 14时26分", MINUTE),
        ("2026年9月5日14时26分07秒", SECOND),
        ("2026年9月5日 14时", at(2026, 9, 5, 14)),
        ("2026 年 9 月 5 日", DAY),
        ("2026-09-05 星期六 14:26", MINUTE),
        ("2026/9/5 下午 2:26", MINUTE),
        ("2026/9/5 2:26 PM", MINUTE),
        ("2026/9/5 上午 12:26", at(2026, 9, 5, 0, 26)),
        ("  2026-09-05 14:26:07 \t", SECOND),
        ("２０２６－０９－０５　１４：２６：０７", SECOND),
        ("20260905", DAY),
        ("202609051426", MINUTE),
        ("20260905142607", SECOND),
        ("20260905 14:26:07", SECOND),
        (20260905.0, DAY),
        (20260905142607.0, SECOND),
        (46270.60147, at(2026, 9, 5, 14, 26, 7)),
        ("46270.60147", at(2026, 9, 5, 14, 26, 7)),
        (46270, DAY),
        ("5-Sep-2026", DAY),
        ("05 September 2026 02:26 PM", MINUTE),
    ],
)
def test_moments(cell, value):
    assert dates.moment(cell) == (value, None)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("", None),
        (None, None),
        ("  ", None),
        (Odd.ERROR, "date_error_cell"),
        ("2026-02-30 10:00:00", "date_impossible"),
        ("2026-13-01", "date_impossible"),
        ("2026-00-10", "date_impossible"),
        ("2026-09-05 25:00", "date_impossible"),
        ("20260230", "date_impossible"),
        (-3.5, "date_impossible"),
        (5e9, "date_words"),
        ("0000-00-00 00:00:00", "date_zero"),
        ("0", "date_zero"),
        (0, "date_zero"),
        (time(0), "date_zero"),
        ("1900-01-00", "date_zero"),
        (at(1899, 12, 31), "date_zero"),
        ("0001-01-01", "date_implausible"),
        ("未结算", "date_words"),
        ("昨天", "date_words"),
        ("9/5/2026", "date_words"),
        ("26-9-5", "date_words"),
        (time(8, 30), "date_words"),
        (True, "date_words"),
        ("2026-09-05T14:26:07Z", "date_words"),
    ],
)
def test_moments_that_are_none(cell, code):
    assert dates.moment(cell) == (None, code)


def test_a_text_with_an_offset_is_brought_into_the_stores_zone():
    shanghai = ZoneInfo("Asia/Shanghai")

    assert dates.moment("2026-09-05T06:26:07Z", zone=shanghai) == (SECOND, None)
    assert dates.moment("2026-09-05T14:26:07+08:00", zone=shanghai) == (SECOND, None)


def test_serials_follow_the_epoch_of_the_workbook():
    assert dates.moment(44808, since_1904=True) == (DAY, None)
    assert dates.birth_date(26802) == (date(1973, 5, 18), None)
    assert dates.birth_date("19851106") == (date(1985, 11, 6), None)
    assert dates.birth_date("不详") == (None, "dob_unreadable")
    assert dates.birth_date("") == (None, None)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (69596, (69596, None)),
        (69596.4, (69596, None)),
        ("69,596 km", (69596, None)),
        ("69596公里", (69596, None)),
        ("", (None, None)),
        ("很多", (None, "mileage_unreadable")),
        (-1, (None, "mileage_unreadable")),
        (99_999_999, (None, "mileage_unreadable")),
    ],
)
def test_mileage(cell, expected):
    assert cells.mileage(cell) == expected


@pytest.mark.parametrize(
    ("cell", "value"),
    [("男", "M"), ("先生", "M"), ("M", "M"), ("male", "M"), ("女", "F"), ("女士", "F"), ("F", "F"), ("未知", None)],
)
def test_gender(cell, value):
    assert cells.gender(cell) == (value, None)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("Maintenance", "定期保养"),
        ("Body & Paint", "事故维修"),
        ("REWORK", "返修"),
        ("定期保养", "定期保养"),
        ("Own word", "Own word"),
        ("", None),
    ],
)
def test_service_types(cell, value):
    assert cells.service_type(cell) == (value, None)


def test_words_of_people_keep_everything_but_outer_blanks_and_controls():
    assert cells.free_text(" =1+1 ") == ("=1+1", None)
    assert cells.free_text('<b>异响</b> & "抖动"') == ('<b>异响</b> & "抖动"', None)
    assert cells.free_text("第一行\n第二行，（完）") == ("第一行\n第二行，（完）", None)
    assert cells.free_text("a\x00b\x0bc\ud800d") == ("abcd", None)
    assert cells.free_text("\u200b \ufeff") == (None, None)


def test_blank_is_what_shows_nothing():
    assert [is_blank(cell) for cell in ("", "  ", "\u3000\t", "\u200b", None)] == [True] * 5
    assert [is_blank(cell) for cell in ("x", 0, Odd.ERROR, "例", "　例")] == [False] * 5


def test_numbers_show_as_excel_shows_them():
    assert [plain(cell) for cell in (3.0, 3.5, 19900009001.0, True, at(2026, 9, 5, 14, 26, 7))] == [
        "3",
        "3.5",
        "19900009001",
        "1",
        "2026-09-05 14:26:07",
    ]
