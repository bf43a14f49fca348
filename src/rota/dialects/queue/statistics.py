"""`/worker-stats`, `/owner-stats`, `/task-stats` and `/floor-stats`."""

from collections.abc import Mapping

import falcon

from rota.dialects.queue import documents, params
from rota.dialects.queue.resource import Resource, send
from rota.operations import stats

INTERVAL: Mapping[str, params.Reader] = {"from": params.moment, "to": params.moment}
THRESHOLD_US = 60 * params.SECOND
LONGEST = 10


class WorkerStats(Resource):
    """`/worker-stats`"""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """What each worker did, by e-mail."""
        asked = params.query(req, {**INTERVAL, "worker": params.email})
        between = params.interval(asked)
        actor = self.actor(req)
        with self.read() as tx:
            found = stats.workers(tx, actor, **between, email=asked.get("worker"), now=self.now())
        send(resp, {email: documents.worker_stats(each) for email, each in found.items()})


class OwnerStats(Resource):
    """`/owner-stats`"""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """What became of each owner's tasks, by e-mail."""
        asked = params.query(req, {**INTERVAL, "owner": params.email})
        between = params.interval(asked)
        actor = self.actor(req)
        with self.read() as tx:
            found = stats.owners(tx, actor, **between, email=asked.get("owner"), now=self.now())
        send(resp, {email: documents.owner_stats(each) for email, each in found.items()})


class TaskStats(Resource):
    """`/task-stats`"""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """What became of the tasks on the whole."""
        asked = params.query(req, {**INTERVAL, "tag": params.text, "title": params.text})
        between = params.interval(asked)
        actor = self.actor(req)
        with self.read() as tx:
            found = stats.items(tx, actor, **between, tag=asked.get("tag"), title=asked.get("title"), now=self.now())
        send(resp, documents.task_stats(found))


class FloorStats(Resource):
    """`/floor-stats`"""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """How things stand now, how long tasks waited, and where the workers' time went."""
        asked = params.query(req, {**INTERVAL, "threshold": params.seconds})
        between, threshold_us = params.interval(asked), asked.get("threshold", THRESHOLD_US)
        actor = self.actor(req)
        with self.read() as tx:
            now = self.now()
            document = documents.floor(
                stats.by_status(tx, actor),
                stats.longest_waiting(tx, actor, LONGEST),
                stats.waiting(tx, actor, threshold_us, **between, now=now),
                threshold_us,
                stats.workers(tx, actor, **between, now=now),
                now,
            )
        send(resp, document)
