"""Files as dealers' systems make them, built in memory: xlsx, BIFF .xls, HTML named .xls, csv.

All people, cars and numbers are made up; phones come from 199-0000-xxxx.
"""

import io
import struct
import zipfile
from datetime import datetime
from xml.sax.saxutils import escape

from surveys.dms.grid import Odd

NOW = datetime(2026, 11, 21, 12, 0)  # noqa: DTZ001 - the store's wall time
EPOCHS = {False: datetime(1899, 12, 30), True: datetime(1904, 1, 1)}  # noqa: DTZ001


def words(text: str) -> list[str]:
    return text.split()


SERVICE_HEADER = words(
    "工单号 车牌号 VIN 客户姓名 手机号 性别 出生日期 品牌 车型 服务类型 行驶里程 服务顾问 "
    "维修技师 开单时间 结算时间 金额 地区 客户描述"
)
SALE_HEADER = words("销售单号 车架号 客户姓名 联系电话 性别 生日 品牌 车型 销售顾问 下单日期 交车日期 成交价 地区")


class Formula:
    """A formula cell with the result the file keeps for it (None: none at all)."""

    def __init__(self, text, result=None):
        self.text, self.result = text, result


def vin(number: int) -> str:
    return f"L00TEST00{number:08d}"


def service_row(number: int, **changes) -> list:
    """A good repair order; `changes` replace cells by heading."""
    row = dict(
        zip(
            SERVICE_HEADER,
            (
                f"RO{number:06d}",
                f"测Z{number:05d}",
                vin(number),
                f"例{chr(0x4E00 + number % 500)}",
                f"1990000{number % 10000:04d}",
                "男",
                "1990-01-02",
                "测试牌",
                "测试型（标准版）",
                "定期保养",
                12000 + number,
                "例顾问",
                "例技师",
                datetime(2026, 9, 1, 8, 30),  # noqa: DTZ001
                datetime(2026, 9, 2, 17, 5, 9),  # noqa: DTZ001
                100.5 + number,
                "测试省测试市",
                "异响，请检查",
            ),
            strict=True,
        )
    )
    return list((row | changes).values())


def sale_row(number: int, **changes) -> list:
    row = dict(
        zip(
            SALE_HEADER,
            (
                f"SO{number:06d}",
                vin(number),
                f"例{chr(0x4E00 + number % 500)}",
                f"1990000{number % 10000:04d}",
                "女",
                "1985-06-07",
                "测试牌",
                "测试型",
                "例销售",
                datetime(2026, 8, 20),  # noqa: DTZ001
                datetime(2026, 9, 1),  # noqa: DTZ001
                188000,
                "测试省测试市",
            ),
            strict=True,
        )
    )
    return list((row | changes).values())


# --- xlsx, written by hand so that every oddity of the format can be put in -----------------------------------

RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>'
)


HIDDEN = ' hidden="1"'


def column_letters(index: int) -> str:
    letters, index = "", index + 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def serial(moment: datetime, since_1904: bool = False) -> float:
    return (moment - EPOCHS[since_1904]).total_seconds() / 86400


def cell_xml(row: int, column: int, value, since_1904: bool) -> str:
    place = f'r="{column_letters(column)}{row}"'
    if value is None or value == "":
        return ""
    if value is Odd.ERROR:
        return f'<c {place} t="e"><v>#N/A</v></c>'
    if isinstance(value, Formula):
        result = "<v></v>" if value.result is None else f"<v>{escape(str(value.result))}</v>"
        kind = ' t="str"' if isinstance(value.result, str) else ""
        return f"<c {place}{kind}><f>{escape(value.text)}</f>{result}</c>"
    if isinstance(value, datetime):
        return f'<c {place} s="1"><v>{serial(value, since_1904)!r}</v></c>'
    if isinstance(value, int | float):
        return f"<c {place}><v>{value!r}</v></c>"
    return f'<c {place} t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def sheet_xml(rows, *, merges=(), since_1904=False, first_row=1, hidden_rows=(), dimension="") -> str:
    body = "".join(
        f'<row r="{number}"{HIDDEN if number in hidden_rows else ""}>'
        + "".join(cell_xml(number, column, value, since_1904) for column, value in enumerate(row))
        + "</row>"
        for number, row in enumerate(rows, first_row)
    )
    ranges = "".join(f'<mergeCell ref="{merge}"/>' for merge in merges)
    merged = f"<mergeCells>{ranges}</mergeCells>" if ranges else ""
    told = f'<dimension ref="{dimension}"/>' if dimension else ""
    return f'<worksheet xmlns="{MAIN}">{told}<sheetData>{body}</sheetData>{merged}</worksheet>'


