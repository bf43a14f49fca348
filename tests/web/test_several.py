"""Several servers of one PostgreSQL: requests may go to any of them in turn, and what time does is done once."""

import itertools
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import psycopg
import pytest

from races import at_once
from receiver import listening
from rota.dialects.queue.slack.signature import sign
from rota.domain.jobs import FINAL
from support import wait_until
from web.serving import Answer, Server
from web.test_streams import Stream

SECRET, TOKEN = "s" * 32, "t" * 20
JSON, FIELD = {"Content_Type": "application/json"}, {"Content_Type": "application/vnd.api+json"}
START_AT_S = 2.0


class House:
    """Three servers; each request goes to another one than the one before."""

    def __init__(self, servers: list[Server], url: str) -> None:
        self.servers, self.url = servers, url
        self._turns = itertools.cycle(servers)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        return next(self._turns).call(method, path, body, **headers)

    def ask(self, method: str, path: str, body: Any = None, who: str = TOKEN, **headers: str) -> Any:
        sent = None if body is None else json.dumps(body)
        answer = self.call(method, path, sent, **{**JSON, "X_Auth_Token": who, **headers})
        assert answer.status < 300, (method, path, answer.status, answer.body)
        return answer.json if answer.body else None

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(sql.encode()).fetchall()


@pytest.fixture(scope="module")
def house(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """As on three machines: each with a data folder of its own, one of them without runners; blobs are shared."""
    name, folder = f"t{uuid4().hex}", tmp_path_factory.mktemp("several")
    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    settings = {
        "ROTA_DATABASE_URL": f"{postgres_server}/{name}",
        "ROTA_BLOBS_URL": f"file://{folder / 'blobs'}",
        "ROTA_ADMIN_TOKEN": TOKEN,
        "ROTA_SLACK_SIGNING_SECRET": SECRET,
        "ROTA_WEBHOOKS_PRIVATE": "yes",
    }

    def start(number: int) -> Server:
        return Server(folder / str(number), workers=int(number > 0), **settings)

    servers: list[Server] = []
    try:
        with ThreadPoolExecutor(3) as pool:
            servers += [future.result() for future in [pool.submit(start, number) for number in range(3)]]
        yield House(servers, settings["ROTA_DATABASE_URL"])
    finally:
        for server in servers:
            server.kill()
        while Stream.all:
            Stream.all.pop().close()


def test_one_of_those_that_start_at_once_founds_the_house(house: House) -> None:
    assert house.rows("SELECT count(*) FROM accounts WHERE parent_id IS NULL") == [(1,)]
    tokens = [path for server in house.servers if (path := Path(server.folder) / "admin-token").exists()]
    assert [path.read_text() for path in tokens] == [TOKEN + "\n"]
    assert len(house.rows("SELECT id FROM nodes WHERE kind = 'server'")) == 3


def test_a_job_is_uploaded_started_stopped_and_read_wherever_one_asks(house: House) -> None:
    tasks = house.servers[0].tasks
    rows = [f"w{number}" for number in range(300)]
    source = "word\n" + "".join(f"{row}\n" for row in rows)
    made = house.call("PUT", f"{tasks}?category=trial&action=row", source, Content_Type="text/csv")
    assert made.status == 201
    path = f"{tasks}/{made.task['id']}"
    assert house.call("PATCH", path).status == 200
    wait_until(lambda: house.call("GET", path).task["status"] in FINAL, "the end of the job")
    for server in house.servers:
        answer = server.call("GET", f"{path}?csv_name=out.csv", Accept="text/csv")
        assert [line.split(",")[0] for line in answer.body.decode().splitlines()[1:]] == rows
    slow = house.call("PUT", f"{tasks}?category=trial&action=row", "word\n" + "wait\n" * 500, Content_Type="text/csv")
    path = f"{tasks}/{slow.task['id']}"
    assert house.call("PATCH", path).status == 200
    wait_until(lambda: house.call("GET", path).task["success_count"] > 0, "a first row")
    assert house.call("PATCH", f"{path}/stop").task["status"] == "stopped"
    assert house.call("DELETE", path).status == 200
    assert {server.call("GET", path).status for server in house.servers} == {404}


def test_sessions_and_locked_out_guessers_are_known_to_all(house: House) -> None:
    session = house.call("PUT", "/v2/api_auth", json.dumps({"data": {"api_key": TOKEN}}), **JSON).json["auth_token"]
    assert [server.call("GET", "/admin/v1/me", X_Auth_Token=session).status for server in house.servers] == [200] * 3
    guess = partial(house.call, "PUT", "/v2/api_auth", json.dumps({"data": {"api_key": "guess"}}), **JSON)
    answers = [guess().status for _ in range(12)]
    assert (len(set(answers[:10])), len(set(answers[10:]))) == (1, 1)
    assert answers[9] != answers[10] == 429
    with psycopg.connect(house.url) as connection:
        connection.execute("DELETE FROM sign_in_failures")


def test_a_shift_goes_on_at_any_server_and_ends_at_all(house: House) -> None:
    house.ask("POST", "/admin/v1/users", {"email": "bob@x.org"})
    shift = house.ask("POST", "/workers", {"id": "bob@x.org"})["token"]
    number = house.ask("POST", "/tasks", {"title": "a"})["_id"]
    assert house.ask("POST", f"/workers/tasks/{number}", who=shift)["_worked_by"] == "bob@x.org"
    for status in ("bg", "fg", "complete-success"):
        house.ask("PUT", f"/workers/tasks/{number}", {"status": status}, who=shift)
    house.ask("DELETE", "/workers", who=shift)
    assert {server.call("GET", "/workers/tasks", X_Auth_Token=shift).status for server in house.servers} == {401}


def test_a_stream_is_taken_up_at_another_server_where_it_ended(house: House) -> None:
    one, other, third = house.servers
    heard, added, last = [], [], {}
    for server in (one, other, third, one):
        stream = Stream(server, **last)
        added += [house.ask("POST", "/tasks", {"title": "s"})["_id"] for _ in range(3)]
        tasks = stream.tasks()
        heard += [next(tasks) for _ in range(2)]
        last = {"Last_Event_ID": stream.last_id}
        stream.close()
        added.append(house.ask("POST", "/tasks", {"title": "meanwhile"})["_id"])
    tasks = Stream(other, **last).tasks()
    heard += [next(tasks) for _ in range(len(added) - len(heard))]
    assert heard == added


def test_lists_that_one_server_remembers_are_those_of_all(house: House) -> None:
    seen: list[str] = []
    for number in range(12):
        document = {"data": {"type": "Client", "id": None, "attributes": {"name": f"c{number}"}}}
        seen.append(house.ask("POST", "/api/v1/clients", document, **FIELD)["data"]["id"])
        if number % 3 == 2:
            house.ask("DELETE", f"/api/v1/clients/{seen.pop(0)}", **FIELD)
        for server in house.servers:
            found = server.call("GET", "/api/v1/clients?ordering=id", **FIELD).json["data"]
            assert [each["id"] for each in found] == seen


def test_what_slack_sends_again_to_another_server_is_done_once(house: House) -> None:
    house.ask("POST", "/admin/v1/users", {"email": "sue@x.org"})
    fields = {"command": "/rota", "user_id": "U1", "user_name": "sue", "user_email": "sue@x.org", "text": "add water"}
    body, stamp = urlencode(fields), str(int(time.time()))
    signed = {"X_Slack_Request_Timestamp": stamp, "X_Slack_Signature": sign(SECRET, stamp, body.encode())}
    form = {"Content_Type": "application/x-www-form-urlencoded", **signed}
    answers = at_once(*(partial(server.call, "POST", "/slack/commands", body, **form) for server in house.servers))
    assert [answer.status for answer in answers] == [200] * 3
    assert len({answer.body for answer in answers}) == 1
    assert house.rows("SELECT count(*) FROM items WHERE title = 'water'") == [(1,)]


def test_a_message_is_sent_once_by_whichever_courier(house: House) -> None:
    with listening() as receiver:
        made = house.ask("POST", "/webhooks", {"url": receiver.url("/"), "types": ["item.added"]})
        add: Callable[[int], int] = lambda number: house.ask("POST", "/tasks", {"title": f"m{number}"})["_id"]  # noqa: E731
        with ThreadPoolExecutor(3) as pool:
            added = list(pool.map(add, range(60)))
        wait_until(lambda: len(receiver.messages) >= 60, "the messages")
        house.ask("DELETE", f"/webhooks/{made['id']}")
        told = Counter(message.json["data"]["task_id"] for message in receiver.messages)
    assert told == Counter(added)


def test_a_task_is_started_once_by_whichever_scheduler(house: House) -> None:
    start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + START_AT_S))
    given = {"target_content_type": 13, "target_id": 1, "start": start, "status": "a"}

    def make(number: int) -> int:
        document = {"data": {"type": "Task", "id": None, "attributes": {"name": f"t{number}", **given}}}
        return int(house.ask("POST", "/api/v1/tasks", document, **FIELD)["data"]["id"])

    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(make, range(30)))
    names = ", ".join(f"'task:{number}'" for number in made)
    moved = f"SELECT subject FROM events WHERE kind = 'task.changed' AND subject IN ({names})"
    wait_until(lambda: len(house.rows(moved)) >= 30, "the start of all")
    assert sorted(int(subject.partition(":")[2]) for (subject,) in house.rows(moved)) == sorted(made)
