"""The OpenAPI 3.1 document of this dialect, put together from small tables."""

from collections.abc import Mapping

from rota.actions.registry import Catalogue
from rota.dialects.description import STRING, Description, Node, Operation, ref
from rota.dialects.kazoo.params import PAGE_LIMIT, PAGE_SIZE, STATUSES
from rota.dialects.kazoo.schemas import (
    ACCOUNT_ID,
    FILE_NAME,
    FILTER,
    MANIFEST,
    NAME,
    NEW_TASK,
    SECONDS,
    SIGN_IN,
    TABLE,
    TASK_ID,
    components,
)

_PARAMETERS: Mapping[str, tuple[str, Node, str]] = {
    "account_id": ("path", ACCOUNT_ID, "The account that is acted on."),
    "task_id": ("path", TASK_ID, "The task."),
    "category": ("query", NAME, "The action's category."),
    "action": ("query", NAME, "The action's name."),
    "category:only": ("query", STRING, "Only the actions of this category."),
    "action:only": ("query", STRING, "Only actions of this name."),
    "file_name": ("query", FILE_NAME, "A person's name for the input."),
    "page_size": (
        "query",
        {"type": "integer", "minimum": 1, "maximum": PAGE_LIMIT, "default": PAGE_SIZE},
        "How many items at most.",
    ),
    "paginate": ("query", {"type": "string", "enum": ["true", "false"]}, "false: everything at once."),
    "start_key": (
        "query",
        {"type": "string", "pattern": "^[0-9]{1,18}-[0-9a-f]{30}$"},
        "The last page's next_start_key.",
    ),
    "filter_status": ("query", {"type": "string", "enum": list(STATUSES)}, "Only tasks of this status."),
    "filter_category": ("query", FILTER, "Only tasks of this category."),
    "filter_action": ("query", FILTER, "Only tasks of this action."),
    "created_from": ("query", SECONDS, "Not created before, gregorian seconds."),
    "created_to": ("query", SECONDS, "Not created after, gregorian seconds."),
    "accept": ("query", {"type": "string", "enum": ["csv", "json"]}, "Overrides the Accept header."),
    "csv_name": ("query", STRING, "Which of the task's csvs; out.csv unless told."),
    "Range": ("header", STRING, "One range of bytes."),
    "If-Range": ("header", STRING, "The ETag that the range is of."),
    "If-None-Match": ("header", STRING, "ETags that the caller has."),
}

_LISTING = (
    *("page_size", "paginate", "start_key", "filter_status", "filter_category", "filter_action"),
    *("created_from", "created_to"),
)
_RANGES = ("Range", "If-Range", "If-None-Match")

_ERRORS: Mapping[int, str] = {
    400: "The request cannot be read, or the input is refused.",
    401: "No live token.",
    403: "The token may not act here.",
    404: "There is no such account, task, category, action or file.",
    405: "The path does not take this verb.",
    413: "The body is too large.",
    415: "The body's type or charset is not known.",
    416: "The range lies behind the end of the file.",
    429: "Too many failed sign-ins from this address.",
    500: "A fault of the server.",
    503: "The database does not answer.",
    507: "There is no room.",
}

_ALWAYS = (400, 405, 500, 503)


_JSON_TASK: Node = {"application/json": ref("TaskAnswer")}
_CSV: Node = {"text/csv": STRING}
_GUARDED = (401, 403, 404)
_FILE_ERRORS = (*_GUARDED, 416, 507)

_CREATE = Operation(
    "create",
    "Create a task, not started. A body of type application/octet-stream is taken for CSV.",
    {201: _JSON_TASK},
    (*_GUARDED, 413, 415, 507),
    ("category", "action", "file_name"),
    {
        "application/json": NEW_TASK,
        "application/x-json": NEW_TASK,
        "text/csv": TABLE,
        "text/comma-separated-values": TABLE,
    },
    required=frozenset({"category", "action"}),
)

