"""Billed quantities: what accounts used of a category's item, at the beginning and at the end of a month."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rota.domain.accounts import Account
from rota.operations.accounts import accounts_below
from rota.operations.tree import listed, tree
from rota.store.port import Row, Tx

PAGE_ROWS = 1_000
ACCOUNTS_AT_ONCE = 100
"""A page is sorted out of this many accounts' rows."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """`month` is YYYY-MM. A quantity that is not set is None."""

    account_id: str
    month: str
    category: str
    item: str
    quantity_bom: int | None = None
    quantity_eom: int | None = None


def write(
    tx: Tx, account_id: str, quantities: Sequence[Quantity], *, sets_bom: bool = True, sets_eom: bool = True
) -> list[bool]:
    """Set quantities of accounts that the given one reaches; of each whether it was reached. The later of two wins.

    Where `sets_bom` or `sets_eom` is False, what is known stays.
    """
    known = tree(tx, {account_id, *(each.account_id for each in quantities)})
    reached = [known.reaches(account_id, each.account_id) for each in quantities]
    rows = {_key(each): each for each, is_reached in zip(quantities, reached, strict=True) if is_reached}
    sets = {"sets_bom": sets_bom, "sets_eom": sets_eom}
    # In one order everywhere, so that two batches wait for one another and never both.
    tx.batch("quantity_write", [_params(rows[key], sets) for key in sorted(rows)])
    return reached


def pages_of_descendants(tx: Tx, account: Account, *, page_rows: int = PAGE_ROWS) -> Iterator[list[Quantity]]:
    """What an account's descendants used: by account, month, category and item."""
    ids = sorted(each.id for each in accounts_below(tx, account) if each.id != account.id)
    for start in range(0, len(ids), ACCOUNTS_AT_ONCE):
        yield from _pages(tx, ids[start : start + ACCOUNTS_AT_ONCE], page_rows)


def _pages(tx: Tx, ids: list[str], page_rows: int) -> Iterator[list[Quantity]]:
    after = {"account_id": "", "month": "", "category": "", "item": ""}
    while rows := tx.all("quantities_after", ids=listed(ids), limit=page_rows, **after):
        yield [Quantity(**row) for row in rows]
        after = _after(rows[-1])
        ids = [each for each in ids if each >= after["account_id"]]


def _after(row: Row) -> dict[str, str]:
    return {column: row[column] for column in ("account_id", "month", "category", "item")}


def _key(quantity: Quantity) -> tuple[str, ...]:
    return quantity.account_id, quantity.month, quantity.category, quantity.item


def _params(quantity: Quantity, sets: dict[str, bool]) -> dict[str, Any]:
    return {**asdict(quantity), **sets}
