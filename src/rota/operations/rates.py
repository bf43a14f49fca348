"""The rate deck: written and deleted in batches, read in pages."""

from collections.abc import Iterator, Sequence

from rota.domain.rates import KEY, Rate, Wanted, key
from rota.operations.tree import listed
from rota.store.port import Row, Tx

PAGE_ROWS = 1_000


def write(tx: Tx, rates: Sequence[Rate]) -> None:
    """Each in place of the rate with its key; the later of two wins."""
    by_key = {key(rate): rate for rate in rates}
    # In one order everywhere, so that two batches wait for one another and never both.
    tx.batch("rate_write", [by_key[each] for each in sorted(by_key)])


def delete(tx: Tx, wanted: Sequence[Wanted]) -> list[int]:
    """Remove the rates that fit, row after row; how many each row removed."""
    left: dict[str, list[Row]] = {}
    for rate in tx.all("rates_by_prefixes", prefixes=listed(each.prefix for each in wanted)):
        left.setdefault(rate["prefix"], []).append(rate)
    gone: list[Row] = []
    counts = []
    for each in wanted:
        fitting = [rate for rate in left.get(each.prefix, []) if each.fits(rate)]
        left[each.prefix] = [rate for rate in left.get(each.prefix, []) if not each.fits(rate)]
        gone += fitting
        counts.append(len(fitting))
    tx.batch("rate_delete", sorted(({column: rate[column] for column in KEY} for rate in gone), key=key))
    return counts


def pages(tx: Tx, *, page_rows: int = PAGE_ROWS) -> Iterator[list[Row]]:
    """All rates, in the order of their keys."""
    after = dict.fromkeys(KEY, "")
    while rows := tx.all("rates_after", limit=page_rows, **after):
        yield rows
        after = {column: rows[-1][column] for column in KEY}
