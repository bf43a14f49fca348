"""Shows on stderr how a job comes along: a bar on a terminal, elsewhere a line per second."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rota.cli.output import say

Job = Mapping[str, Any]
Shown = Callable[[Job], None]

FINAL = frozenset({"success", "failure", "partial", "internal_error", "stopped"})
POLL_S = 0.25
LINE_S = 1.0


def watch(
    look: Callable[[], Job], *, pause: Callable[[float], None] = time.sleep, clock: Callable[[], float] = time.monotonic
) -> Job:
    """Look at the job about four times a second until it has ended; the job as it then is."""
    with _bar() if sys.stderr.isatty() else _lines(clock) as show:
        while True:
            job = look()
            show(job)
            if job["status"] in FINAL:
                break
            pause(POLL_S)
    say(summary(job))
    return job


def done(job: Job) -> int:
    """Rows that have succeeded or failed."""
    return int(job.get("success_count") or 0) + int(job.get("failure_count") or 0)


def summary(job: Job) -> str:
    """How the job ended, in a sentence."""
    counts = f"{job.get('success_count') or 0} rows succeeded, {job.get('failure_count') or 0} failed"
    total = f" of {job['total_count']}" if job.get("total_count") is not None else ""
    return f"job {job['id']}: {job['status']}, {counts}{total}."


@contextmanager
def _bar() -> Iterator[Shown]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]} rows/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("pending", total=None, rate=0)

        def show(job: Job) -> None:
            rate = round(progress.tasks[0].speed or 0)
            total = job.get("total_count")
            progress.update(bar, description=job["status"], completed=done(job), total=total, rate=rate)

        yield show


@contextmanager
def _lines(clock: Callable[[], float]) -> Iterator[Shown]:
    began, first, shown_at = clock(), -1, float("-inf")

    def show(job: Job) -> None:
        nonlocal first, shown_at
        now, rows = clock(), done(job)
        first = rows if first < 0 else first
        if now - shown_at >= LINE_S:
            shown_at = now
            say(_line(job, rows, (rows - first) / (now - began) if now > began else 0.0))

    yield show


def _line(job: Job, rows: int, rate: float) -> str:
    total = job.get("total_count")
    words = [job["status"], f"{rows} of {total} rows" if total is not None else f"{rows} rows", f"{rate:.0f} rows/s"]
    if total is not None and rate > 0:
        words.append(f"{(total - rows) / rate:.0f} s left")
    return ", ".join(words)
