"""What kind of file this is, told from its bytes and never from its name; refuses what is no spreadsheet.

A zip is judged before anything unpacks it: first by what its directory claims, then by counting the bytes
that really come out, because a directory may lie.
"""

import copy
import zipfile
import zlib
from typing import BinaryIO

from . import cfb
from .codes import Refused

MAX_FILE_MB = 50
MAX_MEMBERS = 2_000
MAX_UNPACKED = 200 * 1024 * 1024
MAX_RATIO = 200
# Below this size a high ratio is only an empty style sheet, not a bomb.
RATIO_FREE = 1024 * 1024

FOREIGN = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"%PDF", b"7z\xbc\xaf", b"Rar!", b"\x1f\x8b", b"{\\rtf")
TEXT_BOMS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")
BINARY_BYTES = bytes(range(0x09)) + b"\x0b" + bytes(range(0x0E, 0x20))


def kind_of(file: BinaryIO) -> str:
    """Tell xlsx, xls or text for a seekable binary file, left at its start.

    Refuses with `Refused` when it is empty, too large, encrypted, damaged or no spreadsheet at all.
    """
    size = file.seek(0, 2)
    file.seek(0)
    if size == 0:
        raise Refused("empty")
    if size > MAX_FILE_MB * 1024 * 1024:
        raise Refused("too_large", limit=MAX_FILE_MB)
    head = file.read(64 * 1024)
    file.seek(0)
    if head.startswith(b"PK"):
        check_zip(file)
        return "xlsx"
    if head.startswith(cfb.MAGIC):
        return "xls"
    if head[:2] == b"\x09\x08" or head[:4] in (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00"):
        raise Refused("wrong_format", format="Excel 2–4")
    if head.startswith(FOREIGN):
        raise Refused("not_spreadsheet")
    if not head.strip():
        raise Refused("empty")
    if not head.startswith(TEXT_BOMS) and any(byte in BINARY_BYTES for byte in head):
        raise Refused("not_spreadsheet")
    return "text"


def check_zip(file: BinaryIO) -> None:
    """Refuse a zip that is no workbook, is cut off or encrypted, or would unpack to too much."""
    try:
        with zipfile.ZipFile(file) as archive:
            _check_members(archive)
            _count_bytes(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as broken:
        raise Refused("damaged") from broken
    finally:
        file.seek(0)


def _check_members(archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise Refused("unpacks_too_large")
    if any(member.flag_bits & 0x1 for member in members):
        raise Refused("encrypted")
    total = sum(member.file_size for member in members)
    worst = max((_ratio(member.file_size, member.compress_size) for member in members), default=0)
    if total > MAX_UNPACKED or worst > MAX_RATIO:
        raise Refused("unpacks_too_large")
    names = {member.filename for member in members}
    if len(names) != len(members):
        raise Refused("damaged")
    _check_is_workbook(archive, names)


def _check_is_workbook(archive: zipfile.ZipFile, names: set[str]) -> None:
    if "xl/workbook.xml" in names:
        return
    if "xl/workbook.bin" in names:
        raise Refused("wrong_format", format=".xlsb")
    if "mimetype" in names and b"opendocument.spreadsheet" in archive.read("mimetype")[:200]:
        raise Refused("wrong_format", format=".ods")
    raise Refused("not_spreadsheet")


def _ratio(unpacked: int, packed: int) -> float:
    return unpacked / max(packed, 1) if unpacked > RATIO_FREE else 0


def _count_bytes(archive: zipfile.ZipFile) -> None:
    """Unpack every member into nothing and count; stop as soon as it is more than the directory said."""
    for member in archive.infolist():
        claimed = member.file_size
        # zipfile reads no further than the directory's claim; a copy with room shows what really comes out.
        open_ended = copy.copy(member)
        open_ended.file_size = claimed + 1
        seen = 0
        with archive.open(open_ended) as stream:
            while chunk := stream.read(256 * 1024):
                seen += len(chunk)
                if seen > claimed:
                    raise Refused("unpacks_too_large")
        if seen != claimed:
            raise Refused("damaged")
