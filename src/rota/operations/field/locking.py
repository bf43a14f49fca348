"""Locks a record that tasks refer to, together with these tasks: the tasks first, as whoever changes a task does."""

from collections.abc import Callable, Collection
from contextlib import suppress

from rota.store.port import Row, Tx


class _TooLate(Exception):
    """A task refers to the record that did not when the tasks were locked."""


def lock_after_tasks(
    tx: Tx,
    lock_tasks: Callable[[], list[Row]],
    lock_record: Callable[[], Row],
    referring: Callable[[], Collection[int]],
) -> list[Row]:
    """All tasks that refer to the record. They and the record are kept from others until the transaction ends, and no
    task comes to refer to it any more. Raises what `lock_record` raises.

    A task that came between the two locks is not waited for with the record in hand: its holder may wait for that. All
    is let go then, and tried again; there is another turn only if another task came.
    """
    while True:
        with suppress(_TooLate), tx.savepoint():
            tasks = lock_tasks()
            lock_record()
            if {row["id"] for row in tasks}.issuperset(referring()):
                return tasks
            raise _TooLate
