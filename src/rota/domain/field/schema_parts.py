"""Takes a JSON Schema apart: the schemas in it, where they stand, what they refer to, and how far they unfold."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from rota.domain.faults import Path

Part = tuple[Path, dict[str, Any]]

REFERRING = ("$ref", "$dynamicRef", "$recursiveRef")
ANCHORS = ("$anchor", "$dynamicAnchor")

_OF_NAMES = frozenset(
    {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"},
)
"""Keywords whose values are schemas by name."""

_DATA = frozenset({"const", "enum", "default", "examples"})
"""Keywords whose values are no schemas, whatever they look like."""

_DEFINITIONS = frozenset({"$defs", "definitions"})
"""Keywords whose schemas are met only where something refers to them."""

_REPEATING = frozenset({"unevaluatedProperties", "unevaluatedItems"})
_REPEATED = 4
"""What stands beside these keywords is gone through again to tell what it has evaluated: more than twice in all,
measured by nesting them."""


def nested_deeper(value: Any, most: int) -> bool:
    """Whether there are more levels of lists and objects; takes no stack."""
    level = [value]
    for _ in range(most + 1):
        level = [inner for each in level for inner in _inner(each)]
        if not level:
            return False
    return True


def parts(schema: dict[str, Any]) -> Iterator[Part]:
    """Every schema in it that is an object, itself first, and where it stands. For one of bounded depth."""
    yield from _parts((), schema)


def unfolded(schema: dict[str, Any], most: int, depth: int) -> int | None:
    """How many parts are gone through for one value at most, where references are followed; None when a reference
    leads to more than `most`.

    A schema that refers to itself is taken to be met as often as a value may be deep.
    """
    steps = {ref: _gone_through(target) for ref, target in referred(schema).items()}
    sizes = dict.fromkeys(steps, 1)
    for _ in range(depth):
        before = dict(sizes)
        for ref, step in steps.items():
            sizes[ref] = _size(step, sizes)
            if sizes[ref] > most:
                return None
        if sizes == before:
            break
    return _size(_gone_through(schema), sizes)


def _size(step: list[tuple[int, list[str]]], sizes: Mapping[str, int]) -> int:
    return sum(times * (1 + sum(sizes.get(ref, 0) for ref in refs)) for times, refs in step)


def _gone_through(schema: dict[str, Any]) -> list[tuple[int, list[str]]]:
    """For each part that a value meets in the schema itself, how often, and what the part refers to."""
    times: dict[Path, int] = {}
    found = []
    for path, part in _parts((), schema, _DATA | _DEFINITIONS):
        above = next((times[path[:cut]] for cut in range(len(path) - 1, -1, -1) if path[:cut] in times), 1)
        times[path] = above * (_REPEATED if _REPEATING & part.keys() else 1)
        found.append((times[path], list(references(part).values())))
    return found


def referred(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What is referred to within the schema, by reference, if it is there; those first that refer to no others."""
    anchors = {
        f"#{each[name]}": each for _, each in parts(schema) for name in ANCHORS if isinstance(each.get(name), str)
    }
    found: dict[str, dict[str, Any]] = {}
    pending = [ref for _, each in parts(schema) for ref in references(each).values()]
    for ref in pending:
        target = anchors.get(ref, _at(schema, ref))
        if isinstance(target, dict):
            found[ref] = target
    return dict(reversed(found.items()))


def references(part: Mapping[str, Any]) -> dict[str, str]:
    """What the schema itself refers to, by keyword."""
    return {name: part[name] for name in REFERRING if isinstance(part.get(name), str)}


def _at(schema: dict[str, Any], ref: str) -> Any:
    """What a JSON Pointer after `#` leads to, or None."""
    found: Any = schema
    for step in ref[1:].split("/")[1:]:
        name = unquote(step).replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict):
            found = found.get(name)
        elif isinstance(found, list) and name.isdecimal() and len(name) < 9 and int(name) < len(found):
            found = found[int(name)]
        else:
            return None
    return found


def _parts(path: Path, schema: dict[str, Any], without: frozenset[str] = _DATA) -> Iterator[Part]:
    yield path, schema
    for keyword, value in schema.items():
        if keyword in without:
            continue
        if keyword in _OF_NAMES and isinstance(value, dict):
            below = [((*path, keyword, name), each) for name, each in value.items()]
        elif isinstance(value, list):
            below = [((*path, keyword, at), each) for at, each in enumerate(value)]
        else:
            below = [((*path, keyword), value)]
        for place, each in below:
            if isinstance(each, dict):
                yield from _parts(place, each, without)


def _inner(value: Any) -> list[Any]:
    found = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [each for each in found if isinstance(each, dict | list)]
