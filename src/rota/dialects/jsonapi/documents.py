"""Draws values as resource objects, column by column: the work of a page is done by loops of C, not of Python.

What a resource's columns are is settled once. Of what is drawn, parts that pages show again and again are kept.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise, repeat
from operator import attrgetter
from typing import Any

import msgspec
from msgspec.structs import astuple

from rota.dialects.jsonapi.resource import Attribute, Relationship, Resource
from rota.dialects.jsonapi.texts import Drawn
from rota.domain.field.terms import Terms

MEDIA_TYPE = "application/vnd.api+json"
JSONAPI = {"version": "1.1"}

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """What documents show of one field: drawn from what the values have by the names of its sources."""

    sources: tuple[str, ...]
    draw: Callable[..., Iterable[Any]]

    def drawn(self, read: Mapping[str, Sequence[Any]]) -> Iterable[Any]:
        return self.draw(*(read[source] for source in self.sources))


class Identifier(msgspec.Struct, gc=False, omit_defaults=True):
    type: str
    id: str
    meta: Any = None


class ToMany(msgspec.Struct, gc=False, omit_defaults=True):
    """The identifiers are encoded already, each once, or said something of."""

    data: list[Identifier | msgspec.Raw]
    meta: dict[str, int]
    links: dict[str, str] | None = None


class Object(msgspec.Struct, gc=False, omit_defaults=True):
    """A resource object."""

    type: str
    id: str
    attributes: Any = None
    relationships: Any = None
    links: Any = None
    meta: Any = None


class Links(msgspec.Struct, gc=False):
    self: str


@dataclass(frozen=True, slots=True)
class Site:
    """Where the API is, as the caller wrote it: `root` ends in `/api/v1`, `slash` is what their paths end in."""

    root: str
    slash: str = ""

    def url(self, *steps: str | int) -> str:
        return "/".join((self.root, *map(str, steps))) + self.slash


class Renderer:
    """Draws the values of one resource. `types` are the names of the types by kind."""

    def __init__(self, resource: Resource, types: Mapping[str, str], terms: Terms) -> None:
        self.resource, self._types = resource, types
        shown = [each for each in resource.attributes if each.shown]
        self._attributes = {each.name: _attribute(each, terms) for each in shown}
        self._relationships = {each.name: _relationship(each, types[each.kind]) for each in resource.relationships}
        self._all_attributes = _whole(resource.type, self._attributes)
        self._all_relationships = _whole(resource.type, self._relationships)

    def objects(self, values: Sequence[Any], site: Site, fields: frozenset[str] | None = None) -> list[Object]:
        """The values as resource objects, with all their fields or only these."""
        if not values:
            return []
        attributes, relationships = _among(self._attributes, fields), _among(self._relationships, fields)
        read = _read(values, [*attributes.values(), *relationships.values()])
        ids = list(map(str, read["id"]))
        start, slash = site.url(self.resource.segment).removesuffix(site.slash) + "/", site.slash
        found = list(
            map(
                Object,
                repeat(self.resource.type),
                ids,
                _rows(read, attributes, self._all_attributes if fields is None else None),
                _rows(read, relationships, self._all_relationships if fields is None else None),
                [Links(f"{start}{each}{slash}") for each in ids],
                map(self.resource.meta, values) if self.resource.meta else repeat(None),
            )
        )
        self._link_the_rest(found, values, site)
        return found

    def linkage(self, relationship: Relationship, value: Any) -> Document:
        """What a relationship of the value refers to."""
        type_ = self._types[relationship.kind]
        if not relationship.many:
            ids = relationship.ids(value)
            return {"data": Identifier(type_, str(*ids)) if ids else None}
        members = [Identifier(type_, str(link.id), link.meta or None) for link in relationship.links(value)]
        total = getattr(value, relationship.total) if relationship.total else len(members)
        return {"data": members, "meta": {"count": total}}

    def _link_the_rest(self, objects: Sequence[Object], values: Sequence[Any], site: Site) -> None:
        """A relationship that refers to more than it shows says where the next ones are."""
        for each in self.resource.relationships:
            if each.total:
                for drawn, value in zip(objects, values, strict=True):
                    shown = len(getattr(value, each.source))
                    if shown and getattr(value, each.total) > shown and (linkage := _of(drawn, each.name)):
                        page = f"?page=2&page_size={shown}"
                        url = site.url(self.resource.segment, value.id, "relationships", each.name)
                        linkage.links = {"next": url + page}


def encode(document: Any) -> bytes:
    return msgspec.json.encode(document)


def _of(drawn: Object, name: str) -> ToMany | None:
    shown = drawn.relationships
    found: ToMany | None = shown.get(name) if isinstance(shown, dict) else getattr(shown, name, None)
    return found


def _among(columns: Mapping[str, Column], fields: frozenset[str] | None) -> Mapping[str, Column]:
    return columns if fields is None else {name: each for name, each in columns.items() if name in fields}


def _read(values: Sequence[Any], columns: Iterable[Column]) -> Mapping[str, Sequence[Any]]:
    """What the values have by the names that the columns read, and their ids: all of a value in one call, for which a
    struct takes a third of the time where it is asked for no name."""
    names = list(dict.fromkeys(("id", *(name for column in columns for name in column.sources))))
    fields: tuple[str, ...] = getattr(values[0], "__struct_fields__", ())
    if set(names) <= set(fields):
        return dict(zip(fields, zip(*map(astuple, values), strict=True), strict=True))
    rows = map(attrgetter(*names), values) if len(names) > 1 else [(value.id,) for value in values]
    return dict(zip(names, zip(*rows, strict=True), strict=True))


def _whole(type_: str, columns: Mapping[str, Column]) -> Callable[..., Any] | None:
    """What puts all columns together: a struct, which is made and encoded faster than a dict."""
    return msgspec.defstruct(type_, list(columns), gc=False) if columns else None


def _rows(
    read: Mapping[str, Sequence[Any]], columns: Mapping[str, Column], whole: Callable[..., Any] | None
) -> Iterable[Any]:
    drawn = [column.drawn(read) for column in columns.values()]
    if whole:
        return map(whole, *drawn)
    return (dict(zip(columns, row, strict=True)) for row in zip(*drawn, strict=True)) if columns else repeat(None)


def _attribute(attribute: Attribute, terms: Terms) -> Column:
    source = attribute.source or attribute.name
    write = attribute.write(terms) if attribute.write else _as_it_is
    if isinstance(source, str):
        return Column((source,), write)
    return Column(source, lambda *parts: write(list(zip(*parts, strict=True))))


def _as_it_is(values: Sequence[Any]) -> Sequence[Any]:
    return values


def _relationship(relationship: Relationship, type_: str) -> Column:
    if relationship.many:
        return _to_many(relationship, type_)
    drawn = Drawn(lambda number: _encoded({"data": None if number is None else Identifier(type_, str(number))}))
    return Column((relationship.source,), lambda ids: map(drawn.__getitem__, ids))


def _to_many(relationship: Relationship, type_: str) -> Column:
    id_of, drawn = relationship.id_of, Drawn(lambda number: _encoded(Identifier(type_, str(number))))

    def draw(of_each: Sequence[Sequence[Any]], totals: Sequence[int] | None = None) -> Iterable[ToMany]:
        items = list(chain.from_iterable(of_each))
        if not items:
            return repeat(ToMany([], {"count": 0}), len(of_each))
        ids = list(map(id_of, items)) if id_of else items
        told = [list(map(attrgetter(name), items)) for name in relationship.told]
        members = list(map(drawn.__getitem__, ids))
        if any(column.count(None) < len(items) for column in told):
            said = map(relationship.meta_of, *told)
            members = [Identifier(type_, str(number), meta) for number, meta in zip(ids, said, strict=True)]
        numbers = totals or list(map(len, of_each))
        metas = {number: {"count": number} for number in set(numbers)}
        ends = accumulate(map(len, of_each), initial=0)
        dealt = [members[start:end] for start, end in pairwise(ends)]
        return map(ToMany, dealt, map(metas.__getitem__, numbers))

    return Column((relationship.source, *([relationship.total] if relationship.total else [])), draw)


def _encoded(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
