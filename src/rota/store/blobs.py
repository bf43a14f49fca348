"""Bytes in a folder: written beside, flushed, renamed; what has a name is whole and survives power loss.

The folder is one machine's own, or shared by several over a network. In the first case a lock tells which uploads
live. In the second it does not: many network file systems keep locks to one machine, or have none. There only age
tells (see `ABANDONED_S`), by the clock of the file server.
"""

import errno
import fcntl
import io
import os
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rota.disk import flush
from rota.domain.errors import StorageFull, StoreUnavailable
from rota.store.port import ABANDONED_S, INCOMING

BLOCK = 1 << 18
"""Bytes per step of a stream."""

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS}


class LocalBlobs:
    """Blobs below a folder. `durable=False` leaves flushing to the operating system; `shared` is for a folder that
    other machines write to as well."""

    def __init__(self, root: Path, *, durable: bool = True, shared: bool = False) -> None:
        self._root = root.absolute()
        self._durable, self._shared = durable, shared

    def create(self, key: str) -> "LocalUpload":
        return LocalUpload(self._root, key, self._durable, self._shared)

    def size(self, key: str) -> int | None:
        with _translating():
            try:
                return self._path(key).stat().st_size
            except FileNotFoundError:
                return None

    def read(self, key: str, start: int, end: int) -> bytes:
        with _translating(), self._path(key).open("rb") as file:
            file.seek(start)
            return file.read(max(end - start, 0))

    def stream(self, key: str, start: int, end: int) -> Iterator[bytes]:
        with _translating(), self._path(key).open("rb", buffering=0) as file:
            file.seek(start)
            while start < end and (block := file.read(min(BLOCK, end - start))):
                start += len(block)
                yield block

    def names(self, prefix: str) -> list[str]:
        with _translating():
            found = (Path(at) / name for at, _, names in os.walk(self._path(prefix)) for name in names)
            return sorted(str(path.relative_to(self._root)) for path in found)

    def folders(self, prefix: str) -> list[str]:
        with _translating():
            try:
                return sorted(path.name for path in self._path(prefix).iterdir() if path.is_dir())
            except FileNotFoundError:
                return []

    def delete(self, keys: Iterable[str]) -> None:
        for path in map(self._path, keys):
            with _translating(), suppress(FileNotFoundError):
                path.unlink()
            # An emptied folder goes too; one that is not empty, or not there, stays as it is.
            with suppress(OSError):
                path.parent.rmdir()
                path.parent.parent.rmdir()

    def sweep(self, prefix: str, spare: Callable[[], bool] = lambda: False) -> int:
        with _translating():
            files = [Path(at) / name for at, _, names in os.walk(self._path(prefix)) for name in names]
            before = self._now() - ABANDONED_S if self._shared and files else None
            return sum(_remove_if_abandoned(path, spare, before) for path in files)

    def check(self) -> None:
        with self.create(INCOMING) as upload:
            upload.write(b"ready?")

    def _now(self) -> float:
        """The time of the clock by which files are dated: a file server has its own."""
        with self.create(INCOMING) as upload:
            return upload.written_at()

    def _path(self, key: str) -> Path:
        return self._root / key


class LocalUpload:
    """An upload holds a lock on its file for as long as its process lives: that is how a sweep knows a dead one."""

    def __init__(self, root: Path, key: str, durable: bool, shared: bool) -> None:
        self._root, self._target, self._durable = root, root / key, durable
        self._path = root / INCOMING / uuid.uuid4().hex
        self._committed = False
        with _translating():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = _create_locked(self._path, shared)

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        with _translating():
            while view:
                view = view[self._file.write(view) :]

    def written_at(self) -> float:
        """When it was last written to, in seconds since 1970 by the file server's clock."""
        with _translating():
            return os.fstat(self._file.fileno()).st_mtime

    def commit(self) -> None:
        with _translating():
            if self._durable:
                os.fdatasync(self._file.fileno())
            while not self._moved():
                pass
            self._committed = True
            if self._durable:
                flush(self._target.parent)

    def _moved(self) -> bool:
        """False when a deletion has meanwhile removed the folder, because it was empty still."""
        try:
            _make_folder(self._target.parent, self._root, self._durable)
            self._path.rename(self._target)
        except (FileNotFoundError, FileExistsError):
            if not self._path.exists():
                if self._committed:
                    raise
                raise StoreUnavailable("the upload is gone: it was taken for abandoned") from None
            if self._target.parent.is_file():
                raise
            return False
        return True

    def __enter__(self) -> "LocalUpload":
        return self

    def __exit__(self, *exc: object) -> None:
        with suppress(OSError):
            self._path.unlink()
        # Some file systems say only now that they have no room; what counts was flushed before.
        with suppress(OSError):
            self._file.close()


@contextmanager
def _translating() -> Iterator[None]:
    """Trouble of the disk or of the network before it is no fault of what was asked."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StorageFull from error
        raise StoreUnavailable(f"the folder of the blobs: {error.strerror}") from error


def _create_locked(path: Path, shared: bool) -> io.FileIO:
    """A sweep may find the file between its creation and its lock, and remove it: then it is made again."""
    while True:
        file = path.open("xb", buffering=0)
        try:
            _lock(file, fcntl.LOCK_EX, shared)
        except OSError:
            path.unlink()
            file.close()
            raise
        if os.fstat(file.fileno()).st_nlink:
            return file
        file.close()


def _lock(file: io.IOBase, how: int, shared: bool) -> None:
    try:
        fcntl.flock(file, how)
    except BlockingIOError:
        raise
    except OSError as error:
        if not (shared and error.errno in _NO_LOCKS):
            raise


def _make_folder(folder: Path, root: Path, durable: bool) -> None:
    if folder.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    while durable and folder != root:
        folder = folder.parent
        flush(folder)


def _remove_if_abandoned(path: Path, spare: Callable[[], bool], before: float | None) -> bool:
    """`before` is by when a file must have been written last, in a folder that is shared."""
    try:
        with path.open("rb") as file:
            _lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB, shared=before is not None)
            if before is not None and os.fstat(file.fileno()).st_mtime > before:
                return False
            if spare():
                return False
            path.unlink()
            return True
    except (BlockingIOError, FileNotFoundError):
        return False
