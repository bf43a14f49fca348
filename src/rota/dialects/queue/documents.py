"""What this dialect's documents look like. Times are ISO 8601 UTC to the second, durations seconds; what does not
apply is absent."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

from rota.dialects.queue.params import ACTIONS
from rota.domain.events import Kind
from rota.domain.items import Item, Line, Status, Turn, Verb, Worker
from rota.domain.urgency import Term
from rota.operations.items import History
from rota.operations.shifts import Report
from rota.operations.stats import Averages, ItemStats, OwnerStats, Waiting, WorkerStats
from rota.operations.tail import Told

Document = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

DONE: Mapping[Verb, str] = {
    Verb.ACTIVATE: "Task resumed",
    Verb.SUSPEND: "Task suspended",
    Verb.RELEASE: "Task released",
    Verb.COMPLETE_SUCCESS: "Task completed",
    Verb.COMPLETE_FAILURE: "Task completed",
}
"""What a worker is told once a verb is done."""


def iso(at: int) -> str:
    """Microseconds since 1970 as `2015-11-20T17:31:33Z`.

    >>> iso(1448040693_900000)
    '2015-11-20T17:31:33Z'
    """
    return f"{_EPOCH + timedelta(microseconds=at):%Y-%m-%dT%H:%M:%SZ}"


def seconds(us: float) -> float:
    """Microseconds as seconds, a whole number where it is one.

    >>> seconds(300_000_000), seconds(1_500_000)
    (300, 1.5)
    """
    return number(round(us) / 1_000_000)


def number(value: float) -> float:
    return int(value) if value == int(value) else value


def task(item: Item) -> Document:
    return {
        "_id": item.id,
        "title": item.title,
        "description": item.description,
        "instructions": item.instructions,
        "deadline": iso(item.deadline),
        "estimate": seconds(item.estimate_us),
        "priority": number(item.priority),
        "owner": item.owner,
        "tags": item.tags,
        "_tags": " ".join(item.tags),
        "properties": item.properties,
        "state": item.state,
        "_state": item.state,
        "_created_by": item.creator,
        "_created_on": iso(item.created_at),
        "_last_modified_on": iso(item.modified_at),
        **_holding(item),
        **_completion(item),
    }


def tasks(items: Iterable[Item]) -> list[Document]:
    return [task(item) for item in items]


def _holding(item: Item) -> Document:
    """Who has the task in hand, or had it when it was completed."""
    if item.grabbed_at is None:
        return {}
    return {"_worked_by": item.holder, "_worked_on": iso(item.grabbed_at), "_work_status": item.work_status}


def _completion(item: Item) -> Document:
    if item.completed_at is None:
        return {}
    return {"_completed_on": iso(item.completed_at), "_completion_status": item.completion}


def history(found: History, now: int) -> Document:
    """Worked and suspended time is the present holder's; once the task is done nobody holds it."""
    held, times = found.item.is_held, found.times
    return {
        "events": [{"when": iso(line.at), "who": line.user, "what": _action(line)} for line in found.lines],
        "time_elapsed": seconds(found.elapsed_us),
        "time_til_deadline": seconds(found.item.deadline - now),
        "time_worked_on": seconds(times.worked_us) if held else 0,
        "time_suspended": seconds(times.suspended_us) if held else 0,
        "time_queued": seconds(times.queued_us),
        "time_rejected": seconds(times.rejected_us),
        "times_rejected": times.times_rejected,
    }


def why(terms: Iterable[Term]) -> Document:
    listed = [{"name": it.name, "amount": it.amount, "weight": it.weight, "value": it.value} for it in terms]
    return {"urgency": sum(it["value"] for it in listed), "terms": listed}


def turn(verb: Verb, done: Turn) -> Document:
    """What a holder's verb did, and which other task it put aside or resumed."""
    text, more = DONE[verb], {}
    if done.put_aside:
        more["suspended"] = task(done.put_aside)
    if done.resumed:
        text = f"{text}. Task {done.resumed.id} resumed"
        more["resumed"] = task(done.resumed)
    return {"text": text, "task": task(done.item), **more}


