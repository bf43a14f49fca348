"""Tasks taken and done one by one: 50 workers of rota over HTTP, against Procrastinate and PGQueuer on one PostgreSQL.

Durable as it is by default, and for every run a fresh copy of a filled database, in turns. A task of rota is two
requests and two commits: grabbed, and completed. The peers' jobs do nothing. Of the shapes of a contender the faster
one counts. Processor time is that of its processes and of PostgreSQL's for it. Size: tasks in each queue.
"""

import json
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from statistics import median

import psycopg

from bench import floor, peers
from bench.measure import Finding, Seconds, at_least, scratch
from bench.postgres import postgres
from bench.server import Failed, cpu_s_of, running
from bench.swarm import request, swarm

SECONDS = 5.0
WARM_S = 2.0
"""Not counted: a server of rota opens a connection for each of its threads. The peers have few, and have them early."""
RUNS = 3
BACKENDS = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"


@dataclass(frozen=True)
class Worked:
    """What came of a run: tasks a second while they counted, processor time per task, and how many tasks in all."""

    per_s: float
    cpu_s: Seconds
    done: int


Run = Callable[[str], Worked]
"""Works for a while on the database at this URL."""


@dataclass(frozen=True)
class Contender:
    """`fill` fills a database at a URL with so many tasks, `done` asks it how many are done. `asked` is how many times
    as fast rota is to be."""

    name: str
    fill: Callable[[str, int], None]
    done: str
    shapes: Mapping[str, Run]
    asked: float | None = 1.0


def measure(size: int = 20_000) -> Iterator[Finding]:
    peers.install()
    with postgres() as url:
        for number, contender in enumerate(CONTENDERS):
            _sql(url, f"CREATE DATABASE filled_{number}")
            contender.fill(_at(url, f"filled_{number}"), size)
            _sql(_at(url, f"filled_{number}"), "VACUUM ANALYZE")
        runs = _in_turns(url)
    ours, *theirs = (_best(contender, runs) for contender in CONTENDERS)
    for contender, their in zip(CONTENDERS[1:], theirs, strict=True):
        yield _finding(contender, ours, their)


def _finding(contender: Contender, ours: Worked, theirs: Worked) -> Finding:
    claim = f"{floor.WORKERS} workers grab and complete over HTTP, against {contender.name}"
    ratio = ours.per_s / theirs.per_s
    cpu = f"processor time {ours.cpu_s * 1000:.1f} against {theirs.cpu_s * 1000:.1f} ms a task"
    more = f"{ours.per_s:.0f} against {theirs.per_s:.0f} tasks/s; {cpu}"
    if contender.asked is None:
        return Finding(claim, "", f"{ratio:.2f}x ({more})", None)
    return at_least(claim, contender.asked, ratio, more)


def _in_turns(url: str) -> Mapping[tuple[str, str], Sequence[Worked]]:
    """Of every contender in every shape, in the order of its runs."""
    runs = defaultdict(list)
    for _ in range(RUNS):
        for number, contender in enumerate(CONTENDERS):
            for shape, run in contender.shapes.items():
                with _copy(url, f"filled_{number}") as copy:
                    worked = run(copy)
                    assert _sql(copy, contender.done) == [(worked.done,)], (worked, _sql(copy, contender.done))
                runs[contender.name, shape].append(worked)
    return runs


def _best(contender: Contender, runs: Mapping[tuple[str, str], Sequence[Worked]]) -> Worked:
    """The medians of the shape that was fastest."""
    found = []
    for shape in contender.shapes:
        worked = runs[contender.name, shape]
        middle = Worked(median(each.per_s for each in worked), median(each.cpu_s for each in worked), 0)
        each = ", ".join(f"{each.per_s:.0f}" for each in worked)
        print(f"   {contender.name}, {shape}: {middle.per_s:.0f}/s of {each}; {middle.cpu_s * 1000:.1f} ms a task")
        found.append(middle)
    return max(found, key=lambda middle: middle.per_s)


@contextmanager
def _copy(url: str, filled: str) -> Iterator[str]:
    _sql(url, f"CREATE DATABASE copy TEMPLATE {filled}")
    # Else one run's pages are written out during the next.
    _sql(url, "CHECKPOINT")
    try:
        yield _at(url, "copy")
    finally:
        _sql(url, "DROP DATABASE copy WITH (FORCE)")


def _sql(url: str, statement: str, *given: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), given)
        return cursor.fetchall() if cursor.description else []


