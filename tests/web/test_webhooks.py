"""Webhooks of a whole server: real messages to a receiver on this machine, real kills."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from receiver import Message, Receiver, listening
from support import wait_until
from web.serving import Server

JSON = {"Content_Type": "application/json"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as made:
        yield made


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(**settings: str) -> Server:
        servers.append(Server(tmp_path / "data", workers=0, **{"ROTA_WEBHOOKS_PRIVATE": "yes", **settings}))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> dict[str, str]:
    return {} if request.param == "sqlite" else {"ROTA_DATABASE_URL": request.getfixturevalue("postgres_url")}


def ask(server: Server, method: str, path: str, body: Any = None) -> Any:
    answer = server.call(method, path, None if body is None else json.dumps(body), **JSON)
    assert answer.status in {200, 201}, answer.body
    return answer.json


def listen(server: Server, url: str, *types: str) -> dict[str, Any]:
    made: dict[str, Any] = ask(server, "POST", "/webhooks", {"url": url, "types": list(types)})
    return made


def states(server: Server, webhook: dict[str, Any]) -> list[tuple[str, int | None]]:
    found = ask(server, "GET", f"/webhooks/{webhook['id']}/deliveries?n=1000")
    return [(each["state"], each.get("last_status")) for each in found]


def add_task(server: Server, title: str = "t") -> int:
    number: int = ask(server, "POST", "/tasks", {"title": title})["_id"]
    return number


def task_id(message: Message) -> int:
    number: int = message.json["data"]["task_id"]
    return number


def test_webhooks_from_the_first_message_to_the_last(serve: Callable[..., Server], receiver: Receiver) -> None:
    server = serve()
    receiver.plans = {"/gone": [(410, {})], "/moved": [(302, {"Location": receiver.url("/elsewhere")})]}
    every = listen(server, receiver.url("/all"))
    jobs = listen(server, receiver.url("/jobs"), "job.created", "job.started")
    gone = listen(server, receiver.url("/gone"))
    moved = listen(server, receiver.url("/moved"))
    number = add_task(server)
    ask(server, "POST", "/workers")
    ask(server, "POST", "/workers/tasks")
    started = server.submit("skel.id1", b"col1\nx\n")
    wait_until(lambda: len(receiver.at("/all")) == 5 and len(receiver.at("/jobs")) == 2, "the messages")

    # Ordering is best effort: what is compared is what was said.
    assert set(receiver.types("/all")) == {"item.added", "shift.started", "item.grabbed", "job.created", "job.started"}
    assert set(receiver.types("/jobs")) == {"job.created", "job.started"}
    assert {each.json["data"]["job_id"] for each in receiver.at("/jobs")} == {started}
    assert {task_id(each) for each in receiver.at("/all") if each.json["type"].startswith("item")} == {number}
    assert all(each.is_signed_with(every["secret"]) for each in receiver.at("/all"))
    assert not any(each.is_signed_with(jobs["secret"]) for each in receiver.at("/all"))
    assert len({each.id for each in receiver.messages}) == len(receiver.messages)

    wait_until(lambda: not ask(server, "GET", f"/webhooks/{gone['id']}")["enabled"], "the end of the gone one")
    answered = [("pending", 302)] * 5
    wait_until(lambda: states(server, moved) == answered, "the moved one")
    assert receiver.at("/elsewhere") == []

    rotated = ask(server, "POST", f"/webhooks/{every['id']}/rotate")
    sent = ask(server, "POST", f"/webhooks/{every['id']}/test")
    wait_until(lambda: receiver.at("/all")[-1].id == sent["id"], "the test")
    message = receiver.at("/all")[-1]
    assert message.is_signed_with(rotated["secret"])
    assert message.is_signed_with(every["secret"])
    wait_until(lambda: states(server, every) == [("delivered", 204)] * 6, "the last word on each")
    wait_until(lambda: states(server, jobs) == [("delivered", 204)] * 2, "the last word on each")
    assert "rota_deliveries_delivered_total 8.0" in server.call("GET", "/metrics").body.decode()
    assert server.drain() == 0


def test_whatever_is_killed_when_every_event_arrives_and_under_one_id(
    serve: Callable[..., Server], receiver: Receiver, database: dict[str, str]
) -> None:
    server = serve(**database)
    made = listen(server, receiver.url("/"), "item.added")
    expected: set[int] = set()
    for kill in (Server.kill, Server.kill_main)[: 1 if database else 2]:
        before = len(receiver.messages)
        expected |= {add_task(server) for _ in range(12)}
        # The second half is written while the first is on its way, and the kill is in the middle of it.
        wait_until(lambda b=before: len(receiver.messages) > b, "a message")  # type: ignore[misc]
        expected |= {add_task(server) for _ in range(4)}
        kill(server)
        server = serve(**database)
    wait_until(lambda: {task_id(each) for each in receiver.messages} >= expected, "every task")
    ids: dict[int, set[str]] = {}
    for each in receiver.messages:
        ids.setdefault(task_id(each), set()).add(each.id)
        assert each.is_signed_with(made["secret"])
    assert set(ids) == expected
    assert all(len(each) == 1 for each in ids.values())
    wait_until(lambda: states(server, made) == [("delivered", 204)] * len(expected), "the last word on each")


def test_a_killed_courier_is_replaced_and_one_that_may_not_call_inside_does_not(
    serve: Callable[..., Server], receiver: Receiver
) -> None:
    server = serve()
    made = listen(server, receiver.url("/"), "item.added")
    add_task(server)
    wait_until(lambda: len(receiver.messages) == 1, "the first")
    os.kill(server.children()[-1], signal.SIGKILL)
    add_task(server)
    wait_until(lambda: states(server, made) == [("delivered", 204)] * 2, "both")
    # The first one twice, if the courier died before it could say that it had arrived.
    assert {task_id(each) for each in receiver.messages} == {1, 2}
    assert server.drain() == 0
    arrived = len(receiver.messages)

    server = serve(ROTA_WEBHOOKS_PRIVATE="no")
    refused = server.call("POST", "/webhooks", json.dumps({"url": receiver.url()}), **JSON)
    assert refused.status == 400
    assert "127.0.0.1" in refused.json["error"]["faults"]["url"]
    ask(server, "POST", f"/webhooks/{made['id']}/test")
    wait_until(lambda: states(server, made)[0] == ("failed", None), "the refusal")
    (test, *_) = ask(server, "GET", f"/webhooks/{made['id']}/deliveries")
    assert test["last_error"] == "the address is not public"
    assert len(receiver.messages) == arrived
