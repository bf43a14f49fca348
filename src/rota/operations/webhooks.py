"""Webhooks as the admins of an account manage them, each those of their own account; what is sent is in deliveries.py.

The lock of a webhook comes before those of its deliveries, wherever both are taken.
"""

import re
from urllib.parse import urlsplit

from rota.domain.accounts import Actor
from rota.domain.errors import (
    DeliveryNotFound,
    DeliveryUnderWay,
    TooManyWebhooks,
    WebhookDisabled,
    WebhookNotFound,
)
from rota.domain.events import Event, Kind
from rota.domain.webhooks import SECOND, TEST, WEBHOOKS_LIMIT, Delivery, Fields, Secrets, State, Webhook, payload
from rota.operations.accounts import require_admin
from rota.operations.events import record
from rota.store.port import Row, Tx

BY_HAND = "an admin disabled it"
ABANDONED = "the webhook was disabled"

_ID = re.compile(r"[0-9a-f]{1,64}")
_MESSAGE_ID = re.compile(r"msg_[0-9a-z_]{1,128}")


def add(tx: Tx, actor: Actor, fields: Fields, *, webhook_id: str, secret: str, position: int, now: int) -> Webhook:
    """A new webhook for the events after `position` (see tail.newest). Raises Forbidden, TooManyWebhooks."""
    require_admin(actor)
    values = {"id": webhook_id, "account_id": actor.account.id, "secret": secret, **_written(fields)}
    if not tx.run("webhook_insert", **values, position=position, created_at=now, most=WEBHOOKS_LIMIT):
        raise TooManyWebhooks(WEBHOOKS_LIMIT)
    added = _locked(tx, actor, webhook_id)
    _record(tx, Kind.WEBHOOK_CREATED, added, now, actor.user.id)
    if fields.enabled is False:
        disable(tx, added, BY_HAND, user_id=actor.user.id, now=now)
    return by_id(tx, actor, webhook_id)


def by_id(tx: Tx, actor: Actor, webhook_id: str) -> Webhook:
    """Raises Forbidden, and WebhookNotFound for another account's webhook, too."""
    require_admin(actor)
    row = tx.one("webhook_by_id", id=webhook_id, account_id=actor.account.id) if _ID.fullmatch(webhook_id) else None
    if row is None:
        raise WebhookNotFound(webhook_id)
    return from_row(row)


def page(tx: Tx, actor: Actor) -> list[Webhook]:
    """All webhooks of the account, the oldest first. Raises Forbidden."""
    require_admin(actor)
    return [from_row(row) for row in tx.all("webhooks_of_account", account_id=actor.account.id)]


def update(tx: Tx, actor: Actor, webhook_id: str, fields: Fields, *, position: int, now: int) -> Webhook:
    """Write a webhook anew; what is on its way already goes to the new URL, too. One that is enabled again is told of
    the events after `position` (see tail.newest). Raises Forbidden, WebhookNotFound."""
    before = _locked(tx, actor, webhook_id)
    written = {"url": before.url, "kinds": " ".join(before.kinds), "description": before.description}
    changed = [name for name, value in _written(fields).items() if value != written[name]]
    if changed:
        tx.run("webhook_change", id=before.id, **_written(fields))
    if fields.enabled and tx.run("webhook_enable", id=before.id, position=position):
        changed.append("enabled")
    if changed:
        _record(tx, Kind.WEBHOOK_UPDATED, before, now, actor.user.id, changed=changed)
    if fields.enabled is False:
        disable(tx, before, BY_HAND, user_id=actor.user.id, now=now)
    return by_id(tx, actor, webhook_id)


def disable(tx: Tx, webhook: Webhook, because: str, *, user_id: int | None = None, now: int) -> None:
    """Send nothing more to a webhook that is locked: what is on its way is given up, and nothing is put in line until
    somebody enables it."""
    if tx.run("webhook_disable", id=webhook.id, because=because, now=now):
        tx.run("deliveries_abandon", webhook_id=webhook.id, because=ABANDONED, now=now)
        _record(tx, Kind.WEBHOOK_DISABLED, webhook, now, user_id, because=because)


def delete(tx: Tx, actor: Actor, webhook_id: str, *, now: int) -> Webhook:
    """Remove a webhook with all its deliveries; what it was. Raises Forbidden, WebhookNotFound."""
    webhook = _locked(tx, actor, webhook_id)
    tx.run("webhook_delete", id=webhook.id)
    _record(tx, Kind.WEBHOOK_DELETED, webhook, now, actor.user.id)
    return webhook


