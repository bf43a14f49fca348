"""The queue dialect's routes."""

from collections.abc import Iterator

import falcon

from rota.dialects.queue import log, statistics, stream, tasks, webhooks, workers
from rota.dialects.queue.resource import Edge, Resource, add_error_handlers
from rota.dialects.queue.slack.resources import Commands, Interactive
from rota.dialects.queue.slack.respond import Responder, post
from rota.dialects.service import Service

PREFIXES = (
    "/tasks",
    "/workers",
    "/events",
    "/worker-stats",
    "/owner-stats",
    "/task-stats",
    "/floor-stats",
    "/webhooks",
    "/slack",
)
"""The first segments of the paths that this application answers."""


def create(service: Service) -> falcon.App[falcon.Request, falcon.Response]:
    """The WSGI application that answers everything below PREFIXES."""
    app = falcon.App(middleware=[Edge()])
    app.req_options.strip_url_path_trailing_slash = True
    for path, resource in _routes(service):
        app.add_route(path, resource)
    add_error_handlers(app)
    return app


def _routes(service: Service) -> Iterator[tuple[str, Resource]]:
    yield "/tasks", tasks.Tasks(service)
    yield "/tasks/queued", tasks.Queued(service)
    yield "/tasks/available", tasks.Available(service)
    yield "/tasks/{task_id}", tasks.Task(service)
    yield "/tasks/{task_id}/history", tasks.History(service)
    yield "/tasks/{task_id}/why", tasks.Why(service)
    yield "/tasks/{task_id}/purge", tasks.Purge(service)
    yield "/workers", workers.Workers(service)
    yield "/workers/loggedin", workers.LoggedIn(service)
    yield "/workers/tasks", workers.Hand(service)
    yield "/workers/tasks/{task_id}", workers.HandTask(service)
    # A path, for an address may hold a slash; falcon is only told of it once it is unquoted.
    yield "/workers/{email:path}", workers.Worker(service)
    yield "/events", log.Events(service)
    yield "/events/stream", stream.EventStream(service)
    yield "/worker-stats", statistics.WorkerStats(service)
    yield "/owner-stats", statistics.OwnerStats(service)
    yield "/task-stats", statistics.TaskStats(service)
    yield "/floor-stats", statistics.FloorStats(service)
    responder = Responder(post) if service.slack_respond else None
    yield "/slack/commands", Commands(service, responder)
    yield "/slack/interactive", Interactive(service, responder)
    yield "/webhooks", webhooks.Webhooks(service)
    yield "/webhooks/{webhook_id}", webhooks.Webhook(service)
    yield "/webhooks/{webhook_id}/rotate", webhooks.Rotate(service)
    yield "/webhooks/{webhook_id}/test", webhooks.Test(service)
    yield "/webhooks/{webhook_id}/deliveries", webhooks.Deliveries(service)
    yield "/webhooks/{webhook_id}/deliveries/{delivery_id}/retry", webhooks.Retry(service)
