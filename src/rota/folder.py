"""The data folder's small files: the first token, the folder's own name, the lock of the server that works on it, the
mark of a restore."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from rota.clock import new_id
from rota.disk import flush


def write_admin_token(folder: Path, token: str) -> None:
    """Leave the first superuser's token in `admin-token`, readable for the owner alone."""
    beside = _write_beside(folder / "admin-token", token)
    beside.replace(folder / "admin-token")


def server_id(folder: Path) -> str:
    """What names this folder, once and for all, among the machines that share a database."""
    path = folder / "server-id"
    if not path.exists():
        beside = _write_beside(path, new_id(8))
        # Of two that make a name at once the first one's counts for both.
        with suppress(FileExistsError):
            os.link(beside, path)
        beside.unlink()
    return path.read_text().strip()


@contextmanager
def sole_server(folder: Path) -> Iterator[bool]:
    """Hold the folder's lock for as long as the context lasts; False when another server holds it.

    The lock is this process's alone: those that it forks neither hold it nor keep it.
    """
    with (folder / "serve.lock").open("ab") as file:
        yield _locked(file)


class RestoreMark:
    """The file `restoring`, which holds the id of an archive for as long as its restore is not over."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "restoring"

    def read(self) -> str | None:
        try:
            return self._path.read_text().strip()
        except FileNotFoundError:
            return None

    def write(self, archive_id: str) -> None:
        _write_beside(self._path, archive_id).replace(self._path)
        flush(self._path.parent)

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)
        flush(self._path.parent)


def _locked(file: IO[bytes]) -> bool:
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_beside(path: Path, text: str) -> Path:
    """A flushed file of mode 0600 next to the path, ready to take its place whole."""
    beside = path.with_name(f".{path.name}.{new_id(8)}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    return beside
