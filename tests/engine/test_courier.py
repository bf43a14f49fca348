"""A courier, moved by hand or running: what it sends, in which order things may happen, and what it survives."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from desk import Desk
from mailroom import Mailroom
from rota.clock import now
from rota.domain.errors import StoreUnavailable
from rota.domain.webhooks import Outcome, State
from rota.engine.courier import ATTEMPT_S, IDLE_S, POLL_S, RETRY_S, SLOTS, Courier, Office
from rota.operations import deliveries
from rota.operations.deliveries import Due
from rota.store.port import Store
from support import wait_until

FINE, DOWN = Outcome(200), Outcome(500)


class Silent:
    """A log that remembers what was wrong."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def error(self, event: str, **facts: Any) -> None:
        self.told.append(event)


@dataclass
class World:
    """The far side: what webhooks answer, which of them say nothing until `speak` is set, and who was called when."""

    answers: dict[str, Outcome] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    speak: threading.Event = field(default_factory=threading.Event)
    called: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)

    def attempt(self, due: Due, until: float) -> Outcome:
        self.called.append(due.message_id)
        if due.webhook_id in self.silent:
            self.waiting.append(due.webhook_id)
            self.speak.wait(60)
            return Outcome(error="timed out")
        return self.answers.get(due.webhook_id, FINE)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.speak.set()


@pytest.fixture
def room(store: Store) -> Mailroom:
    return Mailroom(Desk.found(store))


@pytest.fixture
def log() -> Silent:
    return Silent()


@pytest.fixture
def hire(world: World, log: Silent, store: Store) -> Iterator[Callable[..., Courier]]:
    """A courier; its time is a desk's or the clock's."""
    hired: list[Courier] = []

    def make(name: str = "one", clock: Callable[[], int] = now, at: Store = store, **changes: Any) -> Courier:
        given = {
            "forerunner": None,
            "attempt": world.attempt,
            "chance": lambda: 0.5,
            "lease_s": 1.0,
            "keep_s": 60.0,
            "log": log,
            **changes,
        }
        hired.append(Courier(Office(at, name, clock=clock, **given)))
        return hired[-1]

    yield make
    world.speak.set()
    for each in hired:
        each.drain()
        each.run()


def round_trip(courier: Courier) -> float:
    """One turn, and back with what was sent in it."""
    wait_s = courier.turn()
    while courier._in_hand:
        courier.collect(1.0)
    courier.turn()
    return wait_s


def test_an_event_arrives(room: Mailroom, world: World, hire: Callable[..., Courier]) -> None:
    webhook = room.add()
    room.desk.add()
    courier = hire(clock=room.desk.now)
    round_trip(courier)
    (made,) = room.deliveries(webhook)
    assert (made.state, made.attempts) == (State.DELIVERED, 1)
    assert world.called == [made.message_id]


def test_an_idle_courier_makes_one_short_look(
    room: Mailroom, hire: Callable[..., Courier], statements: list[str]
) -> None:
    courier = hire(clock=room.desk.now)
    courier.turn()
    statements.clear()
    assert courier.turn() == IDLE_S
    assert Counter(statements) == {"webhooks_begin": 1, "delivery_waits": 1}
    room.add()
    assert courier.turn() == POLL_S


def test_what_fails_is_tried_again_with_the_same_id_when_its_time_has_come(
    room: Mailroom, world: World, hire: Callable[..., Courier]
) -> None:
    webhook = room.add()
    room.desk.add()
    world.answers[webhook.id] = DOWN
    courier = hire(clock=room.desk.now)
    for attempts in (1, 2, 3):
        round_trip(courier)
        (made,) = room.deliveries(webhook)
        assert (made.state, made.attempts) == (State.PENDING, attempts)
        room.desk.time = made.next_at
    world.answers[webhook.id] = FINE
    round_trip(courier)
    assert room.deliveries(webhook)[0].state is State.DELIVERED
    assert world.called == [made.message_id] * 4


