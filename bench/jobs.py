"""A million rows through the identity action, output durable, two workers, against a csv.reader and csv.writer loop.

The loop runs on one core: csv.reader, the same function on every row, csv.writer, and a flush to disk at the end.
Rota's time runs from its start request until its success is seen; its output is flushed too. Size: rows.
"""

import csv
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench import table
from bench.measure import Finding, at_least, in_turns, scratch
from bench.server import Client, serving

RUNS = 5


def measure(rows: int = 1_000_000) -> Iterator[Finding]:
    with scratch(10**9) as folder, serving(folder) as server:
        client = server.client()
        for kind in table.KINDS:
            source = table.write(folder / f"{kind}.csv", kind, rows)
            took = in_turns(RUNS, loop=partial(loop, source, folder / "loop.csv"), rota=partial(_job, client, source))
            print(f"   {kind}: loop {took['loop']}; rota {took['rota']}; {rows / took['rota'].best:,.0f} rows/s")
            ratio = took["loop"].median / took["rota"].median
            more = f"{took['rota'].median:.2f} s against {took['loop'].median:.2f} s, medians of {RUNS}"
            yield at_least(f"job of {rows:,} rows, {kind}, against a one-core csv loop", 1.0, ratio, more)


def identity(row: list[str]) -> list[str]:
    return row


def loop(source: Path, target: Path) -> None:
    """The peer, in its fastest plain form: no Python statement runs per row but the function itself."""
    with source.open(newline="") as given, target.open("w", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows(map(identity, csv.reader(given)))
        out.flush()
        os.fsync(out.fileno())


def _job(client: Client, source: Path) -> float:
    job = client.create_from(source)
    seconds = client.run(job)
    client.ask("DELETE", job)
    return seconds
