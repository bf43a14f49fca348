"""`/workers`: shifts, and tasks in hand."""

from base64 import b64encode
from urllib.parse import quote
from uuid import UUID

import pytest

from desk import query
from dialects.queue.counter import ADMIN, ANN, BOB, PASSWORD, STRANGER, Counter
from rota.operations import accounts

NEEDS_SHIFT = (403, "You need to log in to perform this command")


def basic(email: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{email}:{password}".encode()).decode()}


def test_a_shifts_token_works_everywhere_until_the_shift_ends(counter: Counter) -> None:
    answer = counter.ask("POST", "/workers", {"id": ANN})
    assert (answer.status_code, [*answer.json]) == (200, ["token"])
    assert answer.headers["cache-control"] == "no-store"
    token = answer.json["token"]
    assert str(UUID(token)) == token
    task_id = counter.add(who=token)
    assert counter.grab(who=token)["_id"] == task_id
    ended = counter.ask("DELETE", "/workers", who=token)
    assert (ended.status_code, ended.json) == (200, {})
    assert counter.refused("GET", "/tasks", who=token)[0] == 401
    assert counter.get(f"/tasks/{task_id}")["_work_status"] == "suspended"


def test_logging_in_twice_is_one_shift_with_two_tokens(counter: Counter) -> None:
    tokens = [counter.ask("POST", "/workers").json["token"] for _ in range(2)]
    assert [event["action"] for event in counter.get("/events?type=loginout")] == ["login"]
    assert all(counter.ask("GET", "/workers/tasks", who=token).status_code == 200 for token in tokens)
    counter.ask("DELETE", "/workers")
    assert [event["action"] for event in counter.get("/events?type=loginout")] == ["login", "logout"]
    assert all(counter.ask("GET", "/workers/tasks", who=token).status_code == 401 for token in tokens)


def test_another_shift_needs_a_superuser(counter: Counter) -> None:
    assert counter.refused("POST", "/workers", {"id": BOB})[0] == 403
    assert counter.ask("POST", "/workers", {"id": BOB.upper()}, who=ADMIN).status_code == 200
    assert [worker["userid"] for worker in counter.get("/workers/loggedin")] == [BOB]
    assert counter.get(f"/events?user={BOB}") == [{"user": BOB, "date": "2023-11-14T22:13:20Z", "action": "login"}]


def test_a_shift_of_nobody(counter: Counter) -> None:
    for email in ("nobody@x.org", STRANGER, "no e-mail", "\0"):
        assert counter.refused("POST", "/workers", {"id": email}, who=ADMIN) == (404, "Worker does not exist.")
    for body in ({"id": 5}, {"id": ANN, "x": 1}, {"email": ANN}):
        assert counter.refused("POST", "/workers", body)[0] == 400


def test_a_password_opens_a_shift(counter: Counter) -> None:
    answer = counter.ask("POST", "/workers", who=None, headers=basic(ANN, PASSWORD))
    assert answer.status_code == 200
    assert counter.ask("GET", "/workers/tasks", who=answer.json["token"]).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic(ANN, "wrong"),
        basic(ADMIN, ""),
        basic("nobody@x.org", PASSWORD),
        {"Authorization": "Basic ?"},
        {"Authorization": "Basic"},
        {"Authorization": "Bearer"},
        {"Authorization": "Digest x"},
        {"X-Auth-Token": "wrong"},
    ],
)
def test_whoever_cannot_say_who_they_are_is_refused(counter: Counter, headers: dict[str, str]) -> None:
    answer = counter.ask("POST", "/workers", who=None, headers=headers)
    assert (answer.status_code, answer.json["error"]["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == 'Bearer, Basic realm="rota", charset="UTF-8"'


def test_guessing_passwords_is_told_to_wait(counter: Counter) -> None:
    for _ in range(10):
        assert counter.ask("GET", "/tasks", who=None, headers=basic(ANN, "wrong")).status_code == 401
    answer = counter.ask("GET", "/tasks", who=None, headers=basic(ANN, PASSWORD))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "61")
    assert counter.get("/tasks") == []


def test_without_a_shift_nothing_is_taken_in_hand(counter: Counter) -> None:
    counter.add()
    assert counter.refused("POST", "/workers/tasks") == NEEDS_SHIFT
    assert counter.refused("POST", "/workers/tasks/1") == NEEDS_SHIFT
    assert counter.refused("PUT", "/workers/tasks/1", {"status": "fg"}) == NEEDS_SHIFT
    assert counter.refused("DELETE", "/workers") == NEEDS_SHIFT
    assert counter.get("/workers/tasks") == []


def test_the_most_urgent_is_grabbed(counter: Counter) -> None:
    counter.login(ANN)
    counter.add()
    urgent = counter.add(priority=5)
    task = counter.grab()
    assert task == counter.get(f"/tasks/{urgent}")
    held = {name: task[name] for name in ("_state", "_worked_by", "_worked_on", "_work_status")}
    assert held == {
        "_state": "worked on",
        "_worked_by": ANN,
        "_worked_on": "2023-11-14T22:13:20Z",
        "_work_status": "active",
    }
    assert "_completed_on" not in task


def test_an_empty_queue_says_so(counter: Counter) -> None:
    counter.login(ANN)
    sentence = "There seems to be no tasks to work on at this time! Try again later"
    assert counter.refused("POST", "/workers/tasks") == (404, sentence)
    counter.add()
    counter.grab()
    assert counter.refused("POST", "/workers/tasks") == (404, sentence)


def test_a_named_task_is_grabbed_if_it_is_queued(counter: Counter) -> None:
    counter.login(ANN, BOB)
    task_id = counter.add()
    assert counter.grab(task_id, who=BOB)["_worked_by"] == BOB
    assert counter.refused("POST", f"/workers/tasks/{task_id}") == (409, "Task is not in queue!")
    assert counter.refused("POST", "/workers/tasks/99") == (404, "Task does not exist.")
    assert counter.refused("POST", "/workers/tasks/abc") == (404, "Task does not exist.")


def test_nobody_works_on_two_tasks(counter: Counter) -> None:
    counter.login(ANN)
    first, second = counter.add(), counter.add()
    counter.grab(first)
    counter.grab(second)
    assert [(task["_id"], task["_work_status"]) for task in counter.get("/workers/tasks")] == [
        (second, "active"),
        (first, "suspended"),
    ]
    done = counter.move(first, "fg")
    assert (done["text"], done["task"]["_id"], done["suspended"]["_id"]) == ("Task resumed", first, second)
    actions = [(it["action"], it["task_id"]) for it in counter.get(f"/events?user={ANN}")[-5:]]
    assert actions == [("grab", first), ("suspend", first), ("grab", second), ("suspend", second), ("activate", first)]


@pytest.mark.parametrize(
    ("status", "text", "state", "work_status"),
    [
        ("bg", "Task suspended", "worked on", "suspended"),
        ("release", "Task released", "queued", None),
        ("complete-success", "Task completed", "done", "success"),
        ("complete-failure", "Task completed", "done", "failure"),
    ],
)
def test_what_is_done_with_the_active_task(
    counter: Counter, status: str, text: str, state: str, work_status: str | None
) -> None:
    counter.login(ANN)
    task_id = counter.add()
    counter.grab()
    counter.wait(5)
    done = counter.move(task_id, status)
    assert done == {"text": text, "task": counter.get(f"/tasks/{task_id}")}
    task = done["task"]
    assert (task["state"], task["_state"], task.get("_work_status")) == (state, state, work_status)
    assert task.get("_completion_status") == (work_status if state == "done" else None)
    assert task.get("_completed_on") == ("2023-11-14T22:13:25Z" if state == "done" else None)
    assert ("_worked_by" in task) == (state != "queued")
    assert None not in task.values()


def test_completing_the_active_task_resumes_the_last_suspended_and_says_so(counter: Counter) -> None:
    counter.login(ANN)
    first, second, third = (counter.add() for _ in range(3))
    for task_id in (first, second, third):
        counter.grab(task_id)
        counter.wait(1)
    done = counter.move(third, "complete-success")
    assert (done["text"], done["resumed"]["_id"]) == (f"Task completed. Task {second} resumed", second)
    assert done["resumed"]["_work_status"] == "active"
    aside = counter.move(first, "complete-failure")
    assert (aside["text"], [*aside]) == ("Task completed", ["text", "task"])


def test_what_is_not_so_is_refused_in_sentences(counter: Counter) -> None:
    counter.login(ANN, BOB)
    mine, aside, bobs, queued = (counter.add() for _ in range(4))
    counter.grab(aside)
    counter.grab(mine)
    counter.grab(bobs, who=BOB)
    expected = {
        (mine, "fg"): "This task is not suspended!",
        (aside, "bg"): "This task is not active!",
        (bobs, "fg"): "This is not your suspended task!",
        (queued, "fg"): "This is not your suspended task!",
        (bobs, "bg"): "This is not your active task!",
        (queued, "bg"): "This is not your active task!",
        (bobs, "release"): "This is not your task!",
        (queued, "complete-success"): "This is not your task!",
        (bobs, "complete-failure"): "This is not your task!",
    }
    before = counter.get("/tasks")
    for (task_id, status), sentence in expected.items():
        assert counter.refused("PUT", f"/workers/tasks/{task_id}", {"status": status}) == (409, sentence)
    assert counter.refused("PUT", "/workers/tasks/99", {"status": "bg"}) == (404, "Task does not exist.")
    assert counter.get("/tasks") == before


@pytest.mark.parametrize(
    "body", [{}, {"status": "done"}, {"status": None}, {"status": ["fg"]}, {"status": "fg", "x": 1}]
)
def test_a_status_that_is_not_known_is_refused(counter: Counter, body: dict[str, object]) -> None:
    counter.login(ANN)
    counter.add()
    counter.grab()
    answer = counter.ask("PUT", "/workers/tasks/1", body)
    assert answer.status_code == 400
    if body.get("status") != "fg":
        assert "fg, bg, release, complete-success, complete-failure" in answer.text or body == {}


def test_workers_are_listed_by_e_mail(counter: Counter) -> None:
    counter.login(BOB)
    ids = {row["email"]: row["id"] for row in _users(counter)}
    bob = {"_id": ids[BOB], "userid": BOB, "loggedin_on": "2023-11-14T22:13:20Z", "status": "loggedin"}
    others = [{"_id": ids[email], "userid": email, "status": "loggedout"} for email in (ADMIN, ANN)]
    assert counter.get("/workers") == [*others, bob]
    assert counter.get("/workers/loggedin") == [bob]
    assert counter.get(f"/workers/{BOB}") == bob == counter.get(f"/workers/{BOB.upper()}")
    counter.ask("DELETE", "/workers", who=BOB)
    assert counter.get(f"/workers/{BOB}") == {**bob, "status": "loggedout"}
    assert counter.get("/workers/loggedin") == []


def _users(counter: Counter) -> list[dict[str, object]]:
    with counter.service.store.read() as tx:
        return query(tx, "SELECT id, email FROM users")


def test_a_worker_in_full(counter: Counter) -> None:
    counter.login(ANN)
    first, second, third = (counter.add(who=BOB) for _ in range(3))
    for task_id in (first, second, third):
        counter.grab(task_id)
        counter.wait(1)
    found = counter.get(f"/workers/{ANN}?long=true", who=BOB)
    assert found["current"] == counter.get(f"/tasks/{third}")
    assert [task["_id"] for task in found["suspended"]] == [second, first]
    assert [event["action"] for event in found["events"]] == ["login", "grab", "suspend", "grab", "suspend", "grab"]
    idle = counter.get(f"/workers/{BOB}?long=true")
    assert (idle["current"], idle["suspended"], idle["events"]) == (None, [], [])


@pytest.mark.parametrize("email", ["ann+desk@x.org", "front/desk@x.org", "o'neil@x.org", "100%25@x.org", "äö@x.org"])
def test_any_address_names_its_worker(counter: Counter, email: str) -> None:
    with counter.service.store.write() as tx:
        accounts.add_user(tx, accounts.superuser(tx), email, now=1)
    counter.add(owner=email)
    assert counter.get(f"/workers/{quote(email, safe='')}")["userid"] == email
    assert counter.get(f"/workers/{quote(email, safe='/+')}?long=true")["userid"] == email
    for sent in (quote(email, safe=""), quote(email, safe="/+")):
        assert [task["owner"] for task in counter.get(f"/tasks?owner={sent}")] == [email]
        assert counter.get(f"/events?user={sent}") == []
        assert [*counter.get(f"/worker-stats?worker={sent}")] == [*counter.get(f"/owner-stats?owner={sent}")] == [email]


def test_a_worker_whom_nobody_knows(counter: Counter) -> None:
    for word in ("nobody@x.org", STRANGER, "no", "%00"):
        assert counter.refused("GET", f"/workers/{word}") == (404, "Worker does not exist.")
    assert counter.refused("GET", f"/workers/{ANN}?long=maybe")[0] == 400


def test_logging_out_puts_the_active_task_aside(counter: Counter) -> None:
    counter.login(ANN)
    task_id = counter.add()
    counter.grab()
    counter.ask("DELETE", "/workers")
    assert counter.get(f"/tasks/{task_id}")["_work_status"] == "suspended"
    assert [it["action"] for it in counter.get(f"/events?user={ANN}")][-2:] == ["suspend", "logout"]
    counter.login(ANN)
    assert counter.move(task_id, "fg")["text"] == "Task resumed"
