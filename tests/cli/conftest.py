"""A command line to run, in this process or as one of its own, and a server that answers by a script."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rota.cli.main import main

ACCOUNT = "a" * 32


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Script:
    """Answers by method and path (without the query): each in turn, the last one again and again."""

    url: str = ""
    answers: dict[tuple[str, str], list[tuple[int, dict[str, str], bytes]]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    def add(self, method: str, path: str, body: Any, status: int = 200, **headers: str) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.setdefault((method, path), []).append((status, named, raw))

    def answer(self, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        known = self.answers.get((method, path))
        if not known:
            return 418, {}, b"not in the script"
        return known.pop(0) if known[1:] else known[0]

    def sent(self, method: str) -> list[Request]:
        return [each for each in self.requests if each.method == method]


class _Handler(BaseHTTPRequestHandler):
    script: Script

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.script.requests.append(Request(self.command, self.path, headers, self.rfile.read(length)))
        status, named, body = self.script.answer(self.command, self.path.partition("?")[0])
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **named}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815

    def log_message(self, *words: Any) -> None:
        pass


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    """A server that knows who is asking, and what else a test adds; ROTA_URL names it."""
    script = Script()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"script": script}))
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


def _env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
