"""A backup of a server that goes on: what it holds is one moment, and a server that starts on it goes on from there."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from books import Books
from buckets import Bucket
from moving.conftest import whole_at
from moving.test_transfer import _count
from races import attempt
from rota.bootstrap import open_blobs
from rota.cli.main import main
from rota.moving.archive import Reader
from rota.moving.backup import backup
from rota.operations import sweeps
from rota.settings import read_settings
from rota.store.blobs import LocalBlobs
from rota.store.port import Store
from rota.store.whole_sqlite import SqliteWhole
from support import trial_environ, wait_until
from web.serving import Server

RUN = "import sys; from rota.cli.main import main; sys.exit(main(sys.argv[1:]))"


def rota(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environ = trial_environ(**settings)
    return subprocess.run([sys.executable, "-c", RUN, *words], env=environ, capture_output=True, text=True)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(folder: Path, **settings: str) -> Server:
        servers.append(Server(folder, **settings))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


class Bustle(threading.Thread):
    """Uploads jobs, waits for their end and deletes them, on and on."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._server, self._over = server, threading.Event()
        self.rounds = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            while not self._over.is_set():
                task_id = self._server.submit("trial.row", b"word\n" + b"ok\n" * 50)
                self._server.wait(task_id)
                assert self._server.call("DELETE", f"{self._server.tasks}/{task_id}").status == 200
                self.rounds += 1
        except BaseException as error:
            self.failure = error

    def end(self) -> None:
        self._over.set()
        self.join()
        if self.failure:
            raise self.failure


@pytest.fixture
def buckets(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Bucket, Bucket]:
    """Two of one server, and an environment by which they are found."""
    made = Bucket(s3_server, f"b{uuid4().hex}"), Bucket(s3_server, f"b{uuid4().hex}")
    for name, value in made[0].environ.items():
        monkeypatch.setenv(name, value)
    for each in made:
        each.make()
    return made


@pytest.mark.soak
def test_a_server_goes_on_from_a_backup_in_another_bucket(
    serve: Callable[..., Server], buckets: tuple[Bucket, Bucket], new_url: Callable[..., str], tmp_path: Path
) -> None:
    here, there = ({"ROTA_BLOBS_URL": each.url, "ROTA_DATABASE_URL": new_url("postgres")} for each in buckets)
    check_a_server_goes_on_from_a_backup(serve, tmp_path, here, there)
    assert buckets[0].objects()
    assert buckets[1].objects()


@pytest.mark.parametrize(
    ("kind", "other"), [("sqlite", "postgres"), pytest.param("postgres", "sqlite", marks=pytest.mark.soak)]
)
def test_a_server_goes_on_from_a_backup_in_the_other_database(
    serve: Callable[..., Server], new_url: Callable[..., str], tmp_path: Path, kind: str, other: str
) -> None:
    here, there = ({"ROTA_DATABASE_URL": new_url(each)} for each in (kind, other))
    check_a_server_goes_on_from_a_backup(serve, tmp_path, here, there)


def check_a_server_goes_on_from_a_backup(
    serve: Callable[..., Server], tmp_path: Path, here: dict[str, str], there: dict[str, str]
) -> None:
    server = serve(tmp_path / "data", **here)
    done = server.submit("trial.row", b"word\n" + b"one\nrefuse\nok\n" * 40)
    server.wait(done)
    words = [f"wait\nword{number}\n" for number in range(40)]
    running = server.submit("trial.row", ("word\n" + "".join(words)).encode())
    wait_until(lambda: server.task(running)["status"] == "executing", "the start")
    bustle = Bustle(server)
    bustle.start()
    wait_until(lambda: bustle.rounds > 1 or bustle.failure is not None, "some bustle")
    made = rota("backup", str(tmp_path / "a.tar"), "--data", str(tmp_path / "data"), **here)
    bustle.end()
    assert made.returncode == 0, made.stderr
    files = {name: server.file(done, name) for name in ("in.csv", "out.csv", "success.csv", "failed.csv")}
    server.wait(running)
    expected = server.file(running)
    blobs = open_blobs(read_settings({**os.environ, **here}, data=tmp_path / "data"))
    wait_until(lambda: sorted(blobs.folders("jobs/")) == sorted([done, running]), "the emptying of the trash")
    server.kill()

    brought = rota("restore", str(tmp_path / "a.tar"), "--data", str(tmp_path / "new"), **there)
    assert brought.returncode == 0, brought.stderr
    shutil.copy(tmp_path / "data/admin-token", tmp_path / "new/admin-token")
    server = serve(tmp_path / "new", **there)
    assert {name: server.file(done, name) for name in files} == files
    assert server.wait(running)["status"] == "success"
    assert server.file(running) == expected


