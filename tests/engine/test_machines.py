"""What happens when whole machines die, and when the database does: real processes, real signals, a real PostgreSQL."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cluster import SKIPPED, Cluster, binary
from engine.conftest import SERVER, Workers
from engine.hosts import network
from engine.test_processes import check_whole, numbered, table
from rota import bootstrap
from rota.domain.errors import StoreUnavailable
from rota.settings import read_settings
from support import House, trial_environ, wait_until

KILLS = int(os.environ.get("ROTA_SOAK_KILLS", "200"))
SEED = int(os.environ.get("ROTA_SOAK_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)

CUT_S = 30.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL that may be stopped."""
    if binary("postgres") is None:
        pytest.skip(SKIPPED)
    cluster = Cluster()
    yield cluster
    cluster.remove()


class Machines:
    """Servers and worker machines that share one database and one folder, and a house that looks at their work."""

    def __init__(self, cluster: Cluster, environ: dict[str, str]) -> None:
        self.cluster, self.environ = cluster, environ
        settings = read_settings(environ)
        bootstrap.migrate(settings)
        self.store = bootstrap.open_store(settings)
        self.house = House.found(self.store, bootstrap.open_blobs(settings))
        self.groups: list[Workers] = []

    def join(self, count: int = 1, **given: Any) -> Workers:
        """One more machine."""
        self.groups.append(Workers(self.environ, count, **given))
        wait_until(lambda: len(self.groups[-1].runners()) >= count, "the runners")
        return self.groups[-1]

    def replace(self, group: Workers, **given: Any) -> None:
        group.kill()
        self.groups.remove(group)
        self.join(**given)

    def done(self, *job_ids: str) -> int:
        """Rows so far; whoever asks while the database is away waits for it."""
        while True:
            with suppress(StoreUnavailable):
                jobs = [self.house.job(job_id) for job_id in job_ids]
                return sum(job.success_count + job.failure_count for job in jobs)

    def wait(self, job_id: str) -> None:
        """Until the job has ended, for as long as rows are done."""
        while not self.is_over(job_id):
            before = self.done(job_id)
            wait_until(lambda b=before: self.is_over(job_id) or self.done(job_id) != b, "more rows")  # type: ignore[misc]

    def is_over(self, *job_ids: str) -> bool:
        with suppress(StoreUnavailable):
            return all(self.house.job(job_id).is_final for job_id in job_ids)
        return False

    def holders(self, job_id: str) -> set[str]:
        with self.store.read() as tx:
            return {str(row["owner"]) for row in tx.all("chunks_of_job", job_id=job_id) if row["state"] == "leased"}

    def close(self) -> None:
        for group in self.groups:
            group.kill()
        self.store.close()


