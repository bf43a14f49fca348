"""An upload with its check, count and index, durable, against reading the same file once with csv.reader.

The file lies in the page cache for both. Size: MB, instead of 40 and 200.
"""

import csv
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench import table
from bench.measure import Finding, at_least, in_turns, scratch
from bench.server import Client, rate, serving

RUNS = 5
SIZES = (40, 200)


def measure(size: int | None = None) -> Iterator[Finding]:
    with scratch(2 * 10**9) as folder, serving(folder) as server:
        client = server.client()
        for megabytes in [size] if size else SIZES:
            for kind in ("unquoted", "quoted"):
                source = table.write_size(folder / "in.csv", kind, megabytes * 10**6)
                yield from _compare(client, source, f"{megabytes} MB {kind}")


def _compare(client: Client, source: Path, what: str) -> Iterator[Finding]:
    works = {"plain": partial(_upload, client, source, False), "chunked": partial(_upload, client, source, True)}
    took = in_turns(RUNS, reader=partial(read, source), **works)
    size = source.stat().st_size
    print(
        f"   {what}: csv.reader {rate(size, took['reader'])}, " + ", ".join(f"{w} {rate(size, took[w])}" for w in works)
    )
    for way in works:
        ratio = took["reader"].median / took[way].median
        yield at_least(f"upload of {what}, {way}, against one pass of csv.reader", 0.9, ratio, f"medians of {RUNS}")


def read(source: Path) -> None:
    with source.open(newline="") as file:
        for _ in csv.reader(file):
            pass


def _upload(client: Client, source: Path, chunked: bool) -> None:
    client.ask("DELETE", client.create_from(source, chunked=chunked))
