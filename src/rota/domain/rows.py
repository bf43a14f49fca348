"""Rows of a bulk job's CSV: one streaming pass checks, counts and indexes an upload; readers and writers of its parts.

RFC 4180 as contracts/kazoo.md ("CSV in", "CSV out") has it. Bytes in, values out: no files, no sockets. How a block is
taken apart is in `scan`; here is what is remembered from one block to the next.
"""

import codecs
import csv
import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from rota.domain.scan import Block, FormatFault, Places, Shape, count_lines, cut, read_checked

__all__ = [
    "ROW_LIMIT",
    "FormatFault",
    "Scan",
    "Scanner",
    "Span",
    "Transcoder",
    "format_rows",
    "read_rows",
    "split_rows",
    "transcoder",
]

ROW_LIMIT = 4 << 20  # longest row, bytes, its line end not counted
MISSING_SHOWN = 100  # contracts/kazoo.md, "Create"
_BLOCK = 256 << 10  # bytes scanned at once: 1 MiB is up to 13 % faster, in four times the memory

# Text encodings in name only: they are of Python, not of files, and some decode differently when cut differently.
_NOT_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})
_UTF8 = frozenset({"ascii", "utf-8", "utf-8-sig"})


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive rows, one future chunk. Bytes `start:end` of the UTF-8 blob; rows from `first_row`, 0-based."""

    first_row: int
    rows: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Scan:
    """What a sound file holds. Rows and spans leave out the header and blank lines.

    `missing_values`: rows with an empty mandatory cell, in input order, each its unquoted cells joined by commas; at
    most 100 of them and at most ROW_LIMIT characters together (the one that passes it still fits). `more_missing`: how
    many such rows besides.
    """

    header: tuple[str, ...]
    rows: int
    spans: tuple[Span, ...]
    missing_values: tuple[str, ...]
    more_missing: int


@dataclass(slots=True)
class _Spans:
    """Cuts rows into spans: one closes at `chunk_rows` rows or `chunk_bytes` bytes, whichever comes first."""

    chunk_rows: int
    chunk_bytes: int
    rows: int = 0  # seen in all
    closed: list[Span] = field(default_factory=list)
    open: Span | None = None

    def add(self, starts: Places, ends: Places) -> None:
        """Rows from offset `starts` to `ends` of the blob, shape (rows,) each."""
        done = 0
        while done < len(starts):
            span = self.open or Span(self.rows, 0, int(starts[done]), 0)
            filled = done + int(np.searchsorted(ends[done:], span.start + self.chunk_bytes)) + 1
            until = min(len(starts), done + self.chunk_rows - span.rows, filled)
            self._extend(span, until - done, int(ends[until - 1]))
            done = until

    def _extend(self, span: Span, rows: int, end: int) -> None:
        self.rows += rows
        self.open = Span(span.first_row, span.rows + rows, span.start, end)
        if self.open.rows >= self.chunk_rows or end - span.start >= self.chunk_bytes:
            self.closed.append(self.open)
            self.open = None

    def all(self, size: int) -> tuple[Span, ...]:
        """All spans, the open one closed; the last ends with the blob, of `size` bytes, at the latest."""
        *spans, last = [*self.closed, *filter(None, [self.open])]
        return (*spans, replace(last, end=min(last.end, size)))


@dataclass(slots=True)
class _Missing:
    """The first rows with an empty mandatory cell, and the number of the others."""

    shown: list[str] = field(default_factory=list)
    characters: int = 0
    more: int = 0

    def add(self, data: bytes, block: Block) -> None:
        for number, row in enumerate(block.missing):
            if len(self.shown) == MISSING_SHOWN or self.characters >= ROW_LIMIT or self.more:
                self.more += len(block.missing) - number
                return
            self._show(data[block.starts[row] : block.ends[row]])

    def _show(self, row: bytes) -> None:
        text = ",".join(next(read_rows(row)))
        self.shown.append(text)
        self.characters += len(text)


class Scanner:
    """One pass over a CSV in blocks of any size; `finish` gives the Scan. Both raise FormatFault, for the first fault.

    `mandatory`: header names whose cells must not be empty; names the header lacks are ignored. Holds at most
    `row_limit` + 2 * `block_size` bytes of the file and about 60 bytes per cell of one block.
    """

    def __init__(
        self,
        *,
        mandatory: Collection[str] = (),
        chunk_rows: int = 20_000,
        chunk_bytes: int = 1 << 20,
        block_size: int = _BLOCK,
        row_limit: int = ROW_LIMIT,
    ) -> None:
        self._mandatory = mandatory
        self._block_size = block_size
        self._wanted = max(block_size, len(codecs.BOM_UTF8))  # bytes to hold before the next scan
        self._row_limit = row_limit
        self._held = bytearray()
        self._offset = 0  # of the first byte held, in the blob
        self._line = 1  # of the first byte held
        self._at_start = True
        self._header: tuple[str, ...] = ()
        self._shape = Shape(0, (), row_limit)
        self._spans = _Spans(chunk_rows, chunk_bytes)
        self._missing = _Missing()

    def feed(self, block: bytes | memoryview) -> None:
        """The next bytes of the file, as many as there are. Raises FormatFault."""
        view = memoryview(block).cast("B")
        for start in range(0, len(view), self._block_size):
            self._held += view[start : start + self._block_size]
            if len(self._held) >= self._wanted:
                self._hold(self._scan(bytes(self._held)))

    def finish(self, *, truncated_ok: bool = True) -> Scan:
        """The end of the file. Raises FormatFault; without `truncated_ok` also for a last row without a line end."""
        tail = self._scan(bytes(self._held))
        size = self._offset + len(tail)
        if tail and not truncated_ok and tail[-1:] not in b"\r\n":
            raise FormatFault(self._line, "the last row does not end with a line end")
        # One line end more completes the last row; where none was wanted it makes a blank line, and that is skipped.
        if self._scan(tail + b"\n" if tail else b""):
            raise FormatFault(self._line, "a quote is opened and never closed")
        return self._sum_up(size)

    def _sum_up(self, size: int) -> Scan:
        if not self._header:
            raise FormatFault(1, "the file has no header")
        if not self._spans.rows:
            raise FormatFault(self._line, "the file has a header and no rows")
        missing = self._missing
        return Scan(self._header, self._spans.rows, self._spans.all(size), tuple(missing.shown), missing.more)

    def _hold(self, tail: bytes) -> None:
        self._held = bytearray(tail)
        # A long row is read again from its start; waiting for twice as much keeps the sum of that linear.
        self._wanted = max(self._block_size, min(2 * len(tail), self._row_limit + self._block_size))

    def _scan(self, data: bytes) -> bytes:
        """Take the complete rows of `data`, which begins at a row start; what is left is returned."""
        if self._at_start and data:
            data = self._drop(data, len(codecs.BOM_UTF8) * data.startswith(codecs.BOM_UTF8))
            self._at_start = False
        if not self._header:
            data = self._read_header(data)
        if not (data and self._header):
            return data
        block = cut(data, self._shape, self._line)
        self._spans.add(block.starts + self._offset, block.ends + self._offset)
        self._missing.add(data, block)
        return self._drop(data, block.used, block.lines)

    def _drop(self, data: bytes, used: int, lines: int = 0) -> bytes:
        self._offset += used
        self._line += lines
        return data[used:]

    def _read_header(self, data: bytes) -> bytes:
        blank = len(data) - len(data.lstrip(b"\r\n"))
        blank -= blank == len(data) and data.endswith(b"\r")  # an LF may follow and belong to it
        data = self._drop(data, blank, count_lines(data[:blank]))
        for _, end, cells in read_checked(data, self._row_limit, self._line):
            self._take_header(tuple(cell.encode("latin-1").decode() for cell in cells))
            return self._drop(data, end, count_lines(data[:end]))
        return data

    def _take_header(self, names: tuple[str, ...]) -> None:
        seen = set[str]()
        for number, name in enumerate(names, 1):
            if not name:
                raise FormatFault(self._line, f"name {number} of the header is empty")
            if name in seen:
                raise FormatFault(self._line, f"the header has the name {name!r} twice")
            seen.add(name)
        self._header = names
        columns = tuple(number for number, name in enumerate(names) if name in self._mandatory)
        self._shape = Shape(len(names), columns, self._row_limit)


class Transcoder:
    """Bytes of one charset into UTF-8, cut anywhere. Raises FormatFault at bytes that do not decode.

    Its faults carry the physical line of those bytes: it knows lines, not rows.
    """

    def __init__(self, charset: str) -> None:
        self._charset = charset
        self._decoder = codecs.getincrementaldecoder(charset)()
        self._line = 1
        self._after_cr = False

    def feed(self, block: bytes) -> bytes:
        """The UTF-8 of all characters that `block` completes."""
        return self._decode(block, final=False)

    def finish(self) -> bytes:
        """What is left; raises FormatFault if the last character is cut short."""
        return self._decode(b"", final=True)

    def _decode(self, block: bytes, *, final: bool) -> bytes:
        state = self._decoder.getstate()
        try:
            data = self._decoder.decode(block, final).encode()
        except UnicodeError as error:
            self._decoder.setstate(state)
            self._count(self._sound_part(block, error, len(state[0])))
            raise FormatFault(self._line, f"bytes that are not {self._charset}") from error
        self._count(data)
        return data

    def _sound_part(self, block: bytes, error: UnicodeError, pending: int) -> bytes:
        """What comes before the bytes that do not decode, to count its lines."""
        if not isinstance(error, UnicodeDecodeError):  # of no place in particular
            return b""
        try:
            return self._decoder.decode(block[: max(0, error.start - pending)]).encode(errors="replace")
        except UnicodeError:  # UTF-16 without its BOM is refused as a whole, but only after its first bad pair
            return b""

    def _count(self, data: bytes) -> None:
        if data:
            self._line += count_lines(data) - (self._after_cr and data.startswith(b"\n"))
            self._after_cr = data.endswith(b"\r")


def transcoder(charset: str | None) -> Transcoder | None:
    """A Transcoder for `charset`; None where none is needed: UTF-8, ASCII or no charset named.

    Raises LookupError for a name that is unknown or is no charset of text.
    """
    try:
        name = codecs.lookup(charset or "utf-8").name
        b"x".decode(name)  # a codec of something else than text raises LookupError
    except UnicodeDecodeError:
        pass  # one byte is no character of, say, UTF-16; it is a charset nevertheless
    except ValueError as error:  # a name with a NUL or a surrogate in it
        raise LookupError(f"unknown charset: {charset!r}") from error
    if name in _NOT_CHARSETS:
        raise LookupError(f"not a charset of files: {charset}")
    return None if name in _UTF8 else Transcoder(name)


def read_rows(data: bytes) -> Iterator[list[str]]:
    """Rows of a span's UTF-8 bytes, blank ones skipped: as many, and the same, as the Scanner counted."""
    # StringIO with newline="" ends lines at LF, CRLF and CR alone; str.splitlines would at U+0085, U+2028 … as well.
    return filter(None, csv.reader(io.StringIO(data.decode(), newline=""), strict=True))


def split_rows(data: bytes, rows: int) -> int:
    """Where in a span's bytes its first `rows` rows end: the offset of the next row, its blank lines before it."""
    lines = list(io.StringIO(data.decode(), newline=""))
    reader = csv.reader(lines, strict=True)
    for _ in range(rows):
        while not next(reader):
            pass
    return len("".join(lines[: reader.line_num]).encode())


class _Lines(list[str]):
    """What csv.writer writes, row by row, each row's CRLF made LF."""

    def write(self, row: str) -> None:
        self.append(row[:-2] + "\n")


def format_rows(rows: Sequence[Sequence[str]]) -> bytes:
    """Rows as CSV in UTF-8: cells quoted when they need it, rows ended by LF. Lone surrogates are written as "?"."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    written = text.getvalue()
    if "\r" in written:
        # Until Python 3.13 csv.writer quotes a cell for its CR only if the row end has one.
        lines = _Lines()
        csv.writer(lines, lineterminator="\r\n").writerows(rows)
        written = "".join(lines)
    return written.encode(errors="replace")
