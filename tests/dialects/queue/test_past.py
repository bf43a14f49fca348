"""What is told of the past: the history of a task, the log, the statistics."""

from typing import Any

import pytest

from dialects.queue.counter import ANN, BOB, STRANGER, Counter

TIMES = ("time_queued", "time_worked_on", "time_suspended", "time_rejected")


def times(counter: Counter, task_id: int) -> tuple[float, ...]:
    found = counter.get(f"/tasks/{task_id}/history")
    if "state" not in found:
        assert sum(found[name] for name in TIMES) == pytest.approx(found["time_elapsed"])
    return tuple(found[name] for name in TIMES)


def test_time_goes_where_the_task_is(counter: Counter) -> None:
    counter.login(ANN, BOB)
    task_id = counter.add(deadline=1_700_000_100)
    counter.wait(10)
    assert times(counter, task_id) == (10, 0, 0, 0)
    counter.grab()
    counter.wait(20)
    assert times(counter, task_id) == (10, 20, 0, 0)
    counter.move(task_id, "bg")
    counter.wait(5.5)
    assert times(counter, task_id) == (10, 20, 5.5, 0)
    counter.move(task_id, "release")
    assert times(counter, task_id) == (10, 0, 0, 25.5)
    counter.wait(1)
    counter.grab(who=BOB)
    counter.wait(7)
    assert times(counter, task_id) == (11, 7, 0, 25.5)
    found = counter.get(f"/tasks/{task_id}/history")
    assert (found["times_rejected"], found["time_elapsed"], found["time_til_deadline"]) == (1, 43.5, 56.5)


def test_nobody_holds_a_task_that_is_done(counter: Counter) -> None:
    counter.login(ANN)
    task_id = counter.add()
    counter.wait(3)
    counter.grab()
    counter.wait(4)
    counter.move(task_id, "complete-success")
    counter.wait(100)
    found = counter.get(f"/tasks/{task_id}/history")
    assert [found[name] for name in (*TIMES, "time_elapsed")] == [3, 0, 0, 0, 7]


def test_a_history_tells_everything_in_its_order(counter: Counter) -> None:
    counter.login(ANN)
    task_id = counter.add(who=BOB)
    counter.ask("PUT", f"/tasks/{task_id}", {"title": "anew"}, who=BOB)
    counter.wait(1)
    counter.grab()
    for status in ("bg", "fg", "release"):
        counter.move(task_id, status)
    counter.grab()
    counter.wait(1)
    counter.move(task_id, "complete-failure")
    told = counter.get(f"/tasks/{task_id}/history")["events"]
    assert told[0] == {"when": "2023-11-14T22:13:20Z", "who": BOB, "what": "add"}
    assert told[-1] == {"when": "2023-11-14T22:13:22Z", "who": ANN, "what": "complete-failure"}
    words = ["add", "update", "grab", "suspend", "activate", "release", "grab", "complete-failure"]
    assert [event["what"] for event in told] == words
    assert counter.get(f"/events?task={task_id}") == [
        {"user": it["who"], "date": it["when"], "action": it["what"], "task_id": task_id} for it in told
    ]


@pytest.fixture
def past(counter: Counter) -> Counter:
    """Ann does two of Bob's three tasks, one of them after he had released it."""
    for number in range(3):
        counter.add(f"number {number}", who=BOB, tags=f"odd{number % 2}")
    counter.login(ANN, BOB)
    counter.wait(10)
    counter.grab(1, who=BOB)
    counter.wait(10)
    counter.move(1, "release", who=BOB)
    counter.grab(1)
    counter.wait(20)
    counter.move(1, "complete-success")
    counter.grab(2)
    counter.wait(30)
    counter.move(2, "complete-failure")
    counter.wait(10)
    counter.ask("DELETE", "/workers")
    return counter


def test_the_log_is_narrowed(past: Counter) -> None:
    def told(query: str) -> list[Any]:
        return [(it["user"], it["action"], it.get("task_id")) for it in past.get(f"/events?{query}")]

    assert told("type=loginout") == [(ANN, "login", None), (BOB, "login", None), (ANN, "logout", None)]
    assert told("type=login") == [(ANN, "login", None), (BOB, "login", None)]
    assert told(f"user={BOB}&type=grab") == [(BOB, "grab", 1)] == told(f"user={BOB}&type=grab&task=2")
    assert told("task=2") == [(BOB, "add", 2), (ANN, "grab", 2), (ANN, "complete-failure", 2)]
    assert told("task=2&type=grab") == [(ANN, "grab", 2)]
    assert told("n=2") == [(ANN, "complete-failure", 2), (ANN, "logout", None)]
    assert told("type=loginout&n=1") == [(ANN, "logout", None)]
    assert told("user=nobody@x.org") == told("task=999") == told("type=peek") == []
    assert len(told("user=&type=&task=&n=")) == len(told("")) == 12
    assert past.get("/events", who=STRANGER) == []


