"""What the routes share: who may use them, and the envelope around every answer."""

import traceback
from collections.abc import Callable
from typing import Any

import falcon
import structlog

from rota.dialects.credentials import sent_token
from rota.dialects.edge import drain_refused, know_verb
from rota.dialects.kazoo import documents, errors, params
from rota.dialects.kazoo.errors import Body, Fault
from rota.dialects.service import Service
from rota.domain.accounts import Account, Actor
from rota.domain.errors import Forbidden, Refusal, Unauthenticated
from rota.operations import accounts
from rota.store.port import Tx

log = structlog.get_logger()


class Edge:
    """What is done to every request and every answer."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        know_verb(req)

    def process_response(self, req: falcon.Request, resp: falcon.Response, resource: object, succeeded: bool) -> None:
        resp.set_header("X-Request-ID", envelope_facts(self._service, req)["request_id"])
        drain_refused(req, resp)


class Resource:
    def __init__(self, service: Service) -> None:
        self.service = service

    def admit(self, req: falcon.Request, tx: Tx, account_id: str | None) -> tuple[Actor, Account]:
        """Who is asking, and the account that they act on: their own when the path names none, as a superuser."""
        token = sent_token(req)
        if token is None:
            raise Unauthenticated
        actor = accounts.authenticate(tx, token, self.service.clock())
        if account_id is None and not actor.user.superuser:
            raise Forbidden
        # One statement less where an account acts on itself, which it always may.
        if account_id in {None, actor.account.id}:
            return actor, actor.account
        return actor, accounts.reach(tx, actor, account_id or "")

    def admitted(self, req: falcon.Request, account_id: str | None) -> tuple[Actor, Account]:
        with self.service.store.read() as tx:
            return self.admit(req, tx, account_id)

    def succeed(self, req: falcon.Request, resp: falcon.Response, data: Any, **facts: Any) -> None:
        facts = {**envelope_facts(self.service, req), **facts}
        write(req, resp, documents.success(data, **facts))

    def succeed_with_task(
        self, req: falcon.Request, resp: falcon.Response, document: documents.Document, status: int = 200
    ) -> None:
        resp.status = status
        self.succeed(req, resp, documents.read_only(document), page_size=1)


def envelope_facts(service: Service, req: falcon.Request) -> dict[str, Any]:
    """What every envelope says, whatever it holds. A single task's answer, also an error's, is a page of one."""
    if "request_id" not in req.context:
        req.context.request_id = params.request_id(req, service.new_id)
    return {
        "auth_token": sent_token(req),
        "node": service.node,
        "request_id": req.context.request_id,
        "timestamp": documents.timestamp(service.clock()),
        "page_size": 1 if "{task_id}" in (req.uri_template or "") else None,
    }


def write(req: falcon.Request, resp: falcon.Response, document: documents.Document) -> None:
    resp.data = documents.encode(document, indent=params.wants_indent(req))
    resp.content_type = "application/json"


def add_error_handlers(app: falcon.App[falcon.Request, falcon.Response], service: Service) -> None:
    """Let every exception be answered in the envelope."""
    app.add_error_handler(Refusal, _on(service, errors.of_refusal))
    app.add_error_handler(Fault, _on(service, lambda fault: fault.body))
    app.add_error_handler(falcon.HTTPError, _on(service, errors.of_http))
    app.add_error_handler(Exception, _on(service, lambda error: errors.CRASHED))


def _on(service: Service, body_of: Callable[[Any], Body]) -> Callable[..., None]:
    """An error handler that answers with the Body of an exception."""

    def handle(req: falcon.Request, resp: falcon.Response, error: Any, _: Any) -> None:
        facts = envelope_facts(service, req)
        body = body_of(error)
        if body is errors.CRASHED:
            # As text: a log that renders the exception itself may show local variables, a token among them.
            log.error("request.crashed", request_id=facts["request_id"], traceback=traceback.format_exc())
        resp.status = body.status
        resp.stream = None
        resp.set_headers(dict(body.headers))
        facts |= {"status": "error", "error": body.error, "message": body.message}
        write(req, resp, documents.envelope(body.data, **facts))

    return handle
