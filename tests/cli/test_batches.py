"""What becomes of a batch's file on its way: its tag, its times, and the columns that are sent."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rota.cli.batches import KINDS, TAG_LIMIT, convert, readers_at, tag_of

CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


def sent(text: str, verb: str = "add", tag: str = "addbatch=x") -> list[dict[str, str]]:
    """The rows of a file as they are sent."""
    sink = io.StringIO(newline="")
    now = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
    convert(io.StringIO(text, newline=""), sink, KINDS[verb], tag, readers_at(now, ""))
    sink.seek(0)
    return list(csv.DictReader(sink, strict=True))


def written(header: list[str], rows: list[list[str]]) -> str:
    sink = io.StringIO(newline="")
    csv.writer(sink, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    return sink.getvalue()


@given(st.lists(st.tuples(CELL, CELL, CELL).map(list)))
def test_cells_are_sent_as_they_are_with_one_tag_more(rows: list[list[str]]) -> None:
    found = sent(written(["title", "description", "tags"], rows))
    assert len(found) == len(rows)
    for (title, description, tags), row in zip(rows, found, strict=True):
        assert row["title"] == (title or " ")
        assert row["description"] == description
        assert row["tags"].split() == [*tags.split(), "addbatch=x"]


def test_a_file_without_tags_gets_the_column() -> None:
    assert sent("title\na\n\n\nb\n") == [{"title": "a", "tags": "addbatch=x"}, {"title": "b", "tags": "addbatch=x"}]


@pytest.mark.parametrize(
    ("deadline", "estimate", "expected"),
    [
        ("in 2 hours", "5 minutes", ("2026-11-18T16:30:00Z", "300")),
        ("asap", "1h30m", ("0", "5400")),
        ("2026-11-20T17:31:33Z", "90", ("2026-11-20T17:31:33Z", "90")),
        ("1448040693.5", "2.5", ("2015-11-20T17:31:33Z", "2.5")),
        ("90", "soon", ("90", "soon")),
        ("whenever", " ", ("whenever", " ")),
        ("", "", ("", "")),
    ],
)
def test_times_are_read_as_on_the_command_line_and_what_cannot_be_read_is_left_to_the_server(
    deadline: str, estimate: str, expected: tuple[str, str]
) -> None:
    for verb in ("add", "update"):
        (row,) = sent(written(["task_id", "title", "deadline", "estimate"], [["1", "a", deadline, estimate]]), verb)
        assert (row["deadline"], row["estimate"]) == expected


def test_a_mandatory_cell_is_never_empty_so_that_its_row_alone_fails() -> None:
    assert [row["title"] for row in sent("title,description\n,x\na,\n")] == [" ", "a"]
    assert sent("task_id,title\n,\n", "update") == [{"task_id": " ", "title": " "}]


def test_an_earlier_outcome_can_be_sent_again() -> None:
    outcome = "title,tags,task_id,error\na,x,7,\nb,,,title is odd\n"
    assert sent(outcome) == [{"title": "a", "tags": "x addbatch=x"}, {"title": "b", "tags": "addbatch=x"}]
    assert sent(outcome, "update") == [
        {"title": "a", "tags": "x", "task_id": "7"},
        {"title": "b", "tags": "", "task_id": " "},
    ]
    assert sent(outcome, "delete") == [{"task_id": "7"}, {"task_id": " "}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title,x\na\n", "line 2: 1 cells in a row, and 2 in the header"),
        ("title\n\na,b\n", "line 3: 2 cells in a row, and 1 in the header"),
        ('title\na\n"b\n', "line 3: unexpected end of data"),
        ('title\n"a"b\n', "line 2: "),
    ],
)
def test_a_malformed_file_is_told_with_its_line(text: str, said: str) -> None:
    with pytest.raises(csv.Error, match=f"^{said}"):
        sent(text)


def test_what_the_server_is_to_refuse_gets_there() -> None:
    assert sent("") == []
    assert sent("a,a\n1,2\n")[0].keys() == {"a", "tags"}
    long = "x" * 200_000
    assert sent(f"title\n{long}\n")[0]["title"] == long


def test_rows_are_written_as_they_are_read() -> None:
    """Neither the file nor what is sent of it is held as a whole."""
    read: list[int] = []
    sink = io.StringIO(newline="")

    def lines() -> Iterator[str]:
        yield "title\n"
        for number in range(100):
            read.append(sink.getvalue().count("\n") - number)
            yield "a\n"

    convert(lines(), sink, KINDS["add"], "t", {})
    assert set(read) == {1}


@given(st.text(max_size=200))
def test_a_tag_is_one_that_a_task_can_have(name: str) -> None:
    tag = tag_of(name)
    assert tag.split() == [tag]
    assert tag.isprintable()
    assert len(tag) <= TAG_LIMIT
    assert tag.startswith("addbatch=")


def test_what_the_command_line_says_stands_in_blank_cells_and_tags_are_added() -> None:
    sink = io.StringIO()
    defaults = {"owner": "ann@x.org", "priority": "2.0", "tags": "all"}
    convert(io.StringIO("title,owner,tags\na,,x\nb,bob@x.org,\n"), sink, KINDS["add"], "t", {}, defaults)
    assert list(csv.DictReader(io.StringIO(sink.getvalue()))) == [
        {"title": "a", "owner": "ann@x.org", "tags": "x all t", "priority": "2.0"},
        {"title": "b", "owner": "bob@x.org", "tags": "all t", "priority": "2.0"},
    ]
