"""Reads the JSON document of a request: it is an object that everything behind can work with, or it is refused."""

import json
import math
from collections.abc import Iterable, Iterator
from typing import Any

import falcon

from rota.dialects.bodies import read_body
from rota.dialects.jsonapi.errors import Problems, bad_request

LIMIT = 4 << 20
"""Bytes of a body."""

DEPTH_LIMIT = 64
WHOLE_LIMIT = 2**64
PARTS_LIMIT = 300_000
"""Objects and lists: a body of nothing else would hold millions, and take seconds to read."""


class _Unfit(ValueError):
    """JSON that is well-formed, and yet nothing that can be read one way only."""


def document(req: falcon.Request) -> dict[str, Any]:
    """The document. Raises Problems; HTTP errors: 413 beyond the limit, 400 when it ends too early."""
    return parse(read_body(req, LIMIT))


def parse(body: bytes) -> dict[str, Any]:
    """Raises Problems for what is no JSON object, names a member twice, is nested too deep, or holds numbers or
    characters that cannot be kept."""
    try:
        text = body.decode()
        if text.count("{") + text.count("[") > PARTS_LIMIT:
            raise _Unfit(f"holds more than {PARTS_LIMIT} objects and lists")
        found = json.loads(
            text, object_pairs_hook=_members, parse_int=_whole, parse_float=_fraction, parse_constant=_constant
        )
        _check_depth(found)
        if "\\u" in text:
            _check_characters(found)
    except UnicodeDecodeError:
        raise _malformed("is not UTF-8") from None
    except RecursionError:
        raise _malformed("is nested too deep") from None
    except json.JSONDecodeError as error:
        raise _malformed(f"is no JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except _Unfit as unfit:
        raise _malformed(str(unfit)) from None
    if not isinstance(found, dict):
        raise Problems(bad_request("malformed_document", "The document must be a JSON object.", pointer=""))
    return found


def _malformed(sentence: str) -> Problems:
    return Problems(bad_request("malformed_json", f"The body {sentence}."))


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise _Unfit(f"names the member {twice[:80]!a} twice in one object")
    return found


def _whole(digits: str) -> int:
    if len(digits) > 21 or not -WHOLE_LIMIT < (found := int(digits)) < WHOLE_LIMIT:
        raise _Unfit("holds a whole number that is too large")
    return found


def _fraction(digits: str) -> float:
    found = float(digits)
    if not math.isfinite(found):
        raise _Unfit("holds a number that is too large")
    return found


def _constant(word: str) -> Any:
    raise _Unfit(f"is no JSON: {word} is no number")


def _check_depth(found: Any) -> None:
    level = [found]
    for _ in range(DEPTH_LIMIT):
        level = [child for each in level for child in _children(each)]
        if not level:
            return
    raise _Unfit(f"is nested deeper than {DEPTH_LIMIT} levels")


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _check_characters(found: Any) -> None:
    for text in _texts(found):
        if "\0" in text:
            raise _Unfit("holds the character NUL")
        if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
            raise _Unfit("holds half of a surrogate pair")


def _texts(found: Any) -> Iterator[str]:
    """All texts, names of members among them, of a value that is not nested too deep."""
    if isinstance(found, str):
        yield found
    if isinstance(found, dict):
        yield from found
    for child in _children(found):
        yield from _texts(child)
