"""Tasks taken and done one by one: 50 workers of rota over HTTP, against Procrastinate and PGQueuer on one PostgreSQL.

Durable as it is by default, and for every run a fresh copy of a filled database, in turns. A task of rota is two
requests and two commits: grabbed, and completed. The peers' jobs do nothing. Of the shapes of a contender the faster
one counts. Size: tasks in each queue.
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
from bench.measure import Finding, at_least, scratch
from bench.postgres import postgres
from bench.server import Failed, running
from bench.swarm import request, swarm

SECONDS = 5.0
WARM_S = 2.0
"""Not counted: a server of rota opens a connection for each of its threads. The peers have few, and have them early."""
RUNS = 3

Rate = float
"""Tasks a second."""

Run = Callable[[str], tuple[Rate, int]]
"""Works for a while on the database at this URL: the rate, and how many tasks were done in all."""


@dataclass(frozen=True)
class Contender:
    """`fill` fills a database at a URL with so many tasks, `done` asks it how many are done; `asked` is how many times as
    fast rota is to be."""

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
        rates = _rates(url)
    ours, *theirs = (_best(contender, rates) for contender in CONTENDERS)
    for contender, rate in zip(CONTENDERS[1:], theirs, strict=True):
        claim = f"{floor.WORKERS} workers grab and complete over HTTP, against {contender.name}"
        ratio, more = ours / rate, f"{ours:.0f} against {rate:.0f} tasks/s"
        if contender.asked is None:
            yield Finding(claim, "", f"{ratio:.2f}x ({more})", None)
        else:
            yield at_least(claim, contender.asked, ratio, more)


def _rates(url: str) -> Mapping[tuple[str, str], Sequence[Rate]]:
    """Of every contender in every shape, in the order of its runs."""
    rates = defaultdict(list)
    for _ in range(RUNS):
        for number, contender in enumerate(CONTENDERS):
            for shape, run in contender.shapes.items():
                with _copy(url, f"filled_{number}") as copy:
                    rate, done = run(copy)
                    assert (done,) == _sql(copy, contender.done), f"{done} tasks, but {_sql(copy, contender.done)}"
                rates[contender.name, shape].append(rate)
    return rates


def _best(contender: Contender, rates: Mapping[tuple[str, str], Sequence[Rate]]) -> Rate:
    for shape in contender.shapes:
        found = rates[contender.name, shape]
        print(f"   {contender.name}, {shape}: {median(found):.0f}/s of {', '.join(f'{rate:.0f}' for rate in found)}")
    return max(median(rates[contender.name, shape]) for shape in contender.shapes)


@contextmanager
def _copy(url: str, filled: str) -> Iterator[str]:
    _sql(url, f"CREATE DATABASE run TEMPLATE {filled}")
    # Else one run's pages are written out during the next.
    _sql(url, "CHECKPOINT")
    try:
        yield _at(url, "run")
    finally:
        _sql(url, "DROP DATABASE run WITH (FORCE)")


def _sql(url: str, statement: str) -> tuple[object, ...] | None:
    """The first row of the answer, if there is one."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchone() if cursor.description else None


def _at(url: str, database: str) -> str:
    return f"{url.rpartition('/')[0]}/{database}"


def _fill(url: str, size: int) -> None:
    floor.fill(floor.open_store(url), size)


def _rota(threads: int, url: str) -> tuple[Rate, int]:
    with scratch() as folder, floor.serving_on(folder, url, ROTA_THREADS=str(threads)) as server:
        warmed, counted = (swarm(server, _clients(), seconds) for seconds in (WARM_S, SECONDS))
    assert warmed.statuses.keys() == counted.statuses.keys() == {"200"}, (warmed.statuses, counted.statuses)
    return counted.per_s / 2, (len(warmed.latencies) + len(counted.latencies)) // 2


def _clients() -> list[list[str]]:
    """Each grabs what is most urgent, and completes that."""
    body = json.dumps({"status": "complete-success"}).encode()
    tokens = [f"w{number}" for number in range(floor.WORKERS)]
    return [[request("POST", floor.GRAB, each), request("PUT", f"{floor.GRAB}/{{id}}", each, body)] for each in tokens]


def _fill_peer(module: str, url: str, size: int) -> None:
    peers.in_venv({"BENCH_URL": url}, "-c", f"from bench.{module} import fill; fill({size})")


def _peer(module: str, processes: int, given: int, url: str) -> tuple[Rate, int]:
    """Worker processes of a peer, which begin together."""
    command = [str(peers.VENV / "bin" / "python"), "-c", f"from bench.{module} import work; work({SECONDS}, {given})"]
    more = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": peers.ROOT}
    with ExitStack() as stack:
        environ = peers.environ_of({"BENCH_URL": url})
        workers = [stack.enter_context(running(command, env=environ, **more)) for _ in range(processes)]
        for worker in workers:
            _line(worker)
        for worker in workers:
            print(file=worker.stdin, flush=True)
        told = [json.loads(_line(worker)) for worker in workers]
    counted = sum(each["counted"] for each in told)
    return counted / max(each["seconds"] for each in told), counted + sum(each["late"] for each in told)


def _line(worker: subprocess.Popen[str]) -> str:
    assert worker.stdout
    if line := worker.stdout.readline():
        return line
    raise Failed(f"{worker.args!r} ended with {worker.wait()}")


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
