"""number_management on a real store."""

import random
from typing import Any

import pytest

from actions.world import GREGORIAN_NOW, NOW, World, answers, errors
from rota.actions import numbers
from rota.actions.registry import Refused
from rota.actions.verifiers import is_number
from rota.operations import inventory
from rota.operations.accounts import account_by_id

A, B, C = "+14157215234", "+14157215235", "+442083661177"


def row(number: str, account_id: str | None = None, auth_by: str | None = None) -> dict[str, str]:
    found = {"number": number}
    if account_id is not None:
        found["account_id"] = account_id
    if auth_by is not None:
        found["auth_by"] = auth_by
    return found


def test_an_added_number_is_in_service_of_its_account(world: World) -> None:
    rows = [{"number": A, "account_id": world.customer, "module_name": "knm_local"}]
    assert errors(world.change(numbers.add, rows)) == [""]
    assert world.generate(numbers.list_all) == [
        {
            "number": A,
            "account_id": world.customer,
            "previously_assigned_to": None,
            "state": "in_service",
            "created": GREGORIAN_NOW,
            "modified": GREGORIAN_NOW,
            "module_name": "knm_local",
        }
    ]


def test_a_number_is_added_once_in_a_batch_and_after_it(world: World) -> None:
    rows = [row(A, world.customer), row(A, world.reseller), row(B, world.reseller)]
    assert errors(world.change(numbers.add, rows)) == ["", "number_exists", ""]
    assert errors(world.change(numbers.add, rows)) == ["number_exists"] * 3
    assert world.numbers()[A] == (world.customer, "in_service", None)


def test_adding_for_an_account_out_of_reach_or_unknown_is_unauthorized(world: World) -> None:
    rows = [row(A, world.stranger), row(B, world.root), row(C, world.unknown)]
    assert errors(world.change(numbers.add, rows)) == ["unauthorized"] * 3
    assert world.numbers() == {}


def test_auth_by_narrows_what_the_account_of_the_task_reaches(world: World) -> None:
    rows = [
        row(A, world.reseller, world.customer),
        row(A, world.customer, world.customer),
        row(B, world.customer, world.stranger),
        row(B, world.customer, world.unknown),
        row(B, world.reseller, ""),
    ]
    assert errors(world.change(numbers.add, rows)) == ["unauthorized", "", "unauthorized", "unauthorized", ""]


def test_auth_by_must_reach_the_account_of_the_number_too(world: World) -> None:
    world.change(numbers.add, [row(A, world.reseller)])
    assert errors(world.change(numbers.assign_to, [row(A, world.customer, world.customer)])) == ["unauthorized"]
    assert errors(world.change(numbers.find, [row(A, auth_by=world.customer)])) == ["unauthorized"]
    assert errors(world.change(numbers.release, [row(A, auth_by=world.customer)])) == ["unauthorized"]
    assert errors(world.change(numbers.delete, [row(A, auth_by=world.reseller)])) == [""]


def test_an_auth_by_out_of_reach_learns_nothing_of_what_numbers_there_are(world: World) -> None:
    for function in (numbers.find, numbers.release, numbers.delete):
        assert errors(world.change(function, [row(A, auth_by=world.stranger)])) == ["unauthorized"]
    assert errors(world.change(numbers.assign_to, [row(A, world.customer, world.stranger)])) == ["unauthorized"]


def test_assigning_moves_a_number_and_remembers_who_had_it(world: World) -> None:
    world.change(numbers.add, [row(A, world.reseller), row(B, world.reseller)])
    world.change(numbers.reserve, [row(B, world.reseller)])
    rows = [row(A, world.customer), row(B, world.reseller), row(C, world.customer)]
    assert errors(world.change(numbers.assign_to, rows)) == ["", "", "not_found"]
    assert world.numbers() == {
        A: (world.customer, "in_service", world.reseller),
        B: (world.reseller, "in_service", None),
    }


def test_assigning_within_the_same_account_keeps_who_had_it_before(world: World) -> None:
    world.change(numbers.add, [row(A, world.reseller)])
    world.change(numbers.assign_to, [row(A, world.customer)])
    world.change(numbers.assign_to, [row(A, world.customer)])
    assert world.numbers()[A] == (world.customer, "in_service", world.reseller)


def test_a_strangers_number_can_be_neither_taken_nor_touched(world: World) -> None:
    world.change(numbers.add, [row(A, world.stranger)], account_id=world.root, user_id=world.root_user)
    assert errors(world.change(numbers.assign_to, [row(A, world.reseller)])) == ["unauthorized"]
    assert errors(world.change(numbers.reserve, [row(A, world.reseller)])) == ["unauthorized"]
    for function in (numbers.find, numbers.release, numbers.delete):
        assert errors(world.change(function, [row(A)])) == ["unauthorized"]
    assert world.numbers()[A] == (world.stranger, "in_service", None)


