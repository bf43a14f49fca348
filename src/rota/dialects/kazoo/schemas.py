"""The documents of this dialect as JSON Schema, for its OpenAPI description."""

from collections.abc import Mapping

from rota.dialects.description import STRING, Node, ref
from rota.dialects.kazoo.params import FILE_NAME_LIMIT, STATUSES

NO_NUL = "^[^\\u0000]*$"
COUNT: Node = {"type": "integer", "minimum": 0}
SECONDS: Node = {"type": "integer", "minimum": 0, "maximum": 999_999_999_999}
ACCOUNT_ID: Node = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
TASK_ID: Node = {"type": "string", "pattern": "^[0-9a-f]{30}$"}
NAME: Node = {"type": "string", "minLength": 1}
FILTER: Node = {"type": "string", "pattern": NO_NUL}
FILE_NAME: Node = {"type": "string", "maxLength": FILE_NAME_LIMIT, "pattern": NO_NUL}

TABLE: Node = {
    "type": "string",
    "pattern": "^[A-Za-z][0-9A-Za-z_]{0,30}(\\n[0-9A-Za-z_]{1,30}){1,100}\\n?$",
    "description": "A table by RFC 4180 with a header and at least one row, of any size. The pattern is the simplest "
    "of them, of one column: no pattern can say that all rows are equally long.",
}

META: Node = {
    "type": "object",
    "required": ["description", "doc"],
    "properties": {
        "description": STRING,
        "doc": STRING,
        "expected_content": {"const": "text/csv"},
        "mandatory": {"type": "array", "items": STRING},
        "optional": {"type": "array", "items": STRING},
    },
}

TASK: Node = {
    "type": "object",
    "required": [
        *("id", "account_id", "auth_account_id", "category", "action", "created", "submit_timestamp", "status"),
    ],
    "properties": {
        "id": TASK_ID,
        "account_id": ACCOUNT_ID,
        "auth_account_id": ACCOUNT_ID,
        "category": STRING,
        "action": STRING,
        "file_name": STRING,
        "created": SECONDS,
        "submit_timestamp": SECONDS,
        "start_timestamp": SECONDS,
        "end_timestamp": SECONDS,
        "node": STRING,
        "status": {"enum": list(STATUSES)},
        "total_count": COUNT,
        "success_count": COUNT,
        "failure_count": COUNT,
        "csvs": {"type": "array", "items": STRING},
    },
    "additionalProperties": False,
}

SESSION: Node = {
    "type": "object",
    "required": ["account_id", "auth_token", "owner_id"],
    "properties": {"account_id": ACCOUNT_ID, "auth_token": STRING, "owner_id": STRING},
}

MANIFEST: Node = {
    "type": "object",
    "required": ["id", "account_id", "category", "action", "status", "files"],
    "properties": {
        "files": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "rows", "bytes", "sha256"],
                "properties": {"name": STRING, "rows": COUNT, "bytes": COUNT, "sha256": STRING},
            },
        }
    },
}

CATALOGUE: Node = {
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

RECORD: Node = {
    "type": "object",
    "minProperties": 1,
    "propertyNames": {"minLength": 1, "pattern": NO_NUL},
    "additionalProperties": {
        "anyOf": [{"type": "string", "pattern": NO_NUL}, {"type": "number"}, {"type": "boolean"}, {"type": "null"}]
    },
}

NEW_TASK: Node = {
    "type": "object",
    "required": ["data"],
    "properties": {
        "data": {
            "type": "object",
            "properties": {"records": {"type": "array", "items": RECORD}, "file_name": FILE_NAME},
        }
    },
}

SIGN_IN: Node = {
    "type": "object",
    "required": ["data"],
    "properties": {
        "data": {"type": "object", "required": ["api_key"], "properties": {"api_key": {**STRING, "minLength": 1}}}
    },
}


def components() -> Node:
    """The named documents: answers by what they hold, and the one error."""
    return {
        "Meta": META,
        "Task": TASK,
        "TaskAnswer": _success(
            {"type": "object", "required": ["_read_only"], "properties": {"_read_only": ref("Task")}}
        ),
        "ListAnswer": _success({"type": "array", "items": ref("Task")}),
        "CatalogueAnswer": _success(CATALOGUE),
        "SessionAnswer": _success(SESSION),
        "Error": _error(),
    }


_ENVELOPE: Mapping[str, Node] = {
    "auth_token": STRING,
    "node": STRING,
    "page_size": COUNT,
    "request_id": STRING,
    "timestamp": {"type": "string", "format": "date-time"},
    "version": STRING,
}


def _success(data: Node) -> Node:
    own = {"data": data, "revision": STRING, "start_key": STRING, "next_start_key": STRING}
    required = ["data", "node", "request_id", "revision", "status", "timestamp", "version"]
    return _closed({**_ENVELOPE, **own, "status": {"const": "success"}}, required)


def _error() -> Node:
    own: Node = {
        "data": {"anyOf": [{"type": "object"}, {"type": "array", "items": STRING}]},
        "error": {"type": "string", "pattern": "^[0-9]{3}$"},
        "message": STRING,
        "status": {"const": "error"},
    }
    required = ["data", "error", "message", "node", "request_id", "status", "timestamp", "version"]
    return _closed({**_ENVELOPE, **own}, required)


def _closed(properties: Node, required: list[str]) -> Node:
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}
