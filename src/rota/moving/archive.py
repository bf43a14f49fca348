"""An archive: a folder, or the same files in a tar. What has its name is whole.

Files follow one another as they come: `tables/NAME/NNNN`, the blobs under `blobs/`, `manifest.json`, and last of all
`SHA256SUMS`, which seals them: `sha256sum -c` checks a folder without rota. Neither writing nor reading takes memory
that grows with it.
"""

import fcntl
import hashlib
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import zip_longest
from pathlib import Path
from typing import IO, Protocol

from rota.disk import flush
from rota.moving.manifest import NAME as MANIFEST
from rota.store.whole import Unmovable

SUMS = "SHA256SUMS"
BLOCK = 1 << 20
TAR = ".tar"

_PAD = 512
_PRIVATE = 0o600


class _Carrier(Protocol):
    def put(self, name: str, size: int, blocks: Iterable[bytes]) -> None: ...

    def finish(self) -> None:
        """Nothing more will come, and what came is to be durable."""
        ...

    def close(self) -> None: ...


class Writer:
    """Adds files to an archive that is being made."""

    def __init__(self, carrier: _Carrier, sums: IO[bytes]) -> None:
        self._carrier, self._sums = carrier, sums

    def put(self, name: str, size: int, blocks: Iterable[bytes]) -> str:
        """Add a file of so many bytes; its SHA-256. Raises Unmovable when there are not so many."""
        digest, seen = hashlib.sha256(), 0

        def observed() -> Iterator[bytes]:
            nonlocal seen
            for block in blocks:
                digest.update(block)
                seen += len(block)
                yield block

        self._carrier.put(name, size, observed())
        if seen != size:
            raise Unmovable(f"{name} was to have {size} bytes, and has {seen}.")
        self._sums.write(f"{digest.hexdigest()}  {name}\n".encode())
        return digest.hexdigest()

    def seal(self) -> None:
        size = self._sums.tell()
        self._sums.seek(0)
        self._carrier.put(SUMS, size, iter(lambda: self._sums.read(BLOCK), b""))


@contextmanager
def create(path: Path, at_s: int) -> Iterator[Writer]:
    """Make an archive, a tar if its name ends in `.tar`; it gets its name once it is whole and durable. `at_s` is
    its time, in seconds since 1970.

    Raises Unmovable when something has the name already, or another backup is writing there.
    """
    path = path.absolute()
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise Unmovable(f"{path} exists already: a backup never overwrites anything.")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.unfinished")
    with _turn(beside), tempfile.TemporaryFile(dir=path.parent) as sums:
        _remove(beside)
        carrier = _TarCarrier(beside, at_s) if path.suffix == TAR else _FolderCarrier(beside)
        try:
            writer = Writer(carrier, sums)
            yield writer
            writer.seal()
            carrier.finish()
        except BaseException:
            _remove(beside)
            raise
        finally:
            carrier.close()
        beside.rename(path)
        flush(path.parent)


@contextmanager
def _turn(beside: Path) -> Iterator[None]:
    """One backup at a time writes under a name; a dead one's lock is gone with it."""
    lock = beside.with_name(f"{beside.name}.lock")
    with lock.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Unmovable(f"Another backup is writing {beside}.") from error
        if not os.fstat(file.fileno()).st_nlink:
            # Its last holder has just removed it: somebody else may hold the next one.
            raise Unmovable(f"Another backup has been writing {beside} until now: try again.")
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


class _FolderCarrier:
    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(mode=0o700)

    def put(self, name: str, size: int, blocks: Iterable[bytes]) -> None:
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE), "wb") as file:
            for block in blocks:
                file.write(block)
            file.flush()
            os.fsync(file.fileno())

    def finish(self) -> None:
        for at, _, _ in os.walk(self._root):
            flush(Path(at))

    def close(self) -> None:
        return


class _TarCarrier:
    def __init__(self, path: Path, at_s: int) -> None:
        self._at_s = at_s
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE), "wb")

    def put(self, name: str, size: int, blocks: Iterable[bytes]) -> None:
        # Not through TarFile, which remembers every member.
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = size, _PRIVATE, self._at_s
        self._file.write(info.tobuf(tarfile.PAX_FORMAT))
        for block in blocks:
            self._file.write(block)
        self._file.write(bytes(-size % _PAD))

    def finish(self) -> None:
        self._file.write(bytes(2 * _PAD))
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


