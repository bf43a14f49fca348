"""What the routes have in common: refusals, verbs, paths, headers, bodies that are none."""

from dataclasses import fields
from typing import Any

import pytest

from dialects.jsonapi.outpost import Outpost
from ground import ANN
from rota.dialects.jsonapi import errors
from rota.dialects.jsonapi.bodies import LIMIT, parse
from rota.dialects.jsonapi.errors import Problem, Problems
from rota.domain.errors import (
    FIELD,
    Forbidden,
    InvalidFields,
    Refusal,
    StorageFull,
    StoreUnavailable,
    TooManyFailures,
    Unauthenticated,
)
from rota.domain.faults import Fault
from rota.operations.field.names import Clients

_FACTS: dict[str, Any] = {
    "faults": {"title": "is blank"},
    "kind": "location_type",
    "needed_by": "submissions",
    "retry_after_s": 5,
}


def _made(kind: type[Refusal]) -> Refusal:
    facts = {**_FACTS, "faults": (Fault(("name",), "is blank"),)} if kind in FIELD else _FACTS
    return kind(**{field.name: facts.get(field.name, 7) for field in fields(kind)})  # type: ignore[arg-type]


def test_every_refusal_of_the_field_has_its_place_in_the_table() -> None:
    of_all = {Unauthenticated, TooManyFailures, Forbidden, InvalidFields, StorageFull, StoreUnavailable}
    assert errors.TABLE.keys() == FIELD | of_all


@pytest.mark.parametrize("kind", errors.TABLE, ids=lambda kind: kind.__name__)
def test_every_refusal_has_a_sentence(kind: type[Refusal]) -> None:
    body = errors.of_refusal(_made(kind))
    (error,) = body.document("r")["errors"]
    assert (error["id"], error["status"], error["code"]) == ("r-1", str(body.status), kind.code)
    assert 400 <= body.status < 600 and body.status != 422
    assert error["title"] and error["detail"].endswith(".")


def test_a_refusal_that_the_table_lacks_is_a_fault_of_the_server() -> None:
    assert errors.of_refusal(type("New", (Refusal,), {"code": "new"})()).status == 500


def test_problems_are_sorted_and_agree_on_a_status_or_are_a_bad_request() -> None:
    gone, bad = errors.missing("/data/b", "b is not there."), errors.at("/data/a", "a is bad.")
    assert errors.of_problems(Problems(gone)).status == 404
    body = errors.of_problems(Problems(gone, bad))
    assert (body.status, body.problems) == (400, (bad, gone))


def test_the_whole_form_of_an_error(door: Outpost) -> None:
    answer = door.ask("GET", "/clients/7", headers={"X-Request-ID": "abc"})
    assert answer.headers["x-request-id"] == "abc"
    assert answer.json == {
        "errors": [
            {
                "id": "abc-1",
                "status": "404",
                "code": "record_not_found",
                "title": "Not Found",
                "detail": "There is no client 7 here.",
            }
        ]
    }


def test_without_a_token_that_works_nothing_is_told(door: Outpost) -> None:
    for path in ("/clients", "/clients/1", "/clients/1/relationships/x", "/tasks/1/client", "/tasks/1/history"):
        answer = door.ask("GET", path, who=None)
        assert (answer.status_code, answer.json["errors"][0]["code"]) == (401, "unauthenticated")
        assert "Bearer" in answer.headers["www-authenticate"]
    assert door.ask("GET", "/clients", who="nobody").status_code == 401


@pytest.mark.parametrize(
    "path", ["", "/", "/nothing", "/clients/1/2", "/clients/1/relationships/x", "/clients/1/a/b/c"]
)
def test_a_path_that_is_not_there(door: Outpost, path: str) -> None:
    assert door.refused("GET", path)[0] == 404
    assert door.refused("GET", "/clients/abc") == (404, [("", "There is no client abc here.")])


@pytest.mark.filterwarnings("ignore:Unknown REQUEST_METHOD")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/clients/1"),
        ("PATCH", "/clients"),
        ("DELETE", "/clients"),
        ("BREW", "/clients"),
        ("POST", "/clients/1"),
    ],
)
def test_a_verb_that_a_path_does_not_take(door: Outpost, method: str, path: str) -> None:
    answer = door.ask(method, path)
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (405, "method_not_allowed")
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    ("path", "verbs"),
    [
        ("/clients", {"GET", "POST"}),
        ("/clients/1", {"GET", "PATCH", "DELETE"}),
        ("/bounties", {"GET"}),
        ("/bounties/1", {"GET"}),
        ("/jobs", {"GET"}),
        ("/jobs/1", {"GET"}),
        ("/occurrences", {"GET"}),
        ("/contenttypes/13", {"GET"}),
        ("/users/1", {"GET", "PATCH"}),
        ("/bounties/1/relationships/task", {"GET"}),
        ("/tasks/1/relationships/created_by", {"GET"}),
        ("/tasks/1/relationships/parent", {"GET", "PATCH"}),
        ("/tasks/1/relationships/locations", {"GET", "PATCH", "POST", "DELETE"}),
        ("/submissions/1/relationships/task", {"GET"}),
    ],
)
def test_what_is_allowed_is_what_anybody_may_do(door: Outpost, path: str, verbs: set[str]) -> None:
    for method in ("OPTIONS", "PUT"):
        answer = door.client.simulate_request(method, f"/api/v1{path}", headers={"X-Auth-Token": ANN})
        assert set(answer.headers["allow"].split(", ")) - {"OPTIONS"} == verbs


