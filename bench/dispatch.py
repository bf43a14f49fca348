"""Several machines on one PostgreSQL with Procrastinate: chunks a second, a large start, a second process, a takeover.

The peer of a second process is one process, in the same run and in turns. Size: chunks to dispatch.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from subprocess import Popen
from typing import Any, LiteralString, TypeVar

import psycopg

from bench import table
from bench.measure import Finding, at_least, at_most, in_turns, scratch, timed
from bench.postgres import postgres
from bench.server import ENVIRON, ROTA, Client, Server, cpu_s_of, running, serving

BURNING = str(Path(__file__).with_name("burning"))
DISPATCHED_A_S = 200
START_S = 1.0
TAKEOVER_S = 15.0
ROWS = 10_000_000
RUNS = 3

BARE_MS = 8_000

PATIENCE_S = 120.0
POLL_S = 0.25
JOBS = 4
HOLDER = "SELECT owner FROM chunks WHERE state = 'leased'"
ALIVE = "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '5 seconds'"

T = TypeVar("T")


def measure(chunks: int = 4_000) -> Iterator[Finding]:
    with scratch(ROWS * table.NUMBERED_WIDTH * 3) as folder, postgres() as url:
        settings = {
            "ROTA_ENGINE": "procrastinate",
            "ROTA_DATABASE_URL": url,
            "PYTHONPATH": BURNING,
        }
        with serving(folder, workers=0, **settings) as server:
            environ = {**ENVIRON, **settings, "ROTA_DATA": str(folder / "data")}
            client = server.client()
            yield _start(client, folder)
            yield _dispatch(client, environ, chunks)
            yield from _second_process(client, environ)
            yield _takeover(server, environ, url)


def _start(client: Client, folder: Path) -> Finding:
    source, took = table.write_numbered(folder / "in.csv", ROWS), []
    for _ in range(RUNS):
        job = client.create_from(source)
        took.append(timed(lambda job=job: client.start(job)))  # type: ignore[misc]
        _drop(client, job)
    return at_most(f"start of a job of {ROWS:,} rows with its tickets, worst of {RUNS}", START_S, max(took), "s")


def _dispatch(client: Client, environ: Mapping[str, str], chunks: int) -> Finding:
    """Of several jobs, as settles of one job wait for one another. Processor time tells what a busy machine hides."""
    with _workers(environ, 2) as workers:
        _warm_up(client, 2)
        jobs = [client.create(_rows(chunks // JOBS, 0), action="burning/none") for _ in range(JOBS)]
        before = cpu_s_of(_involved(workers))
        seconds = timed(lambda: _run_all(client, jobs))
        cpu_ms = 1_000 * (cpu_s_of(_involved(workers)) - before) / chunks
    rate, load = chunks / seconds, os.getloadavg()[0]
    claim = f"{chunks:,} chunks of one row, {JOBS} jobs, 2 worker processes"
    more = f"load {load:.1f}; {cpu_ms:.1f} ms of processor time a chunk in workers and PostgreSQL"
    return Finding(claim, f"≥ {DISPATCHED_A_S}/s", f"{rate:.0f}/s ({more})", rate >= DISPATCHED_A_S)


def _involved(workers: Popen[Any]) -> list[int]:
    """The processes of the workers' machine, and those of the database."""
    return [*_group(workers), *(pid for pid in _alive() if _words(pid).startswith("postgres: bench"))]


def _group(machine: Popen[Any]) -> list[int]:
    found = []
    for pid in _alive():
        with suppress(OSError):
            found += [pid] if os.getpgid(pid) == machine.pid else []
    return found