def test_receivers_who_say_nothing_delay_nobody_else(
    room: Mailroom, world: World, hire: Callable[..., Courier]
) -> None:
    dead = [room.add() for _ in range(SLOTS)]
    for webhook in dead:
        world.answers[webhook.id] = DOWN
    alive = room.add()
    room.desk.add()
    courier = hire(clock=room.desk.now)
    while len(world.called) < len(dead) + 1:
        round_trip(courier)
    world.silent = {webhook.id for webhook in dead}
    room.desk.time += 3_600_000_000
    for _ in range(10):
        room.desk.add()
    courier.turn()
    wait_until(lambda: len(world.waiting) == SLOTS // 2, "the silent ones")
    for _ in range(20):
        courier.turn()
        courier.collect(0.01)
    wait_until(lambda: turned(courier) and len(room.deliveries(alive, State.DELIVERED)) == 11, "the other's messages")
    assert len(world.waiting) == SLOTS // 2


def turned(courier: Courier) -> bool:
    courier.turn()
    courier.collect(0.01)
    return True


def test_one_silent_receiver_holds_no_more_than_its_share(
    room: Mailroom, world: World, hire: Callable[..., Courier]
) -> None:
    silent = room.add()
    world.silent = {silent.id}
    for _ in range(20):
        room.desk.add()
    courier = hire(clock=room.desk.now)
    for _ in range(5):
        turned(courier)
    assert world.waiting == [silent.id] * deliveries.EACH


def test_whatever_an_attempt_raises_is_that_deliverys_trouble(room: Mailroom, hire: Callable[..., Courier]) -> None:
    def attempt(due: Due, until: float) -> Outcome:
        raise ZeroDivisionError

    webhook = room.add()
    room.desk.add()
    round_trip(hire(clock=room.desk.now, attempt=attempt))
    (made,) = room.deliveries(webhook)
    assert (made.state, made.last_error) == (State.PENDING, "the courier failed")


def test_an_outcome_waits_for_a_database_that_does_not_answer(
    room: Mailroom, world: World, log: Silent, hire: Callable[..., Courier], monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = room.add()
    room.desk.add()
    courier = hire(clock=room.desk.now)
    courier.turn()
    while courier._in_hand:
        courier.collect(1.0)

    def refuse(*args: Any) -> int:
        raise StoreUnavailable

    with monkeypatch.context() as broken:
        broken.setattr(deliveries, "settle", refuse)
        assert courier.turn() == RETRY_S
    assert log.told == ["courier.postponed"]
    assert room.deliveries(webhook)[0].state is State.PENDING
    courier.turn()
    assert room.deliveries(webhook)[0].state is State.DELIVERED
    assert len(world.called) == 1


def test_events_that_cannot_be_handed_out_do_not_stop_what_is_on_its_way(
    room: Mailroom, log: Silent, hire: Callable[..., Courier], monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = room.add()
    room.test(webhook)
    room.desk.add()
    courier = hire(clock=room.desk.now)

    def fail(*args: Any, **more: Any) -> int:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(deliveries, "hand_out", fail)
        round_trip(courier)
    assert log.told == ["courier.failed"] * 2
    assert [each.state for each in room.deliveries(webhook)] == [State.DELIVERED]
    round_trip(courier)
    assert room.kinds(webhook) == ["webhook.test", "item.added"]


def test_a_drain_waits_for_the_attempts_in_hand(room: Mailroom, world: World, hire: Callable[..., Courier]) -> None:
    webhook = room.add()
    world.silent = {webhook.id}
    room.desk.add()
    courier = hire()
    running = threading.Thread(target=courier.run)
    running.start()
    wait_until(lambda: bool(world.waiting), "the attempt")
    courier.drain()
    room.desk.add()
    world.speak.set()
    running.join(60)
    assert not running.is_alive()
    (made,) = room.deliveries(webhook)
    assert (made.attempts, made.last_error) == (1, "timed out")


def test_settled_deliveries_are_forgotten_in_time(room: Mailroom, hire: Callable[..., Courier]) -> None:
    webhook = room.add()
    room.desk.add()
    round_trip(hire(clock=room.desk.now))
    room.desk.time += 59_000_000
    hire("two", clock=room.desk.now).turn()
    assert len(room.deliveries(webhook)) == 1
    room.desk.time += 2_000_000
    hire("three", clock=room.desk.now).turn()
    assert room.deliveries(webhook) == []


def test_what_a_dead_forerunner_had_in_hand_is_sent_at_once(
    room: Mailroom, world: World, hire: Callable[..., Courier]
) -> None:
    webhook = room.add()
    room.desk.add()
    room.hand_out()
    assert len(room.claim("courier.1")) == 1
    round_trip(hire("courier.2", clock=room.desk.now))
    assert world.called == []
    round_trip(hire("courier.3", clock=room.desk.now, forerunner="courier.1"))
    assert room.deliveries(webhook)[0].state is State.DELIVERED


def test_a_lease_outlives_its_attempt(room: Mailroom, hire: Callable[..., Courier]) -> None:
    seen: list[tuple[int, int]] = []

    def attempt(due: Due, until: float) -> Outcome:
        with room.store.read() as tx:
            row = tx.one("delivery_by_message", message_id=due.message_id, webhook_id=due.webhook_id)
        assert row is not None
        seen.append((row["next_at"], row["queued_at"]))
        return FINE

    room.add()
    room.desk.add()
    round_trip(hire(clock=room.desk.now, attempt=attempt))
    ((lease_until, began),) = seen
    assert lease_until - began > ATTEMPT_S * 1_000_000


def test_couriers_who_share_a_database_send_every_message_and_none_of_them_twice(
    room: Mailroom, open_store: Callable[[], Store], hire: Callable[..., Courier]
) -> None:
    called: list[str] = []

    def attempt(due: Due, until: float) -> Outcome:
        called.append(due.message_id)
        return DOWN if due.id % 3 == 0 else FINE

    made = [room.add() for _ in range(3)]
    couriers = [hire(name, at=open_store(), attempt=attempt) for name in ("one", "two")]
    threads = [threading.Thread(target=courier.run) for courier in couriers]
    for thread in threads:
        thread.start()
    for _ in range(30):
        room.desk.add()
    wait_until(lambda: attempted(room, made) == 90, "all messages")
    for courier in couriers:
        courier.drain()
    for thread in threads:
        thread.join(60)
    assert len(called) == len(set(called)) == 90
    assert {each.attempts for webhook in made for each in room.deliveries(webhook)} == {1}


def attempted(room: Mailroom, made: list[Any]) -> int:
    return sum(each.attempts > 0 for webhook in made for each in room.deliveries(webhook))
