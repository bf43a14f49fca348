"""The desk on a real server: people who meet, and a server that is killed while they work."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from desk import check_item, query
from races import at_once
from rota.clock import now
from rota.operations import accounts, items
from rota.store.port import Store
from rota.store.postgres import PostgresStore
from rota.store.sqlite import SqliteStore
from support import wait_until
from web.serving import Answer, Server

JSON = {"Content_Type": "application/json"}
CREW = [f"w{number}@x.org" for number in range(4)]


class Floor:
    """A server, restarted on the same folder after a kill, and a crew on shift."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder, self.settings = folder, settings
        self.server = self.start()
        for email in CREW:
            self.ask("POST", "/admin/v1/users", {"email": email})
        self.tokens: dict[str, str] = {}
        self.meet()

    def start(self) -> Server:
        return Server(self.folder, workers=0, **self.settings)

    def meet(self) -> None:
        """Whoever is not on shift begins one."""
        for email in CREW:
            answer = self.ask("POST", "/workers", {"id": email})
            if answer.status < 300:
                self.tokens[email] = answer.json["token"]

    def ask(self, method: str, path: str, body: Any = None, who: str | None = None) -> Answer:
        token = {"X_Auth_Token": self.tokens[who]} if who else {}
        headers = {name.replace("_", "-"): value for name, value in token.items()}
        answer = self.server.call(method, path, None if body is None else json.dumps(body), **JSON, **headers)
        assert answer.status < 500, answer.body
        return answer

    def add(self) -> int:
        number: int = self.ask("POST", "/tasks", {"title": "a"}).json["_id"]
        return number

    def store(self) -> Store:
        url = self.settings.get("ROTA_DATABASE_URL")
        return PostgresStore(url) if url else SqliteStore(f"sqlite:///{self.folder / 'rota.db'}")


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def standing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    settings = {}
    if request.param == "postgres":
        settings["ROTA_DATABASE_URL"] = request.getfixturevalue("lasting_postgres_url")
    made = Floor(tmp_path_factory.mktemp("desk") / "data", **settings)
    yield made
    made.server.kill()


@pytest.fixture(params=["sqlite", "postgres"])
def own_floor(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Floor]:
    settings = {}
    if request.param == "postgres":
        settings["ROTA_DATABASE_URL"] = request.getfixturevalue("postgres_url")
    made = Floor(tmp_path / "data", **settings)
    yield made
    made.server.kill()


@pytest.fixture
def floor(standing: Floor) -> Floor:
    """With an empty queue, everybody on shift, and nothing in anybody's hands."""
    for task in standing.ask("GET", "/tasks").json:
        standing.ask("POST", f"/tasks/{task['_id']}/purge")
    standing.meet()
    return standing


def test_one_task_has_one_holder(floor: Floor) -> None:
    for _ in range(5):
        task_id = floor.add()
        answers = at_once(*(partial(floor.ask, "POST", f"/workers/tasks/{task_id}", who=email) for email in CREW))
        assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]
        (winner,) = (answer.json["_worked_by"] for answer in answers if answer.status == 200)
        assert floor.ask("GET", f"/tasks/{task_id}").json["_worked_by"] == winner


def test_as_many_grabs_as_tasks(floor: Floor) -> None:
    added = {floor.add() for _ in range(6)}
    answers = at_once(*(partial(floor.ask, "POST", "/workers/tasks", who=email) for email in CREW * 2))
    grabbed = [answer.json["_id"] for answer in answers if answer.status == 200]
    assert (sorted(grabbed), len(answers) - len(grabbed)) == (sorted(added), 2)
    held = [floor.ask("GET", "/workers/tasks", who=email).json for email in CREW]
    assert sorted(task["_id"] for hand in held for task in hand) == sorted(added)
    assert all([task["_work_status"] for task in hand].count("active") == (1 if hand else 0) for hand in held)


