"""Nodes: which servers and workers are alive, and whether an older one still needs what is to be taken away.

A node says that it lives every BEAT_S. One that ends says so; one that was killed is taken for alive for ALIVE_S more.
"""

from contextlib import suppress
from dataclasses import dataclass

from rota.domain.errors import StorageFull, StoreUnavailable
from rota.store.port import Store, Tx, UnfitSchema

BEAT_S = 10.0
ALIVE_S = 45.0
FORGET_S = 86_400

SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Node:
    """`kind` is server or worker, `knows` the newest migration of its version. Times are microseconds since 1970."""

    id: str
    name: str
    kind: str
    version: str
    knows: str
    started_at: int
    seen_at: int = 0


def beat(tx: Tx, node: Node, *, now: int) -> None:
    """The node lives, from now on or still."""
    tx.run(
        "node_beat",
        id=node.id,
        name=node.name,
        kind=node.kind,
        version=node.version,
        knows=node.knows,
        started_at=node.started_at,
        now=now,
    )


def enter(store: Store, node: Node, *, now: int) -> None:
    """The node begins; those that ended without a word a day ago are forgotten."""
    with store.write() as tx:
        tx.run("nodes_forget", before=now - FORGET_S * SECOND)
        beat(tx, node, now=now)


def leave(store: Store, node: Node) -> None:
    """The node has ended, with all that it did. A database that does not answer finds out by itself. Closes the
    store."""
    with suppress(StorageFull, StoreUnavailable), store.write() as tx:
        tx.run("node_leave", id=node.id)
    store.close()


def alive(tx: Tx, *, now: int) -> list[Node]:
    """All nodes that live, or have died just now."""
    return [Node(**row) for row in tx.all("nodes_since", since=now - round(ALIVE_S * SECOND))]


def refuse_if_older(store: Store, *, now: int) -> None:
    """Raises UnfitSchema, which names them, while nodes live that do not know all migrations of this version."""
    with store.read() as tx:
        older = [node for node in alive(tx, now=now) if node.knows < store.knows()]
    if older:
        names = ", ".join(f"{node.name} ({node.kind}, version {node.version})" for node in older)
        raise UnfitSchema(
            f"Older versions still run: {names}. Stop them first; one that was killed counts for {ALIVE_S:.0f} s more."
        )
