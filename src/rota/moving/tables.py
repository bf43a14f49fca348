"""Tables on their way: out of a snapshot, into another database, compared when they have arrived."""

import hashlib
from collections.abc import Callable, Iterable, Mapping

from rota.moving.manifest import Content
from rota.store.whole import Landing, Snapshot, Table, Unmovable, Whole, Write

Tell = Callable[[str], None]
"""Hears one sentence for each step that is done."""


class Meter:
    """Measures what is written through it."""

    def __init__(self, write: Write = lambda data: None) -> None:
        self._write, self._digest, self.bytes = write, hashlib.sha256(), 0

    def write(self, data: bytes) -> None:
        self._digest.update(data)
        self.bytes += len(data)
        self._write(data)

    def content(self, table: Table, rows: int, highest: int) -> Content:
        return Content(table, rows, self.bytes, self._digest.hexdigest(), highest)


def read(snapshot: Snapshot, table: Table, write: Write = lambda data: None) -> Content:
    """Write a table's rows; what they were."""
    meter = Meter(write)
    rows = snapshot.dump(table, meter.write)
    return meter.content(table, rows, snapshot.highest(table) if table.counted else 0)


def are_there(whole: Whole, contents: Iterable[Content]) -> bool:
    """Does the database hold exactly these rows? Sequences may have gone on."""
    expected = {content.table.name: content for content in contents}
    if {name: content.rows for name, content in expected.items() if content.rows} != dict(whole.counts()):
        return False
    with whole.snapshot() as snapshot:
        return all(_is_same(read(snapshot, each.table), each) for each in expected.values() if each.rows)


def check_tables(landing: Landing, tables: Iterable[Table]) -> None:
    """Raises Unmovable unless the target has these tables and columns, and no others."""
    mine, theirs = _shape(landing.tables), _shape(tables)
    if differing := {name for name in {*mine, *theirs} if mine.get(name) != theirs.get(name)}:
        raise Unmovable(f"The schemas differ in {', '.join(sorted(differing))}: the versions of rota are not the same.")


def confirm(landing: Landing, sent: Content, tell: Tell) -> None:
    """Read the table again where it has arrived. Raises Unmovable unless it is the same to the last bit."""
    arrived = read(landing, sent.table)
    if not _is_same(arrived, sent):
        raise Unmovable(
            f"The table {sent.table.name} has arrived otherwise than it was sent: {arrived.rows} rows with the SHA-256 "
            f"{arrived.sha256}, and not {sent.rows} with {sent.sha256}."
        )
    tell(f"{sent.table.name}: {sent.rows:,} rows, the same in both (SHA-256 {sent.sha256[:16]}…).")


def complete(landing: Landing, contents: Iterable[Content], tell: Tell) -> None:
    landing.complete({content.table.name: content.highest for content in contents if content.table.counted})
    tell("Indexes, references and sequences are in place.")


def summed_up(counts: Mapping[str, int]) -> str:
    """What a target holds, for a sentence that refuses it."""
    shown = [f"{rows:,} {name}" for name, rows in sorted(counts.items())]
    return ", ".join(shown[:5] + ["…"] * (len(shown) > 5))


def _is_same(one: Content, other: Content) -> bool:
    return (one.rows, one.bytes, one.sha256) == (other.rows, other.bytes, other.sha256)


def _shape(tables: Iterable[Table]) -> dict[str, frozenset[object]]:
    return {table.name: frozenset(table.columns) for table in tables}
