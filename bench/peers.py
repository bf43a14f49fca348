"""One job of 100 000 rows, against the same rows as one message each in Celery (Redis) and Procrastinate (PostgreSQL).

Each with two worker processes and the identity function, from a CSV on disk to one CSV on disk, every row in its
place; rota before and after each peer. The peers live in `.venv-bench`, which this makes from requirements.lock.
Size: rows.
"""

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from bench import table
from bench.measure import Finding, Unmeasured, scratch, timed
from bench.postgres import postgres
from bench.server import Client, free_port, running, serving, wait_for_port

ROOT = Path(__file__).parent.parent
VENV = ROOT / ".venv-bench"
LOCK = Path(__file__).parent / "requirements.lock"
CLAIM = "{rows:,} rows, file to file, 2 worker processes, against one message a row in {peer}"


def measure(rows: int = 100_000) -> Iterator[Finding]:
    install()
    with scratch(10**9) as folder:
        source = table.write(folder / "in.csv", "unquoted", rows)
        with serving(folder) as server:
            ours = [_ours(server.client(), source) for _ in range(3)]
        for peer, run in (("Celery with Redis", _celery), ("Procrastinate with PostgreSQL", _procrastinate)):
            claim = CLAIM.format(rows=rows, peer=peer)
            try:
                theirs = run(source, folder / "theirs.csv")
            except Unmeasured as lack:
                print(f"   !! {peer} NOT MEASURED: {lack}")
                yield Finding(claim, "", f"NOT MEASURED: {lack}", None)
                continue
            _same(source, folder / "theirs.csv")
            with serving(folder) as server:
                ours += [_ours(server.client(), source) for _ in range(3)]
            print(f"   {peer}: {theirs:.1f} s, {rows / theirs:,.0f} rows/s; rota {rows / median(ours):,.0f} rows/s")
            measured = f"{theirs / median(ours):.0f}x ({rows / median(ours):,.0f} against {rows / theirs:,.0f} rows/s)"
            yield Finding(claim, "", measured, None)


def _ours(client: Client, source: Path) -> float:
    """Seconds for the upload, the run and the download."""
    target = source.with_name("ours.csv")

    def run() -> None:
        job = client.create_from(source)
        client.run(job, 0.005)
        client.save(f"{job}/output", target)

    seconds = timed(run)
    _same(source, target)
    return seconds


def _celery(source: Path, target: Path) -> float:
    with _redis() as url, ExitStack() as workers:
        environ = {"BENCH_URL": url}
        for number in range(2):
            # Two workers that run their tasks themselves; one that hands them to two children was no faster.
            words = ["-A", "bench.peer_celery", "worker", "--pool", "solo", "--loglevel", "ERROR", "-n", f"w{number}"]
            idle = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
            workers.enter_context(_worker("celery", *words, *idle, **environ))
        return _timed_in_venv("bench.peer_celery", source, target, environ)


def _procrastinate(source: Path, target: Path) -> float:
    with postgres() as url, ExitStack() as workers:
        environ = {"BENCH_URL": url}
        in_venv(environ, "-c", "from bench.peer_procrastinate import prepare; prepare()")
        for _ in range(2):
            words = ["-a", "bench.peer_procrastinate.app", "--log-level", "error", "worker", "--concurrency", "10"]
            workers.enter_context(_worker("procrastinate", *words, **environ))
        return _timed_in_venv("bench.peer_procrastinate", source, target, environ)


@contextmanager
def _redis() -> Iterator[str]:
    binary = shutil.which("redis-server")
    if binary is None:
        raise Unmeasured("no `redis-server` found: apt-get install redis-server")
    port = free_port()
    with scratch() as folder:
        command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        with running(command, stdout=subprocess.DEVNULL) as process:
            wait_for_port(port, process)
            yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def _worker(program: str, *words: str, **environ: str) -> Iterator[None]:
    with running([str(VENV / "bin" / program), *words], env=environ_of(environ), cwd=ROOT, stdout=subprocess.DEVNULL):
        yield


def _timed_in_venv(module: str, source: Path, target: Path, environ: Mapping[str, str]) -> float:
    """The seconds that the peer itself counts, from when it is set up."""
    run = f"from {module} import main; main({str(source)!r}, {str(target)!r})"
    return float(in_venv(environ, "-c", run))


def in_venv(environ: Mapping[str, str], *words: str) -> str:
    """What the peers' Python says to these words."""
    command = [str(VENV / "bin" / "python"), *words]
    return subprocess.run(
        command, env=environ_of(environ), cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def environ_of(more: Mapping[str, str]) -> dict[str, str]:
    """For the peers, who see these scripts, and no rota."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", **more}


def install() -> None:
    """The peers' environment, made anew when the lock has changed."""
    stamp = VENV / ".lock"
    if stamp.exists() and stamp.read_bytes() == LOCK.read_bytes():
        return
    print(f"   installing {LOCK.name} into {VENV.name}", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(LOCK)], check=True)
    shutil.copyfile(LOCK, stamp)


def _same(source: Path, target: Path) -> None:
    """Every row is there, in its place; rota's has one more, empty cell."""
    with source.open(newline="") as given, target.open(newline="") as got:
        for one, other in zip(csv.reader(given), csv.reader(got), strict=True):
            assert other[: len(one)] == one, (one, other)
