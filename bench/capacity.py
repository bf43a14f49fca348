"""What a row, a chunk and a request cost on PostgreSQL, and what that makes of 10^6 to 10^9 rows a day.

Costs are processor time, of rota's processes and of PostgreSQL's connections, which a busy machine does not change
much; the ledger is measured by the clock as well, as its commits queue behind one another. The model is arithmetic
over these figures and is printed with them. Size: rows of a job.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench import table
from bench.measure import Finding, Seconds, scratch
from bench.postgres import postgres
from bench.server import Client, Server, cpu_s_of, serving
from rota.clock import new_id, now
from rota.domain.jobs import Tally
from rota.domain.rows import Span
from rota.engine import ledger
from rota.engine.pace import BUNCH
from rota.operations import accounts, jobs
from rota.store.postgres import PostgresStore

CHUNKS = 2_000
RUNNERS = 8
REQUESTS = 300
DESK_ROWS = 20_000
ROW_BYTES = 90
CHUNK_ROWS = 11_600
"""Rows of ROW_BYTES in a chunk of 1 MiB."""
CALL_ROWS = 64
"""Rows of `http.call` in a chunk: 16 are under way at a time, and each waits for its answer, not for a processor."""
PEAK = 4.0
"""How much more than the mean of the day its busiest hour brings."""
BUSY = 0.6
"""How much of a processor is given to work that should not wait."""
DAYS = (10**6, 10**7, 10**8, 10**9)
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of processor time: of rota, and of PostgreSQL."""

    rota: Seconds
    postgres: Seconds

    def __str__(self) -> str:
        return f"rota {_short(self.rota)}, PostgreSQL {_short(self.postgres)}"


@dataclass(frozen=True, slots=True)
class Meter:
    """Of all processes of the server, or of those of a role: others may be starting still."""

    server: Server
    url: str
    role: str = ""

    @contextmanager
    def reading(self, count: int, into: list[Cost]) -> Iterator[None]:
        before = self.server.cpu_s(self.role), _postgres_s(self.url)
        yield
        rota, base = (
            after - first
            for after, first in zip((self.server.cpu_s(self.role), _postgres_s(self.url)), before, strict=True)
        )
        into.append(Cost(rota / count, base / count))


def measure(rows: int = 500_000) -> Iterator[Finding]:
    with scratch(10**9) as folder, postgres() as url:
        # Two servers, one after the other: the second has no runners, which look for work and cost something, too.
        with serving(folder, ROTA_DATABASE_URL=url) as server:
            client, meter = server.client(), Meter(server, url)
            plain, quoted = (
                _rows(client, meter, table.write(folder / "in.csv", kind, rows), rows)
                for kind in ("unquoted", "every cell quoted")
            )
            desk = _desk_rows(client, meter, folder / "desk.csv")
        yield _told("a row of identity, unquoted", plain)
        yield _told("a row of identity, every cell quoted", quoted)
        yield _told("a row of `queue.add`, which writes a task", desk)
        with serving(folder, 0, ROTA_DATABASE_URL=url) as server:
            for name, cost in _requests(server.client(), Meter(server, url, "http")).items():
                yield _told(f"a request: {name}", cost)
    with postgres() as url:
        alone, together = _ledger(url, 1, 1), _ledger(url, RUNNERS, 1)
        bunched = _ledger(url, 1, BUNCH)
    took = f"{_short(alone[0])}; processor time {alone[1]}"
    yield Finding("a chunk, leased and settled, one at a time", "", took, None)
    took = f"{_short(bunched[0])}; processor time {bunched[1]}"
    yield Finding(f"a small chunk, leased and settled in a bunch of {BUNCH}", "", took, None)
    per_s = 1 / together[0]
    yield Finding(
        f"chunks a second, {RUNNERS} runners that do nothing else, one at a time", "≥ 200", f"{per_s:.0f}", per_s >= 200
    )
    print(model(quoted, desk, *together))


def model(row: Cost, desk: Cost, chunk_s: Seconds, chunk: Cost) -> str:
    """What so many rows a day take at the peak, by kind of action: processors, and how much of what the ledger can."""
    kinds = {
        "identity, quoted": (row, CHUNK_ROWS),
        "1 ms a row": (Cost(row.rota + 0.001, row.postgres), 1_000),
        "`http.call`, 0.5 ms a row": (Cost(row.rota + 0.0005, row.postgres), CALL_ROWS),
        "`queue.add`": (desk, 1_000),
    }
    lines = [
        "| rows a day | action | cores, workers | cores, PostgreSQL | chunks/s | of the ledger |",
        "|" + "---|" * 6,
    ]
    for daily in DAYS:
        for name, (cost, chunk_rows) in kinds.items():
            per_s = daily / DAY_S * PEAK
            chunks = per_s / chunk_rows
            workers = (per_s * cost.rota + chunks * chunk.rota) / BUSY
            base = (per_s * cost.postgres + chunks * chunk.postgres) / BUSY
            share = f"{chunks * chunk_s:.1%}"
            lines.append(f"| {daily:,} | {name} | {workers:.2g} | {base:.2g} | {chunks:.2g} | {share} |")
    return "\n".join(lines)


