"""Answers as columns of a table: one for each question, however the answers are nested."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

COLUMNS_LIMIT = 1000
"""What more there is stands together in the column `REST`, as JSON."""

REST = "data"

Place = tuple[str, ...]


class Columns:
    """The places in answers that have a column, in the order in which they were first seen.

    A column is called like its place, `who.age`. Where that is taken, by a fixed column or by a key with a dot in it,
    `data.` stands before it as often as is needed.
    """

    def __init__(self, fixed: Iterable[str]) -> None:
        self._taken = {*fixed, REST}
        self._names: dict[Place, str] = {}
        self.has_rest = False

    def add(self, answers: Mapping[str, Any]) -> None:
        for place, _ in leaves(answers):
            if place not in self._names:
                self._name(place)

    def _name(self, place: Place) -> None:
        if len(self._names) == COLUMNS_LIMIT:
            self.has_rest = True
            return
        name = ".".join(place)
        while not name or name in self._taken:
            name = f"{REST}.{name}"
        self._taken.add(name)
        self._names[place] = name

    @property
    def header(self) -> list[str]:
        return [*self._names.values(), *([REST] if self.has_rest else [])]

    def cells(self, answers: Mapping[str, Any]) -> list[str]:
        """The answers in the order of the header, empty where there is none."""
        found = dict(leaves(answers))
        cells = [cell(found.pop(place, None)) for place in self._names]
        return [*cells, *([cell(_tree(found) or None)] if self.has_rest else [])]


def leaves(answers: Mapping[str, Any]) -> Iterator[tuple[Place, Any]]:
    """What is no object with something in it, and where it stands; in the order of the answers."""
    waiting: list[tuple[Place, Any]] = [((), answers)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, Mapping) and (value or not place):
            waiting += [((*place, key), each) for key, each in reversed(list(value.items()))]
        else:
            yield place, value


def _tree(found: Mapping[Place, Any]) -> dict[str, Any]:
    """Leaves as the answers that they are of."""
    root: dict[str, Any] = {}
    for place, value in found.items():
        node = root
        for key in place[:-1]:
            node = node.setdefault(key, {})
        node[place[-1]] = value
    return root


def cell(value: Any) -> str:
    """A text as it is, nothing for null, else JSON: so are lists."""
    if value is None or isinstance(value, str):
        return value or ""
    return msgspec.json.encode(value).decode()
