"""`/tasks`: what goes in, what comes out, and in which order."""

import json
from typing import Any

import pytest

from dialects.queue.counter import ADMIN, ANN, BOB, STRANGER, Counter

PLAIN = {
    "_id": 1,
    "title": "email me",
    "description": "",
    "instructions": "",
    "deadline": "2023-11-15T22:13:20Z",
    "estimate": 3600,
    "priority": 0,
    "owner": ANN,
    "tags": [],
    "_tags": "",
    "properties": {},
    "state": "queued",
    "_state": "queued",
    "_created_by": ANN,
    "_created_on": "2023-11-14T22:13:20Z",
    "_last_modified_on": "2023-11-14T22:13:20Z",
}

FULL = {
    "title": "call back",
    "description": "line one\nline two",
    "instructions": "be kind",
    "deadline": "2030-01-02T03:04:05+01:00",
    "estimate": 300,
    "priority": 2.5,
    "owner": BOB,
    "tags": "vip  phone",
    "properties": {"phone": "+1 555"},
    "state": "queued",
}

WRITTEN = {
    **PLAIN,
    "title": "call back",
    "description": "line one\nline two",
    "instructions": "be kind",
    "deadline": "2030-01-02T02:04:05Z",
    "estimate": 300,
    "priority": 2.5,
    "owner": BOB,
    "tags": ["vip", "phone"],
    "_tags": "vip phone",
    "properties": {"phone": "+1 555"},
}


def test_a_title_is_enough_and_the_rest_has_defaults(counter: Counter) -> None:
    answer = counter.ask("POST", "/tasks", {"title": "email me"})
    assert (answer.status_code, answer.json) == (201, PLAIN)
    assert answer.headers["content-type"] == "application/json"
    assert counter.get("/tasks/1") == PLAIN


def test_everything_that_can_be_written_comes_back(counter: Counter) -> None:
    answer = counter.ask("POST", "/tasks", FULL)
    assert (answer.status_code, answer.json) == (201, WRITTEN)
    assert counter.get("/tasks/1") == WRITTEN == counter.get("/tasks")[0]


@pytest.mark.parametrize("deadline", [0, -5, -1e12])
def test_as_soon_as_possible_is_now_and_the_estimate(counter: Counter, deadline: float) -> None:
    task = counter.get(f"/tasks/{counter.add(deadline=deadline, estimate=90)}")
    assert task["deadline"] == "2023-11-14T22:14:50Z"


@pytest.mark.parametrize(
    ("deadline", "shown"),
    [(1_448_040_693, "2015-11-20T17:31:33Z"), ("2015-11-20T17:31:33Z", "2015-11-20T17:31:33Z")],
)
def test_a_deadline_is_a_time_or_seconds_since_1970(counter: Counter, deadline: Any, shown: str) -> None:
    assert counter.get(f"/tasks/{counter.add(deadline=deadline)}")["deadline"] == shown


def test_all_faults_of_a_body_are_told_at_once(counter: Counter) -> None:
    given = {
        "title": " ",
        "description": 5,
        "deadline": "yesterday",
        "estimate": 0,
        "owner": "nobody@x.org",
        "tags": [1],
        "priority": True,
        "properties": {"a": 1},
        "state": "done",
        "colour": "red",
    }
    answer = counter.ask("POST", "/tasks", given)
    error = answer.json["error"]
    assert (answer.status_code, error["code"]) == (400, "invalid_fields")
    assert error["faults"].keys() == given.keys()
    assert all(name in answer.json["text"] for name in given)
    assert counter.get("/tasks") == []


def test_an_owner_whom_nobody_knows_is_a_fault_of_the_owner(counter: Counter) -> None:
    for owner in ("nobody@x.org", STRANGER, "no e-mail"):
        answer = counter.ask("POST", "/tasks", {"title": "a", "owner": owner})
        assert (answer.status_code, [*answer.json["error"]["faults"]]) == (400, ["owner"])


def test_what_is_read_only_cannot_be_given_to_a_new_task(counter: Counter) -> None:
    answer = counter.ask("POST", "/tasks", {"title": "a", "_id": 7, "_state": "done"})
    assert (answer.status_code, [*answer.json["error"]["faults"]]) == (400, ["_id", "_state"])


def test_a_title_of_a_megabyte_is_refused_by_its_own_limit(counter: Counter) -> None:
    status, text = counter.refused("POST", "/tasks", {"title": "x" * 1_000_000})
    assert (status, text) == (400, "title is longer than 1000 characters")


@pytest.mark.parametrize("title", ["a\0b", "a\nb", "a\x1bb", "a\x7fb"])
def test_control_characters_are_refused(counter: Counter, title: str) -> None:
    assert counter.refused("POST", "/tasks", {"title": title}) == (400, "title holds control characters")


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"null", b"", b"[" * 100_000, b"\xff", b'{"title": NaN}'])
def test_what_is_no_object_is_refused(counter: Counter, body: bytes) -> None:
    assert counter.refused("POST", "/tasks", body)[0] == 400


