"""Webhooks and their deliveries on both databases: what is written when, who gets it, what becomes of it."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from desk import Desk
from mailroom import FINE, LEASE, SECRET, Mailroom
from rota.clock import new_id
from rota.domain.accounts import Actor
from rota.domain.errors import (
    DeliveryNotFound,
    DeliveryUnderWay,
    Forbidden,
    TooManyWebhooks,
    WebhookDisabled,
    WebhookNotFound,
)
from rota.domain.events import Event, Kind
from rota.domain.webhooks import KINDS, SCHEDULE_S, SECOND, WEBHOOKS_LIMIT, Outcome, State
from rota.operations import accounts, deliveries, items, webhooks
from rota.operations.deliveries import DEAD, GONE, Due
from rota.operations.events import record
from rota.operations.holding import complete, grab
from rota.store.port import Store

ANN = "ann@example.org"
DOWN = Outcome(500)


@pytest.fixture
def room(store: Store) -> Mailroom:
    return Mailroom(Desk.found(store, ANN))


def other_account(room: Mailroom) -> Actor:
    """An admin of an account below the root."""
    with room.store.write() as tx:
        account = accounts.add_account(tx, room.desk.admin, "other", None, account_id=new_id(32), now=room.desk.now())
        user = accounts.add_user(tx, room.desk.admin, "boss@other.org", account_id=account.id, now=room.desk.now())
    return Actor(replace(user, role=accounts.Role.ADMIN), account)


def told(room: Mailroom, kind: Kind) -> list[dict[str, Any]]:
    with room.store.read() as tx:
        rows = tx.all("events_after", position=0, limit=1_000)
    return [json.loads(row["facts"]) for row in rows if row["kind"] == kind]


def test_a_webhook_is_told_what_happens_in_its_account_from_now_on(room: Mailroom) -> None:
    room.desk.add("before")
    webhook = room.add()
    item = room.desk.add("after", by=ANN)
    room.desk.act(grab, ANN)
    room.desk.act(complete, ANN, items_id(room, "before"))
    assert room.hand_out() == 3
    made = room.deliveries(webhook)
    assert [each.kind for each in made] == ["item.added", "item.grabbed", "item.succeeded"]
    first = json.loads(made[0].payload)
    assert first["type"] == "item.added"
    assert first["data"] == {"task_id": item.id, "user": ANN}
    assert {each.state for each in made} == {State.PENDING}
    assert len({each.message_id for each in made}) == 3


def items_id(room: Mailroom, title: str) -> int:
    with room.store.read() as tx:
        return next(each.id for each in items.page(tx, room.desk.admin) if each.title == title)


def test_a_webhook_is_told_only_of_the_kinds_it_asked_for(room: Mailroom) -> None:
    webhook, every = room.add("item.grabbed"), room.add()
    room.desk.add()
    room.desk.act(grab, ANN)
    room.hand_out()
    assert room.kinds(webhook) == ["item.grabbed"]
    assert room.kinds(every) == ["item.added", "item.grabbed"]


def test_neither_accounts_below_nor_above_are_told(room: Mailroom) -> None:
    boss = other_account(room)
    above, below = room.add(), room.add(actor=boss)
    room.desk.add()
    with room.store.write() as tx:
        items.add(tx, boss, {"title": "theirs"}, now=room.desk.now())
    assert room.hand_out() == 2
    assert room.kinds(above) == ["item.added"]
    with room.store.read() as tx:
        (theirs,) = webhooks.deliveries(tx, boss, below.id)
    assert json.loads(theirs.payload)["data"]["user"] == "boss@other.org"


def test_what_happens_to_webhooks_and_chunks_is_told_nobody(room: Mailroom) -> None:
    webhook = room.add()
    room.change(webhook, description="other")
    with room.store.write() as tx:
        for kind in Kind:
            record(tx, Event(room.desk.now(), kind, webhook.account_id, "job:1", facts={}))
    room.hand_out()
    assert room.kinds(webhook) == [kind for kind in Kind if kind in KINDS]


def test_nothing_is_read_while_nobody_listens(room: Mailroom, statements: list[str]) -> None:
    room.desk.add()
    statements.clear()
    assert room.hand_out() == 0
    assert statements == ["webhooks_begin"]
    webhook = room.add()
    room.change(webhook, enabled=False)
    statements.clear()
    assert room.hand_out() == 0
    assert statements == ["webhooks_begin"]


def test_the_cursor_and_the_deliveries_are_one_commit(room: Mailroom) -> None:
    webhook = room.add()
    room.desk.add()
    with pytest.raises(ZeroDivisionError), room.store.write() as tx:
        begin = deliveries.begin(tx)
        assert begin is not None
        assert deliveries.hand_out(tx, tail_of(room, begin), position=begin, now=1) == 1
        raise ZeroDivisionError
    assert room.deliveries(webhook) == []
    assert (room.hand_out(), room.hand_out()) == (1, 0)


def tail_of(room: Mailroom, position: int) -> Any:
    from rota.operations.tail import Tail

    return Tail(room.store, position).next()


def test_of_two_who_hand_out_the_same_events_one_writes(room: Mailroom) -> None:
    webhook = room.add()
    room.desk.add()
    with room.store.read() as tx:
        begin = deliveries.begin(tx)
    assert begin is not None
    both = [tail_of(room, begin) for _ in range(2)]
    written = [
        room.write(lambda tx, t=each: deliveries.hand_out(tx, t, position=begin, now=room.desk.now())) for each in both
    ]
    assert written == [1, None]
    assert room.kinds(webhook) == ["item.added"]


def test_a_disabled_webhook_is_told_nothing_and_gives_up_what_was_on_its_way(room: Mailroom) -> None:
    webhook = room.add()
    room.desk.add()
    room.hand_out()
    (claim,) = room.claim()
    disabled = room.change(webhook, enabled=False)
    assert (disabled.enabled, disabled.disabled_because) == (False, "an admin disabled it")
    assert not room.settle(claim, FINE)
    (given_up,) = room.deliveries(webhook)
    assert (given_up.state, given_up.last_error) == (State.FAILED, "the webhook was disabled")
    room.desk.add()
    assert room.hand_out() == 0
    enabled = room.change(webhook, enabled=True)
    assert (enabled.enabled, enabled.disabled_because) == (True, None)
    room.desk.add()
    assert room.hand_out() == 1
    assert len(room.deliveries(webhook)) == 2
    assert [facts["because"] for facts in told(room, Kind.WEBHOOK_DISABLED)] == ["an admin disabled it"]


def test_changes_are_written_to_the_log_without_paths_and_secrets(room: Mailroom) -> None:
    webhook = room.add("job.ended", url="https://hooks.example/secret-path?key=1")
    room.change(webhook, description="d", kinds=())
    room.change(room.get(webhook))
    with room.store.write() as tx:
        webhooks.rotate(tx, room.desk.admin, webhook.id, secret=SECRET, overlap_s=60, now=room.desk.now())
    room.remove(webhook)
    host = {"host": "hooks.example"}
    assert told(room, Kind.WEBHOOK_CREATED) == [host]
    assert told(room, Kind.WEBHOOK_UPDATED) == [{**host, "changed": ["kinds", "description"]}]
    assert told(room, Kind.WEBHOOK_ROTATED) == [{**host, "overlap_s": 60}]
    assert told(room, Kind.WEBHOOK_DELETED) == [host]


def test_success_settles_a_delivery_and_is_remembered(room: Mailroom) -> None:
    webhook = room.add()
    room.desk.add()
    room.hand_out()
    assert room.attempt(Outcome(204)) == 1
    (made,) = room.deliveries(webhook)
    assert (made.state, made.attempts, made.last_status, made.last_error) == (State.DELIVERED, 1, 204, None)
    assert made.settled_at == made.attempted_at == room.get(webhook).delivered_at
    assert room.claim() == []


def test_a_failed_attempt_is_made_again_when_its_time_has_come(room: Mailroom) -> None:
    webhook = room.add()
    room.desk.add()
    room.hand_out()
    assert room.attempt(DOWN) == 1
    (made,) = room.deliveries(webhook)
    assert (made.state, made.attempts, made.last_status, made.last_error) == (State.PENDING, 1, 500, "answered 500")
    assert room.get(webhook).failing_since is not None
    room.desk.time = made.next_at - 2
    assert room.claim() == []
    room.desk.time = made.next_at
    assert room.attempt(FINE) == 1
    assert room.get(webhook).failing_since is None


def fail_for_a_day(room: Mailroom, webhook: Any) -> int:
    """Let every attempt fail until there is none; how many."""
    attempts = 0
    while pending := room.deliveries(webhook, State.PENDING):
        room.desk.time = max(room.desk.time, min(each.next_at for each in pending))
        attempts += room.attempt(DOWN)
    return attempts


def test_a_day_of_nothing_but_failures_disables_the_webhook(room: Mailroom) -> None:
    webhook = room.add()
    room.desk.add()
    room.hand_out()
    began = room.desk.time
    assert fail_for_a_day(room, webhook) == len(SCHEDULE_S) + 1
    assert 0.9 < (room.desk.time - began) / (86_400 * SECOND) < 1.1
    (made,) = room.deliveries(webhook)
    assert (made.state, made.attempts) == (State.FAILED, len(SCHEDULE_S) + 1)
    found = room.get(webhook)
    assert (found.enabled, found.disabled_because) == (False, DEAD)
    assert [facts["because"] for facts in told(room, Kind.WEBHOOK_DISABLED)] == [DEAD]


def test_a_long_queue_before_a_dead_receiver_does_not_put_its_end_off(room: Mailroom) -> None:
    webhook = room.add()
    for _ in range(3):
        room.desk.add()
    room.hand_out()
    room.attempt(DOWN)
    room.desk.time += 86_400 * SECOND
    (claim,) = room.claim()
    assert room.settle(claim, DOWN)
    assert room.get(webhook).disabled_because == DEAD


def test_a_message_that_never_arrives_does_not_disable_where_others_do(room: Mailroom) -> None:
    webhook = room.add()
    room.desk.add()
    room.hand_out()
    room.attempt(DOWN)
    room.desk.add()
    room.hand_out()
    assert room.attempt(FINE) == 1
    fail_for_a_day(room, webhook)
    assert [each.state for each in room.deliveries(webhook)] == [State.FAILED, State.DELIVERED]
    assert room.get(webhook).enabled


def test_410_disables_at_once_and_nothing_more_is_sent(room: Mailroom) -> None:
    webhook = room.add()
    for _ in range(3):
        room.desk.add()
    room.hand_out()
    claims = room.claim()
    assert room.settle(claims[0], Outcome(410))
    assert not room.settle(claims[1], FINE)
    assert room.claim() == []
    found = room.get(webhook)
    assert (found.enabled, found.disabled_because) == (False, GONE)
    states = [(each.state, each.last_status, each.last_error) for each in room.deliveries(webhook)]
    assert states == [
        (State.FAILED, 410, "answered 410"),
        (State.FAILED, None, "the webhook was disabled"),
        (State.FAILED, None, "the webhook was disabled"),
    ]


def test_a_claim_is_one_couriers_until_its_lease_ends_and_then_the_next_ones(room: Mailroom) -> None:
    webhook = room.add()
    room.desk.add()
    room.hand_out()
    (first,) = room.claim("one")
    assert room.claim("two") == []
    room.desk.time += LEASE
    (second,) = room.claim("two")
    assert first.due.message_id == second.due.message_id
    assert not room.settle(first, FINE)
    assert room.settle(second, DOWN)
    assert not room.settle(second, FINE)
    assert [each.attempts for each in room.deliveries(webhook)] == [1]


def test_what_the_dead_had_in_hand_is_due_at_once_and_what_others_have_is_not(room: Mailroom) -> None:
    room.add()
    room.add()
    room.desk.add()
    room.hand_out()
    (one,) = room.claim("here.sole.courier.1", slots=1)
    (two,) = room.claim("there.sole.courier.1")
    assert room.write(lambda tx: deliveries.free(tx, "here.sole.", now=room.desk.now())) == 1
    assert not room.settle(one, FINE)
    (again,) = room.claim("here.sole.courier.2")
    assert again.due.message_id == one.due.message_id
    assert room.settle(two, FINE)


def test_a_courier_gets_a_few_of_each_webhook_and_one_of_those_that_fail(room: Mailroom) -> None:
    sound, failing = room.add(), room.add()
    for _ in range(3 * deliveries.EACH):
        room.desk.add()
    room.hand_out()
    while not room.get(failing).failing_since:
        for claim in room.claim():
            room.settle(claim, DOWN if claim.due.webhook_id == failing.id else FINE)
    mine = [claim.due.webhook_id for claim in room.claim()]
    assert mine.count(sound.id) == deliveries.EACH
    assert mine.count(failing.id) == 1
    assert {claim.due.webhook_id for claim in room.claim("two", busy=[sound.id])} <= {failing.id}


def waiting(webhook_id: str, number: int, *, failing: bool = False) -> Due:
    return Due(number, webhook_id, f"msg_{number}", "item.added", "{}", 0, 0, "http://x/", None, failing)  # type: ignore[arg-type]


def chosen(found: list[Due], in_hand: list[Due], slots: int) -> list[int]:
    return [each.id for each in deliveries.choose(found, in_hand, slots)]


def test_webhooks_take_turns() -> None:
    found = [waiting("a", 1), waiting("a", 2), waiting("b", 3), waiting("c", 4)]
    assert chosen(found, [], 3) == [1, 3, 4]
    assert chosen(found, [waiting("b", 9)], 3) == [1, 4]
    assert chosen(found, [], 10) == [1, 3, 4, 2]
    assert chosen(found, [], 0) == []


def test_a_webhook_never_has_more_than_its_share() -> None:
    found = [waiting("a", number) for number in range(10)]
    assert len(chosen(found, [], 32)) == deliveries.EACH
    assert len(chosen(found, found[:3], 32)) == deliveries.EACH - 3
    assert chosen([waiting("a", 1, failing=True), waiting("a", 2, failing=True)], [], 32) == [1]


def test_the_dead_never_have_more_than_half_of_the_slots() -> None:
    dead = [waiting(f"dead {number}", number, failing=True) for number in range(50)]
    alive = [waiting(f"alive {number}", 100 + number) for number in range(50)]
    assert len(chosen(dead, [], 32)) == 16
    assert len(chosen(dead, dead[:10], 32)) == 6
    taken = chosen([*dead, *alive], [], 32)
    assert len([each for each in taken if each >= 100]) == 32
    assert len(chosen([*dead, *alive[:5]], dead[:16], 32)) == 5


def test_rotation_lets_both_secrets_sign_for_a_while(room: Mailroom) -> None:
    webhook = room.add()
    newer = SECRET.replace("AAA", "BBB")
    with room.store.write() as tx:
        now = room.desk.now()
        rotated = webhooks.rotate(tx, room.desk.admin, webhook.id, secret=newer, overlap_s=60, now=now)
    assert rotated.secrets.at(now) == (newer, SECRET)
    room.desk.add()
    room.hand_out()
    (claim,) = room.claim()
    assert claim.due.secrets.at(now + 60 * SECOND - 1) == (newer, SECRET)
    assert claim.due.secrets.at(now + 60 * SECOND) == (newer,)


def test_a_delivery_is_put_in_line_once_more(room: Mailroom) -> None:
    webhook = room.add()
    room.desk.add()
    room.hand_out()
    room.attempt(FINE)
    (made,) = room.deliveries(webhook)
    queued = room.retry(made)
    assert (queued.state, queued.attempts, queued.settled_at) == (State.PENDING, 0, None)
    assert queued.message_id == made.message_id
    (claim,) = room.claim()
    with pytest.raises(DeliveryUnderWay):
        room.retry(made)
    assert room.settle(claim, FINE)
    with pytest.raises(DeliveryNotFound):
        room.retry(replace(made, message_id="msg_\0"))
    room.change(webhook, enabled=False)
    with pytest.raises(WebhookDisabled):
        room.retry(made)


def test_a_test_is_one_message_made_once(room: Mailroom) -> None:
    webhook = room.add("job.ended")
    sent = room.test(webhook)
    assert json.loads(sent.payload)["data"] == {"webhook_id": webhook.id, "user": "admin@localhost"}
    assert room.attempt(DOWN) == 1
    (made,) = room.deliveries(webhook)
    assert (made.kind, made.state, made.attempts) == ("webhook.test", State.FAILED, 1)
    assert room.get(webhook).enabled
    room.change(webhook, enabled=False)
    with pytest.raises(WebhookDisabled):
        room.test(webhook)


def test_settled_deliveries_are_forgotten_and_pending_ones_are_not(room: Mailroom) -> None:
    webhook = room.add()
    room.desk.add()
    room.desk.add()
    room.hand_out()
    first, _ = room.claim()
    room.settle(first, FINE)
    assert room.write(lambda tx: deliveries.forget(tx, before=room.desk.time)) == 0
    assert room.write(lambda tx: deliveries.forget(tx, before=room.desk.time + 1)) == 1
    assert [each.state for each in room.deliveries(webhook)] == [State.PENDING]


def test_a_purge_removes_what_deliveries_tell_of_the_item(room: Mailroom) -> None:
    webhook = room.add()
    item = room.desk.add()
    other = room.desk.add()
    room.hand_out()
    room.desk.act(items.purge, "admin@localhost", item.id)
    assert [json.loads(each.payload)["data"]["task_id"] for each in room.deliveries(webhook)] == [other.id]


def test_a_removed_webhook_takes_its_deliveries_along(room: Mailroom) -> None:
    webhook = room.add()
    room.desk.add()
    room.hand_out()
    (claim,) = room.claim()
    room.remove(webhook)
    assert not room.settle(claim, FINE)
    with pytest.raises(WebhookNotFound):
        room.get(webhook)


VERBS: dict[str, Callable[..., Any]] = {
    "by_id": lambda tx, actor, webhook_id: webhooks.by_id(tx, actor, webhook_id),
    "delete": lambda tx, actor, webhook_id: webhooks.delete(tx, actor, webhook_id, now=1),
    "rotate": lambda tx, actor, id_: webhooks.rotate(tx, actor, id_, secret=SECRET, overlap_s=0, now=1),
    "test": lambda tx, actor, webhook_id: webhooks.test(tx, actor, webhook_id, test_id="1", now=1),
    "deliveries": lambda tx, actor, webhook_id: webhooks.deliveries(tx, actor, webhook_id),
    "retry": lambda tx, actor, webhook_id: webhooks.retry(tx, actor, webhook_id, "msg_1", now=1),
}


@pytest.mark.parametrize("verb", VERBS)
def test_webhooks_are_for_the_admins_of_their_account_alone(room: Mailroom, verb: str) -> None:
    webhook, boss = room.add(), other_account(room)
    for actor, refusal in ((room.desk.actors[ANN], Forbidden), (boss, WebhookNotFound)):
        with pytest.raises(refusal), room.store.write() as tx:
            VERBS[verb](tx, actor, webhook.id)
    for unheard in ("0" * 16, "\0", "x" * 100, ""):
        with pytest.raises(WebhookNotFound), room.store.write() as tx:
            VERBS[verb](tx, room.desk.admin, unheard)


def test_an_account_has_a_bounded_number_of_webhooks(room: Mailroom) -> None:
    for _ in range(WEBHOOKS_LIMIT):
        room.add()
    with pytest.raises(TooManyWebhooks):
        room.add()
    assert room.add(actor=other_account(room)).enabled


def test_members_add_and_list_none(room: Mailroom) -> None:
    with pytest.raises(Forbidden):
        room.add(actor=room.desk.actors[ANN])
    with pytest.raises(Forbidden), room.store.read() as tx:
        webhooks.page(tx, room.desk.actors[ANN])


def test_a_hand_out_costs_six_statements_however_much_it_hands_out(room: Mailroom, statements: list[str]) -> None:
    for _ in range(3):
        room.add()
    for _ in range(5):
        room.desk.add()
    statements.clear()
    assert room.hand_out() == 15
    assert len(statements) == 6
    assert statements[-3:] == ["cursor_advance", "webhooks_listening", "delivery_insert"]
