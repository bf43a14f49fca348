"""A command line to run, in this process or as one of its own, and a server that answers by a script."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cli.crew import Person, hired
from cli.script import ACCOUNT, Handler, Script
from rota.cli.main import main
from web.serving import Server


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    """A server that knows who is asking, and what else a test adds; ROTA_URL names it."""
    script = Script()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Scripted", (Handler,), {"script": script}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_port}"
    script.add("GET", "/admin/v1/me", {"account": {"id": ACCOUNT}})
    monkeypatch.setenv("ROTA_URL", script.url)
    monkeypatch.setenv("ROTA_TOKEN", "the-token")
    yield script
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real server with a runner."""
    server = Server(tmp_path_factory.mktemp("crew") / "data", workers=1, ROTA_DURABILITY="normal")
    yield server
    server.kill()


@pytest.fixture
def hire(server: Server) -> Callable[..., Person]:
    return partial(hired, server)


@pytest.fixture
def sit_down(server: Server, monkeypatch: pytest.MonkeyPatch) -> Callable[[Person], None]:
    """Let command lines be this person's."""

    def sit(person: Person) -> None:
        monkeypatch.setenv("ROTA_URL", f"http://{server.host}:{server.port}")
        monkeypatch.setenv("ROTA_TOKEN", person.token)
        monkeypatch.setenv("TZ", "UTC")
        monkeypatch.setenv("LC_ALL", "C.UTF-8")

    return sit


@pytest.fixture(autouse=True)
def _bare_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine's reaches a test, nor does the folder that the tests are started in."""
    for name in os.environ:
        if name.startswith("ROTA_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ROTA_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("ROTA_DURABILITY", "normal")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def rota(capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run a command line in this process."""

    def run(*words: str) -> Ran:
        capfd.readouterr()
        code = main(words)
        return Ran(code, *capfd.readouterr())

    return run


def command(*words: str) -> list[str]:
    return [sys.executable, "-W", "error", "-c", "from rota.cli.main import run; run()", *words]


@pytest.fixture
def process() -> Callable[..., Ran]:
    """Run a command line as a process of its own, with a text as its stdin."""

    def run(*words: str, stdin: str = "") -> Ran:
        done = subprocess.run(command(*words), input=stdin, capture_output=True, text=True, timeout=30, env=_env())
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def begin() -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """Start a command line as a process; it does not outlive the test."""
    begun: list[subprocess.Popen[bytes]] = []

    def start(*words: str, **streams: Any) -> "subprocess.Popen[bytes]":
        begun.append(subprocess.Popen(command(*words), env=_env(), **streams))
        return begun[-1]

    yield start
    for each in begun:
        each.kill()
        each.communicate()


@pytest.fixture
def on_terminal(begin: Callable[..., "subprocess.Popen[bytes]"]) -> Callable[..., str]:
    """Run a command line to its good end; all that it writes, stdout and stderr being a terminal."""

    def run(*words: str) -> str:
        ours, theirs = os.openpty()
        running = begin(*words, stdout=theirs, stderr=theirs)
        os.close(theirs)
        shown = b""
        try:
            while block := os.read(ours, 65_536):
                shown += block
        except OSError:
            # Linux says so when the last one at the other end has gone.
            pass
        os.close(ours)
        assert running.wait(timeout=30) == 0
        return shown.decode()

    return run


def _env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