def test_reserving_creates_what_is_missing(world: World) -> None:
    world.change(numbers.add, [row(B, world.reseller)])
    rows = [row(A, world.customer), row(B, world.customer), row(C, world.stranger)]
    assert errors(world.change(numbers.reserve, rows)) == ["", "", "unauthorized"]
    assert world.numbers() == {
        A: (world.customer, "reserved", None),
        B: (world.customer, "reserved", world.reseller),
    }


def test_a_released_number_belongs_to_nobody_and_may_be_assigned_again(world: World) -> None:
    world.change(numbers.add, [row(A, world.customer)])
    assert errors(world.change(numbers.release, [row(A), row(B)])) == ["", "not_found"]
    assert world.numbers()[A] == (None, "released", world.customer)
    assert world.generate(numbers.list_all) == []
    assert errors(world.change(numbers.assign_to, [row(A, world.reseller)])) == [""]
    assert world.numbers()[A] == (world.reseller, "in_service", world.customer)


def test_a_released_number_answers_to_who_held_it_last(world: World) -> None:
    world.change(numbers.add, [row(A, world.stranger)], account_id=world.stranger)
    world.change(numbers.release, [row(A)], account_id=world.stranger)
    assert errors(world.change(numbers.delete, [row(A)])) == ["unauthorized"]
    assert errors(world.change(numbers.find, [row(A)], account_id=world.stranger)) == [""]


def test_a_deleted_number_is_not_found_but_may_be_added_again(world: World) -> None:
    world.change(numbers.add, [row(A, world.customer)])
    assert errors(world.change(numbers.delete, [row(A), row(B)])) == ["", "not_found"]
    for function in (numbers.find, numbers.release, numbers.delete):
        assert errors(world.change(function, [row(A)])) == ["not_found"]
    assert errors(world.change(numbers.assign_to, [row(A, world.customer)])) == ["not_found"]
    assert world.generate(numbers.list_all) == []
    assert world.generate(numbers.list_own, world.customer) == []
    later = NOW + 5_000_000
    assert errors(world.change(numbers.add, [row(A, world.reseller)], now=later)) == [""]
    [line] = world.generate(numbers.list_own)
    assert (line["created"], line["state"]) == (GREGORIAN_NOW + 5, "in_service")
    assert line["previously_assigned_to"] == world.customer


def test_a_deleted_number_may_be_reserved_anew(world: World) -> None:
    world.change(numbers.add, [row(A, world.customer)])
    world.change(numbers.delete, [row(A)])
    assert errors(world.change(numbers.reserve, [row(A, world.reseller)])) == [""]
    assert world.numbers()[A] == (world.reseller, "reserved", world.customer)


def test_find_gives_the_columns_of_the_inventory(world: World) -> None:
    world.change(numbers.add, [row(A, world.customer)])
    found, missing = world.change(numbers.find, [row(A), row(B)])
    assert isinstance(found, dict)
    assert tuple(found) == numbers.COLUMNS
    assert (found["account_id"], found["state"], found["created"]) == (world.customer, "in_service", GREGORIAN_NOW)
    assert errors([missing]) == ["not_found"]
    assert numbers.find.__action__.output == (*numbers.COLUMNS, "error")


def test_the_same_number_twice_in_a_batch_is_changed_twice(world: World) -> None:
    world.change(numbers.add, [row(A, world.reseller)])
    assert errors(world.change(numbers.delete, [row(A), row(A)])) == ["", "not_found"]
    world.change(numbers.add, [row(B, world.reseller)])
    world.change(numbers.assign_to, [row(B, world.customer), row(B, world.reseller)])
    assert world.numbers()[B] == (world.reseller, "in_service", world.customer)


@pytest.mark.parametrize("seed", range(12))
def test_a_batch_acts_as_its_rows_do_one_after_the_other(world: World, seed: int) -> None:
    dice = random.Random(seed)
    accounts = [world.root, world.reseller, world.customer, world.stranger, world.unknown]

    def some(function: Any) -> list[dict[str, str]]:
        declared = function.__action__.fields
        rows = []
        for _ in range(dice.randint(1, 12)):
            given = row(dice.choice([A, B, C]), dice.choice(accounts), dice.choice([*accounts[1:], "", "", ""]))
            rows.append({field: given[field] for field in given if field in declared})
        return rows

    changes = [numbers.add, numbers.assign_to, numbers.reserve, numbers.release, numbers.delete]
    plan = [(function, some(function)) for function in dice.choices(changes, k=6)]
    with world.store.write() as tx:
        context = world.context(world.reseller, world.admin, tx)
        outcomes = []
        for whole in (True, False):
            said: list[str] = []
            try:
                with tx.savepoint():
                    for function, rows in plan:
                        parts = [rows] if whole else [[each] for each in rows]
                        said += [error for part in parts for error in errors(answers(function, context, part))]
                    outcomes.append((said, tx.all("numbers_after", after="", limit=100)))
                    raise KeyError
            except KeyError:
                pass
    assert outcomes[0] == outcomes[1]