def test_a_body_beyond_the_limit_is_refused_by_its_length(counter: Counter) -> None:
    status, text = counter.refused("POST", "/tasks", b" " * (4 << 20) + b"{}")
    assert (status, text) == (413, "The body may have 4194304 bytes at most.")


def test_another_type_than_json_is_refused(counter: Counter) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert counter.refused("POST", "/tasks", b"title=a", headers=headers)[0] == 415


@pytest.mark.parametrize("word", ["0", "7", "abc", "-1", "1.5", "9" * 40, "%00", "1%20"])
def test_a_task_that_is_not_there(counter: Counter, word: str) -> None:
    for method, path, body in (
        ("GET", f"/tasks/{word}", None),
        ("PUT", f"/tasks/{word}", {"title": "a"}),
        ("DELETE", f"/tasks/{word}", None),
        ("GET", f"/tasks/{word}/history", None),
        ("GET", f"/tasks/{word}/why", None),
    ):
        assert counter.refused(method, path, body) == (404, "Task does not exist."), path
    assert counter.refused("POST", f"/tasks/{word}/purge", who=ADMIN) == (404, "Task does not exist.")


def test_another_accounts_task_does_not_exist(counter: Counter) -> None:
    task_id = counter.add(who=STRANGER)
    assert counter.refused("GET", f"/tasks/{task_id}") == (404, "Task does not exist.")
    assert counter.refused("DELETE", f"/tasks/{task_id}", who=ADMIN) == (404, "Task does not exist.")
    assert counter.get("/tasks") == []


def test_put_writes_the_whole_anew_and_leaves_the_tags(counter: Counter) -> None:
    counter.ask("POST", "/tasks", FULL)
    counter.wait(10)
    answer = counter.ask("PUT", "/tasks/1", {"title": "anew", "tags": "other"}, who=BOB)
    assert answer.status_code == 200
    assert answer.json == {
        **PLAIN,
        "title": "anew",
        "owner": BOB,
        "deadline": "2023-11-15T22:13:30Z",
        "tags": ["vip", "phone"],
        "_tags": "vip phone",
        "_last_modified_on": "2023-11-14T22:13:30Z",
    }
    assert counter.get("/tasks/1") == answer.json


def test_what_was_got_can_be_put_back(counter: Counter) -> None:
    counter.ask("POST", "/tasks", FULL)
    got = counter.get("/tasks/1")
    assert counter.ask("PUT", "/tasks/1", got).json == got


def test_what_is_put_back_as_it_was_got_keeps_its_place(counter: Counter) -> None:
    counter.wait(0.25)
    added = [counter.add(), counter.add(), counter.add(deadline=0), counter.add()]
    expected = [task["_id"] for task in counter.get("/tasks/available?n=9")]
    for task_id in added:
        counter.wait(1)
        got, why = counter.get(f"/tasks/{task_id}"), counter.get(f"/tasks/{task_id}/why")
        put = counter.ask("PUT", f"/tasks/{task_id}", got).json
        assert put == {**got, "_last_modified_on": put["_last_modified_on"]}
        assert counter.get(f"/tasks/{task_id}/why") == why
    assert [task["_id"] for task in counter.get("/tasks/available?n=9")] == expected


def test_put_of_another_tasks_document_is_refused(counter: Counter) -> None:
    counter.add()
    answer = counter.ask("PUT", "/tasks/1", {"_id": 2, "title": "a"})
    assert (answer.status_code, [*answer.json["error"]["faults"]]) == (400, ["_id"])
    answer = counter.ask("PUT", "/tasks/1", {"_id": 2, "title": "", "colour": "red"})
    assert sorted(answer.json["error"]["faults"]) == ["_id", "colour", "title"]


@pytest.mark.parametrize(
    ("moves", "standing"),
    [
        (["grab"], "being worked on"),
        (["grab", "bg"], "being worked on"),
        (["grab", "complete-success"], "completed"),
        (["delete"], "deleted"),
    ],
)
def test_only_what_is_queued_can_be_changed(counter: Counter, moves: list[str], standing: str) -> None:
    counter.login(ANN)
    task_id = counter.add()
    for move in moves:
        if move == "grab":
            counter.grab()
        elif move == "delete":
            assert counter.ask("DELETE", f"/tasks/{task_id}").json["state"] == "deleted"
        else:
            counter.move(task_id, move)
    before = counter.get(f"/tasks/{task_id}")
    update = counter.refused("PUT", f"/tasks/{task_id}", {"title": "b"})
    assert update == (409, f"Cannot Update. Task is {standing}")
    assert counter.refused("DELETE", f"/tasks/{task_id}") == (409, f"Cannot Delete. Task is {standing}")
    assert counter.refused("POST", f"/workers/tasks/{task_id}") == (409, "Task is not in queue!")
    assert counter.get(f"/tasks/{task_id}") == before