def workbook_parts(sheets: dict[str, str], *, since_1904=False, states=None) -> dict[str, str]:
    """The parts of an xlsx by name; `sheets` maps sheet names to their XML."""
    states = states or {}
    named = "".join(
        f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}"'
        + (f' state="{states[name]}"' if name in states else "")
        + "/>"
        for number, name in enumerate(sheets, 1)
    )
    date_system = '<workbookPr date1904="1"/>' if since_1904 else ""
    relations = "".join(
        f'<Relationship Id="rId{number}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in range(1, len(sheets) + 1)
    )
    relations += f'<Relationship Id="rId900" Type="{RELATIONS}/styles" Target="styles.xml"/>'
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
        for number in range(1, len(sheets) + 1)
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
        f"{types}</Types>",
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">{date_system}'
        f"<sheets>{named}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{relations}</Relationships>',
        "xl/styles.xml": STYLES,
    }
    for number, text in enumerate(sheets.values(), 1):
        parts[f"xl/worksheets/sheet{number}.xml"] = text
    return parts


def zipped(parts: dict[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return file.getvalue()


def xlsx(rows, name="维修工单", *, since_1904=False, **options) -> bytes:
    """A workbook of one sheet."""
    text = sheet_xml(rows, since_1904=since_1904, **options)
    return zipped(workbook_parts({name: text}, since_1904=since_1904))


def workbook(sheets: dict[str, list], states=None) -> bytes:
    """A workbook of several sheets, each a list of rows."""
    return zipped(workbook_parts({name: sheet_xml(rows) for name, rows in sheets.items()}, states=states))


# --- the compound file and BIFF8 ---------------------------------------------------------------------------------


def compound(streams: dict[str, bytes]) -> bytes:
    """A compound file (D0CF) with the streams, each padded past the size of a small stream."""
    sector = 512
    blocks: list[bytes] = []
    table: list[int] = []

    def put(data: bytes) -> int:
        count = max(1, -(-len(data) // sector))
        start = len(blocks)
        for index in range(count):
            blocks.append(data[index * sector : (index + 1) * sector].ljust(sector, b"\0"))
            table.append(start + index + 1)
        table[-1] = 0xFFFFFFFE
        return start

    entries = [_directory_entry("Root Entry", 5, 0xFFFFFFFE, 0, child=1)]
    for number, (name, data) in enumerate(streams.items(), 1):
        padded = data.ljust(4096, b"\0")
        following = number + 1 if number < len(streams) else 0xFFFFFFFF
        entries.append(_directory_entry(name, 2, put(padded), len(padded), right=following))
    while len(entries) % 4:
        entries.append(_directory_entry("", 0, 0, 0))
    directory = put(b"".join(entries))
    fat_start = len(blocks)
    fat_count = 1
    while fat_count * (sector // 4) < fat_start + fat_count:
        fat_count += 1
    table += [0xFFFFFFFD] * fat_count
    table += [0xFFFFFFFF] * (fat_count * (sector // 4) - len(table))
    fat = struct.pack(f"<{len(table)}I", *table)
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    struct.pack_into("<HHHHH", header, 24, 0x3E, 3, 0xFFFE, 9, 6)
    struct.pack_into("<IIIII", header, 44, fat_count, directory, 0, 4096, 0xFFFFFFFE)
    struct.pack_into("<III", header, 64, 0, 0xFFFFFFFE, 0)
    places = [fat_start + index for index in range(fat_count)] + [0xFFFFFFFF] * (109 - fat_count)
    struct.pack_into("<109I", header, 76, *places)
    return bytes(header) + b"".join(blocks) + fat


def _directory_entry(name, kind, start, size, *, right=0xFFFFFFFF, child=0xFFFFFFFF) -> bytes:
    entry = bytearray(128)
    text = name.encode("utf-16-le")
    entry[: len(text)] = text
    struct.pack_into("<HBB", entry, 64, len(text) + 2 if name else 0, kind, 1)
    struct.pack_into("<III", entry, 68, 0xFFFFFFFF, right, child)
    struct.pack_into("<II", entry, 116, start, size)
    return bytes(entry)


def record(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def xls(rows, name="维修工单", *, since_1904=False, merges=(), password=False, hidden_rows=()) -> bytes:
    """A BIFF8 workbook; `merges` are 0-based (first row, last row, first column, last column)."""
    begin = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0x0DBB, 0x07CC, 0, 6))
    opening = begin + record(0x0042, struct.pack("<H", 1200))
    if password:
        opening += record(0x002F, struct.pack("<HHH", 0, 0x1234, 0x5678))
    opening += record(0x0022, struct.pack("<H", 1 if since_1904 else 0))
    for number_format in (0, 22):
        opening += record(0x00E0, struct.pack("<HHHBBBBIIH", 0, number_format, 0, 0x20, 0, 0, 0, 0, 0, 0x20C0))
    title = name.encode("utf-16-le")
    named = struct.pack("<BB", len(name), 1) + title
    after = record(0x000A)
    offset = len(opening) + len(record(0x0085, struct.pack("<IH", 0, 0) + named)) + len(after)
    opening += record(0x0085, struct.pack("<IH", offset, 0) + named) + after
    return compound({"Workbook": opening + _biff_sheet(rows, since_1904, merges, hidden_rows)})


def _biff_sheet(rows, since_1904, merges, hidden_rows) -> bytes:
    rows = list(rows)
    width = max(map(len, rows), default=0)
    body = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0x0DBB, 0x07CC, 0, 6))
    body += record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0))
    for number in hidden_rows:
        body += record(0x0208, struct.pack("<HHHHHHHH", number - 1, 0, width, 0xFF, 0, 0, 0x0120, 0x0F))
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            body += _biff_cell(number, column, value, since_1904)
    if merges:
        body += record(
            0x00E5, struct.pack("<H", len(merges)) + b"".join(struct.pack("<4H", *merge) for merge in merges)
        )
    return body + record(0x000A)


def _biff_cell(row, column, value, since_1904) -> bytes:
    if value is None or value == "":
        return b""
    place = struct.pack("<HH", row, column)
    if value is Odd.ERROR:
        return record(0x0205, place + struct.pack("<HBB", 0, 42, 1))
    if isinstance(value, Formula):
        kept = b"\x03\0\0\0\0\0\xff\xff" if value.result is None else struct.pack("<d", value.result)
        return record(0x0006, place + struct.pack("<H", 0) + kept + struct.pack("<HIH", 0, 0, 3) + b"\x1e\x01\x00")
    if isinstance(value, datetime):
        return record(0x0203, place + struct.pack("<Hd", 1, serial(value, since_1904)))
    if isinstance(value, int | float):
        return record(0x0203, place + struct.pack("<Hd", 0, value))
    text = value.encode("utf-16-le")
    return record(0x0204, place + struct.pack("<HHB", 0, len(text) // 2, 1) + text)


# --- text ----------------------------------------------------------------------------------------------------------


def as_text(value) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return str(value)


def csv(rows, encoding="utf-8", delimiter=",") -> bytes:
    lines = []
    for row in rows:
        cells = [as_text(value) for value in row]
        lines.append(
            delimiter.join(
                '"' + cell.replace('"', '""') + '"' if any(sign in cell for sign in f'"\n{delimiter}') else cell
                for cell in cells
            )
        )
    return "\r\n".join([*lines, ""]).encode(encoding)


def html(rows, *, charset="utf-8", spans=None, before="") -> bytes:
    """An HTML table as systems send it under the name .xls; `spans` gives (row, column) a rowspan."""
    spans = spans or {}
    lines = []
    for number, row in enumerate(rows):
        cells = []
        for column, value in enumerate(row):
            if value is Ellipsis:  # covered by a cell above
                continue
            span = f' rowspan="{spans[number, column]}"' if (number, column) in spans else ""
            cells.append(f"<td{span}>{escape(as_text(value))}</td>")
        lines.append(f"<tr>{''.join(cells)}</tr>")
    text = (
        f'<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head>'
        f'<meta http-equiv="Content-Type" content="text/html; charset={charset}"></head><body>{before}'
        f"<table border=1>{''.join(lines)}</table></body></html>"
    )
    return text.encode({"gb2312": "gb18030"}.get(charset, charset))
