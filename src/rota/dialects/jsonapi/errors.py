"""How this dialect refuses: one table from every refusal that it can meet to its status, its title and its sentence.

The body is `{"errors": [{"id", "status", "code", "title", "detail", "source"}]}`, all faults at once.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import falcon

from rota.dialects.edge import code_of, title_of
from rota.dialects.jsonapi.documents import Document
from rota.domain.errors import (
    Forbidden,
    InvalidFields,
    RecordNeeded,
    RecordNotFound,
    Refusal,
    StorageFull,
    StoreUnavailable,
    TooManyFailures,
    Unauthenticated,
    UnfitRecord,
)

MOST_PROBLEMS = 1_000
"""Of an answer: a document of 100 000 faulty members would be answered by 20 MB."""

Source = Mapping[str, str]
"""Where in the request: a `pointer` into its document, a `parameter` or a `header`."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One error object."""

    status: int
    code: str
    title: str
    detail: str
    source: Source | None = None


class Problems(Exception):
    """What a request cannot be answered for, all of it."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Body:
    """What an error answer says."""

    status: int
    problems: tuple[Problem, ...]
    headers: Mapping[str, str] = field(default_factory=dict)

    def document(self, request_id: str) -> Document:
        return {"errors": [_drawn(each, f"{request_id}-{n}") for n, each in enumerate(self.problems, 1)]}


@dataclass(frozen=True, slots=True)
class Form:
    """A row of the table: `sentence` and `headers` are made from the refusal's facts."""

    status: int
    title: str
    sentence: Callable[[Any], str]
    headers: Callable[[Any], Mapping[str, str]] = lambda refusal: {}


def _says(sentence: str) -> Callable[[Refusal], str]:
    return lambda refusal: sentence.format(**_facts(refusal))


def _calls(kind: str) -> str:
    return kind.replace("_", " ")


TABLE: Mapping[type[Refusal], Form] = {
    Unauthenticated: Form(
        401,
        "Unauthorized",
        _says("Send a token that is alive, or an e-mail and its password."),
        lambda refusal: {"WWW-Authenticate": 'Bearer, Basic realm="rota", charset="UTF-8"'},
    ),
    Forbidden: Form(403, "Forbidden", _says("You do not have permission to perform this action.")),
    RecordNotFound: Form(
        404, "Not Found", lambda refusal: f"There is no {_calls(refusal.kind)} {refusal.record_id} here."
    ),
    RecordNeeded: Form(
        409, "Conflict", lambda refusal: f"The {_calls(refusal.kind)} has {_calls(refusal.needed_by)} that need it."
    ),
    InvalidFields: Form(
        400, "Bad Request", lambda refusal: " ".join(detail([name], fault) for name, fault in refusal.faults.items())
    ),
    UnfitRecord: Form(
        400, "Bad Request", lambda refusal: " ".join(detail(each.path, each.sentence) for each in refusal.faults)
    ),
    TooManyFailures: Form(
        429,
        "Too Many Requests",
        _says("Too many failed sign-ins from your address. Try again in {retry_after_s} s."),
        lambda refusal: {"Retry-After": str(refusal.retry_after_s)},
    ),
    StoreUnavailable: Form(
        503,
        "Service Unavailable",
        _says("The database does not answer. Try again."),
        lambda refusal: {"Retry-After": "1"},
    ),
    StorageFull: Form(507, "Insufficient Storage", _says("There is no room left to store this.")),
}


_OF_HTTP: Mapping[int, str] = {
    404: "There is nothing at this path.",
    405: "This path does not take this method.",
}

_HEADERS: Mapping[int, str] = {406: "Accept", 415: "Content-Type"}
"""Which header of the request such an answer blames."""


def bad_request(code: str, sentence: str, **source: str) -> Problem:
    return Problem(400, code, "Bad Request", sentence, source or None)


def at(pointer: str, sentence: str, code: str = "invalid") -> Problem:
    """What is wrong with a place of the document."""
    return bad_request(code, sentence, pointer=pointer)


def parameter(name: str, sentence: str) -> Problem:
    return bad_request("invalid_parameter", f"{name} {sentence}.", parameter=name)


def missing(pointer: str, sentence: str) -> Problem:
    return Problem(404, "missing", "Not Found", sentence, {"pointer": pointer})


def conflict(pointer: str, sentence: str) -> Problem:
    return Problem(409, "conflict", "Conflict", sentence, {"pointer": pointer})


def no_such_page(name: str) -> Problem:
    return Problem(404, "no_such_page", "Not Found", "There is no such page.", {"parameter": name})


def detail(path: Iterable[str | int], sentence: str) -> str:
    """The sentence goes on from the name of the place, such as `locations.2`."""
    return f"{'.'.join(map(str, path))} {sentence}."


def of_problems(refused: Problems) -> Body:
    """Sorted by place, the first MOST_PROBLEMS. The status is that of all where they agree, else 400."""
    statuses = {each.status for each in refused.problems}
    status = statuses.pop() if len(statuses) == 1 else 400
    return Body(status, tuple(sorted(refused.problems, key=_place)[:MOST_PROBLEMS]))


def of_refusal(refusal: Refusal) -> Body:
    """What the table says; a kind that it does not know is a fault of ours."""
    form = TABLE.get(type(refusal))
    if form is None:
        return crashed()
    problem = Problem(form.status, refusal.code, form.title, form.sentence(refusal))
    return Body(form.status, (problem,), form.headers(refusal))


def of_http(error: falcon.HTTPError) -> Body:
    """What falcon itself refuses."""
    title = title_of(error)
    sentence = error.description or _OF_HTTP.get(error.status_code) or f"{title}."
    header = _HEADERS.get(error.status_code)
    problem = Problem(error.status_code, code_of(error), title, sentence, {"header": header} if header else None)
    return Body(error.status_code, (problem,), dict(error.headers or {}))


def crashed() -> Body:
    problem = Problem(500, "internal_error", "Internal Server Error", "Something went wrong in the server.")
    return Body(500, (problem,))


def _place(problem: Problem) -> tuple[str, str]:
    return next(iter((problem.source or {}).values()), ""), problem.detail


def _drawn(problem: Problem, number: str) -> Document:
    drawn = {"id": number, **asdict(problem), "status": str(problem.status)}
    return {name: value for name, value in drawn.items() if value is not None}


def _facts(refusal: Refusal) -> dict[str, Any]:
    facts: dict[str, Any] = asdict(refusal)  # type: ignore[call-overload]
    return facts