def _at(url: str, database: str) -> str:
    return f"{url.rpartition('/')[0]}/{database}"


def _postgres_s(url: str) -> Seconds:
    """Processor time of the processes that PostgreSQL has for the connections to this database."""
    pids = _sql(_at(url, "postgres"), BACKENDS, url.rpartition("/")[2])
    return cpu_s_of(int(str(pid)) for (pid,) in pids)


def _fill(url: str, size: int) -> None:
    floor.fill(floor.open_store(url), size)


def _rota(threads: int, url: str) -> Worked:
    with scratch() as folder, floor.staffed(folder, url, ROTA_THREADS=str(threads)) as server:
        warmed = swarm(server.url, _clients(), WARM_S)
        idle_s = server.cpu_s() + _postgres_s(url)
        counted = swarm(server.url, _clients(), SECONDS)
        cpu_s = server.cpu_s() + _postgres_s(url) - idle_s
    assert warmed.statuses.keys() == counted.statuses.keys() == {"200"}, (warmed.statuses, counted.statuses)
    done, before = len(counted.latencies) // 2, len(warmed.latencies) // 2
    return Worked(done / counted.seconds, cpu_s / done, before + done)


def _clients() -> list[list[str]]:
    """Each grabs what is most urgent, and completes that."""
    body = json.dumps({"status": "complete-success"}).encode()
    tokens = [f"w{number}" for number in range(floor.WORKERS)]
    return [[request("POST", floor.GRAB, each), request("PUT", f"{floor.GRAB}/{{id}}", each, body)] for each in tokens]


def _fill_peer(module: str, url: str, size: int) -> None:
    peers.in_venv({"BENCH_URL": url}, "-c", f"from bench.{module} import fill; fill({size})")


def _peer(module: str, processes: int, given: int, url: str) -> Worked:
    """Worker processes of a peer, which begin together."""
    command = [str(peers.VENV / "bin" / "python"), "-c", f"from bench.{module} import work; work({SECONDS}, {given})"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    environ = peers.environ_of({"BENCH_URL": url})
    with ExitStack() as stack:
        workers = [
            stack.enter_context(running(command, env=environ, cwd=peers.ROOT, **pipes)) for _ in range(processes)
        ]
        _heard(workers)
        idle_s = _postgres_s(url)
        _tell(workers)
        told = [json.loads(line) for line in _heard(workers)]
        postgres_s = _postgres_s(url) - idle_s
        _tell(workers)
    counted, late, cpu_s = (sum(each[name] for each in told) for name in ("counted", "late", "cpu_s"))
    per_s = counted / max(each["seconds"] for each in told)
    return Worked(per_s, (cpu_s + postgres_s) / (counted + late), counted + late)


def _tell(workers: Sequence[subprocess.Popen[str]]) -> None:
    for worker in workers:
        print(file=worker.stdin, flush=True)


def _heard(workers: Sequence[subprocess.Popen[str]]) -> list[str]:
    """A line of each."""
    lines = [worker.stdout.readline() if worker.stdout else "" for worker in workers]
    if not all(lines):
        raise Failed(f"{workers[0].args!r} ended too early")
    return lines


def _of_peer(module: str, given: int) -> Mapping[str, Run]:
    return {"1 process": partial(_peer, module, 1, given), "2 processes": partial(_peer, module, 2, given)}


PROCRASTINATE, PGQUEUER = "peer_dequeue_procrastinate", "peer_pgqueuer"
ROTA_DONE = "SELECT count(*) FROM items WHERE completion = 'success'"
PROCRASTINATE_DONE = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded'"
PGQUEUER_DONE = "SELECT count(*) FROM pgqueuer_log WHERE status = 'successful'"

CONTENDERS = (
    Contender("rota", _fill, ROTA_DONE, {f"{threads} threads": partial(_rota, threads) for threads in (64, 16)}),
    Contender("Procrastinate", partial(_fill_peer, PROCRASTINATE), PROCRASTINATE_DONE, _of_peer(PROCRASTINATE, 50)),
    Contender("PGQueuer, one by one", partial(_fill_peer, PGQUEUER), PGQUEUER_DONE, _of_peer(PGQUEUER, 1)),
    Contender("PGQueuer, ten at a time", partial(_fill_peer, PGQUEUER), PGQUEUER_DONE, _of_peer(PGQUEUER, 10), None),
)