def test_an_event_type_that_is_not_known(past: Counter) -> None:
    answer = past.ask("GET", "/events?type=nap")
    assert (answer.status_code, answer.json["text"]) == (400, "Event type not recognized!")
    words = (
        "loginout add update delete peek grab suspend activate release complete-success complete-failure login logout"
    )
    assert all(word in answer.json["error"]["faults"]["type"] for word in words.split())
    assert sorted(past.ask("GET", "/events?type=nap&n=0&task=x").json["error"]["faults"]) == ["n", "task", "type"]


def test_statistics_of_workers(past: Counter) -> None:
    found = past.get("/worker-stats")
    assert found[ANN] == {
        "avg_session_length": 80,
        "num_of_sessions": 1,
        "time_loggedin": 80,
        "time_active": 50,
        "tasks_grabbed": 2,
        "tasks_completed": 2,
        "tasks_completed_successfully": 1,
        "rejection_ratio": 0,
        "failure_ratio": 0.5,
        "avg_tat": 55,
    }
    assert (found[BOB]["tasks_grabbed"], found[BOB]["rejection_ratio"], found[BOB]["failure_ratio"]) == (1, 1, None)
    assert past.get(f"/worker-stats?worker={ANN}") == {ANN: found[ANN]}
    assert past.get("/worker-stats?from=1700000070")[ANN]["time_loggedin"] == 10
    assert past.get("/worker-stats?from=2023-11-14T22:13:20Z&to=2023-11-14T22:13:30Z")[ANN]["time_loggedin"] == 10
    assert past.refused("GET", "/worker-stats?worker=nobody@x.org") == (404, "Worker does not exist.")


def test_statistics_of_owners(past: Counter) -> None:
    assert past.get("/owner-stats") == {
        BOB: {
            "tasks_requested": 3,
            "tasks_completed": 2,
            "tasks_completed_successfully": 1,
            "time_active": 60,
            "num_of_workers": 2,
            "rejection_ratio": pytest.approx(1 / 3),
            "failure_ratio": 0.5,
            "avg_tat": 55,
            "avg_time_worked_on": 25,
            "avg_time_suspended": 0,
            "avg_time_queued": 25,
            "avg_time_rejected": 5,
            "avg_times_rejected": 0.5,
        }
    }


def test_statistics_of_tasks(past: Counter) -> None:
    found = past.get("/task-stats")
    assert (found["tasks_requested"], found["tasks_completed"], found["avg_tat"]) == (3, 2, 55)
    assert past.get("/task-stats?tag=odd1")["avg_tat"] == 70
    assert past.get("/task-stats?title=NUMBER%200")["avg_tat"] == 40
    assert past.get("/task-stats?tag=nobody")["avg_tat"] is None


def test_statistics_of_the_floor(past: Counter) -> None:
    found = past.get("/floor-stats?threshold=15")
    assert found["tasks"] == {"queued": 1, "active": 0, "suspended": 0, "completed": 2, "deleted": 0}
    assert [(it["task"]["_id"], it["waiting"]) for it in found["longest_waiting"]] == [(3, 80)]
    assert found["waiting"] == {
        "threshold": 15,
        "tasks_grabbed": 3,
        "within_threshold": 2,
        "avg_waiting": pytest.approx(50 / 3),
        "max_waiting": 40,
    }
    assert found["workers"][ANN] == {"time_loggedin": 80, "time_active": 50, "time_idle": 30, "time_suspended": 0}


@pytest.mark.parametrize("path", ["/worker-stats", "/owner-stats", "/task-stats", "/floor-stats"])
def test_an_interval_that_cannot_be_is_refused(counter: Counter, path: str) -> None:
    assert counter.refused("GET", f"{path}?from=200&to=100") == (400, "to is before from")
    faults = counter.ask("GET", f"{path}?from=noon&to=-1&x=1").json["error"]["faults"]
    assert sorted(faults) == ["from", "to", "x"]
    assert counter.ask("GET", f"{path}?from=2000-01-01T00:00:00%2B01:00&to=9999999999").status_code == 200
