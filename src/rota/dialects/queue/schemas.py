"""The documents of this dialect as JSON Schema, for its OpenAPI description."""

from collections.abc import Iterable

from rota.dialects.description import STRING, Node, ref
from rota.dialects.queue.params import ACTIONS, MOST, MOST_ID
from rota.dialects.queue.workers import VERBS
from rota.domain import items
from rota.domain.fields import (
    DEADLINE_LIMIT,
    ESTIMATE_LIMIT,
    PRIORITY_LIMIT,
    PROPERTIES_LIMIT,
    PROPERTY_NAME_LIMIT,
    SECOND,
    TAG_LIMIT,
    TAGS_LIMIT,
    TITLE_LIMIT,
)
from rota.domain.items import Completion, Status
from rota.domain.webhooks import DESCRIPTION_LIMIT, KINDS, LONGEST_OVERLAP_S, URL_LIMIT, State

TIME: Node = {"type": "string", "format": "date-time"}
NUMBER: Node = {"type": "number"}
SECONDS = NUMBER
AVERAGE: Node = {"type": ["number", "null"]}
COUNT: Node = {"type": "integer", "minimum": 0}
EMAIL: Node = {"type": "string", "minLength": 3}
TEXTS: Node = {"type": "object", "additionalProperties": STRING}
LIMIT: Node = {"type": "integer", "minimum": 1, "maximum": MOST}
EVENT_ID: Node = {"type": "integer", "minimum": 0, "maximum": MOST_ID}
TASK_ID: Node = {"type": "integer", "minimum": 1, "maximum": MOST_ID}

_TEXT: Node = {"type": "string", "pattern": r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$"}
"""Without control characters but tabs and line ends, at most 64 KiB of UTF-8."""

_TITLE: Node = {
    "type": "string",
    "pattern": r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$",
    "maxLength": TITLE_LIMIT,
}
_WORDS: Node = {"type": "string", "pattern": r"^[^\u0000-\u0008\u000e-\u001b\u007f-\u0084\u0086-\u009f]*$"}
"""Tags between white space, each of at most 100 characters."""

_WORD: Node = {"type": "string", "pattern": r"^[^\s\u0000-\u001f\u007f-\u009f]+$", "maxLength": TAG_LIMIT}

_MOMENT: Node = {
    "anyOf": [
        {"type": "string", "pattern": "^20[0-9]{2}-0[1-9]-1[0-9]T1[0-9]:[0-5][0-9]:[0-5][0-9]Z$"},
        {"type": "number", "maximum": DEADLINE_LIMIT / SECOND},
    ],
    "description": "ISO 8601, UTC where no offset is given; or seconds since 1970, zero or less for as soon as "
    "possible.",
}


def _closed(properties: Node, required: Iterable[str] = ()) -> Node:
    return {"type": "object", "required": [*required], "properties": properties, "additionalProperties": False}


def _whole(properties: Node, optional: Node | None = None) -> Node:
    return _closed({**properties, **(optional or {})}, properties)


NEW_TASK: Node = _closed(
    {
        "title": _TITLE,
        "description": _TEXT,
        "instructions": _TEXT,
        "deadline": _MOMENT,
        "estimate": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": ESTIMATE_LIMIT / SECOND,
            "description": "Seconds.",
        },
        "owner": {"type": "string", "format": "email", "description": "A user of the account; the caller."},
        "tags": {
            "anyOf": [
                _WORDS,
                {"type": "array", "items": _WORD, "maxItems": TAGS_LIMIT},
            ]
        },
        "priority": {"type": "number", "minimum": -PRIORITY_LIMIT, "maximum": PRIORITY_LIMIT},
        "properties": {
            "type": "object",
            "additionalProperties": _TEXT,
            "propertyNames": {"pattern": r"^[^\u0000-\u001f\u007f-\u009f]+$", "maxLength": PROPERTY_NAME_LIMIT},
            "maxProperties": PROPERTIES_LIMIT,
        },
        "state": {"const": "queued"},
    },
    ["title"],
)

SHIFT: Node = _closed(
    {"id": {"anyOf": [{"type": "string", "format": "email"}, {"type": "null"}], "description": "Whose; the caller's."}}
)
MOVE: Node = _closed({"status": {"enum": list(VERBS)}}, ["status"])

URL: Node = {"type": "string", "format": "uri", "pattern": "^https?://", "maxLength": URL_LIMIT}
_TYPES: Node = {"type": "array", "items": {"enum": list(KINDS)}, "description": "Of which events; none: of all."}

NEW_WEBHOOK: Node = _closed(
    {
        "url": URL,
        "types": {"anyOf": [_TYPES, {"type": "null"}]},
        "description": {"type": "string", "maxLength": DESCRIPTION_LIMIT},
        "enabled": {"type": "boolean"},
    },
    ["url"],
)
OVERLAP: Node = _closed({"overlap": {"type": "integer", "minimum": 0, "maximum": LONGEST_OVERLAP_S}})

_WEBHOOK_FIELDS: Node = {
    "id": STRING,
    "url": URL,
    "types": _TYPES,
    "description": STRING,
    "enabled": {"type": "boolean"},
    "created_on": TIME,
}
_WEBHOOK_TIMES: Node = {
    **dict.fromkeys(("disabled_on", "delivered_on", "failing_since", "previous_secret_until"), TIME),
    "disabled_because": STRING,
}
_DELIVERY: Node = _whole(
    {"id": STRING, "type": STRING, "state": {"enum": list(State)}, "attempts": COUNT, "queued_on": TIME, "payload": {}},
    {
        **dict.fromkeys(("attempted_on", "next_on", "settled_on"), TIME),
        "last_status": {"type": "integer"},
        "last_error": STRING,
    },
)