def test_resuming_meets_releasing(floor: Floor) -> None:
    who = CREW[0]
    for _ in range(5):
        task_id = floor.add()
        floor.ask("POST", f"/workers/tasks/{task_id}", who=who)
        path = f"/workers/tasks/{task_id}"
        floor.ask("PUT", path, {"status": "bg"}, who)
        at_once(
            partial(floor.ask, "PUT", path, {"status": "fg"}, who),
            partial(floor.ask, "PUT", path, {"status": "release"}, who),
        )
        task = floor.ask("GET", f"/tasks/{task_id}").json
        assert task["state"] == "queued"
    _check(floor)


def test_leaving_meets_completing(floor: Floor) -> None:
    for email in CREW:
        task_id = floor.add()
        floor.ask("POST", f"/workers/tasks/{task_id}", who=email)
        done = {"status": "complete-success"}
        left, completed = at_once(
            partial(floor.ask, "DELETE", "/workers", who=email),
            partial(floor.ask, "PUT", f"/workers/tasks/{task_id}", done, email),
        )
        assert left.status == 200
        state = floor.ask("GET", f"/tasks/{task_id}").json["state"]
        assert (completed.status, state) in {(200, "done"), (403, "worked on"), (401, "worked on")}
    _check(floor)


def test_purging_what_is_held(floor: Floor) -> None:
    for email in CREW:
        task_id = floor.add()
        floor.ask("POST", f"/workers/tasks/{task_id}", who=email)
        purged, done = at_once(
            partial(floor.ask, "POST", f"/tasks/{task_id}/purge"),
            partial(floor.ask, "PUT", f"/workers/tasks/{task_id}", {"status": "complete-failure"}, email),
        )
        assert (purged.status, done.status in {200, 404}) == (200, True)
        assert floor.ask("GET", f"/tasks/{task_id}").status == 404
        assert floor.ask("GET", f"/events?task={task_id}").json == []
    _check(floor)


def test_a_killed_server_has_kept_what_it_accepted_and_nothing_by_half(own_floor: Floor) -> None:
    for _ in range(3):
        acknowledged: list[tuple[str, int]] = []
        threads = [threading.Thread(target=_work, args=(own_floor, email, acknowledged.append)) for email in CREW]
        for thread in threads:
            thread.start()
        wait_until(lambda told=acknowledged: len(told) > 40, "some work")
        own_floor.server.kill()
        for thread in threads:
            thread.join()
        own_floor.server = own_floor.start()
        told = {(event["action"], event.get("task_id")) for event in own_floor.ask("GET", "/events?n=1000").json}
        assert set(acknowledged) <= told
        _check(own_floor)


def _work(floor: Floor, email: str, acknowledge: Callable[[tuple[str, int]], None]) -> None:
    """Until the server is gone. A request without an answer may have been done or not."""
    with suppress(OSError, HTTPException):
        while True:
            added = floor.ask("POST", "/tasks", {"title": email}, email).json["_id"]
            acknowledge(("add", added))
            grabbed = floor.ask("POST", "/workers/tasks", who=email).json["_id"]
            acknowledge(("grab", grabbed))
            for status, action in (("bg", "suspend"), ("fg", "activate"), ("complete-success", "complete-success")):
                floor.ask("PUT", f"/workers/tasks/{grabbed}", {"status": status}, email)
                acknowledge((action, grabbed))


def _check(floor: Floor) -> None:
    """Every item's times add up and are those of its phases; every change has its event and every event its change."""
    store = floor.store()
    with store.read() as tx:
        actor = accounts.superuser(tx)
        for row in query(tx, "SELECT id FROM items"):
            check_item(tx, items.by_id(tx, actor, row["id"]), now())
        twice = "SELECT holder_id FROM items WHERE status = 'active' GROUP BY holder_id HAVING count(*) > 1"
        assert query(tx, twice) == []
        orphans = "SELECT id FROM events WHERE kind = 'item.added' AND subject NOT IN (SELECT 'item:' || id FROM items)"
        assert query(tx, orphans) == []
    store.close()
