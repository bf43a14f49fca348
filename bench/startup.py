"""How long until `rota serve` is ready on an empty folder, and until `rota --help` is done, beside a bare Python.

Size: runs.
"""

import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from bench.measure import Finding, at_most, in_turns, scratch
from bench.server import ENVIRON, ROTA, serving


def measure(runs: int = 7) -> Iterator[Finding]:
    with scratch() as folder:
        fresh = (folder / str(number) for number in count())
        took = in_turns(
            runs,
            python=lambda: _run(sys.executable, "-c", "pass"),
            help=lambda: _run(ROTA, "--help"),
            serve=lambda: _ready_s(next(fresh)),
        )
    for name, times in took.items():
        print(f"   {name}: {times}")
    bare = took["python"].median
    for name, what, asked in (("serve", "`rota serve` ready on an empty folder", 1.5), ("help", "`rota --help`", 0.3)):
        got = took[name].median
        yield at_most(f"{what}, median of {runs}", asked, got, "s", f"{got / bare:.0f}x `python -c pass`")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=ENVIRON)


def _ready_s(folder: Path) -> float:
    with serving(folder) as server:
        return server.ready_s
