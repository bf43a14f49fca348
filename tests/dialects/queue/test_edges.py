"""What the routes have in common: refusals, verbs, paths, headers."""

from dataclasses import fields
from typing import Any

import pytest

from dialects.queue.counter import ANN, Counter
from rota.dialects.queue import errors, tasks
from rota.domain.errors import DESK, InvalidFields, Refusal, StoreUnavailable

_OF_ALL = {"Unauthenticated", "TooManyFailures", "Forbidden", "InvalidFields", "StorageFull", "StoreUnavailable"}
_FACTS: dict[str, Any] = {"faults": {"title": "is blank"}, "verb": "grab", "standing": "completed", "retry_after_s": 5}


def _made(kind: type[Refusal]) -> Refusal:
    return kind(**{field.name: _FACTS.get(field.name, 7) for field in fields(kind)})  # type: ignore[arg-type]


def test_every_refusal_of_the_desk_has_its_place_in_the_table() -> None:
    assert {kind.__name__ for kind in errors.TABLE} == {kind.__name__ for kind in DESK} | _OF_ALL


@pytest.mark.parametrize("kind", errors.TABLE, ids=lambda kind: kind.__name__)
def test_every_refusal_has_a_sentence(kind: type[Refusal]) -> None:
    body = errors.of_refusal(_made(kind))
    assert 400 <= body.status < 600
    assert body.document["text"] == body.document["error"]["message"] != ""
    assert "item" not in str(body.document)


def test_a_refusal_that_the_table_lacks_is_a_fault_of_the_server() -> None:
    assert errors.of_refusal(type("New", (Refusal,), {"code": "new"})()).status == 500


def test_the_form_of_an_error(counter: Counter) -> None:
    assert counter.ask("GET", "/tasks/7").json == {
        "error": {"code": "task_not_found", "message": "Task does not exist.", "task_id": 7},
        "text": "Task does not exist.",
    }


@pytest.mark.parametrize("path", ["/tasks/1/nothing", "/workers/a/b/c", "/events/1/2", "/tasks//x/y"])
def test_a_path_that_is_not_there(counter: Counter, path: str) -> None:
    assert counter.refused("GET", path)[0] == 404


@pytest.mark.filterwarnings("ignore:Unknown REQUEST_METHOD")
@pytest.mark.parametrize(
    ("method", "path"),
    [("PATCH", "/tasks"), ("DELETE", "/tasks"), ("POST", "/tasks/1"), ("PUT", "/events"), ("BREW", "/tasks")],
)
def test_a_verb_that_a_path_does_not_take(counter: Counter, method: str, path: str) -> None:
    answer = counter.ask(method, path)
    assert (answer.status_code, answer.json["error"]["code"]) == (405, "method_not_allowed")
    assert "GET" in answer.headers["allow"]


def test_head_is_get_without_the_body(counter: Counter) -> None:
    assert counter.ask("HEAD", "/tasks").status_code == 200
    assert counter.ask("HEAD", "/tasks/7").status_code == 404


def test_a_slash_at_the_end_changes_nothing(counter: Counter) -> None:
    assert counter.get("/tasks/") == []


def test_the_callers_request_id_is_repeated_where_it_is_fit(counter: Counter) -> None:
    assert counter.ask("GET", "/tasks", headers={"X-Request-ID": "abc-1"}).headers["x-request-id"] == "abc-1"
    assert "x-request-id" not in counter.ask("GET", "/tasks", headers={"X-Request-ID": "a b"}).headers


def test_a_crash_says_nothing_of_the_inside(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: Any, **__: Any) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(tasks.items, "page", crash)
    answer = counter.ask("GET", "/tasks")
    assert (answer.status_code, answer.json["error"]["code"]) == (500, "internal_error")
    assert "secret" not in answer.text


def test_a_database_that_does_not_answer_asks_for_patience(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(tasks.items, "page", fail)
    answer = counter.ask("GET", "/tasks")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def test_a_request_costs_few_statements(counter: Counter, statements: list[str]) -> None:
    counter.login(ANN)
    task_id = counter.add(tags="a b c")
    for method, path, body, expected in (
        ("GET", f"/tasks/{task_id}", None, ["actor_by_token", "item_by_id"]),
        ("GET", "/tasks", None, ["actor_by_token", "items_page"]),
        ("GET", "/events", None, ["actor_by_token", "desk_log"]),
        ("POST", "/workers/tasks", None, None),
    ):
        statements.clear()
        assert counter.ask(method, path, body).status_code == 200
        assert statements == expected or expected is None
        assert len(statements) <= 9


def test_faults_of_many_fields_are_one_sentence(counter: Counter) -> None:
    refusal = InvalidFields({"title": "is blank", "estimate": "is not a number"})
    assert errors.of_refusal(refusal).document["text"] == "title is blank; estimate is not a number"
