"""What every script measures with: a clock, works timed in turns, and a finding to print."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import disk_usage
from statistics import median
from tempfile import TemporaryDirectory

Seconds = float


class Unmeasured(Exception):
    """The script cannot measure here; the text says what it lacks."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A claim, what was asked of it, what was measured, and whether that holds; None where nothing was asked."""

    claim: str
    asked: str
    measured: str
    holds: bool | None


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds that one work took, in the order of its runs."""

    all: Sequence[Seconds]

    @property
    def best(self) -> Seconds:
        return min(self.all)

    @property
    def median(self) -> Seconds:
        return median(self.all)

    def __str__(self) -> str:
        return f"best {brief(self.best)}, median {brief(self.median)} of {len(self.all)}"


Work = Callable[[], Seconds | None]
"""Does it once. Returns the seconds that count, or None when all of its time does."""


def in_turns(runs: int, **works: Work) -> dict[str, Times]:
    """Run every work once, then every work again: what else the machine does meets all of them alike."""
    took: dict[str, list[Seconds]] = {name: [] for name in works}
    for _ in range(runs):
        for name, work in works.items():
            took[name].append(timed(work))
    return {name: Times(times) for name, times in took.items()}


def timed(work: Work) -> Seconds:
    began = time.perf_counter()
    counted = work()
    return time.perf_counter() - began if counted is None else counted


def at_least(claim: str, asked: float, ratio: float, more: str = "") -> Finding:
    """A finding about how many times as fast as its peer rota is."""
    return Finding(claim, f"≥ {asked:.1f}x", f"{ratio:.2f}x{more and f' ({more})'}", ratio >= asked)


def at_most(claim: str, asked: float, got: float, unit: str, more: str = "") -> Finding:
    measured = f"{got:.3g} {unit}" if got < 100 else f"{got:.0f} {unit}"
    return Finding(claim, f"≤ {asked:g} {unit}", f"{measured}{more and f' ({more})'}", got <= asked)


def brief(seconds: Seconds) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


@contextmanager
def scratch(need: int = 0) -> Iterator[Path]:
    """A folder on disk that is gone afterwards. Raises Unmeasured when fewer than `need` bytes are free."""
    with TemporaryDirectory(prefix="rota-bench-") as folder:
        free = disk_usage(folder).free
        if free < need:
            raise Unmeasured(f"needs {need / 1e9:.1f} GB in {folder}, {free / 1e9:.1f} GB are free (TMPDIR moves it)")
        yield Path(folder)
