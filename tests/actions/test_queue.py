"""The category queue: cells as fields, one outcome a row, and rights."""

from typing import Any

import pytest

from actions.world import NOW, World, errors
from rota.actions import queue
from rota.actions.registry import Refused
from rota.operations import accounts, holding, items, shifts

FIELDS = ("title", *queue.COLUMNS)


def cells(**given: str) -> dict[str, str]:
    return {**dict.fromkeys(FIELDS, ""), **given}


def item(world: World, item_id: int) -> Any:
    with world.store.read() as tx:
        actor = accounts.actor_of_user(tx, world.admin)
        assert actor
        return items.by_id(tx, actor, item_id)


def test_cells_are_the_fields(world: World) -> None:
    (answer,) = world.change(
        queue.add,
        [
            cells(
                title="one",
                description="two\nlines",
                deadline="1448040693",
                estimate="300",
                owner="MEMBER@example.org",
                tags="a b",
                priority="-2.5",
                instructions="do",
                properties='{"color": "red"}',
            )
        ],
    )
    made = item(world, answer["task_id"])
    assert (made.title, made.tags, made.priority, made.owner) == ("one", ("a", "b"), -2.5, "member@example.org")
    assert (made.deadline, made.estimate_us) == (1448040693_000_000, 300_000_000)
    assert made.properties == {"color": "red"}
    assert made.creator == "admin@example.org"


def test_empty_cells_are_defaults_and_dates_may_be_iso(world: World) -> None:
    plain, dated = world.change(queue.add, [cells(title="a"), cells(title="b", deadline="2015-11-20T17:31:33Z")])
    assert item(world, plain["task_id"]).deadline == NOW + 86_400_000_000
    assert item(world, dated["task_id"]).deadline == 1448040693_000_000


def test_a_row_that_cannot_be_taken_says_why_and_spares_the_others(world: World) -> None:
    rows = [
        cells(title=" "),
        cells(title="a", estimate="soon", priority="high"),
        cells(title="a", properties="[1]"),
        cells(title="a", properties="{"),
        cells(title="a", owner="nobody@example.org"),
        cells(title="good"),
    ]
    found = errors(world.change(queue.add, rows))
    assert found == [
        "title is blank",
        "estimate is not a number, priority is not a number",
        "properties is not an object of strings",
        "properties is not an object of strings",
        "owner is not a user of this account",
        "",
    ]


def test_an_update_writes_anew_and_a_deletion_is_for_good(world: World) -> None:
    one, two = (answer["task_id"] for answer in world.change(queue.add, [cells(title="a", priority="3")] * 2))
    rows = [{"task_id": str(each), **cells(title="new")} for each in (one, 999)]
    assert errors(world.change(queue.update, rows)) == ["", "not found"]
    assert (item(world, one).title, item(world, one).priority) == ("new", 0.0)
    with world.store.write() as tx:
        actor = accounts.actor_of_user(tx, world.admin)
        assert actor
        shifts.login(tx, actor, token="t", token_id="t", now=NOW)
        holding.grab(tx, actor, two, now=NOW)
    wanted = [{"task_id": str(each)} for each in (one, one, two, 0, 9_999_999_999_999_999_999)]
    found = errors(world.change(queue.delete, wanted))
    assert found == ["", "deleted", "being worked on", "not found", "not found"]


def test_the_account_of_the_job_is_whose_desk_it_is(world: World) -> None:
    (answer,) = world.change(queue.add, [cells(title="a")], account_id=world.customer)
    with world.store.read() as tx:
        row = tx.one("item_by_id", id=answer["task_id"], account_id=world.customer)
    assert row is not None
    assert row["owner"] == "admin@example.org"


def test_who_has_left_adds_nothing(world: World) -> None:
    world.home[world.admin] = world.stranger
    for change, row in ((queue.add, cells(title="a")), (queue.delete, {"task_id": "1"})):
        (answer,) = world.change(change, [row])
        assert isinstance(answer, Refused)
        assert str(answer) == "forbidden"
    (answer,) = world.change(queue.update, [{"task_id": "1", **cells(title="a")}])
    assert str(answer) == "forbidden"


@pytest.mark.parametrize(("text", "sound"), [("1", True), ("", False), ("-1", False), ("١", False), ("1" * 20, False)])
def test_an_id_is_digits(text: str, sound: bool) -> None:
    assert queue.is_task_id(text) == sound


def test_a_batch_takes_as_many_statements_as_one_row(world: World) -> None:
    def cost(rows: int) -> int:
        with world.counted() as statements:
            world.change(queue.add, [cells(title="a", tags="x", owner="member@example.org")] * rows)
            return len(statements)

    assert cost(1) == cost(100)
