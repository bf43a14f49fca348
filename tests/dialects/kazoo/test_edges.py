"""Who may, what is told to those who may not, and requests that no client of sound mind sends."""

import json
from typing import Any

import pytest
import structlog

from dialects.kazoo.lab import CHILD, CHILD_TOKEN, OTHER, OTHER_TOKEN, ROOT, ROOT_TOKEN, Lab, error, success, whole
from rota.dialects.kazoo import errors
from rota.domain.errors import DESK, FIELD, Refusal, StorageFull, StoreUnavailable
from rota.operations import accounts

LIST = f"/v2/accounts/{CHILD}/tasks"
UNKNOWN = "f" * 30


def without_token(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != "auth_token"}


def test_every_refusal_is_in_the_table() -> None:
    def below(kind: type[Refusal]) -> set[type[Refusal]]:
        return {kind}.union(*(below(each) for each in kind.__subclasses__())) if kind.__subclasses__() else {kind}

    assert below(Refusal) - {Refusal} - DESK - FIELD == set(errors.TABLE)


def test_a_status_is_its_digits_but_for_refused_input() -> None:
    for form in errors.TABLE.values():
        assert form.status == (400 if form.error == "500" else int(form.error))


def test_families_are_never_mixed() -> None:
    for form in errors.TABLE.values():
        if form.message == "bad identifier":
            assert isinstance(form.data(_Facts()), list)
        if form.message == "bad_identifier":
            assert set(form.data(_Facts())) - {"reason"} == {"cause", "message"}


class _Facts:
    def __getattr__(self, name: str) -> str:
        return name


# -- who may --


@pytest.mark.parametrize("headers", [{}, {"X-Auth-Token": "no"}, {"Authorization": "Bearer no"}])
def test_invalid_credentials(lab: Lab, headers: dict[str, str]) -> None:
    answer = lab.ask("GET", LIST, None, headers=headers)
    expected = error("401", "invalid_credentials", {"message": "invalid credentials"})
    assert (answer.status_code, without_token(answer.json)) == (401, without_token(expected))
    assert answer.headers["www-authenticate"] == "Bearer"


def test_the_query_holds_no_token(lab: Lab) -> None:
    assert lab.ask("GET", LIST, None, params={"auth_token": CHILD_TOKEN}).status_code == 401


def test_bearer_token(lab: Lab) -> None:
    answer = lab.ask("GET", LIST, None, headers={"Authorization": f"bearer {CHILD_TOKEN}"})
    assert (answer.status_code, answer.json["auth_token"]) == (200, CHILD_TOKEN)


def test_an_expired_and_a_revoked_token(lab: Lab) -> None:
    with lab.store.write() as tx:
        root = accounts.superuser(tx)
        accounts.add_token(tx, root, "child@x.org", "brief", token_id="b", expires_at=lab.now + 1, now=lab.now)
        accounts.add_token(tx, root, "child@x.org", "revoked", token_id="r", expires_at=None, now=lab.now)
        accounts.revoke_token(tx, root, "r", now=lab.now)
    assert lab.ask("GET", LIST, "brief").status_code == 200
    lab.now += 1
    assert [lab.ask("GET", LIST, token).status_code for token in ("brief", "revoked")] == [401, 401]


def test_forbidden(lab: Lab) -> None:
    for path in (f"/v2/accounts/{OTHER}/tasks", f"/v2/accounts/{ROOT}/tasks", f"/v2/tasks/{UNKNOWN}"):
        answer = lab.ask("GET", path)
        more = {"page_size": 1} if path.endswith(UNKNOWN) else {}
        assert (answer.status_code, answer.json) == (403, error("403", "forbidden", {"message": "forbidden"}, **more))


def test_an_ancestor_and_the_root_may(lab: Lab) -> None:
    assert lab.ask("GET", LIST, ROOT_TOKEN).status_code == 200
    assert lab.ask("GET", LIST, OTHER_TOKEN).status_code == 403


@pytest.mark.parametrize("account_id", ["d" * 32, "nope", "A" * 32, "x" * 5000])
def test_unknown_account(lab: Lab, account_id: str) -> None:
    answer = lab.ask("GET", f"/v2/accounts/{account_id}/tasks")
    assert (answer.status_code, answer.json) == (404, error("404", "bad identifier", [account_id]))


def test_order_of_checks(lab: Lab) -> None:
    csv = {"Content-Type": "text/csv"}
    steps = [
        ({"path": f"/v2/accounts/{'d' * 32}/tsks", "token": None}, 404),
        ({"path": f"/v2/accounts/{'d' * 32}/tasks", "token": None, "verb": "POST"}, 405),
        ({"path": f"/v2/accounts/{'d' * 32}/tasks", "token": None}, 401),
        ({"path": f"/v2/accounts/{'d' * 32}/tasks", "token": OTHER_TOKEN}, 404),
        ({"path": LIST, "token": OTHER_TOKEN, "headers": {"Content-Type": "image/png"}}, 403),
        ({"path": LIST, "headers": {"Content-Type": "image/png"}, "body": "{"}, 415),
        ({"path": LIST, "body": "{"}, 400),
    ]
    for given, status in steps:
        more = {"body": "{", **given}
        answer = lab.ask(more.pop("verb", "PUT"), more.pop("path"), more.pop("token", CHILD_TOKEN), **more)
        assert answer.status_code == status, given
    query = {"category": "nope", "action": "add"}
    told = [
        lab.ask("PUT", LIST, body="a\n", headers=csv).json["data"],
        lab.ask("PUT", LIST, body="a\n", headers=csv, params=query).json["data"],
        lab.ask("PUT", LIST, body="a\n1\n", headers=csv, params=query).json["data"],
    ]
    assert [list(each) if isinstance(each, dict) else each for each in told] == [["message"], ["csv"], ["nope"]]


