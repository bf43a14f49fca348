"""Puts rows through an action: verifies cells, calls the function in its form, and turns what it says into lines."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from rota.actions.registry import ERROR, Action, Answer, Batch, Context, Form, Line, Refused
from rota.domain.jobs import APPLIER_CRASHED, Job

Cells = list[str]


class JobCrashed(Exception):
    """An action that declares `crash_ends_job` has crashed."""


@dataclass(slots=True)
class Output:
    """Lines of a chunk in input order. `failed_lines` are the indexes of those that belong to failed rows.

    `lacking` is how many empty cells every line still lacks at its end: rows that only succeeded are kept as they came
    and not copied (copying a million rows took 0.13 s of the 0.75 s that reading and writing them takes).
    """

    lines: list[Cells] = field(default_factory=list)
    failed_lines: set[int] = field(default_factory=set)
    succeeded: int = 0
    failed: int = 0
    lacking: int = 0

    @property
    def rows(self) -> int:
        return self.succeeded + self.failed

    def complete(self) -> None:
        """Give every line the cells that it lacks."""
        if self.lacking:
            blank = [""] * self.lacking
            self.lines = [line + blank for line in self.lines]
            self.lacking = 0

    def extend(self, other: "Output") -> None:
        if not self.lines:
            self.lacking = other.lacking
        elif self.lacking != other.lacking:
            self.complete()
            other.complete()
        base = len(self.lines)
        self.lines.extend(other.lines)
        self.failed_lines.update(base + index for index in other.failed_lines)
        self.succeeded += other.succeeded
        self.failed += other.failed


class Applier:
    """An action made ready for the columns of one job."""

    def __init__(self, action: Action, job: Job, context: Context) -> None:
        self._action, self._job, self._context = action, job, context
        self._place = {column: index for index, column in enumerate(job.out_header)}
        self._blank = [""] * (len(job.out_header) - len(job.header))
        at = {column: index for index, column in enumerate(job.header)}
        self._checks = [(at[name], name, test) for name, test in action.verifiers.items() if name in at]
        self._checks.sort()

    def apply(self, rows: Sequence[Cells], first_row: int, tx: Any = None) -> Output:
        """What becomes of consecutive rows, none skipped. Raises JobCrashed; any other crash fails its row alone."""
        numbers: Sequence[int] = range(first_row, first_row + len(rows))
        reasons = self._bad_fields(rows) if self._checks else {}
        sound: Sequence[Cells] = rows
        if reasons:
            numbers = [number for number in numbers if number - first_row not in reasons]
            sound = [rows[number - first_row] for number in numbers]
        context = replace(self._context, tx=tx, rows=numbers)
        answers = self._answers(context, sound) if sound else []
        if answers is None and not reasons:
            return Output(list(rows), succeeded=len(rows), lacking=len(self._blank))
        said = iter(answers) if answers is not None else iter([None] * len(sound))
        return self._collect(rows, (reasons[i] if i in reasons else next(said) for i in range(len(rows))))

    def fail_all(self, rows: Sequence[Cells], reason: str) -> Output:
        """The rows failed without the action's word."""
        return self._collect(rows, iter([Refused(reason)] * len(rows)))

    def _bad_fields(self, rows: Sequence[Cells]) -> dict[int, Refused]:
        found = {}
        for index, row in enumerate(rows):
            bad = [name for at, name, test in self._checks if row[at] and not test(row[at])]
            if bad:
                found[index] = Refused(f"bad field(s) {' '.join(bad)}")
        return found

    def _answers(self, context: Context, rows: Sequence[Cells]) -> Sequence[Answer] | None:
        batch = Batch(self._job.header, rows, self._action.fields)
        if self._action.form is Form.ROW:
            return self._rows_at_once(context, batch.rows)
        try:
            with _undoing(context):
                return self._whole_batch(context, batch)
        except Exception:
            if len(rows) == 1:
                return [self._crashed(context)]
        # The batch crashed and was undone: row by row tells which rows are to blame.
        singles = [Batch(batch.header, [row], batch.fields) for row in rows]
        return [self._guarded(context, self._one_batch, single, i) for i, single in enumerate(singles)]

    def _rows_at_once(self, context: Context, rows: Sequence[Mapping[str, str]]) -> Sequence[Answer]:
        def one(index: int) -> Answer:
            return self._guarded(context, self._one_row, rows[index], index)

        if self._action.parallel == 1:
            return [one(index) for index in range(len(rows))]
        with ThreadPoolExecutor(self._action.parallel) as threads:
            return list(threads.map(one, range(len(rows))))

    def _whole_batch(self, context: Context, batch: Batch) -> Sequence[Answer] | None:
        answers: Sequence[Answer] | None = self._action.call(context, batch)
        if answers is not None and len(answers) != len(batch):
            raise ValueError(f"{len(answers)} answers for {len(batch)} rows")
        return answers

    def _one_batch(self, context: Context, batch: Batch) -> Answer:
        answers = self._whole_batch(context, batch)
        return None if answers is None else answers[0]

    def _one_row(self, context: Context, row: Mapping[str, str]) -> Answer:
        answer: Answer = self._action.call(context, row)
        return answer

    def _guarded(self, context: Context, call: Callable[..., Answer], given: Any, index: int) -> Answer:
        mine = context if len(context.rows) == 1 else replace(context, rows=context.rows[index : index + 1])
        try:
            with _undoing(mine):
                return call(mine, given)
        except Refused as refusal:
            return refusal
        except Exception:
            return self._crashed(mine)

    def _crashed(self, context: Context) -> Refused:
        context.log.exception(APPLIER_CRASHED, row=context.rows[0])
        if self._action.crash_ends_job:
            raise JobCrashed from None
        return Refused(APPLIER_CRASHED)

    def _collect(self, rows: Sequence[Cells], answers: Iterator[Answer]) -> Output:
        output = Output()
        for row, answer in zip(rows, answers, strict=True):
            if isinstance(answer, Refused):
                output.failed += 1
                output.failed_lines.add(len(output.lines))
                output.lines.append(self._line(row, {**(answer.line or {}), ERROR: str(answer)}))
            else:
                output.succeeded += 1
                output.lines.extend(self._line(row, own) for own in _own_lines(answer))
        return output

    def _line(self, row: Cells, own: Mapping[str, Any]) -> Cells:
        line = [*row, *self._blank]
        for column, value in own.items():
            line[self._place[column]] = as_text(value)
        return line


def generated(action: Action, job: Job, context: Context) -> Iterator[list[Cells]]:
    """Pages of finished lines of an action without input."""
    for page in action.call(context):
        yield [[as_text(line.get(column)) for column in job.out_header] for line in page]


def as_text(value: Any) -> str:
    """A value as it stands in a cell: nothing is empty, booleans are `true` and `false`."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _own_lines(answer: Line | Sequence[Line] | None) -> Sequence[Line]:
    if isinstance(answer, Mapping):
        return [answer]
    return answer or [{}]


def _undoing(context: Context) -> AbstractContextManager[None]:
    """What a crashed call wrote into rota's own tables is taken back."""
    return context.tx.savepoint() if context.tx else nullcontext()
