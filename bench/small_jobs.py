"""Jobs of one row a second, each created, started and seen to its end over HTTP, against what the disk can commit.

A job takes three commits that survive power loss: its creation, its start, and its end. The limit is a third of the
durable commits a second that one SQLite connection makes on the same disk in the same run. Size: seconds per run.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench.measure import Finding, scratch
from bench.server import Client, Server, serving

RUNS = 3
CLIENTS = 16
COMMITS = 3
POLL_S = 0.03
"""Short enough for the wait to be of the server, long enough not to keep it busy with questions."""
BODY = b"col1\nhello\n"


def measure(seconds: int = 5) -> Iterator[Finding]:
    with scratch() as folder, serving(folder) as server:
        jobs, commits = [], []
        for number in range(RUNS):
            commits.append(_commits_per_s(folder / f"{number}.db", seconds / 2))
            jobs.append(_jobs_per_s(server, seconds))
    limit = median(commits) / COMMITS
    print(f"   {median(jobs):.0f} jobs/s; {median(commits):.0f} durable commits/s, a limit of {limit:.0f} jobs/s")
    measured = f"{median(jobs):.0f}/s, {median(jobs) / limit:.2f}x of the {limit:.0f}/s that the disk allows"
    yield Finding(f"jobs of one row, {CLIENTS} clients, 2 workers", "", measured, None)


def _jobs_per_s(server: Server, seconds: float) -> float:
    done: list[int] = []
    until = time.perf_counter() + seconds
    threads = [threading.Thread(target=_client, args=(server.client(), until, done)) for _ in range(CLIENTS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == CLIENTS, "a client broke"
    return sum(done) / (time.perf_counter() - began)


def _client(client: Client, until: float, done: list[int]) -> None:
    count = 0
    while time.perf_counter() < until:
        client.run(client.create(BODY), POLL_S)
        count += 1
    done.append(count)


def _commits_per_s(path: Path, seconds: float) -> float:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE t (a)")
    count, until = 0, time.perf_counter() + seconds
    while time.perf_counter() < until:
        connection.execute("INSERT INTO t VALUES (1)")
        count += 1
    connection.close()
    return count / seconds
