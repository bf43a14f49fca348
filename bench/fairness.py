"""A job of 10 rows of one account, while a job of millions of another account runs, against the same on an idle server.

Size: rows of the large job.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench import table
from bench.measure import Finding, at_most, brief, scratch
from bench.server import FINAL, Client, serving

SMALL = b"col1\n" + b"hello\n" * 10
IDLE_RUNS = 30
ASKED_S = 1.0


def measure(rows: int = 2_000_000) -> Iterator[Finding]:
    with scratch(rows * 400) as folder, serving(folder) as server:
        client = server.client()
        neighbour = client.ask("POST", "/admin/v1/accounts", json.dumps({"name": "neighbour"}))["id"]
        idle = [_small(client, neighbour) for _ in range(IDLE_RUNS)]
        busy = _while_busy(client, neighbour, table.write(folder / "in.csv", "quoted", rows))
    print(f"   idle: median {brief(median(idle))}, worst {brief(max(idle))} of {len(idle)}")
    print(f"   busy: median {brief(median(busy))}, worst {brief(max(busy))} of {len(busy)}")
    more = f"median {brief(median(busy))} of {len(busy)}; {brief(median(idle))} on an idle server"
    claim = f"10 rows beside a running job of {rows:,} rows of another account, worst case until done"
    yield at_most(claim, ASKED_S, max(busy), "s", more)


def _while_busy(client: Client, neighbour: str, source: Path) -> list[float]:
    """Seconds of small jobs, of those alone during all of which the large one ran."""
    large, busy = client.create_from(source), []
    client.start(large)
    while True:
        seconds = _small(client, neighbour)
        if client.status(large) in FINAL:
            return busy
        busy.append(seconds)


def _small(client: Client, account: str) -> float:
    """Seconds from the start of a small job until it is seen to be done."""
    return client.run(client.create(SMALL, account=account), 0.002)
