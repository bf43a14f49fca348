"""Rows as bytes, the same bytes from either database: PostgreSQL's binary COPY format.

PostgreSQL reads and writes it by itself; for SQLite it is spoken here. Whole numbers are 8 bytes, reals the 8 bytes of
IEEE 754, flags 1 byte, texts UTF-8. So the hash of a table tells whether two databases hold the same, to the last bit.
"""

from collections.abc import Callable, Iterable, Sequence
from struct import Struct
from typing import Any

from rota.store.whole import Kind

HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TAIL = b"\xff\xff"
BLOCK = 1 << 18
"""About so many bytes are written at a time."""

_NULL = b"\xff\xff\xff\xff"
_SHORT, _LENGTH = Struct(">h"), Struct(">i")
_WHOLE, _REAL, _FLAG = Struct(">iq"), Struct(">id"), Struct(">i?")
_OF = {Kind.WHOLE: Struct(">q"), Kind.REAL: Struct(">d"), Kind.FLAG: Struct(">?")}


def _whole(value: int) -> bytes:
    return _WHOLE.pack(8, value)


def _real(value: float) -> bytes:
    return _REAL.pack(8, value)


def _flag(value: int) -> bytes:
    return _FLAG.pack(1, bool(value))


def _text(value: str) -> bytes:
    data = value.encode()
    return _LENGTH.pack(len(data)) + data


_FORMATS: dict[Kind, Callable[[Any], bytes]] = {
    Kind.WHOLE: _whole,
    Kind.REAL: _real,
    Kind.FLAG: _flag,
    Kind.TEXT: _text,
}


def encode(kinds: Sequence[Kind], rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows without head and tail. Raises TypeError, struct.error for a value that is not of its column's kind."""
    formats = [_FORMATS[kind] for kind in kinds]
    head = _SHORT.pack(len(kinds))
    parts = []
    for row in rows:
        parts.append(head)
        parts += [_NULL if value is None else put(value) for put, value in zip(formats, row, strict=True)]
    return b"".join(parts)


class Malformed(Exception):
    """Bytes that are no rows of the kinds that they are to be."""


class Decoder:
    """Turns bytes back into rows, however they are cut."""

    def __init__(self, kinds: Sequence[Kind]) -> None:
        self._reads = [_OF[kind].unpack_from if kind in _OF else None for kind in kinds]
        self._sizes = [_OF[kind].size if kind in _OF else None for kind in kinds]
        self._rest = b""
        self._begun = self.ended = False

    def feed(self, data: bytes) -> list[list[Any]]:
        """The rows that are complete with these bytes. Raises Malformed."""
        data = self._rest + data
        at, rows = 0, []
        if not self._begun:
            if len(data) < len(HEAD):
                self._rest = data
                return []
            if not data.startswith(HEAD):
                raise Malformed
            self._begun, at = True, len(HEAD)
        while (found := self._row(data, at)) is not None:
            row, at = found
            rows.append(row)
        self._rest = data[at:]
        return rows

    def _row(self, data: bytes, at: int) -> tuple[list[Any], int] | None:
        """A row and where it ends; None where it is not complete, or the last one was."""
        if len(data) - at < 2 or self.ended:
            return None
        count = _SHORT.unpack_from(data, at)[0]
        if count == -1:
            self.ended = True
            return None
        if count != len(self._reads):
            raise Malformed
        at += 2
        row: list[Any] = []
        for read, size in zip(self._reads, self._sizes, strict=True):
            if len(data) - at < 4:
                return None
            length = _LENGTH.unpack_from(data, at)[0]
            at += 4
            if length == -1:
                row.append(None)
                continue
            if len(data) - at < length:
                return None
            if read is None:
                row.append(data[at : at + length].decode())
            elif length == size:
                row.append(read(data, at)[0])
            else:
                raise Malformed
            at += length
        return row, at
