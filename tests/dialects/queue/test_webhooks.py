"""`/webhooks` over HTTP: documents, refusals, secrets that are shown once, places that may not be called."""

import base64
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import falcon.testing
import pytest

from desk import Desk
from mailroom import Mailroom
from rota.dialects.queue.app import create
from rota.domain.webhooks import KINDS, Outcome
from rota.operations import accounts
from rota.store.blobs import LocalBlobs
from rota.store.port import Store
from rota.store.sqlite import SqliteStore
from support import service_on

START = "2023-11-14T22:13:20Z"
PUBLIC = "https://203.0.114.7/hook"
MEMBER = "ann@example.org"


@dataclass
class Lab:
    store: Store
    room: Mailroom
    client: falcon.testing.TestClient

    def ask(self, verb: str, path: str, body: Any = None, token: str = "the first token") -> falcon.testing.Result:
        sent = {} if body is None else {"json": body}
        return self.client.simulate_request(verb, f"/webhooks{path}", headers={"X-Auth-Token": token}, **sent)

    def add(self, url: str = PUBLIC, **fields: Any) -> dict[str, Any]:
        made = self.ask("POST", "", {"url": url, **fields})
        assert made.status_code == 200, made.text
        document: dict[str, Any] = made.json
        return document

    def faults(self, verb: str, path: str, body: Any) -> dict[str, str]:
        refused = self.ask(verb, path, body)
        assert (refused.status_code, refused.json["error"]["code"]) == (400, "invalid_fields")
        faults: dict[str, str] = refused.json["error"]["faults"]
        return faults


@pytest.fixture
def store(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Store]:
    """One database is enough for what is said: what is done is tested on both."""
    path = tmp_path / "rota.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    opened = SqliteStore(f"sqlite:///{path}")
    yield opened
    opened.close()


@pytest.fixture
def make(store: Store, tmp_path: Path) -> Callable[..., Lab]:
    def build(*, private: bool = False) -> Lab:
        desk = Desk.found(store)
        blobs = LocalBlobs(tmp_path / "blobs")
        service = service_on(store, blobs, clock=desk.now, webhooks_private=private)
        return Lab(store, Mailroom(desk), falcon.testing.TestClient(create(service)))

    return build


@pytest.fixture
def lab(make: Callable[..., Lab]) -> Lab:
    return make()


def test_a_webhook_is_made_and_shows_its_secret_once(lab: Lab) -> None:
    made = lab.ask("POST", "", {"url": PUBLIC, "types": ["job.ended"], "description": "pager"})
    secret = made.json["secret"]
    whole = {
        "id": "0000000000000001",
        "url": PUBLIC,
        "types": ["job.ended"],
        "description": "pager",
        "enabled": True,
        "created_on": START,
    }
    assert made.json == {**whole, "secret": secret}
    assert made.headers["cache-control"] == "no-store"
    prefix, _, encoded = secret.partition("_")
    assert (prefix, len(base64.b64decode(encoded, validate=True))) == ("whsec", 32)
    assert lab.ask("GET", "").json == [whole]
    assert lab.ask("GET", f"/{whole['id']}").json == whole
    assert lab.ask("GET", f"/{whole['id']}/").json == whole


def test_two_secrets_differ(lab: Lab) -> None:
    assert lab.add()["secret"] != lab.add()["secret"]


def test_a_put_writes_the_whole_webhook_and_takes_back_what_was_shown(lab: Lab) -> None:
    made = lab.add(types=["job.ended"], description="pager")
    shown = lab.ask("GET", f"/{made['id']}").json
    changed = lab.ask("PUT", f"/{made['id']}", {**shown, "description": "bell"})
    assert changed.json == {**shown, "description": "bell"}
    bare = lab.ask("PUT", f"/{made['id']}", {"url": PUBLIC + "2"}).json
    assert (bare["url"], bare["types"], bare["description"], bare["enabled"]) == (PUBLIC + "2", [], "", True)
    assert lab.faults("PUT", f"/{made['id']}", {"url": PUBLIC, "id": "2"}) == {"id": "is not the one in the path"}


def test_disabling_and_enabling(lab: Lab) -> None:
    made = lab.add()
    disabled = lab.ask("PUT", f"/{made['id']}", {"url": PUBLIC, "enabled": False}).json
    assert (disabled["enabled"], disabled["disabled_because"]) == (False, "an admin disabled it")
    assert disabled["disabled_on"] == START
    # Left out, it stays as it is.
    assert lab.ask("PUT", f"/{made['id']}", {"url": PUBLIC}).json["enabled"] is False
    refused = lab.ask("POST", f"/{made['id']}/test")
    assert (refused.status_code, refused.json["text"]) == (409, "Webhook is disabled.")
    enabled = lab.ask("PUT", f"/{made['id']}", {"url": PUBLIC, "enabled": True}).json
    assert enabled["enabled"] is True
    assert "disabled_because" not in enabled
    assert lab.add(enabled=False)["enabled"] is False


