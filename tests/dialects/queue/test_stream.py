"""The event stream as one client sees it: what it says, what it leaves out, whom it refuses, and when it ends."""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import falcon
import falcon.testing
import msgspec
import pytest

from desk import Desk
from rota.dialects.queue import app as queue
from rota.dialects.queue import params, stream
from rota.dialects.service import Service
from rota.domain.errors import StoreUnavailable
from rota.domain.items import Verb
from rota.operations import accounts, holding, items, shifts
from rota.operations.passwords import hash_password
from rota.store.blobs import LocalBlobs
from rota.store.port import Store
from rota.web.app import create
from support import service_on

ANN, BOB, ADMIN = "ann@example.org", "bob@example.org", "admin@localhost"
TOKEN = "the first token"
QUERIES = (
    "user=ann@example.org",
    "user=ANN@example.org&type=add",
    "type=loginout",
    "type=grab",
    "task=2",
    "task=2&type=grab",
    "user=bob@example.org&task=1",
    "user=&task=1&type=",
    "user=nobody@example.org",
    "user=%00",
)
Event = dict[str, str]


def read(body: Iterable[bytes]) -> Iterator[Event]:
    """The fields of every block, as the specification has them; a block of comments is none."""
    rest = b""
    for piece in body:
        *blocks, rest = (rest + piece).split(b"\n\n")
        for block in blocks:
            lines = block.decode().split("\n")
            if fields := dict(line.split(": ", 1) for line in lines if not line.startswith(":")):
                yield fields


@dataclass
class Answer:
    """An answer as it comes."""

    status: str
    headers: dict[str, str]
    body: Any

    def __post_init__(self) -> None:
        self._blocks = read(self.body)

    @property
    def json(self) -> Any:
        return msgspec.json.decode(b"".join(self.body))

    def begin(self) -> "Answer":
        self.opening = next(self._blocks)
        return self

    def events(self, count: int) -> list[Event]:
        """The next so many; fewer when the stream ends."""
        return [event for _, event in zip(range(count), self._blocks, strict=False)]

    def documents(self, count: int) -> list[Any]:
        return [msgspec.json.decode(event["data"]) for event in self.events(count)]


@dataclass
class Lab:
    """The dialect over a desk, whose clock it shares."""

    desk: Desk
    service: Service
    app: Any
    opened: list[Answer] = field(default_factory=list)

    def ask(self, path: str, token: str | None = TOKEN, query: str = "", method: str = "GET", **headers: str) -> Answer:
        given = {"X-Auth-Token": token} if token else {}
        given.update({name.replace("_", "-"): value for name, value in headers.items()})
        environ = falcon.testing.create_environ(path, query, headers=given, method=method)
        started: list[Any] = []
        body = self.app(environ, lambda status, headers, *_: started.extend([status, headers]))
        self.opened.append(Answer(started[0], dict(started[1]), iter(body)))
        return self.opened[-1]

    def open(self, query: str = "", token: str | None = TOKEN, **headers: str) -> Answer:
        """A stream that has begun."""
        answer = self.ask("/events/stream", token, query, **headers)
        assert answer.status == "200 OK", answer.json
        return answer.begin()

    def close(self) -> None:
        for answer in self.opened:
            if hasattr(answer.body, "close"):
                answer.body.close()
        self.service.feed.close()