_TASK: Node = _whole(
    {
        "_id": TASK_ID,
        "title": STRING,
        "description": STRING,
        "instructions": STRING,
        "deadline": TIME,
        "estimate": SECONDS,
        "priority": NUMBER,
        "owner": EMAIL,
        "tags": {"type": "array", "items": STRING},
        "_tags": STRING,
        "properties": TEXTS,
        "state": {"enum": list(items.State)},
        "_state": {"enum": list(items.State)},
        "_created_by": EMAIL,
        "_created_on": TIME,
        "_last_modified_on": TIME,
    },
    {
        "_worked_by": EMAIL,
        "_worked_on": TIME,
        "_work_status": {"enum": [Status.ACTIVE, Status.SUSPENDED, *Completion]},
        "_completed_on": TIME,
        "_completion_status": {"enum": list(Completion)},
    },
)

_EVENT: Node = _whole({"user": EMAIL, "date": TIME, "action": {"enum": list(ACTIONS.values())}}, {"task_id": TASK_ID})
_TASKS: Node = {"type": "array", "items": ref("Task")}
_EVENTS: Node = {"type": "array", "items": ref("Event")}

_WORKER: Node = _whole(
    {"_id": {"type": "integer"}, "userid": EMAIL, "status": {"enum": ["loggedin", "loggedout"]}},
    {
        "loggedin_on": TIME,
        "current": {"anyOf": [ref("Task"), {"type": "null"}]},
        "suspended": _TASKS,
        "events": _EVENTS,
    },
)

_HISTORY: Node = _whole(
    {
        "events": {
            "type": "array",
            "items": _whole({"when": TIME, "who": EMAIL, "what": {"enum": list(ACTIONS.values())}}),
        },
        **dict.fromkeys(("time_elapsed", "time_til_deadline", "time_worked_on", "time_suspended"), SECONDS),
        **dict.fromkeys(("time_queued", "time_rejected"), SECONDS),
        "times_rejected": COUNT,
    }
)

_TERM: Node = _whole({"name": STRING, "amount": NUMBER, "weight": NUMBER, "value": NUMBER})

_AVERAGES: Node = {
    "avg_tat": AVERAGE,
    "avg_time_worked_on": AVERAGE,
    "avg_time_suspended": AVERAGE,
    "avg_time_queued": AVERAGE,
    "avg_time_rejected": AVERAGE,
    "avg_times_rejected": AVERAGE,
}
_DONE: Node = dict.fromkeys(("tasks_completed", "tasks_completed_successfully"), COUNT)
_RATIOS: Node = {"rejection_ratio": AVERAGE, "failure_ratio": AVERAGE}

_WORKER_STATS: Node = _whole(
    {
        "avg_session_length": AVERAGE,
        "num_of_sessions": COUNT,
        "time_loggedin": SECONDS,
        "time_active": SECONDS,
        "tasks_grabbed": COUNT,
        **_DONE,
        **_RATIOS,
        "avg_tat": AVERAGE,
    }
)
_OWNER_STATS: Node = _whole(
    {"tasks_requested": COUNT, **_DONE, "time_active": SECONDS, "num_of_workers": COUNT, **_RATIOS, **_AVERAGES}
)
_TASK_STATS: Node = _whole({"tasks_requested": COUNT, **_DONE, "failure_ratio": AVERAGE, **_AVERAGES})

_FLOOR_STATS: Node = _whole(
    {
        "tasks": _whole(dict.fromkeys(Status, COUNT)),
        "longest_waiting": {"type": "array", "items": _whole({"task": ref("Task"), "waiting": SECONDS})},
        "waiting": _whole(
            {
                "threshold": SECONDS,
                "tasks_grabbed": COUNT,
                "within_threshold": COUNT,
                "avg_waiting": AVERAGE,
                "max_waiting": AVERAGE,
            }
        ),
        "workers": {
            "type": "object",
            "additionalProperties": _whole(
                dict.fromkeys(("time_loggedin", "time_active", "time_idle", "time_suspended"), SECONDS)
            ),
        },
    }
)


def components() -> Node:
    """The named documents."""
    return {
        "Task": _TASK,
        "Tasks": _TASKS,
        "Event": _EVENT,
        "Events": _EVENTS,
        "Worker": _WORKER,
        "Workers": {"type": "array", "items": ref("Worker")},
        "Shift": _whole({"token": STRING}),
        "Turn": _whole({"text": STRING, "task": ref("Task")}, {"suspended": ref("Task"), "resumed": ref("Task")}),
        "History": _HISTORY,
        "Why": _whole({"urgency": NUMBER, "terms": {"type": "array", "items": _TERM}}),
        "WorkerStats": {"type": "object", "additionalProperties": _WORKER_STATS},
        "OwnerStats": {"type": "object", "additionalProperties": _OWNER_STATS},
        "TaskStats": _TASK_STATS,
        "FloorStats": _FLOOR_STATS,
        "Webhook": _whole(_WEBHOOK_FIELDS, _WEBHOOK_TIMES),
        "WebhookWithSecret": _whole({**_WEBHOOK_FIELDS, "secret": STRING}, _WEBHOOK_TIMES),
        "Webhooks": {"type": "array", "items": ref("Webhook")},
        "Delivery": _DELIVERY,
        "Deliveries": {"type": "array", "items": ref("Delivery")},
        "Nothing": _closed({}),
        "Error": _whole(
            {
                "error": {
                    "type": "object",
                    "required": ["code", "message"],
                    "properties": {"code": STRING, "message": STRING, "faults": TEXTS},
                },
                "text": STRING,
            }
        ),
    }
