"""The OpenAPI 3.1 document of this dialect, put together from small tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rota import __version__
from rota.dialects.kazoo.params import FILE_NAME_LIMIT, PAGE_LIMIT, PAGE_SIZE, STATUSES

Node = dict[str, Any]

_NO_NUL = "^[^\\u0000]*$"
_STRING: Node = {"type": "string"}
_COUNT: Node = {"type": "integer", "minimum": 0}
_SECONDS: Node = {"type": "integer", "minimum": 0, "maximum": 999_999_999_999}
_ACCOUNT_ID: Node = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
_TASK_ID: Node = {"type": "string", "pattern": "^[0-9a-f]{30}$"}
_NAME: Node = {"type": "string", "minLength": 1}
_FILTER: Node = {"type": "string", "pattern": _NO_NUL}
_FILE_NAME: Node = {"type": "string", "maxLength": FILE_NAME_LIMIT, "pattern": _NO_NUL}

_PARAMETERS: Mapping[str, tuple[str, Node, str]] = {
    "account_id": ("path", _ACCOUNT_ID, "The account that is acted on."),
    "task_id": ("path", _TASK_ID, "The task."),
    "category": ("query", _NAME, "The action's category."),
    "action": ("query", _NAME, "The action's name."),
    "only_category": ("query", _STRING, "Only the actions of this category."),
    "only_action": ("query", _STRING, "Only actions of this name."),
    "file_name": ("query", _FILE_NAME, "A person's name for the input."),
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
    "filter_category": ("query", _FILTER, "Only tasks of this category."),
    "filter_action": ("query", _FILTER, "Only tasks of this action."),
    "created_from": ("query", _SECONDS, "Not created before, gregorian seconds."),
    "created_to": ("query", _SECONDS, "Not created after, gregorian seconds."),
    "accept": ("query", {"type": "string", "enum": ["csv", "json"]}, "Overrides the Accept header."),
    "csv_name": ("query", _STRING, "Which of the task's csvs; out.csv unless told."),
    "Range": ("header", _STRING, "One range of bytes."),
    "If-Range": ("header", _STRING, "The ETag that the range is of."),
    "If-None-Match": ("header", _STRING, "ETags that the caller has."),
}

_LISTING = (
    *("page_size", "paginate", "start_key", "filter_status", "filter_category", "filter_action"),
    *("created_from", "created_to"),
)
_RANGES = ("Range", "If-Range", "If-None-Match")

_META: Node = {
    "type": "object",
    "required": ["description", "doc"],
    "properties": {
        "description": _STRING,
        "doc": _STRING,
        "expected_content": {"const": "text/csv"},
        "mandatory": {"type": "array", "items": _STRING},
        "optional": {"type": "array", "items": _STRING},
    },
}

_TASK: Node = {
    "type": "object",
    "required": [
        *("id", "account_id", "auth_account_id", "category", "action", "created", "submit_timestamp", "status"),
    ],
    "properties": {
        "id": _TASK_ID,
        "account_id": _ACCOUNT_ID,
        "auth_account_id": _ACCOUNT_ID,
        "category": _STRING,
        "action": _STRING,
        "file_name": _STRING,
        "created": _SECONDS,
        "submit_timestamp": _SECONDS,
        "start_timestamp": _SECONDS,
        "end_timestamp": _SECONDS,
        "node": _STRING,
        "status": {"enum": list(STATUSES)},
        "total_count": _COUNT,
        "success_count": _COUNT,
        "failure_count": _COUNT,
        "csvs": {"type": "array", "items": _STRING},
    },
    "additionalProperties": False,
}

_SESSION: Node = {
    "type": "object",
    "required": ["account_id", "auth_token", "owner_id"],
    "properties": {"account_id": _ACCOUNT_ID, "auth_token": _STRING, "owner_id": _STRING},
}

_MANIFEST: Node = {
    "type": "object",
    "required": ["id", "account_id", "category", "action", "status", "files"],
    "properties": {
        "files": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "rows", "bytes", "sha256"],
                "properties": {"name": _STRING, "rows": _COUNT, "bytes": _COUNT, "sha256": _STRING},
            },
        }
    },
}

_CATALOGUE: Node = {
    "type": "object",
    "required": ["tasks"],
    "properties": {
        "tasks": {
            "type": "object",
            "description": "Actions by category and name; one action asked for by both stands alone.",
            "additionalProperties": {
                "anyOf": [
                    {"$ref": "#/components/schemas/Meta"},
                    {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Meta"}},
                ]
            },
        }
    },
}

_RECORD: Node = {
    "type": "object",
    "minProperties": 1,
    "propertyNames": {"minLength": 1, "pattern": _NO_NUL},
    "additionalProperties": {
        "anyOf": [{"type": "string", "pattern": _NO_NUL}, {"type": "number"}, {"type": "boolean"}, {"type": "null"}]
    },
}

_NEW_TASK: Node = {
    "type": "object",
    "required": ["data"],
    "properties": {
        "data": {
            "type": "object",
            "properties": {"records": {"type": "array", "items": _RECORD}, "file_name": _FILE_NAME},
        }
    },
}

_SIGN_IN: Node = {
    "type": "object",
    "required": ["data"],
    "properties": {
        "data": {"type": "object", "required": ["api_key"], "properties": {"api_key": {**_STRING, "minLength": 1}}}
    },
}

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


@dataclass(frozen=True, slots=True)
class _Operation:
    """One verb of a path. `answers` is what succeeds: status to the `data` of an envelope, or to media types."""

    name: str
    summary: str
    answers: Mapping[int, Node]
    errors: Sequence[int]
    parameters: Sequence[str] = ()
    body: Mapping[str, Node] | None = None
    required: frozenset[str] = frozenset()
    public: bool = False


def _ref(name: str) -> Node:
    return {"$ref": f"#/components/schemas/{name}"}


_JSON_TASK: Node = {"application/json": _ref("TaskAnswer")}
_CSV: Node = {"text/csv": _STRING}
_GUARDED = (401, 403, 404)
_FILE_ERRORS = (*_GUARDED, 416, 507)

_CREATE = _Operation(
    "create",
    "Create a task, not started.",
    {201: _JSON_TASK},
    (*_GUARDED, 413, 415, 507),
    ("category", "action", "file_name"),
    {
        "application/json": _NEW_TASK,
        "application/x-json": _NEW_TASK,
        "text/csv": _STRING,
        "text/comma-separated-values": _STRING,
        "application/octet-stream": _STRING,
    },
    required=frozenset({"category", "action"}),
)

_FILES: Mapping[int, Node] = {200: _CSV, 206: _CSV, 304: {}}

_TASK_PATHS: Mapping[str, Mapping[str, _Operation]] = {
    "": {
        "get": _Operation(
            "show",
            "The task; or one of its files, by Accept: text/csv, accept=csv or csv_name.",
            {
                200: {**_JSON_TASK, **_CSV, "application/json": {"anyOf": [_ref("TaskAnswer"), _MANIFEST]}},
                206: _CSV,
                304: {},
            },
            _FILE_ERRORS,
            ("accept", "csv_name", *_RANGES),
        ),
        "patch": _Operation("start", "Start the task.", {200: _JSON_TASK}, (*_GUARDED, 507)),
        "delete": _Operation("delete", "Delete the task, unless it executes.", {200: _JSON_TASK}, (*_GUARDED, 507)),
    },
    "/stop": {"patch": _Operation("stop", "Stop the task for good.", {200: _JSON_TASK}, (*_GUARDED, 507))},
    "/input": {"get": _Operation("input", "What was uploaded, byte for byte.", _FILES, _FILE_ERRORS, _RANGES)},
    "/output": {"get": _Operation("output", "What came of it.", _FILES, _FILE_ERRORS, _RANGES)},
    "/manifest": {
        "get": _Operation(
            "manifest",
            "The files of an ended task with their sizes and SHA-256.",
            {200: {"application/json": _MANIFEST}, 206: {"application/json": _STRING}, 304: {}},
            _FILE_ERRORS,
            _RANGES,
        )
    },
}

_PATHS: Mapping[str, Mapping[str, _Operation]] = {
    "/v2/tasks": {
        "get": _Operation(
            "catalogue",
            "The actions that are installed.",
            {200: {"application/json": _ref("CatalogueAnswer")}},
            (),
            ("only_category", "only_action"),
            public=True,
        ),
        "put": _CREATE,
    },
    "/v2/accounts/{account_id}/tasks": {
        "get": _Operation(
            "list",
            "The account's own tasks, newest first.",
            {200: {"application/json": _ref("ListAnswer")}},
            _GUARDED,
            _LISTING,
        ),
        "put": _CREATE,
    },
    "/v2/api_auth": {
        "put": _Operation(
            "sign_in",
            "A session token for a live token of the caller.",
            {201: {"application/json": _ref("SessionAnswer")}},
            (401, 413, 415, 429, 507),
            body={"application/json": _SIGN_IN, "application/x-json": _SIGN_IN},
            public=True,
        )
    },
    **{
        f"{tasks}/{{task_id}}{tail}": verbs
        for tasks in ("/v2/tasks", "/v2/accounts/{account_id}/tasks")
        for tail, verbs in _TASK_PATHS.items()
    },
}


def document() -> Node:
    """The whole description of what is served below `/v2`."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "rota: bulk background jobs",
            "version": __version__,
            "description": "Tasks as Kazoo and Piston have them. Times are gregorian seconds: unix + 62167219200.",
        },
        "paths": {path: _path(path, verbs) for path, verbs in _PATHS.items()},
        "security": [{"token": []}, {"bearer": []}],
        "components": {
            "securitySchemes": {
                "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
            "schemas": _schemas(),
        },
    }


