"""The one WSGI application of a server: dialects by prefix; health, metrics, docs; ids, logs and counts of requests."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import falcon
import structlog

from rota.dialects.jsonapi import app as jsonapi
from rota.dialects.jsonapi import openapi as jsonapi_openapi
from rota.dialects.kazoo import app as kazoo
from rota.dialects.kazoo import openapi as kazoo_openapi
from rota.dialects.queue import app as queue
from rota.dialects.queue import openapi as queue_openapi
from rota.dialects.service import Service
from rota.web import admin, docs, health
from rota.web.metrics import Metrics
from rota.web.proxies import Networks, unveil

log = structlog.get_logger()

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Wsgi = Callable[[Environ, StartResponse], Iterable[bytes]]


def create(service: Service) -> "Application":
    """Everything that a server answers."""
    metrics = Metrics(service.store, lambda: service.feed.listeners, service.clock)
    people = admin.create(store=service.store, clock=service.clock, new_id=service.new_id, session_s=service.session_s)
    desk = queue.create(service)
    return Application(
        {
            "/v2": ("kazoo", kazoo.create(service)),
            "/api": ("jsonapi", jsonapi.create(service)),
            **dict.fromkeys(queue.PREFIXES, ("queue", desk)),
            "/admin": ("admin", people),
            "": ("web", _own(service, metrics)),
        },
        metrics,
        service.new_id,
        service.proxies,
    )


class Application:
    """Chooses the dialect by the first segment of the path, and keeps what all dialects have in common."""

    def __init__(
        self,
        mounted: Mapping[str, tuple[str, Wsgi]],
        metrics: Metrics,
        new_id: Callable[[int], str],
        proxies: Networks,
    ) -> None:
        self._mounted, self._metrics, self._new_id, self._proxies = mounted, metrics, new_id, proxies

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        began, status = time.perf_counter(), ["500"]
        environ.setdefault("HTTP_X_REQUEST_ID", self._new_id(32))
        unveil(environ, self._proxies)
        first = "/" + environ["PATH_INFO"].lstrip("/").split("/", 1)[0]
        name, app = self._mounted.get(first) or self._mounted[""]

        def start(line: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            status[0] = line.split(" ", 1)[0]
            return start_response(line, headers, *rest)

        try:
            return app(environ, start)
        finally:
            seconds = time.perf_counter() - began
            self._metrics.note(name, environ["REQUEST_METHOD"], status[0], seconds)
            log.info(
                "request",
                dialect=name,
                method=environ["REQUEST_METHOD"],
                path=environ["PATH_INFO"],
                status=int(status[0]),
                ms=round(seconds * 1000, 1),
                request_id=environ["HTTP_X_REQUEST_ID"],
            )


def _own(service: Service, metrics: Metrics) -> falcon.App[Any, Any]:
    app: falcon.App[Any, Any] = falcon.App()
    app.req_options.strip_url_path_trailing_slash = True
    app.add_route("/healthz", health.Alive())
    app.add_route("/readyz", health.Ready(service.store, service.blobs, service.clock))
    app.add_route("/metrics", MetricsPage(metrics))
    documents = {
        "kazoo": kazoo_openapi.document(service.catalogue),
        "queue": queue_openapi.document(),
        "jsonapi": jsonapi_openapi.document(service.terms),
    }
    docs.add_routes(app, documents)
    return app


class MetricsPage:
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        response.content_type = "text/plain; version=0.0.4; charset=utf-8"
        response.data = self._metrics.render()
