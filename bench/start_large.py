"""The start of a job of 10 000 000 rows: it says yes and leaves the rows to the workers. Against one of 10 rows.

Size: rows.
"""

from collections.abc import Iterator
from contextlib import suppress
from statistics import median

from bench import table
from bench.measure import Finding, at_most, brief, in_turns, scratch, timed
from bench.server import Client, Failed, serving

RUNS = 3
SMALL = b"col1\n" + b"hello\n" * 10


def measure(rows: int = 10_000_000) -> Iterator[Finding]:
    with scratch(rows * table.NUMBERED_WIDTH * (RUNS + 2)) as folder, serving(folder) as server:
        client, source = server.client(), table.write_numbered(folder / "in.csv", rows)
        took = in_turns(
            RUNS,
            small=lambda: _start(client, client.create(SMALL)),
            large=lambda: _start(client, client.create_from(source)),
        )
    print(f"   10 rows: {took['small']}; {rows:,} rows: {took['large']}")
    small, large = median(took["small"].all), max(took["large"].all)
    more = f"{brief(small)} for 10 rows"
    yield at_most(f"start of a job of {rows:,} rows, worst of {RUNS}", 1.0, large, "s", more)


def _start(client: Client, job: str) -> float:
    """Seconds of the start; what was started is stopped again, and gone."""
    seconds = timed(lambda: client.start(job))
    # A small job is over before it can be stopped.
    with suppress(Failed):
        client.ask("PATCH", f"{job}/stop")
    client.ask("DELETE", job)
    return seconds
