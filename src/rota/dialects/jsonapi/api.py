"""The resources that are served, with what reads and draws each, and what it takes to answer with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rota.dialects.jsonapi.documents import Object, Renderer, Site
from rota.dialects.jsonapi.params import Include, Params
from rota.dialects.jsonapi.reading import Lids, Reader, Written
from rota.dialects.jsonapi.resource import Resource
from rota.dialects.jsonapi.resources import RESOURCES
from rota.domain.accounts import Actor
from rota.domain.errors import InvalidFields, RecordNotFound, UnfitRecord
from rota.domain.faults import Fault
from rota.domain.field.terms import Terms
from rota.operations.field.access import permit
from rota.operations.field.collection import Collection
from rota.store.port import Tx


@dataclass(frozen=True, slots=True)
class Moment:
    """In whose name and when something is done within a transaction."""

    tx: Tx
    actor: Actor
    now: int


class Api:
    """What is made once for all requests."""

    def __init__(self, kept: Mapping[str, Collection], terms: Terms) -> None:
        self.kept = kept
        self.types = {kind: each.type for kind, each in RESOURCES.items()}
        self.resources = {kind: each for kind, each in RESOURCES.items() if kind in kept}
        self.renderers = {kind: Renderer(each, self.types, terms) for kind, each in self.resources.items()}
        self.params = {kind: Params(each, self.resources, terms) for kind, each in self.resources.items()}

    def reader(self, resource: Resource, lids: Lids | None = None) -> Reader:
        return Reader(resource, self.types, lids or {})

    def load(self, at: Moment, resource: Resource, record_id: int) -> Any:
        """The value. Raises RecordNotFound, Forbidden."""
        found = self.kept[resource.kind].load(at.tx, at.actor, [record_id], now=at.now)
        if not found:
            raise RecordNotFound(resource.kind, record_id)
        return found[0]

    def create(self, at: Moment, written: Written) -> int:
        """The id of a new record. Raises Problems, Forbidden."""
        try:
            record_id = self.kept[written.resource.kind].create(at.tx, at.actor, written.given, now=at.now)
        except (UnfitRecord, InvalidFields) as unfit:
            written.refuse(_faults(unfit))
            raise
        written.refuse()
        return record_id

    def change(self, at: Moment, record_id: int, written: Written) -> None:
        """Raises Problems, RecordNotFound, Forbidden."""
        try:
            self.kept[written.resource.kind].change(at.tx, at.actor, record_id, written.given, now=at.now)
        except (UnfitRecord, InvalidFields) as unfit:
            written.refuse(_faults(unfit))
            raise
        written.refuse()

    def delete(self, at: Moment, resource: Resource, record_id: int) -> None:
        """Raises RecordNotFound, RecordNeeded, Forbidden."""
        self.kept[resource.kind].delete(at.tx, at.actor, record_id, now=at.now)

    def included(
        self,
        at: Moment,
        resource: Resource,
        values: Sequence[Any],
        include: Include,
        site: Site,
        fields: Mapping[str, frozenset[str]],
    ) -> list[Object]:
        """What the paths lead to from these values, each record once, without the values themselves. Raises Forbidden.

        One call of a collection for each step of a path, however many records there are.
        """
        walk = _Walk(self, at, {resource.kind: {value.id: value for value in values}})
        walk.follow(resource, values, include)
        drawn: list[Object] = []
        for kind, found in walk.found.items():
            first = {value.id for value in values} if kind == resource.kind else set()
            rest = [value for record_id, value in found.items() if record_id not in first]
            type_ = self.types[kind]
            drawn += self.renderers[kind].objects(rest, site, fields.get(type_)) if rest else []
        return drawn


@dataclass(frozen=True, slots=True)
class _Walk:
    """Follows relationships, and loads no record twice."""

    api: Api
    at: Moment
    found: dict[str, dict[int, Any]]

    def follow(self, resource: Resource, values: Sequence[Any], include: Include) -> None:
        for name, deeper in include.items():
            related = resource.relationship(name)
            assert related is not None
            permit(self.at.actor, self.api.kept[related.kind].access.read)
            ids = list(dict.fromkeys(each for value in values for each in related.ids(value)))
            there = self._load(related.kind, ids)
            self.follow(self.api.resources[related.kind], there, deeper)

    def _load(self, kind: str, ids: Sequence[int]) -> list[Any]:
        known = self.found.setdefault(kind, {})
        if unknown := [each for each in ids if each not in known]:
            loaded = self.api.kept[kind].load(self.at.tx, self.at.actor, unknown, now=self.at.now)
            known.update((value.id, value) for value in loaded)
        return [known[each] for each in ids if each in known]


def _faults(unfit: UnfitRecord | InvalidFields) -> tuple[Fault, ...]:
    if isinstance(unfit, UnfitRecord):
        return unfit.faults
    return tuple(Fault((name,), sentence) for name, sentence in unfit.faults.items())