# -- routes and verbs --


def test_unknown_path(lab: Lab) -> None:
    for path in ("/v2", "/v2/nope", f"{LIST}/{UNKNOWN}/nope", f"{LIST}/{UNKNOWN}/stop/it"):
        answer = lab.ask("GET", path)
        assert (answer.status_code, answer.json) == (404, error("404", "not_found", {"message": "not found"}))


@pytest.mark.parametrize(
    ("path", "verbs"),
    [
        ("/v2/tasks", {"GET", "HEAD", "PUT"}),
        (LIST, {"GET", "HEAD", "PUT"}),
        (f"{LIST}/{UNKNOWN}", {"GET", "HEAD", "PATCH", "DELETE"}),
        (f"/v2/tasks/{UNKNOWN}/stop", {"PATCH"}),
        (f"{LIST}/{UNKNOWN}/input", {"GET", "HEAD"}),
        ("/v2/api_auth", {"PUT"}),
    ],
)
def test_wrong_verb(lab: Lab, path: str, verbs: set[str]) -> None:
    for verb in ("POST", "TRACE"):
        answer = lab.ask(verb, path)
        body = {key: value for key, value in answer.json.items() if key != "page_size"}
        assert (answer.status_code, body) == (405, error("405", "invalid_method", {"message": "method not allowed"}))
        assert set(answer.headers["allow"].split(", ")) - {"OPTIONS"} == verbs


def test_a_verb_that_nobody_knows(lab: Lab) -> None:
    env = lab_environ(LIST, "BREW")
    status, headers, _ = lab_call(lab, env)
    assert (status, "allow" in headers) == ("405 Method Not Allowed", True)


def test_trailing_slash(lab: Lab) -> None:
    assert lab.ask("GET", LIST + "/").status_code == 200
    task_id = lab.created(action="number_management/list")
    assert lab.ask("GET", lab.task(task_id, "/")).status_code == 200


def test_head(lab: Lab) -> None:
    got, headed = lab.ask("GET", LIST), lab.ask("HEAD", LIST)
    assert (headed.status_code, headed.content) == (200, b"")
    assert headed.headers["content-length"] == got.headers["content-length"]
    assert lab.ask("HEAD", f"{LIST}/{UNKNOWN}").status_code == 404


# -- the envelope --


def test_request_id(lab: Lab) -> None:
    kept = lab.ask("GET", LIST, headers={"X-Request-ID": "abc-1"})
    assert (kept.json["request_id"], kept.headers["x-request-id"]) == ("abc-1", "abc-1")
    for odd in ("a b", "x" * 200, "é"):
        made = lab.ask("GET", LIST, headers={"X-Request-ID": odd})
        assert len(made.json["request_id"]) == 32
        assert made.headers["x-request-id"] == made.json["request_id"]


def test_pretty_print(lab: Lab) -> None:
    plain = lab.ask("GET", "/v2/nope").text
    assert "\n" not in plain
    for more in ({"params": {"pretty_print": "true"}}, {"headers": {"X-Pretty-Print": "1"}}):
        text = lab.ask("GET", "/v2/nope", **more).text
        assert text == json.dumps(json.loads(plain), indent=4)
    assert lab.ask("GET", "/v2/nope", params={"pretty_print": "false"}).text == plain


def test_keys_are_in_the_published_order(lab: Lab) -> None:
    for path in (LIST, "/v2/nope"):
        keys = list(lab.ask("GET", path).json)
        assert keys == sorted(keys)


# -- odd bytes --


def lab_environ(path: str, verb: str = "GET", query: str = "", **headers: str) -> dict[str, Any]:
    import falcon.testing

    env = falcon.testing.create_environ(path="/", method="GET", headers={"X-Auth-Token": CHILD_TOKEN, **headers})
    return {**env, "PATH_INFO": path, "REQUEST_METHOD": verb, "QUERY_STRING": query}


def lab_call(lab: Lab, env: dict[str, Any]) -> tuple[str, dict[str, str], bytes]:
    told: list[Any] = []
    body = b"".join(lab.app()(env, lambda status, headers, exc=None: told.extend((status, headers))))
    return told[0], {name.lower(): value for name, value in told[1]}, body


