"""Says in a sentence why an answer does not fit a JSON Schema, and at which place."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec
from jsonschema_rs import ValidationError

from rota.domain.faults import Path

Told = tuple[Path, str]

WORDS_SHOWN = 20
LENGTH_SHOWN = 200

_TYPES: Mapping[str, str] = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}


def told(errors: Iterable[ValidationError], most: int) -> list[Told]:
    """The first so many faults, each once."""
    found: dict[Told, None] = {}
    for error in errors:
        found.update(dict.fromkeys(_faults(error)))
        if len(found) >= most:
            break
    return list(found)[:most]


def _faults(error: ValidationError) -> Iterator[Told]:
    path, kind = tuple(error.instance_path), error.kind
    if kind.name == "required":
        yield (*path, _value(kind, "property")), "is required"
    elif kind.name in {"additionalProperties", "unevaluatedProperties"}:
        for name in _value(kind, "unexpected"):
            yield (*path, name), "is not expected"
    else:
        yield path, _sentence(error)


def _sentence(error: ValidationError) -> str:
    if hasattr(error.kind, "context"):
        return _alternatives(error)
    say = _SENTENCES.get(error.kind.name)
    return say(error.kind) if say else _message(error)


def _value(kind: Any, name: str) -> Any:
    return getattr(kind, name)


def _message(error: ValidationError) -> str:
    """The library's own words; the validator calls the value `it`."""
    words = error.message.removeprefix("it ")
    return words if words != error.message else f"does not fit: {words[:LENGTH_SHOWN]}"


def _limit(sentence: str) -> Callable[[Any], str]:
    return lambda kind: sentence.format(_value(kind, "limit"))


def _one_of(values: list[Any]) -> str:
    words = [each if isinstance(each, str) else msgspec.json.encode(each).decode() for each in values]
    more = ", …" if len(words) > WORDS_SHOWN else ""
    said = ", ".join(word[:LENGTH_SHOWN] for word in words[:WORDS_SHOWN]) + more
    return f"must be {said}" if len(words) == 1 else f"must be one of {said}"


def _alternatives(error: ValidationError) -> str:
    """Where each alternative is a constant or a type, what they are."""
    alternatives = _value(error.kind, "context")
    if error.kind.name == "oneOf" and not all(alternatives):
        return "fits more than one of what is allowed"
    first = [each[0] for each in alternatives if each and each[0].instance_path == error.instance_path]
    names = {each.kind.name for each in first} if len(first) == len(alternatives) else set()
    if names == {"const"}:
        return _one_of([_value(each.kind, "expected_value") for each in first])
    if names == {"type"}:
        return _type([name for each in first for name in _value(each.kind, "types")])
    return "fits none of what is allowed"


def _type(types: list[str]) -> str:
    return "must be " + " or ".join(_TYPES.get(each, each) for each in types)


_SENTENCES: Mapping[str, Callable[[Any], str]] = {
    "type": lambda kind: _type(_value(kind, "types")),
    "enum": lambda kind: _one_of(_value(kind, "options")),
    "const": lambda kind: _one_of([_value(kind, "expected_value")]),
    "falseSchema": lambda kind: "is not expected",
    "not": lambda kind: "is what is not allowed",
    "minimum": _limit("must be {} at least"),
    "maximum": _limit("must be {} at most"),
    "exclusiveMinimum": _limit("must be more than {}"),
    "exclusiveMaximum": _limit("must be less than {}"),
    "multipleOf": lambda kind: f"must be a multiple of {_value(kind, 'multiple_of')}",
    "minLength": _limit("must have {} characters at least"),
    "maxLength": _limit("must have {} characters at most"),
    "minItems": _limit("must have {} entries at least"),
    "maxItems": _limit("must have {} entries at most"),
    "minProperties": _limit("must have {} fields at least"),
    "maxProperties": _limit("must have {} fields at most"),
    "uniqueItems": lambda kind: "holds an entry more than once",
    "contains": lambda kind: "lacks an entry that it must have",
    "pattern": lambda kind: f"does not match {_value(kind, 'pattern')[:LENGTH_SHOWN]}",
    "format": lambda kind: f"must be in the form of {_value(kind, 'format')[:LENGTH_SHOWN]}",
    "propertyNames": lambda kind: "has a field whose name is not allowed",
}
