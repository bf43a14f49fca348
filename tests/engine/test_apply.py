"""What an action says becomes lines: every form, every answer, every crash, without a process or a database."""

import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from rota.actions.registry import Action, Batch, Context, Form, Refused
from rota.domain.jobs import Chunk, Job, Status
from rota.domain.rows import format_rows, read_rows
from rota.engine import segments
from rota.engine.apply import Applier, JobCrashed, Output
from rota.store.blobs import LocalBlobs

CONTEXT = Context("j" * 30, "a" * 32, "a" * 32, 1, 0, structlog.get_logger(), {})
cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)


def action(call: Any, **declared: Any) -> Action:
    return Action("trial", "here", "", "", **{"call": call, "form": Form.ROW, "mandatory": ("word",), **declared})


def job(declared: Action, header: tuple[str, ...] = ("word",)) -> Job:
    names = {"header": header, "out_header": declared.out_header(header), "rows_name": "in.csv", "file_name": None}
    times = {"created_at": 0, "started_at": 0, "ended_at": None}
    counts = {"total_count": 1, "success_count": 0, "failure_count": 0}
    who = {"account_id": "a" * 32, "auth_account_id": "a" * 32, "user_id": 1}
    what = {"id": "j" * 30, "category": "trial", "action": "here", "ordered": False, "node": None}
    return Job(**who, **what, **names, **times, **counts, status=Status.EXECUTING, input_sha256=None)  # type: ignore[arg-type]


def applied(declared: Action, *words: str) -> Output:
    output = Applier(declared, job(declared), CONTEXT).apply([[word] for word in words], 0)
    output.complete()
    return output


@pytest.mark.parametrize(
    ("answer", "lines"),
    [
        (None, [["x", "", "", ""]]),
        ({}, [["x", "", "", ""]]),
        ({"b": True}, [["x", "", "true", ""]]),
        ({"a": 7, "b": None}, [["x", "7", "", ""]]),
        ({"word": "y"}, [["y", "", "", ""]]),
        ([{"a": "1"}, {"a": "2"}], [["x", "1", "", ""], ["x", "2", "", ""]]),
        ([], [["x", "", "", ""]]),
    ],
)
def test_an_answer_fills_the_columns_it_names(answer: Any, lines: list[list[str]]) -> None:
    output = applied(action(lambda context, row: answer, output=("a", "b")), "x")
    assert (output.lines, output.succeeded, output.failed) == (lines, 1, 0)


def test_a_refusal_fails_its_row_with_its_reason_and_its_columns() -> None:
    def refuse(context: Context, row: dict[str, str]) -> None:
        raise Refused("no", {"a": "why"})

    output = applied(action(refuse, output=("a", "error")), "x", "y")
    assert (output.lines, output.failed_lines, output.failed) == ([["x", "why", "no"], ["y", "why", "no"]], {0, 1}, 2)


def test_a_cell_that_its_verifier_rejects_never_reaches_the_action() -> None:
    seen: list[str] = []
    tests = {"word": lambda cell: cell.isalpha(), "other": lambda cell: cell.isdigit()}
    declared = action(lambda context, row: seen.append(row["word"]), optional=("other",), verifiers=tests)
    applier = Applier(declared, job(declared, ("other", "word")), CONTEXT)
    output = applier.apply([["1", "ok"], ["x", "!"], ["", "ok"], ["x", "ok"]], 0)
    assert [line[-1] for line in output.lines] == ["", "bad field(s) other word", "", "bad field(s) other"]
    assert (seen, output.succeeded, output.failed) == (["ok", "ok"], 2, 2)


def test_a_crash_fails_its_row_alone() -> None:
    output = applied(action(lambda context, row: {"error": 1 / int(row["word"])}), "1", "0", "1")
    assert [line[-1] for line in output.lines] == ["1.0", "applier crashed", "1.0"]
    assert output.failed_lines == {1}