File = tuple[str, int, Iterator[bytes]]
"""A file's name, its bytes, and these in blocks, to be read before the next file is asked for."""


class Reader:
    """An archive that is there. Files come in the order in which they were written."""

    def __init__(self, path: Path) -> None:
        """Raises Unmovable when there is none."""
        self._path = path
        if path.is_dir():
            self._files: Callable[[], AbstractContextManager[Iterator[File]]] = self._of_folder
        elif path.is_file():
            self._files = self._of_tar
        else:
            raise Unmovable(f"There is no archive at {path}.")

    def files(self) -> AbstractContextManager[Iterator[File]]:
        return self._files()

    def verify(self, told: Callable[[int], None] = lambda size: None) -> bytes:
        """Read everything and compare it with the seal; the manifest. `told` hears of bytes as they are read. Raises
        Unmovable at what is missing, cut off or changed, by name."""
        manifest = None
        with tempfile.TemporaryFile() as found, self.files() as files:
            for name, size, blocks in files:
                if name == SUMS:
                    _compare(found, blocks)
                    if manifest is None:
                        raise Unmovable(f"{self._path} is no backup of rota's: it has no {MANIFEST}.")
                    return manifest
                digest, kept, seen = hashlib.sha256(), b"", 0
                for block in blocks:
                    digest.update(block)
                    seen += len(block)
                    kept = kept + block if name == MANIFEST else b""
                    told(len(block))
                if seen != size:
                    raise Unmovable(f"{name} breaks off.")
                manifest = kept if name == MANIFEST else manifest
                found.write(f"{digest.hexdigest()}  {name}\n".encode())
        raise Unmovable(f"{self._path} is not whole: it has no {SUMS}.")

    @contextmanager
    def _of_folder(self) -> Iterator[Iterator[File]]:
        try:
            with (self._path / SUMS).open("rb") as sums:
                names = (line.decode().rstrip("\n").partition("  ")[2] for line in sums)
                yield (self._file(name) for source in (names, [SUMS]) for name in source)
        except FileNotFoundError as error:
            raise Unmovable(f"{self._path} is not whole: {error.filename} is missing.") from error

    def _file(self, name: str) -> File:
        path = self._path / _safe(name)
        return name, path.stat().st_size, _blocks(lambda: path.open("rb", buffering=0))

    @contextmanager
    def _of_tar(self) -> Iterator[Iterator[File]]:
        try:
            with tarfile.open(self._path, "r:") as tar:
                yield _members(tar)
        except tarfile.TarError as error:
            raise Unmovable(f"{self._path} is not whole: {error}.") from error


def _members(tar: tarfile.TarFile) -> Iterator[File]:
    while info := tar.next():
        file = tar.extractfile(info)
        if file is not None:
            yield _safe(info.name), info.size, _blocks(lambda file=file: file)  # type: ignore[misc]
        # It remembers every member.
        tar.members.clear()  # type: ignore[attr-defined]


def _blocks(opened: Callable[[], IO[bytes]]) -> Iterator[bytes]:
    with opened() as file:
        while block := file.read(BLOCK):
            yield block


def _safe(name: str) -> str:
    """No file of an archive lies outside of it."""
    if name.startswith("/") or ".." in name.split("/"):
        raise Unmovable(f"The archive has a file called {name!r}, which no backup has.")
    return name


def _compare(found: IO[bytes], sums: Iterator[bytes]) -> None:
    found.seek(0)
    with tempfile.TemporaryFile() as expected:
        for block in sums:
            expected.write(block)
        expected.seek(0)
        for mine, theirs in zip_longest(found, expected, fillvalue=b""):
            if mine != theirs:
                name = (theirs or mine).decode(errors="replace").rstrip("\n").partition("  ")[2]
                raise Unmovable(f"{name or SUMS} is damaged: its SHA-256 is another.")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    with suppress(FileNotFoundError):
        path.unlink()