_FILES: Mapping[int, Node] = {200: _CSV, 206: _CSV, 304: {}}

_TASK_PATHS: Mapping[str, Mapping[str, Operation]] = {
    "": {
        "get": Operation(
            "show",
            "The task; or one of its files, by Accept: text/csv, accept=csv or csv_name.",
            {
                200: {**_JSON_TASK, **_CSV, "application/json": {"anyOf": [ref("TaskAnswer"), MANIFEST]}},
                206: _CSV,
                304: {},
            },
            _FILE_ERRORS,
            ("accept", "csv_name", *_RANGES),
        ),
        "patch": Operation("start", "Start the task.", {200: _JSON_TASK}, (*_GUARDED, 507)),
        "delete": Operation("delete", "Delete the task, unless it executes.", {200: _JSON_TASK}, (*_GUARDED, 507)),
    },
    "/stop": {"patch": Operation("stop", "Stop the task for good.", {200: _JSON_TASK}, (*_GUARDED, 507))},
    "/input": {"get": Operation("input", "What was uploaded, byte for byte.", _FILES, _FILE_ERRORS, _RANGES)},
    "/output": {"get": Operation("output", "What came of it.", _FILES, _FILE_ERRORS, _RANGES)},
    "/manifest": {
        "get": Operation(
            "manifest",
            "The files of an ended task with their sizes and SHA-256.",
            {200: {"application/json": MANIFEST}, 206: {"application/json": STRING}, 304: {}},
            _FILE_ERRORS,
            _RANGES,
        )
    },
}

_PATHS: Mapping[str, Mapping[str, Operation]] = {
    "/v2/tasks": {
        "get": Operation(
            "catalogue",
            "The actions that are installed.",
            {200: {"application/json": ref("CatalogueAnswer")}},
            (),
            ("category:only", "action:only"),
            security=(),
        ),
        "put": _CREATE,
    },
    "/v2/accounts/{account_id}/tasks": {
        "get": Operation(
            "list",
            "The account's own tasks, newest first.",
            {200: {"application/json": ref("ListAnswer")}},
            _GUARDED,
            _LISTING,
        ),
        "put": _CREATE,
    },
    "/v2/api_auth": {
        "put": Operation(
            "sign_in",
            "A session token for a live token of the caller.",
            {201: {"application/json": ref("SessionAnswer")}},
            (401, 413, 415, 429, 507),
            body={"application/json": SIGN_IN, "application/x-json": SIGN_IN},
            body_required=True,
            security=(),
        )
    },
    **{
        f"{tasks}/{{task_id}}{tail}": verbs
        for tasks in ("/v2/tasks", "/v2/accounts/{account_id}/tasks")
        for tail, verbs in _TASK_PATHS.items()
    },
}


def document(catalogue: Catalogue | None = None) -> Node:
    """The whole description of what is served below `/v2`. With a catalogue, its filter is told exactly.

    Which actions a category has cannot be said of two parameters apart, so `action` then stands in the text alone.
    """
    described = _DESCRIPTION.document()
    if catalogue:
        exact = _DESCRIPTION.parameter("category:only")
        exact["schema"] = {"enum": sorted({each.category for each in catalogue})}
        exact["description"] += " With `action` as well, only that action of it."
        described["paths"]["/v2/tasks"]["get"]["parameters"] = [exact]
    return described


def _identify(path: str, operation: Operation) -> str:
    return f"kazoo_{'account_' if '{account_id}' in path else ''}{operation.name}"


_DESCRIPTION = Description(
    title="rota: bulk background jobs",
    about="Tasks as Kazoo and Piston have them. Times are gregorian seconds: unix + 62167219200.",
    paths=_PATHS,
    parameters=_PARAMETERS,
    errors=_ERRORS,
    always=_ALWAYS,
    schemas=components(),
    schemes={
        "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"},
        "bearer": {"type": "http", "scheme": "bearer"},
    },
    security=("token", "bearer"),
    identify=_identify,
)