def _schemas() -> Node:
    return {
        "Meta": _META,
        "Task": _TASK,
        "TaskAnswer": _success(
            {"type": "object", "required": ["_read_only"], "properties": {"_read_only": _ref("Task")}}
        ),
        "ListAnswer": _success({"type": "array", "items": _ref("Task")}),
        "CatalogueAnswer": _success(_CATALOGUE),
        "SessionAnswer": _success(_SESSION),
        "Error": _error(),
    }


_ENVELOPE: Mapping[str, Node] = {
    "auth_token": _STRING,
    "node": _STRING,
    "page_size": _COUNT,
    "request_id": _STRING,
    "timestamp": {"type": "string", "format": "date-time"},
    "version": _STRING,
}


def _success(data: Node) -> Node:
    own = {"data": data, "revision": _STRING, "start_key": _STRING, "next_start_key": _STRING}
    required = ["data", "node", "request_id", "revision", "status", "timestamp", "version"]
    return _closed({**_ENVELOPE, **own, "status": {"const": "success"}}, required)


def _error() -> Node:
    own: Node = {
        "data": {"anyOf": [{"type": "object"}, {"type": "array", "items": _STRING}]},
        "error": {"type": "string", "pattern": "^[0-9]{3}$"},
        "message": _STRING,
        "status": {"const": "error"},
    }
    required = ["data", "error", "message", "node", "request_id", "status", "timestamp", "version"]
    return _closed({**_ENVELOPE, **own}, required)