def test_a_rotation_shows_the_new_secret_and_how_long_the_old_one_signs(lab: Lab) -> None:
    made = lab.add()
    rotated = lab.ask("POST", f"/{made['id']}/rotate")
    assert rotated.headers["cache-control"] == "no-store"
    assert rotated.json["secret"] != made["secret"]
    assert rotated.json["previous_secret_until"] == "2023-11-15T22:13:20Z"
    assert "secret" not in lab.ask("GET", f"/{made['id']}").json
    at_once = lab.ask("POST", f"/{made['id']}/rotate", {"overlap": 0}).json
    assert "previous_secret_until" not in at_once


@pytest.mark.parametrize("overlap", [-1, 1.5, True, "60", 7 * 86_400 + 1, None])
def test_an_overlap_is_seconds_up_to_a_week(lab: Lab, overlap: Any) -> None:
    made = lab.add()
    body = {"overlap": overlap, "secret": "mine"}
    assert set(lab.faults("POST", f"/{made['id']}/rotate", body)) == {"overlap", "secret"}


def test_all_faults_at_once(lab: Lab) -> None:
    body = {"url": "ftp://x/", "types": ["item.gone"], "description": 1, "secret": "mine"}
    faults = lab.faults("POST", "", body)
    assert set(faults) == {"url", "types", "description", "secret"}
    assert faults["url"] == "is not an http or https URL"
    assert lab.faults("POST", "", {}) == {"url": "is missing"}


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "10.1.2.3", "169.254.169.254", "[::ffff:10.0.0.1]", "224.0.0.1", "0.0.0.0"],
)
def test_a_place_that_is_not_public_is_refused_and_named(lab: Lab, host: str) -> None:
    fault = lab.faults("POST", "", {"url": f"http://{host}:8080/x"})["url"]
    assert fault == f"leads to {host.strip('[]')}, whose address is not public"
    made = lab.add()
    assert "url" in lab.faults("PUT", f"/{made['id']}", {"url": f"http://{host}/"})


