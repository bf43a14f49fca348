"""Couriers and admins who meet: nothing is sent twice at a time, nothing is lost, nothing waits in a circle."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from desk import Desk
from mailroom import FINE, LEASE, SECRET, URL, Mailroom
from races import at_once, overlap
from rota.domain.errors import WebhookDisabled, WebhookNotFound
from rota.domain.webhooks import Fields, Outcome, State, Webhook
from rota.operations import deliveries, items, webhooks
from rota.operations.deliveries import Claim, Settlement
from rota.operations.tail import Tail
from rota.store.port import Store, Tx

COURIERS = 4


@pytest.fixture
def room(store: Store) -> Mailroom:
    return Mailroom(Desk.found(store))


def hand_out(room: Mailroom) -> Callable[[Tx], Any]:
    """The writing of what there is to hand out, as read now."""
    with room.store.read() as tx:
        position = deliveries.begin(tx)
    assert position is not None
    told = Tail(room.store, position).next()
    return lambda tx: deliveries.hand_out(tx, told, position=position, now=room.desk.now())


def update(room: Mailroom, webhook: Webhook, **fields: Any) -> Callable[[Tx], Any]:
    given = Fields(URL, **fields)
    return lambda tx: webhooks.update(tx, room.desk.admin, webhook.id, given, position=0, now=room.desk.now())


def settle(room: Mailroom, *pairs: tuple[Claim, Outcome]) -> Callable[[Tx], Any]:
    made = [Settlement(claim, outcome, room.desk.now(), 0.5) for claim, outcome in pairs]
    return lambda tx: deliveries.settle(tx, made)


def test_of_two_hand_outs_at_once_one_writes(room: Mailroom, open_store: Callable[[], Store]) -> None:
    webhook = room.add()
    room.desk.add()
    assert overlap(room.store, hand_out(room), open_store(), hand_out(room)) == (1, None)
    assert room.kinds(webhook) == ["item.added"]


@pytest.mark.parametrize("first", ["hand_out", "disable"])
def test_a_webhook_that_is_disabled_while_events_are_handed_out_keeps_nothing_pending(
    room: Mailroom, open_store: Callable[[], Store], first: str
) -> None:
    webhook = room.add()
    room.desk.add()
    changes = {"hand_out": hand_out(room), "disable": update(room, webhook, enabled=False)}
    second = "disable" if first == "hand_out" else "hand_out"
    overlap(room.store, changes[first], open_store(), changes[second])
    assert room.deliveries(webhook, State.PENDING) == []
    assert len(room.deliveries(webhook)) == (first == "hand_out")


def test_a_webhook_that_is_deleted_while_events_are_handed_out_stops_nobody(
    room: Mailroom, open_store: Callable[[], Store]
) -> None:
    webhook, other = room.add(), room.add()
    room.desk.add()

    def delete(tx: Tx) -> Any:
        return webhooks.delete(tx, room.desk.admin, webhook.id, now=room.desk.now())

    written, deleted = overlap(room.store, hand_out(room), open_store(), delete)
    assert (written, deleted.id) == (2, webhook.id)
    assert room.kinds(other) == ["item.added"]
    room.desk.add()
    third = room.add()

    def delete_third(tx: Tx) -> Any:
        return webhooks.delete(tx, room.desk.admin, third.id, now=room.desk.now())

    assert overlap(room.store, delete_third, open_store(), hand_out(room))[1] == 1


@pytest.mark.parametrize("outcome", [FINE, Outcome(500), Outcome(410)], ids=["200", "500", "410"])
@pytest.mark.parametrize("first", ["settle", "disable"])
def test_a_webhook_that_is_disabled_while_an_attempt_is_settled_keeps_nothing_pending(
    room: Mailroom, open_store: Callable[[], Store], first: str, outcome: Outcome
) -> None:
    webhook = room.add()
    room.desk.add()
    room.desk.add()
    room.hand_out()
    one, two = room.claim()
    changes = {
        "settle": settle(room, (one, outcome), (two, FINE)),
        "disable": update(room, webhook, enabled=False),
    }
    second = "disable" if first == "settle" else "settle"
    overlap(room.store, changes[first], open_store(), changes[second])
    assert room.deliveries(webhook, State.PENDING) == []
    assert not room.get(webhook).enabled


@pytest.mark.parametrize("first", ["queue", "disable"])
@pytest.mark.parametrize("verb", ["retry", "test"])
def test_a_webhook_that_is_disabled_while_somebody_sends_by_hand_keeps_nothing_pending(
    room: Mailroom, open_store: Callable[[], Store], first: str, verb: str
) -> None:
    webhook = room.add()
    room.desk.add()
    room.hand_out()
    room.attempt(FINE)
    (made,) = room.deliveries(webhook)

    def queue(tx: Tx) -> Any:
        ids = (room.desk.admin, webhook.id)
        if verb == "test":
            return webhooks.test(tx, *ids, test_id="1", now=room.desk.now())
        return webhooks.retry(tx, *ids, made.message_id, now=room.desk.now())

    changes = {"queue": queue, "disable": update(room, webhook, enabled=False)}
    second = "disable" if first == "queue" else "queue"
    answers = overlap(room.store, changes[first], open_store(), changes[second])
    assert isinstance(answers[1], WebhookDisabled) == (second == "queue")
    assert room.deliveries(webhook, State.PENDING) == []


def test_webhooks_are_locked_in_one_order_whatever_came_back_first(room: Mailroom) -> None:
    for _ in range(4):
        room.add()
    room.desk.add()
    room.hand_out()
    claims = room.claim()
    locked: list[str] = []

    class Watched:
        """A transaction that tells whom it locks."""

        def __init__(self, tx: Tx) -> None:
            self._tx = tx

        def one(self, statement: str, /, **params: Any) -> Any:
            if statement == "webhook_lock":
                locked.append(params["id"])
            return self._tx.one(statement, **params)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._tx, name)

    with room.store.write() as tx:
        made = [Settlement(claim, FINE, room.desk.now(), 0.5) for claim in reversed(claims)]
        assert deliveries.settle(Watched(tx), made) == 4  # type: ignore[arg-type]
    assert locked == sorted(locked)
    assert len(set(locked)) == 4


def test_couriers_who_settle_for_many_webhooks_at_once_do_not_wait_in_a_circle(
    room: Mailroom, open_store: Callable[[], Store]
) -> None:
    made = [room.add() for _ in range(4)]
    for _ in range(2):
        room.desk.add()
    room.hand_out()
    claims = room.claim()
    assert len(claims) == 8
    one, other = claims[::2], claims[::-1][::2]
    assert {claim.due.id for claim in one}.isdisjoint(claim.due.id for claim in other)
    answers = overlap(
        room.store,
        settle(room, *((claim, FINE) for claim in one)),
        open_store(),
        settle(room, *((claim, Outcome(500)) for claim in other)),
    )
    assert answers == (4, 4)
    assert all(len(room.deliveries(each)) == 2 for each in made)


def test_a_retry_and_a_claim_leave_one_courier_with_it(room: Mailroom, open_store: Callable[[], Store]) -> None:
    webhook = room.add()
    room.desk.add()
    room.hand_out()
    (made,) = room.deliveries(webhook)
    now = room.desk.now()
    with room.store.read() as tx:
        found = deliveries.due(tx, [], now=now)

    def retry(tx: Tx) -> Any:
        return webhooks.retry(tx, room.desk.admin, webhook.id, made.message_id, now=now)

    def claim(tx: Tx) -> Any:
        return deliveries.claim(tx, found, "one", lease_until=now + LEASE, now=now)

    overlap(room.store, retry, open_store(), claim)
    held = room.claim("two")
    assert len(held) <= 1
    assert room.claim("three") == []


def test_a_purge_and_a_hand_out_stop_nobody(room: Mailroom, open_store: Callable[[], Store]) -> None:
    webhook = room.add()
    item = room.desk.add()
    ready = hand_out(room)

    def purge(tx: Tx) -> Any:
        return items.purge(tx, room.desk.admin, item.id, now=room.desk.now())

    assert overlap(room.store, purge, open_store(), ready)[1] == 1
    room.remove(webhook)
    with pytest.raises(WebhookNotFound):
        room.get(webhook)


def test_however_many_couriers_claim_no_two_get_the_same(room: Mailroom, open_store: Callable[[], Store]) -> None:
    made = [room.add() for _ in range(5)]
    for _ in range(8):
        room.desk.add()
    room.hand_out()
    rooms = [Mailroom(Desk(open_store(), time=room.desk.time, actors=room.desk.actors)) for _ in range(COURIERS)]
    claimed: list[tuple[int, int]] = []
    while sum(len(room.deliveries(each, State.DELIVERED)) for each in made) < 40:
        rounds = at_once(*(lambda r=each: r.claim(f"courier {rooms.index(r)}") for each in rooms))
        fresh = [claim for claims in rounds for claim in claims]
        assert fresh
        claimed += [(claim.due.id, claim.epoch) for claim in fresh]
        with ThreadPoolExecutor(COURIERS) as pool:
            done = pool.map(
                lambda pair: [pair[0].settle(claim, FINE) for claim in pair[1]], zip(rooms, rounds, strict=True)
            )
            assert all(all(each) for each in done)
    assert sorted(claimed) == [(number, 1) for number in sorted(number for number, _ in claimed)]
    assert len(claimed) == 40


def test_secrets_of_two_rotations_at_once_are_told_apart(room: Mailroom, open_store: Callable[[], Store]) -> None:
    webhook = room.add()

    def rotate(secret: str) -> Callable[[Tx], Any]:
        return lambda tx: webhooks.rotate(
            tx, room.desk.admin, webhook.id, secret=secret, overlap_s=60, now=room.desk.now()
        )

    overlap(room.store, rotate(SECRET + "1"), open_store(), rotate(SECRET + "2"))
    assert room.get(webhook).secrets.at(room.desk.time) == (SECRET + "2", SECRET + "1")
