"""What calamine does not tell about a BIFF workbook: its password, its epoch and the marks of its sheets.

Only the few record kinds below are looked at; calamine reads the values themselves.
"""

import struct

from .codes import Refused
from .marks import Marks

BOF = {0x0809, 0x0409, 0x0209, 0x0009}
EOF_RECORD = 0x000A
FILEPASS, DATEMODE, BOUNDSHEET = 0x002F, 0x0022, 0x0085
FORMULA = {0x0006, 0x0206, 0x0406}
BOOLERR, MULRK, ROW = 0x0205, 0x00BD, 0x0208
ONE_CELL = FORMULA | {BOOLERR, 0x0203, 0x0204, 0x00FD, 0x027E, 0x00D6}

HEADER = struct.Struct("<HH")
CELL = struct.Struct("<HH")


def scan(stream: bytes) -> tuple[bool, list[Marks]]:
    """Whether the workbook counts days from 1904, and the marks of each sheet in workbook order.

    Refuses a workbook with a password or cut in the middle of its first part.
    """
    if len(stream) < 4 or HEADER.unpack_from(stream, 0)[0] not in BOF:
        raise Refused("damaged")
    since_1904, offsets, ended = False, [], False
    for kind, body in _records(stream, 0):
        if kind == FILEPASS:
            raise Refused("encrypted")
        if kind == DATEMODE and len(body) >= 2:
            since_1904 = body[:2] == b"\x01\x00"
        elif kind == BOUNDSHEET and len(body) >= 4:
            offsets.append(struct.unpack_from("<I", body, 0)[0])
        ended = kind == EOF_RECORD
    if not ended:
        raise Refused("damaged")
    return since_1904, [_scan_sheet(stream, offset) for offset in offsets]


def _records(stream: bytes, offset: int):
    """The records of one substream, up to and with its EOF; embedded charts are passed over."""
    depth, size = 0, len(stream)
    while offset + 4 <= size:
        kind, length = HEADER.unpack_from(stream, offset)
        begin = offset + 4
        offset = begin + length
        if offset > size:
            return
        if kind in BOF:
            depth += 1
            continue
        if kind == EOF_RECORD:
            depth -= 1
            if depth <= 0:
                yield kind, b""
                return
        elif depth == 1:
            yield kind, stream[begin:offset]


def _scan_sheet(stream: bytes, offset: int) -> Marks:
    marks = Marks()
    ended = False
    for kind, body in _records(stream, offset):
        if kind in ONE_CELL and len(body) >= 4:
            row, column = CELL.unpack_from(body, 0)
            marks.use(row, column, column)
            if kind in FORMULA:
                _note_formula(marks, body, row, column)
            elif kind == BOOLERR and len(body) >= 8 and body[7] == 1:
                marks.errors.add((row, column))
        elif kind == MULRK and len(body) >= 6:
            row, first = CELL.unpack_from(body, 0)
            marks.use(row, first, struct.unpack_from("<H", body, len(body) - 2)[0])
        elif kind == ROW and len(body) >= 14 and struct.unpack_from("<H", body, 12)[0] & 0x20:
            marks.hidden_rows += 1
        ended = kind == EOF_RECORD
    if not ended:
        raise Refused("damaged")
    return marks


def _note_formula(marks: Marks, body: bytes, row: int, column: int) -> None:
    """Excel keeps a formula's result in 8 bytes; FF FF at their end says it is not a number."""
    if len(body) < 14 or body[12:14] != b"\xff\xff":
        return
    if body[6] == 2:
        marks.errors.add((row, column))
    elif body[6] == 3:
        marks.uncached.add((row, column))
