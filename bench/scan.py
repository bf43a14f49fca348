"""Checking and indexing an upload, without server and disk, against reading it once with csv.reader.

Prints MB/s of csv.reader and of Scanner on the same bytes, and their ratio. Size: MB.
"""

import csv
import io
import random
import time
from collections.abc import Callable, Iterator

from bench.measure import Finding
from rota.domain.rows import Scanner

FEED = 64 << 10  # bytes, as a server hands them on
RUNS = 5
HEADER = "number,account_id,auth_by,module_name,name\n"


def row(name: str, account: str) -> str:
    number = f"+1415{random.randrange(10**7):07}"
    return f"{number},{account},{random.getrandbits(64):016x},knm_local,{name}\n"


def account() -> str:
    return f"{random.getrandbits(128):032x}"


def plain() -> str:
    return row(f"Customer {random.randrange(10**5)}", account())


def quoted() -> str:
    return row(f'"Smith, {random.randrange(10**5)}"', account())


def all_quoted() -> str:
    return ",".join(f'"{cell}"' for cell in plain().rstrip().split(",")) + "\n"


def empties() -> str:
    return row("x", account() if random.random() < 0.9 else "")


def accented() -> str:
    return row(f"Åse Bjørnson-Štěpánková {random.randrange(10**5)}", account())


def inches() -> str:
    return row(f'{random.randrange(100)}" pipe', account())


def short() -> str:
    return ",".join(str(random.randrange(1000)) for _ in range(5)) + "\n"


KINDS: dict[str, tuple[Callable[[], str], str]] = {
    "unquoted": (plain, "\n"),
    "unquoted, CRLF": (plain, "\r\n"),
    "unquoted, cells of 3 bytes": (short, "\n"),
    "unquoted, accented": (accented, "\n"),
    "quoted names with commas": (quoted, "\n"),
    "every cell quoted": (all_quoted, "\n"),
    "mandatory empties": (empties, "\n"),
    "quotes within cells": (inches, "\n"),
}


def make(line: Callable[[], str], end: str, size: int) -> bytes:
    """About `size` bytes; 10 000 different rows, repeated."""
    rows = "".join(line() for _ in range(10_000)).replace("\n", end).encode()
    return HEADER.replace("\n", end).encode() + rows * (size // len(rows))


def blocks(data: bytes) -> Iterator[bytes]:
    return (data[start : start + FEED] for start in range(0, len(data), FEED))


def read(data: bytes) -> int:
    """Rows by csv.reader alone, as one reads an open file."""
    text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="")
    return sum(1 for _ in csv.reader(text)) - 1


def scan(data: bytes) -> int:
    scanner = Scanner(mandatory=("number", "account_id"))
    for block in blocks(data):
        scanner.feed(block)
    return scanner.finish().rows


def fastest(work: Callable[[bytes], int], data: bytes) -> tuple[float, int]:
    """Best of RUNS in MB/s, and what the work returned."""
    took = []
    for _ in range(RUNS):
        before = time.perf_counter()
        rows = work(data)
        took.append(time.perf_counter() - before)
    return len(data) / min(took) / 1e6, rows


def measure(megabytes: int = 40) -> Iterator[Finding]:
    random.seed(1)
    ratios = {}
    print(f"   {'file':28}{'MB':>5}{'csv.reader MB/s':>17}{'Scanner MB/s':>14}{'ratio':>7}")
    for kind, (line, end) in KINDS.items():
        data = make(line, end, megabytes * 10**6)
        reader, expected = fastest(read, data)
        scanner, rows = fastest(scan, data)
        assert rows == expected, f"{kind}: {rows} rows scanned, {expected} read"
        ratios[kind] = scanner / reader
        print(f"   {kind:28}{len(data) / 1e6:5.0f}{reader:17.0f}{scanner:14.0f}{scanner / reader:6.1f}x")
    worst = min(ratios, key=ratios.__getitem__)
    measured = f"{ratios[worst]:.1f}x ({worst}); {ratios['unquoted']:.1f}x unquoted"
    yield Finding(f"check and index alone, slowest of {len(KINDS)} files, against csv.reader", "", measured, None)
