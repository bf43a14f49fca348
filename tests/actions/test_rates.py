"""rates on a real store."""

from typing import Any

import pytest

from actions.world import World, errors
from rota.actions import rates
from rota.actions.registry import Refused
from rota.domain.rates import COLUMNS
from rota.operations import rates as deck

OPTIONAL = (
    "account_id, caller_id_numbers, carrier, description, direction, internal_rate_cost, iso_country_code, options, "
    "rate_increment, rate_minimum, rate_name, rate_nocharge_time, rate_suffix, rate_surcharge, rate_version, "
    "ratedeck_id, routes, weight"
)


def act(world: World, function: Any, rows: list[dict[str, str]]) -> list[str]:
    return errors(world.change(function, rows, account_id=world.root, user_id=world.root_user))


def exported(world: World) -> list[Any]:
    return world.generate(rates.export, world.root, world.root_user)


def test_the_catalogue_lists_the_fields_in_their_order() -> None:
    declared = rates.import_.__action__
    assert declared.mandatory == ("prefix", "rate_cost")
    assert ", ".join(declared.optional) == OPTIONAL
    assert rates.export.__action__.output == declared.fields == COLUMNS
    assert rates.delete.__action__.mandatory == ("prefix",)
    assert rates.delete.__action__.fields == COLUMNS


def test_money_comes_back_as_the_same_decimal_text(world: World) -> None:
    given = ["0.1", "0.0120", "1e-3", "12345678901234567890.123456789", "3", "+2.5", ".5"]
    rows = [
        {"prefix": str(index), "rate_cost": cost, "rate_surcharge": cost, "internal_rate_cost": cost}
        for index, cost in enumerate(given)
    ]
    assert act(world, rates.import_, rows) == [""] * len(given)
    wanted = ["0.1", "0.0120", "0.001", "12345678901234567890.123456789", "3", "2.5", "0.5"]
    lines = exported(world)
    for column in ("rate_cost", "rate_surcharge", "internal_rate_cost"):
        assert [line[column] for line in lines] == wanted


@pytest.mark.parametrize("bad", ["-1", "nan", "inf", "Infinity", "1,5", "1_0", "1e999999", " 1", "٣", "0x1", "1e", "."])
def test_what_is_no_amount_is_not_money(bad: str) -> None:
    assert not rates.import_.__action__.verifiers["rate_cost"](bad)


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("prefix", "4420", "+4420"),
        ("direction", "inbound", "inbound,outbound"),
        ("direction", "outbound", "both"),
        ("rate_increment", "60", "1.5"),
        ("weight", "1000", "-1"),
        ("account_id", "ab" * 16, "ab"),
        ("iso_country_code", "US", "USA1"),
    ],
)
def test_cells_are_verified(field: str, good: str, bad: str) -> None:
    verify = rates.import_.__action__.verifiers[field]
    assert verify(good)
    assert not verify(bad)


@pytest.mark.parametrize(
    ("cells", "name", "weight"),
    [
        ({"prefix": "1", "rate_cost": "0.019"}, "1", 9),
        ({"prefix": "4420", "rate_cost": "0.05", "iso_country_code": "GB"}, "GB_4420", 35),
        ({"prefix": "44", "rate_cost": "0", "direction": "inbound"}, "inbound_44", 20),
        (
            {"prefix": "44", "rate_cost": "9", "direction": "outbound", "iso_country_code": "GB"},
            "outbound_GB_44",
            1,
        ),
        ({"prefix": "44", "rate_cost": "9", "internal_rate_cost": "0.02"}, "44", 18),
        ({"prefix": "12345678901", "rate_cost": "0.01"}, "12345678901", 100),
        ({"prefix": "1", "rate_cost": "1", "weight": "0"}, "1", 1),
        ({"prefix": "1", "rate_cost": "1", "weight": "900"}, "1", 100),
        ({"prefix": "1", "rate_cost": "1", "weight": "42", "rate_name": "mine"}, "mine", 42),
    ],
)
def test_a_name_and_a_weight_follow_from_the_rest(world: World, cells: dict[str, str], name: str, weight: int) -> None:
    act(world, rates.import_, [cells])
    [line] = exported(world)
    assert (line["rate_name"], line["weight"]) == (name, weight)


