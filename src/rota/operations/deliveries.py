"""Deliveries: written from the log of events, handed to couriers, settled by what came of each attempt, forgotten.

An event's deliveries are written in the transaction that moves the cursor past it: none is lost and none is doubled,
whoever dies when. A courier has a delivery in hand for the time of a lease, under an epoch; once somebody else has
taken it, what the first one says of it changes nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from rota.domain.webhooks import TEST, Outcome, Secrets, State, Verdict, Webhook, data_of, judge, payload
from rota.operations.events import count
from rota.operations.tail import Told
from rota.operations.webhooks import disable, from_row, secrets_from
from rota.store.port import Row, Tx

EACH = 4
"""Deliveries of one webhook that one courier has in hand at most; of a webhook that fails it is one."""

LOOK = 256
FORGET = 500
GONE = "the receiver answered 410 Gone"
DEAD = "nothing has arrived for a day"


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery that may be attempted, and all that this takes. `failing`: the webhook's last attempt failed."""

    id: int
    webhook_id: str
    message_id: str
    kind: str
    payload: str
    attempts: int
    queued_at: int
    url: str
    secrets: Secrets
    failing: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery in hand; `epoch` is the fence."""

    due: Due
    epoch: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """What came of an attempt that ended at `now`; `jitter` in [0, 1) is by chance."""

    claim: Claim
    outcome: Outcome
    now: int
    jitter: float


def begin(tx: Tx) -> int | None:
    """After which event the hand-out goes on; None while no webhook listens, and nobody need read the log."""
    first: int | None = tx.value("webhooks_begin")
    return None if first is None else max(first, tx.value("cursor_position") or 0)


def hand_out(tx: Tx, told: Sequence[Told], *, position: int, now: int) -> int | None:
    """Write the deliveries of the events that follow `position`; how many, or None where somebody was faster.

    The webhooks are looked at after the events: one that was there before an event is seen.
    """
    if not tx.run("cursor_advance", position=position, next_position=told[-1].id):
        return None
    rows = [_row(webhook, each, now) for each, webhook in _wanted(tx, told)]
    if rows:
        tx.batch("delivery_insert", rows)
    return len(rows)


def due(tx: Tx, busy: Iterable[str], *, now: int) -> list[Due]:
    """What may be attempted, a few deliveries of each webhook that is not busy. They are not claimed yet."""
    if not tx.one("delivery_waits", now=now):
        return []
    rows = tx.all("deliveries_due", busy=_json(busy), each=EACH, limit=LOOK, now=now)
    return [_due(row) for row in rows]


def choose(found: Sequence[Due], in_hand: Iterable[Due], slots: int) -> list[Due]:
    """What one courier, who can make `slots` attempts at a time, takes besides what it has in hand.

    Those webhooks come first of which it has the least in hand. Webhooks that fail have one attempt each, and half of
    the slots together: however many are dead, and however long they take to say nothing, the others have the rest.
    """
    held = list(in_hand)
    load = Counter(each.webhook_id for each in held)
    failing = sum(each.failing for each in held)
    turns = [(_turn(load, each), each) for each in found]
    taken: list[Due] = []
    for turn, each in sorted(turns, key=lambda pair: (pair[0], pair[1].failing)):
        if len(held) + len(taken) == slots:
            break
        if turn > (1 if each.failing else EACH) or (each.failing and failing >= slots // 2):
            continue
        failing += each.failing
        taken.append(each)
    return taken


def is_busy(load: int, *, failing: bool) -> bool:
    """A webhook of which a courier has so many deliveries in hand is given none more."""
    return load >= (1 if failing else EACH)


def claim(tx: Tx, chosen: Sequence[Due], courier: str, *, lease_until: int, now: int) -> list[Claim]:
    """Those of the chosen that nobody else has taken meanwhile: the courier's alone until the lease ends."""
    if not chosen:
        return []
    ids = _json(each.id for each in chosen)
    rows = tx.all("deliveries_claim", ids=ids, courier=courier, lease_until=lease_until, now=now)
    epochs = {row["id"]: row["epoch"] for row in rows}
    return [Claim(each, epochs[each.id]) for each in chosen if each.id in epochs]