def test_a_crash_ends_the_job_where_it_is_declared_so() -> None:
    with pytest.raises(JobCrashed):
        applied(action(lambda context, row: 1 / int(row["word"]), crash_ends_job=True), "0")


def test_a_batch_that_crashes_is_called_again_row_by_row() -> None:
    def call(context: Context, batch: Batch) -> list[Any]:
        for row in batch:
            assert int(row["word"])
        return [None] * len(batch)

    output = applied(action(call, form=Form.BATCH), "1", "0", "2")
    assert [line[-1] for line in output.lines] == ["", "applier crashed", ""]


def test_a_batch_that_answers_for_the_wrong_number_of_rows_has_crashed() -> None:
    output = applied(action(lambda context, batch: [None] * 3, form=Form.BATCH), "1", "2")
    assert output.failed == 2


def test_each_row_has_an_idempotency_key_of_its_own_that_stays_the_same() -> None:
    by_row = applied(action(lambda context, row: {"key": context.key()}, output=("key",)), "x", "y")
    by_batch = applied(
        action(lambda c, batch: [{"key": c.key(i)} for i in range(len(batch))], form=Form.BATCH, output=("key",)),
        "x",
        "y",
    )
    assert [line[1] for line in by_row.lines] == [f"{'j' * 30}-0", f"{'j' * 30}-1"]
    assert by_row.lines == by_batch.lines


def test_rows_that_wait_for_others_wait_together_and_answer_in_order() -> None:
    together = threading.Barrier(4, timeout=30)

    def call(context: Context, row: dict[str, str]) -> dict[str, Any]:
        together.wait()
        if row["word"] == "crash":
            raise RuntimeError
        return {"key": context.key()}

    output = applied(action(call, output=("key",), parallel=4), "a", "b", "crash", "d")
    keys = [f"{'j' * 30}-{number}" for number in range(4)]
    assert [line[1:] for line in output.lines] == [
        [keys[0], ""],
        [keys[1], ""],
        ["", "applier crashed"],
        [keys[3], ""],
    ]


def test_an_absent_optional_field_is_empty() -> None:
    output = applied(action(lambda context, row: {"error": f"<{row['other']}>"}, optional=("other",)), "x")
    assert output.lines == [["x", "<>"]]


@given(st.lists(st.lists(cells, min_size=2, max_size=2), min_size=1), st.booleans())
def test_rows_as_they_came_are_the_same_bytes_as_rows_written_out(
    tmp_path_factory: pytest.TempPathFactory, rows: Sequence[list[str]], plain: bool
) -> None:
    table = [[re.sub('[",\r\n]', "_", cell) for cell in row] for row in rows] if plain else list(rows)
    source = format_rows(table)
    blobs, chunk = LocalBlobs(Path(tmp_path_factory.mktemp("blobs")), durable=False), Chunk("j", 0, 1, 0, 0, 1, 0)
    tally = segments.write(blobs, chunk, Output(list(read_rows(source)), succeeded=len(table), lacking=2), source)
    written = blobs.read(segments.key(chunk, "out"), 0, 1 << 20)
    assert written == format_rows([[*row, "", ""] for row in table])
    assert tally.out_bytes == tally.success_bytes == len(written)
    assert tally.failed_bytes == 0


def test_a_mixed_chunk_divides_its_lines_between_success_and_failed(tmp_path: Path) -> None:
    blobs, chunk = LocalBlobs(tmp_path), Chunk("j", 0, 3, 0, 0, 1, 0)
    tally = segments.write(blobs, chunk, Output([["a"], ["b"], ["c"]], {1}, succeeded=2, failed=1))
    parts = {part: blobs.read(segments.key(chunk, part), 0, 100) for part in segments.PARTS}
    assert parts == {"out": b"a\nb\nc\n", "success": b"a\nc\n", "failed": b"b\n"}
    assert (tally.out_bytes, tally.success_bytes, tally.failed_bytes) == (6, 4, 2)
