"""Runs the scripts, all or those named, and closes with one table of what was asked and what was measured."""

import argparse
import signal
import sys
import time
import traceback
from collections.abc import Iterable, Iterator
from importlib import import_module
from types import ModuleType

from bench.measure import Finding, Unmeasured

SCRIPTS = (
    "scan",
    "startup",
    "jobs",
    "upload",
    "download",
    "small_jobs",
    "fairness",
    "listing",
    "start_large",
    "far_range",
    "memory",
    "objects",
    "desk",
    "floor",
    "slack",
    "stream",
    "field",
    "capacity",
    "render",
    "peers",
    "dequeue",
    "dispatch",
    "moving",
)
MARKS = {True: "holds", False: "MISSED", None: ""}


def main() -> int:
    """Exit code 1 when a claim is missed or a script broke."""
    given = _arguments()
    # A terminated run ends its servers as any other does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    findings: list[Finding] = []
    for word in given.names or SCRIPTS:
        name, _, size = word.partition("=")
        findings += _run(name, int(size) if size else None)
    print("\n" + table(findings))
    return int(any(finding.holds is False for finding in findings))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME[=SIZE]", help=f"{', '.join(SCRIPTS)}; each says what it sizes"
    )
    given = parser.parse_args()
    if unknown := {word.partition("=")[0] for word in given.names} - {*SCRIPTS}:
        parser.error(f"not known: {', '.join(sorted(unknown))}")
    return given


def _run(name: str, size: int | None) -> list[Finding]:
    script = import_module(f"bench.{name}")
    print(f"\n== {name}: {(script.__doc__ or '').splitlines()[0]}", flush=True)
    began = time.perf_counter()
    findings: list[Finding] = []
    for finding in _findings(name, size, script):
        findings.append(finding)
        asked = finding.asked or "nothing"
        print(f"   {finding.claim}: {finding.measured}; asked {asked} {MARKS[finding.holds]}", flush=True)
    print(f"   ({time.perf_counter() - began:.0f} s)", flush=True)
    return findings


def _findings(name: str, size: int | None, script: ModuleType) -> Iterator[Finding]:
    """As they are found, and last what went wrong."""
    try:
        yield from script.measure(size) if size else script.measure()
    except Unmeasured as lack:
        yield Finding(name, "", f"NOT MEASURED: {lack}", None)
    except Exception as error:
        traceback.print_exc()
        yield Finding(name, "to run", f"{type(error).__name__}, see above", False)


def table(findings: Iterable[Finding]) -> str:
    """In Markdown."""
    lines = ["| claim | asked | measured | |", "|---|---|---|---|"]
    lines += [f"| {each.claim} | {each.asked} | {each.measured} | {MARKS[each.holds]} |" for each in findings]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
