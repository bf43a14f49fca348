"""How what the field says is laid out: which columns its tables have, and how values look on a terminal.

Elsewhere they stand as the API gives them.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from rota.cli.field_documents import Found, Object
from rota.cli.looks import shortened
from rota.cli.output import Looks
from rota.cli.times import local

STYLES: Mapping[str, str] = {
    "Active": "green",
    "Scheduled": "yellow",
    "Draft": "dim",
    "Deactivated": "dim",
    "Expired": "dim",
    "Archived": "dim",
    "Approved": "green",
    "Rejected": "red",
}

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Columns = Mapping[str, str]
"""The heads of a table, and the field that each shows."""

_EMPTY: tuple[Any, ...] = (None, "", [])

TASKS: Columns = {
    "id": "id",
    "status": "status_display",
    "start": "start",
    "end": "end",
    "pays": "current_bounty_amount",
    "answers": "submission_count",
    "pending": "pending_submissions_count",
    "name": "name",
}
OFFERS: Columns = {
    "id": "id",
    "end": "end",
    "pays": "current_bounty_amount",
    "takes": "estimated_time",
    "locations": "locations",
    "name": "name",
}
DATES: Columns = {"date": "date", "from": "start_time", "to": "end_time", "location": "location", "text": "time_string"}
SUBMISSIONS: Columns = {
    "id": "id",
    "status": "status_display",
    "time": "submission_time",
    "task": "task",
    "user": "user",
    "location": "location",
    "amount": "amount",
    "comments": "comments",
}
LOCATIONS: Columns = {
    "id": "id",
    "name": "name",
    "type": "location_type_name",
    "parent": "parent_name",
    "country": "country",
    "where": "where",
}
FORMS: Columns = {"id": "id", "id_string": "id_string", "version": "version", "has_task": "has_task", "title": "title"}
NAMED: Columns = {"id": "id", "name": "name"}
PEOPLE: Columns = {
    "email": "email",
    "name": "name",
    "role": "role",
    "expertise": "expertise_display",
    "answers": "submission_count",
    "approved": "approved_submissions",
    "rejected": "rejected_submissions",
    "rate": "approval_rate",
    "earned": "amount_earned",
}
HISTORY: Columns = {"at": "at", "who": "user", "what": "kind", "change": "change"}


def rows(columns: Columns, found: Found) -> Iterator[dict[str, Any]]:
    """The lines of a table."""
    for each in found.records():
        yield {head: each.get(name) for head, name in columns.items()}


def task(found: Found) -> dict[str, Any]:
    """A task in full: each field once, and none that is empty."""
    told = found.record(found.objects[0], in_full=True)
    first = {
        "id": told["id"],
        "name": told["name"],
        "status": told["status_display"],
        "required_expertise": told["required_expertise_display"],
        "target": _target(found.objects[0]),
    }
    displayed = {"status_display", "required_expertise_display"}
    doubled = {*displayed, "target_content_type", "target_id", "bounty", "created_by"}
    return filled({**first, **told, **first}, doubled)


def submission(found: Found) -> dict[str, Any]:
    """A submission in full, its answers one a line."""
    told = found.record(found.objects[0], in_full=True)
    data = told.pop("data") or {}
    told["status"] = told["status_display"]
    told["geopoint"] = place(told)
    doubled = {"status_display", "approved", "target_id", "bounty"}
    return {**filled(told, doubled), **{f"data.{name}": value for name, value in flat(data)}}


def filled(record: Mapping[str, Any], without: set[str]) -> dict[str, Any]:
    return {name: each for name, each in record.items() if name not in without and each not in _EMPTY}


def flat(data: Mapping[str, Any], start: str = "") -> Iterator[tuple[str, Any]]:
    """
    >>> list(flat({"a": 1, "b": {"c": [2, 3]}}))
    [('a', 1), ('b.c', [2, 3])]
    """
    for name, value in data.items():
        if isinstance(value, dict) and value:
            yield from flat(value, f"{start}{name}.")
        else:
            yield f"{start}{name}", value


def place(record: Mapping[str, Any]) -> str | None:
    """Where something is: latitude and longitude and the radius in metres, or that it has a shape."""
    if record.get("shapefile"):
        return "a shape"
    geopoint, radius = record.get("geopoint"), record.get("radius")
    if not geopoint:
        return None
    longitude, latitude = geopoint["coordinates"][:2]
    return f"{latitude},{longitude}" + (f" ±{radius:g} m" if radius else "")


def history_line(event: Object) -> dict[str, Any]:
    told = {**event["attributes"], "change": change(event["attributes"])}
    return {head: told.get(name) for head, name in HISTORY.items()}


def change(event: Mapping[str, Any]) -> str:
    """What an event changed, from its facts before and after.

    >>> change({"before": {"status": "d", "end": None}, "after": {"status": "a", "end": None}})
    'status: d → a'
    """
    before, after = event.get("before") or {}, event.get("after") or {}
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    if not before:
        return ", ".join(f"{name}: {_fact(after[name])}" for name in names if after[name] not in _EMPTY)
    return ", ".join(f"{name}: {_fact(before.get(name))} → {_fact(after.get(name))}" for name in names)


def told(found: Object) -> str:
    """What became of a task: how its times and its rule were understood."""
    attributes = found["attributes"]
    parts = [attributes["status_display"].lower(), f"from {clock(attributes['start'])}"]
    if attributes["end"]:
        parts.append(f"to {clock(attributes['end'])}")
    if attributes["timing_rule"]:
        parts.append(f"on {attributes['occurrence_count']} dates")
    if attributes["current_bounty_amount"]:
        parts.append(f"for {attributes['current_bounty_amount']}")
    return f"task {found['id']}: {', '.join(parts)}."


def clock(text: str) -> str:
    return f"{local(text):%a %d %b %Y %H:%M}"


def looks() -> Looks:
    return {
        "name": lambda text: (shortened(text), ""),
        "status": lambda word: (word, STYLES.get(word, "")),
        "rate": lambda part: (f"{part:.0%}", ""),
        **dict.fromkeys(("start", "end", "time", "at", "submission_time", "created", "modified"), _local),
    }


def _target(found: Object) -> str:
    from rota.domain.field.contents import Content

    number = int(found["relationships"]["target_content_type"]["data"]["id"])
    return f"{Content(number).name.lower()}:{found['attributes']['target_id']}"


def _fact(value: Any) -> str:
    return "none" if value in _EMPTY else shortened(str(value))


def _local(text: str) -> tuple[str, str]:
    return f"{local(text):%Y-%m-%d %H:%M}", ""