def test_head_is_get_without_the_body(door: Outpost) -> None:
    assert door.ask("HEAD", "/clients").status_code == 200
    assert door.ask("HEAD", "/clients/7").status_code == 404


def test_a_crash_says_nothing_of_the_inside(door: Outpost, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: Any, **__: Any) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(Clients, "find", crash)
    answer = door.ask("GET", "/clients")
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (500, "internal_error")
    assert "secret" not in answer.text


def test_a_database_that_does_not_answer_asks_for_patience(door: Outpost, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(Clients, "find", refuse)
    answer = door.ask("GET", "/clients")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


MALFORMED = {
    b"": "The body is no JSON: Expecting value at line 1, column 1.",
    b"{": "Expecting property name",
    b"[]": "The document must be a JSON object.",
    b"null": "The document must be a JSON object.",
    b'{"a": 1, "a": 2}': "The body names the member 'a' twice in one object.",
    b'{"a": "\xff"}': "The body is not UTF-8.",
    b'{"a": "\x00"}': "The body is no JSON",
    b'{"a": "\\u0000"}': "The body holds the character NUL.",
    b'{"a": {"\\ud800": 1}}': "The body holds half of a surrogate pair.",
    b'{"a": NaN}': "The body is no JSON: NaN is no number.",
    b'{"a": 1e999}': "The body holds a number that is too large.",
    b'{"a": ' + b"9" * 9000 + b"}": "The body holds a whole number that is too large.",
    b"[" * 100_000: "The body is nested too deep.",
    b'{"a":' * 70 + b"1" + b"}" * 70: "The body is nested deeper than 64 levels.",
}


@pytest.mark.parametrize("body", MALFORMED, ids=lambda body: repr(body[:12]))
def test_a_body_that_cannot_be_read_is_refused_with_a_reason(body: bytes) -> None:
    with pytest.raises(Problems) as raised:
        parse(body)
    (problem,) = raised.value.problems
    assert problem.status == 400
    assert MALFORMED[body] in problem.detail


def test_what_can_be_read_is_read() -> None:
    assert parse('{"a": ["\\ud83d\\ude00", -18446744073709551615, 1.5, true, "ä"]}'.encode()) == {
        "a": ["😀", -18446744073709551615, 1.5, True, "ä"]
    }


def test_a_body_that_is_too_large(door: Outpost) -> None:
    assert door.refused("POST", "/clients", b" " * (LIMIT + 1))[0] == 413


@pytest.mark.parametrize(
    ("document", "status", "told"),
    [
        ({}, 400, ("", "The document must have a member data.")),
        ({"data": None}, 400, ("/data", "The data must be a resource object.")),
        ({"data": []}, 400, ("/data", "The data must be a resource object.")),
        ({"data": {}}, 400, ("/data", "type is required: here it is Client.")),
        ({"data": {"type": 5}}, 400, ("/data/type", "type is required: here it is Client.")),
        ({"data": {"type": "Task"}}, 409, ("/data/type", "The type is not Client.")),
        ({"data": {"type": "Client", "id": "9"}}, 403, ("/data/id", "Ids are given by the server.")),
        ({"data": {"type": "Client"}}, 400, ("/data/attributes/name", "name is required.")),
    ],
)
def test_a_document_that_makes_nothing(door: Outpost, document: Any, status: int, told: object) -> None:
    assert door.refused("POST", "/clients", document) == (status, [told])


def test_a_change_names_its_record(door: Outpost) -> None:
    door.make("clients", "Client", name="Acme")

    def told(data: Any) -> object:
        return door.refused("PATCH", "/clients/1", {"data": data})

    assert told({"type": "Client"}) == (400, [("/data", "id is required.")])
    assert told({"type": "Client", "id": True}) == (400, [("/data/id", "id must be a text.")])
    assert told({"type": "Client", "id": "2"}) == (409, [("/data/id", "The id is not 1, as the URL has it.")])
    assert told({"type": "Task", "id": "1"}) == (409, [("/data/type", "The type is not Client.")])
    assert door.get("/clients/1")["data"]["attributes"]["name"] == "Acme"


def test_all_faults_are_told_at_once_at_their_places(door: Outpost) -> None:
    data = {
        "type": "Client",
        "attributes": {"name": " ", "a/b": 1, "@c": 2, "created": "x"},
        "relationships": {"d": {}},
    }
    assert door.refused("POST", "/clients", {"data": data, "@e": 1, "unknown": 2}) == (
        400,
        [
            ("/data/attributes/a~1b", "Client has no attribute of this name."),
            ("/data/attributes/name", "name may not be blank."),
            ("/data/relationships/d", "Client has no relationship of this name."),
        ],
    )


def test_members_that_are_no_objects(door: Outpost) -> None:
    data = {"type": "Client", "attributes": [], "relationships": 5}
    assert door.refused("POST", "/clients", {"data": data}) == (
        400,
        [
            ("/data/attributes", "attributes must be an object."),
            ("/data/attributes/name", "name is required."),
            ("/data/relationships", "relationships must be an object."),
        ],
    )


def test_who_may_not_write_is_told_so_before_what_they_wrote_is_read(door: Outpost) -> None:
    for method, path in (("POST", "/clients"), ("PATCH", "/clients/1"), ("DELETE", "/clients/1")):
        assert door.refused(method, path, b"{", who=ANN)[0] == 403


def test_an_error_without_a_place_comes_first() -> None:
    placed, free = errors.at("/data", "x"), Problem(400, "c", "t", "d")
    assert errors.of_problems(Problems(placed, free)).problems == (free, placed)
