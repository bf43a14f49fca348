"""`/webhooks` and what is below it: for the admins of an account, its webhooks, their secrets and their deliveries."""

import secrets
from collections.abc import Mapping
from typing import Any

import falcon
import msgspec

from rota import outbound
from rota.dialects.queue import params
from rota.dialects.queue.documents import Document, iso
from rota.dialects.queue.resource import Resource, given_object, send
from rota.domain import webhooks as domain
from rota.domain.accounts import Actor
from rota.domain.errors import InvalidFields
from rota.domain.webhooks import Fields, State
from rota.operations import tail, webhooks
from rota.operations.accounts import require_admin

READERS: Mapping[str, params.Reader] = {"state": params.one_of(State), "n": params.COUNT}

READ_ONLY = frozenset(
    {"id", "created_on", "disabled_on", "disabled_because", "delivered_on", "failing_since", "previous_secret_until"}
)
"""What a webhook says of itself: a client that sends back what it got may leave it in."""


class _Webhooks(Resource):
    def admin(self, req: falcon.Request) -> Actor:
        """Who is asking. Raises Forbidden before the body is looked at, or a name looked up for it."""
        actor = self.actor(req)
        require_admin(actor)
        return actor

    def fields(self, given: Mapping[str, Any]) -> Fields:
        """Looks up the URL's host: not in a transaction, which others may wait for. Raises InvalidFields."""
        read = domain.read_fields(given, self._url_fault)
        if isinstance(read, dict):
            raise InvalidFields(read)
        return read

    def _url_fault(self, url: str) -> str | None:
        if not outbound.is_url(url):
            return "is not an http or https URL"
        if outbound.has_credentials(url):
            return "holds a user name or a password: messages are signed instead"
        if not self.service.webhooks_private and outbound.leads_inside(url, outbound.resolve):
            return f"leads to {outbound.host_of(url)}, whose address is not public"
        return None


class Webhooks(_Webhooks):
    """`/webhooks`"""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        params.query(req, {})
        actor = self.admin(req)
        with self.read() as tx:
            found = webhooks.page(tx, actor)
        send(resp, [webhook(each, self.now()) for each in found])

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """A new webhook, with the one look at its secret."""
        actor = self.admin(req)
        fields = self.fields(given_object(req))
        position, secret, webhook_id = tail.newest(self.service.store), _new_secret(), self.service.new_id(16)
        with self.write() as tx:
            added = webhooks.add(
                tx, actor, fields, webhook_id=webhook_id, secret=secret, position=position, now=self.now()
            )
        _send_secret(resp, webhook(added, self.now()), secret)


class Webhook(_Webhooks):
    """`/webhooks/{webhook_id}`"""

    def on_get(self, req: falcon.Request, resp: falcon.Response, webhook_id: str) -> None:
        params.query(req, {})
        actor = self.admin(req)
        with self.read() as tx:
            found = webhooks.by_id(tx, actor, webhook_id)
        send(resp, webhook(found, self.now()))

    def on_put(self, req: falcon.Request, resp: falcon.Response, webhook_id: str) -> None:
        """The whole webhook anew, with defaults for what is missing; `enabled` stays as it is."""
        actor = self.admin(req)
        fields = self.fields(_written(given_object(req), webhook_id))
        position = tail.newest(self.service.store) if fields.enabled else 0
        with self.write() as tx:
            updated = webhooks.update(tx, actor, webhook_id, fields, position=position, now=self.now())
        send(resp, webhook(updated, self.now()))

    def on_delete(self, req: falcon.Request, resp: falcon.Response, webhook_id: str) -> None:
        actor = self.admin(req)
        with self.write() as tx:
            deleted = webhooks.delete(tx, actor, webhook_id, now=self.now())
        send(resp, webhook(deleted, self.now()))


class Rotate(_Webhooks):
    """`/webhooks/{webhook_id}/rotate`"""

    def on_post(self, req: falcon.Request, resp: falcon.Response, webhook_id: str) -> None:
        """A new secret, with the one look at it."""
        actor = self.admin(req)
        overlap_s, secret = _overlap(given_object(req, empty=b"{}")), _new_secret()
        with self.write() as tx:
            rotated = webhooks.rotate(tx, actor, webhook_id, secret=secret, overlap_s=overlap_s, now=self.now())
        _send_secret(resp, webhook(rotated, self.now()), secret)


