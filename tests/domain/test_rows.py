"""rows and scan: the Scanner agrees with csv.reader on what is sound, and names the first fault of what is not."""

import csv
import io
import itertools
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rota.domain import scan
from rota.domain.rows import (
    ROW_LIMIT,
    FormatFault,
    Scan,
    Scanner,
    Span,
    format_rows,
    read_rows,
    transcoder,
)

SETTINGS = settings(deadline=None, max_examples=300)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])
CELL = st.text(st.sampled_from('ab,"\n\r\v\x1cé\x85\u2028😀 '), max_size=5)
# What CSV is made of, and little else, so that seams, quotes and line ends meet often.
SOUP = st.lists(
    st.sampled_from(
        [b"a", b"b", b",", b",", b'"', b'"', b'""', b"\n", b"\n", b"\r", b"\r\n", "é".encode(), b"\xff", b"\0"]
    )
).map(b"".join)
SOUND_SOUP = st.lists(st.sampled_from(['"', '""', '",', '",\n"', ",", ",", "\n", "\r", "a", "bc"])).map("".join)
CUTS = st.lists(st.integers(1, 9), min_size=1, max_size=4)


def pieces(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    start = 0
    for size in itertools.cycle(sizes):
        if start >= len(data):
            return
        yield data[start : start + size]
        start += size


def scanned(data: bytes, sizes: list[int] | None = None, **options: object) -> Scan:
    scanner = Scanner(**options)  # type: ignore[arg-type]
    for piece in pieces(data, sizes or [max(1, len(data))]):
        scanner.feed(piece)
    return scanner.finish()


def verdict(data: bytes, sizes: list[int] | None = None, **options: object) -> Scan | tuple[int, str]:
    try:
        return scanned(data, sizes, **options)
    except FormatFault as fault:
        return fault.line, fault.detail


def reference(text: str) -> list[list[str]]:
    return [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]


def by_spans(data: bytes, found: Scan) -> list[list[str]]:
    return [row for span in found.spans for row in read_rows(data[span.start : span.end])]


def check_tiling(data: bytes, found: Scan, chunk_rows: int, chunk_bytes: int) -> None:
    row = end = 0
    for number, span in enumerate(found.spans):
        assert span.first_row == row
        assert span.rows >= 1
        assert span.start >= end
        assert not data[end : span.start].strip(b"\r\n") or number == 0
        row, end = row + span.rows, span.end
        assert len(list(read_rows(data[span.start : span.end]))) == span.rows
        full = span.rows == chunk_rows or span.end - span.start >= chunk_bytes
        assert full or span is found.spans[-1]
    assert row == found.rows
    assert not data[end:].strip(b"\r\n")
    assert end <= len(data)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[list[str]], str]:
    """A table, header first, and one way to write it."""
    width = draw(st.integers(1, 4))
    header = draw(st.lists(CELL.filter(bool), min_size=width, max_size=width, unique=True))
    rows = draw(st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=8))
    table = [header, *rows]
    blank = st.lists(ENDS, max_size=2).map("".join)
    lines = ["".join([draw(blank), ",".join(written(draw, cell, width) for cell in row), draw(ENDS)]) for row in table]
    text = "".join([*lines, draw(blank)])
    # A CR that ends a row and an LF that was to be a blank line are one CRLF: both readers must see it so.
    return table, text


def written(draw: st.DrawFn, cell: str, width: int) -> str:
    needs = set(cell) & set(',"\r\n') or (width == 1 and not cell)
    inner = set(cell) & set(",\r\n") or cell.startswith('"') or (width == 1 and not cell)
    if inner or draw(st.booleans()) or (needs and draw(st.booleans())):
        return '"' + cell.replace('"', '""') + '"'
    return cell


@SETTINGS
@given(tables(), CUTS, st.sampled_from([1, 7, 64]), st.integers(1, 4), st.sampled_from([1, 12, 1000]), st.booleans())
def test_sound_tables_are_read_as_csv_reader_reads_them(
    written_table: tuple[list[list[str]], str],
    sizes: list[int],
    block: int,
    chunk_rows: int,
    chunk_bytes: int,
    bom: bool,
) -> None:
    table, text = written_table
    assert reference(text) == table
    data = b"\xef\xbb\xbf" * bom + text.encode()
    found = scanned(data, sizes, block_size=block, chunk_rows=chunk_rows, chunk_bytes=chunk_bytes)
    assert list(found.header) == table[0]
    assert found.rows == len(table) - 1
    assert by_spans(data, found) == table[1:]
    check_tiling(data, found, chunk_rows, chunk_bytes)


