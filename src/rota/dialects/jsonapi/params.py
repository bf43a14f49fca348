"""What a query says: filters, order, page, inclusion, sparse fieldsets; and all that is wrong with it at once."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import falcon

from rota.dialects.jsonapi.errors import Problem, Problems, parameter
from rota.dialects.jsonapi.resource import Resource
from rota.domain.faults import Unfit
from rota.domain.field import geo, lookups, reading
from rota.domain.field.queries import Condition, Order, Query
from rota.domain.field.terms import Terms

SIZE = 20
MOST_SIZE = 100
MOST_PAGE = 10**9
MOST_WORDS = 32
MOST_CONDITIONS = 100
MOST_STEPS = 32
"""Of inclusion: each costs a few statements."""

_BRACKETED = re.compile(r"(\w+)\[([^\[\]]*)\]")

Include = dict[str, "Include"]
"""Paths through relationships, as a tree."""


@dataclass(slots=True)
class Asked:
    """`number` is that of the page, None for the last one. `include` is None where nothing was asked for."""

    number: int | None = 1
    size: int = SIZE
    page_name: str = ""
    conditions: list[Condition] = field(default_factory=list)
    words: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    order: list[Order] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)
    include: Include | None = None
    fields: dict[str, frozenset[str]] = field(default_factory=dict)

    def query(self, offset: int) -> Query:
        order = tuple(self.order)
        return Query(tuple(self.conditions), self.words, self.named, order, self.size, offset, self.params)


@dataclass(frozen=True, slots=True)
class Params:
    """Reads the queries of one resource. `resources` are all that there are, by kind."""

    resource: Resource
    resources: Mapping[str, Resource]
    terms: Terms

    def of_list(self, req: falcon.Request) -> Asked:
        """Raises Problems."""
        return self._read(req, {**_DOCUMENT, **_LIST})

    def of_filters(self, req: falcon.Request, besides: frozenset[str]) -> Asked:
        """Of whatever is filtered and neither sorted nor paged; `besides` are read elsewhere. Raises Problems."""
        return self._read(req, _FILTERED, besides)

    def of_one(self, req: falcon.Request, besides: frozenset[str] = frozenset()) -> Asked:
        """Of a single resource: inclusion and sparse fieldsets; `besides` are read elsewhere. Raises Problems."""
        return self._read(req, _DOCUMENT, besides)

    def _read(
        self, req: falcon.Request, readers: Mapping[str, "_Reader"], besides: frozenset[str] = frozenset()
    ) -> Asked:
        asked, problems = Asked(), list[Problem]()
        for name, given in req.params.items():
            if name in besides:
                continue
            family, _, member = _unbracketed(name)
            try:
                self._take(asked, readers, family, member, [given] if isinstance(given, str) else given)
            except Unfit as unfit:
                problems.append(parameter(name, unfit.sentence))
        if problems:
            raise Problems(*problems)
        return asked

    def _take(
        self, asked: Asked, readers: Mapping[str, "_Reader"], family: str, member: str | None, given: list[str]
    ) -> None:
        if family == "filter" and member and member not in _RESERVED:
            family, member = member, None
        reader = readers.get(family)
        if reader is not None and (reader.members is None or reader.members(member)):
            if len(given) > 1:
                raise Unfit("is given more than once")
            reader.take(self, asked, member, given[0])
        elif member is None and readers is not _DOCUMENT and lookups.is_filter(self.resource.filters, family):
            asked.conditions += lookups.conditions(self.resource.filters, family, given, self.terms)
            if len(asked.conditions) > MOST_CONDITIONS:
                raise Unfit(f"is one of more than {MOST_CONDITIONS} lookups")
        else:
            raise Unfit("is not a parameter that is known here")


def no_parameters(req: falcon.Request) -> None:
    """Raises Problems for whatever is asked."""
    if req.params:
        raise Problems(*(parameter(name, "is not a parameter that is known here") for name in req.params))


def _unbracketed(name: str) -> tuple[str, str, str | None]:
    match = _BRACKETED.fullmatch(name)
    return (match[1], name, match[2]) if match else (name, name, None)


@dataclass(frozen=True, slots=True)
class _Reader:
    """`members` says which words may stand in brackets; None is for no brackets."""

    take: Callable[[Params, Asked, str | None, str], None]
    members: Callable[[str | None], bool] | None = lambda member: member is None


def _page(params: Params, asked: Asked, member: str | None, value: str) -> None:
    if member == "size":
        return _size(params, asked, None, value)
    if asked.page_name:
        raise Unfit("is given in two ways")
    asked.page_name = f"page[{member}]" if member else "page"
    if value == "last":
        asked.number = None
    elif re.fullmatch(r"-?[0-9]+", value):
        asked.number = int(value) if len(value) < 10 else MOST_PAGE
    else:
        raise Unfit("must be the number of a page, or last")
    return None


def _size(params: Params, asked: Asked, member: str | None, value: str) -> None:
    if not re.fullmatch(r"[0-9]{1,3}", value) or not 1 <= int(value) <= MOST_SIZE:
        raise Unfit(f"must be a whole number from 1 to {MOST_SIZE}")
    asked.size = int(value)


def _order(params: Params, asked: Asked, member: str | None, value: str) -> None:
    """Of a field that is named twice the first counts."""
    for word in _words(value):
        name = word.removeprefix("-")
        if name not in params.resource.orders:
            raise Unfit(f"cannot be {_shown(name)}: {', '.join(params.resource.orders) or 'nothing'} can be sorted by")
        found = Order(params.resource.orders[name], word.startswith("-"))
        if all(found.field != each.field for each in asked.order):
            asked.order.append(found)


def _search(params: Params, asked: Asked, member: str | None, value: str) -> None:
    if not params.resource.search:
        raise Unfit("is not a parameter that is known here")
    asked.words += tuple(reading.text(value, params.terms).casefold().split())
    if len(asked.words) > MOST_WORDS:
        raise Unfit(f"has more than {MOST_WORDS} words")


def _eligible(params: Params, asked: Asked, member: str | None, value: str) -> None:
    if not params.resource.near:
        raise Unfit("is not a parameter that is known here")
    if value != "me":
        raise Unfit("must be me")
    asked.named += ("eligible",)


def _near(params: Params, asked: Asked, member: str | None, value: str) -> None:
    """What is near comes first, whatever else sorts the list."""
    if not params.resource.near:
        raise Unfit("is not a parameter that is known here")
    try:
        latitude, longitude = (float(each) for each in value.split(","))
    except ValueError:
        raise Unfit("must be a latitude and a longitude, such as -1.2921,36.8219") from None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        raise Unfit("must be a latitude from -90 to 90 and a longitude from -180 to 180")
    asked.order.insert(0, Order("near"))
    asked.params |= zip(("near_x", "near_y", "near_z"), geo.earth_centred(longitude, latitude), strict=True)


def _include(params: Params, asked: Asked, member: str | None, value: str) -> None:
    if not _is_said(value):
        return
    asked.include, steps = {}, 0
    for path in _words(value):
        resource, node = params.resource, asked.include
        for name in path.split("."):
            related = resource.relationship(name)
            if related is None or related.kind not in params.resources:
                raise Unfit(f"cannot be {_shown(path)}: {resource.type} has no relationship {_shown(name)}")
            steps += name not in node
            node, resource = node.setdefault(name, {}), params.resources[related.kind]
            if steps > MOST_STEPS:
                raise Unfit(f"names more than {MOST_STEPS} relationships")


def _fields(params: Params, asked: Asked, member: str | None, value: str) -> None:
    resource = next((each for each in params.resources.values() if each.type == member), None)
    if resource is None:
        raise Unfit("names no type")
    names = frozenset(_words(value) if _is_said(value) else ())
    if unknown := sorted(names - resource.shown):
        raise Unfit(f"names no fields of {resource.type}: {', '.join(map(_shown, unknown))}")
    asked.fields[resource.type] = names


def _words(value: str) -> list[str]:
    """Divided by commas, with spaces around them or without."""
    return [word.strip(" ") for word in value.split(",")]


def _is_said(value: str) -> bool:
    return bool(value.strip(" "))


def _shown(word: str) -> str:
    return ascii(word[:80])


_RESERVED = frozenset({"page", "page_size", "ordering", "sort", "include", "fields", "filter"})
"""What is no filter, in brackets or without."""

_DOCUMENT: Mapping[str, _Reader] = {
    "include": _Reader(_include),
    "fields": _Reader(_fields, lambda member: member is not None),
}
_LIST: Mapping[str, _Reader] = {
    "page": _Reader(_page, lambda member: member in {None, "number", "size"}),
    "page_size": _Reader(_size),
    "ordering": _Reader(_order),
    "sort": _Reader(_order),
    "search": _Reader(_search),
    "eligible_for": _Reader(_eligible),
    "near": _Reader(_near),
}


_FILTERED: Mapping[str, _Reader] = {}


def pages(count: int, size: int) -> int:
    """An empty list has one page, which is empty."""
    return max(1, math.ceil(count / size))
