"""Row 9 000 000 of an output of 10 000 000, after a restart, against row 1: nothing of what came before is read.

The server runs no workers meanwhile, so that all it reads is for the answer. Size: rows.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench import table
from bench.measure import Finding, at_most, brief, scratch
from bench.server import Client, Server, serving

RUNS = 20
HEADER = b"number,name,error\n"
WIDTH = table.NUMBERED_WIDTH + 1
"""Bytes of a row of the output: its error is empty."""


def measure(rows: int = 10_000_000) -> Iterator[Finding]:
    near, far = 1, rows * 9 // 10
    with scratch(rows * WIDTH * 3) as folder:
        job = _prepare(folder, rows)
        after_restart = {row: _once(folder, job, row) for row in (near, far)}
        took, read = _many(folder, job, near, far)
    for row in (near, far):
        cold_s, cold_bytes = after_restart[row]
        shown = f"{brief(cold_s)} and {cold_bytes:,} bytes read after a restart"
        print(f"   row {row:,}: {shown}; then {brief(median(took[row]))}, {median(read[row]):,.0f} bytes")
    ratio = median(took[far]) / median(took[near])
    more = f"{brief(median(took[far]))} against {brief(median(took[near]))}; {brief(after_restart[far][0])} first"
    yield at_most(f"first byte of row {far:,} against row 1, same server, medians", 2, ratio, "x", more)
    extra = max(after_restart[far][1] - after_restart[near][1], 0)
    more = f"the rows before it are {far * WIDTH / 1e6:.0f} MB"
    yield at_most(f"bytes read for row {far:,} beyond those for row 1", 1, extra / 1e6, "MB", more)


def _prepare(folder: Path, rows: int) -> str:
    """The path of a finished job."""
    source = table.write_numbered(folder / "in.csv", rows)
    with serving(folder) as server:
        client = server.client()
        job = client.create_from(source)
        print(f"   run: {brief(client.run(job, 0.1))}")
    return job


def _once(folder: Path, job: str, row: int) -> tuple[float, int]:
    with serving(folder, workers=0) as server:
        return _first_byte(server, server.client(), job, row)


def _many(folder: Path, job: str, *rows: int) -> tuple[dict[int, list[float]], dict[int, list[int]]]:
    took: dict[int, list[float]] = {row: [] for row in rows}
    read: dict[int, list[int]] = {row: [] for row in rows}
    with serving(folder, workers=0) as server:
        client = server.client()
        for _ in range(RUNS):
            for row in rows:
                seconds, size = _first_byte(server, client, job, row)
                took[row].append(seconds)
                read[row].append(size)
    return took, read


def _first_byte(server: Server, client: Client, job: str, row: int) -> tuple[float, int]:
    """Seconds until the row's first byte came, and how many bytes the server's processes read for the row."""
    start = len(HEADER) + (row - 1) * WIDTH
    before, began = server.bytes_read(), time.perf_counter()
    answer = client.send("GET", f"{job}/output", headers={"Range": f"bytes={start}-{start + WIDTH - 1}"})
    first = answer.read(1)
    seconds = time.perf_counter() - began
    line = first + answer.read()
    assert line == f"{row:010},somebody,\n".encode(), line
    return seconds, server.bytes_read() - before