def test_a_purge_leaves_neither_task_nor_event(counter: Counter) -> None:
    counter.login(ANN)
    task_id = counter.add()
    counter.grab()
    assert counter.refused("POST", f"/tasks/{task_id}/purge")[0] == 403
    answer = counter.ask("POST", f"/tasks/{task_id}/purge", who=ADMIN)
    assert (answer.status_code, answer.json) == (200, {})
    assert counter.refused("GET", f"/tasks/{task_id}") == (404, "Task does not exist.")
    assert [event["action"] for event in counter.get("/events")] == ["login"]
    assert counter.get("/workers/tasks") == []


def test_lists_are_by_priority_then_urgency(counter: Counter) -> None:
    late, high, soon = counter.add("late"), counter.add("high", priority=1), counter.add("soon", deadline=0)
    assert [task["_id"] for task in counter.get("/tasks")] == [high, soon, late]
    assert [task["_id"] for task in counter.get("/tasks?n=2")] == [high, soon]
    assert [task["_id"] for task in counter.get("/tasks/queued")] == [high, soon, late]


def test_equal_tasks_come_in_the_order_of_submission(counter: Counter) -> None:
    added = [counter.add(f"number {number}", estimate=number + 1) for number in range(5)]
    assert [task["_id"] for task in counter.get("/tasks/available?n=9")] == added


def test_lists_are_narrowed_by_status_owner_and_tag(counter: Counter) -> None:
    counter.login(ANN)
    done, aside, active = (counter.add(tags="x") for _ in range(3))
    queued, deleted = counter.add(owner=BOB, tags="x y"), counter.add()
    counter.grab(done)
    counter.move(done, "complete-success")
    counter.grab(aside)
    counter.grab(active)
    counter.ask("DELETE", f"/tasks/{deleted}")
    expected = {"queued": queued, "active": active, "suspended": aside, "completed": done, "deleted": deleted}
    for status, task_id in expected.items():
        assert [task["_id"] for task in counter.get(f"/tasks?status={status}")] == [task_id]
    assert [task["_id"] for task in counter.get("/tasks?status=&owner=&tag=&n=")] == [done, aside, active, queued]
    assert [task["_id"] for task in counter.get(f"/tasks?owner={BOB}")] == [queued]
    assert [task["_id"] for task in counter.get("/tasks?tag=x&status=active")] == [active]
    assert counter.get("/tasks?owner=nobody@x.org") == counter.get("/tasks?tag=%00") == []


def test_a_bad_query_is_refused_with_all_its_faults(counter: Counter) -> None:
    answer = counter.ask("GET", "/tasks?status=done&n=1001&stauts=x&tag=a&tag=b")
    faults = answer.json["error"]["faults"]
    assert (answer.status_code, sorted(faults)) == (400, ["n", "status", "stauts", "tag"])
    for status in ("queued", "active", "suspended", "completed", "deleted"):
        assert status in answer.json["text"]
    for n in ("0", "-1", "1.5", "x", "1001", "99999999999999"):
        assert counter.refused("GET", f"/tasks?n={n}")[0] == 400
        assert counter.refused("GET", f"/tasks/available?n={n}")[0] == 400


def test_a_peek_is_told_to_the_log(counter: Counter) -> None:
    first, second = counter.add(), counter.add()
    assert [task["_id"] for task in counter.get("/tasks/available", who=BOB)] == [first]
    assert [task["_id"] for task in counter.get("/tasks/available?n=2", who=BOB)] == [first, second]
    assert [(it["user"], it["action"]) for it in counter.get("/events?type=peek")] == [(BOB, "peek")] * 2


def test_why_names_the_terms_and_their_sum(counter: Counter) -> None:
    task_id = counter.add(priority=3, deadline=1_700_086_400, estimate=43_200)
    counter.wait(86_400)
    answer = counter.get(f"/tasks/{task_id}/why")
    assert {term["name"]: term["value"] for term in answer["terms"]} == pytest.approx(
        {"priority": 30, "deadline": 0.5, "age": 0.5, "blocking": 0}
    )
    assert answer["urgency"] == pytest.approx(31)
    assert all(term["amount"] * term["weight"] == pytest.approx(term["value"]) for term in answer["terms"])


def test_numbers_beyond_all_bounds_are_refused(counter: Counter) -> None:
    for name, text in (("priority", "1e999"), ("estimate", "1e300"), ("deadline", "1e300"), ("estimate", "1" * 400)):
        body = f'{{"title": "a", "{name}": {text}}}'.encode()
        assert counter.refused("POST", "/tasks", body)[0] == 400


def test_no_answer_names_what_nobody_may_see(counter: Counter) -> None:
    counter.add()
    assert not {"account_id", "owner_id", "score"} & json.loads(counter.ask("GET", "/tasks/1").text).keys()
