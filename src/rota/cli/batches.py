"""Batches of tasks: a CSV file becomes a bulk job of the queue's actions, and what became of each row is told.

Both the file and the outcome go through row by row: neither is ever held in memory as a whole.
"""

import csv
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any

import typer

from rota.cli import times
from rota.cli.files import STDIN
from rota.cli.output import CommandError, say, show_json_lists, show_table
from rota.cli.wire import connect
from rota.domain import durations

if TYPE_CHECKING:
    from rota.cli.jobs import Jobs

SHOWN = 100
"""Rows of each table: whoever has more of them wants a file, not a screen."""

TAG = "addbatch="
TAG_LIMIT = 100
"""Characters that a tag may have."""

TASK_ID = "task_id"
LOCATION_ID = "location_id"
ERROR = "error"
OUTPUT = "out.csv"

Cells = dict[str, str]
Reader = Callable[[str], str]
Outcome = Callable[[], Iterator[Cells]]
"""Reads the rows of the output, from the first, each time anew."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a batch does: its action, how that is told, and the columns that name a row, which it must have.

    `id_column` is where the outcome says which record a row became, and `noun` what people call those records.
    `leaves_out` are columns that are not sent, so that an earlier outcome can be sent again; `takes_only` are those
    that are sent, if not all.
    """

    action: str
    done: str
    mandatory: tuple[str, ...]
    leaves_out: frozenset[str] = frozenset()
    takes_only: frozenset[str] = frozenset()
    is_tagged: bool = False
    category: str = "queue"
    noun: str = "Tasks"
    id_column: str = TASK_ID

    def takes(self, column: str) -> bool:
        return column not in self.leaves_out and (not self.takes_only or column in self.takes_only)


KINDS: Mapping[str, Kind] = {
    "add": Kind("add", "queued", ("title",), leaves_out=frozenset({TASK_ID, ERROR}), is_tagged=True),
    "update": Kind("update", "updated", (TASK_ID, "title"), leaves_out=frozenset({ERROR})),
    "delete": Kind("delete", "deleted", (TASK_ID,), takes_only=frozenset({TASK_ID})),
    "import_tasks": Kind(
        "import_tasks", "imported", ("name",), leaves_out=frozenset({TASK_ID, ERROR}), category="field"
    ),
    "import_locations": Kind(
        "import_locations",
        "imported",
        ("name",),
        leaves_out=frozenset({LOCATION_ID, ERROR}),
        category="field",
        noun="Locations",
        id_column=LOCATION_ID,
    ),
}


def run(verb: str, file: str, as_json: bool, defaults: Cells | None = None) -> None:
    """Send the file, wait until all its rows are done, and show what became of them. Exits 1 unless all went well.

    `defaults` stand in blank cells; their tags are added to those of each row.
    """
    from rota.cli.jobs import Jobs
    from rota.cli.watch import watch

    kind, called = KINDS[verb], "stdin" if file == STDIN else Path(file).name
    with _converted(file, called, kind, defaults or {}) as rows, connect() as client:
        jobs = Jobs(client, None)
        query = {"category": kind.category, "action": kind.action, "file_name": called}
        job_id = jobs.one("PUT", query=query, file=rows, content_type="text/csv")["id"]
        say(f"the batch is job {job_id}.")
        jobs.start(job_id)
        job = watch(lambda: jobs.show(job_id))
        with _outcome(jobs, job) as read:
            _show(kind, job, read, as_json)
    if job["status"] != "success":
        raise typer.Exit(1)


def tag_of(name: str) -> str:
    """The tag of all tasks of a batch. A tag holds no white space, and nothing that cannot be printed.

    >>> tag_of("new tasks.csv")
    'addbatch=new_tasks.csv'
    """
    words = "_".join(name.split())
    return (TAG + "".join(each if each.isprintable() else "_" for each in words))[:TAG_LIMIT]


@contextmanager
def _converted(file: str, called: str, kind: Kind, defaults: Cells) -> Iterator[IO[bytes]]:
    """The rows as they are sent, in a file that has a length. Raises CommandError."""
    readers = readers_at(times.wall_clock(), times.language_of(os.environ))
    with TemporaryFile() as spool:
        sink = TextIOWrapper(spool, encoding="utf-8", newline="")
        try:
            with _source(file) as source:
                convert(source, sink, kind, tag_of(called), readers, defaults)
        except UnicodeDecodeError as error:
            raise CommandError(f"{called} is not UTF-8: {error.reason}.") from error
        except csv.Error as error:
            raise CommandError(f"{called}, {error}.") from error
        sink.detach()
        spool.seek(0)
        yield spool


@contextmanager
def _source(file: str) -> Iterator[IO[str]]:
    if file != STDIN:
        with Path(file).open(encoding="utf-8-sig", newline="") as text:
            yield text
        return
    text = TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline="")
    try:
        yield text
    finally:
        # It would close stdin with itself.
        text.detach()


