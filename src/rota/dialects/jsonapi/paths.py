"""The paths of every resource: its list, its records, what they are related to, and their relationships."""

import re
from contextlib import AbstractContextManager

import falcon

from rota.dialects.credentials import by_any
from rota.dialects.jsonapi import answers, bodies
from rota.dialects.jsonapi.api import Api, Moment
from rota.dialects.jsonapi.documents import JSONAPI, Document
from rota.dialects.jsonapi.edge import send
from rota.dialects.jsonapi.params import Asked, no_parameters
from rota.dialects.jsonapi.reading import Written, primary
from rota.dialects.jsonapi.relating import Merge, added, condition, relate, removed
from rota.dialects.jsonapi.resource import Relationship, Resource
from rota.dialects.service import Service
from rota.domain.accounts import Actor
from rota.domain.errors import Forbidden, RecordNotFound
from rota.operations.field.access import Who, permit
from rota.store.port import Tx

_ID = re.compile(r"[1-9][0-9]{0,17}")
_CHANGING = ("PATCH", "POST", "DELETE")


def _for_nobody(**verbs: Who) -> frozenset[str]:
    return frozenset(verb for verb, who in verbs.items() if who is Who.NOBODY)


class Path:
    """A path of one resource."""

    def __init__(self, service: Service, api: Api, resource: Resource) -> None:
        self.service, self.api, self.resource = service, api, resource
        self.kept = api.kept[resource.kind]

    def refused(self, name: str = "") -> frozenset[str]:
        """The verbs that the path knows only to refuse them to everybody, with 403: they are not said to be allowed.
        `name` is that of a relationship."""
        return frozenset()

    def actor(self, req: falcon.Request) -> Actor:
        """Who is asking. Raises Unauthenticated, TooManyFailures."""
        return by_any(self.service.store, self.service.clock, req)

    def read(self) -> AbstractContextManager[Tx]:
        return self.service.store.read()

    def write(self) -> AbstractContextManager[Tx]:
        """Others may wait for it: a request has been read to its end before it begins."""
        return self.service.store.write(shared=True)

    def at(self, tx: Tx, actor: Actor) -> Moment:
        return Moment(tx, actor, self.service.clock())

    def number(self, record_id: str) -> int:
        """The id of a path. Raises RecordNotFound for what can be none."""
        if not _ID.fullmatch(record_id):
            raise RecordNotFound(self.resource.kind, record_id)
        return int(record_id)

    def related(self, name: str) -> Relationship:
        """HTTP errors: 404 for what is no relationship, or leads to what is not served."""
        found = self.resource.relationship(name)
        if found is None or found.kind not in self.api.resources:
            raise falcon.HTTPNotFound
        return found

    def asked_of_one(self, req: falcon.Request) -> Asked:
        return self.api.params[self.resource.kind].of_one(req)

    def document(self, req: falcon.Request, at: Moment, record_id: int, asked: Asked) -> Document:
        """Of a record as it stands in the transaction. Raises RecordNotFound, Forbidden."""
        value = self.api.load(at, self.resource, record_id)
        there = answers.site(req)
        url = answers.self_url(req) if req.method == "GET" else there.url(self.resource.segment, record_id)
        return answers.one(self.api, at, self.resource, value, asked, there, url)


class List(Path):
    """`/tasks`"""

    def refused(self, name: str = "") -> frozenset[str]:
        return _for_nobody(POST=self.kept.access.create)

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        actor = self.actor(req)
        permit(actor, self.kept.access.read)
        asked = self.api.params[self.resource.kind].of_list(req)
        with self.read() as tx:
            document = answers.page(self.api, self.at(tx, actor), self.resource, asked, req)
        send(resp, document)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        actor = self.actor(req)
        permit(actor, self.kept.access.create)
        asked = self.asked_of_one(req)
        written = self.written(req)
        with self.write() as tx:
            at = self.at(tx, actor)
            document = self.document(req, at, self.api.create(at, written), asked)
        resp.location = document["links"]["self"]
        send(resp, document, 201)

    def written(self, req: falcon.Request) -> Written:
        """What the request says of a new record. Raises Problems."""
        return self.api.reader(self.resource).new(primary(bodies.document(req)))


