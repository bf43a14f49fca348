"""/admin/v1: what it answers, and to whom."""

import json
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import falcon.testing
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rota.dialects.bodies import LIMIT
from rota.domain.errors import Refusal
from rota.operations import accounts
from rota.operations.passwords import verify
from rota.store.sqlite import SqliteStore
from rota.web import admin, refusals

ROOT_TOKEN = "the-root-superuser's-token"
ROOT_ID = "0" * 32
UNKNOWN_ID = "f" * 32
EMAIL = "boss@example.org"
PASSWORD = "correct horse"


class Desk:
    """The application over a store of its own, and a clock that a test may move."""

    def __init__(self, folder: Path, migrated: Path) -> None:
        shutil.copy(migrated, folder / "rota.db")
        self.now = 1_700_000_000_000_000
        self.statements: list[str] = []
        self.store = SqliteStore(f"sqlite:///{folder / 'rota.db'}", durable=False, observe=self.statements.append)
        with self.store.write() as tx:
            accounts.found(tx, email=EMAIL, token=ROOT_TOKEN, account_id=ROOT_ID, token_id="0" * 16, now=self.now)
        numbers = count(1)
        app = admin.create(
            store=self.store,
            clock=lambda: self.now,
            new_id=lambda length: f"{next(numbers):0{length}x}",
            session_s=3600.0,
        )
        self.client = falcon.testing.TestClient(app)

    def ask(self, method: str, path: str, body: Any = None, token: str = ROOT_TOKEN, **words: Any) -> Any:
        headers = {"X-Auth-Token": token, **words.pop("headers", {})}
        return self.client.simulate_request(method, f"/admin/v1{path}", json=body, headers=headers, **words)

    def account(self, name: str, parent: str = ROOT_ID) -> str:
        return str(self.ask("POST", "/accounts", {"name": name, "parent_id": parent}).json["id"])

    def user(self, email: str, account_id: str = ROOT_ID, **fields: Any) -> str:
        """Add a user; a token of theirs."""
        added = self.ask("POST", "/users", {"email": email, "account_id": account_id, **fields})
        assert added.status_code == 201, added.text
        return str(self.ask("POST", "/tokens", {"email": email}).json["token"])

    def rows(self, sql: str) -> list[Any]:
        with self.store.read() as tx:
            return list(tx._connection.execute(sql).fetchall())


@pytest.fixture
def desk(tmp_path: Path, migrated_sqlite: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path, migrated_sqlite)
    yield desk
    desk.store.close()


@pytest.fixture(scope="module")
def lasting_desk(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path_factory.mktemp("desk"), migrated_sqlite)
    yield desk
    desk.store.close()


def test_me_names_the_user_and_the_account(desk: Desk) -> None:
    assert desk.ask("GET", "/me").json == {
        "user": {
            "email": EMAIL,
            "account_id": ROOT_ID,
            "role": "admin",
            "superuser": True,
            "slack_id": None,
            "created_at": "2023-11-14T22:13:20.000Z",
        },
        "account": {"id": ROOT_ID, "name": "root", "parent_id": None, "created_at": "2023-11-14T22:13:20.000Z"},
    }


def test_accounts_come_in_the_order_of_the_tree(desk: Desk) -> None:
    north, south = desk.account("north"), desk.account("south")
    below = desk.account("north's", north)
    listed = desk.ask("GET", "/accounts").json["accounts"]
    assert [each["id"] for each in listed] == [ROOT_ID, north, below, south]
    assert desk.ask("GET", f"/accounts/{below}").json == listed[2]


def test_an_account_reaches_itself_and_what_is_below(desk: Desk) -> None:
    north, south = desk.account("north"), desk.account("south")
    below = desk.account("below", north)
    token = desk.user("admin@north.org", north, role="admin")
    assert [each["id"] for each in desk.ask("GET", "/accounts", token=token).json["accounts"]] == [north, below]
    assert desk.ask("GET", f"/accounts/{below}", token=token).status_code == 200
    assert desk.ask("GET", f"/accounts/{south}", token=token).status_code == 403
    assert desk.ask("GET", f"/users?account={ROOT_ID}", token=token).status_code == 403
    assert desk.ask("GET", f"/users/{EMAIL}", token=token).json["error"]["code"] == "user_not_found"


