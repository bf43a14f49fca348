"""`/events`: what the desk's log tells."""

from typing import Any

import falcon

from rota.dialects.queue import documents, params
from rota.dialects.queue.resource import Resource, send
from rota.domain.accounts import Actor
from rota.domain.errors import WorkerNotFound
from rota.domain.items import Line
from rota.operations import log, shifts
from rota.store.port import Tx

READERS: dict[str, params.Reader] = {
    "user": params.email,
    "type": params.EVENT_TYPE,
    "task": params.TASK,
    "n": params.COUNT,
}


class Events(Resource):
    """`/events`"""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """The newest events, in the order in which they came about."""
        asked = params.query(req, READERS)
        actor = self.actor(req)
        with self.read() as tx:
            found = _lines(tx, actor, asked)
        send(resp, documents.events(found))


def _lines(tx: Tx, actor: Actor, asked: dict[str, Any]) -> list[Line]:
    """A user's events or, where none is named, a task's. Nobody has done nothing: of an unknown user there are none."""
    narrowed: dict[str, Any] = {"item_id": asked.get("task")}
    if "user" in asked:
        try:
            narrowed = {"user_id": shifts.worker(tx, actor, asked["user"]).id}
        except WorkerNotFound:
            return []
    kinds = params.EVENT_TYPES.get(asked.get("type", ""), ())
    return log.recent(tx, actor, kinds=kinds, limit=asked.get("n", params.LIMIT), **narrowed)