@SETTINGS
@given(tables(), st.sampled_from([1, 64]))
def test_missing_values_are_the_rows_with_an_empty_mandatory_cell(
    written_table: tuple[list[list[str]], str], block: int
) -> None:
    table, text = written_table
    names = table[0][::2]
    found = scanned(text.encode(), block_size=block, mandatory=[*names, "nowhere"])
    columns = range(0, len(table[0]), 2)
    assert list(found.missing_values) == [",".join(row) for row in table[1:] if not all(row[c] for c in columns)]
    assert found.more_missing == 0


@SETTINGS
@given(st.one_of(SOUP, st.binary()), CUTS, st.sampled_from([1, 7, 64]))
@example(b"", [1], 1)
@example(b"\xef\xbb\xbf", [1], 1)
@example(b"\xef\xbb", [1], 1)
@example(b"\r", [1], 1)
@example(b'a\n"', [1], 1)
def test_any_bytes_are_read_as_csv_reader_does_or_refused_whatever_the_cuts(
    data: bytes, sizes: list[int], block: int
) -> None:
    once = verdict(data, row_limit=12)
    assert verdict(data, sizes, block_size=block, row_limit=12) == once
    if isinstance(once, Scan):
        header, *rows = reference(data.removeprefix(b"\xef\xbb\xbf").decode())
        assert list(once.header) == header
        assert by_spans(data, once) == rows


@SETTINGS
@given(SOUND_SOUP, st.integers(1, 3), CUTS)
def test_the_scanner_refuses_no_more_than_it_should(body: str, width: int, sizes: list[int]) -> None:
    text = ",".join("xyz"[:width]) + "\n" + body
    try:
        _, *rows = reference(text)
    except csv.Error:
        rows = []
    sound = bool(rows) and all(len(row) == width for row in rows)
    found = verdict(text.encode(), sizes, block_size=16)
    assert isinstance(found, Scan) == sound, found
    if isinstance(found, Scan):
        assert by_spans(text.encode(), found) == rows


@SETTINGS
@given(SOUND_SOUP, st.integers(1, 3))
@example('a"b\n"c\nd"\ne""\n', 1)
@example('5",6"\n"7,""8",9\n', 2)
def test_the_fast_way_agrees_with_the_exact_one(text: str, width: int) -> None:
    data = text.encode()
    shape = scan.Shape(width, (0,), ROW_LIMIT)
    fast = scan._cut_regular(data, shape)
    try:
        exact = scan._cut_by_row(data, shape, 1)
    except FormatFault:
        assert fast is None
        return
    assert fast is not None  # the exact way is for faults alone; all that is sound is read at full speed
    assert (fast.used, fast.lines) == (exact.used, exact.lines)
    for name in ("starts", "ends", "missing"):
        assert getattr(fast, name).tolist() == getattr(exact, name).tolist()


FAULTS = {
    "empty": (b"", 1, "the file has no header"),
    "only blank lines": (b"\n\r\n\r", 1, "the file has no header"),
    "only a BOM": (b"\xef\xbb\xbf", 1, "the file has no header"),
    "no rows": (b"a,b\n", 2, "the file has a header and no rows"),
    "no rows, blank lines": (b"a,b\r\n\r\n", 3, "the file has a header and no rows"),
    "empty header name": (b"\na,,c\n1,2,3\n", 2, "name 2 of the header is empty"),
    "repeated header name": (b"a,b,a\n1,2,3\n", 1, "the header has the name 'a' twice"),
    "long row": (b"a,b\n1,2\n1,2,3\n", 3, "row has 3 cells, the header has 2"),
    "short row": (b"a,b\n1,2\n\n1\n1,2\n", 4, "row has 1 cell, the header has 2"),
    "long and short even out": (b"a,b\n1,2,3\n1\n", 2, "row has 3 cells, the header has 2"),
    "the first of two": (b'a,b\n1\n"', 2, "row has 1 cell, the header has 2"),
    "lines within quotes count": (b'"a\n",b\r1,"\r\n\r\n"\r\n1\n', 6, "row has 1 cell, the header has 2"),
    "unterminated quote": (b'a,b\n1,2\n1,"2\n3,4\n', 3, "a quote is opened and never closed"),
    "text after a quote": (b'a,b\n1,2\n1,"2"x\n1\n', 3, "text follows a closing quote"),
    "space after a quote": (b'a,b\n"1" ,2\n', 2, "text follows a closing quote"),
    "text after a quote, header": (b'"a"b\n1\n', 1, "text follows a closing quote"),
    "NUL": (b"a,b\n1,2\n1,\0\n1\n", 3, "the row has a NUL byte"),
    "NUL in the header": (b"a,\0\n1,2\n", 1, "the row has a NUL byte"),
    "not UTF-8": (b"a,b\n1,2\n1,\xe9\n", 3, "the row has bytes that are not UTF-8"),
    "UTF-8 cut short": (b"a,b\n1,2\n1,\xc3", 3, "the row has bytes that are not UTF-8"),
}