def test_a_name_that_leads_inside_is_refused_and_one_that_leads_nowhere_yet_is_not(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {"inside.example": ["203.0.114.7", "10.0.0.1"]}

    def resolve(host: str, port: int) -> list[str]:
        if host not in places:
            raise socket.gaierror("unknown")
        return places[host]

    monkeypatch.setattr("rota.outbound.resolve", resolve)
    assert "inside.example" in lab.faults("POST", "", {"url": "https://inside.example/"})["url"]
    assert lab.add("https://nowhere.example/")["enabled"]


def test_private_places_are_for_operators_who_allow_them(make: Callable[..., Lab]) -> None:
    lab = make(private=True)
    assert lab.add("http://127.0.0.1:1/")["url"] == "http://127.0.0.1:1/"
    assert "user name" in lab.faults("POST", "", {"url": "http://me:secret@127.0.0.1/"})["url"]
    assert "longer" in lab.faults("POST", "", {"url": "http://127.0.0.1/" + "x" * 2_000})["url"]


def test_nobody_looks_up_a_name_for_a_member(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.room.desk.hire(MEMBER)
    token = lab.room.desk.login(MEMBER)
    monkeypatch.setattr("rota.outbound.resolve", None)
    assert lab.ask("POST", "", {"url": "https://inside.example/"}, token).status_code == 403


ROUTES = [
    ("GET", ""),
    ("POST", ""),
    ("GET", "/{}"),
    ("PUT", "/{}"),
    ("DELETE", "/{}"),
    ("POST", "/{}/rotate"),
    ("POST", "/{}/test"),
    ("GET", "/{}/deliveries"),
    ("POST", "/{}/deliveries/msg_1/retry"),
]


@pytest.mark.parametrize(("verb", "path"), ROUTES)
def test_webhooks_are_for_admins_of_the_account(lab: Lab, verb: str, path: str) -> None:
    made = lab.add()
    lab.room.desk.hire(MEMBER)
    token = lab.room.desk.login(MEMBER)
    body = {"url": PUBLIC} if verb in {"POST", "PUT"} and path in {"", "/{}"} else None
    assert lab.ask(verb, path.format(made["id"]), body, token).status_code == 403
    assert lab.ask(verb, path.format(made["id"]), body, "nobody's").status_code == 401
    with lab.store.write() as tx:
        desk = lab.room.desk
        account = accounts.add_account(tx, desk.admin, "other", None, account_id="b" * 32, now=desk.now())
        accounts.add_user(
            tx, desk.admin, "boss@other.org", account_id=account.id, role=accounts.Role.ADMIN, now=desk.now()
        )
        accounts.add_token(tx, desk.admin, "boss@other.org", "theirs", token_id="t9", expires_at=None, now=desk.now())
    theirs = lab.ask(verb, path.format(made["id"]), body, "theirs")
    if path:
        assert (theirs.status_code, theirs.json["error"]["code"]) == (404, "webhook_not_found")
    else:
        assert theirs.status_code == 200
        assert lab.ask("GET", "").json == [lab.ask("GET", f"/{made['id']}").json]


@pytest.mark.parametrize("word", ["0" * 16, "%00", "x" * 300, "ä", "0" * 16 + "%0A"])
def test_what_is_no_webhook_is_not_found(lab: Lab, word: str) -> None:
    refused = lab.ask("GET", f"/{word}")
    assert (refused.status_code, refused.json["text"]) == (404, "Webhook does not exist.")


def test_deliveries_are_listed_the_newest_first_and_by_state(lab: Lab) -> None:
    made = lab.add()
    item = lab.room.desk.add()
    lab.room.hand_out()
    lab.room.attempt(Outcome(500))
    test = lab.ask("POST", f"/{made['id']}/test").json
    assert (test["type"], test["state"], test["attempts"]) == ("webhook.test", "pending", 0)
    listed = lab.ask("GET", f"/{made['id']}/deliveries").json
    assert [each["type"] for each in listed] == ["webhook.test", "item.added"]
    assert listed[0] == test
    assert listed[1] == {
        "id": listed[1]["id"],
        "type": "item.added",
        "state": "pending",
        "attempts": 1,
        "queued_on": START,
        "attempted_on": START,
        "next_on": "2023-11-14T22:13:25Z",
        "last_status": 500,
        "last_error": "answered 500",
        "payload": {
            "type": "item.added",
            "timestamp": listed[1]["payload"]["timestamp"],
            "data": {"user": "admin@localhost", "task_id": item.id},
        },
    }
    assert lab.room.attempt(Outcome(410)) == 1
    assert lab.ask("GET", f"/{made['id']}/deliveries?state=pending").json == []
    assert len(lab.ask("GET", f"/{made['id']}/deliveries?state=failed").json) == 2
    assert len(lab.ask("GET", f"/{made['id']}/deliveries?n=1").json) == 1
    assert lab.ask("GET", f"/{made['id']}").json["disabled_because"] == "the receiver answered 410 Gone"
    refused = lab.ask("GET", f"/{made['id']}/deliveries?state=lost&n=0&page=2")
    assert set(refused.json["error"]["faults"]) == {"state", "n", "page"}


def test_a_delivery_is_retried_by_the_id_that_its_receiver_saw(lab: Lab) -> None:
    made = lab.add()
    lab.room.desk.add()
    lab.room.hand_out()
    (claim,) = lab.room.claim()
    path = f"/{made['id']}/deliveries/{claim.due.message_id}/retry"
    refused = lab.ask("POST", path)
    assert (refused.status_code, refused.json["text"]) == (409, "Delivery is under way.")
    lab.room.settle(claim, Outcome(200))
    queued = lab.ask("POST", path)
    assert (queued.status_code, queued.json["state"], queued.json["attempts"]) == (200, "pending", 0)
    missing = lab.ask("POST", f"/{made['id']}/deliveries/msg_x/retry")
    assert (missing.status_code, missing.json["text"]) == (404, "Delivery does not exist.")


def test_a_deleted_webhook_is_shown_once_more_and_then_not_found(lab: Lab) -> None:
    made = lab.add()
    shown = lab.ask("GET", f"/{made['id']}").json
    assert lab.ask("DELETE", f"/{made['id']}").json == shown
    assert lab.ask("DELETE", f"/{made['id']}").status_code == 404


def test_other_methods_are_405(lab: Lab) -> None:
    assert lab.ask("PATCH", "/1").status_code == 405
    assert lab.ask("DELETE", "").status_code == 405


def test_too_many_webhooks_are_409(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rota.operations.webhooks.WEBHOOKS_LIMIT", 1)
    lab.add()
    refused = lab.ask("POST", "", {"url": PUBLIC})
    assert (refused.status_code, refused.json["text"]) == (409, "There are 1 webhooks already.")


def test_every_type_may_be_asked_for(lab: Lab) -> None:
    assert lab.add(types=list(KINDS))["types"] == list(KINDS)
    assert lab.add(types=None)["types"] == []
