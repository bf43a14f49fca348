"""services on a real store."""

import json
from pathlib import Path
from typing import Any

import pytest

from actions.world import World, errors
from rota.actions import services
from rota.operations import quantities
from rota.operations.accounts import account_by_id

SEED_DOC = (
    r'"Attempts to create a month-on-month listing of quantities used by descendant accounts.\nThis task returns the '
    r"following fields:\n* `account_id`: a sub-account of the creator of this task.\n* `year`: integral year as 4 "
    r"characters.\n* `month`: integral month as 2 characters (left-padded with a zero).\n* `category`: name of the "
    r"quantity's category.\n* `item`: name of the category's item.\n* `quantity_bom`: integral quantity's value or "
    r"empty.\n* `quantity_eom`: integral quantity's value or empty.\nNote: some beginning-of-month and end-of-month "
    r"quantities documents may be missing.\nNote: when both an account's BoM & EoM documents for a given month are "
    r"missing, no rows are a created for this month.\nNote: in all other cases the documents' value is printed "
    r"verbatim: if unset the empty string is returned.\nE.g.: an integer quantity (such as 1, 10 or 0 (zero)) "
    r'represents was the system has. If no quantity was found, the empty value is used.\n"'
)
"""As it stands in the published API document, escapes and all."""


def test_the_catalogue_text_is_the_published_one_byte_for_byte() -> None:
    declared = services.descendant_quantities.__action__
    assert declared.doc == json.loads(SEED_DOC)
    assert declared.description == "List per-month descendant accounts quantities"


@pytest.mark.parametrize("name", ["000_f5fd969332773a89.txt", "001_24472e82eacdbc9c.txt"])
def test_the_published_documents_hold_the_text(name: str) -> None:
    path = Path(__file__).parents[3] / "shared" / "seeds" / name
    if not path.exists():
        pytest.skip("the API documents are not beside the source")
    assert f'"doc": {SEED_DOC}' in path.read_text()


def row(
    account_id: str, month: str, item: str, bom: str = "", eom: str = "", category: str = "phones"
) -> dict[str, str]:
    return {
        "account_id": account_id,
        "year": "2023",
        "month": month,
        "category": category,
        "item": item,
        "quantity_bom": bom,
        "quantity_eom": eom,
    }


def fill(world: World, rows: list[dict[str, str]]) -> list[str]:
    return errors(world.change(services.import_quantities, rows, account_id=world.root, user_id=world.root_user))


def table(lines: list[Any]) -> list[tuple[Any, ...]]:
    return [tuple(line[column] for column in services.COLUMNS) for line in lines]


def test_descendants_then_months_categories_and_items_are_sorted(world: World) -> None:
    rows = [
        row(world.customer, "10", "b", "1"),
        row(world.customer, "02", "b", "0", "2"),
        row(world.customer, "02", "a", "", "10"),
        row(world.customer, "02", "z", "4", category="apps"),
        row(world.reseller, "01", "a", "3"),
        row(world.stranger, "01", "a", "3"),
    ]
    assert fill(world, rows) == [""] * 6
    assert table(world.generate(services.descendant_quantities)) == [
        (world.customer, "2023", "02", "apps", "z", 4, None),
        (world.customer, "2023", "02", "phones", "a", None, 10),
        (world.customer, "2023", "02", "phones", "b", 0, 2),
        (world.customer, "2023", "10", "phones", "b", 1, None),
    ]
    everyone = table(world.generate(services.descendant_quantities, world.root, world.root_user))
    assert [line[0] for line in everyone] == [world.reseller] + [world.customer] * 4 + [world.stranger]


def test_an_account_without_descendants_has_no_lines(world: World) -> None:
    fill(world, [row(world.customer, "01", "a", "1")])
    assert world.generate(services.descendant_quantities, world.customer) == []


def test_a_month_of_which_nothing_is_known_has_no_line(world: World) -> None:
    fill(world, [row(world.customer, "01", "a"), row(world.customer, "02", "a", "-3")])
    assert [line["month"] for line in world.generate(services.descendant_quantities)] == ["02"]


def test_a_column_that_the_file_lacks_stays_and_an_empty_cell_unsets(world: World) -> None:
    both = row(world.customer, "01", "a", "1", "2")
    fill(world, [both])
    fill(world, [{key: value for key, value in both.items() if key != "quantity_bom"} | {"quantity_eom": "7"}])
    assert table(world.generate(services.descendant_quantities))[0][-2:] == (1, 7)
    fill(world, [row(world.customer, "01", "a", "", "7")])
    assert table(world.generate(services.descendant_quantities))[0][-2:] == (None, 7)


def test_the_later_of_two_rows_counts(world: World) -> None:
    fill(world, [row(world.customer, "01", "a", "1"), row(world.customer, "01", "a", "2")])
    assert table(world.generate(services.descendant_quantities))[0][-2:] == (2, None)


def test_only_superusers_import_quantities(world: World) -> None:
    rows = [row(world.customer, "01", "a", "1")]
    assert errors(world.change(services.import_quantities, rows)) == ["forbidden"]
    plain = world.change(services.import_quantities, rows, account_id=world.root, user_id=world.root_member)
    assert errors(plain) == ["forbidden"]


def test_an_account_that_the_task_does_not_reach_is_unauthorized(world: World) -> None:
    rows = [
        row(world.unknown, "01", "a", "1"),
        row(world.customer, "01", "a", "1"),
        row(world.stranger, "01", "a", "1"),
    ]
    said = world.change(services.import_quantities, rows, account_id=world.reseller, user_id=world.root_user)
    assert errors(said) == ["unauthorized", "", "unauthorized"]


@pytest.mark.parametrize("page_rows", [1, 3, 1_000])
def test_pages_give_every_line_once(world: World, page_rows: int) -> None:
    accounts = [world.reseller, world.customer, world.stranger]
    fill(world, [row(each, f"{month:02}", item, "1") for each in accounts for month in (1, 2, 3) for item in "abc"])
    with world.store.read() as tx:
        found = list(quantities.pages_of_descendants(tx, account_by_id(tx, world.root), page_rows=page_rows))
    keys = [(each.account_id, each.month, each.category, each.item) for page in found for each in page]
    assert len(keys) == 27
    assert keys == sorted(set(keys))


def test_the_statements_of_an_import_do_not_grow_with_it(world: World) -> None:
    counts = []
    for size in (1, 300):
        with world.counted() as seen:
            fill(world, [row(world.customer, "01", f"item{index}", "1") for index in range(size)])
            counts.append(len(seen))
    assert counts[0] == counts[1] <= 3


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("year", "2024", "24"),
        ("month", "09", "13"),
        ("month", "12", "1"),
        ("quantity_bom", "-1", "1.5"),
        ("quantity_eom", "0", "٣"),
        ("account_id", "ab" * 16, "AB" * 16),
    ],
)
def test_cells_are_verified(field: str, good: str, bad: str) -> None:
    verify = services.import_quantities.__action__.verifiers[field]
    assert verify(good)
    assert not verify(bad)
