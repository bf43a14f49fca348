"""How what the desk says is laid out: which columns a table has, and how values look on a terminal.

Elsewhere they stand as the API gives them: ISO 8601 in UTC, and seconds.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from rota.cli.output import Looks
from rota.cli.times import distance, local, span

TITLE_WIDTH = 60
SOON_S = 3_600

COLUMNS = ("id", "priority", "state", "deadline", "owner", "title", "tags")
EVENT_COLUMNS = ("date", "user", "action", "task_id")
WORKER_COLUMNS = ("userid", "status", "loggedin_on")

_DURATIONS = ("time_", "avg_time_", "avg_tat", "avg_session", "avg_waiting", "max_waiting", "threshold", "waiting")

STYLES: Mapping[str, str] = {
    "active": "green",
    "suspended": "yellow",
    "success": "green",
    "failure": "red",
    "deleted": "dim",
    "loggedin": "green",
    "loggedout": "dim",
}


def line(task: Mapping[str, Any]) -> dict[str, Any]:
    """A task as a line of a table; its state says what its holder does with it, or how it was completed."""
    state = task.get("_work_status", task["state"])
    return {**task, "id": task["_id"], "state": state, "since": task.get("_worked_on")}


def lines(tasks: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [line(task) for task in tasks]


def record(task: Mapping[str, Any]) -> dict[str, Any]:
    """A task in full: each field once, and none that is empty."""
    named = {"id": task["_id"], **task, "properties": [f"{name}={text}" for name, text in task["properties"].items()]}
    doubled = {"_id", "_tags", "_state"}
    return {name.lstrip("_"): value for name, value in named.items() if name not in doubled and value not in ("", [])}


def of_tasks(now: datetime) -> Looks:
    return {
        "deadline": partial(_left, now=now),
        "estimate": _span,
        "title": lambda text: (shortened(text), ""),
        **dict.fromkeys(("state", "work_status", "completion_status"), _styled),
        **dict.fromkeys(("created_on", "last_modified_on", "worked_on", "completed_on", "since"), _local),
    }


def in_full(now: datetime) -> Looks:
    """Of one task: the whole of its title, and its deadline by the clock too."""
    return {**of_tasks(now), "deadline": lambda text: (due(text, now), ""), "title": lambda text: (text, "")}


def of_events() -> Looks:
    return {"date": _local, "when": _local}


def of_workers() -> Looks:
    return {"status": _styled, "loggedin_on": _local}


def of_terms() -> Looks:
    return dict.fromkeys(("amount", "weight", "value"), _rounded)


def of_durations(names: Iterable[str]) -> Looks:
    """Those of the names that say that they are durations."""
    return dict.fromkeys((name for name in names if name.startswith(_DURATIONS)), _span)


def shortened(text: str) -> str:
    """
    >>> shortened("a" * 61) == "a" * 59 + "…"
    True
    """
    return text if len(text) <= TITLE_WIDTH else text[: TITLE_WIDTH - 1] + "…"


def due(text: str, now: datetime) -> str:
    """When a deadline is, on the user's clock and from now."""
    return f"{local(text):%a %d %b %Y %H:%M} ({_left(text, now)[0]})"


def _left(text: str, now: datetime) -> tuple[str, str]:
    left = distance(text, now)
    if left < 0:
        return f"{span(-left)} ago", "red"
    return f"in {span(left)}", "yellow" if left < SOON_S else ""


def _styled(word: str) -> tuple[str, str]:
    return word, STYLES.get(word, "")


def _local(text: str) -> tuple[str, str]:
    return f"{local(text):%Y-%m-%d %H:%M:%S}", ""


def _rounded(number: float) -> tuple[str, str]:
    return f"{number:.4g}", ""


def _span(seconds: float) -> tuple[str, str]:
    return span(seconds), ""
