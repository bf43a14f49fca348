"""Writes what became of a chunk's rows: one segment for all lines, and two more where some rows failed and some not."""

from collections.abc import Iterator, Sequence

from rota.domain.jobs import Chunk, Tally, segment_key
from rota.domain.rows import format_rows
from rota.engine.apply import Cells, Output
from rota.store.port import Blobs

PARTS = ("out", "success", "failed")


def write(blobs: Blobs, chunk: Chunk, output: Output) -> Tally:
    """Make the segments durable under the chunk's epoch; what the ledger is to say of them."""
    sizes = {part: _write_part(blobs, chunk, part, lines) for part, lines in _parts(output)}
    out = sizes["out"]
    return Tally(
        succeeded=output.succeeded,
        failed=output.failed,
        out_bytes=out,
        success_bytes=sizes.get("success", out if output.failed == 0 else 0),
        failed_bytes=sizes.get("failed", out if output.succeeded == 0 else 0),
    )


def discard(blobs: Blobs, chunk: Chunk) -> None:
    """Remove the segments of an epoch that does not count."""
    blobs.delete(key(chunk, part) for part in PARTS)


def _parts(output: Output) -> Iterator[tuple[str, Sequence[Cells]]]:
    yield "out", output.lines
    if output.succeeded and output.failed:
        bad = output.failed_lines
        yield "success", [line for index, line in enumerate(output.lines) if index not in bad]
        yield "failed", [line for index, line in enumerate(output.lines) if index in bad]


def _write_part(blobs: Blobs, chunk: Chunk, part: str, lines: Sequence[Cells]) -> int:
    data = format_rows(lines)
    with blobs.create() as upload:
        upload.write(data)
        upload.commit(key(chunk, part))
    return len(data)


def key(chunk: Chunk, part: str) -> str:
    """Where a part of the chunk's output lies, under its present epoch."""
    return segmentkey(chunk.job_id, chunk.first_row, chunk.epoch, part)
