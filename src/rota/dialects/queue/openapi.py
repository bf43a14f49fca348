"""The OpenAPI 3.1 document of this dialect, put together from small tables."""

from collections.abc import Mapping

from rota.dialects.description import JSON, STRING, Description, Node, Operation, ref
from rota.dialects.queue.params import EVENT_TYPES, MOST_SECONDS
from rota.dialects.queue.schemas import (
    EVENT_ID,
    LIMIT,
    MOVE,
    NEW_TASK,
    NEW_WEBHOOK,
    OVERLAP,
    SECONDS,
    SHIFT,
    TASK_ID,
    TIME,
    components,
)
from rota.domain.items import Status
from rota.domain.webhooks import State

_SECONDS: Node = {**SECONDS, "minimum": 0, "maximum": MOST_SECONDS}


def _or_blank(*schemas: Node) -> Node:
    """A blank value of a query counts as none."""
    return {"anyOf": [*schemas, {"const": ""}]}


_MOMENT = _or_blank(_SECONDS, TIME)

_SOMEBODY = _or_blank({"type": "string", "format": "email"})

_PARAMETERS: Mapping[str, tuple[str, Node, str]] = {
    "task_id": ("path", TASK_ID, "The task."),
    "email": ("path", {"type": "string", "format": "email"}, "The worker."),
    "webhook_id": ("path", STRING, "The webhook."),
    "delivery_id": ("path", STRING, "The message, as the receiver sees it in `webhook-id`."),
    "state": ("query", {"enum": [*State, ""]}, "Only deliveries in this state."),
    "last_event_id": ("query", _or_blank(EVENT_ID), "Resume after this event; for clients that cannot set headers."),
    "Last-Event-ID": ("header", _or_blank(EVENT_ID), "Resume after this event."),
    "status": ("query", {"enum": [*Status, ""]}, "Only tasks that stand so; without it, all but the deleted."),
    "owner": ("query", STRING, "Only what belongs to this e-mail."),
    "tag": ("query", STRING, "Only tasks with this tag."),
    "title": ("query", STRING, "Only tasks whose title holds these words, whatever their case."),
    "worker": ("query", _SOMEBODY, "Only this worker."),
    "owner:one": ("query", _SOMEBODY, "Only this owner."),
    "n": ("query", _or_blank({**LIMIT, "default": 100}), "How many at most."),
    "n:one": ("query", _or_blank({**LIMIT, "default": 1}), "How many at most."),
    "user": ("query", STRING, "Only what this worker did; `task` is then ignored."),
    "type": ("query", {"enum": [*EVENT_TYPES, ""]}, "Only events of this type; loginout is login and logout."),
    "task": ("query", _or_blank({**TASK_ID, "minimum": 0}), "Only what happened to this task."),
    "long": ("query", {"enum": ["true", "false", ""]}, "With the tasks in hand, and what was done since the login."),
    "from": ("query", _MOMENT, "The start of the interval: ISO 8601, or seconds since 1970."),
    "to": ("query", _MOMENT, "Its end, which is not part of it. [now]"),
    "threshold": ("query", _or_blank({**_SECONDS, "default": 60}), "Seconds of waiting."),
}

_ERRORS: Mapping[int, str] = {
    400: "The request cannot be read; the faults of all its fields at once.",
    401: "No live token, and no e-mail with its password.",
    403: "The caller may not do this, or needs to log in first.",
    404: "There is no such task or worker, or nothing to grab.",
    405: "The path does not take this verb.",
    409: "The task does not stand so that this can be done.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    429: "Too many failed sign-ins from this address.",
    500: "A fault of the server.",
    503: "The database does not answer.",
    507: "There is no room.",
}

_ALWAYS = (400, 401, 405, 429, 500, 503)
_BODY = (413, 415, 507)


def _gives(name: str, status: int = 200) -> Mapping[int, Mapping[str, Node]]:
    return {status: {JSON: ref(name)}}


_NEW_TASK: Mapping[str, Node] = {JSON: NEW_TASK}

