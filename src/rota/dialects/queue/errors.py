"""How this dialect refuses: one table from every refusal that it can meet to its status and its sentence.

The body is `{"error": {"code", "message", …facts}, "text": message}`; sentences are the published API's own where it
has them, the contract's where that has them.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import falcon

from rota.dialects.edge import code_of, title_of
from rota.domain.errors import (
    DeliveryNotFound,
    DeliveryUnderWay,
    Forbidden,
    InvalidFields,
    ItemNotActive,
    ItemNotFound,
    ItemNotQueued,
    ItemNotSuspended,
    NothingToGrab,
    NotOnShift,
    NotYourItem,
    Refusal,
    StorageFull,
    StoreUnavailable,
    TooManyFailures,
    TooManyStreams,
    TooManyWebhooks,
    Unauthenticated,
    WebhookDisabled,
    WebhookNotFound,
    WorkerNotFound,
)

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Body:
    """What an error answer says."""

    status: int
    document: Document
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Form:
    """A row of the table: `sentence` and `headers` are made from the refusal's facts."""

    status: int
    sentence: Callable[[Any], str]
    headers: Callable[[Any], Mapping[str, str]] = lambda refusal: {}


def _says(sentence: str) -> Callable[[Refusal], str]:
    return lambda refusal: sentence.format(**_facts(refusal))


def _listed(refusal: InvalidFields) -> str:
    return "; ".join(_SENTENCES.get(name) or f"{name} {fault}" for name, fault in refusal.faults.items())


_SENTENCES: Mapping[str, str] = {"type": "Event type not recognized!"}
"""What the contract says of the faults of a parameter, whichever they are; the faults themselves are facts."""


_NOT_QUEUED: Mapping[str, str] = {
    "update": "Cannot Update. Task is {}",
    "delete": "Cannot Delete. Task is {}",
    "grab": "Task is not in queue!",
}

_NOT_YOURS: Mapping[str, str] = {
    "activate": "This is not your suspended task!",
    "suspend": "This is not your active task!",
}

TABLE: Mapping[type[Refusal], Form] = {
    InvalidFields: Form(400, _listed),
    Unauthenticated: Form(
        401,
        _says("Send a token that is alive, or an e-mail and its password"),
        lambda refusal: {"WWW-Authenticate": 'Bearer, Basic realm="rota", charset="UTF-8"'},
    ),
    Forbidden: Form(403, _says("You may not do this")),
    NotOnShift: Form(403, _says("You need to log in to perform this command")),
    ItemNotFound: Form(404, _says("Task does not exist.")),
    WorkerNotFound: Form(404, _says("Worker does not exist.")),
    NothingToGrab: Form(404, _says("There seems to be no tasks to work on at this time! Try again later")),
    ItemNotQueued: Form(409, lambda refusal: _NOT_QUEUED[refusal.verb].format(refusal.standing)),
    NotYourItem: Form(409, lambda refusal: _NOT_YOURS.get(refusal.verb, "This is not your task!")),
    ItemNotSuspended: Form(409, _says("This task is not suspended!")),
    ItemNotActive: Form(409, _says("This task is not active!")),
    WebhookNotFound: Form(404, _says("Webhook does not exist.")),
    DeliveryNotFound: Form(404, _says("Delivery does not exist.")),
    WebhookDisabled: Form(409, _says("Webhook is disabled.")),
    DeliveryUnderWay: Form(409, _says("Delivery is under way.")),
    TooManyWebhooks: Form(409, _says("There are {most} webhooks already.")),
    TooManyFailures: Form(
        429,
        _says("Too many failed sign-ins from your address. Try again in {retry_after_s} s"),
        lambda refusal: {"Retry-After": str(refusal.retry_after_s)},
    ),
    TooManyStreams: Form(
        503,
        _says("Too many event streams are open. Try again in {retry_after_s} s"),
        lambda refusal: {"Retry-After": str(refusal.retry_after_s)},
    ),
    StoreUnavailable: Form(503, _says("The database does not answer. Try again"), lambda refusal: {"Retry-After": "1"}),
    StorageFull: Form(507, _says("There is no room left to store this")),
}

_RENAMED: Mapping[str, str] = {"item_id": "task_id", "retry_after_s": "retry_after"}
"""What this dialect calls some facts."""


def document(code: str, message: str, **facts: Any) -> Document:
    return {"error": {"code": code, "message": message, **facts}, "text": message}


def of_refusal(refusal: Refusal) -> Body:
    """What the table says; a kind that it does not know is a fault of ours."""
    form = TABLE.get(type(refusal))
    if form is None:
        return crashed()
    facts = {_RENAMED.get(name, name): value for name, value in _facts(refusal).items()}
    code = refusal.code.replace("item", "task")
    return Body(form.status, document(code, form.sentence(refusal), **facts), form.headers(refusal))


def of_http(error: falcon.HTTPError) -> Body:
    """What falcon itself refuses."""
    told = document(code_of(error), error.description or title_of(error))
    return Body(error.status_code, told, dict(error.headers or {}))


def crashed() -> Body:
    return Body(500, document("internal_error", "Something went wrong in the server"))


def _facts(refusal: Refusal) -> dict[str, Any]:
    facts: dict[str, Any] = asdict(refusal)  # type: ignore[call-overload]
    return facts
