"""One attempt of a delivery against a receiver on this machine."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpcore
import pytest

from mailroom import SECRET
from receiver import Receiver, listening
from rota import __version__
from rota.clock import now
from rota.domain.webhooks import Outcome, Secrets
from rota.engine.attempt import attempt
from rota.operations.deliveries import Due

OLDER = SECRET.replace("AAA", "BBB")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as made:
        yield made


def message(url: str, **changes: Any) -> Due:
    due = Due(1, "w", "msg_w_1", "item.added", '{"type":"item.added"}', 0, 0, url, Secrets(SECRET), False)
    return replace(due, **changes)


def send(due: Due, *, private: bool = True, left: float = 15.0, **more: Any) -> Outcome:
    given = {"clock": lambda: 100.0, "now": now(), **more}
    return attempt(due, until=100.0 + left, private=private, **given)


def test_a_message_is_a_signed_post(receiver: Receiver) -> None:
    assert send(message(receiver.url("/hook?a=b"))) == Outcome(204)
    (got,) = receiver.messages
    assert (got.path, got.id, got.body) == ("/hook?a=b", "msg_w_1", b'{"type":"item.added"}')
    assert got.headers["content-type"] == "application/json"
    assert got.headers["user-agent"] == f"rota/{__version__}"
    assert got.is_signed_with(SECRET)
    assert not got.is_signed_with(OLDER)
    assert not replace(got, body=got.body + b" ").is_signed_with(SECRET)


def test_after_a_rotation_both_secrets_verify(receiver: Receiver) -> None:
    send(message(receiver.url(), secrets=Secrets(SECRET, OLDER, now() + 10_000_000)))
    (got,) = receiver.messages
    assert got.is_signed_with(SECRET)
    assert got.is_signed_with(OLDER)


@pytest.mark.parametrize("status", [200, 301, 302, 307, 308, 400, 410, 429, 500, 503])
def test_the_status_is_what_counts_and_redirects_are_not_followed(receiver: Receiver, status: int) -> None:
    receiver.plans["/"] = [(status, {"Location": receiver.url("/elsewhere"), "Retry-After": "7"})]
    assert send(message(receiver.url())) == Outcome(status, retry_after="7")
    assert receiver.at("/elsewhere") == []


def test_nothing_of_the_answers_body_is_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        done = threading.Event()

        def speak() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nx")
                done.wait(60)

        thread = threading.Thread(target=speak)
        thread.start()
        assert send(message(f"http://127.0.0.1:{listener.getsockname()[1]}/")) == Outcome(200)
        done.set()
        thread.join()


def test_a_receiver_who_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        assert send(message(url), left=0.05) == Outcome(error="timed out")


def test_after_its_time_nothing_is_sent(receiver: Receiver) -> None:
    def slowly(host: str, port: int) -> list[str]:
        times.append(1_000.0)
        return ["127.0.0.1"]

    times = [100.0]
    assert send(message(receiver.url()), clock=lambda: times[-1], look_up=slowly) == Outcome(error="timed out")
    assert send(message(receiver.url()), left=0.0) == Outcome(error="timed out")
    assert receiver.messages == []


def test_who_does_not_answer_is_unreachable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        outcome = send(message(f"http://127.0.0.1:{unused.getsockname()[1]}/"))
    assert outcome.status is None
    assert outcome.error is not None
    assert outcome.error.startswith("unreachable: ")


def test_a_place_that_is_not_public_is_not_called(receiver: Receiver) -> None:
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
        refused = send(message(f"http://{host}:{receiver.port}/"), private=False)
        assert refused == Outcome(error="the address is not public")
    assert receiver.messages == []


def test_a_name_that_pointed_outside_yesterday_is_checked_today(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected: list[str] = []

    def connect(self: Any, host: str, port: int, timeout: float | None = None) -> Any:
        connected.append(host)
        raise httpcore.ConnectError("unplugged")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    due = message("http://rebound.example/")
    assert send(due, private=False, look_up=lambda host, port: ["203.0.114.1"]).error == "unreachable: unplugged"
    assert connected == ["203.0.114.1"]
    assert send(due, private=False, look_up=lambda host, port: ["203.0.114.1", "127.0.0.1"]).error is not None
    assert connected == ["203.0.114.1"]


@pytest.mark.parametrize("url", ["http://", "x", "http://a b/", "ftp://x/", "http://x:99999/", "http://\udcff/"])
def test_whatever_a_url_is_it_is_an_outcome(url: str) -> None:
    assert send(message(url)).error


def test_an_answer_that_is_no_http_is_an_outcome() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"\0\0 SSH-2.0-\r\n\r\n")

        thread = threading.Thread(target=speak)
        thread.start()
        outcome = send(message(f"http://127.0.0.1:{listener.getsockname()[1]}/"))
        thread.join()
    assert outcome.error is not None
    assert outcome.error.startswith("unreachable: ")
    assert "\0" not in outcome.error
