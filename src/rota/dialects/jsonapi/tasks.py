"""What only tasks have: a history, and copies."""

from typing import cast

import falcon

from rota.dialects.jsonapi import answers, histories
from rota.dialects.jsonapi.documents import JSONAPI
from rota.dialects.jsonapi.edge import send
from rota.dialects.jsonapi.params import no_parameters
from rota.dialects.jsonapi.paths import Path
from rota.operations.field import history
from rota.operations.field.tasks import Tasks


class History(Path):
    """`/tasks/{record_id}/history`"""

    def on_get(self, req: falcon.Request, resp: falcon.Response, record_id: str) -> None:
        actor, number = self.actor(req), self.number(record_id)
        no_parameters(req)
        with self.read() as tx:
            found = history.of_task(tx, actor, number)
        data = [histories.event(each, self.service.terms) for each in found]
        send(resp, {"jsonapi": JSONAPI, "links": {"self": answers.self_url(req)}, "data": data})


class Clone(Path):
    """`/tasks/{record_id}/clone`"""

    def on_post(self, req: falcon.Request, resp: falcon.Response, record_id: str) -> None:
        """A draft that is the same but for its name."""
        actor, number = self.actor(req), self.number(record_id)
        asked = self.asked_of_one(req)
        with self.write() as tx:
            at = self.at(tx, actor)
            made = cast(Tasks, self.kept).clone(tx, actor, number, now=at.now)
            document = self.document(req, at, made, asked)
        resp.location = document["links"]["self"]
        send(resp, document, 201)
