"""Every kind of file that is read, and every kind that is refused before anything is read."""

import io
import struct
import zipfile

import pytest

from surveys.dms import sheets, sniff
from surveys.dms.codes import Refused
from surveys.dms.read import read_file

from .build import (
    NOW,
    SERVICE_HEADER,
    compound,
    csv,
    html,
    service_row,
    sheet_xml,
    words,
    workbook_parts,
    xls,
    xlsx,
    zipped,
)

ROWS = [["测试店 维修明细"], [], SERVICE_HEADER, service_row(1), [], service_row(2)]


def read(data: bytes, name="export.xls", **options):
    return read_file(io.BytesIO(data), name, now=NOW, **options)


def refusal(data: bytes, **options) -> Refused:
    with pytest.raises(Refused) as caught:
        read(data, **options)
    assert caught.value.message  # a sentence can be made of it
    return caught.value


@pytest.mark.parametrize(
    "data",
    [
        xlsx(ROWS),
        xlsx(ROWS, since_1904=True),
        xls(ROWS),
        xls(ROWS, since_1904=True),
        html(ROWS),
        html(ROWS, charset="gb2312"),
        csv(ROWS),
        csv(ROWS, "utf-8-sig"),
        csv(ROWS, "gb18030"),
        csv(ROWS, "utf-16", "\t"),
        csv(ROWS, "utf-8", ";"),
    ],
    ids=words("xlsx xlsx1904 xls xls1904 html html-gb csv csv-bom csv-gb csv-utf16 csv-semicolon"),
)
def test_the_same_rows_come_out_of_every_kind_of_file(data):
    found = read(data)

    assert [(row.number, row.verdict, row.order_no) for row in found.rows] == [
        (4, "valid", "RO000001"),
        (6, "valid", "RO000002"),
    ]
    values = found.rows[0].values
    assert str(values["open_time"]) == "2026-09-01 08:30:00"
    assert str(values["close_time"]) == "2026-09-02 17:05:09"
    assert str(values["amount"]) == "101.50"
    assert (values["gender"], str(values["dob"]), values["mileage"]) == ("M", "1990-01-02", 12001)
    assert (values["model"], values["remark"]) == ("测试型（标准版）", "异响，请检查")


def test_a_csv_cell_may_hold_a_line_break_and_still_be_one_row():
    data = csv([SERVICE_HEADER, service_row(1, 客户描述="第一行\n第二行"), service_row(2)])

    found = read(data)

    assert [row.number for row in found.rows] == [2, 3]
    assert found.rows[0].values["remark"] == "第一行\n第二行"


def test_csv_text_kept_from_excel_by_an_equals_sign_is_unwrapped():
    text = ",".join(SERVICE_HEADER) + "\r\n" + ",".join(['="RO000001"', "测Z00001", "", "例一", '="19900000001"'])
    data = (text + ",,,,,,,,,,2026-09-02 10:00:00,,,=1+1\r\n").encode("gb18030")

    row = read(data).rows[0]

    assert (row.order_no, row.values["phone"]) == ("RO000001", "19900000001")


def test_html_rows_covered_by_a_rowspan_have_its_value():
    rows = [SERVICE_HEADER, service_row(1), service_row(2), service_row(3)]
    advisor = SERVICE_HEADER.index("服务顾问")
    rows[2][advisor] = rows[3][advisor] = Ellipsis
    rows[1][advisor] = "例跨行"

    found = read(html(rows, spans={(1, advisor): 3}))

    assert [row.values["advisor"] for row in found.rows] == ["例跨行"] * 3
    assert [row.values["amount"] for row in found.rows] == [101.5, 102.5, 103.5]


def test_html_tables_below_each_other_are_one_sheet():
    title = "<table><tr><td>测试店</td></tr><tr><td>2026-09</td></tr></table>"

    found = read(html([SERVICE_HEADER, service_row(1)], before=title))

    assert [row.number for row in found.rows] == [4]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"  \r\n \r\n", "empty"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 200, "not_spreadsheet"),
        (b"%PDF-1.7\n%\xe2\xe3", "not_spreadsheet"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "not_spreadsheet"),
        (bytes(range(256)) * 4, "not_spreadsheet"),
        (b"<html><body><p>Session expired</p></body></html>", "not_spreadsheet"),
        (b"PK\x03\x04" + b"\0" * 100, "damaged"),
        (xlsx(ROWS)[:1500], "damaged"),
        (xls(ROWS)[:3000], "damaged"),
        (zipped({"a.txt": "x"}), "not_spreadsheet"),
        (zipped({"word/document.xml": "<w/>", "[Content_Types].xml": "<Types/>"}), "not_spreadsheet"),
        (zipped({"xl/workbook.bin": "x"}), "wrong_format"),
        (zipped({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}), "wrong_format"),
        (b'<?xml version="1.0"?>\n<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">', "wrong_format"),
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/related", "wrong_format"),
        (b"\x09\x08\x06\x00\x00\x05", "wrong_format"),
        (xls(ROWS, password=True), "encrypted"),
        (compound({"EncryptionInfo": b"x", "EncryptedPackage": b"y" * 9000}), "encrypted"),
        (compound({"WordDocument": b"x" * 5000}), "not_spreadsheet"),
        ("工单号,手机号\r\n".encode() * 20 + b"\xe6\xb5\r\n", "encoding"),
        (",".join(SERVICE_HEADER).encode() + b'\r\nRO1,"open quote,\r\nRO2,x\r\nRO3,y\r\n', "quotes"),
        (b"just some words\r\nand more words\r\n", "no_header"),
    ],
)
def test_what_is_no_readable_spreadsheet_is_refused_by_name(data, code):
    assert refusal(data).code == code