@pytest.mark.parametrize("block", [1, 1 << 20])
@pytest.mark.parametrize(("data", "line", "detail"), FAULTS.values(), ids=FAULTS)
def test_faults(data: bytes, line: int, detail: str, block: int) -> None:
    with pytest.raises(FormatFault) as caught:
        scanned(data, [1], block_size=block)
    assert (caught.value.line, caught.value.detail) == (line, detail)
    assert str(caught.value) == f"line {line}: {detail}"


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b""])
def test_a_row_may_be_as_long_as_the_limit_and_no_longer(end: bytes) -> None:
    longest = b"a\n1\n" + b"x" * ROW_LIMIT
    assert scanned(longest + end, [1 << 16]).rows == 2
    with pytest.raises(FormatFault) as caught:
        scanned(longest + b"x" + end, [1 << 16])
    assert (caught.value.line, caught.value.detail) == (3, f"the row is longer than {ROW_LIMIT} bytes")


def test_a_row_without_an_end_is_refused_while_it_is_fed() -> None:
    scanner = Scanner()
    scanner.feed(b'a\n1\n"')
    with pytest.raises(FormatFault, match=f"line 3: the row is longer than {ROW_LIMIT} bytes"):
        for _ in range(12):
            scanner.feed(b"x\n" * (1 << 18))
    assert len(scanner._held) <= ROW_LIMIT + (2 << 20)


def test_a_file_of_blank_lines_is_not_kept() -> None:
    scanner = Scanner(block_size=1000)
    for _ in range(100):
        scanner.feed(b"\r\n" * 777 + b"\r")
    assert len(scanner._held) <= 2000


def test_truncation_is_a_fault_only_when_asked_for() -> None:
    for tail, line in ((b"3", 3), (b'3,"4', 3), (b"3,4", 3)):
        scanner = Scanner()
        scanner.feed(b"a,b\n1,2\n" + tail)
        with pytest.raises(FormatFault) as caught:
            scanner.finish(truncated_ok=False)
        assert (caught.value.line, caught.value.detail) == (line, "the last row does not end with a line end")
    for tail in (b"", b"3,4\n", b"3,4\r", b"\n\n"):
        scanner = Scanner()
        scanner.feed(b"a,b\n1,2\n" + tail)
        assert scanner.finish(truncated_ok=False).rows == 1 + tail.startswith(b"3")


def test_spans_close_by_rows_or_by_bytes() -> None:
    data = b"\xef\xbb\xbfa\n\n1\n2\n\n3\n" + b"4" * 20 + b"\n5"
    found = scanned(data, chunk_rows=2, chunk_bytes=10)
    assert found.spans == (Span(0, 2, 6, 10), Span(2, 2, 11, 34), Span(4, 1, 34, 35))
    assert [data[span.start : span.end] for span in found.spans] == [b"1\n2\n", b"3\n" + b"4" * 20 + b"\n", b"5"]
    assert scanned(b"a\n1", chunk_rows=1).spans == (Span(0, 1, 2, 3),)


def test_missing_values_stop_at_a_hundred() -> None:
    data = b"a,b\n" + b"".join(b'%d,""\n"x,%d",\n,z\n' % (n, n) for n in range(100))
    found = scanned(data, block_size=64, mandatory=("b", "c"))
    assert len(found.missing_values) == 100
    assert found.missing_values[:3] == ("0,", "x,0,", "1,")
    assert found.more_missing == 100