def test_users_of_an_account(desk: Desk) -> None:
    north = desk.account("north")
    desk.user("b@x.org", north)
    desk.user("A@x.org", north, role="admin")
    users = desk.ask("GET", f"/users?account={north}").json["users"]
    assert [(each["email"], each["role"]) for each in users] == [("a@x.org", "admin"), ("b@x.org", "member")]
    assert desk.ask("GET", "/users/a@x.ORG").json == users[0]


@pytest.mark.parametrize("email", ["a+b@x.org", "a/b@x.org", "é@x.org", "a%2f?&#@x.org"])
def test_any_address_can_stand_in_a_path(desk: Desk, email: str) -> None:
    desk.user(email)
    assert desk.ask("GET", f"/users/{quote(email, safe='')}").json["email"] == email


def test_all_faults_of_a_body_come_at_once(desk: Desk) -> None:
    body = {"email": "nobody", "role": "king", "superuser": 1, "password": "short", "account_id": "x", "colour": "red"}
    answer = desk.ask("POST", "/users", body)
    assert answer.status_code == 400
    assert answer.json["error"]["code"] == "invalid_fields"
    assert answer.json["error"]["faults"] == {
        "email": "is not an e-mail address",
        "role": "must be one of admin, member",
        "superuser": "must be true or false",
        "password": "must be at least 8 characters",
        "account_id": "must be an account id: 32 lower-case hex",
        "colour": "is not known here",
    }


@pytest.mark.parametrize(
    ("path", "body", "faults"),
    [
        ("/accounts", {}, {"name": "is required"}),
        ("/accounts", {"name": " "}, {"name": "is blank"}),
        ("/accounts", {"name": "a\0b"}, {"name": "holds control characters"}),
        ("/accounts", {"name": None}, {"name": "must be a text"}),
        ("/users", {"email": "a\0b@x.org"}, {"email": "is not an e-mail address"}),
        ("/users", {"email": EMAIL.upper()}, {"email": "is taken"}),
        ("/users", {"email": "a@x.org", "password": "x" * 1025}, {"password": "is longer than 1024 characters"}),
        ("/tokens", {"expires_in_s": 0}, dict.fromkeys(["email", "expires_in_s"])),
        ("/tokens", {"email": EMAIL, "expires_in_s": True}, dict.fromkeys(["expires_in_s"])),
        ("/tokens", {"email": EMAIL, "expires_in_s": 10**30}, dict.fromkeys(["expires_in_s"])),
        ("/tokens", {"email": EMAIL, "expires_in_s": 1.5}, dict.fromkeys(["expires_in_s"])),
    ],
)
def test_a_bad_field_is_named(desk: Desk, path: str, body: Any, faults: dict[str, str | None]) -> None:
    answer = desk.ask("POST", path, body)
    assert answer.status_code == 400
    said = answer.json["error"]["faults"]
    assert {name: faults[name] and fault for name, fault in said.items()} == faults


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"[" * (LIMIT - 1),
        b'{"name": ' + b"[" * (LIMIT - 20),
        b'{"name": "\xff"}',
        b'{"name": "\\ud800"}',
        b'{"name": NaN}',
    ],
)
def test_what_is_no_json_object_is_a_bad_request(desk: Desk, body: bytes) -> None:
    answer = desk.client.simulate_post(
        "/admin/v1/accounts", body=body, headers={"X-Auth-Token": ROOT_TOKEN, "Content-Type": "application/json"}
    )
    assert answer.status_code == 400
    assert answer.json["error"]["code"] == "malformed_json"


