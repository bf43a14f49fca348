"""What is done to every request and every answer, and how what is refused is answered."""

import secrets
import traceback
from collections.abc import Callable
from typing import Any

import falcon
import structlog

from rota.dialects.bodies import media_type
from rota.dialects.edge import drain_refused, know_verb, sent_request_id
from rota.dialects.jsonapi import errors, negotiation
from rota.dialects.jsonapi.documents import MEDIA_TYPE, encode
from rota.dialects.jsonapi.errors import Body, Problems
from rota.domain.errors import Refusal

log = structlog.get_logger()


def send(resp: falcon.Response, document: Any, status: int = 200) -> None:
    resp.status = status
    resp.content_type = MEDIA_TYPE
    resp.data = encode(document)


class Edge:
    """Negotiation, verbs, and the headers of all answers."""

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        if req.method == "HEAD":
            # The server in front sends no body to a HEAD; everything else is a GET's.
            req.method = "GET"
        know_verb(req)

    def process_resource(self, req: falcon.Request, resp: falcon.Response, resource: Any, params: Any) -> None:
        """A path may take or give other media types, and look after them itself, know an extension, or take files."""
        if refused := getattr(resource, "refused", None):
            req.context.refused = refused(params.get("name", ""))
        if getattr(resource, "negotiates", False):
            return
        known: frozenset[str] = getattr(resource, "extensions", frozenset())
        if media_type(req) not in getattr(resource, "uploads", frozenset()):
            negotiation.check_content_type(req, known)
        negotiation.check_accept(req, known)

    def process_response(self, req: falcon.Request, resp: falcon.Response, resource: object, succeeded: bool) -> None:
        resp.append_header("Vary", "Accept")
        _allow_less(req, resp)
        if sent := sent_request_id(req):
            resp.set_header("X-Request-ID", sent)
        drain_refused(req, resp)


def _allow_less(req: falcon.Request, resp: falcon.Response) -> None:
    """What is refused to everybody is not allowed."""
    if (allowed := resp.get_header("Allow")) and (refused := getattr(req.context, "refused", None)):
        resp.set_header("Allow", ", ".join(verb for verb in allowed.split(", ") if verb not in refused))


def add_error_handlers(app: falcon.App[falcon.Request, falcon.Response]) -> None:
    """Let every exception be answered as error objects."""
    app.add_error_handler(Exception, _on(_crashed))
    app.add_error_handler(falcon.HTTPError, _on(errors.of_http))
    app.add_error_handler(Refusal, _on(errors.of_refusal))
    app.add_error_handler(Problems, _on(errors.of_problems))


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
        send(resp, body.document(sent_request_id(req) or secrets.token_hex(8)), body.status)

    return handle
