"""Bytes on a local disk: written beside, flushed, renamed; what has a name is whole and survives power loss."""

import errno
import fcntl
import io
import os
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from rota.domain.errors import StorageFull
from rota.store.port import INCOMING

BLOCK = 1 << 18
"""Bytes per step of a stream."""

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


class LocalBlobs:
    """Blobs below a folder. `durable=False` leaves flushing to the operating system."""

    def __init__(self, root: Path, *, durable: bool = True) -> None:
        self._root = root.absolute()
        self._durable = durable

    def create(self) -> "LocalUpload":
        return LocalUpload(self._root, self._durable)

    def size(self, key: str) -> int | None:
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError:
            return None

    def read(self, key: str, start: int, end: int) -> bytes:
        with self._path(key).open("rb") as file:
            file.seek(start)
            return file.read(end - start)

    def stream(self, key: str, start: int, end: int) -> Iterator[bytes]:
        with self._path(key).open("rb", buffering=0) as file:
            file.seek(start)
            while start < end and (block := file.read(min(BLOCK, end - start))):
                start += len(block)
                yield block

    def names(self, prefix: str) -> list[str]:
        folder = self._path(prefix)
        found = (Path(at) / name for at, _, names in os.walk(folder) for name in names)
        return sorted(str(path.relative_to(self._root)) for path in found)

    def delete(self, keys: Iterable[str]) -> None:
        for path in map(self._path, keys):
            with suppress(FileNotFoundError):
                path.unlink()
            # An emptied folder goes too; one that is not empty, or not there, stays as it is.
            with suppress(OSError):
                path.parent.rmdir()
                path.parent.parent.rmdir()

    def sweep(self, prefix: str, spare: Callable[[], bool] = lambda: False) -> int:
        files = [path for path in self._path(prefix).rglob("*") if path.is_file()]
        return sum(_remove_if_abandoned(path, spare) for path in files)

    def check(self) -> None:
        with self.create() as upload:
            upload.write(b"ready?")

    def _path(self, key: str) -> Path:
        return self._root / key


class LocalUpload:
    """An upload holds a lock on its file for as long as its process lives: that is how a sweep knows a dead one."""

    def __init__(self, root: Path, durable: bool) -> None:
        self._root, self._durable = root, durable
        self._path = root / INCOMING / uuid.uuid4().hex
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = _create_locked(self._path)
        except OSError as error:
            _raise_if_full(error)
            raise

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            _raise_if_full(error)
            raise

    def commit(self, key: str) -> None:
        target = self._root / key
        try:
            if self._durable:
                os.fdatasync(self._file.fileno())
            while not self._moved(target):
                pass
            if self._durable:
                _flush_folder(target.parent)
        except OSError as error:
            _raise_if_full(error)
            raise

    def _moved(self, target: Path) -> bool:
        """False when a deletion has meanwhile removed the folder, because it was empty still."""
        try:
            _make_folder(target.parent, self._root, self._durable)
            self._path.rename(target)
        except (FileNotFoundError, FileExistsError):
            if not self._path.exists() or target.parent.is_file():
                raise
            return False
        return True

    def __enter__(self) -> "LocalUpload":
        return self

    def __exit__(self, *exc: object) -> None:
        with suppress(FileNotFoundError):
            self._path.unlink()
        self._file.close()


def _create_locked(path: Path) -> io.FileIO:
    """A sweep may find the file between its creation and its lock, and remove it: then it is made again."""
    while True:
        file = path.open("xb", buffering=0)
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink:
            return file
        file.close()


def _make_folder(folder: Path, root: Path, durable: bool) -> None:
    if folder.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    while durable and folder != root:
        folder = folder.parent
        _flush_folder(folder)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_if_abandoned(path: Path, spare: Callable[[], bool]) -> bool:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if spare():
                return False
            path.unlink()
            return True
    except (BlockingIOError, FileNotFoundError):
        return False


def _raise_if_full(error: OSError) -> None:
    if error.errno in _NO_ROOM:
        raise StorageFull from error
