"""Accounts, users and tokens: on a data folder, and over HTTP."""

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from rota import bootstrap
from rota.clock import new_id, now
from rota.domain.errors import Unauthenticated
from rota.operations import accounts, slack
from rota.operations.passwords import verify
from rota.settings import read_settings
from rota.store.port import Store
from rota.web import admin

Rota = Callable[..., Any]

PASSWORD = "correct horse"


@pytest.fixture
def store(migrated_sqlite: Path) -> Iterator[Store]:
    """The store of a data folder that has been set up."""
    settings = read_settings()
    settings.data.mkdir()
    shutil.copy(migrated_sqlite, settings.data / "rota.db")
    bootstrap.migrate(settings)
    store = bootstrap.open_store(settings)
    yield store
    store.close()


@pytest.fixture
def url(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The same store behind HTTP; ROTA_URL names it, and no ROTA_TOKEN is set."""

    class Quiet(WSGIRequestHandler):
        def log_message(self, *words: Any) -> None:
            pass

    app = admin.create(store=store, clock=now, new_id=new_id, session_s=60.0)
    with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("ROTA_URL", f"http://127.0.0.1:{server.server_port}")
        yield os.environ["ROTA_URL"]
        server.shutdown()
        thread.join()


@pytest.fixture(params=["folder", "http"])
def place(request: pytest.FixtureRequest, store: Store) -> Store:
    """Commands work the same on the folder and over HTTP."""
    if request.param == "http":
        request.getfixturevalue("url")
    return store


def test_migrate_prints_what_it_applied_and_then_nothing(rota: Rota) -> None:
    first, second = rota("migrate"), rota("migrate")
    assert (first.code, second.code) == (0, 0)
    assert first.out.splitlines()[0] == "0001_accounts"
    assert (second.out, second.err) == ("", "rota: the schema is up to date.\n")
    assert rota("migrate", "--json").json == {"applied": []}


def test_a_folder_without_a_rota_is_told_in_a_sentence(rota: Rota, tmp_path: Path) -> None:
    ran = rota("account", "list")
    assert (ran.code, ran.out) == (1, "")
    assert f"No rota can be used in {tmp_path / 'data'}" in ran.err


def test_accounts(place: Store, rota: Rota) -> None:
    north = rota("account", "add", "Nörd").out.strip()
    below = rota("account", "add", "below", "--parent", north).out.strip()
    listed = rota("account", "list", "--json").json
    assert [each["name"] for each in listed] == ["root", "Nörd", "below"]
    shown = rota("account", "show", below, "--json").json
    assert shown == listed[2]
    assert (shown["id"], shown["parent_id"]) == (below, north)
    lines = rota("account", "list").out.splitlines()
    assert lines[0].split("\t") == ["id", "name", "parent_id", "created_at"]
    assert lines[2].split("\t")[:3] == [north, "Nörd", listed[0]["id"]]
    assert f"parent_id   {north}" in rota("account", "show", below).out


def test_users(place: Store, rota: Rota) -> None:
    north = rota("account", "add", "north").out.strip()
    added = rota("user", "add", "A@x.org", "--account", north, "--role", "admin", "--json")
    assert (added.code, added.err) == (0, "")
    assert {**added.json, "created_at": ""} == {
        "email": "a@x.org",
        "account_id": north,
        "role": "admin",
        "superuser": False,
        "slack_id": None,
        "created_at": "",
    }
    assert rota("user", "show", "a@x.org", "--json").json == added.json
    assert rota("user", "list", "--account", north, "--json").json == [added.json]
    assert rota("user", "add", "b@x.org", "--superuser").out == "b@x.org\n"
    assert [each["superuser"] for each in rota("user", "list", "--json").json] == [True, True]
    assert rota("user", "change", "a@x.org", "--role", "member").out == "a@x.org\n"
    assert rota("user", "show", "a@x.org", "--json").json["role"] == "member"


def test_a_slack_id_is_linked_and_taken_away(place: Store, rota: Rota) -> None:
    rota("user", "add", "a@x.org")
    linked = rota("user", "link-slack", "a@x.org", "U024BE7LH")
    assert (linked.code, linked.out, linked.err) == (0, "a@x.org\n", "")
    with place.read() as tx:
        found = slack.find(tx, "U024BE7LH")
    assert found is not None
    assert found.user.email == "a@x.org"
    assert rota("user", "show", "a@x.org", "--json").json["slack_id"] == "U024BE7LH"
    assert rota("user", "unlink-slack", "a@x.org", "--json").json["slack_id"] is None
    with place.read() as tx:
        assert slack.find(tx, "U024BE7LH") is None


def test_a_token_is_printed_alone_and_dies_when_it_is_revoked(place: Store, rota: Rota) -> None:
    rota("user", "add", "a@x.org")
    made = rota("token", "create", "--email", "a@x.org")
    assert (made.code, made.err, len(made.out.split())) == (0, "", 1)
    token = made.out.strip()
    assert _holder(place, token) == "a@x.org"
    [listed] = rota("token", "list", "--email", "a@x.org", "--json").json
    assert (listed["email"], listed["expires_at"], listed["revoked_at"]) == ("a@x.org", None, None)
    revoked = rota("token", "revoke", listed["id"])
    assert (revoked.code, revoked.out) == (0, "")
    with pytest.raises(Unauthenticated):
        _holder(place, token)
    assert rota("token", "list", "--email", "a@x.org", "--json").json[0]["revoked_at"]


def test_a_revoked_token_is_dead_for_the_command_line(url: str, rota: Rota, monkeypatch: pytest.MonkeyPatch) -> None:
    made = rota("token", "create", "--email", "admin@localhost", "--expires-in", "60", "--json").json
    monkeypatch.setenv("ROTA_TOKEN", made["token"])
    assert rota("account", "list").code == 0
    assert rota("token", "revoke", made["id"], "--json").json == {"id": made["id"], "revoked": True}
    ran = rota("account", "list")
    assert (ran.code, ran.out) == (1, "")
    assert "Send a token that is alive" in ran.err


def test_a_password_is_read_from_stdin(process: Rota, store: Store) -> None:
    ran = process("user", "add", "a@x.org", "--password", "-", stdin=f"{PASSWORD}\nnot this line\n")
    assert (ran.code, ran.out, ran.err) == (0, "a@x.org\n", "")
    assert verify(PASSWORD, _hash_of(store, "a@x.org"))
    assert process("user", "change", "a@x.org", "--password", "-", stdin="another one").code == 0
    assert verify("another one", _hash_of(store, "a@x.org"))


@pytest.mark.parametrize(
    ("word", "stdin", "code", "said"),
    [
        ("-", "short\n", 1, "password must be at least 8 characters"),
        ("-", "", 2, "no password on stdin"),
        (PASSWORD, "", 2, "give the password on stdin"),
    ],
)
def test_a_bad_password_is_told(process: Rota, store: Store, word: str, stdin: str, code: int, said: str) -> None:
    ran = process("user", "add", "a@x.org", "--password", word, stdin=stdin)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert PASSWORD not in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("user", "link-slack", "admin@localhost", "@ann"), "slack_id is not a Slack id, such as U024BE7LH"),
        (("user", "link-slack", "nobody@x.org", "U1"), "There is no user nobody@x.org."),
        (("user", "add", "nobody"), "email is not an e-mail address"),
        (("user", "add", "admin@localhost"), "email is taken"),
        (("user", "show", "nobody@x.org"), "There is no user nobody@x.org."),
        (("user", "show", "a/../b@x.org"), "There is no user a/../b@x.org."),
        (("user", "list", "--account", "x"), "There is no account x."),
        (("account", "show", "?"), "There is no account ?."),
        (("account", "add", " "), "name is blank"),
        (("token", "revoke", "x"), "There is no token x."),
        (("token", "create", "--email", "nobody@x.org"), "There is no user nobody@x.org."),
    ],
)
def test_a_refusal_is_a_sentence_on_stderr(place: Store, rota: Rota, words: tuple[str, ...], said: str) -> None:
    ran = rota(*words)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("rota: ")
    assert said in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("words", [("account", "add", "\udcff"), ("user", "list", "--account", "\udcff")])
def test_what_is_not_utf_8_is_wrong_usage(place: Store, rota: Rota, words: tuple[str, ...]) -> None:
    ran = rota(*words)
    assert (ran.code, ran.out) == (2, "")
    assert "is not UTF-8" in ran.err


def test_a_change_of_nothing_is_wrong_usage(rota: Rota) -> None:
    assert rota("user", "change", "a@x.org").code == 2


def test_no_secret_of_the_folder_goes_to_another_machine(
    store: Store, rota: Rota, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("ROTA_DATA")
    monkeypatch.setenv("ROTA_URL", "http://rota.invalid")
    assert (tmp_path / "data" / "admin-token").exists()
    ran = rota("account", "list")
    assert (ran.code, ran.out) == (2, "")
    assert "ROTA_TOKEN is not set" in ran.err


@pytest.mark.parametrize("url", ["ftp://x", "x", "http://", "http://[::1", "http://x:port"])
def test_what_is_no_url_is_wrong_usage(rota: Rota, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("ROTA_URL", url)
    for words in (("account", "list"), ("job", "list")):
        ran = rota(*words)
        assert (ran.code, ran.out) == (2, "")
        assert "ROTA_URL is" in ran.err


def test_what_changed_on_the_folder_is_in_the_log_of_events(store: Store, rota: Rota) -> None:
    rota("user", "add", "a@x.org")
    rota("user", "change", "a@x.org", "--role", "admin")
    with store.read() as tx:
        user = accounts.user_by_email(tx, accounts.superuser(tx), "a@x.org")
        events = tx.all("events_of_subject", subject=f"user:{user.id}")
    assert [each["kind"] for each in events] == ["user.created", "user.changed"]
    assert json.loads(events[1]["facts"])["changed"] == ["role"]


def _holder(store: Store, token: str) -> str:
    with store.read() as tx:
        return accounts.authenticate(tx, token, now()).user.email


def _hash_of(store: Store, email: str) -> str | None:
    with store.read() as tx:
        row = tx.one("user_by_email", email=email)
    assert row is not None
    return row["password_hash"]