def test_every_column_comes_back_in_order(world: World) -> None:
    row = dict.fromkeys(COLUMNS, "")
    row |= {"prefix": "44", "rate_cost": "0.10", "direction": "inbound", "rate_increment": "60", "routes": "^44.+$"}
    row |= {"description": "ünï, code", "ratedeck_id": "gold", "rate_minimum": "30", "weight": "7", "rate_name": "n"}
    act(world, rates.import_, [row])
    [line] = exported(world)
    assert tuple(line) == COLUMNS
    assert {column: str(value if value is not None else "") for column, value in line.items()} == row


def test_a_file_that_is_imported_twice_gives_the_same_deck(world: World) -> None:
    rows = [
        {"prefix": "44", "rate_cost": "0.10", "ratedeck_id": deck_id, "direction": direction}
        for deck_id in ("", "gold")
        for direction in ("", "inbound", "outbound")
    ]
    act(world, rates.import_, rows)
    once = exported(world)
    act(world, rates.import_, rows)
    assert exported(world) == once
    assert len(once) == 6


def test_the_later_of_two_rates_with_one_key_counts(world: World) -> None:
    act(world, rates.import_, [{"prefix": "44", "rate_cost": "0.10"}, {"prefix": "44", "rate_cost": "0.20"}])
    assert [line["rate_cost"] for line in exported(world)] == ["0.20"]


def test_a_rate_is_deleted_when_all_given_fields_match(world: World) -> None:
    base = {"prefix": "44", "rate_cost": "0.10", "carrier": "one"}
    act(world, rates.import_, [{**base, "ratedeck_id": each} for each in ("a", "b", "c")])
    rows = [
        {"prefix": "44", "ratedeck_id": "a", "carrier": "two"},
        {"prefix": "44", "ratedeck_id": "a", "carrier": "one"},
        {"prefix": "44", "ratedeck_id": "a", "carrier": ""},
        {"prefix": "45", "ratedeck_id": "", "carrier": ""},
    ]
    assert act(world, rates.delete, rows) == ["not_found", "", "not_found", "not_found"]
    assert [line["ratedeck_id"] for line in exported(world)] == ["b", "c"]
    assert act(world, rates.delete, [{"prefix": "44", "rate_cost": "0.1"}]) == [""]
    assert exported(world) == []


def test_what_was_exported_can_be_deleted(world: World) -> None:
    act(world, rates.import_, [{"prefix": "1", "rate_cost": "1", "weight": "900", "rate_surcharge": "1e-2"}])
    lines = [
        {column: "" if value is None else str(value) for column, value in line.items()} for line in exported(world)
    ]
    assert act(world, rates.delete, lines) == [""]


def test_all_but_superusers_are_forbidden(world: World) -> None:
    rows = [{"prefix": "44", "rate_cost": "1"}] * 2
    for account_id, user_id in ((world.reseller, world.admin), (world.root, world.root_member)):
        for function in (rates.import_, rates.delete):
            said = world.change(function, rows, account_id=account_id, user_id=user_id)
            assert errors(said) == ["forbidden", "forbidden"]
        with pytest.raises(Refused, match="forbidden"):
            world.generate(rates.export, account_id, user_id)
    assert exported(world) == []


@pytest.mark.parametrize("page_rows", [1, 7, 1_000])
def test_pages_give_every_rate_once(world: World, page_rows: int) -> None:
    rows = [
        {"prefix": str(prefix), "rate_cost": "1", "ratedeck_id": deck_id, "rate_version": version}
        for prefix in range(30)
        for deck_id in ("", "a")
        for version in ("", "2")
    ]
    act(world, rates.import_, rows)
    with world.store.read() as tx:
        found = [
            (each["prefix"], each["ratedeck_id"], each["rate_version"])
            for page in deck.pages(tx, page_rows=page_rows)
            for each in page
        ]
    assert len(found) == 120
    assert found == sorted(set(found))


def test_the_statements_of_a_batch_do_not_grow_with_it(world: World) -> None:
    for function in (rates.import_, rates.delete):
        counts = []
        for prefixes in (range(1), range(1, 400)):
            with world.counted() as seen:
                assert not any(act(world, function, [{"prefix": str(each), "rate_cost": "1"} for each in prefixes]))
                counts.append(len(seen))
        assert counts[0] == counts[1] <= 3