def settle(tx: Tx, settlements: Iterable[Settlement]) -> int:
    """Write what came of attempts; how many of them counted. The others were claimed by somebody else meanwhile, or
    their webhook was disabled or deleted."""
    # In the order of webhooks, as everybody locks them.
    ordered = sorted(settlements, key=lambda each: each.claim.due.webhook_id)
    states = [state for each in ordered if (state := _settle(tx, each))]
    told = Counter(states)
    count(tx, deliveries_delivered=told[State.DELIVERED], deliveries_failed=told[State.FAILED])
    return len(states)


def free(tx: Tx, couriers: str, *, now: int) -> int:
    """Couriers whose names begin so are gone: what they had in hand is due at once. How many that was."""
    return tx.run("deliveries_free", prefix=couriers, prefix_end=couriers + "\x7f", now=now)


def forget(tx: Tx, *, before: int) -> int:
    """Remove deliveries that were settled before this; how many, FORGET at most."""
    return tx.run("deliveries_forget", before=before, limit=FORGET)


def _settle(tx: Tx, settlement: Settlement) -> State | None:
    made, outcome, now = settlement.claim, settlement.outcome, settlement.now
    row = tx.one("webhook_lock", id=made.due.webhook_id)
    age_us = now - made.due.queued_at
    verdict = judge(outcome, made.due.kind, made.due.attempts + 1, age_us, now, settlement.jitter)
    if row is None or not tx.run("delivery_settle", **_settled(made, outcome, verdict, now)):
        return None
    webhook = from_row(row)
    tx.run("webhook_succeeded" if outcome.is_success else "webhook_failed", id=webhook.id, now=now)
    if outcome.is_gone:
        disable(tx, webhook, GONE, now=now)
    elif verdict.state is State.FAILED and _is_dead(webhook, made.due):
        disable(tx, webhook, DEAD, now=now)
    return verdict.state


def _is_dead(webhook: Webhook, given_up: Due) -> bool:
    """The attempts of a day have failed, and nothing else has arrived at the webhook meanwhile. A test is made once."""
    return given_up.kind != TEST and (webhook.delivered_at or 0) < given_up.queued_at


def _settled(made: Claim, outcome: Outcome, verdict: Verdict, now: int) -> dict[str, Any]:
    return {
        "id": made.due.id,
        "epoch": made.epoch,
        "state": verdict.state.value,
        "next_at": verdict.next_at,
        "settled_at": None if verdict.state is State.PENDING else now,
        "status": outcome.status,
        "error": outcome.sentence,
        "now": now,
    }


def _wanted(tx: Tx, told: Sequence[Told]) -> Iterator[tuple[Told, Webhook]]:
    rows = tx.all("webhooks_listening", account_ids=_json({each.account_id for each in told}))
    webhooks = [from_row(row) for row in rows]
    for each in told:
        for webhook in webhooks:
            if webhook.account_id == each.account_id and webhook.wants(each.kind, each.id):
                yield each, webhook


def _row(webhook: Webhook, told: Told, now: int) -> dict[str, Any]:
    return {
        "webhook_id": webhook.id,
        "message_id": f"msg_{webhook.id}_{told.id}",
        "event_id": told.id,
        "kind": told.kind,
        "payload": payload(told.kind, told.at, data_of(told.subject, told.user, told.facts)),
        "now": now,
    }


def _turn(load: Counter[str], each: Due) -> int:
    """The how-manieth of its webhook it would be."""
    load[each.webhook_id] += 1
    return load[each.webhook_id]


def _due(row: Row) -> Due:
    return Due(
        id=row["id"],
        webhook_id=row["webhook_id"],
        message_id=row["message_id"],
        kind=row["kind"],
        payload=row["payload"],
        attempts=row["attempts"],
        queued_at=row["queued_at"],
        url=row["url"],
        secrets=secrets_from(row),
        failing=row["failing_since"] is not None,
    )


def _json(values: Iterable[str | int]) -> str:
    return msgspec.json.encode(list(values)).decode()