@pytest.fixture
def lab(store: Store, blobs: LocalBlobs, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """Its streams show a sign of life as often as makes no test wait."""
    monkeypatch.setattr(stream, "HEARTBEAT_S", 0.03)
    monkeypatch.setattr(stream, "PAUSE_S", 0.001)
    desk = Desk.found(store, ANN, BOB)
    service = service_on(store, blobs, clock=desk.now)
    made = Lab(desk, service, queue.create(service))
    yield made
    made.close()


def test_a_stream_says_what_it_is_and_where_it_begins(lab: Lab) -> None:
    answer = lab.open()
    assert {name: answer.headers[name] for name in ("content-type", "cache-control", "x-accel-buffering")} == {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
    }
    assert answer.opening == {"retry": "2000", "id": str(lab.desk.lines()[-1].id)}


def test_events_are_the_documents_of_the_log_under_their_ids_and_actions(lab: Lab) -> None:
    answer = lab.open()
    desk = lab.desk
    item = desk.add(by=ANN)
    desk.act(items.available, BOB, 1)
    desk.act(holding.grab, ANN, item.id)
    desk.act(holding.suspend, ANN, item.id)
    desk.act(holding.activate, ANN, item.id)
    desk.act(holding.release, ANN, item.id)
    desk.act(holding.grab, BOB)
    desk.act(holding.complete, BOB, item.id, Verb.COMPLETE_FAILURE)
    desk.act(items.delete, ANN, desk.add(by=ANN).id)
    desk.act(shifts.logout, BOB)
    desk.login(BOB)
    events = answer.events(12)
    assert [event["event"] for event in events] == [
        *("add", "peek", "grab", "suspend", "activate", "release", "grab", "complete-failure"),
        *("add", "delete", "logout", "login"),
    ]
    documents = [msgspec.json.decode(event["data"]) for event in events]
    assert documents == lab.ask("/events", query="n=12").json
    assert [document["action"] for document in documents] == [event["event"] for event in events]
    assert [int(event["id"]) for event in events] == [line.id for line in desk.lines()[-12:]]


def test_parameters_choose_what_they_choose_from_the_log(lab: Lab) -> None:
    before = {query: lab.ask("/events", query=query).json for query in QUERIES}
    present = {query: lab.open(query) for query in QUERIES}
    for email in (ANN, BOB):
        lab.desk.add(by=email)
        lab.desk.act(holding.grab, email)
        lab.desk.act(shifts.logout, email)
    for query in QUERIES:
        wanted = lab.ask("/events", query=query).json[len(before[query]) :]
        past = lab.open(query, Last_Event_ID=present[query].opening["id"])
        for answer in (present[query], past):
            assert answer.documents(len(wanted)) == wanted
            # One sign of life may have been due already.
            assert [next(answer.body) for _ in range(2)] == [b":\n\n"] * 2


def test_a_stream_resumes_after_the_event_that_the_client_names(lab: Lab) -> None:
    added = [lab.desk.add().id for _ in range(5)]
    lines = lab.desk.lines()[-5:]
    for given in ({"Last_Event_ID": str(lines[1].id)}, {"query": f"last_event_id={lines[1].id}"}):
        answer = lab.open(**given)
        assert answer.opening["id"] == str(lines[1].id)
        assert [document["task_id"] for document in answer.documents(3)] == added[2:]
    # The header goes before: it is what a browser adds to a query that it repeats.
    answer = lab.open(f"last_event_id={lines[1].id}", Last_Event_ID=str(lines[3].id))
    assert [document["task_id"] for document in answer.documents(1)] == added[4:]
    assert lab.open("last_event_id=", Last_Event_ID=" ").opening["id"] == str(lines[-1].id)


def test_what_cannot_be_read_is_refused_all_at_once(lab: Lab) -> None:
    query = "type=dance&task=x&last_event_id=-1&n=3&user=a&user=b"
    answer = lab.ask("/events/stream", query=query, Last_Event_ID="yesterday")
    assert answer.status == "400 Bad Request"
    said = answer.json
    assert said["error"]["code"] == "invalid_fields"
    assert said["error"]["faults"] == {
        "type": f"must be one of {', '.join(params.EVENT_TYPES)}",
        "task": "must be the number of a task",
        "last_event_id": "must be the number of an event",
        "n": "is not a parameter of this path",
        "user": "is given more than once",
        "Last-Event-ID": "must be the number of an event",
    }
    assert "Event type not recognized!" in said["text"]
    assert lab.service.feed.listeners == 0


@pytest.mark.parametrize("sent", ["1.5", "٣", "1" * 19, "0x1", "1 2", "-0"])
def test_a_name_that_no_event_has_is_refused(lab: Lab, sent: str) -> None:
    answer = lab.ask("/events/stream", query=f"last_event_id={falcon.uri.encode_value(sent)}")
    assert answer.status == "400 Bad Request"
    assert answer.json["text"] == "last_event_id must be the number of an event"


def test_strangers_are_refused(lab: Lab) -> None:
    answer = lab.ask("/events/stream", token=None)
    assert answer.status == "401 Unauthorized"
    assert answer.json["error"]["code"] == "unauthenticated"
    assert lab.ask("/events/stream", token="wrong").status == "401 Unauthorized"


def test_other_verbs_are_refused_and_head_takes_no_place(lab: Lab) -> None:
    assert lab.ask("/events/stream", method="POST").status == "405 Method Not Allowed"
    answer = lab.ask("/events/stream", method="HEAD", Accept="image/png")
    assert answer.status == "200 OK" and answer.headers["content-type"] == "text/event-stream"
    assert lab.service.feed.listeners == 0


def test_beyond_the_limit_a_client_is_told_to_come_again(lab: Lab) -> None:
    lab.service.feed._most = 2
    opened = [lab.open() for _ in range(2)]
    answer = lab.ask("/events/stream")
    assert answer.status == "503 Service Unavailable"
    assert answer.headers["retry-after"] == "5"
    sentence = "Too many event streams are open. Try again in 5 s"
    assert answer.json == {
        "error": {"code": "too_many_streams", "message": sentence, "retry_after": 5},
        "text": sentence,
    }
    opened[0].body.close()
    lab.open()


def test_an_answer_that_is_closed_before_it_began_gives_its_place_back(lab: Lab) -> None:
    answer = lab.ask("/events/stream")
    assert lab.service.feed.listeners == 1
    answer.body.close()
    answer.body.close()
    assert lab.service.feed.listeners == 0


def test_open_streams_are_counted(lab: Lab) -> None:
    lab.app = create(lab.service)
    lab.open()
    assert b"\nrota_streams 1.0\n" in b"".join(lab.ask("/metrics").body)


def test_a_quiet_stream_shows_signs_of_life(lab: Lab) -> None:
    answer = lab.open()
    assert [next(answer.body) for _ in range(3)] == [b":\n\n"] * 3


def ends(answer: Answer) -> bool:
    """Nothing but signs of life comes, and then nothing at all."""
    return all(block == b":\n\n" for block in answer.body)


def test_the_end_of_a_shift_ends_the_streams_of_its_tokens_and_no_others(lab: Lab) -> None:
    token = lab.desk.login(ANN)
    with lab.desk.store.write() as tx:
        user = accounts.add_token(
            tx, lab.desk.admin, ANN, "her own token", token_id="own", expires_at=None, now=lab.desk.now()
        )
    shift, own, others = lab.open(token=token), lab.open("type=add", token="her own token"), lab.open("type=add")
    lab.desk.act(shifts.logout, user.email)
    assert ends(shift)
    added = lab.desk.add()
    for answer in (own, others):
        assert [document["task_id"] for document in answer.documents(1)] == [added.id]


def test_a_token_that_is_revoked_ends_its_stream_before_any_later_event(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_S", 60.0)
    desk = lab.desk
    with desk.store.write() as tx:
        accounts.add_token(tx, desk.admin, ANN, "a token", token_id="one", expires_at=None, now=desk.now())
        accounts.add_token(tx, desk.admin, ANN, "another", token_id="two", expires_at=None, now=desk.now())
    first, second = lab.open(token="a token"), lab.open(token="another")
    with desk.store.write() as tx:
        accounts.revoke_token(tx, desk.admin, "one", now=desk.now())
        added = items.add(tx, desk.admin, {"title": "x"}, now=desk.now())
    assert list(first.body) == []
    assert [document["task_id"] for document in second.documents(1)] == [added.id]


def test_a_token_that_expires_ends_its_stream_at_a_sign_of_life(lab: Lab) -> None:
    expires_at = lab.desk.time + 1_000_000
    with lab.desk.store.write() as tx:
        accounts.add_token(tx, lab.desk.admin, ANN, "short", token_id="s", expires_at=expires_at, now=lab.desk.now())
    answer = lab.open(token="short")
    assert next(answer.body) == b":\n\n"
    lab.desk.time = expires_at
    assert ends(answer)


def test_a_password_that_is_changed_ends_the_streams_that_it_opened(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_S", 60.0)
    change(lab, "the first password")
    basic = base64.b64encode(f"{ANN}:the first password".encode()).decode()
    answer = lab.open(token=None, Authorization=f"Basic {basic}")
    lab.desk.add()
    assert [event["event"] for event in answer.events(1)] == ["add"]
    change(lab, "the second password")
    assert list(answer.body) == []


def change(lab: Lab, password: str) -> None:
    with lab.desk.store.write() as tx:
        accounts.change_user(tx, lab.desk.admin, ANN, password_hash=hash_password(password), now=lab.desk.now())


def test_a_stream_outlives_a_database_that_does_not_answer(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    added = [lab.desk.add().id for _ in range(3)]
    answer = lab.open("last_event_id=0&type=add")
    refused: list[str] = []

    def refuse() -> None:
        refused.append("read")
        raise StoreUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(type(lab.service.store), "read", lambda _: refuse())
        # The first signs of life come although the token cannot be looked up.
        assert next(answer.body) == b":\n\n"
    assert refused
    assert [document["task_id"] for document in answer.documents(3)] == added


def test_a_doubt_that_cannot_be_cleared_ends_the_stream(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_S", 60.0)
    token = lab.desk.login(ANN)
    answer = lab.open(token=token)

    def refuse(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(accounts, "authenticate", refuse)
    lab.desk.act(shifts.logout, ANN)
    lab.desk.add()
    assert list(answer.body) == []


def test_at_the_end_of_the_server_streams_end(lab: Lab) -> None:
    answer = lab.open()
    lab.service.feed.close()
    assert list(answer.body) == []


def test_a_stream_of_another_account_tells_nothing_of_this_one(lab: Lab) -> None:
    desk, child = lab.desk, "c" * 32
    with desk.store.write() as tx:
        account = accounts.add_account(tx, desk.admin, "child", None, account_id=child, now=desk.now())
        user = accounts.add_user(tx, desk.admin, "kim@example.org", account_id=child, now=desk.now())
        accounts.add_token(tx, desk.admin, user.email, "hers", token_id="k", expires_at=None, now=desk.now())
    answer, resumed = lab.open(token="hers"), lab.open("last_event_id=0", token="hers")
    desk.add()
    with desk.store.write() as tx:
        kim = replace(desk.admin, account=account, user=user)
        added = items.add(tx, kim, {"title": "hers"}, now=desk.now())
    for each in (answer, resumed):
        assert [document["task_id"] for document in each.documents(1)] == [added.id]
