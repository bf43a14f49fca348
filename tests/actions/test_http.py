"""http.call against a server on this machine."""

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpcore
import pytest

from actions.world import NOW, Silent
from rota import __version__, outbound
from rota.actions import http
from rota.actions.http import Caller, answer
from rota.actions.registry import Context, Form, Line, Refused


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Service:
    """Answers in the order of `plan`: status, headers, body; when the plan is used up, with the last of it."""

    port: int
    plan: list[tuple[int, dict[str, str], bytes]] = field(default_factory=lambda: [(200, {}, b"fine")])
    seen: list[Request] = field(default_factory=list)

    def url(self, host: str = "127.0.0.1", path: str = "/") -> str:
        return f"http://{host}:{self.port}{path}"

    def reply(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        self.seen.append(request)
        return self.plan[min(len(self.seen), len(self.plan)) - 1]


@pytest.fixture
def service() -> Iterator[Service]:
    class Handler(BaseHTTPRequestHandler):
        def work(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, told, data = service.reply(Request(self.command, self.path, headers, body))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(data)), **told}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                # A client that has read enough hangs up.
                try:
                    self.wfile.write(data)
                except OSError:
                    self.close_connection = True

        def log_message(self, *args: Any) -> None: ...

    for method in http.METHODS:
        setattr(Handler, f"do_{method}", Handler.work)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        service = Service(server.server_port)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield service
        server.shutdown()
        thread.join()


@dataclass
class Time:
    """A clock that moves only when somebody sleeps."""

    now: float = 100.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


def caller(time: Time, *, private: bool = True, rate: float = 0, resolve: Any = outbound.resolve) -> Caller:
    return Caller(private=private, rate=rate, clock=time.clock, sleep=time.sleep, resolve=resolve)


def row(url: str, method: str = "", body: str = "") -> dict[str, str]:
    return {"url": url, "method": method, "body": body}


def refused(made: Caller, cells: dict[str, str]) -> tuple[str, Line | None]:
    with pytest.raises(Refused) as caught:
        answer(made, "key", cells)
    return str(caught.value), caught.value.line


def context(private: bool) -> Context:
    options = {"http_call_private": private, "http_call_rate": 1_000.0}
    return Context("job1", "a", "a", 1, NOW, Silent(), options, rows=(7,))


def test_a_row_gets_status_and_response(service: Service) -> None:
    assert http.call(context(True), row(service.url(path="/a?b=c"))) == {"status": 200, "response": "fine"}
    [request] = service.seen
    assert (request.method, request.path, request.body) == ("GET", "/a?b=c", b"")
    assert request.headers["user-agent"] == f"rota/{__version__}"
    assert request.headers["idempotency-key"] == "job1-7"
    assert request.headers["host"] == f"127.0.0.1:{service.port}"


def test_the_declaration() -> None:
    declared = http.call.__action__  # type: ignore[attr-defined]
    assert (declared.form, declared.writes, declared.chunk_rows) == (Form.ROW, False, 64)
    assert (declared.mandatory, declared.optional) == (("url",), ("method", "body"))
    assert declared.output == ("status", "response", "error")


@pytest.mark.parametrize("method", http.METHODS)
def test_every_method_is_sent(service: Service, time: Time, method: str) -> None:
    line = answer(caller(time), "key", row(service.url(), method.lower(), "" if method in {"GET", "HEAD"} else "x"))
    assert service.seen[0].method == method
    assert line["response"] == ("" if method == "HEAD" else "fine")


def test_a_body_is_posted_and_its_type_told(service: Service, time: Time) -> None:
    answer(caller(time), "key", row(service.url(), body=json.dumps({"ä": 1}, ensure_ascii=False)))
    answer(caller(time), "key", row(service.url(), body="plain"))
    first, second = service.seen
    assert (first.method, first.body.decode()) == ("POST", '{"ä": 1}')
    assert first.headers["content-type"] == "application/json"
    assert second.headers["content-type"] == "text/plain; charset=utf-8"


def test_credentials_in_the_url_are_sent_as_such(service: Service, time: Time) -> None:
    answer(caller(time), "key", row(service.url("me:p%40ss@127.0.0.1")))
    assert service.seen[0].headers["authorization"] == "Basic bWU6cEBzcw=="
    assert service.seen[0].headers["host"] == f"127.0.0.1:{service.port}"