def _rows(client: Client, meter: Meter, source: Path, rows: int) -> Cost:
    costs: list[Cost] = []
    for _ in range(3):
        job = client.create_from(source)
        with meter.reading(rows, costs):
            client.run(job, 0.1)
        client.ask("DELETE", job)
    return min(costs, key=lambda cost: cost.rota)


def _desk_rows(client: Client, meter: Meter, path: Path) -> Cost:
    path.write_text("title\n" + "".join(f"task {number}\n" for number in range(DESK_ROWS)))
    costs: list[Cost] = []
    job = client.create(path.read_bytes(), action="queue/add")
    with meter.reading(DESK_ROWS, costs):
        client.run(job, 0.1)
    return costs[0]


def _requests(client: Client, meter: Meter) -> dict[str, Cost]:
    form = {"Content-Type": "application/json"}
    field = {"Content-Type": "application/vnd.api+json"}
    upload = client.create(b"col1\nx\n")
    client.ask("POST", "/workers", b"{}", form)

    def grab_and_complete() -> None:
        taken = client.ask("POST", "/workers/tasks")["_id"]
        client.ask("PUT", f"/workers/tasks/{taken}", json.dumps({"status": "complete-success"}), form)

    document = json.dumps({"data": {"type": "Client", "id": None, "attributes": {"name": "c"}}})
    works: dict[str, Callable[[], object]] = {
        "`GET /healthz`": lambda: client.ask("GET", "/healthz"),
        "`GET` of a job": lambda: client.ask("GET", upload),
        "upload of one row": lambda: client.create(b"col1\nx\n"),
        "grab and complete (two)": grab_and_complete,
        "`POST` of a record of the field": lambda: client.ask("POST", "/api/v1/clients", document, field),
        "a page of 20 of the field": lambda: client.ask("GET", "/api/v1/clients?page_size=20", headers=field),
    }
    return {name: _requested(meter, act) for name, act in works.items()}


def _requested(meter: Meter, act: Callable[[], object]) -> Cost:
    costs: list[Cost] = []
    for _ in range(20):
        act()
    with meter.reading(REQUESTS, costs):
        for _ in range(REQUESTS):
            act()
    return costs[0]


def _ledger(url: str, runners: int, most: int) -> tuple[Seconds, Cost]:
    """Seconds between two settles, and what one costs: each with the lease of the next, as runners do it, who take so
    many at most together."""
    name = f"ledger{runners}_{most}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    url = f"{url.rpartition('/')[0]}/{name}"
    store = PostgresStore(url)
    store.migrate()
    _submit(store)
    cpu_s, base_s, began = time.process_time(), _postgres_s(url), time.perf_counter()
    threads = [threading.Thread(target=_settle_all, args=(store, f"r{number}", most)) for number in range(runners)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    cost = Cost((time.process_time() - cpu_s) / CHUNKS, (_postgres_s(url) - base_s) / CHUNKS)
    store.close()
    return took / CHUNKS, cost


def _submit(store: PostgresStore) -> None:
    job_id, spans = new_id(30), [Span(number, 1, number, number + 1) for number in range(CHUNKS)]
    with store.write() as tx:
        accounts.found(tx, email="a@x.org", token=new_id(32), account_id=new_id(32), token_id=new_id(16), now=now())
        actor = accounts.superuser(tx)
        order = jobs.Order("skel", "id1", False, ("col1",), None)
        jobs.create(
            tx,
            actor,
            actor.account,
            order,
            jobs.Input(("col1",), spans, CHUNKS, "in.csv", ""),
            job_id=job_id,
            now=now(),
        )
        jobs.start(tx, actor, actor.account, job_id, node="here", now=now())


def _settle_all(store: PostgresStore, owner: str, most: int) -> None:
    grant = None
    while True:
        with store.write() as tx:
            if grant is not None:
                results = [ledger.Result(chunk, Tally(1, 0, 2, 0, 0)) for chunk in grant.chunks]
                ledger.settle(tx, grant.job, results, now=now())
            had = grant
            grant = ledger.take(tx, owner, lease_until=now() + 60_000_000, now=now(), most=lambda *_: most)
        if grant is None and had is None:
            with store.look() as tx:
                if not ledger.is_waiting(tx, now=now()):
                    return


def _postgres_s(url: str) -> Seconds:
    """Processor time of PostgreSQL's connections to this database."""
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()").fetchall()
    return cpu_s_of(pid for (pid,) in found)


def _told(what: str, cost: Cost) -> Finding:
    return Finding(what, "", f"{cost} of processor time", None)


def _short(seconds: Seconds) -> str:
    return f"{seconds * 1000:.2f} ms" if seconds >= 0.001 else f"{seconds * 1e6:.1f} µs"
