"""Engine processes on a data folder of their own, started and killed for real."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from rota import bootstrap
from rota.settings import read_settings
from support import House, trial_environ, wait_until

_IMPORTS = "import sys; from rota import group, settings; "
_WORKER = f"{_IMPORTS}sys.exit(group.worker(settings.read_settings(), workers=int(sys.argv[1])))"
SERVER = _IMPORTS + (
    "sys.exit(group.serve(settings.read_settings(), host='127.0.0.1', port=0, workers=int(sys.argv[1])))"
)
"""What a group runs that is a server, too."""


class Workers:
    """A supervisor and its runners, in a process group of their own: those of `rota worker`, or of `rota serve`."""

    def __init__(self, environ: dict[str, str], count: int, program: str = _WORKER, inside: Sequence[str] = ()) -> None:
        command = [*inside, sys.executable, "-c", program, str(count)]
        self.process = subprocess.Popen(command, env=environ, start_new_session=True, stderr=subprocess.DEVNULL)

    def runners(self) -> list[int]:
        """The process ids of the living runners."""
        return [pid for pid in self.children() if "runner" in _words(pid)]

    def owners(self) -> set[str]:
        """The names of the living runners."""
        found = (_words(pid) for pid in self.runners())
        return {words[words.index("runner") + 1] for words in found if "runner" in words}

    def children(self) -> list[int]:
        """The process ids of all that the supervisor keeps alive."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def signal_group(self, number: signal.Signals) -> None:
        os.killpg(self.process.pid, number)

    def drain(self) -> int:
        self.process.terminate()
        return self.process.wait(60)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.signal_group(signal.SIGKILL)
            self.process.wait(60)


def _words(pid: int) -> list[str]:
    with suppress(OSError):
        # Titles and command lines alike.
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").split()
    return []


@pytest.fixture(params=["embedded", "procrastinate"])
def environ(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The embedded engine works on SQLite here, and Procrastinate on the database that it needs."""
    chosen = {"ROTA_ENGINE": request.param}
    if request.param == "procrastinate":
        chosen["ROTA_DATABASE_URL"] = request.getfixturevalue("ticketed_url")
    return trial_environ(ROTA_DATA=str(tmp_path / "data"), ROTA_LEASE_S="1", ROTA_LOG_LEVEL="error", **chosen)


@pytest.fixture
def house(environ: dict[str, str]) -> Iterator[House]:
    settings = read_settings(environ)
    bootstrap.migrate(settings)
    store = bootstrap.open_store(settings)
    yield House.found(store, bootstrap.open_blobs(settings))
    store.close()


@pytest.fixture
def start_workers(environ: dict[str, str]) -> Iterator[Callable[[int], Workers]]:
    started: list[Workers] = []

    def start(count: int) -> Workers:
        started.append(Workers(environ, count))
        wait_until(lambda: len(started[-1].runners()) == count, "the runners")
        return started[-1]

    yield start
    for workers in started:
        workers.kill()
