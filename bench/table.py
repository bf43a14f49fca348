"""CSV files to measure with."""

from collections.abc import Callable
from pathlib import Path

from bench.scan import HEADER, all_quoted, plain, quoted

DIFFERENT = 10_000
"""Rows before they repeat."""

KINDS: dict[str, Callable[[], str]] = {"unquoted": plain, "quoted": quoted, "every cell quoted": all_quoted}

NUMBERED = b"number,name\n"
NUMBERED_WIDTH = 20
"""Bytes of a numbered row, its line feed included."""


def write(path: Path, kind: str, rows: int) -> Path:
    """A file of so many rows of about 90 bytes."""
    block = rows_of(kind)
    with path.open("wb") as file:
        file.write(HEADER.encode())
        for _ in range(rows // DIFFERENT):
            file.write(block)
        file.writelines(block.splitlines(keepends=True)[: rows % DIFFERENT])
    return path


def write_size(path: Path, kind: str, size: int) -> Path:
    """A file of about so many bytes."""
    return write(path, kind, round(size / len(rows_of(kind)) * DIFFERENT))


def rows_of(kind: str) -> bytes:
    """DIFFERENT rows."""
    return "".join(KINDS[kind]() for _ in range(DIFFERENT)).encode()


def write_numbered(path: Path, rows: int) -> Path:
    """Rows that tell their own number, all of one width."""
    with path.open("w", newline="") as file:
        file.write(NUMBERED.decode())
        for first in range(1, rows + 1, DIFFERENT):
            file.write("".join(f"{n:010},somebody\n" for n in range(first, min(first + DIFFERENT, rows + 1))))
    return path