def _post_raw(desk: Desk, body: bytes, **headers: str) -> Any:
    sent = {"X-Auth-Token": ROOT_TOKEN, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return desk.client.simulate_post("/admin/v1/accounts", body=body, headers=sent)


@pytest.mark.parametrize("headers", [{}, {"Transfer_Encoding": "chunked", "Content_Length": ""}])
def test_a_huge_body_is_refused(desk: Desk, headers: dict[str, str]) -> None:
    small, huge = (json.dumps({"name": "x" * size}).encode() for size in (9, LIMIT))
    assert _post_raw(desk, small, **headers).status_code == 201
    answer = _post_raw(desk, huge, **headers)
    assert (answer.status_code, answer.json["error"]["code"]) == (413, "content_too_large")


def test_another_content_type_is_refused(desk: Desk) -> None:
    answer = _post_raw(desk, b'{"name": "x"}', Content_Type="text/csv")
    assert (answer.status_code, answer.json["error"]["code"]) == (415, "unsupported_media_type")


def test_a_charset_of_the_content_type_is_no_matter(desk: Desk) -> None:
    assert _post_raw(desk, b'{"name": "x"}', Content_Type="Application/JSON; charset=utf-8").status_code == 201


def test_an_unknown_path_and_a_wrong_verb(desk: Desk) -> None:
    unknown, wrong = desk.ask("GET", "/colours"), desk.ask("DELETE", "/accounts")
    assert (unknown.status_code, unknown.json["error"]["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json["error"]["code"]) == (405, "method_not_allowed")
    assert wrong.headers["Allow"] == "GET, POST, OPTIONS"


@pytest.mark.parametrize("path", ["/users?acount=x", "/tokens?mail=x", "/accounts?n=1"])
def test_a_misspelt_parameter_is_refused(desk: Desk, path: str) -> None:
    assert desk.ask("GET", path).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", f"/accounts/{UNKNOWN_ID}", "account_not_found"),
        ("GET", "/accounts/a%00b", "account_not_found"),
        ("GET", f"/users?account={UNKNOWN_ID}", "account_not_found"),
        ("GET", "/users?account=a%00", "account_not_found"),
        ("GET", "/users/a%00b@x.org", "user_not_found"),
        ("GET", "/users/%ff", "user_not_found"),
        ("GET", "/tokens?email=a%00b@x.org", "user_not_found"),
        ("DELETE", "/tokens/nothing", "token_not_found"),
        ("DELETE", "/tokens/a%00b", "token_not_found"),
        ("GET", "/users/{}{0}%7B", "user_not_found"),
    ],
)
def test_what_is_not_there_is_not_found(desk: Desk, method: str, path: str, code: str) -> None:
    answer = desk.ask(method, path)
    assert (answer.status_code, answer.json["error"]["code"]) == (404, code)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Auth-Token": ""},
        {"X-Auth-Token": "wrong"},
        {"X-Auth-Token": "\xff\xfe"},
        {"Authorization": "Bearer"},
        {"Authorization": f"Basic {ROOT_TOKEN}"},
        {"Authorization": ROOT_TOKEN},
    ],
)
def test_without_a_token_that_is_alive_nothing_is_said(desk: Desk, headers: dict[str, str]) -> None:
    answer = desk.client.simulate_get("/admin/v1/accounts", headers=headers)
    assert (answer.status_code, answer.json["error"]["code"]) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_bearer_is_as_good_as_the_header(desk: Desk) -> None:
    headers = {"Authorization": f"bearer {ROOT_TOKEN}"}
    assert desk.client.simulate_get("/admin/v1/me", headers=headers).status_code == 200


