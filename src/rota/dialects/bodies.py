"""Reads the JSON object of a request, and says all that is wrong with it at once."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import falcon
import msgspec

from rota.domain.errors import InvalidFields

LIMIT = 64 * 1024
"""Bytes of a body, where nobody says otherwise."""

DRAIN_LIMIT = 8 << 20
"""Bytes of a body that are worth reading only to be polite."""

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
    """The request's object, every field of it known and checked. Raises InvalidFields with the faults of all fields,
    and what `json_object` raises."""
    given = json_object(request)
    known = {**required, **optional}
    faults = {name: "is required" for name in required if name not in given}
    for name, value in given.items():
        if fault := known[name](value) if name in known else "is not known here":
            faults[name] = fault
    if faults:
        raise InvalidFields(faults)
    return given


def json_object(request: falcon.Request, limit: int = LIMIT, empty: bytes = b"") -> dict[str, Any]:
    """The request's object, unchecked; `empty` stands for a body of no bytes.

    HTTP errors: 413 beyond the limit, 415 for another content type than JSON, 400 for what is no JSON object.
    """
    body = read_body(request, limit)
    if (body or not empty) and media_type(request) not in {"application/json", ""}:
        raise falcon.HTTPUnsupportedMediaType(description="The body must be application/json.")
    return _decoded(body or empty)


def media_type(request: falcon.Request) -> str:
    return (request.content_type or "").partition(";")[0].strip().lower()


def read_body(request: falcon.Request, limit: int) -> bytes:
    """All bytes of the body. HTTP errors: 413 beyond the limit, 400 when it ends before its announced length."""
    length = request.content_length
    if length is None and request.get_header("Transfer-Encoding") is None:
        return b""
    if length is not None and length > limit:
        raise _too_large(limit)
    body = b"".join(_blocks(request, limit + 1 if length is None else length))
    if len(body) > limit:
        raise _too_large(limit)
    if len(body) < (length or 0):
        raise falcon.HTTPBadRequest(description=f"The body ended after {len(body)} of {length} bytes.")
    return body


def _blocks(request: falcon.Request, size: int) -> Iterator[bytes]:
    """At most `size` bytes; never past them, where some servers wait. `request.context.got` counts them.

    Not falcon's bounded stream: that one takes a short read for a full one, and loses the rest.
    """
    while size:
        try:
            block = bytes(request.env["wsgi.input"].read(size))
        except (OSError, RuntimeError):  # a connection that broke: OSError in most servers, RuntimeError in Granian
            return
        if not block:
            return
        size -= len(block)
        request.context.got = (request.context.get("got") or 0) + len(block)
        yield block


def drain(request: falcon.Request) -> None:
    """After a refusal, read what is left of a small body: many clients send all before they listen.

    Not from a client that waits to be asked for its body.
    """
    left = (request.content_length or 0) - (request.context.get("got") or 0)
    if 0 < left <= DRAIN_LIMIT and not request.get_header("Expect"):
        for _ in _blocks(request, left):
            pass


def _too_large(limit: int) -> falcon.HTTPError:
    return falcon.HTTPContentTooLarge(description=f"The body may have {limit} bytes at most.")


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        given = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise falcon.HTTPBadRequest(title="Malformed JSON", description=f"The body is no JSON: {error}.") from error
    if not isinstance(given, dict):
        raise falcon.HTTPBadRequest(title="Malformed JSON", description="The body must be a JSON object.")
    return given