class One(Path):
    """`/tasks/{record_id}`"""

    def refused(self, name: str = "") -> frozenset[str]:
        return _for_nobody(PATCH=self.kept.access.change, DELETE=self.kept.access.delete)

    def on_get(self, req: falcon.Request, resp: falcon.Response, record_id: str) -> None:
        actor, number = self.actor(req), self.number(record_id)
        permit(actor, self.kept.access.read)
        asked = self.asked_of_one(req)
        with self.read() as tx:
            document = self.document(req, self.at(tx, actor), number, asked)
        send(resp, document)

    def on_patch(self, req: falcon.Request, resp: falcon.Response, record_id: str) -> None:
        actor, number = self.actor(req), self.number(record_id)
        permit(actor, self.kept.access.change)
        asked = self.asked_of_one(req)
        written = self.api.reader(self.resource).change(primary(bodies.document(req)), number)
        with self.write() as tx:
            at = self.at(tx, actor)
            self.api.change(at, number, written)
            document = self.document(req, at, number, asked)
        send(resp, document)

    def on_delete(self, req: falcon.Request, resp: falcon.Response, record_id: str) -> None:
        actor, number = self.actor(req), self.number(record_id)
        permit(actor, self.kept.access.delete)
        no_parameters(req)
        with self.write() as tx:
            self.api.delete(self.at(tx, actor), self.resource, number)
        resp.status = 204


class Related(Path):
    """`/tasks/{record_id}/{name}`: what a relationship leads to."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, record_id: str, name: str) -> None:
        actor, number, related = self.actor(req), self.number(record_id), self.related(name)
        target = self.api.resources[related.kind]
        permit(actor, self.kept.access.read)
        permit(actor, self.api.kept[related.kind].access.read)
        params = self.api.params[related.kind]
        asked = params.of_list(req) if related.many else params.of_one(req)
        with self.read() as tx:
            at = self.at(tx, actor)
            ids = related.ids(value := self.api.load(at, self.resource, number))
            if related.many:
                asked.conditions.append(condition(related, value))
                document = answers.page(self.api, at, target, asked, req)
            else:
                found = self.api.kept[related.kind].load(tx, actor, ids, now=at.now)
                shown = found[0] if found else None
                url = answers.self_url(req)
                document = answers.one(self.api, at, target, shown, asked, answers.site(req), url)
        send(resp, document)


class Linkage(Path):
    """`/tasks/{record_id}/relationships/{name}`"""

    def refused(self, name: str = "") -> frozenset[str]:
        related = self.resource.relationship(name)
        fixed = related is None or related.fixed or not related.writable
        return _for_nobody(**dict.fromkeys(_CHANGING, Who.NOBODY if fixed else self.kept.access.change))

    def on_get(self, req: falcon.Request, resp: falcon.Response, record_id: str, name: str) -> None:
        actor, number, related = self.actor(req), self.number(record_id), self.related(name)
        permit(actor, self.kept.access.read)
        if related.listed_by:
            asked = self.api.params[related.kind].of_list(req)
        else:
            no_parameters(req)
        with self.read() as tx:
            at = self.at(tx, actor)
            value = self.api.load(at, self.resource, number)
            if related.listed_by:
                asked.conditions.append(condition(related, value))
                document = answers.identifiers(self.api, at, self.api.resources[related.kind], asked, req)
            else:
                document = self.api.renderers[self.resource.kind].linkage(related, value)
        there = answers.site(req)
        links = {
            "self": answers.self_url(req),
            "related": there.url(self.resource.segment, number, name),
            **document.pop("links", {}),
        }
        send(resp, {"jsonapi": JSONAPI, "links": links, **document})

    def on_patch(self, req: falcon.Request, resp: falcon.Response, record_id: str, name: str) -> None:
        """The whole relationship anew."""
        self._change(req, resp, record_id, name)

    def on_post(self, req: falcon.Request, resp: falcon.Response, record_id: str, name: str) -> None:
        """More members of a to-many relationship."""
        self._change(req, resp, record_id, name, added)

    def on_delete(self, req: falcon.Request, resp: falcon.Response, record_id: str, name: str) -> None:
        """Fewer members of a to-many relationship."""
        self._change(req, resp, record_id, name, removed)

    def _change(
        self, req: falcon.Request, resp: falcon.Response, record_id: str, name: str, merge: Merge | None = None
    ) -> None:
        actor, number, related = self.actor(req), self.number(record_id), self.related(name)
        permit(actor, self.kept.access.change)
        if related.fixed or not related.writable:
            raise Forbidden
        no_parameters(req)
        written = self.api.reader(self.resource).linkage(related, primary(bodies.document(req)))
        with self.write() as tx:
            relate(self.api, self.at(tx, actor), self.resource, related, number, written, merge)
        resp.status = 204


class LinkageOfOne(Path):
    """`/tasks/{record_id}/relationships/parent`, to which nothing can be added."""

    def __init__(self, service: Service, api: Api, resource: Resource, name: str) -> None:
        super().__init__(service, api, resource)
        self.name, self.linkage = name, Linkage(service, api, resource)

    def refused(self, name: str = "") -> frozenset[str]:
        return self.linkage.refused(self.name)

    def on_get(self, req: falcon.Request, resp: falcon.Response, record_id: str) -> None:
        self.linkage.on_get(req, resp, record_id, self.name)

    def on_patch(self, req: falcon.Request, resp: falcon.Response, record_id: str) -> None:
        self.linkage.on_patch(req, resp, record_id, self.name)
