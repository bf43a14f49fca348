"""Keeps short what counts the changes of lists, by which a process knows whether what it remembers still holds."""

from rota.store.port import Tx


def has_many_changes(tx: Tx) -> bool:
    """Whether the changes are counted slower than they could be."""
    return bool(tx.value("list_changes_many"))


def gather_changes(tx: Tx) -> None:
    """Fewer rows that count the changes; their number stays as it is."""
    tx.run("list_changes_gather")