@pytest.fixture
def books(store: Store) -> Books:
    return Books.found(store)


class Meanwhile(LocalBlobs):
    """Something happens when the first blob is about to be read."""

    def __init__(self, root: Path, event: Callable[[], Any]) -> None:
        super().__init__(root, durable=False)
        self._event: Callable[[], Any] | None = event

    def size(self, key: str) -> int | None:
        event, self._event = self._event, None
        if event:
            event()
        return super().size(key)


def test_blobs_of_jobs_deleted_during_a_backup_stay_until_it_is_over(
    books: Books, database_url: str, tmp_path: Path
) -> None:
    blobs = LocalBlobs(tmp_path / "blobs", durable=False)
    jobs = [books.job([1], start=False) for _ in range(2)]
    for job_id in jobs:
        with blobs.create(f"jobs/{job_id}/in.csv") as upload:
            upload.write(job_id.encode())
            upload.commit()
    emptied = []

    def delete_all() -> None:
        for job_id in jobs:
            attempt(books.store, partial(books.delete, job_id=job_id))
        emptied.append(sweeps.empty_trash(books.store, blobs))
        emptied.append(sweeps.remove_orphans(books.store, blobs))
        emptied.append(sweeps.remove_strays(books.store, blobs, jobs[0]))

    during = Meanwhile(tmp_path / "blobs", delete_all)
    made = backup(
        whole_at(database_url),
        during,
        tmp_path / "a",
        archive_id="a",
        version="0",
        now=0,
        tell=lambda sentence: None,
    )
    assert emptied == [0, 0, 0]
    assert made.blobs == 2
    assert (tmp_path / "a" / "blobs" / "jobs" / jobs[1] / "in.csv").read_text() == jobs[1]
    Reader(tmp_path / "a").verify()
    assert sweeps.empty_trash(books.store, blobs) == 2
    assert blobs.names("jobs/") == []


HOLD = """
import sys
from rota.bootstrap import open_whole
with open_whole(sys.argv[1]).hold():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_backup_that_is_killed_holds_nothing(store: Store, database_url: str) -> None:
    assert not store.backup_lives()
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, database_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert store.backup_lives()
        with whole_at(database_url).hold():
            assert store.backup_lives()
        assert store.backup_lives()
        process.kill()
    wait_until(lambda: not store.backup_lives(), "the end of the hold")


ROTA = [sys.executable, "-c", "from rota.cli.main import run; run()"]


@contextmanager
def _served(data: Path) -> Iterator[None]:
    """As a server does, another process holds the folder's lock; one's own is no obstacle to oneself."""
    hold = "import sys; from pathlib import Path; from rota.folder import sole_server\n"
    hold += "with sole_server(Path(sys.argv[1])) as sole: print(sole, flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None and holder.stdin is not None
        assert holder.stdout.readline() == "True\n"
        yield
        holder.stdin.close()


def test_a_restore_needs_the_folder_for_itself_and_no_server_starts_on_half_of_one(
    filled: Callable[..., SqliteWhole], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = filled()
    _count(source.path, {})
    data, path = source.path.parent, str(tmp_path / "a.tar")

    def run(*words: str) -> tuple[int, str]:
        code = main([*words, "--data", str(data)])
        return code, capsys.readouterr().err

    assert run("backup", path)[0] == 0
    with _served(data):
        for words in (["restore", path, "--force"], ["migrate-store", "--to", f"sqlite:///{tmp_path / 'x.db'}"]):
            code, said = run(*words)
            assert (code, said) == (1, f"rota: A server works on {data}: stop it first.\n")
    (data / "restoring").write_text("a1\n")
    for words in (["serve", "--port", "0"], ["migrate"]):
        tried = subprocess.run([*ROTA, *words, "--data", str(data)], capture_output=True, text=True)
        assert tried.returncode == 2
        assert "was interrupted: run `rota restore` again" in tried.stderr
    assert run("restore", path, "--force")[0] == 0
    assert not (data / "restoring").exists()