@pytest.mark.parametrize("odd", ["\0", "a\0" * 15, "\xff\xfe", "é", "x" * 100_000, "'; --", "%00", "..", "\x7f\n"])
def test_odd_ids_are_not_found(lab: Lab, odd: str) -> None:
    for path in (f"{LIST}/{odd}", f"/v2/accounts/{odd}/tasks", f"{LIST}/{odd}/input", f"{LIST}/{odd}/stop"):
        for verb in ("GET", "PATCH", "DELETE"):
            status, _, body = lab_call(lab, lab_environ(path, verb))
            assert status[:3] in {"404", "405"}
            json.loads(body)


@pytest.mark.parametrize("odd", ["%00", "%FF", "%ED%A0%80", "é", "x" * 5000, "%"])
def test_odd_values(lab: Lab, odd: str) -> None:
    names = ("page_size", "filter_category", "filter_action", "filter_status", "start_key", "created_from", "accept")
    for name in (*names, "csv_name", "category", "action", "file_name", "pretty_print", "paginate"):
        query = f"{name}={odd}"
        for path, verb in ((LIST, "GET"), (f"{LIST}/{UNKNOWN}", "GET"), ("/v2/tasks", "GET"), (LIST, "PUT")):
            for env in (lab_environ(path, verb, query), lab_environ(path, verb, query + "&category=skel&action=id1")):
                status, _, body = lab_call(lab, env)
                assert int(status[:3]) < 500, (name, path)
                json.loads(body)


@pytest.mark.parametrize("token", ["\xff", "x" * 100_000, "é", " "])
def test_odd_tokens(lab: Lab, token: str) -> None:
    env = lab_environ(LIST) | {"HTTP_X_AUTH_TOKEN": token, "HTTP_AUTHORIZATION": f"Bearer {token}"}
    assert lab_call(lab, env)[0].startswith("401")


def test_a_header_that_cannot_be_read(lab: Lab) -> None:
    env = lab_environ(LIST, "PUT", "category=skel&action=id1") | {"CONTENT_LENGTH": "many"}
    status, _, body = lab_call(lab, env)
    assert (status[:3], json.loads(body)["error"]) == ("400", "400")


# -- our own faults --


@pytest.mark.parametrize(("refusal", "status"), [(StorageFull(), 507), (StoreUnavailable(), 503)])
def test_no_room_and_no_database(lab: Lab, monkeypatch: pytest.MonkeyPatch, refusal: Refusal, status: int) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise refusal

    monkeypatch.setattr("rota.operations.jobs.create", fail)
    answer = lab.put_csv("number,account_id\n1,2\n")
    assert (answer.status_code, answer.json["error"]) == (status, str(status))
    assert lab.blob_names() == []


def test_a_crash_is_logged_and_kept_from_the_client(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("rota.operations.jobs.create", crash)
    with structlog.testing.capture_logs() as logs:
        answer = lab.put_csv("number,account_id\n1,2\n")
    expected = error("500", "internal error", {"message": "internal error"})
    assert (answer.status_code, answer.json) == (500, expected)
    assert [entry["request_id"] for entry in logs] == ["req-1"]
    assert "ZeroDivisionError" in logs[0]["traceback"]
    assert CHILD_TOKEN not in repr(logs)
    assert lab.blob_names() == []


# -- sessions --


def sign_in(lab: Lab, key: Any = CHILD_TOKEN, **more: Any) -> Any:
    body = json.dumps({"data": {"api_key": key}})
    return lab.ask("PUT", "/v2/api_auth", None, body=body, **more)


def test_api_auth(lab: Lab) -> None:
    answer = sign_in(lab)
    token = answer.json["auth_token"]
    assert token != CHILD_TOKEN
    expected = success({"account_id": CHILD, "auth_token": token, "owner_id": "2"}, auth_token=token)
    assert (answer.status_code, whole(answer)) == (201, expected)
    assert lab.ask("GET", LIST, token).status_code == 200
    lab.now += 60_000_000
    assert lab.ask("GET", LIST, token).status_code == 401


def test_api_auth_refuses_and_then_locks_out(lab: Lab) -> None:
    assert [sign_in(lab, "wrong").status_code for _ in range(10)] == [401] * 10
    answer = sign_in(lab)
    data = {"message": "too many requests"}
    expected = without_token(error("429", "too many requests", data))
    assert (answer.status_code, answer.json) == (429, expected)
    assert 1 <= int(answer.headers["retry-after"]) <= 61
    lab.now += 61_000_000
    assert sign_in(lab).status_code == 201


@pytest.mark.parametrize(
    ("body", "data"),
    [
        ("{}", {"api_key": {"required": {"message": "Field is required but missing"}}}),
        ("", {"api_key": {"required": {"message": "Field is required but missing"}}}),
        ('{"data":{"api_key":1}}', {"api_key": {"invalid": {"message": "must be a string"}}}),
    ],
)
def test_api_auth_without_a_key(lab: Lab, body: str, data: Any) -> None:
    answer = lab.ask("PUT", "/v2/api_auth", None, body=body)
    assert (answer.status_code, answer.json) == (400, without_token(error("400", "invalid request", data)))


def test_api_auth_takes_json_only(lab: Lab) -> None:
    assert sign_in(lab, headers={"Content-Type": "text/csv"}).status_code == 415
    assert sign_in(lab, headers={"Content-Type": "image/png"}).status_code == 415
