"""How this dialect refuses: one table from every refusal of the domain to its status, error digits, message and data.

Two families, never mixed: the list form, `bad identifier` with `[ID]`, and the object form, `bad_identifier` with
`{cause, message}`. A refusal of the client's own input, which the published API writes as `error: "500"`, is sent as
HTTP 400: the fault is the client's, and a 5xx would page an operator.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import falcon

from rota.domain.errors import (
    AccountNotFound,
    ActionNotFound,
    CategoryNotFound,
    FileNotFound,
    Forbidden,
    InvalidFields,
    JobAlreadyStarted,
    JobNotFound,
    JobNotRunning,
    JobRunning,
    MalformedCsv,
    NothingInCatalogue,
    Refusal,
    StorageFull,
    StoreUnavailable,
    TokenNotFound,
    TooManyFailures,
    Unauthenticated,
    UnfitInput,
    UserNotFound,
)

BAD_CSV = "Empty CSV or some row(s) longer than others or header missing"


@dataclass(frozen=True, slots=True)
class Body:
    """What an error answer says. `error` is the digits in the envelope."""

    status: int
    error: str
    message: str
    data: Any
    headers: Mapping[str, str] = field(default_factory=dict)


class Fault(Exception):
    """A request that this dialect itself cannot take; the domain has not seen it."""

    def __init__(self, body: Body) -> None:
        super().__init__(body.message)
        self.body = body


@dataclass(frozen=True, slots=True)
class Form:
    """A row of the table: `data` and `headers` are made from the refusal's facts."""

    status: int
    error: str
    message: str
    data: Callable[[Any], Any]
    headers: Callable[[Any], dict[str, str]] = lambda refusal: {}


def _says(message: str) -> Callable[[Any], dict[str, str]]:
    return lambda refusal: {"message": message}


def _list_form(fact: str) -> Form:
    return Form(404, "404", "bad identifier", lambda refusal: [getattr(refusal, fact)])


def _object_form(**more: str) -> Form:
    return Form(404, "404", "bad_identifier", lambda refusal: cause(refusal.job_id, **more))


def cause(job_id: str, **more: str) -> dict[str, str]:
    return {"cause": job_id, "message": "bad identifier", **more}


def _bad_csv(refusal: MalformedCsv) -> dict[str, Any]:
    return {"csv": {"format": {"message": BAD_CSV, "line": refusal.line, "detail": refusal.detail}}}


def _unfit(refusal: UnfitInput) -> dict[str, Any]:
    faults = {
        "unknown_fields": refusal.unknown_fields,
        "missing_mandatory_fields": refusal.missing_fields,
        "missing_mandatory_values": refusal.missing_values,
        "more": refusal.more_missing,
        "expected_content": refusal.expected_content,
    }
    return {"attachment": {"type": {name: fault for name, fault in faults.items() if fault}}}


def _invalid(refusal: InvalidFields) -> dict[str, Any]:
    return invalid_values(refusal.faults)


def invalid_values(faults: Mapping[str, str]) -> dict[str, Any]:
    """Faults by name, in the published API's nesting."""
    return {name: {"invalid": {"message": message}} for name, message in faults.items()}


TABLE: Mapping[type[Refusal], Form] = {
    Unauthenticated: Form(
        401, "401", "invalid_credentials", _says("invalid credentials"), lambda refusal: {"WWW-Authenticate": "Bearer"}
    ),
    TooManyFailures: Form(
        429,
        "429",
        "too many requests",
        _says("too many requests"),
        lambda refusal: {"Retry-After": str(refusal.retry_after_s)},
    ),
    Forbidden: Form(403, "403", "forbidden", _says("forbidden")),
    AccountNotFound: _list_form("account_id"),
    UserNotFound: _list_form("email"),
    TokenNotFound: _list_form("token_id"),
    InvalidFields: Form(400, "400", "invalid request", _invalid),
    JobNotFound: _object_form(),
    JobAlreadyStarted: _object_form(reason="task already started"),
    JobNotRunning: _object_form(reason="task is not running"),
    JobRunning: _object_form(),
    FileNotFound: _object_form(),
    CategoryNotFound: _list_form("category"),
    ActionNotFound: _list_form("action"),
    NothingInCatalogue: Form(400, "500", "invalid request", _says("invalid request")),
    MalformedCsv: Form(400, "500", "invalid request", _bad_csv),
    UnfitInput: Form(400, "500", "invalid request", _unfit),
    StorageFull: Form(507, "507", "insufficient storage", _says("insufficient storage")),
    StoreUnavailable: Form(
        503, "503", "service unavailable", _says("service unavailable"), lambda refusal: {"Retry-After": "1"}
    ),
}

CRASHED = Body(500, "500", "internal error", {"message": "internal error"})

_HTTP: Mapping[int, tuple[str, str]] = {
    404: ("not_found", "not found"),
    405: ("invalid_method", "method not allowed"),
}
"""The envelope's message, and the one in its data, of what the router refuses."""


def of_refusal(refusal: Refusal) -> Body:
    """What the table says; a kind that it does not know is a fault of ours."""
    form = next((TABLE[kind] for kind in type(refusal).__mro__ if kind in TABLE), None)
    if form is None:
        return CRASHED
    return Body(form.status, form.error, form.message, form.data(refusal), form.headers(refusal))


def of_http(error: falcon.HTTPError) -> Body:
    """What falcon itself refuses: an unknown path, a wrong verb, a header that cannot be read."""
    message, inner = _HTTP.get(error.status_code, ("invalid request", error.description or error.title))
    return Body(error.status_code, str(error.status_code), message, {"message": inner}, dict(error.headers or {}))


def unknown_task(job_id: str) -> Fault:
    """The list form, which a task's JSON and its deletion use."""
    return Fault(Body(404, "404", "bad identifier", [job_id]))


def action_not_named() -> Fault:
    """No `category` or no `action` in the query."""
    return Fault(Body(400, "500", "invalid request", {"message": "invalid request"}))


def bad_parameters(faults: Mapping[str, str]) -> Fault:
    """Query values that cannot be read, all at once: name to sentence."""
    return Fault(Body(400, "400", "invalid request", invalid_values(faults)))


def bad_json(message: str) -> Fault:
    return bad_parameters({"json": message})


def required(name: str) -> Fault:
    data = {name: {"required": {"message": "Field is required but missing"}}}
    return Fault(Body(400, "400", "invalid request", data))


def cut_short(got: int, announced: int) -> Fault:
    return bad_parameters({"file": f"the body ended after {got} of {announced} bytes"})


def too_large(limit: int) -> Fault:
    data = {"file": {"maxSize": {"message": f"Files must not be more than {limit} bytes", "target": limit}}}
    return Fault(Body(413, "413", "request entity too large", data))


def unsupported(message: str) -> Fault:
    return Fault(Body(415, "415", "unsupported media type", {"message": message}))


def unsatisfiable(size: int) -> Fault:
    """The range lies behind the end of the file."""
    data = {"message": f"the file has {size} bytes"}
    return Fault(Body(416, "416", "range not satisfiable", data, {"Content-Range": f"bytes */{size}"}))
