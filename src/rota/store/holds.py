"""How a backup of SQLite keeps the blobs of deleted jobs: by a lock of the kernel's, which ends with its process."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def hold(database: Path) -> Iterator[None]:
    """Several may hold it at once."""
    path = _path(database)
    with path.open("ab") as file:
        # Whoever empties the trash as another user only reads it.
        with suppress(PermissionError):
            path.chmod(0o644)
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def is_held(database: Path) -> bool:
    """Does a living process hold it?"""
    try:
        with _path(database).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True


def _path(database: Path) -> Path:
    return database.with_name(f"{database.name}.held")
