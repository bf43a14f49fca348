"""Rows as bytes, the same bytes from either database: PostgreSQL's binary COPY format.

PostgreSQL reads and writes it by itself; for SQLite it is spoken here. Whole numbers are 8 bytes, reals the 8 bytes of
IEEE 754, flags 1 byte, texts UTF-8. So the hash of a table tells whether two databases hold the same, to the last bit.

Both directions go column by column, in which a value costs half as much as it does row by row.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, repeat
from struct import Struct, error, unpack
from typing import Any

from rota.store.whole import Kind

HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TAIL = b"\xff\xff"
BLOCK = 1 << 18
"""About so many bytes are written at a time."""

Column = Sequence[Any]

_NULL = b"\xff\xff\xff\xff"
_COUNT, _LENGTH = Struct(">h"), Struct(">i")


class Malformed(Exception):
    """Bytes that are no rows of the kinds that they are to be."""


def encode(kinds: Sequence[Kind], rows: Sequence[Sequence[Any]]) -> bytes:
    """Rows without head and tail. Raises TypeError, AttributeError, struct.error for values that are not of their
    columns' kinds."""
    if not rows:
        return b""
    columns = [_FORMATS[kind](column) for kind, column in zip(kinds, zip(*rows, strict=True), strict=True)]
    heads = repeat(_COUNT.pack(len(kinds)), len(rows))
    return b"".join(chain.from_iterable(zip(heads, *columns, strict=True)))


class Decoder:
    """Turns bytes back into rows, however they are cut."""

    def __init__(self, kinds: Sequence[Kind]) -> None:
        self._kinds = kinds
        self._rest = b""
        self._begun = self.ended = False

    def feed(self, data: bytes) -> Iterator[tuple[Any, ...]]:
        """The rows that are complete with these bytes. Raises Malformed."""
        data = self._rest + data
        at = 0 if self._begun else self._after_head(data)
        values: list[bytes | None] = []
        while (after := self._take(data, at, values)) > at:
            at = after
        self._rest = data[at:]
        width = len(self._kinds)
        columns = (_READS[kind](values[number::width]) for number, kind in enumerate(self._kinds))
        return zip(*columns, strict=True)

    def _after_head(self, data: bytes) -> int:
        if len(data) < len(HEAD):
            return 0
        if not data.startswith(HEAD):
            raise Malformed
        self._begun = True
        return len(HEAD)

    def _take(self, data: bytes, at: int, values: list[bytes | None]) -> int:
        """Add the values of the row there; where it ends, or `at` where it is not complete, or the last one was."""
        if len(data) - at < 2 or self.ended or not self._begun:
            return at
        count = _COUNT.unpack_from(data, at)[0]
        if count == -1:
            self.ended = True
            return at
        if count != len(self._kinds):
            raise Malformed
        row, end = self._values(data, at + 2)
        if end > len(data):
            return at
        values += row
        return end

    def _values(self, data: bytes, at: int) -> tuple[list[bytes | None], int]:
        """A row's values and where it ends: beyond the data, where it is not complete."""
        found: list[bytes | None] = []
        lengths = _LENGTH.unpack_from
        try:
            for _ in self._kinds:
                length = lengths(data, at)[0]
                at += 4
                if length < 0:
                    found.append(None)
                else:
                    found.append(data[at : at + length])
                    at += length
        except error:
            return found, len(data) + 1
        return found, at


def _fixed(letter: str) -> Callable[[Column], Iterable[bytes]]:
    """Values of a fixed size after their length."""
    both, size = Struct(f">i{letter}").pack, Struct(f">{letter}").size

    def put(column: Column) -> Iterable[bytes]:
        if None in column:
            return [_NULL if value is None else both(size, value) for value in column]
        return map(both, repeat(size), column)

    return put


def _texts(column: Column) -> Iterable[bytes]:
    length = _LENGTH.pack
    if None in column:
        return [_NULL if value is None else length(len(data := value.encode())) + data for value in column]
    return [length(len(data)) + data for data in map(str.encode, column)]


def _read_fixed(letter: str) -> Callable[[Column], Column]:
    one = Struct(f">{letter}")

    def read(column: Column) -> Column:
        present = [value for value in column if value is not None]
        if {*map(len, present)} - {one.size}:
            raise Malformed
        values = unpack(f">{len(present)}{letter}", b"".join(present))
        if len(present) == len(column):
            return values
        rest = iter(values)
        return [None if value is None else next(rest) for value in column]

    return read


def _read_texts(column: Column) -> Column:
    return [None if value is None else value.decode() for value in column]


_FORMATS: Mapping[Kind, Callable[[Column], Iterable[bytes]]] = {
    Kind.WHOLE: _fixed("q"),
    Kind.REAL: _fixed("d"),
    Kind.FLAG: _fixed("?"),
    Kind.TEXT: _texts,
}

_READS: Mapping[Kind, Callable[[Column], Column]] = {
    Kind.WHOLE: _read_fixed("q"),
    Kind.REAL: _read_fixed("d"),
    Kind.FLAG: _read_fixed("?"),
    Kind.TEXT: _read_texts,
}