@contextmanager
def assembled(cluster: Cluster, folder: Path, **settings: str) -> Iterator[Machines]:
    name = f"m{os.urandom(4).hex()}"
    with psycopg.connect(f"{cluster.url}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    chosen = {"ROTA_ENGINE": "procrastinate", "ROTA_LEASE_S": "2", "ROTA_LOG_LEVEL": "error", **settings}
    url, data = f"{cluster.url}/{name}", str(folder / "data")
    machines = Machines(cluster, trial_environ(ROTA_DATA=data, ROTA_DATABASE_URL=url, **chosen))
    try:
        yield machines
    finally:
        machines.close()


@pytest.mark.parametrize("engine", [pytest.param("embedded", marks=pytest.mark.soak), "procrastinate"])
def test_a_machine_that_dies_is_taken_over_and_a_database_that_dies_is_waited_for(
    cluster: Cluster, tmp_path: Path, engine: str
) -> None:
    """One test, as starting machines takes most of its time."""
    with assembled(cluster, tmp_path, ROTA_ENGINE=engine) as machines:
        words = numbered(240, every=2, special="wait")
        job_id = machines.house.submit("trial.row", table(words))
        first = machines.join()
        wait_until(lambda: machines.done(job_id) > 0, "a first row")
        dead = machines.holders(job_id)
        machines.join()
        first.kill()
        wait_until(lambda: bool(machines.holders(job_id) - dead), "a takeover")
        cluster.stop()
        cluster.start()
        before = machines.done(job_id)
        wait_until(lambda: machines.done(job_id) > before, "more rows")
        machines.wait(job_id)
        check_whole(machines.house, job_id, words)
        # Whoever was there goes on without a hand.
        second = machines.house.submit("trial.row", table(["ok"]))
        machines.wait(second)


class Tormentor:
    """Does one random thing to the machines at a time."""

    def __init__(self, machines: Machines, dice: random.Random) -> None:
        self._machines, self._dice = machines, dice
        self._frozen: list[int] = []
        machines.join(count=1, program=SERVER)
        machines.join(count=2)

    def strike(self) -> str:
        blows: list[Callable[[], None]] = [self._kill, self._kill, self._freeze, self._fell, self._stop_database]
        blow = self._dice.choice(blows)
        blow()
        return blow.__name__

    def calm(self) -> None:
        """Whoever was frozen wakes up, and finds that its chunks have gone elsewhere."""
        for pid in self._frozen:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self._frozen.clear()

    def _kill(self) -> None:
        self._hit(signal.SIGKILL)

    def _freeze(self) -> None:
        self.calm()
        self._frozen += self._hit(signal.SIGSTOP)

    def _fell(self) -> None:
        """A whole machine at once, the server among them."""
        self.calm()
        at = self._dice.randrange(2)
        group = self._machines.groups[at]
        server = "group.serve" in " ".join(map(str, group.process.args))  # type: ignore[arg-type]
        given: dict[str, Any] = {"count": 1, "program": SERVER} if server else {"count": 2}
        self._machines.replace(group, **given)

    def _stop_database(self) -> None:
        self._machines.cluster.stop()
        self._machines.cluster.start()

    def _hit(self, number: signal.Signals) -> list[int]:
        alive = [pid for group in self._machines.groups for pid in group.children()]
        if not alive:
            return []
        pid = self._dice.choice(alive)
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        return [pid]


def torment(machines: Machines, kills: int, seed: int, rows: int) -> None:
    """So many blows one after the other while three jobs run, of so many rows for each blow; then nothing of them is
    lost, doubled or left over."""
    dice = random.Random(seed)
    words = numbered(rows * kills, every=2, special="wait")
    ids = [machines.house.submit(action, table(words)) for action in ("trial.row", "trial.batch", "trial.write")]
    tormentor = Tormentor(machines, dice)
    for _ in range(kills):
        before, patience = machines.done(*ids), dice.randrange(0, 15)
        wait_until(
            lambda b=before, p=patience: (  # type: ignore[misc]
                not b <= machines.done(*ids) < b + p or machines.is_over(*ids)
            ),
            "progress",
        )
        print(tormentor.strike(), end=" ", flush=True)
    print(f"\n{machines.done(*ids)} rows of {len(words) * len(ids)} at the last blow")
    tormentor.calm()
    for each in ids:
        machines.wait(each)
        check_whole(machines.house, each, words)
    with machines.store.read() as tx:
        totals = {row["name"]: row["amount"] for row in tx.all("totals_all")}
    assert totals["trial_wait"] == len(words) // 2
    assert all(totals[f"trial_{word}"] == 1 for word in words if word != "wait")
    print({name: amount for name, amount in totals.items() if not name.startswith("trial_")})


def test_some_random_blows_lose_no_row_and_double_none(cluster: Cluster, tmp_path: Path) -> None:
    with assembled(cluster, tmp_path) as machines:
        torment(machines, 4, 7, rows=20)


@pytest.mark.soak
@pytest.mark.parametrize("engine", ["embedded", "procrastinate"])
def test_random_blows_lose_no_row_and_double_none(cluster: Cluster, tmp_path: Path, engine: str) -> None:
    print(f"ROTA_SOAK_SEED={SEED} ROTA_SOAK_KILLS={KILLS}")
    with assembled(cluster, tmp_path, ROTA_ENGINE=engine) as machines:
        torment(machines, KILLS, SEED, rows=150)


@pytest.mark.soak
@pytest.mark.parametrize("engine", ["embedded", "procrastinate"])
def test_a_host_that_is_cut_off_and_healed_doubles_nothing(tmp_path: Path, engine: str) -> None:
    """Four hosts, each with a network of its own: one does not reach the database for half a minute."""
    with network(4) as net:
        if net is None:
            pytest.skip("SKIPPED: no network namespaces here: they take root, Linux and iproute2")
        cluster = Cluster(net.address)
        with assembled(cluster, tmp_path, ROTA_ENGINE=engine) as machines:
            words = numbered(8_000, every=2, special="wait")
            job_id = machines.house.submit("trial.row", table(words))
            for host in net.hosts:
                machines.join(inside=host.inside)
            (owner,) = machines.groups[0].owners()
            wait_until(lambda: owner in machines.holders(job_id), "the first host at work")
            net.hosts[0].cut()
            began = time.monotonic()
            wait_until(lambda: owner not in machines.holders(job_id), "a takeover")
            print(f"taken over {time.monotonic() - began:.1f} s after the cut")
            wait_until(lambda: time.monotonic() - began > CUT_S, "the end of the cut")
            assert not machines.house.job(job_id).is_final
            net.hosts[0].heal()
            wait_until(lambda: bool(machines.holders(job_id) & machines.groups[0].owners()), "the host's return")
            print(f"back at work {time.monotonic() - began - CUT_S:.1f} s after it was healed")
            machines.wait(job_id)
            check_whole(machines.house, job_id, words)
        cluster.remove()
