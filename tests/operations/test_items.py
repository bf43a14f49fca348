"""Items as people write and see them: fields, lists, the log, rights, batches, and how many statements that takes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from desk import ROOT, SECOND, Desk, query
from rota.domain.accounts import Actor
from rota.domain.errors import Forbidden, InvalidFields, ItemNotFound, ItemNotQueued
from rota.domain.events import DESK, Kind
from rota.domain.items import Item, Status
from rota.domain.urgency import Weights, urgency
from rota.operations import accounts, holding, item_batches, items, log, shifts
from rota.operations import urgency as weighing
from rota.store.filters import TESTS
from rota.store.port import Store

ANN, BOB = "ann@example.org", "bob@example.org"
ADMIN = "admin@localhost"


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk.found(store, ANN, BOB)


def stranger(desk: Desk) -> Actor:
    """An admin of another account."""
    with desk.store.write() as tx:
        account = accounts.add_account(tx, desk.admin, "other", None, account_id="e" * 32, now=desk.now())
        user = accounts.add_user(tx, desk.admin, "eve@example.org", account_id=account.id, now=desk.now())
    desk.actors["eve@example.org"] = replace(desk.admin, user=user, account=account)
    return desk.actors["eve@example.org"]


def listed(desk: Desk, by: str = ADMIN, **narrowed: Any) -> list[int]:
    with desk.store.read() as tx:
        return [item.id for item in items.page(tx, desk.actors[by], **narrowed)]


def test_what_is_written_is_what_is_read(desk: Desk) -> None:
    given = {
        "title": "Grüße 🎉",
        "description": "two\nlines",
        "deadline": "2030-01-01T00:00:00Z",
        "estimate": 300,
        "owner": "BOB@example.org",
        "tags": "b a b",
        "priority": 2.5,
        "instructions": "do it",
        "properties": {"color": "red"},
        "state": "queued",
    }
    added = desk.act(items.add, ANN, given)
    assert added == desk.get(added.id)
    assert (added.owner, added.creator, added.tags, added.priority) == (BOB, ANN, ("b", "a"), 2.5)
    assert (added.deadline, added.estimate_us) == (1_893_456_000 * SECOND, 300 * SECOND)
    assert added.status is Status.QUEUED


def test_an_update_replaces_all_but_the_tags(desk: Desk) -> None:
    item = desk.add("old", by=ANN, description="d", priority=4, tags="keep", owner=BOB, properties={"a": "b"})
    updated = desk.act(items.update, BOB, item.id, {"title": "new", "tags": "lost"})
    assert updated == desk.get(item.id)
    assert (updated.title, updated.description, updated.priority) == ("new", "", 0.0)
    assert (updated.tags, updated.owner, updated.creator) == (("keep",), BOB, ANN)
    assert updated.modified_at > item.modified_at
    assert (updated.created_at, updated.times) == (item.created_at, item.times)
    assert listed(desk, tag="keep") == [item.id]


def test_an_unknown_owner_is_a_fault_among_the_others(desk: Desk) -> None:
    stranger(desk)
    for owner in ("nobody@example.org", "eve@example.org", "no address", "a\x00b@example.org"):
        with pytest.raises(InvalidFields) as caught:
            desk.add(owner=owner, priority="x")
        assert set(caught.value.faults) == {"owner", "priority"}
    assert listed(desk) == []


def test_lists_are_by_priority_and_then_by_urgency(desk: Desk) -> None:
    late = desk.add(deadline="2030-01-01")
    soon = desk.add(deadline=0)
    plain = desk.add()
    high = desk.add(priority=1, deadline="2031-01-01")
    assert listed(desk) == [high.id, soon.id, plain.id, late.id]
    # By urgency alone, years until a deadline weigh more than a unit of priority.
    peeked = [item.id for item in desk.act(items.available, ANN, 10)]
    assert peeked == [soon.id, plain.id, late.id, high.id]


def test_lists_are_narrowed(desk: Desk) -> None:
    mine = desk.add(by=ANN, tags="x y")
    theirs = desk.add(by=BOB, tags="x")
    done, gone = desk.add(by=BOB), desk.add(by=ANN)
    desk.act(holding.grab, ANN, done.id)
    desk.act(holding.complete, ANN, done.id)
    desk.act(items.delete, ANN, gone.id)
    desk.act(holding.grab, ANN, theirs.id)
    assert listed(desk) == [mine.id, theirs.id, done.id]
    assert listed(desk, tag="x") == [mine.id, theirs.id]
    assert listed(desk, tag="x", owner=BOB.upper()) == [theirs.id]
    assert listed(desk, owner=ANN, status=Status.DELETED) == [gone.id]
    assert [listed(desk, status=status) for status in Status] == [[mine.id], [theirs.id], [], [done.id], [gone.id]]
    assert listed(desk, limit=1) == [mine.id]
    for nothing in ({"tag": "z"}, {"tag": "a\x00"}, {"owner": "nobody@example.org"}, {"owner": "\x00"}):
        assert listed(desk, **nothing) == []
    with desk.store.read() as tx:
        assert [item.id for item in items.queued(tx, desk.admin)] == [mine.id]


def test_another_account_sees_and_touches_nothing(desk: Desk) -> None:
    eve, item = stranger(desk), desk.add(tags="x")
    desk.login("eve@example.org")
    assert listed(desk, "eve@example.org") == listed(desk, "eve@example.org", tag="x") == []
    for verb, *args in (
        (items.update, {"title": "t"}),
        (items.delete,),
        (holding.grab,),
        (holding.activate,),
        (items.history,),
        (items.why,),
    ):
        with pytest.raises(ItemNotFound):
            desk.act(verb, "eve@example.org", item.id, *args)
    assert desk.act(items.available, "eve@example.org") == []
    assert {line.user for line in desk.lines()} == {ADMIN, ANN, BOB}
    with desk.store.read() as tx:
        assert [line.kind for line in log.recent(tx, eve)] == ["shift.started", "item.peeked"]
        assert log.recent(tx, eve, item_id=item.id) == []
        assert [worker.email for worker in shifts.who(tx, eve)] == ["eve@example.org"]


@pytest.mark.parametrize("item_id", [0, -1, 999, 2**63, 10**30])
def test_there_is_no_such_item(desk: Desk, item_id: int) -> None:
    for verb, *args in ((items.update, {"title": "t"}), (items.delete,), (items.purge,), (holding.grab,)):
        with pytest.raises(ItemNotFound):
            desk.act(verb, ADMIN if verb is items.purge else ANN, item_id, *args)
    with pytest.raises(ItemNotFound):
        desk.get(item_id)


def test_only_superusers_purge_and_nothing_is_left(desk: Desk) -> None:
    item = desk.add(tags="x y")
    desk.act(holding.grab, ANN, item.id)
    desk.act(holding.suspend, ANN, item.id)
    with pytest.raises(Forbidden):
        desk.act(items.purge, ANN, item.id)
    desk.act(items.purge, ADMIN, item.id)
    with desk.store.read() as tx:
        for table in ("items", "item_tags", "item_phases"):
            assert query(tx, f"SELECT * FROM {table}") == []
        assert tx.all("events_of_subject", subject=f"item:{item.id}") == []
        (told,) = [
            row for row in tx.all("events_of_subject", subject=f"account:{ROOT}") if row["kind"] == "item.purged"
        ]
    assert told["facts"] == f'{{"item":{item.id}}}'
    assert "item.purged" not in desk.kinds()
    assert desk.add().id > item.id


def test_a_peek_is_one_line_that_tells_what_was_seen(desk: Desk) -> None:
    made = [desk.add() for _ in range(3)]
    assert [item.id for item in desk.act(items.available, ANN)] == [made[0].id]
    assert [item.id for item in desk.act(items.available, ANN, 2)] == [made[0].id, made[1].id]
    peeks = [line for line in desk.lines() if line.kind == "item.peeked"]
    assert [(line.user, line.facts) for line in peeks] == [
        (ANN, {"items": [made[0].id]}),
        (ANN, {"items": [made[0].id, made[1].id]}),
    ]


def test_the_history_tells_who_did_what_and_where_the_time_went(desk: Desk) -> None:
    item = desk.add()
    desk.act(holding.grab, ANN, item.id)
    desk.act(holding.release, ANN, item.id)
    desk.act(holding.grab, BOB, item.id)
    with desk.store.read() as tx:
        found = items.history(tx, desk.admin, item.id, now=desk.now())
    assert [(line.user, line.kind) for line in found.lines] == [
        (ADMIN, "item.added"),
        (ANN, "item.grabbed"),
        (ANN, "item.released"),
        (BOB, "item.grabbed"),
    ]
    assert found.times.times_rejected == 1
    assert found.times.total_us == found.elapsed_us == desk.time - item.created_at


def test_the_log_is_narrowed_by_user_kind_and_item(desk: Desk) -> None:
    item = desk.add()
    desk.act(holding.grab, ANN, item.id)
    ann = desk.actors[ANN].user.id
    assert desk.kinds(user_id=ann) == ["shift.started", "item.grabbed"]
    assert desk.kinds(user_id=ann, item_id=999) == ["shift.started", "item.grabbed"]
    assert desk.kinds(item_id=item.id) == ["item.added", "item.grabbed"]
    assert desk.kinds(item_id=item.id, kinds=[Kind.ITEM_ADDED]) == ["item.added"]
    both = [Kind.SHIFT_STARTED, Kind.SHIFT_ENDED]
    desk.act(shifts.logout, ANN)
    assert desk.kinds(kinds=both) == ["shift.started", "shift.started", "shift.ended"]
    with desk.store.read() as tx:
        assert [line.kind for line in log.recent(tx, desk.admin, kinds=both, limit=2)] == [
            "shift.started",
            "shift.ended",
        ]
        assert log.recent(tx, desk.admin, limit=0) == []


def test_the_desk_tells_of_every_kind_but_the_purge() -> None:
    assert all(f"'{kind.value}'" in TESTS["desk_log"]["desk"] for kind in DESK)
    assert TESTS["desk_log"]["desk"].count("'") == 2 * len(DESK)


def test_an_item_is_more_urgent_for_what_it_blocks_when_it_is_written(desk: Desk) -> None:
    waiting, done = desk.add(), desk.add()
    desk.act(items.delete, ANN, done.id)
    blocking = desk.add(properties={"blocks": f"{waiting.id} {done.id} 999"})
    assert desk.get(blocking.id).blocks == 1
    with desk.store.read() as tx:
        terms = {term.name: term.value for term in items.why(tx, desk.admin, blocking.id, now=desk.now())}
    assert terms["blocking"] == Weights().blocking
    assert desk.act(items.available, ANN)[0].id == blocking.id


def test_new_weights_sort_the_queue_anew(desk: Desk) -> None:
    low, high = desk.add(priority=-1, tags="rush"), desk.add(priority=5)
    assert weighing.adopt(desk.store, Weights()) == 0
    weights = Weights(priority=0.0, tags={"rush": 9.0})
    assert weighing.adopt(desk.store, weights) == 2
    assert weighing.adopt(desk.store, weights) == 0
    newest = desk.add(tags="rush")
    assert [item.id for item in desk.act(items.available, ANN, 9)] == [low.id, newest.id, high.id]
    with desk.store.read() as tx:
        terms = items.why(tx, desk.admin, low.id, now=desk.now())
    assert {term.name for term in terms} == {"priority", "deadline", "age", "blocking", "tag.rush"}
    assert sum(term.value for term in terms) == pytest.approx(urgency(desk.get(low.id), weights, desk.time))


def test_weights_are_adopted_in_batches(desk: Desk, statements: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    desk.act(item_batches.add_all, ADMIN, [{"title": f"{n}"} for n in range(25)])
    monkeypatch.setattr(weighing, "BATCH", 10)
    statements.clear()
    assert weighing.adopt(desk.store, Weights(age=3.0)) == 25
    assert statements.count("item_score") == 3


def test_a_batch_answers_for_each_row(desk: Desk) -> None:
    added = desk.act(item_batches.add_all, ANN, [{"title": "a"}, {}, {"title": "b", "owner": "x"}, {"title": "c"}])
    assert [type(each) for each in added] == [Item, InvalidFields, InvalidFields, Item]
    one, two = added[0].id, added[3].id
    updated = desk.act(
        item_batches.update_all,
        ANN,
        [(one, {"title": "first"}), (one, {"title": "second"}), (two, {}), (999, {}), (one, {"title": "third"})],
    )
    assert [type(each) for each in updated] == [Item, Item, InvalidFields, ItemNotFound, Item]
    assert desk.get(one).title == "third"
    assert desk.kinds(item_id=one) == ["item.added", *["item.updated"] * 3]
    deleted = desk.act(item_batches.delete_all, ANN, [one, one, 999, two])
    assert [type(each) for each in deleted] == [Item, ItemNotQueued, ItemNotFound, Item]
    assert desk.act(item_batches.delete_all, ANN, []) == desk.act(item_batches.add_all, ANN, []) == []
    desk.check()


def test_an_item_takes_its_past_with_it_to_another_owner(desk: Desk) -> None:
    item = desk.add(by=ANN)
    desk.act(holding.grab, BOB, item.id)
    desk.act(holding.release, BOB, item.id)
    desk.act(items.update, ANN, item.id, {"title": "t", "owner": BOB})
    with desk.store.read() as tx:
        owners = query(tx, "SELECT DISTINCT owner_id FROM item_phases")
    assert owners == [{"owner_id": desk.actors[BOB].user.id}]


def test_a_batch_takes_as_many_statements_as_one_row(desk: Desk, statements: list[str]) -> None:
    def cost(verb: Callable[..., Any], rows: list[Any]) -> list[str]:
        statements.clear()
        desk.act(verb, ANN, rows)
        return list(statements)

    given = {"title": "t", "owner": BOB, "tags": "x", "properties": {"blocks": "1"}}
    assert cost(item_batches.add_all, [given]) == cost(item_batches.add_all, [given] * 50)
    rows = [(item_id, given) for item_id in range(1, 51)]
    assert cost(item_batches.update_all, rows[:1]) == cost(item_batches.update_all, rows)
    assert cost(item_batches.delete_all, [1]) == cost(item_batches.delete_all, list(range(2, 51)))


def test_what_a_verb_costs_does_not_grow_with_what_is_in_hand(desk: Desk, statements: list[str]) -> None:
    def cost(verb: Callable[..., Any], *args: Any) -> int:
        statements.clear()
        desk.act(verb, ANN, *args)
        return len(statements)

    made = [desk.add().id for _ in range(20)]
    desk.act(holding.grab, ANN)
    few = [cost(holding.grab), cost(holding.activate, made[0]), cost(holding.complete, made[0])]
    for _ in range(12):
        desk.act(holding.grab, ANN)
    many = [cost(holding.grab), cost(holding.activate, made[3]), cost(holding.complete, made[3])]
    assert few == many
    assert max(many) <= 9