def test_a_file_over_the_limit_is_refused_without_being_read(tmp_path):
    path = tmp_path / "large.xlsx"
    with open(path, "wb") as file:
        file.truncate(100 * 1024 * 1024)

    with open(path, "rb") as file, pytest.raises(Refused) as caught:
        read_file(file, path.name, now=NOW)

    assert (caught.value.code, caught.value.params) == ("too_large", {"limit": sniff.MAX_FILE_MB})


def test_a_bomb_is_refused_from_the_directory():
    parts = workbook_parts({"a": sheet_xml(ROWS)})
    parts["xl/media/image1.bin"] = b"\0" * (20 * 1024 * 1024)

    assert refusal(zipped(parts)).code == "unpacks_too_large"


def test_too_many_members_are_refused():
    parts = workbook_parts({"a": sheet_xml(ROWS)}) | {f"xl/x{number}": "" for number in range(sniff.MAX_MEMBERS)}

    assert refusal(zipped(parts)).code == "unpacks_too_large"


def test_a_directory_that_lies_about_the_size_is_refused():
    """The bytes are counted while they come out: the claim is smaller, the member goes on."""
    honest = zipped(workbook_parts({"a": sheet_xml([SERVICE_HEADER, *map(service_row, range(200))])}))
    with zipfile.ZipFile(io.BytesIO(honest)) as archive:
        member = archive.getinfo("xl/worksheets/sheet1.xml")
        start = archive.start_dir
    lying = bytearray(honest)
    place = lying.index(struct.pack("<II", member.compress_size, member.file_size), start)
    struct.pack_into("<I", lying, place + 4, 1000)

    assert refusal(bytes(lying)).code in {"damaged", "unpacks_too_large"}


def test_an_encrypted_zip_member_is_refused():
    data = bytearray(xlsx(ROWS))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        place = data.index(b"PK\x01\x02", archive.start_dir)
    data[place + 8] |= 1

    assert refusal(bytes(data)).code == "encrypted"


@pytest.mark.parametrize(
    "prologue",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
    ],
)
@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/workbook.xml"])
def test_document_types_and_entities_are_refused_in_every_part(part, prologue):
    parts = workbook_parts({"a": sheet_xml(ROWS)})
    parts[part] = '<?xml version="1.0"?>' + prologue + parts[part]

    assert refusal(zipped(parts)).code == "forbidden_xml"


def test_a_sheet_cut_in_its_xml_is_refused():
    parts = workbook_parts({"a": sheet_xml(ROWS)})
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"][:-40]

    assert refusal(zipped(parts)).code == "damaged"


@pytest.mark.parametrize("place", ["XFD1048576", "A1048576", "XFD2"])
def test_one_cell_far_away_does_not_take_all_memory(place):
    text = sheet_xml(ROWS, dimension="A1:XFD1048576")
    number = place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    far = f'<row r="{number}"><c r="{place}"><v>1</v></c></row></sheetData>'
    parts = workbook_parts({"a": text.replace("</sheetData>", far)})

    if place == "XFD2":
        # 16,384 columns of a short sheet are no danger: the rows are read.
        assert len(read(zipped(parts)).rows) == 2
    else:
        assert refusal(zipped(parts)).code == "too_many_cells"


def test_formatted_but_empty_cells_far_away_do_not_matter():
    text = sheet_xml(ROWS, dimension="A1:XFD1048576")
    far = '<row r="1048576"><c r="A1048576" s="1"/></row></sheetData>'

    found = read(zipped(workbook_parts({"a": text.replace("</sheetData>", far)})))

    assert len(found.rows) == 2


def test_a_chain_that_runs_in_a_circle_is_damage():
    data = bytearray(xls(ROWS))
    # the first directory sector of the table points to itself
    fat = 512 + struct.unpack_from("<I", data, 76)[0] * 512
    directory = struct.unpack_from("<I", data, 48)[0]
    struct.pack_into("<I", data, fat + directory * 4, directory)

    assert refusal(bytes(data)).code == "damaged"


def test_a_file_that_would_end_the_whole_process_is_only_damaged():
    """A sheet that claims to have billions of rows: the library aborts where it asks for room for them."""
    data = bytearray(xls(ROWS))
    dimensions = data.index(struct.pack("<HH", 0x0200, 14))
    struct.pack_into("<I", data, dimensions + 8, 0xC0000000)

    assert refusal(bytes(data)).code == "damaged"


def test_a_cell_far_from_its_row_does_not_take_all_memory():
    text = sheet_xml(ROWS).replace("</sheetData>", '<row r="9"><c r="XFD1048576"><v>1</v></c></row></sheetData>')

    assert refusal(zipped(workbook_parts({"a": text}))).code == "too_many_cells"


def test_reading_in_a_process_of_its_own_has_a_time_limit(monkeypatch):
    monkeypatch.setattr(sheets, "PATIENCE", 0.001)

    assert refusal(xlsx(ROWS)).code == "damaged"


def test_damaged_files_are_refused_and_never_crash():
    """Cutting and turning bytes anywhere gives rows or a refusal, nothing else."""
    for data in (xls(ROWS), xlsx(ROWS), html(ROWS), csv(ROWS, "gb18030")):
        for place in range(0, len(data), max(1, len(data) // 30)):
            for changed in (data[:place], data[:place] + b"\xff\x00\xff" + data[place + 3 :]):
                try:
                    read(changed)
                except Refused as refused:
                    assert refused.code
