"""The floor: fifty workers who grab over HTTP from a long queue, and the same from a bare handler of the same SQL.

Size: tasks in the long queue.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.measure import Finding, Unmeasured, at_least, at_most, brief, scratch
from bench.postgres import postgres
from bench.server import Server, free_port, running, serving, wait_for_port
from bench.swarm import Swarmed, percentile, request, swarm
from rota.clock import now
from rota.operations import accounts, item_batches, shifts
from rota.store.port import Store
from rota.store.postgres import PostgresStore
from rota.store.sqlite import SqliteStore

ROOT = Path(__file__).parent.parent
WORKERS = 50
SHORT = 1_000
PACE_S = 0.5
"""A worker who takes a new task twice a second is faster than any; fifty of them are a hundred grabs a second."""
SECONDS = 6.0
WARM_S = 3.0
RUNS = 3
ALONE = SHORT // 2
"""Requests of one client by itself: the short queue must not run out."""
GRAB = "/workers/tasks"
ADMIN = "admin-of-the-floor"


def measure(long: int = 100_000) -> Iterator[Finding]:
    for name in ("SQLite", "PostgreSQL"):
        try:
            yield from _on(name, long)
        except Unmeasured as lack:
            yield Finding(f"the floor on {name}", "", f"NOT MEASURED: {lack}", None)


@dataclass(frozen=True)
class Floor:
    """A server with a queue of so many tasks, and how its database is reached."""

    url: str
    database: str
    folder: Path

    def swarm(self, clients: list[list[str]], seconds: float = SECONDS, **pace: float) -> Swarmed:
        done = swarm(self.url, clients, seconds, **pace)
        assert done.statuses.keys() <= {"200", "201"}, done.statuses
        return done

    def server_times(self, path: str) -> list[float]:
        """Seconds inside the application of the requests so far, as the server's own log has them."""
        lines = (self.folder / "log").read_text().splitlines()
        return [line["ms"] / 1000 for line in map(json.loads, lines) if line.get("path") == path]


def _on(name: str, long: int) -> Iterator[Finding]:
    costs: dict[int, dict[str, float]] = {}
    for size in (SHORT, long):
        with _floor(name, size) as floor:
            costs[size] = _alone(floor)
            if size == long:
                yield _paced(name, floor)
    for what in ("grab", "peek", "add"):
        short, much = costs[SHORT][what], costs[long][what]
        more = f"{brief(much)} with {long:,} tasks, {brief(short)} with {SHORT:,}"
        yield at_most(f"{what} over HTTP on {name}, a long queue against a short one", 1.5, much / short, "x", more)
    yield _against_bare(name, long)


def _alone(floor: Floor) -> dict[str, float]:
    """The median of one client who does the same again and again."""
    one = {
        "grab": request("POST", GRAB, "w0"),
        "peek": request("GET", "/tasks/available", "w0"),
        "add": request("POST", "/tasks", "w0", b'{"title": "call back", "priority": -1}'),
    }
    return {what: median(floor.swarm([[text]], most=ALONE).latencies) for what, text in one.items()}


def _paced(name: str, floor: Floor) -> Finding:
    # A floor has been at work for hours: connections are open, and their statements prepared.
    floor.swarm(_grabbers(), WARM_S)
    before = len(floor.server_times(GRAB))
    done = floor.swarm(_grabbers(), 2 * SECONDS, every_s=PACE_S)
    times = floor.server_times(GRAB)[before:]
    p99 = percentile(times, 0.99)
    _no_two_holders(floor)
    print(f"   {name}, paced: {done}; inside the server median {brief(median(times))}, p99 {brief(p99)}")
    claim = f"grab with {WORKERS} workers at {done.per_s:.0f}/s on {name}, server time p99"
    return at_most(claim, 20, p99 * 1000, "ms", f"median {brief(median(times))}; seen by clients: {done}")


def _against_bare(name: str, size: int) -> Finding:
    """Requests a second without a pause, rota's and the bare handler's in turns, each on a database of its own."""
    with _floor(name, size) as ours, _floor(name, size, bare=True) as bare:
        rota, limit = [], []
        for _ in range(RUNS):
            rota.append(ours.swarm(_grabbers()))
            limit.append(bare.swarm(_grabbers()))
        _no_two_holders(ours)
    best = max(rota, key=lambda each: each.per_s)
    print(f"   {name}, without a pause: {best}; bare {max(limit, key=lambda each: each.per_s)}")
    ratio = median(each.per_s for each in rota) / median(each.per_s for each in limit)
    more = f"{median(each.per_s for each in rota):.0f} against {median(each.per_s for each in limit):.0f} grabs/s"
    return at_least(f"{WORKERS} workers without a pause on {name}, against a bare Falcon handler", 0.6, ratio, more)


def _grabbers() -> list[list[str]]:
    return [[request("POST", GRAB, f"w{number}")] for number in range(WORKERS)]


@contextmanager
def _floor(name: str, size: int, *, bare: bool = False) -> Iterator[Floor]:
    with ExitStack() as stack:
        folder = stack.enter_context(scratch())
        (folder / "data").mkdir()
        embedded = f"sqlite:///{folder / 'data' / 'rota.db'}"
        database = embedded if name == "SQLite" else stack.enter_context(postgres())
        fill(open_store(database), size)
        serve = _bare if bare else _rota
        yield Floor(stack.enter_context(serve(folder, database)), database, folder)


@contextmanager
def staffed(folder: Path, database: str, **settings: str) -> Iterator[Server]:
    """A server on a database that is filled, with settings by the names of their variables."""
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / "admin-token").write_text(ADMIN)
    with serving(folder, workers=0, ROTA_DATABASE_URL=database, **settings) as server:
        yield server


@contextmanager
def _rota(folder: Path, database: str) -> Iterator[str]:
    with staffed(folder, database) as server:
        yield server.url


@contextmanager
def _bare(folder: Path, database: str) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "bench.bare_desk", str(port), database]
    with running(command, cwd=ROOT) as process:
        wait_for_port(port, process)
        yield f"http://127.0.0.1:{port}"


def open_store(database: str) -> Store:
    return SqliteStore(database) if database.startswith("sqlite") else PostgresStore(database)


def fill(store: Store, size: int) -> None:
    """So many queued tasks, and the workers `w0`, `w1` and so on, on shift with their names as tokens."""
    store.migrate()
    with store.write() as tx:
        ids = {"account_id": "0" * 32, "token_id": "t"}
        accounts.found(tx, email="admin@localhost", token=ADMIN, now=1, **ids)
        actor = accounts.superuser(tx)
        for number in range(WORKERS):
            email = f"w{number}@example.org"
            accounts.add_user(tx, actor, email, now=1)
            shifts.login(tx, actor, email, token=f"w{number}", token_id=f"w{number}", now=1)
    for first in range(0, size, 10_000):
        titles = range(first, min(size, first + 10_000))
        with store.write() as tx:
            item_batches.add_all(tx, actor, [{"title": f"number {number}"} for number in titles], now=now())
    if isinstance(store, PostgresStore):
        _analyze(store)
    store.close()


def _analyze(store: PostgresStore) -> None:
    import psycopg

    with psycopg.connect(store.url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _no_two_holders(floor: Floor) -> None:
    """Every grab that was answered took a task that nobody else took."""
    store = open_store(floor.database)
    with store.read() as tx:
        actor = accounts.superuser(tx)
        rows = tx.page("desk_log", {"kind": "item.grabbed"}, account_id=actor.account.id, limit=10**9)
    store.close()
    subjects = [row["subject"] for row in rows]
    assert len(subjects) == len(set(subjects)), "a task was grabbed twice"