def test_an_address_that_guesses_tokens_is_told_to_wait_and_others_behind_it_are_not(desk: Desk) -> None:
    statuses = [desk.ask("GET", "/me", token=f"guess {n}").status_code for n in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    refused = desk.ask("GET", "/me", token="guess")
    assert 1 <= int(refused.headers["Retry-After"]) <= 61
    assert desk.ask("GET", "/me").status_code == 200
    desk.now += accounts.FAILURE_WINDOW + 1
    assert desk.ask("GET", "/me", token="guess").status_code == 401


def test_a_token_is_shown_once_and_kept_nowhere(desk: Desk, tmp_path: Path) -> None:
    made = desk.ask("POST", "/tokens", {"email": EMAIL, "expires_in_s": 60})
    assert made.status_code == 201
    assert made.headers["Cache-Control"] == "no-store"
    token = made.json.pop("token")
    assert desk.ask("GET", "/me", token=token).status_code == 200
    assert made.json in [{**each, "token": token} for each in desk.ask("GET", "/tokens").json["tokens"]]
    desk.store.close()
    assert all(token.encode() not in file.read_bytes() for file in tmp_path.iterdir())


@pytest.mark.parametrize(("asked", "lives_s"), [({"expires_in_s": 60}, 60), ({}, 3600), ({"expires_in_s": None}, None)])
def test_a_token_lives_as_long_as_was_asked(desk: Desk, asked: dict[str, Any], lives_s: int | None) -> None:
    token = desk.ask("POST", "/tokens", {"email": EMAIL, **asked}).json["token"]
    desk.now += (lives_s or 10**9) * 1_000_000 - 1
    assert desk.ask("GET", "/me", token=token).status_code == 200
    desk.now += 1
    assert desk.ask("GET", "/me", token=token).status_code == (401 if lives_s else 200)


def test_a_revoked_token_is_dead(desk: Desk) -> None:
    made = desk.ask("POST", "/tokens", {"email": EMAIL}).json
    answer = desk.ask("DELETE", f"/tokens/{made['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert desk.ask("GET", "/me", token=made["token"]).status_code == 401
    assert desk.ask("DELETE", f"/tokens/{made['id']}").status_code == 204


def test_a_password_is_kept_as_a_hash_alone(desk: Desk, tmp_path: Path) -> None:
    desk.user("a@x.org", password=PASSWORD)
    assert _password_of(desk, "a@x.org", PASSWORD)
    assert not _password_of(desk, "a@x.org", PASSWORD + "x")
    desk.ask("PATCH", "/users/a@x.org", {"password": "another \0 one"})
    assert _password_of(desk, "a@x.org", "another \0 one")
    assert PASSWORD not in str(desk.rows("SELECT * FROM events"))
    desk.store.close()
    assert all(PASSWORD.encode() not in file.read_bytes() for file in tmp_path.iterdir())


def test_a_change_of_a_user_is_an_event(desk: Desk) -> None:
    desk.user("a@x.org")
    changed = desk.ask("PATCH", "/users/a@x.org", {"role": "admin", "password": PASSWORD})
    assert (changed.status_code, changed.json["role"]) == (200, "admin")
    assert desk.ask("GET", "/users/a@x.org").json == changed.json
    assert desk.ask("PATCH", "/users/a@x.org", {}).json == changed.json
    events = desk.rows("SELECT subject, user_id, facts FROM events WHERE kind = 'user.changed'")
    assert [json.loads(each["facts"]) for each in events] == [{"email": "a@x.org", "changed": ["role", "password"]}]


def test_a_member_changes_no_more_than_their_own_password(desk: Desk) -> None:
    token = desk.user("a@x.org")
    desk.user("b@x.org")
    own, other = "/users/a@x.org", "/users/b@x.org"
    assert desk.ask("PATCH", own, {"password": PASSWORD}, token=token).status_code == 200
    assert desk.ask("PATCH", own, {"role": "admin"}, token=token).status_code == 403
    assert desk.ask("PATCH", other, {"password": PASSWORD}, token=token).status_code == 403
    assert desk.ask("GET", "/tokens?email=b@x.org", token=token).status_code == 403
    assert desk.ask("POST", "/users", {"email": "c@x.org"}, token=token).status_code == 403
    assert desk.ask("POST", "/accounts", {"name": "c"}, token=token).status_code == 403


def test_a_slack_id_is_linked_and_unlinked(desk: Desk) -> None:
    desk.user("a@x.org")
    linked = desk.ask("PATCH", "/users/a@x.org", {"slack_id": "U024BE7LH"})
    assert (linked.status_code, linked.json["slack_id"]) == (200, "U024BE7LH")
    assert desk.ask("PATCH", "/users/a@x.org", {"role": "admin"}).json["slack_id"] == "U024BE7LH"
    assert desk.ask("GET", "/users").json["users"][0]["slack_id"] == "U024BE7LH"
    taken = desk.ask("PATCH", f"/users/{EMAIL}", {"slack_id": "U024BE7LH", "password": PASSWORD})
    assert (taken.status_code, taken.json["error"]["faults"]) == (400, {"slack_id": "is taken"})
    assert not _password_of(desk, EMAIL, PASSWORD)
    assert desk.ask("PATCH", "/users/a@x.org", {"slack_id": None}).json["slack_id"] is None
    assert desk.ask("PATCH", f"/users/{EMAIL}", {"slack_id": "U024BE7LH"}).status_code == 200
    assert desk.ask("GET", "/me").json["user"]["slack_id"] == "U024BE7LH"


@pytest.mark.parametrize("slack_id", ["", " ", "U 1", "<@U1>", "U\0", "U" * 65, 5, True])
def test_what_is_no_slack_id_is_refused(desk: Desk, slack_id: Any) -> None:
    answer = desk.ask("PATCH", f"/users/{EMAIL}", {"slack_id": slack_id})
    assert (answer.status_code, list(answer.json["error"]["faults"])) == (400, ["slack_id"])


def test_a_slack_id_comes_after_the_user(desk: Desk) -> None:
    body = {"email": "a@x.org", "slack_id": "U024BE7LH"}
    assert desk.ask("POST", "/users", body).json["error"]["faults"] == {"slack_id": "is not known here"}


def test_a_member_links_themselves_alone(desk: Desk) -> None:
    token = desk.user("a@x.org")
    desk.user("b@x.org")
    assert desk.ask("PATCH", "/users/a@x.org", {"slack_id": "U1"}, token=token).status_code == 200
    assert desk.ask("PATCH", "/users/b@x.org", {"slack_id": "U2"}, token=token).status_code == 403


def test_nobody_becomes_a_superuser_by_way_of_another(desk: Desk) -> None:
    token = desk.user("a@x.org", role="admin")
    assert desk.ask("PATCH", f"/users/{EMAIL}", {"slack_id": "U1"}, token=token).status_code == 403
    assert desk.ask("PATCH", f"/users/{EMAIL}", {"password": PASSWORD}, token=token).status_code == 403
    assert desk.ask("POST", "/tokens", {"email": EMAIL}, token=token).status_code == 403
    assert desk.ask("POST", "/users", {"email": "b@x.org", "superuser": True}, token=token).status_code == 403


@pytest.mark.parametrize(
    ("fill", "path", "statements"),
    [
        (lambda desk, n: desk.account(f"a{n}"), "/accounts", 2),
        (lambda desk, n: desk.user(f"u{n}@x.org"), "/users", 3),
        (lambda desk, n: desk.ask("POST", "/tokens", {"email": EMAIL}), "/tokens", 4),
    ],
)
def test_a_list_takes_as_many_statements_as_one_item(
    desk: Desk, fill: Callable[[Desk, int], Any], path: str, statements: int
) -> None:
    for number in range(5):
        fill(desk, number)
    desk.statements.clear()
    assert desk.ask("GET", path).status_code == 200
    assert len(desk.statements) == statements


def test_every_refusal_of_the_operations_has_an_answer() -> None:
    met = {each for each in vars(accounts).values() if isinstance(each, type) and issubclass(each, Refusal)}
    assert met <= refusals.ANSWERS.keys()


@pytest.mark.parametrize("kind", refusals.ANSWERS, ids=lambda kind: kind.code)
def test_every_answer_is_a_sentence_with_the_facts(kind: type[Refusal]) -> None:
    facts: dict[str, Any] = {name: {"a": "is {b}"} if name == "faults" else "{x}" for name in kind.__annotations__}
    facts.pop("code")
    error = refusals.explained(kind(**facts))["error"]
    assert error["code"] == kind.code
    assert error["message"].endswith(".")
    assert {name: error[name] for name in facts} == facts


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from(
    ["email", "name", "parent_id", "account_id", "role", "superuser", "password", "expires_in_s", "slack_id", "\0"]
)


@settings(max_examples=150, deadline=None)
@given(
    route=st.sampled_from(
        [("POST", "/accounts"), ("POST", "/users"), ("POST", "/tokens"), ("PATCH", f"/users/{EMAIL}")]
    ),
    body=st.dictionaries(FIELDS, JSON) | JSON,
)
def test_no_body_makes_the_server_fail(lasting_desk: Desk, route: tuple[str, str], body: Any) -> None:
    raw = json.dumps(body).encode("utf-8", "surrogatepass")
    headers = {"X-Auth-Token": ROOT_TOKEN, "Content-Type": "application/json"}
    answer = lasting_desk.client.simulate_request(route[0], f"/admin/v1{route[1]}", body=raw, headers=headers)
    assert answer.status_code < 500


def _password_of(desk: Desk, email: str, password: str) -> bool:
    with desk.store.read() as tx:
        row = tx.one("user_by_email", email=email)
    assert row is not None
    return verify(password, row["password_hash"])