class Test(_Webhooks):
    """`/webhooks/{webhook_id}/test`"""

    def on_post(self, req: falcon.Request, resp: falcon.Response, webhook_id: str) -> None:
        """Send a message that tells of nothing."""
        actor = self.admin(req)
        with self.write() as tx:
            queued = webhooks.test(tx, actor, webhook_id, test_id=self.service.new_id(12), now=self.now())
        send(resp, delivery(queued))


class Deliveries(_Webhooks):
    """`/webhooks/{webhook_id}/deliveries`"""

    def on_get(self, req: falcon.Request, resp: falcon.Response, webhook_id: str) -> None:
        """The newest deliveries, the newest first."""
        asked = params.query(req, READERS)
        actor = self.admin(req)
        state, limit = State(asked["state"]) if "state" in asked else None, asked.get("n", params.LIMIT)
        with self.read() as tx:
            found = webhooks.deliveries(tx, actor, webhook_id, state=state, limit=limit)
        send(resp, [delivery(each) for each in found])


class Retry(_Webhooks):
    """`/webhooks/{webhook_id}/deliveries/{delivery_id}/retry`"""

    def on_post(self, req: falcon.Request, resp: falcon.Response, webhook_id: str, delivery_id: str) -> None:
        """Put a delivery in line once more."""
        actor = self.admin(req)
        with self.write() as tx:
            queued = webhooks.retry(tx, actor, webhook_id, delivery_id, now=self.now())
        send(resp, delivery(queued))


def webhook(found: domain.Webhook, now: int) -> Document:
    """All of it but its secrets; what does not apply is absent."""
    rotating = len(found.secrets.at(now)) > 1
    times = {
        "disabled_on": found.disabled_at,
        "delivered_on": found.delivered_at,
        "failing_since": found.failing_since,
        "previous_secret_until": found.secrets.previous_until if rotating else None,
    }
    return {
        "id": found.id,
        "url": found.url,
        "types": found.kinds,
        "description": found.description,
        "enabled": found.enabled,
        "created_on": iso(found.created_at),
        **({} if found.enabled else {"disabled_because": found.disabled_because}),
        **_times(times),
    }


def delivery(found: domain.Delivery) -> Document:
    """`id` is what the receiver sees as `webhook-id`; `payload` is what it is sent."""
    times = {
        "attempted_on": found.attempted_at,
        "next_on": found.next_at if found.state is State.PENDING else None,
        "settled_on": found.settled_at,
    }
    told = {"last_status": found.last_status, "last_error": found.last_error}
    return {
        "id": found.message_id,
        "type": found.kind,
        "state": found.state,
        "attempts": found.attempts,
        "queued_on": iso(found.queued_at),
        **_times(times),
        **{name: value for name, value in told.items() if value is not None},
        "payload": msgspec.Raw(found.payload.encode()),
    }


def _times(times: Mapping[str, int | None]) -> Document:
    return {name: iso(at) for name, at in times.items() if at is not None}


def _new_secret() -> str:
    return domain.new_secret(secrets.token_bytes(domain.SECRET_BYTES))


def _send_secret(resp: falcon.Response, document: Document, secret: str) -> None:
    resp.set_header("Cache-Control", "no-store")
    send(resp, {**document, "secret": secret})


def _written(given: Mapping[str, Any], webhook_id: str) -> Document:
    """What a person wrote of the whole webhook that they sent."""
    if given.get("id", webhook_id) != webhook_id:
        raise InvalidFields({"id": "is not the one in the path"})
    return {name: value for name, value in given.items() if name not in READ_ONLY}


def _overlap(given: Mapping[str, Any]) -> int:
    """For how many seconds the present secret goes on signing."""
    faults = {name: "is not a field that can be written" for name in given if name != "overlap"}
    overlap = given.get("overlap", domain.OVERLAP_S)
    if type(overlap) is not int or not 0 <= overlap <= domain.LONGEST_OVERLAP_S:
        faults["overlap"] = f"must be a whole number of seconds from 0 to {domain.LONGEST_OVERLAP_S}"
    if faults:
        raise InvalidFields(faults)
    return int(overlap)
