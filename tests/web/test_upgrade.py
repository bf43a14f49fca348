"""Two versions at once: one server after the other is replaced by the next version while work goes on at one address.

The next version is this one with migrations of both kinds, and a statement that writes what the first of them adds and
the second demands.
"""

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psycopg
import pytest

import rota
from buckets import Bucket
from rota.domain.jobs import FINAL
from rota.store import migrations
from support import TRIAL, trial_environ, wait_until
from web.balancer import Balancer
from web.serving import Answer, Server

ROTA = "import sys; from rota.cli.main import run; sys.argv = ['rota', *sys.argv[1:]]; run()"
NEWEST = migrations.known("postgres")[-1]
ADDS = f"-- depends: {NEWEST}\nALTER TABLE clients ADD COLUMN code TEXT;"
TIGHTENS = """-- depends: 9999_codes
UPDATE clients SET code = 'none' WHERE code IS NULL;
ALTER TABLE clients ALTER COLUMN code SET NOT NULL;"""
WRITES = ("(account_id, name, created_at, modified_at) VALUES (:account_id, :name, :now, :now)", "code", "'new'")
ROWS = 200
MEDIA_TYPE = "application/vnd.api+json"


@pytest.fixture(scope="session")
def next_version(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The settings with which a process is of the next version."""
    folder = tmp_path_factory.mktemp("next")
    package = folder / "rota"
    shutil.copytree(Path(rota.__path__[0]), package, ignore=shutil.ignore_patterns("__pycache__"))
    init, clients = package / "__init__.py", package / "store/sql/common/clients.sql"
    init.write_text(init.read_text().replace(f'"{rota.__version__}"', '"99.0.0"'))
    old, column, value = WRITES
    new = old.replace("modified_at)", f"modified_at, {column})").replace(":now, :now)", f":now, :now, {value})")
    assert old in clients.read_text()
    clients.write_text(clients.read_text().replace(old, new))
    steps = package / "store/migrations/postgres"
    (steps / "9999_codes.sql").write_text(ADDS)
    (steps / "9999_codes.after.sql").write_text(TIGHTENS)
    return {"PYTHONPATH": f"{folder}:{TRIAL}"}


@dataclass
class Crowd:
    """Clients of one address, who go on until they are told to stop; what was promised to them, and what was not."""

    port: int
    server: Server
    stopped: threading.Event = field(default_factory=threading.Event)
    titles: list[str] = field(default_factory=list)
    done: list[int] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    submissions: list[int] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def ask(self, method: str, path: str, body: Any = None, token: str = "", type_: str = "application/json") -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        headers = {"X-Auth-Token": token or self.server.token, "Content-Type": type_}
        try:
            connection.request(method, path, sent, headers)
            answer = connection.getresponse()
            found = Answer(answer.status, dict(answer.getheaders()), answer.read())
        except OSError as error:
            self.broken.append(f"{method} {path}: {error!r}")
            raise
        finally:
            connection.close()
        if found.status >= 400:
            self.broken.append(f"{method} {path}: {found.status} {found.body.decode()}")
        return found

    def desk(self) -> None:
        """Adds tasks, grabs and completes them."""
        email = "w@x.org"
        self.ask("POST", "/admin/v1/users", {"email": email})
        token = self.ask("POST", "/workers", {"id": email}).json["token"]
        while not self.stopped.is_set():
            title = f"t{len(self.titles)}"
            self.ask("POST", "/tasks", {"title": title})
            self.titles.append(title)
            taken = self.ask("POST", "/workers/tasks", token=token).json["_id"]
            self.ask("PUT", f"/workers/tasks/{taken}", {"status": "complete-success"}, token)
            self.done.append(taken)
            self.pause()

    def machines(self) -> None:
        """Uploads files and waits for what becomes of them."""
        source = "word\n" + "".join(f"w{row}\n" for row in range(ROWS)) + "wait\n" * 4
        while not self.stopped.is_set():
            path = f"{self.server.tasks}?category=trial&action=row"
            task_id = self.ask("PUT", path, source.encode(), type_="text/csv").task["id"]
            self.ask("PATCH", f"{self.server.tasks}/{task_id}")
            self.jobs.append(task_id)
            while self.job(task_id)["status"] not in FINAL:
                self.pause()

    def field(self) -> None:
        """Adds clients, and answers a task."""
        target = {"target_content_type": 13, "target_id": 1, "start": "2018-06-26T08:00:00Z", "status": "a"}
        task = self.make(
            "tasks", "Task", name="t", total_submission_target=100_000, user_submission_target=100_000, **target
        )
        while not self.stopped.is_set():
            name = f"c{len(self.names)}"
            self.make("clients", "Client", name=name)
            self.names.append(name)
            self.submissions.append(self.make("submissions", "Submission", task=task, data={"a": 1}))
            self.ask("GET", "/api/v1/clients", type_=MEDIA_TYPE)
            self.pause()

    def pause(self) -> None:
        """So that those who work are not all who work."""
        self.stopped.wait(0.05)

    def make(self, segment: str, kind: str, **attributes: Any) -> int:
        document = {"data": {"type": kind, "id": None, "attributes": attributes}}
        return int(self.ask("POST", f"/api/v1/{segment}", document, type_=MEDIA_TYPE).json["data"]["id"])

    def job(self, task_id: str) -> dict[str, Any]:
        return self.ask("GET", f"{self.server.tasks}/{task_id}").task


def rota_with(server: Server, *words: str) -> subprocess.CompletedProcess[str]:
    """A command of the server's version, on its own folder and database."""
    environ = trial_environ(**server.settings)
    command = [sys.executable, "-c", ROTA, *words, "--data", str(server.folder)]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["embedded", "procrastinate and a bucket"])
