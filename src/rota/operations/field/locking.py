"""Locks a record that others refer to, together with these: they first, as whoever changes one of them does."""

from collections.abc import Callable, Collection
from contextlib import suppress

from rota.store.port import Row, Tx


class _TooLate(Exception):
    """Something refers to the record that did not when all that did were locked."""


def lock_after_referring(
    tx: Tx,
    lock_referring: Callable[[], list[Row]],
    lock_record: Callable[[], object],
    referring: Callable[[], Collection[int]],
) -> list[Row]:
    """All that refer to the record. They and the record are kept from others until the transaction ends, and nothing
    comes to refer to it any more. Raises what `lock_record` raises.

    One that came between the two locks is not waited for with the record in hand: its holder may wait for that. All
    is let go then, and tried again; there is another turn only if another one came.
    """
    while True:
        with suppress(_TooLate), tx.savepoint():
            rows = lock_referring()
            lock_record()
            if {row["id"] for row in rows}.issuperset(referring()):
                return rows
            raise _TooLate
