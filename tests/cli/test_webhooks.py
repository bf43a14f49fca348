"""The webhook commands, against the dialect itself behind HTTP."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from desk import Desk
from mailroom import Mailroom
from rota.clock import new_id
from rota.dialects.queue.app import create
from rota.domain.webhooks import Outcome
from rota.store.blobs import LocalBlobs
from rota.store.sqlite import SqliteStore
from support import service_on

Rota = Callable[..., Any]
URL = "https://203.0.114.7/hook"


@pytest.fixture
def room(migrated_sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailroom]:
    """A desk whose dialect answers at ROTA_URL."""
    path = tmp_path / "rota.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    store = SqliteStore(f"sqlite:///{path}")
    desk = Desk.found(store)
    service = service_on(store, LocalBlobs(tmp_path / "blobs"), clock=desk.now, new_id=new_id)

    class Quiet(WSGIRequestHandler):
        def log_message(self, *words: Any) -> None: ...

    with make_server("127.0.0.1", 0, create(service), handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("ROTA_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("ROTA_TOKEN", "the first token")
        yield Mailroom(desk)
        server.shutdown()
        thread.join()
    store.close()


def add(rota: Rota, *words: str) -> dict[str, Any]:
    ran = rota("webhook", "add", URL, *words, "--json")
    assert ran.code == 0, ran.err
    made: dict[str, Any] = ran.json
    return made


def test_adding_shows_id_and_secret(room: Mailroom, rota: Rota) -> None:
    ran = rota("webhook", "add", URL, "--type", "job.ended", "--type", "item.added", "--description", "pager")
    lines = dict(line.split(maxsplit=1) for line in ran.out.splitlines())
    assert set(lines) == {"id", "secret"}
    assert lines["secret"].startswith("whsec_")
    shown = rota("webhook", "show", lines["id"], "--json").json
    assert (shown["url"], shown["types"], shown["description"]) == (URL, ["job.ended", "item.added"], "pager")
    assert "secret" not in shown


def test_listing(room: Mailroom, rota: Rota) -> None:
    assert rota("webhook", "list").out.splitlines() == [
        "id\turl\ttypes\tenabled\tdelivered_on\tfailing_since\tdescription"
    ]
    made = add(rota)
    assert [each["id"] for each in rota("webhook", "list", "--json").json] == [made["id"]]
    assert rota("webhook", "list").out.splitlines()[1] == f"{made['id']}\t{URL}\t\tyes\t\t\t"


def test_faults_of_what_was_given_are_told(room: Mailroom, rota: Rota) -> None:
    ran = rota("webhook", "add", "http://localhost/", "--type", "item.gone")
    assert (ran.code, ran.out) == (1, "")
    assert "url leads to localhost, whose address is not public" in ran.err
    assert "types holds what is none of" in ran.err


def test_changing_keeps_what_is_left_out(room: Mailroom, rota: Rota) -> None:
    made = add(rota, "--type", "job.ended", "--description", "pager")
    changed = rota("webhook", "change", made["id"], "--url", URL + "2", "--json").json
    assert (changed["url"], changed["types"], changed["description"]) == (URL + "2", ["job.ended"], "pager")
    assert rota("webhook", "change", made["id"], "--type", "item.added", "--json").json["types"] == ["item.added"]
    assert rota("webhook", "change", made["id"]).code == 2


def test_enabling_disabling_and_removing(room: Mailroom, rota: Rota) -> None:
    made = add(rota, "--type", "job.ended")
    ran = rota("webhook", "disable", made["id"])
    assert (ran.code, ran.out, ran.err) == (0, "", f"rota: the webhook {made['id']} is disabled.\n")
    assert rota("webhook", "show", made["id"], "--json").json["enabled"] is False
    refused = rota("webhook", "test", made["id"])
    assert (refused.code, refused.err) == (1, "rota: Webhook is disabled.\n")
    enabled = rota("webhook", "enable", made["id"], "--json").json
    assert (enabled["enabled"], enabled["types"]) == (True, ["job.ended"])
    assert rota("webhook", "remove", made["id"]).err == f"rota: the webhook {made['id']} is removed.\n"
    missing = rota("webhook", "show", made["id"])
    assert (missing.code, missing.err) == (1, "rota: Webhook does not exist.\n")


def test_a_rotation_prints_the_secret_alone(room: Mailroom, rota: Rota) -> None:
    made = add(rota)
    secret = rota("webhook", "rotate", made["id"]).out.strip()
    assert secret.startswith("whsec_")
    assert secret != made["secret"]
    assert "previous_secret_until" in rota("webhook", "rotate", made["id"], "--overlap", "60", "--json").json
    assert "previous_secret_until" not in rota("webhook", "rotate", made["id"], "--overlap", "0", "--json").json


def test_a_message_is_tested_watched_and_retried(room: Mailroom, rota: Rota) -> None:
    made = add(rota)
    message_id = rota("webhook", "test", made["id"]).out.strip()
    assert room.attempt(Outcome(500)) == 1
    (listed,) = rota("webhook", "deliveries", made["id"], "--json").json
    assert (listed["id"], listed["state"], listed["last_error"]) == (message_id, "failed", "answered 500")
    assert rota("webhook", "deliveries", made["id"], "--state", "pending", "--json").json == []
    assert rota("webhook", "retry", made["id"], message_id).out == f"{message_id}\n"
    head, line = rota("webhook", "deliveries", made["id"], "--state", "pending", "--limit", "1").out.splitlines()
    assert head.startswith("id\ttype\tstate\tattempts")
    assert line.startswith(f"{message_id}\twebhook.test\tpending\t0\t")
    assert "state must be one of" in rota("webhook", "deliveries", made["id"], "--state", "lost").err
