"""The rows of one chunk: from its bytes through the action to its segments and its rest."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from rota.actions.registry import Catalogue
from rota.domain.jobs import Chunk, Job, blob_prefix
from rota.domain.rows import read_rows, split_rows
from rota.domain.sharing import FREE, Rules
from rota.engine.apply import Cells
from rota.engine.ledger import Result, Shown
from rota.engine.segments import Draft
from rota.operations import seal
from rota.store.port import Blobs, Store


class Unworkable(Exception):
    """The job cannot go on; the text says why."""


@dataclass(frozen=True, slots=True)
class Engine:
    """What every runner of a server works with."""

    store: Store
    blobs: Blobs
    catalogue: Catalogue
    clock: Callable[[], int]
    lease_s: float
    options: Mapping[str, Any]
    log: Any
    rules: Rules = FREE

    def lease_until(self) -> int:
        return self.clock() + round(self.lease_s * 1_000_000)


class Work:
    """A chunk that has been begun. `draft` is what has become of its rows so far, `running` are those that are inside
    the action now."""

    def __init__(self, engine: Engine, job: Job, chunk: Chunk) -> None:
        self.chunk, self.draft = chunk, Draft()
        self.running: Sequence[Cells] = ()
        self._engine, self._job = engine, job
        self._source = b""

    def read(self) -> None:
        """Fetch the chunk's bytes. Raises Unworkable and what blobs raise."""
        key = f"{blob_prefix(self._job.id)}{self._job.rows_name}"
        try:
            self._source = self._engine.blobs.read(key, self.chunk.start_byte, self.chunk.end_byte)
        except FileNotFoundError:
            # Unless all of the blobs are: then the job waits for somebody who mounts or names the right ones.
            seal.check(self._engine.store, self._engine.blobs)
            raise Unworkable("its input is gone") from None
        self.draft = self.fresh_draft()

    def fresh_draft(self) -> Draft:
        return Draft(self._source)

    @property
    def is_done(self) -> bool:
        return self.draft.rows == self.chunk.row_count

    @property
    def rows_left(self) -> int:
        return self.chunk.row_count - self.draft.rows

    def shown(self) -> Shown:
        return Shown(self.chunk, self.draft.succeeded, self.draft.failed)

    def batches(self, size: int) -> Iterator[list[Cells]]:
        rows = read_rows(self._source)
        while batch := list(islice(rows, size)):
            yield batch

    def rows(self) -> list[Cells]:
        return list(read_rows(self._source))

    def keep(self) -> Result:
        """Make the segments of the rows that are done durable; the others are the rest, in two halves."""
        rest = () if self.is_done else _halves(self.after(self.draft.rows), self._source, self.chunk)
        return Result(self.chunk, self.draft.keep(self._engine.blobs, self.chunk), rest)

    def after(self, done: int) -> Chunk:
        """The rows after the first `done` of the chunk."""
        return _after(self.chunk, self._source, done)


def _after(chunk: Chunk, source: bytes, done: int) -> Chunk:
    """The rows after the first `done` of a chunk."""
    return Chunk(
        job_id=chunk.job_id,
        first_row=chunk.first_row + done,
        row_count=chunk.row_count - done,
        start_byte=chunk.start_byte + split_rows(source, done),
        end_byte=chunk.end_byte,
        epoch=0,
        deaths=0,
    )


def _halves(rest: Chunk, source: bytes, whole: Chunk) -> list[Chunk]:
    """A rest of a chunk in two, so that two runners may go on with it; one row stays one."""
    if rest.row_count == 1:
        return [rest]
    own = source[rest.start_byte - whole.start_byte :]
    second = _after(rest, own, rest.row_count // 2)
    first = replace(rest, row_count=rest.row_count - second.row_count, end_byte=second.start_byte)
    return [first, second]
