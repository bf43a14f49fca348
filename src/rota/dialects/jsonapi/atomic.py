"""The Atomic Operations extension: several changes in one request and one transaction, of which all are made or none.

https://jsonapi.org/ext/atomic
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import falcon

from rota.dialects.credentials import by_any
from rota.dialects.jsonapi import answers, bodies
from rota.dialects.jsonapi.answers import ROOT
from rota.dialects.jsonapi.api import Api, Moment
from rota.dialects.jsonapi.documents import JSONAPI, MEDIA_TYPE, Document, Site
from rota.dialects.jsonapi.edge import send
from rota.dialects.jsonapi.errors import Problem, Problems, at, of_refusal
from rota.dialects.jsonapi.negotiation import ATOMIC, require_extension
from rota.dialects.jsonapi.params import no_parameters
from rota.dialects.jsonapi.reading import pointer
from rota.dialects.jsonapi.relating import Merge, added, relate, removed
from rota.dialects.jsonapi.resource import Resource
from rota.dialects.jsonapi.targets import RESULTS, Aim, Lid, Op, Operation, Targets
from rota.dialects.service import Service
from rota.domain.accounts import Actor
from rota.domain.errors import Forbidden, Refusal, StoreUnavailable
from rota.operations.field.access import permit

ATOMIC_TYPE = f'{MEDIA_TYPE}; ext="{ATOMIC}"'


TRIES = 5
"""After so many the client had better come again later."""


class Operations:
    """`/operations`"""

    extensions = frozenset({ATOMIC})

    def __init__(self, service: Service, api: Api) -> None:
        self._service, self._api = service, api

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """All that is wrong with the forms of operations is told at once, then what is wrong with the first that
        fails."""
        require_extension(req, ATOMIC)
        actor = by_any(self._service.store, self._service.clock, req)
        no_parameters(req)
        there = answers.site(req)
        targets = Targets(self._api.resources, f"{req.prefix}{ROOT}/operations", there.root)
        operations = targets.read(bodies.document(req))
        results = self._perform(actor, there, operations)
        if any(results):
            send(resp, {"jsonapi": {**JSONAPI, "ext": [ATOMIC]}, RESULTS: results})
            resp.content_type = ATOMIC_TYPE
        else:
            resp.status = 204

    def _perform(self, actor: Actor, there: Site, operations: Sequence[Operation]) -> list[Document]:
        """The results. Operations take records in the client's order, so that two series may wait for each other;
        then one begins anew."""
        tries = itertools.count(1)
        while True:
            try:
                with self._service.store.write() as tx:
                    series = _Series(self._api, Moment(tx, actor, self._service.clock()), there)
                    return [series.perform(each) for each in operations]
            except StoreUnavailable as trouble:
                if not trouble.circle or next(tries) == TRIES:
                    raise


@dataclass(frozen=True, slots=True)
class _Series:
    """Operations one after the other, in one transaction; `lids` grow with what they make."""

    api: Api
    at: Moment
    site: Site
    lids: dict[Lid, int] = field(default_factory=dict)

    def perform(self, operation: Operation) -> Document:
        """The result. Raises Problems, each with a pointer into the operation."""
        performer = _PERFORMERS.get((operation.op, operation.target.aim))
        if performer is None:
            raise Problems(_unfit(operation))
        try:
            return performer(self, operation)
        except Refusal as refusal:
            raise _placed(refusal, operation.target.pointer) from None

    def add(self, operation: Operation) -> Document:
        resource = operation.target.resource
        permit(self.at.actor, self.api.kept[resource.kind].access.create)
        written = self.api.reader(resource, self.lids).new(_data(operation), pointer(operation.pointer, "data"))
        record_id = self.api.create(self.at, written)
        if operation.lid:
            self.lids[operation.lid] = record_id
        return self._shown(resource, record_id)

    def update(self, operation: Operation) -> Document:
        resource, record_id = operation.target.resource, self._record_id(operation)
        permit(self.at.actor, self.api.kept[resource.kind].access.change)
        data, place = _data(operation), pointer(operation.pointer, "data")
        if isinstance(data, dict) and data.get("id") is None and self._calls(data, resource, record_id):
            data = {**data, "id": str(record_id)}
        self.api.change(self.at, record_id, self.api.reader(resource, self.lids).change(data, record_id, place))
        return self._shown(resource, record_id)

    def remove(self, operation: Operation) -> Document:
        self.api.delete(self.at, operation.target.resource, self._record_id(operation))
        return {}

    def relate(self, operation: Operation, merge: Merge | None = None) -> Document:
        resource, related = operation.target.resource, operation.target.related
        assert related is not None
        permit(self.at.actor, self.api.kept[resource.kind].access.change)
        if related.fixed or not related.writable:
            raise Forbidden
        reader = self.api.reader(resource, self.lids)
        written = reader.linkage(related, _data(operation), pointer(operation.pointer, "data"))
        relate(self.api, self.at, resource, related, self._record_id(operation), written, merge)
        return {}

    def _record_id(self, operation: Operation) -> int:
        record = operation.target.record
        assert record is not None
        return self.lids[record] if isinstance(record, tuple) else record

    def _calls(self, data: Mapping[str, Any], resource: Resource, record_id: int) -> bool:
        """Whether data calls the record by its local id."""
        lid = data.get("lid")
        return isinstance(lid, str) and self.lids.get((resource.type, lid)) == record_id

    def _shown(self, resource: Resource, record_id: int) -> Document:
        """The record as it stands now, whatever later operations do to it."""
        value = self.api.load(self.at, resource, record_id)
        return {"data": self.api.renderers[resource.kind].objects([value], self.site)[0]}


def _added(series: _Series, operation: Operation) -> Document:
    return series.relate(operation, added)


def _removed(series: _Series, operation: Operation) -> Document:
    return series.relate(operation, removed)


_PERFORMERS: Mapping[tuple[Op, Aim], Callable[[_Series, Operation], Document]] = {
    (Op.ADD, Aim.COLLECTION): _Series.add,
    (Op.UPDATE, Aim.RECORD): _Series.update,
    (Op.REMOVE, Aim.RECORD): _Series.remove,
    (Op.UPDATE, Aim.TO_ONE): _Series.relate,
    (Op.UPDATE, Aim.TO_MANY): _Series.relate,
    (Op.ADD, Aim.TO_MANY): _added,
    (Op.REMOVE, Aim.TO_MANY): _removed,
}
"""What there is to be done; everything else that can be said is refused."""


def _unfit(operation: Operation) -> Problem:
    """A to-one relationship can only be written anew, as at its URL; other targets are misnamed."""
    sentence = f"A {operation.target.aim} is nothing to {operation.op}."
    place = operation.target.pointer
    if operation.target.aim is Aim.TO_ONE:
        return Problem(403, "unsupported", "Forbidden", sentence, {"pointer": place})
    return at(place, sentence)


def _placed(refusal: Refusal, place: str) -> Exception:
    """A refusal as it is told of one operation of many; what no operation is to blame for stays as it is."""
    body = of_refusal(refusal)
    if body.status >= 500:
        return refusal
    return Problems(*(replace(each, source={"pointer": place}) for each in body.problems))


def _data(operation: Operation) -> Any:
    if not operation.has_data:
        raise Problems(at(operation.pointer, "The operation must have data."))
    return operation.data
