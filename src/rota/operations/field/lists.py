"""Keeps short what tells which tasks were changed, by which a process knows what of its lists still holds."""

from rota.store.port import Tx


def has_many_changes(tx: Tx) -> bool:
    """Whether there are so many that those who ask for them wait."""
    return bool(tx.value("task_changes_long"))


def forget_changes(tx: Tx) -> None:
    """Let whoever remembers an earlier state look at all tasks anew. Whoever sees that changes were forgotten sees the
    changes, for these were committed before; so it is in one transaction that they go and that it is said."""
    tx.run("task_changes_forget")
    tx.run("task_changes_all")