def test_long_missing_values_stop_earlier() -> None:
    row = b"x" * (ROW_LIMIT - 1)
    found = scanned(b"a,b\n" + b",".join([row, b"\n" + row, b"\n" + row, b"\n"]), [1 << 20], mandatory=("b",))
    assert (found.rows, len(found.missing_values), found.more_missing) == (3, 1, 2)


def test_one_column_has_blank_lines_and_empty_cells() -> None:
    found = scanned(b'a\n\n""\n\n1\n', mandatory=("a",))
    assert (found.rows, found.missing_values) == (2, ("",))


def test_no_header_is_too_wide_to_check() -> None:
    names = ",".join(map(str, range(200_000)))
    assert len(scanned(f"{names}\n{names}\n".encode(), mandatory=("199999",)).header) == 200_000


@SETTINGS
@given(
    st.sampled_from(
        ["utf-16", "utf-16-le", "utf-32", "iso-8859-1", "windows-1252", "shift_jis", "gb18030", "utf-7", "hz"]
    ),
    st.lists(st.lists(st.text('ab,"\n', max_size=4), min_size=2, max_size=2), min_size=1),
    CUTS,
)
def test_transcoding_does_not_depend_on_the_cuts(charset: str, rows: list[list[str]], sizes: list[int]) -> None:
    text = format_rows([["x", "y"], *rows]).decode()
    decoder = transcoder(charset)
    assert decoder is not None
    data = b"".join([*map(decoder.feed, pieces(text.encode(charset), sizes)), decoder.finish()])
    assert data.decode() == text
    assert by_spans(data, scanned(data)) == rows


def test_charsets() -> None:
    for name in (None, "utf-8", "UTF8", "us-ascii", "utf-8-sig"):
        assert transcoder(name) is None
    latin = transcoder("Latin-1")
    assert latin is not None
    assert latin.feed(b"\xe9") + latin.finish() == "é".encode()


@pytest.mark.parametrize(
    "name",
    ["klingon", "hex", "rot13", "zlib", "idna", "punycode", "unicode_escape", "undefined", "a\0b", "\ud800", "."],
)
def test_what_is_no_charset_is_refused(name: str) -> None:
    with pytest.raises(LookupError):
        transcoder(name)


def test_undecodable_bytes_have_a_line() -> None:
    decoder = transcoder("shift_jis")
    assert decoder is not None
    assert decoder.feed(b"a\r") + decoder.feed(b"\nb\n\x83") == b"a\r\nb\n"
    with pytest.raises(FormatFault) as caught:
        decoder.feed(b"\x41\n\xff\xff\n")
    assert (caught.value.line, caught.value.detail) == (4, "bytes that are not shift_jis")
    decoder = transcoder("utf-16-le")
    assert decoder is not None
    decoder.feed("a\n".encode("utf-16-le") + b"x")
    with pytest.raises(FormatFault, match="line 2"):
        decoder.finish()


@SETTINGS
@given(
    st.sampled_from(["utf-16", "utf-7", "shift_jis", "cp932", "big5", "iso2022_jp", "hz", "cp037"]),
    st.lists(st.binary()),
)
@example("utf-16", [b"ab\x00\xd8\x00\x00"])
def test_any_bytes_transcode_or_are_refused(charset: str, blocks: list[bytes]) -> None:
    decoder = transcoder(charset)
    assert decoder is not None
    try:
        b"".join([*map(decoder.feed, blocks), decoder.finish()]).decode()
    except FormatFault as fault:
        assert fault.line >= 1


@SETTINGS
@given(st.lists(st.lists(CELL, min_size=1, max_size=3)))
def test_what_is_written_is_read_back(rows: list[list[str]]) -> None:
    assert list(read_rows(format_rows(rows))) == rows


def test_cells_are_quoted_when_they_need_it() -> None:
    rows = [["a", "b c"], ["1,2", '"'], ["x\ry", "z\n"], ["", "\ud800"]]
    assert format_rows(rows) == b'a,b c\n"1,2",""""\n"x\ry","z\n"\n,?\n'
    assert format_rows([[""]]) == b'""\n'
    assert format_rows([]) == b""