def rotate(tx: Tx, actor: Actor, webhook_id: str, *, secret: str, overlap_s: int, now: int) -> Webhook:
    """Sign with a new secret, and for `overlap_s` seconds with the present one, too; one that was rotated out before
    ends now. Raises Forbidden, WebhookNotFound."""
    webhook = _locked(tx, actor, webhook_id)
    tx.run("webhook_rotate", id=webhook.id, secret=secret, previous_until=now + overlap_s * SECOND)
    _record(tx, Kind.WEBHOOK_ROTATED, webhook, now, actor.user.id, overlap_s=overlap_s)
    return by_id(tx, actor, webhook_id)


def test(tx: Tx, actor: Actor, webhook_id: str, *, test_id: str, now: int) -> Delivery:
    """Put a message in line that tells of nothing. Raises Forbidden, WebhookNotFound, WebhookDisabled."""
    webhook = _listening(tx, actor, webhook_id)
    message_id = f"msg_{webhook.id}_t{test_id}"
    body = payload(TEST, now, {"webhook_id": webhook.id, "user": actor.user.email})
    values = {"webhook_id": webhook.id, "message_id": message_id, "event_id": None, "kind": TEST, "payload": body}
    tx.run("delivery_insert", **values, now=now)
    return _delivery(tx, webhook, message_id)


def deliveries(
    tx: Tx, actor: Actor, webhook_id: str, *, state: State | None = None, limit: int = 100
) -> list[Delivery]:
    """The newest deliveries, the newest first. Raises Forbidden, WebhookNotFound."""
    webhook = by_id(tx, actor, webhook_id)
    tests = {"state": state.value} if state else {}
    return [delivery_from(row) for row in tx.page("deliveries_page", tests, webhook_id=webhook.id, limit=limit)]


def retry(tx: Tx, actor: Actor, webhook_id: str, message_id: str, *, now: int) -> Delivery:
    """Put a delivery in line once more, whatever became of it, with all its attempts before it.

    Raises Forbidden, WebhookNotFound, WebhookDisabled, DeliveryNotFound, DeliveryUnderWay.
    """
    webhook = _listening(tx, actor, webhook_id)
    found = _delivery(tx, webhook, message_id)
    if not tx.run("delivery_requeue", id=found.id, now=now):
        raise DeliveryUnderWay(message_id)
    return _delivery(tx, webhook, message_id)


def from_row(row: Row) -> Webhook:
    return Webhook(
        id=row["id"],
        account_id=row["account_id"],
        url=row["url"],
        kinds=tuple(row["kinds"].split()),
        description=row["description"],
        secrets=secrets_from(row),
        position=row["position"],
        created_at=row["created_at"],
        disabled_at=row["disabled_at"],
        disabled_because=row["disabled_because"],
        delivered_at=row["delivered_at"],
        failing_since=row["failing_since"],
    )


def secrets_from(row: Row) -> Secrets:
    return Secrets(row["secret"], row["previous_secret"], row["previous_until"])


def delivery_from(row: Row) -> Delivery:
    return Delivery(
        id=row["id"],
        webhook_id=row["webhook_id"],
        message_id=row["message_id"],
        kind=row["kind"],
        payload=row["payload"],
        state=State(row["state"]),
        attempts=row["attempts"],
        queued_at=row["queued_at"],
        next_at=row["next_at"],
        attempted_at=row["attempted_at"],
        settled_at=row["settled_at"],
        last_status=row["last_status"],
        last_error=row["last_error"],
    )


def _locked(tx: Tx, actor: Actor, webhook_id: str) -> Webhook:
    """The actor's webhook, kept from others until this transaction ends. Raises Forbidden, WebhookNotFound."""
    found = by_id(tx, actor, webhook_id)
    row = tx.one("webhook_lock", id=found.id)
    if row is None:
        raise WebhookNotFound(webhook_id)
    return from_row(row)


def _listening(tx: Tx, actor: Actor, webhook_id: str) -> Webhook:
    webhook = _locked(tx, actor, webhook_id)
    if not webhook.enabled:
        raise WebhookDisabled(webhook_id)
    return webhook


def _delivery(tx: Tx, webhook: Webhook, message_id: str) -> Delivery:
    known = _MESSAGE_ID.fullmatch(message_id)
    row = tx.one("delivery_by_message", message_id=message_id, webhook_id=webhook.id) if known else None
    if row is None:
        raise DeliveryNotFound(message_id)
    return delivery_from(row)


def _written(fields: Fields) -> dict[str, str]:
    return {"url": fields.url, "kinds": " ".join(fields.kinds), "description": fields.description}


def _record(tx: Tx, kind: Kind, webhook: Webhook, now: int, user_id: int | None, **facts: object) -> None:
    """Of the URL the log keeps the host: its path may hold a secret."""
    told = {"host": urlsplit(webhook.url).hostname, **facts}
    record(tx, Event(now, kind, webhook.account_id, f"webhook:{webhook.id}", user_id, told))
