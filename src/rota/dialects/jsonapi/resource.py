"""What is said of a resource, once: its fields, how they are written and read, what its lists may be asked.

Parsing, rendering, inclusion, sparse fieldsets, relationship URLs, filters and the API's description follow from it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from rota.dialects.jsonapi.texts import Maker
from rota.domain.field.lookups import Filter
from rota.domain.field.reading import Link


def nothing(*told: Any) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Attribute:
    """`source` is the value's own attribute where it has another name, or several, whose tuple is written. Without
    `write` the value stands as it is. What is not `shown` is only written; what is `fixed` can be written only when
    the record is made."""

    name: str
    source: str | tuple[str, ...] = ""
    write: Maker | None = None
    writable: bool = False
    fixed: bool = False
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Relationship:
    """What a record refers to, of another `kind`: `source` holds an id or None, of `many` a tuple. What is `fixed` can
    be written only when the record is made.

    The items of a tuple are ids, unless `id_of` says what their ids are. Of those attributes of an item that are
    `told`, where any is not None, `meta_of` makes the meta of its identifier. Where `total` counts more than the
    source holds, `listed_by` is the field by which the other kind is found.
    """

    name: str
    kind: str
    source: str
    many: bool = False
    writable: bool = False
    fixed: bool = False
    id_of: Callable[[Any], int] | None = None
    told: tuple[str, ...] = ()
    meta_of: Callable[..., Mapping[str, Any] | None] = nothing
    total: str = ""
    listed_by: str = ""

    def ids(self, value: Any) -> tuple[int, ...]:
        """Of the records that the value refers to."""
        found = attrgetter(self.source)(value)
        if not self.many:
            return () if found is None else (found,)
        return tuple(map(self.id_of, found)) if self.id_of else tuple(found)

    def links(self, value: Any) -> list[Link]:
        """The members of a relationship of many, as a collection takes them."""
        items = attrgetter(self.source)(value)
        return [Link(number, self._meta(item)) for number, item in zip(self.ids(value), items, strict=True)]

    def _meta(self, item: Any) -> Mapping[str, Any]:
        return self.meta_of(*(getattr(item, name) for name in self.told)) or {}


@dataclass(frozen=True, slots=True)
class Resource:
    """`type` and `segment` are what documents and paths call the `kind`. `orders` are the public names of the
    collection's. `search` says that lists are searched by name, `near` that they can be offered and sorted by place."""

    kind: str
    type: str
    segment: str
    attributes: tuple[Attribute, ...]
    relationships: tuple[Relationship, ...] = ()
    filters: Mapping[str, Filter] = field(default_factory=dict)
    orders: Mapping[str, str] = field(default_factory=dict)
    search: bool = False
    near: bool = False
    meta: Callable[[Any], Mapping[str, Any] | None] | None = None

    def attribute(self, name: str) -> Attribute | None:
        return next((each for each in self.attributes if each.name == name), None)

    def relationship(self, name: str) -> Relationship | None:
        return next((each for each in self.relationships if each.name == name), None)

    @property
    def shown(self) -> frozenset[str]:
        """The names of all fields that its documents show."""
        attributes = {each.name for each in self.attributes if each.shown}
        return frozenset(attributes | {each.name for each in self.relationships})
