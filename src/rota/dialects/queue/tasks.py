"""`/tasks` and what is below it."""

import falcon

from rota.dialects.queue import documents, params
from rota.dialects.queue.resource import Resource, given_object, send
from rota.domain.errors import InvalidFields
from rota.domain.fields import read_fields
from rota.domain.items import Status
from rota.operations import items


class Tasks(Resource):
    """`/tasks`"""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Tasks by priority, then urgency."""
        readers = {"status": params.STATUS, "owner": params.email, "tag": params.text, "n": params.COUNT}
        asked = params.query(req, readers)
        status = Status(asked["status"]) if "status" in asked else None
        actor = self.actor(req)
        with self.read() as tx:
            found = items.page(
                tx,
                actor,
                status=status,
                owner=asked.get("owner"),
                tag=asked.get("tag"),
                limit=asked.get("n", params.LIMIT),
            )
        send(resp, documents.tasks(found))

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """A new task."""
        actor, given = self.actor(req), given_object(req)
        with self.write() as tx:
            added = items.add(tx, actor, given, now=self.now())
        send(resp, documents.task(added), 201)


class Task(Resource):
    """`/tasks/{task_id}`"""

    def on_get(self, req: falcon.Request, resp: falcon.Response, task_id: str) -> None:
        actor = self.actor(req)
        with self.read() as tx:
            found = items.by_id(tx, actor, params.task_id(task_id))
        send(resp, documents.task(found))

    def on_put(self, req: falcon.Request, resp: falcon.Response, task_id: str) -> None:
        """The whole task anew, with defaults for what is missing."""
        actor, item_id = self.actor(req), params.task_id(task_id)
        given = _written(given_object(req), item_id)
        with self.write() as tx:
            updated = items.update(tx, actor, item_id, given, now=self.now())
        send(resp, documents.task(updated))

    def on_delete(self, req: falcon.Request, resp: falcon.Response, task_id: str) -> None:
        actor = self.actor(req)
        with self.write() as tx:
            deleted = items.delete(tx, actor, params.task_id(task_id), now=self.now())
        send(resp, documents.task(deleted))


class Purge(Resource):
    """`/tasks/{task_id}/purge`"""

    def on_post(self, req: falcon.Request, resp: falcon.Response, task_id: str) -> None:
        actor = self.actor(req)
        with self.write() as tx:
            items.purge(tx, actor, params.task_id(task_id), now=self.now())
        send(resp, {})


class History(Resource):
    """`/tasks/{task_id}/history`"""

    def on_get(self, req: falcon.Request, resp: falcon.Response, task_id: str) -> None:
        actor = self.actor(req)
        with self.read() as tx:
            now = self.now()
            found = items.history(tx, actor, params.task_id(task_id), now=now)
        send(resp, documents.history(found, now))


class Why(Resource):
    """`/tasks/{task_id}/why`"""

    def on_get(self, req: falcon.Request, resp: falcon.Response, task_id: str) -> None:
        actor = self.actor(req)
        with self.read() as tx:
            terms = items.why(tx, actor, params.task_id(task_id), now=self.now())
        send(resp, documents.why(terms))


class Queued(Resource):
    """`/tasks/queued`"""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        asked = params.query(req, {"n": params.COUNT})
        actor = self.actor(req)
        with self.read() as tx:
            found = items.queued(tx, actor)[: asked.get("n")]
        send(resp, documents.tasks(found))


class Available(Resource):
    """`/tasks/available`"""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """The most urgent tasks. Written down as a peek, hence a transaction that writes."""
        asked = params.query(req, {"n": params.COUNT})
        actor = self.actor(req)
        with self.write() as tx:
            found = items.available(tx, actor, asked.get("n", 1), now=self.now())
        send(resp, documents.tasks(found))


READ_ONLY = frozenset(
    {"_id", "_tags", "_state", "_created_by", "_created_on", "_last_modified_on", "_worked_by", "_worked_on"}
    | {"_work_status", "_completed_on", "_completion_status"}
)
"""What a task says of itself: a client that sends back what it got may leave it in."""


def _written(given: dict[str, object], item_id: int) -> dict[str, object]:
    """What a person wrote of the whole task that they sent. Raises InvalidFields for another task's."""
    written = {name: value for name, value in given.items() if name not in READ_ONLY}
    if given.get("_id", item_id) != item_id:
        read = read_fields(written)
        raise InvalidFields({"_id": "is not the number in the path", **(read if isinstance(read, dict) else {})})
    return written
