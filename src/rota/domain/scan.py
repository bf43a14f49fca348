"""How one block of CSV bytes is cut into rows: vectorised where it is regular, row by row where it is not.

A block begins at a row start. `cut` first tries `_cut_regular` (numpy, the whole block at once); whenever that finds
anything out of the ordinary it gives up without a word and `_cut_by_row` (csv.reader, strict) reads the block again.
That one alone decides what is a fault, which row has it and on which line: one source of verdicts, one fast way around.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

QUOTE, COMMA, LF, CR = b'",\n\r'
END_OF_DATA = "unexpected end of data"  # csv.reader(strict=True) when its input stops inside quotes

Codes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

# csv refuses cells over 131 072 characters by default, process-wide; a row here may be one cell of ROW_LIMIT bytes, and
# the length of a row is checked in bytes below, so the reader's own limit is put out of reach, once.
csv.field_size_limit(2**31 - 1)

# glibc hands freed memory back to the kernel past a threshold that it learns from the largest block freed so far. Each
# block here frees a few MiB; without this line the pages came and went with every one (2000 faults per MB, 160 MB/s
# where it is 440 with it; in threads too). The 16 MiB are never touched. Elsewhere than on glibc it does nothing.
np.empty(16 << 20, np.uint8)


class FormatFault(Exception):
    """The file is no CSV we take. `line`: 1-based physical line on which the wrong row begins. `detail`: a sentence."""

    def __init__(self, line: int, detail: str) -> None:
        super().__init__(line, detail)
        self.line = line
        self.detail = detail

    def __str__(self) -> str:
        return f"line {self.line}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Shape:
    """What every row must be: `width` cells, at most `row_limit` bytes (line end not counted); `mandatory` columns."""

    width: int
    mandatory: tuple[int, ...]
    row_limit: int


@dataclass(frozen=True, slots=True)
class Block:
    """The complete rows of a block, blank ones left out; offsets are bytes from the block's first.

    `starts`, `ends`: shape (rows,), the first byte of each row and one past its line end. `missing`: indices of rows
    with an empty mandatory cell. `used`: bytes taken, trailing blank lines included. `lines`: physical lines in them.
    """

    starts: Places
    ends: Places
    missing: Places
    used: int
    lines: int


@dataclass(frozen=True, slots=True)
class _Cells:
    """Cells of a block, shape (cells,): `starts`, `stops` (at the separator), `nexts` (past it), `last` of a row."""

    starts: Places
    stops: Places
    nexts: Places
    last: Mask

    def pick(self, keep: Mask | slice) -> "_Cells":
        return _Cells(self.starts[keep], self.stops[keep], self.nexts[keep], self.last[keep])


def cut(data: bytes, shape: Shape, line: int) -> Block:
    """The complete rows of `data`, which begins at a row start on physical line `line`. Raises FormatFault."""
    return _cut_regular(data, shape) or _cut_by_row(data, shape, line)


def count_lines(data: bytes) -> int:
    """Physical line ends in `data`: LF, CRLF and lone CR count one each, inside quotes too."""
    codes = np.frombuffer(data, np.uint8)
    feeds = codes == LF
    lines = int(np.count_nonzero(feeds))
    if CR in data:
        returns = codes == CR
        # Not data.count(b"\r\n"): with rows of 90 bytes the counts took 1.36 ms per MiB, all of this takes 0.22 ms.
        lines += int(np.count_nonzero(returns)) - int(np.count_nonzero(returns[:-1] & feeds[1:]))
    return lines


# -- the fast way: the whole block at once; None means "look closer" --


def _cut_regular(data: bytes, shape: Shape) -> Block | None:
    # A CR as the very last byte waits for the next block: an LF may follow and belong to it.
    codes = np.frombuffer(data, np.uint8, len(data) - data.endswith(b"\r"))
    separators = _separators(data, codes)
    if separators is None:
        return None
    cells = _complete(_cells(*separators))
    used = int(cells.nexts[-1]) if len(cells.nexts) else 0
    rows = _rows_of_width(cells, shape.width)
    if rows is None or not _is_plain_text(data, codes[:used]) or len(data) - used > shape.row_limit + 1:
        return None
    return _block(data, codes, rows, used, shape)


def _separators(data: bytes, codes: Codes) -> tuple[Places, Codes] | None:
    """Places and codes of the commas, LFs and CRs outside quotes; None if text follows a closing quote."""
    found = codes == COMMA
    found |= codes == LF
    for rare in (CR, QUOTE):
        if rare in data:
            found |= codes == rare
    places = np.flatnonzero(found)
    kinds = codes[places]
    if QUOTE not in data:
        return places, kinds
    outside = _outside(places, kinds, len(codes))
    if outside is None:  # text after a quote, which is a fault, or quotes within unquoted cells, which are data
        structural = ~_literal_quotes(places, kinds)
        outside = _outside(places[structural], kinds[structural], len(codes))
    return outside


def _outside(places: Places, kinds: Codes, size: int) -> tuple[Places, Codes] | None:
    quotes = kinds == QUOTE
    # int32: for 150 000 marks 0.11 ms; as uint8, whose wrapping would keep the parity too, 0.32 ms.
    inside = (np.cumsum(quotes, dtype=np.int32) & 1).astype(np.bool_)
    if not _quotes_at_edges(places, quotes, inside, size):
        return None
    keep = ~(quotes | inside)
    return places[keep], kinds[keep]


def _quotes_at_edges(places: Places, quotes: Mask, inside: Mask, size: int) -> bool:
    """An opening quote must touch the mark before it, a closing one the mark after it (a doubled quote does both).

    `inside` is the parity after each mark, so before an opening and after a closing quote any mark is a cell's edge or
    the other half of a doubled quote. The block's own edges are cell edges.
    """
    if not len(places):
        return True
    opening, closing = quotes & inside, quotes & ~inside
    loose = opening[1:] | closing[:-1]
    loose &= np.diff(places) != 1
    return not (loose.any() or (opening[0] and places[0] != 0) or (closing[-1] and places[-1] != size - 1))


def _literal_quotes(places: Places, kinds: Codes) -> Mask:
    """Which marks are quotes within an unquoted cell, such as `5" pipe`; right up to the first text after a quote.

    Between two separators, quoted or not, lies a piece. A piece that begins with a quote and has an odd number of them
    turns inside to outside and back; another with an odd number ends outside, whether its last quote closed a cell or
    all were data; an even number changes nothing. So a piece begins inside after an odd number of turns since the
    latest of those resets. Its quotes are data if it begins outside and not with a quote.
    """
    separators = np.append(np.flatnonzero(kinds != QUOTE), len(kinds))
    counts = np.diff(separators, prepend=-1) - 1
    firsts = separators - counts
    before = np.concatenate(([-1], places))  # the place of the mark before each mark
    quoted = (counts > 0) & (np.append(places, 0)[firsts] == before[firsts] + 1)
    odd = (counts & 1).astype(np.bool_)
    turns = np.cumsum(odd & quoted)
    since = turns - np.maximum.accumulate(np.where(odd & ~quoted, turns, 0))
    outside = np.concatenate(([True], since[:-1] & 1 == 0))
    literal: Mask = np.repeat(outside & ~quoted, counts + 1)[:-1] & (kinds == QUOTE)
    return literal


def _cells(places: Places, kinds: Codes) -> _Cells:
    """Cells from separators; the CR and LF of a CRLF are one."""
    nexts = places + 1
    last = kinds != COMMA
    pairs = (kinds[:-1] == CR) & (kinds[1:] == LF) & (np.diff(places) == 1)
    if pairs.any():
        nexts[:-1] += pairs
        keep = np.concatenate(([True], ~pairs))
        places, nexts, last = places[keep], nexts[keep], last[keep]
    starts = np.zeros_like(places)
    starts[1:] = nexts[:-1]
    return _Cells(starts, places, nexts, last)


def _complete(cells: _Cells) -> _Cells:
    """Without the cells of the last row, whose end is not in the block."""
    ends = np.flatnonzero(cells.last[::-1])
    return cells.pick(slice(0, len(cells.last) - int(ends[0]) if len(ends) else 0))


def _rows_of_width(cells: _Cells, width: int) -> _Cells | None:
    """The cells if every row has `width` of them, blank lines dropped; else None."""
    if width > 1 and _is_even(cells, width):
        return cells
    blank = cells.last & (cells.starts == cells.stops)
    blank[1:] &= cells.last[:-1]
    kept = cells.pick(~blank)
    return kept if _is_even(kept, width) else None


def _is_even(cells: _Cells, width: int) -> bool:
    return np.array_equal(np.flatnonzero(cells.last), np.arange(width - 1, len(cells.last), width))


def _is_plain_text(data: bytes, codes: Codes) -> bool:
    """No NUL, and UTF-8 that decodes. `codes` is the part of `data` in question, from its first byte."""
    if data.find(b"\0", 0, len(codes)) >= 0:
        return False
    if not len(codes) or codes.max() < 0x80:
        return True
    return _is_utf8(memoryview(data)[: len(codes)])


def _is_utf8(data: bytes | memoryview) -> bool:
    try:
        str(data, "utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _block(data: bytes, codes: Codes, cells: _Cells, used: int, shape: Shape) -> Block | None:
    starts = cells.starts[:: shape.width]
    last = slice(shape.width - 1, None, shape.width)
    if len(starts) and (cells.stops[last] - starts).max() > shape.row_limit:
        return None
    missing = _rows_missing(codes, cells, shape)
    return Block(starts, cells.nexts[last], missing, used, count_lines(data[:used]))


def _rows_missing(codes: Codes, cells: _Cells, shape: Shape) -> Places:
    """Rows with an empty mandatory cell: no bytes, or two of which the first is a quote, which is `""`."""
    missing = np.zeros(len(cells.starts) // shape.width, np.bool_)
    for column in shape.mandatory:
        starts = cells.starts[column :: shape.width]
        sizes = cells.stops[column :: shape.width] - starts
        missing |= sizes == 0
        pairs = np.flatnonzero(sizes == 2)
        missing[pairs] |= codes[starts[pairs]] == QUOTE
    return np.flatnonzero(missing)


# -- the exact way: row by row, as csv.reader has it --


def _cut_by_row(data: bytes, shape: Shape, line: int) -> Block:
    used = 0
    starts, ends, missing = list[int](), list[int](), list[int]()
    for start, used, row in read_checked(data, shape.row_limit, line):
        if not row:
            continue
        if len(row) != shape.width:
            raise FormatFault(line + count_lines(data[:start]), _ragged(len(row), shape.width))
        if not all(row[column] for column in shape.mandatory):
            missing.append(len(starts))
        starts.append(start)
        ends.append(used)
    return Block(_places(starts), _places(ends), _places(missing), used, count_lines(data[:used]))


def _places(numbers: list[int]) -> Places:
    return np.array(numbers, np.intp)


def _ragged(cells: int, width: int) -> str:
    return f"row has {cells} cell{'s' * (cells != 1)}, the header has {width}"


def read_checked(data: bytes, row_limit: int, line: int) -> Iterator[tuple[int, int, list[str]]]:
    """Complete rows of `data` as (start, end, cells), blank ones with no cells, which are UTF-8 bytes read as Latin-1.

    Raises FormatFault for the first row with text after a closing quote, over `row_limit` bytes, with a NUL or
    with undecodable bytes. A row that `data` cuts short is left out, unless it is over the limit already.
    """
    plain, end = b"\0" not in data and _is_utf8(data), 0
    try:
        for start, end, row in _walk(data):
            if detail := _over(data[start:end].rstrip(b"\r\n"), row_limit) or (
                not plain and _unreadable(data[start:end])
            ):
                raise FormatFault(line + count_lines(data[:start]), detail)
            yield start, end, row
        over = len(data) - end > row_limit + 1
    except csv.Error as error:
        over = str(error) != END_OF_DATA or len(data) - end > row_limit + 1
    if over:
        raise FormatFault(line + count_lines(data[:end]), _broken(data[end : end + row_limit + 1], row_limit))


def _walk(data: bytes) -> Iterator[tuple[int, int, list[str]]]:
    # As Latin-1, characters are bytes: places in the text are offsets in the data, and CSV's own four marks are ASCII.
    text, start = io.StringIO(data.decode("latin-1"), newline=""), 0
    for row in csv.reader(text, strict=True):
        end = text.tell()
        if data[end - 1] != LF and (data[end - 1] != CR or end == len(data)):
            return
        yield start, end, row
        start = end


def _over(row: bytes, row_limit: int) -> str:
    return f"the row is longer than {row_limit} bytes" if len(row) > row_limit else ""


def _unreadable(row: bytes) -> str:
    if b"\0" in row:
        return "the row has a NUL byte"
    return "" if _is_utf8(row) else "the row has bytes that are not UTF-8"


def _broken(head: bytes, row_limit: int) -> str:
    """Why a row has no end: what comes first, text after a quote or the limit, whatever the size of the blocks."""
    try:
        next(_walk(head), None)
    except csv.Error as error:
        if str(error) != END_OF_DATA:
            return "text follows a closing quote"
    return _over(head, row_limit)
