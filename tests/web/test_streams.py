"""Event streams of a whole server: many at once, clients that vanish or stand still, and the server's death and end."""

import json
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, ClassVar

import pytest

from support import PATIENCE_S, wait_until
from web.serving import Answer, Server

START_S = 10.0


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts a server without runners on the test's folder; all are gone at the end."""
    servers: list[Server] = []

    def start(**settings: Any) -> Server:
        servers.append(Server(tmp_path / "data", workers=0, **settings))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()
    while Stream.all:
        Stream.all.pop().close()


class Stream:
    """A client of the stream, on a connection of its own."""

    all: ClassVar[list["Stream"]] = []

    def __init__(self, server: Server, token: str | None = None, **headers: str) -> None:
        self.all.append(self)
        self._connection = HTTPConnection(server.host, server.port, timeout=PATIENCE_S)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request("GET", "/events/stream", headers={"X-Auth-Token": token or server.token, **sent})
        self._answer = self._connection.getresponse()
        assert self._answer.status == 200
        self.last_id = ""
        assert next(self.blocks())["retry"]

    def blocks(self) -> Iterator[dict[str, str]]:
        fields: dict[str, str] = {}
        while line := self._answer.readline():
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if line == b"\n":
                self.last_id = fields.get("id", self.last_id)
                if fields:
                    yield fields
                fields = {}
            elif name and not name.startswith(":"):
                fields[name] = value

    def tasks(self) -> Iterator[int]:
        """The task of every event, until the stream ends."""
        for block in self.blocks():
            yield json.loads(block["data"])["task_id"]

    def close(self) -> None:
        self._answer.close()
        self._connection.close()


def add(server: Server) -> int:
    answer = server.call("POST", "/tasks", json.dumps({"title": "x"}), Content_Type="application/json")
    assert answer.status == 201
    task_id: int = answer.json["_id"]
    return task_id


def open_streams(server: Server) -> float:
    metrics = server.call("GET", "/metrics").body.decode().splitlines()
    (line,) = [line for line in metrics if line.startswith("rota_streams ")]
    return float(line.split()[1])


def refused(server: Server) -> Answer:
    return server.call("GET", "/events/stream")


def test_streams_are_limited_leave_room_for_requests_and_free_the_places_of_vanished_clients(
    serve: Callable[..., Server],
) -> None:
    server = serve(ROTA_STREAMS="3", ROTA_THREADS="1")
    shift = server.call("POST", "/workers").json["token"]
    first, second, third = Stream(server), Stream(server), Stream(server, shift)
    answer = refused(server)
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert answer.json["error"]["code"] == "too_many_streams"
    added = add(server)
    assert [next(each.tasks()) for each in (first, second, third)] == [added] * 3
    second.close()
    # Whoever is gone is noticed at the next write.
    wait_until(lambda: add(server) > 0 and open_streams(server) == 2, "the place of the client that vanished")
    assert server.call("DELETE", "/workers").status == 200
    tasks = list(third.tasks())
    assert tasks == [*range(added + 1, added + 1 + len(tasks))]
    wait_until(lambda: open_streams(server) == 1, "the place of the stream whose shift is over")
    replaced = Stream(server)
    added = add(server)
    assert next(replaced.tasks()) == added


@pytest.fixture
def still() -> Iterator[socket.socket]:
    """A connection whose client takes little more than nobody reads."""
    with socket.socket() as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        yield made


def test_a_hundred_subscribers_and_one_who_stands_still_hold_up_neither_requests_nor_the_drain(
    serve: Callable[..., Server], still: socket.socket
) -> None:
    server = serve()
    write_past(server.folder / "rota.db", server.account)
    still.connect((server.host, server.port))
    head = f"GET /events/stream?last_event_id=0 HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {server.token}\r\n\r\n"
    still.sendall(head.encode())
    crowd = [Stream(server) for _ in range(100)]
    assert open_streams(server) == 101
    added = add(server)
    assert [next(each.tasks()) for each in crowd] == [added] * 100
    began = time.monotonic()
    assert server.drain() == 0
    assert time.monotonic() - began < START_S
    assert [list(each.tasks()) for each in crowd] == [[]] * 100


def test_who_takes_nothing_of_an_answer_is_cut_off(serve: Callable[..., Server], still: socket.socket) -> None:
    server = serve(ROTA_STALL_S="0.5")
    write_past(server.folder / "rota.db", server.account)
    still.connect((server.host, server.port))
    head = f"GET /events/stream?last_event_id=0 HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {server.token}\r\n\r\n"
    still.sendall(head.encode())
    wait_until(lambda: open_streams(server) == 1, "the stream")
    wait_until(lambda: open_streams(server) == 0, "its end")


def write_past(path: Path, account: str) -> None:
    """Some megabytes of events: more than the buffers between server and client hold."""
    with sqlite3.connect(path) as connection:
        connection.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
            " INSERT INTO events (at, kind, account_id, subject, facts)"
            " SELECT 1, 'item.added', ?, 'item:0', '{}' FROM n",
            [account],
        )
    connection.close()


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_client_that_resumes_misses_nothing_and_gets_nothing_twice_when_the_server_is_killed(
    serve: Callable[..., Server], request: pytest.FixtureRequest, database: str
) -> None:
    settings = {"ROTA_DATABASE_URL": request.getfixturevalue("postgres_url")} if database == "postgres" else {}
    server = serve(**settings)
    added, over = list[int](), threading.Event()
    stream = Stream(server)

    def write() -> None:
        while not over.is_set():
            try:
                added.append(add(server))
            except (OSError, HTTPException):
                # It may have been added, and nobody told.
                threading.Event().wait(0.05)

    writing = threading.Thread(target=write)
    writing.start()
    told = list[int]()
    for _ in range(2):
        for task_id in stream.tasks():
            told.append(task_id)
            if len(told) % 40 == 0:
                break
        server.kill()
        told += rest_of(stream)
        server = serve(port=server.port, **settings)
        stream = Stream(server, Last_Event_ID=stream.last_id)
    over.set()
    writing.join()
    last = add(server)
    for task_id in stream.tasks():
        told.append(task_id)
        if task_id == last:
            break
    log = server.call("GET", "/events?type=add&n=1000").json
    assert told == [event["task_id"] for event in log]
    assert set(added) <= set(told)
    assert len(told) > 80


def rest_of(stream: Stream) -> list[int]:
    """What had come before the connection broke; a block that was cut off is none."""
    found = []
    try:
        for task_id in stream.tasks():
            found.append(task_id)
    except (OSError, HTTPException):
        pass
    return found
