"""Reads the JSON object of a request, and says all that is wrong with it at once."""

from collections.abc import Callable, Mapping
from typing import Any

import falcon
import msgspec

from rota.domain.errors import InvalidFields

LIMIT = 64 * 1024
"""Bytes of a body."""

Check = Callable[[Any], str | None]
"""The fault of a value, or None."""


def text(fault: Check) -> Check:
    """A string that has no such fault."""
    return lambda value: fault(value) if isinstance(value, str) else "must be a text"


def flag(value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def one_of(*words: str) -> Check:
    return lambda value: None if value in words else f"must be one of {', '.join(words)}"


def whole(least: int, most: int) -> Check:
    """A whole number in `[least, most]`; true and false are none."""
    fault = f"must be a whole number from {least} to {most}"
    return lambda value: None if type(value) is int and least <= value <= most else fault


def or_null(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


def read_object(
    request: falcon.Request, *, required: Mapping[str, Check], optional: Mapping[str, Check]
) -> dict[str, Any]:
    """The request's object, every field of it known and checked. Raises InvalidFields with the faults of all fields.

    HTTP errors: 413 beyond LIMIT, 415 for another content type than JSON, 400 for what is no JSON object.
    """
    given = _decoded(_bytes(request))
    known = {**required, **optional}
    faults = {name: "is required" for name in required if name not in given}
    for name, value in given.items():
        if fault := known[name](value) if name in known else "is not known here":
            faults[name] = fault
    if faults:
        raise InvalidFields(faults)
    return given


def _bytes(request: falcon.Request) -> bytes:
    length = request.content_length
    if length is not None and length > LIMIT:
        raise _too_large()
    if (request.content_type or "application/json").partition(";")[0].strip().lower() != "application/json":
        raise falcon.HTTPUnsupportedMediaType(description="The body must be application/json.")
    # A chunked body has no length, and ends where the server says that it ends.
    chunked = length is None and request.get_header("Transfer-Encoding") is not None
    body: bytes = (request.stream if chunked else request.bounded_stream).read(LIMIT + 1)
    if len(body) > LIMIT:
        raise _too_large()
    return body


def _too_large() -> falcon.HTTPError:
    return falcon.HTTPContentTooLarge(description=f"The body may have {LIMIT} bytes at most.")


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        given = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise falcon.HTTPBadRequest(title="Malformed JSON", description=f"The body is no JSON: {error}.") from error
    if not isinstance(given, dict):
        raise falcon.HTTPBadRequest(title="Malformed JSON", description="The body must be a JSON object.")
    return given
