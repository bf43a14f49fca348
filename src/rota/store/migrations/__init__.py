"""Schema changes, plain SQL per database, applied in order by one process at a time; and whether a schema fits.

There are two kinds. `NNNN_name.sql` adds: a server that starts applies it, and servers of the version before go on
working. `NNNN_name.after.sql` removes or tightens: `rota migrate --after` applies it once none of those is left; where
the database is new it is applied at once. Ids ascend from version to version.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from rota.store.port import UnfitSchema

AFTER = ".after"

_HERE = Path(__file__).parent

Patience = Callable[[Callable[[], None]], None]
"""Runs a migration, and runs it again where the database could not let it in at once."""


def known(dialect: str) -> list[str]:
    """The ids of the migrations that this version has, ascending."""
    return sorted(path.stem for path in (_HERE / dialect).glob("*.sql"))


def judge(applied: Iterable[str], dialect: str) -> list[str]:
    """Which migrations with `after` are yet to be applied. Raises UnfitSchema when this version cannot work with what
    has been: additions of a newer version are no hindrance, what it has removed or tightened is."""
    done = set(applied)
    missing = [each for each in known(dialect) if each not in done]
    # One database has the marks of several folders.
    ours = {path.stem for path in _HERE.rglob("*.sql")}
    if strange := sorted(each for each in done - ours if each.endswith(AFTER)):
        raise UnfitSchema(
            f"The schema is of a newer rota: {strange[-1]} has been applied, which this version does not know. "
            "Start the newer version."
        )
    if lacking := [each for each in missing if not each.endswith(AFTER)]:
        raise UnfitSchema(f"The schema lacks {lacking[0]}: `rota migrate` brings it up to date.")
    return missing


def apply(
    url: str,
    dialect: str,
    *,
    lock: AbstractContextManager[None],
    patience: Patience = lambda act: act(),
    gate: Callable[[], None] | None = None,
    then: Callable[[], None] | None = None,
) -> list[str]:
    """Apply what is missing, and call `then`; the ids of what was applied. `lock` keeps others who migrate away, and
    must not outlive the process. What removes or tightens is applied where the `gate` lets it be: it raises otherwise.
    Raises UnfitSchema."""
    # A third of the time in which a store is imported, and few processes migrate.
    from yoyo import get_backend, read_migrations

    with lock:
        backend: Any = get_backend(url)  # type: ignore[no-untyped-call]
        try:
            # Left behind by one that was killed: whoever else could hold it is kept away by `lock`.
            backend.break_lock()
            backend.ensure_internal_schema_updated()
            missing = backend.to_apply(read_migrations(str(_HERE / dialect)))  # type: ignore[no-untyped-call]
            chosen = _chosen(list(missing), not _applied(backend), gate)
            for migration in chosen:
                patience(lambda migration=migration: _apply_one(backend, migration))  # type: ignore[misc]
            judge(_applied(backend), dialect)
            if then is not None:
                then()
            return [str(migration.id) for migration in chosen]
        finally:
            backend.connection.close()


def lay(url: str, dialect: str, ids: Collection[str], *, lock: AbstractContextManager[None]) -> None:
    """Give a database that has no schema the one of exactly these migrations. `lock` as in `apply`. Raises UnfitSchema
    for a migration that this version does not know."""
    from yoyo import get_backend, read_migrations

    if strange := set(ids).difference(known(dialect)):
        raise UnfitSchema(f"The schema is of a newer rota: this version does not know {min(strange)}.")
    with lock:
        backend: Any = get_backend(url)  # type: ignore[no-untyped-call]
        try:
            if dialect == "sqlite":
                # Nobody works with the file before it is flushed as a whole.
                backend.execute("PRAGMA synchronous = OFF")
            backend.ensure_internal_schema_updated()
            if not set(ids).difference(_applied(backend)):
                # To read the migrations takes longer than to move a small database.
                return
            every = read_migrations(str(_HERE / dialect))  # type: ignore[no-untyped-call]
            for migration in backend.to_apply(every.filter(lambda each: each.id in ids)):
                _apply_one(backend, migration)
        finally:
            backend.connection.close()


def _chosen(missing: Sequence[Any], is_new: bool, gate: Callable[[], None] | None) -> Sequence[Any]:
    """Which of the missing migrations are applied now."""
    afters = [each for each in missing if each.id.endswith(AFTER)]
    if is_new or not afters:
        return missing
    if gate is not None:
        gate()
        return missing
    chosen = [each for each in missing if each not in afters]
    for each in chosen:
        for needed in each.depends.intersection(afters):
            raise UnfitSchema(
                f"{each.id} needs {needed.id}: let the version before apply it, by `rota migrate --after`."
            )
    return chosen


def _applied(backend: Any) -> list[str]:
    rows = backend.execute(f"SELECT migration_id FROM {backend.migration_table}").fetchall()
    return [str(row[0]) for row in rows]


def _apply_one(backend: Any, migration: Any) -> None:
    """With its mark in one transaction: a kill between them would leave a schema that no later start could mend."""
    migration.load()
    if not migration.use_transactions:
        backend.apply_one(migration)
        return
    with backend.transaction():
        migration.process_steps(backend, "apply")
        backend.mark_one(migration)