def test_a_failing_status_fails_the_row_and_keeps_its_columns(service: Service, time: Time) -> None:
    service.plan = [(404, {}, b"no such thing")]
    assert refused(caller(time), row(service.url())) == (
        "http 404",
        {"status": 404, "response": "no such thing"},
    )
    assert len(service.seen) == 1
    assert time.slept == []


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_passing_troubles_are_tried_three_times_with_one_key(service: Service, time: Time, status: int) -> None:
    service.plan = [(status, {}, b"later")]
    assert refused(caller(time), row(service.url()))[0] == f"http {status}"
    assert [request.headers["idempotency-key"] for request in service.seen] == ["key"] * 3
    assert time.slept == [0.5, 1.0]


def test_a_service_that_recovers_is_no_failure(service: Service, time: Time) -> None:
    service.plan = [(503, {}, b"later"), (200, {}, b"fine")]
    assert answer(caller(time), "key", row(service.url()))["status"] == 200
    assert len(service.seen) == 2


def test_a_service_is_left_alone_as_long_as_it_asks(service: Service, time: Time) -> None:
    service.plan = [(429, {"Retry-After": "3"}, b""), (200, {}, b"fine")]
    assert answer(caller(time), "key", row(service.url()))["status"] == 200
    assert time.slept == [3.0]


def test_a_service_that_asks_for_too_long_is_given_up(service: Service, time: Time) -> None:
    service.plan = [(429, {"Retry-After": "60"}, b"")]
    assert refused(caller(time), row(service.url()))[0] == "http 429"
    assert (len(service.seen), time.slept) == (1, [])


def test_a_date_in_retry_after_counts_as_no_wish(service: Service, time: Time) -> None:
    service.plan = [(503, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, b""), (200, {}, b"")]
    answer(caller(time), "key", row(service.url()))
    assert time.slept == [0.5]


def test_who_does_not_answer_is_unreachable_after_three_tries(time: Time) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        assert refused(caller(time), row(url)) == ("unreachable", None)
    assert time.slept == [0.5, 1.0]


def test_a_name_without_address_is_unreachable(time: Time) -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise socket.gaierror("unknown")

    assert refused(caller(time, resolve=resolve), row("http://nowhere.example/"))[0] == "unreachable"


