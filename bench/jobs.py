"""A million rows through the identity action, output durable, two workers, against a csv.reader and csv.writer loop.

The loop runs on one core: csv.reader, the same function on every row, csv.writer, and a flush to disk at the end.
Rota's time runs from its start request until its success is seen; its output is flushed too. Processor time stands
beside: on a shared machine it tells what the work costs, and the clock what was left for it. Size: rows.
"""

import csv
import os
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median

from bench import table
from bench.measure import Finding, at_least, in_turns, scratch
from bench.server import Client, Server, serving

RUNS = 5
POLL_S = 0.03
"""A question costs the server a millisecond, which the workers then lack."""


def measure(rows: int = 1_000_000) -> Iterator[Finding]:
    with scratch(10**9) as folder, serving(folder) as server:
        client = server.client()
        for kind in table.KINDS:
            source = table.write(folder / f"{kind}.csv", kind, rows)
            cpu_s: dict[str, list[float]] = {"loop": [], "rota": []}
            took = in_turns(
                RUNS,
                loop=partial(_loop, source, folder / "loop.csv", cpu_s["loop"]),
                rota=partial(_job, client, source, server, cpu_s["rota"]),
            )
            for name, times in took.items():
                print(f"   {kind}: {name} {times}; processor time {median(cpu_s[name]):.2f} s")
            ratio = took["loop"].median / took["rota"].median
            more = f"{took['rota'].median:.2f} s against {took['loop'].median:.2f} s, medians of {RUNS}; "
            more += f"processor time {median(cpu_s['rota']):.2f} s against {median(cpu_s['loop']):.2f} s"
            yield at_least(f"job of {rows:,} rows, {kind}, against a one-core csv loop", 1.0, ratio, more)


def identity(row: list[str]) -> list[str]:
    return row


def _loop(source: Path, target: Path, cpu_s: list[float]) -> None:
    before = time.process_time()
    loop(source, target)
    cpu_s.append(time.process_time() - before)


def loop(source: Path, target: Path) -> None:
    """The peer, in its fastest plain form: no Python statement runs per row but the function itself."""
    with source.open(newline="") as given, target.open("w", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows(map(identity, csv.reader(given)))
        out.flush()
        os.fsync(out.fileno())


def _job(client: Client, source: Path, server: Server, cpu_s: list[float]) -> float:
    job = client.create_from(source)
    before = server.cpu_s()
    seconds = client.run(job, POLL_S)
    cpu_s.append(server.cpu_s() - before)
    client.ask("DELETE", job)
    return seconds
