"""Just enough of the compound file (the D0CF container of old .xls and of encrypted files) to look inside.

Every number in the file is distrusted: a chain that runs outside the file or in a circle is damage.
"""

import struct

from .codes import Refused

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
END_OF_CHAIN = 0xFFFFFFFE
FIRST_SPECIAL = 0xFFFFFFFA


class CompoundFile:
    """The streams of a compound file held in memory; `streams` maps names to (start, size)."""

    def __init__(self, data: bytes):
        if len(data) < 512 or not data.startswith(MAGIC):
            raise Refused("damaged")
        self._data = data
        shift, mini_shift = struct.unpack_from("<HH", data, 30)
        if shift not in (9, 12) or mini_shift != 6:
            raise Refused("damaged")
        self._sector, self._mini_sector = 1 << shift, 1 << mini_shift
        directory, self._cutoff, mini_start = (struct.unpack_from("<I", data, offset)[0] for offset in (48, 56, 60))
        self._table = self._read_table()
        entries = self._chain(directory, self._table)
        self.streams: dict[str, tuple[int, int]] = {}
        self._root = b""
        self._read_directory(b"".join(entries))
        mini = b"".join(self._chain(mini_start, self._table)) if mini_start < FIRST_SPECIAL else b""
        self._mini_table = struct.unpack(f"<{len(mini) // 4}I", mini[: len(mini) // 4 * 4])

    def read(self, name: str) -> bytes:
        """The bytes of a stream. Refuses a file whose chain is cut or circular."""
        start, size = self.streams[name]
        if size < self._cutoff:
            parts = self._mini_chain(start, size)
        else:
            parts = self._chain(start, self._table)
        data = b"".join(parts)
        if len(data) < size:
            raise Refused("damaged")
        return data[:size]

    def _block(self, number: int) -> bytes:
        begin = 512 + number * self._sector if self._sector == 512 else (number + 1) * self._sector
        block = self._data[begin : begin + self._sector]
        if not block:
            raise Refused("damaged")
        return block

    def _read_table(self) -> tuple[int, ...]:
        places = list(struct.unpack_from("<109I", self._data, 76))
        following = struct.unpack_from("<I", self._data, 68)[0]
        seen = set()
        while following < FIRST_SPECIAL:
            if following in seen:
                raise Refused("damaged")
            seen.add(following)
            numbers = struct.unpack(f"<{self._sector // 4}I", self._whole_block(following))
            places += numbers[:-1]
            following = numbers[-1]
        blocks = [self._whole_block(place) for place in places if place < FIRST_SPECIAL]
        joined = b"".join(blocks)
        return struct.unpack(f"<{len(joined) // 4}I", joined)

    def _whole_block(self, number: int) -> bytes:
        block = self._block(number)
        if len(block) < self._sector:
            raise Refused("damaged")
        return block

    def _chain(self, start: int, table: tuple[int, ...]) -> list[bytes]:
        parts, number = [], start
        while number < FIRST_SPECIAL:
            if number >= len(table) or len(parts) > len(table):
                raise Refused("damaged")
            parts.append(self._block(number))
            number = table[number]
        return parts

    def _mini_chain(self, start: int, size: int) -> list[bytes]:
        parts, number = [], start
        while number < FIRST_SPECIAL and len(parts) * self._mini_sector < size:
            if number >= len(self._mini_table):
                raise Refused("damaged")
            begin = number * self._mini_sector
            parts.append(self._root[begin : begin + self._mini_sector])
            number = self._mini_table[number]
        return parts

    def _read_directory(self, data: bytes) -> None:
        for begin in range(0, len(data) - 127, 128):
            entry = data[begin : begin + 128]
            length, kind = struct.unpack_from("<HB", entry, 64)
            start, size = struct.unpack_from("<IQ", entry, 116)
            size &= 0xFFFFFFFF
            if kind == 5 and start < FIRST_SPECIAL:
                self._root = b"".join(self._chain(start, self._table))
            if kind != 2 or not 2 <= length <= 64:
                continue
            name = entry[: length - 2].decode("utf-16-le", "replace")
            self.streams[name] = (start, size)