def _closed(properties: Node, required: list[str]) -> Node:
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


def _path(path: str, verbs: Mapping[str, _Operation]) -> Node:
    in_path = [name for name in ("account_id", "task_id") if f"{{{name}}}" in path]
    return {verb: _operation(path, operation, in_path) for verb, operation in verbs.items()}


def _operation(path: str, operation: _Operation, in_path: list[str]) -> Node:
    form = "account_" if "{account_id}" in path else ""
    described: Node = {
        "operationId": f"kazoo_{form}{operation.name}",
        "summary": operation.summary,
        "parameters": [_parameter(name, operation.required) for name in (*in_path, *operation.parameters)],
        "responses": _responses(operation),
    }
    if operation.public:
        described["security"] = []
    if operation.body:
        described["requestBody"] = {"required": operation.public, "content": _content(operation.body)}
    return described


def _parameter(name: str, required: frozenset[str]) -> Node:
    where, schema, description = _PARAMETERS[name]
    needed = where == "path" or name in required
    return {
        "name": name.removeprefix("only_"),
        "in": where,
        "required": needed,
        "schema": schema,
        "description": description,
    }


def _responses(operation: _Operation) -> Node:
    good = {str(status): _response("Done.", content) for status, content in operation.answers.items()}
    error = {"application/json": _ref("Error")}
    bad = {str(status): _response(_ERRORS[status], error) for status in sorted({*_ALWAYS, *operation.errors})}
    return {**good, **bad}


def _response(description: str, content: Mapping[str, Node]) -> Node:
    named: Node = {"X-Request-ID": {"schema": _STRING, "description": "The request's id."}}
    response: Node = {"description": description, "headers": named}
    return {**response, "content": _content(content)} if content else response


def _content(kinds: Mapping[str, Node]) -> Node:
    return {kind: {"schema": schema} for kind, schema in kinds.items()}
