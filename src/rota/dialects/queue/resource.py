"""What the routes share: who may use them, how they answer, and what is done to every request and every answer."""

import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import falcon
import msgspec
import structlog

from rota.dialects.bodies import json_object
from rota.dialects.credentials import by_any
from rota.dialects.edge import drain_refused, know_verb, sent_request_id
from rota.dialects.queue import errors
from rota.dialects.queue.errors import Body
from rota.dialects.service import Service
from rota.domain.accounts import Actor
from rota.domain.errors import Refusal
from rota.store.port import Tx

log = structlog.get_logger()

BODY_LIMIT = 4 << 20
"""Bytes of a body: a field that is too long is named as long as the whole is not longer than this."""


class Resource:
    """A path."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def actor(self, req: falcon.Request) -> Actor:
        """Who is asking. Raises Unauthenticated, TooManyFailures."""
        return by_any(self.service.store, self.service.clock, req)

    def read(self) -> AbstractContextManager[Tx]:
        return self.service.store.read()

    def write(self) -> AbstractContextManager[Tx]:
        """Others may wait for it: a request has been read to its end before it begins."""
        return self.service.store.write(shared=True)

    def now(self) -> int:
        return self.service.clock()


def given_object(req: falcon.Request, empty: bytes = b"") -> dict[str, Any]:
    """The JSON object of the body; `empty` stands for a body of no bytes."""
    return json_object(req, BODY_LIMIT, empty)


def send(resp: falcon.Response, document: Any, status: int = 200) -> None:
    resp.status = status
    resp.content_type = falcon.MEDIA_JSON
    resp.data = msgspec.json.encode(document)


class Edge:
    """What is done to every request and every answer."""

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        if req.method == "HEAD":
            # The server in front sends no body to a HEAD; everything else is a GET's.
            req.method = "GET"
        know_verb(req)

    def process_response(self, req: falcon.Request, resp: falcon.Response, resource: object, succeeded: bool) -> None:
        if sent := sent_request_id(req):
            resp.set_header("X-Request-ID", sent)
        drain_refused(req, resp)


def add_error_handlers(app: falcon.App[falcon.Request, falcon.Response]) -> None:
    """Let every exception be answered in this dialect's own form."""
    app.add_error_handler(Exception, _on(_crashed))
    app.add_error_handler(falcon.HTTPError, _on(errors.of_http))
    app.add_error_handler(Refusal, _on(errors.of_refusal))


def _crashed(error: Exception) -> Body:
    # As text: a log that renders the exception itself may show local variables, a token among them.
    log.error("request.crashed", traceback=traceback.format_exc())
    return errors.crashed()


def _on(body_of: Callable[[Any], Body]) -> Callable[..., None]:
    """An error handler that answers with the Body of an exception."""

    def handle(req: falcon.Request, resp: falcon.Response, error: Any, _: Any) -> None:
        body = body_of(error)
        resp.stream = None
        resp.set_headers(dict(body.headers))
        send(resp, body.document, body.status)

    return handle