def readers_at(now: datetime, language: str) -> dict[str, Reader]:
    """How cells are read that people write freely: as on the command line, into what a server reads."""
    deadline = lru_cache(_lenient(partial(times.deadline, now=now, language=language)))
    moment = lru_cache(_lenient(lambda cell: times.iso(times.moment(cell, now, language))))
    duration = lru_cache(_lenient(durations.duration))
    return {
        "deadline": deadline,
        **dict.fromkeys(("start", "end"), moment),
        **dict.fromkeys(("estimate", "estimated_time"), duration),
    }


def _lenient(read: Callable[[str], float | str]) -> Reader:
    """What cannot be read is sent as it is: the server says so of its row, and takes the others."""

    def translate(cell: str) -> str:
        try:
            return str(read(cell))
        except durations.Unreadable:
            return cell

    return translate


def convert(
    source: Iterable[str],
    sink: IO[str],
    kind: Kind,
    tag: str,
    readers: Mapping[str, Reader],
    defaults: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Write the rows of a CSV as the action takes them: with the batch's tag, with times that a server reads, and with
    defaults in blank cells.

    Raises csv.Error, which names the line.
    """
    # As long as they are: the server says which cells are too long.
    csv.field_size_limit(2**31 - 1)
    reader, writer = csv.reader(source, strict=True), csv.writer(sink)
    try:
        rows = filter(None, reader)
        header = next(rows, [])
        columns = [name for name in header if kind.takes(name)]
        added = (*defaults, "tags") if kind.is_tagged else tuple(defaults)
        columns += [name for name in dict.fromkeys(added) if name not in columns]
        writer.writerow(columns if header else [])
        for row in rows:
            if len(row) != len(header):
                raise csv.Error(f"{len(row)} cells in a row, and {len(header)} in the header")
            cells = _changed(dict(zip(header, row, strict=True)), kind, tag, readers, defaults)
            writer.writerow(cells[name] for name in columns)
    except csv.Error as error:
        raise csv.Error(f"line {reader.line_num}: {error}") from error


def _changed(cells: Cells, kind: Kind, tag: str, readers: Mapping[str, Reader], defaults: Mapping[str, str]) -> Cells:
    for name, read in readers.items():
        if cells.get(name, "").strip():
            cells[name] = read(cells[name])
    if kind.is_tagged:
        cells["tags"] = " ".join(filter(None, (cells.get("tags"), defaults.get("tags"), tag)))
    for name, text in defaults.items():
        cells[name] = cells[name] if cells.get(name, "").strip() else text
    for name in kind.mandatory:
        # An empty one would refuse the whole file; a blank one fails its row.
        cells[name] = cells.get(name, "") or " "
    return cells


@contextmanager
def _outcome(jobs: "Jobs", job: Mapping[str, Any]) -> Iterator[Outcome]:
    with TemporaryFile() as spool:
        if OUTPUT in job.get("csvs", ()):
            with jobs.file(job["id"], OUTPUT) as blocks:
                spool.writelines(blocks)
        text = TextIOWrapper(spool, encoding="utf-8", newline="")

        def read() -> Iterator[Cells]:
            text.seek(0)
            yield from csv.DictReader(text)

        yield read


def _show(kind: Kind, job: Mapping[str, Any], read: Outcome, as_json: bool) -> None:
    good, bad = int(job.get("success_count") or 0), int(job.get("failure_count") or 0)
    # Where rows were left out, those that are there cannot be counted through.
    whole = good + bad == job.get("total_count")
    text = f"{good} {kind.noun} {kind.done} successfully. {bad} {kind.noun} failed to be {kind.done}"
    if as_json:
        head = {"job_id": job["id"], "status": job["status"], "success_count": good, "failure_count": bad}
        lists = {"succeeded": _succeeded(kind, read()), "failed": _failed(kind, read(), whole)}
        return show_json_lists({**head, "text": text}, lists)
    print(text)
    _show_some(tuple(dict.fromkeys((kind.id_column, *kind.mandatory))), _succeeded(kind, read()))
    _show_some(("row", *kind.mandatory, ERROR), _failed(kind, read(), whole))
    if max(good, bad) > SHOWN:
        say(f"these are the first {SHOWN}; all of them: rota job output {job['id']} --name success.csv (or failed.csv)")
    return None


def _show_some(columns: tuple[str, ...], rows: Iterator[Mapping[str, Any]]) -> None:
    if shown := list(islice(rows, SHOWN)):
        print()
        show_table(columns, shown)


def _succeeded(kind: Kind, rows: Iterator[Cells]) -> Iterator[dict[str, Any]]:
    for cells in rows:
        if not cells[ERROR]:
            named = {name: cells[name] for name in kind.mandatory if name != kind.id_column}
            yield {kind.id_column: int(cells[kind.id_column]), **named}


def _failed(kind: Kind, rows: Iterator[Cells], whole: bool) -> Iterator[dict[str, Any]]:
    """With the numbers of the rows, the first below the header being 1."""
    for number, cells in enumerate(rows, 1):
        if cells[ERROR]:
            where = {"row": number} if whole else {}
            yield {**where, **{name: cells[name].strip() for name in kind.mandatory}, ERROR: cells[ERROR]}