def test_lists_hold_own_numbers_and_all_lists_the_descendants_too(world: World) -> None:
    root: dict[str, Any] = {"account_id": world.root, "user_id": world.root_user}
    owners = {A: world.customer, B: world.reseller, C: world.stranger}
    world.change(numbers.add, [row(number, owner) for number, owner in owners.items()], **root)
    assert [line["number"] for line in world.generate(numbers.list_own)] == [B]
    assert [line["number"] for line in world.generate(numbers.list_all)] == [B, A]
    assert {line["number"] for line in world.generate(numbers.list_all, *root.values())} == {A, B, C}


def test_dump_is_for_superusers_of_the_root_account(world: World) -> None:
    world.change(numbers.add, [row(A, world.customer), row(B, world.reseller)])
    world.change(numbers.delete, [row(A)])
    lines = world.generate(numbers.dump, world.root, world.root_user)
    assert [(line["number"], line["state"]) for line in lines] == [(A, "deleted"), (B, "in_service")]
    for account_id, user_id in ((world.reseller, world.admin), (world.root, world.root_member)):
        with pytest.raises(Refused, match="forbidden"):
            world.generate(numbers.dump, account_id, user_id)


def many(count: int) -> list[str]:
    return [f"+1415{7_000_000 + index}" for index in range(count)]


@pytest.mark.parametrize("page_rows", [1, 7, 100, 1_000])
def test_pages_give_every_number_once_and_in_order(world: World, page_rows: int) -> None:
    wanted = many(1_203 if page_rows > 1 else 40)
    owners = [world.reseller, world.customer]
    world.change(numbers.add, [row(number, owners[index % 2]) for index, number in enumerate(wanted)])
    with world.store.read() as tx:
        account = account_by_id(tx, world.reseller)
        own = list(inventory.pages(tx, world.reseller, page_rows=page_rows))
        below = list(inventory.pages_below(tx, account, page_rows=page_rows))
        everything = list(inventory.all_pages(tx, page_rows=page_rows))
    assert [each.number for page in own for each in page] == wanted[::2]
    assert [each.number for page in below for each in page] == wanted[::2] + wanted[1::2]
    assert [each.number for page in everything for each in page] == wanted
    assert all(len(page) <= page_rows for page in own + below + everything)


def test_the_statements_of_a_batch_do_not_grow_with_it(world: World) -> None:
    for function, fields in (
        (numbers.add, True),
        (numbers.assign_to, True),
        (numbers.reserve, True),
        (numbers.find, False),
        (numbers.release, False),
        (numbers.delete, False),
    ):
        counts = []
        for wanted in (many(1), many(500)[1:]):
            rows = [row(number, world.customer if fields else None, "") for number in wanted]
            with world.counted() as seen:
                assert errors(world.change(function, rows)) == [""] * len(rows)
                counts.append(len(seen))
        assert counts[0] == counts[1] <= 4, function


def test_list_pages_read_an_index_and_do_not_sort(world: World) -> None:
    params = {"account_id": "", "after": "", "lineage_end": "", "limit": 1}
    for name in ("numbers_of_account", "numbers_beyond", "numbers_after", "rates_after"):
        plan = explain(world, name, params)
        assert "SEARCH" in plan, plan
        assert "SCAN" not in plan and "TEMP B-TREE" not in plan, plan


def explain(world: World, statement: str, params: dict[str, Any]) -> str:
    store: Any = world.store
    keys = dict.fromkeys(("prefix", "ratedeck_id", "account_id", "rate_version", "direction"), "")
    with store._borrowed() as connection:
        rows = connection.execute(f"EXPLAIN QUERY PLAN {store._sql[statement]}", {**keys, **params}).fetchall()
    return "\n".join(each["detail"] for each in rows)


@pytest.mark.parametrize("good", [A, C, "+493012345678"])
def test_a_number_is_e164(good: str) -> None:
    assert is_number(good)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "+",
        "4157215234",
        "14157215234",
        "+1 415 721 5234",
        "+1415",
        "+1415721523499999",
        "+abc",
        "tel:+14157215234",
        "++14157215234",
        "+４４２０８３６６１１７７",
    ],
)
def test_what_is_not_written_as_e164_is_no_number(bad: str) -> None:
    assert not is_number(bad)