_PATHS: Mapping[str, Mapping[str, Operation]] = {
    "/tasks": {
        "get": Operation(
            "list_tasks", "Tasks by priority, then urgency.", _gives("Tasks"), (), ("status", "owner", "tag", "n")
        ),
        "post": Operation(
            "add", "A new task in the queue.", _gives("Task", 201), _BODY, body=_NEW_TASK, body_required=True
        ),
    },
    "/tasks/queued": {"get": Operation("list_queued", "At most 100 queued tasks.", _gives("Tasks"), (), ("n",))},
    "/tasks/available": {
        "get": Operation(
            "peek",
            "The most urgent tasks; the log is told.",
            _gives("Tasks"),
            (507,),
            ("n:one",),
        )
    },
    "/tasks/{task_id}": {
        "get": Operation("show", "The task.", _gives("Task"), (404,)),
        "put": Operation(
            "update",
            "Write a queued task anew, with defaults for what is missing; its tags stay.",
            _gives("Task"),
            (404, 409, *_BODY),
            body=_NEW_TASK,
            body_required=True,
        ),
        "delete": Operation("delete", "Take a queued task out for good.", _gives("Task"), (404, 409, 507)),
    },
    "/tasks/{task_id}/history": {
        "get": Operation("history", "What happened to the task, and where its time went.", _gives("History"), (404,))
    },
    "/tasks/{task_id}/why": {
        "get": Operation("why", "Why the task is as urgent as it is, term by term.", _gives("Why"), (404,))
    },
    "/tasks/{task_id}/purge": {
        "post": Operation("purge", "Superusers: remove a task and its events.", _gives("Nothing"), (403, 404, 507))
    },
    "/workers": {
        "get": Operation("list_workers", "All workers.", _gives("Workers")),
        "post": Operation(
            "login",
            "Begin a shift; the token works until its end.",
            _gives("Shift"),
            (403, 404, *_BODY),
            body={JSON: SHIFT},
            security=("token", "bearer", "basic"),
        ),
        "delete": Operation("logout", "End one's shift; the active task is put aside.", _gives("Nothing"), (403, 507)),
    },
    "/workers/loggedin": {"get": Operation("list_logged_in", "The workers on shift.", _gives("Workers"))},
    "/workers/tasks": {
        "get": Operation("list_held", "What the caller has in hand.", _gives("Tasks")),
        "post": Operation("grab", "Grab the most urgent task.", _gives("Task"), (403, 404, 507)),
    },
    "/workers/tasks/{task_id}": {
        "post": Operation("grab_one", "Grab this task.", _gives("Task"), (403, 404, 409, 507)),
        "put": Operation(
            "move",
            "Resume, put aside, release or complete a task in hand.",
            _gives("Turn"),
            (403, 404, 409, *_BODY),
            body={JSON: MOVE},
            body_required=True,
        ),
    },
    "/workers/{email}": {"get": Operation("show_worker", "One worker.", _gives("Worker"), (404,), ("long",))},
    "/events": {
        "get": Operation(
            "list_events", "The newest events, in their order.", _gives("Events"), (), ("user", "type", "task", "n")
        )
    },
    "/events/stream": {
        "get": Operation(
            "stream",
            "The events as they come about, as server-sent events: `id`, `event` (the action) and `data` (the event).",
            {200: {"text/event-stream": STRING}},
            (),
            ("user", "type", "task", "last_event_id", "Last-Event-ID"),
        )
    },
    "/worker-stats": {
        "get": Operation(
            "worker_stats", "What each worker did.", _gives("WorkerStats"), (404,), ("from", "to", "worker")
        )
    },
    "/owner-stats": {
        "get": Operation(
            "owner_stats",
            "What became of owners' tasks.",
            _gives("OwnerStats"),
            (404,),
            ("from", "to", "owner:one"),
        )
    },
    "/task-stats": {
        "get": Operation(
            "task_stats", "What became of the tasks.", _gives("TaskStats"), (), ("from", "to", "tag", "title")
        )
    },
    "/floor-stats": {
        "get": Operation(
            "floor_stats",
            "Tasks by status, the longest waiting, waiting times, and where each worker's time went.",
            _gives("FloorStats"),
            (),
            ("from", "to", "threshold"),
        )
    },
}

_WEBHOOK_PATHS: Mapping[str, Mapping[str, Operation]] = {
    "/webhooks": {
        "get": Operation("list_webhooks", "Admins: the account's webhooks.", _gives("Webhooks"), (403,)),
        "post": Operation(
            "add_webhook",
            "Admins: tell a URL what happens. The secret is shown this once.",
            _gives("WebhookWithSecret"),
            (403, 409, *_BODY),
            body={JSON: NEW_WEBHOOK},
            body_required=True,
        ),
    },
    "/webhooks/{webhook_id}": {
        "get": Operation("show_webhook", "The webhook, without its secret.", _gives("Webhook"), (403, 404)),
        "put": Operation(
            "update_webhook",
            "Write the webhook anew; `enabled` stays where it is left out.",
            _gives("Webhook"),
            (403, 404, *_BODY),
            body={JSON: NEW_WEBHOOK},
            body_required=True,
        ),
        "delete": Operation("delete_webhook", "Remove it and its deliveries.", _gives("Webhook"), (403, 404, 507)),
    },
    "/webhooks/{webhook_id}/rotate": {
        "post": Operation(
            "rotate_secret",
            "A new secret, shown this once; the old one signs beside it for `overlap` seconds, a day.",
            _gives("WebhookWithSecret"),
            (403, 404, *_BODY),
            body={JSON: OVERLAP},
        )
    },
    "/webhooks/{webhook_id}/test": {
        "post": Operation("test_webhook", "Send a message of no event.", _gives("Delivery"), (403, 404, 409, 507))
    },
    "/webhooks/{webhook_id}/deliveries": {
        "get": Operation(
            "list_deliveries",
            "The newest messages, the newest first.",
            _gives("Deliveries"),
            (403, 404),
            ("state", "n"),
        )
    },
    "/webhooks/{webhook_id}/deliveries/{delivery_id}/retry": {
        "post": Operation("retry_delivery", "Send a message once more.", _gives("Delivery"), (403, 404, 409, 507))
    },
}

_FORM: Mapping[str, Node] = {"application/x-www-form-urlencoded": {"type": "object"}}

_SLACK_PATHS: Mapping[str, Mapping[str, Operation]] = {
    path: {
        "post": Operation(
            name, f"{what}, signed by Slack.", {200: {JSON: {"type": "object"}}}, (404, *_BODY), body=_FORM, security=()
        )
    }
    for path, name, what in (
        ("/slack/commands", "slack_command", "A slash command"),
        ("/slack/interactive", "slack_interaction", "A button that somebody pressed"),
    )
}


def document() -> Node:
    """The whole description of what this dialect serves."""
    return _DESCRIPTION.document()


_DESCRIPTION = Description(
    title="rota: the desk",
    about="A queue that people work from. Times are ISO 8601 UTC, durations seconds, users e-mail addresses.",
    paths={**_PATHS, **_WEBHOOK_PATHS, **_SLACK_PATHS},
    parameters=_PARAMETERS,
    errors=_ERRORS,
    always=_ALWAYS,
    schemas=components(),
    schemes={
        "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"},
        "bearer": {"type": "http", "scheme": "bearer"},
        "basic": {"type": "http", "scheme": "basic"},
    },
    security=("token", "bearer"),
    identify=lambda path, operation: f"queue_{operation.name}",
)