def _alive() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _words(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


def _run_all(client: Client, jobs: list[str]) -> None:
    for job in jobs:
        client.start(job)
    for job in jobs:
        client.wait(job, POLL_S)


def _second_process(client: Client, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Of many chunks, and of a single one, which must be divided before two can work on it. What two processes without
    rota gain on these cores, in turns with it, is the limit: cores of a crowded machine are no whole ones."""
    shares: list[float] = []

    def run(workers: int, rows: int, ms: int) -> float:
        with _workers(environ, workers) as machine:
            _warm_up(client, workers)
            job = client.create(_rows(rows, ms), action="burning/ms")
            before = _by_process(machine)
            seconds = client.run(job, POLL_S)
            spent = sorted(now - before.get(pid, 0.0) for pid, now in _by_process(machine).items())
            if workers == 2:
                shares.append(spent[-1] / sum(spent))
            return seconds

    for claim, rows, ms in (
        ("rows that burn 2 ms of a core", 4_000, 2),
        ("a single chunk of 100 rows of 80 ms", 100, 80),
    ):
        shares.clear()
        took = in_turns(
            RUNS,
            one=lambda r=rows, m=ms: run(1, r, m),  # type: ignore[misc]
            two=lambda r=rows, m=ms: run(2, r, m),  # type: ignore[misc]
            bare_one=lambda: _burn_bare(1),
            bare_two=lambda: _burn_bare(2),
        )
        # The best run of one process is one that had the other core's share of the clock.
        ratio, bare = (took[f"{of}one"].median / took[f"{of}two"].median for of in ("", "bare_"))
        more = f"{took['two'].median:.1f} s against {took['one'].median:.1f} s; load {os.getloadavg()[0]:.1f}; "
        more += f"two processes without rota {bare:.2f}x; the busier of the two had {max(shares):.0%} of the work"
        yield at_least(f"2 worker processes against 1, {claim}", 1.7, ratio, more)


def _burn_bare(processes: int) -> None:
    """As much work as the job has, by so many processes at once."""
    code = f"import rota_burning; rota_burning.burn({BARE_MS // processes})"
    running = [Popen([sys.executable, "-c", code], env={**ENVIRON, "PYTHONPATH": BURNING}) for _ in range(processes)]
    assert [each.wait() for each in running] == [0] * processes


def _by_process(machine: Popen[Any]) -> dict[int, float]:
    """Processor time so far of each process of a workers' machine."""
    return {pid: cpu_s_of([pid]) for pid in _group(machine)}


def _takeover(server: Server, environ: Mapping[str, str], url: str) -> Finding:
    """A machine is killed with all its processes, while it is inside a row; another waits, and has no other work."""
    with ExitStack() as machines, psycopg.connect(url, autocommit=True) as connection:
        first = machines.enter_context(_workers(environ, 1))
        client = server.client()
        job = client.create(_rows(1, 600_000), action="burning/ms")
        client.start(job)
        dead = _wait_for(lambda: _holder(connection))
        machines.enter_context(_workers(environ, 1))
        _wait_for(lambda: _count(connection, ALIVE) == 2)
        os.killpg(first.pid, signal.SIGKILL)
        began = time.perf_counter()
        _wait_for(lambda: _holder(connection) not in {None, dead})
        seconds = time.perf_counter() - began
        # Its connection has been idle for too long.
        _drop(server.client(), job)
    return at_most("takeover after a worker machine died, default settings", TAKEOVER_S, seconds, "s")


def _warm_up(client: Client, workers: int) -> None:
    """Until every process has imported its actions: a row of a second for each of them."""
    client.run(client.create(_rows(workers, 1_000), action="burning/wait"))


def _rows(count: int, ms: int) -> bytes:
    return b"ms\n" + b"%d\n" % ms * count


def _drop(client: Client, job: str) -> None:
    client.ask("PATCH", f"{job}/stop")
    client.ask("DELETE", job)


def _holder(connection: psycopg.Connection) -> str | None:
    """Who has the only chunk that is in hand."""
    row = connection.execute(HOLDER).fetchone()
    return str(row[0]) if row else None


def _count(connection: psycopg.Connection, sql: LiteralString) -> int:
    row = connection.execute(sql).fetchone()
    assert row is not None
    return int(row[0])


def _wait_for(condition: Callable[[], T]) -> T:
    until = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.005)
    return found


@contextmanager
def _workers(environ: Mapping[str, str], count: int) -> Iterator[Popen[Any]]:
    with running([ROTA, "worker", "--workers", str(count)], env=dict(environ)) as process:
        yield process
