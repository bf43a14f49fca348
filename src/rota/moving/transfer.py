"""Moves a database, and its blobs if they are to move, to another place, of another kind or of the same."""

from dataclasses import dataclass

from rota.moving import blobs, tables
from rota.moving.manifest import Content
from rota.moving.tables import Tell
from rota.store.port import Blobs
from rota.store.whole import Landing, Snapshot, Unmovable, Whole


@dataclass(frozen=True, slots=True)
class Moved:
    """What is where it was to go. `anew` is False when an earlier run had brought the tables there already."""

    tables: tuple[Content, ...]
    anew: bool
    blobs: int
    blob_bytes: int


def transfer(
    source: Whole, target: Whole | None, *, places: tuple[Blobs, Blobs] | None, force: bool, tell: Tell
) -> Moved:
    """Move the tables to the target, if there is one, and the blobs from one place to the other, if they are given.

    All tables count at once, and only when each has been read again and compared; interrupted anywhere, it can be run
    again. Raises Unmovable when somebody uses the source or the target, and for a target that holds anything else than
    what is to go there, unless `force`, which replaces it.
    """
    with source.snapshot(alone=True) as snapshot:
        count, size = (0, 0)
        if places:
            count, size = blobs.copy_all(*places, blobs.referred(snapshot), tell)
            tell(f"All {count:,} blobs are in place, {size:,} bytes.")
        if target is None:
            return Moved((), False, count, size)
        counts = target.counts()
        if counts and not force:
            return Moved(_confirmed(snapshot, target, tables.summed_up(counts), tell), False, count, size)
        with target.replace(snapshot.migrations) as landing:
            contents = _fill(snapshot, landing, tell)
        return Moved(contents, True, count, size)


def _fill(snapshot: Snapshot, landing: Landing, tell: Tell) -> tuple[Content, ...]:
    tables.check_tables(landing, snapshot.tables)
    contents = []
    for table in snapshot.tables:
        with landing.load(table) as write:
            contents.append(tables.read(snapshot, table, write))
        tables.confirm(landing, contents[-1], tell)
    tables.complete(landing, contents, tell)
    return tuple(contents)


def _confirmed(snapshot: Snapshot, target: Whole, held: str, tell: Tell) -> tuple[Content, ...]:
    """A run that was interrupted after its last step is told from a target that holds something else."""
    contents = tuple(tables.read(snapshot, table) for table in snapshot.tables)
    if not tables.are_there(target, contents):
        raise Unmovable(f"The target holds something else already: {held}; --force replaces all of it.")
    for content in contents:
        tell(f"{content.table.name}: {content.rows:,} rows, the same in both (SHA-256 {content.sha256[:16]}…).")
    return contents