def test_no_try_begins_after_the_deadline(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []

    def slow(call: outbound.Call, network: Any) -> outbound.Reply:
        sent.append(call)
        time.now += 15
        return outbound.Reply(503, "")

    monkeypatch.setattr(http, "send", slow)
    assert refused(caller(time), row("http://127.0.0.1/"))[0] == "http 503"
    assert len(sent) == 2


def test_waiting_for_a_turn_is_not_counted_against_a_row(service: Service, time: Time) -> None:
    made = caller(time, rate=0.01)
    for _ in range(3):
        assert answer(made, "key", row(service.url()))["status"] == 200
    assert time.slept == [100.0, 100.0]


def test_a_call_ends_with_the_deadline_however_slowly_bytes_drip(time: Time) -> None:
    class Dripping(httpcore.MockStream):
        def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            time.now += 9
            return b"x"

    stream = outbound._Stream(Dripping([]), outbound.Deadline(time.now + 30, time.clock))
    for _ in range(4):
        stream.read(1)
    with pytest.raises(httpcore.ReadTimeout):
        stream.read(1)


def test_a_deadline_in_the_middle_of_a_call_is_a_time_out(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(call: Any, network: Any) -> Any:
        time.now += 30
        raise httpcore.ReadTimeout

    monkeypatch.setattr(http, "send", late)
    assert refused(caller(time), row("http://127.0.0.1/"))[0] == "timed out"
    assert time.slept == []


def test_redirects_are_not_followed(service: Service, time: Time) -> None:
    service.plan = [(302, {"Location": "http://127.0.0.1:1/"}, b"elsewhere")]
    assert answer(caller(time), "key", row(service.url())) == {"status": 302, "response": "elsewhere"}


def test_cookies_of_one_row_do_not_reach_the_next(service: Service, time: Time) -> None:
    service.plan = [(200, {"Set-Cookie": "a=b"}, b"")]
    made = caller(time)
    answer(made, "key", row(service.url()))
    answer(made, "key", row(service.url()))
    assert "cookie" not in service.seen[1].headers


def test_proxies_of_the_environment_are_not_used(service: Service, time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert answer(caller(time), "key", row(service.url()))["status"] == 200


def test_a_response_is_cut_at_64_kib_and_between_characters(service: Service, time: Time) -> None:
    service.plan = [(200, {}, b"x" + "ä".encode() * 1_000_000)]
    response = answer(caller(time), "key", row(service.url()))["response"]
    assert response == "x" + "ä" * ((outbound.LIMIT - 1) // 2)


def test_no_more_than_the_limit_is_taken_from_a_body() -> None:
    taken = []

    def parts() -> Iterator[bytes]:
        while True:
            taken.append(1)
            yield b"x" * 16_384

    assert len(outbound._beginning(parts(), outbound.LIMIT)) == outbound.LIMIT
    assert len(taken) == 4


@pytest.mark.parametrize(
    ("content_type", "data", "text"),
    [
        ("text/plain; charset=latin-1", b"\xe4", "ä"),
        ('text/plain; charset="utf-8"; x=y', "ä".encode(), "ä"),
        ("text/plain; charset=no-such", "ä".encode(), "ä"),
        ("application/octet-stream", b"a\xffb", "a\ufffdb"),
    ],
)
def test_the_charset_of_a_response_is_honoured(
    service: Service, time: Time, content_type: str, data: bytes, text: str
) -> None:
    service.plan = [(200, {"Content-Type": content_type}, data)]
    assert answer(caller(time), "key", row(service.url()))["response"] == text


LOOPBACKS = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "localhost",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "0",
]


@pytest.mark.parametrize("host", LOOPBACKS)
def test_this_machine_is_refused_under_every_name(service: Service, host: str) -> None:
    with pytest.raises(Refused, match="address refused"):
        http.call(context(False), row(service.url(host)))
    assert service.seen == []


def test_one_private_address_among_public_ones_refuses_the_host(time: Time) -> None:
    made = caller(time, private=False, resolve=lambda host, port: ["8.8.8.8", "10.0.0.1"])
    assert refused(made, row("http://mixed.example/")) == ("address refused", None)
    assert time.slept == []


def test_a_name_is_looked_up_once_a_try_and_what_was_checked_is_connected_to(
    service: Service, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"] if len(looked_up) > 1 else ["203.0.114.1"]

    connected: list[str] = []

    def connect(self: Any, host: str, port: int, timeout: float | None = None) -> Any:
        connected.append(host)
        raise httpcore.ConnectError("unplugged")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    made = caller(time, private=False, resolve=rebinding)
    assert refused(made, row(service.url("rebound.example"))) == ("address refused", None)
    assert connected == ["203.0.114.1"]
    assert looked_up == ["rebound.example"] * 2


def test_the_name_stays_in_the_host_header(service: Service, time: Time) -> None:
    made = caller(time, resolve=lambda host, port: ["127.0.0.1"])
    answer(made, "key", row(service.url("Service.Example")))
    assert service.seen[0].headers["host"] == f"service.example:{service.port}"


def test_tls_is_spoken_with_the_name_and_not_with_the_address(time: Time) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        hello: list[bytes] = []

        def hang_up() -> None:
            for _ in range(http.TRIES):
                connection, _ = listener.accept()
                with connection:
                    hello.append(connection.recv(4096))

        thread = threading.Thread(target=hang_up)
        thread.start()
        made = caller(time, resolve=lambda host, port: ["127.0.0.1"])
        url = f"https://service.example:{listener.getsockname()[1]}/"
        assert refused(made, row(url))[0] == "unreachable"
        thread.join()
    assert all(b"service.example" in each for each in hello)


def test_the_next_address_is_tried_when_one_does_not_answer(service: Service, time: Time) -> None:
    made = caller(time, resolve=lambda host, port: ["127.0.0.2", "127.0.0.1"])
    assert answer(made, "key", row(service.url("two.example")))["status"] == 200
    assert time.slept == []


def test_calls_are_no_faster_than_the_rate(service: Service, time: Time) -> None:
    made = caller(time, rate=4)
    for _ in range(5):
        answer(made, "key", row(service.url()))
    assert time.slept == [0.25] * 4


def test_tries_count_towards_the_rate(service: Service, time: Time) -> None:
    service.plan = [(503, {}, b"")]
    refused(caller(time, rate=1), row(service.url()))
    assert time.slept == [0.5, 0.5, 1.0]


def test_methods_are_verified() -> None:
    verify = http.call.__action__.verifiers["method"]  # type: ignore[attr-defined]
    assert verify("get") and verify("PATCH")
    assert not verify("TRACE") and not verify("GET /")
