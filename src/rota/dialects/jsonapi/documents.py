"""Draws values as resource objects, column by column: the work of a page is done by loops of C, not of Python.

What a resource's columns are is settled once; nothing that is drawn is kept.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise, repeat
from operator import attrgetter
from typing import Any

import msgspec

from rota.dialects.jsonapi.resource import Attribute, Relationship, Resource
from rota.domain.field.terms import Terms

MEDIA_TYPE = "application/vnd.api+json"
JSONAPI = {"version": "1.1"}

Document = dict[str, Any]
Column = Callable[[Sequence[Any]], Iterable[Any]]
"""From values to what their documents show of one field."""


class Identifier(msgspec.Struct, gc=False, omit_defaults=True):
    type: str
    id: str
    meta: Any = None


class ToOne(msgspec.Struct, gc=False):
    data: Identifier | None


class ToMany(msgspec.Struct, gc=False, omit_defaults=True):
    data: list[Identifier]
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
        self.resource = resource
        shown = [each for each in resource.attributes if each.shown]
        self._attributes = {each.name: _attribute(each, terms) for each in shown}
        self._relationships = {each.name: _relationship(each, types[each.kind]) for each in resource.relationships}
        self._all_attributes = _whole(resource.type, self._attributes)
        self._all_relationships = _whole(resource.type, self._relationships)

    def objects(self, values: Sequence[Any], site: Site, fields: frozenset[str] | None = None) -> list[Object]:
        """The values as resource objects, with all their fields or only these."""
        ids = [str(value.id) for value in values]
        start, slash = site.url(self.resource.segment).removesuffix(site.slash) + "/", site.slash
        found = list(
            map(
                Object,
                repeat(self.resource.type),
                ids,
                _rows(values, self._attributes, self._all_attributes, fields),
                _rows(values, self._relationships, self._all_relationships, fields),
                [Links(f"{start}{each}{slash}") for each in ids],
                map(self.resource.meta, values) if self.resource.meta else repeat(None),
            )
        )
        self._link_the_rest(found, values, site)
        return found

    def linkage(self, name: str, value: Any) -> ToOne | ToMany:
        """What a relationship of the value refers to."""
        (found,) = self._relationships[name]([value])
        return found  # type: ignore[no-any-return]

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


def _whole(type_: str, columns: Mapping[str, Column]) -> Callable[..., Any] | None:
    """What puts all columns together: a struct, which is made and encoded faster than a dict."""
    return msgspec.defstruct(type_, list(columns), gc=False) if columns else None


def _rows(
    values: Sequence[Any],
    columns: Mapping[str, Column],
    whole: Callable[..., Any] | None,
    fields: frozenset[str] | None,
) -> Iterable[Any]:
    if fields is None:
        return map(whole, *(column(values) for column in columns.values())) if whole else repeat(None)
    names = [name for name in columns if name in fields]
    rows = zip(*(columns[name](values) for name in names), strict=True)
    return (dict(zip(names, row, strict=True)) for row in rows) if names else repeat(None)


def _attribute(attribute: Attribute, terms: Terms) -> Column:
    source = attribute.source or attribute.name
    get = attrgetter(*source) if isinstance(source, tuple) else attrgetter(source)
    if attribute.write is None:
        return lambda values: map(get, values)
    write = attribute.write(terms)
    return lambda values: write(list(map(get, values)))


def _relationship(relationship: Relationship, type_: str) -> Column:
    get = attrgetter(relationship.source)
    if relationship.many:
        return _to_many(relationship, type_, get)
    none = ToOne(None)

    def column(values: Sequence[Any]) -> Iterable[ToOne]:
        """Most records of a page refer to the same few: each is drawn once."""
        ids = list(map(get, values))
        distinct = set(ids)
        drawn = {**dict(zip(distinct, map(ToOne, _identifiers(type_, distinct)), strict=True)), None: none}
        return map(drawn.__getitem__, ids)

    return column


def _to_many(relationship: Relationship, type_: str, get: Callable[[Any], Any]) -> Column:
    counted = attrgetter(relationship.total) if relationship.total else None
    id_of = relationship.id_of

    def column(values: Sequence[Any]) -> Iterable[ToMany]:
        of_each = list(map(get, values))
        items = list(chain.from_iterable(of_each))
        if not items:
            return repeat(ToMany([], {"count": 0}), len(of_each))
        members = list(_identifiers(type_, map(id_of, items) if id_of else items))
        told = [list(map(attrgetter(name), items)) for name in relationship.told]
        if any(column.count(None) < len(items) for column in told):
            members = list(map(_with_meta, members, map(relationship.meta_of, *told)))
        numbers = list(map(counted, values)) if counted else list(map(len, of_each))
        metas = {number: {"count": number} for number in set(numbers)}
        ends = accumulate(map(len, of_each), initial=0)
        dealt = [members[start:end] for start, end in pairwise(ends)]
        return map(ToMany, dealt, map(metas.__getitem__, numbers))

    return column


def _identifiers(type_: str, ids: Iterable[int]) -> Iterable[Identifier]:
    """`repr` of a number takes two thirds of the time of `str`."""
    return map(Identifier, repeat(type_), map(repr, ids))


def _with_meta(identifier: Identifier, meta: Any) -> Identifier:
    return Identifier(identifier.type, identifier.id, meta) if meta else identifier