def test_a_rolling_upgrade_under_way_is_noticed_by_nobody(
    start: Callable[..., Server],
    balancer: Balancer,
    next_version: dict[str, str],
    postgres_url: str,
    bucket: Bucket,
    kind: str,
) -> None:
    large = {"ROTA_ENGINE": "procrastinate", "ROTA_BLOBS_URL": bucket.url}
    chosen = {} if kind == "embedded" else large
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(start, "one", workers=1, **chosen)
        old = [pool.submit(start, "two", workers=0, **chosen).result(), one.result()]
    for server in old:
        balancer.put_in(server.port)
    crowd = Crowd(balancer.port, old[0])
    new = []
    with ThreadPoolExecutor(3) as pool:
        crew = [pool.submit(act) for act in (crowd.desk, crowd.machines, crowd.field)]
        try:
            for server, name, workers in zip(old, ("three", "four"), (1, 0), strict=True):
                new.append(start(name, workers=workers, **chosen, **next_version))
                balancer.put_in(new[-1].port)
                progressed(crowd)
                balancer.take_out(server.port)
                assert server.call("GET", "/readyz").status == 200
                if server is old[-1]:
                    refused = rota_with(new[0], "migrate", "--after")
                    assert (refused.returncode, refused.stdout) == (1, "")
                    assert f"Older versions still run: one (server, version {rota.__version__}). " in refused.stderr
                assert server.drain() == 0
            applied = rota_with(new[0], "migrate", "--after")
            assert (applied.returncode, applied.stdout) == (0, "9999_codes.after\n"), applied.stderr
            progressed(crowd)
        finally:
            crowd.stopped.set()
        for each in crew:
            each.result()
    assert crowd.broken == []
    check(crowd, postgres_url)
    back = rota_with(old[0], "serve", "--port", "0", "--workers", "0")
    assert (back.returncode, back.stdout) == (1, "")
    assert back.stderr.splitlines()[-1] == (
        "rota: The schema is of a newer rota: 9999_codes.after has been applied, which this version does not know. "
        "Start the newer version."
    )


def progressed(crowd: Crowd) -> None:
    """Returns when everybody has got somewhere, several times."""
    before = len(crowd.titles), len(crowd.jobs), len(crowd.names)

    def all_did() -> bool:
        now = len(crowd.titles), len(crowd.jobs), len(crowd.names)
        return all(after >= first + more for first, after, more in zip(before, now, (4, 1, 4), strict=True))

    wait_until(lambda: all_did() or bool(crowd.broken), "progress")


def check(crowd: Crowd, url: str) -> None:
    """What was promised is there, once."""
    with psycopg.connect(url) as connection:
        titles = [row[0] for row in connection.execute("SELECT title FROM items ORDER BY id")]
        done = [row[0] for row in connection.execute("SELECT id FROM items WHERE status = 'completed' ORDER BY id")]
        clients = connection.execute("SELECT name, code FROM clients ORDER BY id").fetchall()
        submissions = [row[0] for row in connection.execute("SELECT id FROM submissions ORDER BY id")]
    assert (titles, done) == (crowd.titles, sorted(crowd.done))
    assert ([name for name, _ in clients], submissions) == (crowd.names, crowd.submissions)
    assert {code for _, code in clients} == {"none", "new"}, "both versions have written"
    for task_id in crowd.jobs:
        assert crowd.job(task_id)["status"] == "success"
        lines = crowd.ask("GET", f"{crowd.server.tasks}/{task_id}?csv_name=out.csv").body.decode().splitlines()
        assert [line.split(",")[0] for line in lines[1:]] == [f"w{row}" for row in range(ROWS)] + ["wait"] * 4
