"""Files on their way to and from a server: uploads of known length, downloads that are whole or not there."""

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

STDIN = "-"


@contextmanager
def known_length(name: str) -> Iterator[IO[bytes]]:
    """The bytes of a file, or of stdin for `-`, as a file with a length.

    What has none (a pipe) is spooled first: a server cannot tell an upload of unknown length that was cut off from one
    that has ended.
    """
    if name != STDIN and Path(name).is_file():
        with Path(name).open("rb") as file:
            yield file
        return
    with TemporaryFile() as spool:
        with nullcontext(sys.stdin.buffer) if name == STDIN else Path(name).open("rb") as pipe:
            shutil.copyfileobj(pipe, spool)
        spool.seek(0)
        yield spool


def write_whole(path: Path, blocks: Iterable[bytes]) -> None:
    """Write beside the file, then take its place: a transfer that breaks off leaves what was there.

    What is no ordinary file, such as /dev/null or a pipe, is written to as it is.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        with target.open("wb") as file:
            file.writelines(blocks)
        return
    beside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            file.writelines(blocks)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
