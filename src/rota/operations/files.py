"""The files of a bulk job, as they are given out: what came in, what came of it, and a list of both.

Results are never put together on disk. The ledger knows the size of every segment, so a file is a list of parts, and
any range of it can be streamed without reading what comes before. Only what has to be written anew, the rows that
nobody worked and the manifest, is kept as a blob from the first request on.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from rota.domain.errors import FileNotFound
from rota.domain.jobs import Job, blob_prefix, segment_key
from rota.domain.rows import format_rows, read_rows
from rota.store.port import Blobs, Row, Tx

INPUT = "in.csv"
OUTPUT = "out.csv"
UNPROCESSED = "unprocessed.csv"
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Part:
    """A run of a file's bytes: a whole blob of that size, or the bytes themselves."""

    size: int
    key: str | None = None
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class File:
    """`etag` changes whenever the bytes do, and is not quoted. `size` is bytes.

    `rows` counts the input rows that are in the file; without input, the rows of the file itself.
    """

    name: str
    etag: str
    size: int
    rows: int
    parts: tuple[Part, ...]

    def stream(self, blobs: Blobs, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes of `[start, end)` in blocks."""
        end = self.size if end is None else end
        at = 0
        for part in self.parts:
            first, last = max(start - at, 0), min(end - at, part.size)
            at += part.size
            if first < last:
                yield from _of_part(blobs, part, first, last)


@dataclass(frozen=True, slots=True)
class Plan:
    """What the ledger says about a job's file: all that `open_plan` needs, so that no transaction stays open."""

    job: Job
    name: str
    settled: Sequence[Row] = ()
    unsettled: Sequence[Row] = ()

    @property
    def key(self) -> str:
        return blob_prefix(self.job.id) + self.name


def names(job: Job) -> tuple[str, ...]:
    """All files that can be fetched now."""
    return (*job.files, MANIFEST) if job.is_final else job.files


def is_kept(name: str) -> bool:
    """True for a file that is written as a blob when it is first asked for."""
    return name in {UNPROCESSED, MANIFEST}


def open_file(tx: Tx, blobs: Blobs, job: Job, name: str) -> File:
    """A file of the job, ready to stream after the transaction. Raises FileNotFound."""
    return open_plan(blobs, plan(tx, job, name))


def plan(tx: Tx, job: Job, name: str) -> Plan:
    """Look up where the file's bytes are. Raises FileNotFound when the job has no such file, or not yet."""
    if name not in names(job):
        raise FileNotFound(job.id, name)
    if name == INPUT:
        return Plan(job, name)
    return Plan(job, name, tx.all("segments_of_job", job_id=job.id), tx.all("unprocessed_of_job", job_id=job.id))


def open_plan(blobs: Blobs, given: Plan) -> File:
    """The planned file. Writes it first where it is one that is kept (see `is_kept`), whole or not at all."""
    return _OPENERS[given.name](blobs, given)


def _input(blobs: Blobs, given: Plan) -> File:
    return _of_blob(blobs, given, given.job.input_sha256 or "", given.job.total_count or 0)


def _segments(blobs: Blobs, given: Plan) -> File:
    head = format_rows([given.job.out_header])
    kind, counts = _RESULTS[given.name]
    parts = [Part(len(head), data=head)]
    parts += [Part(row[f"{kind}_bytes"], _segment(row, given.job.id, kind)) for row in given.settled]
    # What a job without input counts as a failure is its own end, which has no line.
    rows = sum(row[count] for row in given.settled for count in (counts if given.job.rows_name else counts[:1]))
    return File(given.name, _etag(given), sum(part.size for part in parts), rows, tuple(parts))


def _segment(row: Row, job_id: str, kind: str) -> str:
    # A chunk whose rows all went the same way has one segment, which is its whole output.
    mixed = row["success_count"] > 0 and row["failure_count"] > 0
    return segment_key(job_id, row["first_row"], row["epoch"], kind if mixed else "out")


def _unprocessed(blobs: Blobs, given: Plan) -> File:
    _keep(blobs, given, lambda: _unprocessed_blocks(blobs, given))
    return _of_blob(blobs, given, _etag(given), sum(row["row_count"] for row in given.unsettled))


def _unprocessed_blocks(blobs: Blobs, given: Plan) -> Iterator[bytes]:
    """The rows in the form of our other files, whatever their line ends and quotes were; a chunk is at most ~1 MiB."""
    source = f"{blob_prefix(given.job.id)}{given.job.rows_name}"
    yield format_rows([given.job.header])
    for row in given.unsettled:
        yield format_rows(list(read_rows(blobs.read(source, row["start_byte"], row["end_byte"]))))


def _manifest(blobs: Blobs, given: Plan) -> File:
    _keep(blobs, given, lambda: iter([msgspec.json.encode(_list_files(blobs, given))]))
    return _of_blob(blobs, given, _etag(given), 0)


def _list_files(blobs: Blobs, given: Plan) -> dict[str, object]:
    job = given.job
    files = [open_plan(blobs, Plan(job, name, given.settled, given.unsettled)) for name in job.files]
    return {
        "id": job.id,
        "account_id": job.account_id,
        "category": job.category,
        "action": job.action,
        "status": job.status.value,
        "files": [
            {"name": file.name, "rows": file.rows, "bytes": file.size, "sha256": _sha256(blobs, job, file)}
            for file in files
        ],
    }


def _sha256(blobs: Blobs, job: Job, file: File) -> str:
    if file.name == INPUT and job.input_sha256:
        return job.input_sha256
    digest = hashlib.sha256()
    for block in file.stream(blobs):
        digest.update(block)
    return digest.hexdigest()


def _keep(blobs: Blobs, given: Plan, blocks: Callable[[], Iterator[bytes]]) -> None:
    """Two first requests at once write the same bytes twice, and the later replaces the earlier unnoticed."""
    if blobs.size(given.key) is not None:
        return
    with blobs.create(given.key) as upload:
        for block in blocks():
            upload.write(block)
        upload.commit()


def _of_blob(blobs: Blobs, given: Plan, etag: str, rows: int) -> File:
    size = blobs.size(given.key)
    if size is None:
        raise FileNotFound(given.job.id, given.name)
    return File(given.name, etag, size, rows, (Part(size, given.key),))


def _of_part(blobs: Blobs, part: Part, start: int, end: int) -> Iterator[bytes]:
    if part.key is None:
        yield part.data[start:end]
    else:
        yield from blobs.stream(part.key, start, end)


def _etag(given: Plan) -> str:
    """Results are fixed once a job has ended, and it ends once."""
    return hashlib.sha256(f"{given.job.id} {given.name} {given.job.ended_at}".encode()).hexdigest()


_RESULTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    OUTPUT: ("out", ("success_count", "failure_count")),
    "success.csv": ("success", ("success_count",)),
    "failed.csv": ("failed", ("failure_count",)),
}
"""Which segments make up a result file, and which rows are in it."""

_OPENERS: Mapping[str, Callable[[Blobs, Plan], File]] = {
    INPUT: _input,
    UNPROCESSED: _unprocessed,
    MANIFEST: _manifest,
    **dict.fromkeys(_RESULTS, _segments),
}