def worker(found: Worker) -> Document:
    since = {} if found.logged_in_at is None else {"loggedin_on": iso(found.logged_in_at)}
    status = "loggedin" if found.on_shift else "loggedout"
    return {"_id": found.id, "userid": found.email, **since, "status": status}


def report(found: Report) -> Document:
    return {
        **worker(found.worker),
        "current": task(found.current) if found.current else None,
        "suspended": tasks(found.suspended),
        "events": events(found.lines),
    }


def event(line: Line | Told) -> Document:
    about = {} if line.item_id is None else {"task_id": line.item_id}
    return {"user": line.user, "date": iso(line.at), "action": _action(line), **about}


def events(lines: Iterable[Line]) -> list[Document]:
    return [event(line) for line in lines]


def _action(line: Line | Told) -> str:
    return ACTIONS[Kind(line.kind)]


def worker_stats(found: WorkerStats) -> Document:
    return {
        "avg_session_length": _duration(found.average_session_us),
        "num_of_sessions": found.sessions,
        "time_loggedin": seconds(found.logged_in_us),
        "time_active": seconds(found.active_us),
        "tasks_grabbed": found.grabbed,
        "tasks_completed": found.completed,
        "tasks_completed_successfully": found.succeeded,
        "rejection_ratio": found.rejection_ratio,
        "failure_ratio": found.failure_ratio,
        "avg_tat": _duration(found.turnaround_us),
    }


def owner_stats(found: OwnerStats) -> Document:
    return {
        "tasks_requested": found.requested,
        "tasks_completed": found.completed,
        "tasks_completed_successfully": found.succeeded,
        "time_active": seconds(found.active_us),
        "num_of_workers": found.workers,
        "rejection_ratio": found.rejection_ratio,
        "failure_ratio": found.failure_ratio,
        **_averages(found.averages),
    }


def task_stats(found: ItemStats) -> Document:
    return {
        "tasks_requested": found.requested,
        "tasks_completed": found.completed,
        "tasks_completed_successfully": found.succeeded,
        "failure_ratio": found.failure_ratio,
        **_averages(found.averages),
    }


def floor(
    by_status: Mapping[Status, int],
    longest: Iterable[Item],
    waiting: Waiting,
    threshold_us: int,
    workers: Mapping[str, WorkerStats],
    now: int,
) -> Document:
    """What a floor manager asks for."""
    return {
        "tasks": dict(by_status),
        "longest_waiting": [{"task": task(item), "waiting": seconds(now - item.times.since)} for item in longest],
        "waiting": {
            "threshold": seconds(threshold_us),
            "tasks_grabbed": waiting.grabbed,
            "within_threshold": waiting.within,
            "avg_waiting": _duration(waiting.average_us),
            "max_waiting": _duration(waiting.longest_us),
        },
        "workers": {email: _states(found) for email, found in workers.items()},
    }


def _states(found: WorkerStats) -> Document:
    """Where a worker's time went. What they have put aside waits, many at once: it is not part of their shift."""
    return {
        "time_loggedin": seconds(found.logged_in_us),
        "time_active": seconds(found.active_us),
        "time_idle": seconds(max(0, found.logged_in_us - found.active_us)),
        "time_suspended": seconds(found.suspended_us),
    }


_AVERAGES: Mapping[str, str] = {
    "turnaround_us": "avg_tat",
    "worked_us": "avg_time_worked_on",
    "suspended_us": "avg_time_suspended",
    "queued_us": "avg_time_queued",
    "rejected_us": "avg_time_rejected",
}


def _averages(found: Averages) -> Document:
    durations = {_AVERAGES[it.name]: _duration(getattr(found, it.name)) for it in fields(found) if it.name in _AVERAGES}
    return {**durations, "avg_times_rejected": found.times_rejected}


def _duration(us: float | None) -> float | None:
    return None if us is None else seconds(us)
