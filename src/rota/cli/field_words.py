"""What people write on the command line about the field, read into what its API takes. Raises BadParameter."""

import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from rota.cli import times
from rota.cli.files import STDIN
from rota.domain import durations

TASK_STATUSES: Mapping[str, str] = {
    "active": "a",
    "deactivated": "b",
    "expired": "c",
    "draft": "d",
    "archived": "e",
    "scheduled": "s",
}
SUBMISSION_STATUSES: Mapping[str, str] = {"approved": "a", "rejected": "b", "review": "c", "pending": "d"}
EXPERTISE: Mapping[str, str] = {"beginner": "1", "intermediate": "2", "advanced": "3", "expert": "4"}

_POINT = re.compile(r"\s*(-?\d{1,3}(?:\.\d+)?)\s*[,\s]\s*(-?\d{1,3}(?:\.\d+)?)\s*", re.ASCII)

Reader = Callable[[str], Any]


def one_of(words: Mapping[str, str], hint: str) -> Reader:
    """A word of the table, its beginning if no other begins so, or what the API calls it."""

    def read(text: str) -> str:
        asked = text.strip().lower()
        found = {code for word, code in words.items() if asked and (asked == code or word.startswith(asked))}
        exact = {code for code in words.values() if code == asked} or found
        if len(exact) != 1:
            raise typer.BadParameter(f"{text!r} is none of {', '.join(words)}.", param_hint=hint)
        return exact.pop()

    return read


def any_of(words: Mapping[str, str], hint: str) -> Reader:
    """Several of them, between commas."""
    read = one_of(words, hint)
    return lambda text: ",".join(map(read, text.split(",")))


def moment(hint: str, prefer: str = "future") -> Reader:
    """A time as people write it, as ISO 8601 in UTC."""

    def read(text: str) -> str:
        try:
            return times.iso(times.moment(text, times.wall_clock(), times.language_of(os.environ), prefer=prefer))
        except durations.Unreadable as error:
            raise typer.BadParameter(f"{error}.", param_hint=hint) from error

    return read


def date(text: str) -> str:
    """A day as people write it, as ISO 8601 on the user's calendar."""
    return times.local(moment("--date")(text)).date().isoformat()


def seconds(text: str) -> float:
    try:
        return durations.duration(text)
    except durations.Unreadable as error:
        raise typer.BadParameter(f"{error}.", param_hint="--estimate") from error


def text_or_stdin(text: str) -> str:
    return sys.stdin.read() if text == STDIN else text


def point(hint: str) -> Reader:
    """Latitude and longitude, as people and maps write them, into GeoJSON, which has them the other way round."""

    def read(text: str) -> dict[str, Any]:
        match = _POINT.fullmatch(text)
        if match is None or abs(float(match[1])) > 90 or abs(float(match[2])) > 180:
            said = f"{text!r} is no latitude and longitude such as -1.2921,36.8219."
            raise typer.BadParameter(said, param_hint=hint)
        return {"type": "Point", "coordinates": [float(match[2]), float(match[1])]}

    return read


def near(text: str) -> str:
    longitude, latitude = point("--near")(text)["coordinates"]
    return f"{latitude},{longitude}"


def shape(file: str) -> Any:
    """The geometry of a GeoJSON file, whether it is bare, that of a feature, or that of a collection of one."""
    found = json_of(Path(file).read_text(encoding="utf-8-sig") if file != STDIN else sys.stdin.read(), "--shape")
    features = found.get("features") if isinstance(found, dict) else None
    if isinstance(features, list):
        if len(features) != 1:
            said = f"{file} has {len(features)} features: a location has one shape."
            raise typer.BadParameter(said, param_hint="--shape")
        found = features[0]
    return found.get("geometry", found) if isinstance(found, dict) else found


def json_of(text: str, hint: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise typer.BadParameter(f"this is no JSON: {error}.", param_hint=hint) from error


def target(text: str) -> dict[str, int]:
    """`location:3` as the content type and the id."""
    from rota.domain.field.contents import Content

    word, _, number = text.partition(":")
    types = {each.name.lower(): int(each) for each in Content}
    if word.lower() not in types or not (number.isascii() and number.isdigit()):
        said = f"{text!r} is not of the form TYPE:ID; the types are {', '.join(types)}."
        raise typer.BadParameter(said, param_hint="--target")
    return {"target_content_type": types[word.lower()], "target_id": int(number)}


def answers(pairs: Sequence[str], schema: Mapping[str, Any]) -> dict[str, Any]:
    """`name=value` as the form wants each value: what it cannot be read as stays a text, and the server says so.

    Dots lead into groups. A list is written between commas.

    >>> form = {"properties": {"age": {"type": "integer"}, "home": {"properties": {"wet": {"type": "boolean"}}}}}
    >>> answers(["age=34", "home.wet=yes", "name=007"], form)
    {'age': 34, 'home': {'wet': True}, 'name': '007'}
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        name, sign, text = pair.partition("=")
        if not (name and sign):
            raise typer.BadParameter(f"{pair!r} is not of the form FIELD=VALUE.")
        place, here, name = _group(found, schema, name)
        place[name] = _value(text, _properties(here).get(name, {}))
    return found


def _group(found: dict[str, Any], schema: Any, name: str) -> tuple[dict[str, Any], Any, str]:
    """Where a field stands, the schema there, and its name there."""
    first, dot, rest = name.partition(".")
    group = _properties(schema).get(first)
    if not dot or name in _properties(schema) or not _properties(group):
        return found, schema, name
    return _group(found.setdefault(first, {}), group, rest)


def _properties(schema: Any) -> Mapping[str, Any]:
    found = schema.get("properties") if isinstance(schema, dict) else None
    return found if isinstance(found, dict) else {}


def _value(text: str, schema: Any) -> Any:
    wanted = schema.get("type") if isinstance(schema, dict) else None
    for each in wanted if isinstance(wanted, list) else [wanted]:
        read = _VALUES.get(each) if isinstance(each, str) else None
        value = read(text, schema) if read else None
        if value is not None:
            return value
    return text


def _whole(text: str, schema: Any) -> int | None:
    return int(text) if re.fullmatch(r"[+-]?\d{1,19}", text.strip(), re.ASCII) else None


def _number(text: str, schema: Any) -> int | float | None:
    if (whole := _whole(text, schema)) is not None:
        return whole
    return float(text) if re.fullmatch(r"[+-]?\d{0,19}\.?\d+", text.strip(), re.ASCII) else None


def _flag(text: str, schema: Any) -> bool | None:
    return {"true": True, "yes": True, "false": False, "no": False}.get(text.strip().lower())


def _list(text: str, schema: Any) -> list[Any]:
    return [_value(each.strip(), schema.get("items")) for each in text.split(",") if each.strip()]


_VALUES: Mapping[str, Callable[[str, Any], Any]] = {
    "integer": _whole,
    "number": _number,
    "boolean": _flag,
    "array": _list,
}
