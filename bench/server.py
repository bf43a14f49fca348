"""A real `rota serve` in a process group of its own, and a client that costs little beside it."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.measure import Seconds, Times, timed

BLOCK = 1 << 20
POLL_S = 0.01
PATIENCE_S = 600.0
READY_S = 60.0
FINAL = {"success", "failure", "partial", "stopped", "internal_error"}
ROTA = str(Path(sys.executable).with_name("rota"))
ENVIRON = {name: value for name, value in os.environ.items() if not name.startswith("ROTA_")}


class Failed(Exception):
    """Rota did not do what it was asked."""


class Client:
    """One connection that is kept open. Not for several threads."""

    def __init__(self, url: str, token: str) -> None:
        self._at, self._headers = urlsplit(url).netloc, {"X-Auth-Token": token}
        self._connection = self.connect()
        self.account: str = self.ask("GET", "/admin/v1/me")["account"]["id"]

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._at, timeout=PATIENCE_S, blocksize=BLOCK)

    def send(
        self, verb: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> http.client.HTTPResponse:
        """The answer, its body not read yet. Raises Failed unless it is a success."""
        headers = {**self._headers, **(headers or {})}
        chunked = "Transfer-Encoding" in headers
        self._connection.request(verb, path, body, headers, encode_chunked=chunked)
        answer = self._connection.getresponse()
        if answer.status >= 300:
            raise Failed(f"{verb} {path}: {answer.status} {answer.read()[:500]!r}")
        return answer

    def ask(self, verb: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
        return json.loads(self.send(verb, path, body, headers).read())

    def create(
        self, body: Any, size: int | None = None, *, account: str | None = None, action: str = "skel/id1"
    ) -> str:
        """The path of a new job over CSV: bytes, an open file, or blocks (chunked, unless their size is told)."""
        category, name = action.split("/")
        headers = {"Content-Type": "text/csv"}
        if size is not None:
            headers["Content-Length"] = str(size)
        elif not isinstance(body, bytes):
            headers["Transfer-Encoding"] = "chunked"
        tasks = f"/v2/accounts/{account or self.account}/tasks"
        answer = self.ask("PUT", f"{tasks}?category={category}&action={name}", body, headers)
        return f"{tasks}/{answer['data']['_read_only']['id']}"

    def create_from(self, path: Path, *, chunked: bool = False) -> str:
        with path.open("rb", buffering=0) as file:
            return self.create(blocks_of(file) if chunked else file, None if chunked else path.stat().st_size)

    def start(self, job: str) -> None:
        self.ask("PATCH", job)

    def status(self, job: str) -> str:
        return str(self.ask("GET", job)["data"]["_read_only"]["status"])

    def wait(self, job: str, poll_s: Seconds = POLL_S) -> None:
        """Until the job has succeeded. Raises Failed when it ends otherwise."""
        while (status := self.status(job)) not in FINAL:
            time.sleep(poll_s)
        if status != "success":
            raise Failed(f"{job} ended as {status}")

    def run(self, job: str, poll_s: Seconds = POLL_S) -> Seconds:
        """Start the job; seconds until its success is seen."""
        return timed(lambda: self.start(job) or self.wait(job, poll_s))

    def download(self, path: str, headers: Mapping[str, str] | None = None) -> int:
        """How many bytes came; they are read and dropped."""
        answer, buffer, size = self.send("GET", path, headers=headers), bytearray(BLOCK), 0
        while got := answer.readinto(buffer):
            size += got
        return size

    def save(self, path: str, target: Path) -> None:
        answer = self.send("GET", path)
        with target.open("wb") as file:
            while block := answer.read(BLOCK):
                file.write(block)


@dataclass(frozen=True)
class Server:
    """A server that listens. `ready_s` is how long that took from the start of its process."""

    url: str
    token: str
    process: subprocess.Popen[str]
    ready_s: Seconds

    def client(self) -> Client:
        return Client(self.url, self.token)

    def pids(self) -> list[int]:
        """The processes of its group, which are all of its own."""
        alive = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
        return [pid for pid in alive if _group(pid) == self.process.pid]

    def peaks(self) -> dict[int, tuple[str, int]]:
        """By process: what it is, and the most memory that was ever resident in it (VmHWM), bytes."""
        found = {}
        for pid in self.pids():
            with suppress(OSError, StopIteration):
                status = Path(f"/proc/{pid}/status").read_text()
                words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
                peak = next(int(kib) for kib in re.findall(r"VmHWM:\s*(\d+) kB", status))
                found[pid] = (_role(words), peak * 1024)
        return found

    def bytes_read(self) -> int:
        """All that its living processes have read with read(2) and its like, from the page cache or not."""
        total = 0
        for pid in self.pids():
            with suppress(OSError):
                total += int(re.findall(r"rchar: (\d+)", Path(f"/proc/{pid}/io").read_text())[0])
        return total

    def cpu_s(self, role: str = "") -> Seconds:
        """Processor time of its living processes, or of those of a role."""
        return cpu_s_of(pid for pid in self.pids() if not role or _role_of(pid) == role)


def cpu_s_of(pids: Iterable[int]) -> Seconds:
    """Processor time of those of the processes that live, in user and kernel mode."""
    ticks = 0
    for pid in pids:
        with suppress(OSError):
            after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(after_name[11]) + int(after_name[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _role_of(pid: int) -> str | None:
    with suppress(OSError):
        return _role(Path(f"/proc/{pid}/cmdline").read_text().split("\0"))
    return None


@contextmanager
def serving(folder: Path, workers: int = 2, **settings: str) -> Iterator[Server]:
    """`rota serve` on the folder, with settings by the names of their variables. Nothing of it is alive afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [ROTA, "serve", "--port", "0", "--data", str(folder / "data"), "--workers", str(workers)]
    began = time.perf_counter()
    # A request's line in the log is part of its cost; the file is part of what a server has.
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
            env={**ENVIRON, **settings},
        )
    try:
        line = _first_line(process)
        ready_s = time.perf_counter() - began
        if not line:
            raise Failed(f"rota serve said nothing: {(folder / 'log').read_text()[-2000:]}")
        token = (folder / "data" / "admin-token").read_text().strip()
        yield Server(line.split()[-1], token, process, ready_s)
    except Exception:
        print(_complaints(folder / "log"), file=sys.stderr)
        raise
    finally:
        end(process)


def _first_line(process: subprocess.Popen[str]) -> str:
    """What it says first; nothing when it says nothing for a minute."""
    assert process.stdout
    patience = threading.Timer(READY_S, process.terminate)
    patience.start()
    line = process.stdout.readline()
    patience.cancel()
    return line


def end(process: subprocess.Popen[Any]) -> None:
    """End a process that leads a group of its own, and whatever is left of the group."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(70)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout:
        process.stdout.close()


@contextmanager
def running(command: Sequence[str], **more: Any) -> Iterator[subprocess.Popen[Any]]:
    """A process in a group of its own, for as long as the context lasts."""
    process = subprocess.Popen(command, start_new_session=True, **more)
    try:
        yield process
    finally:
        end(process)


def wait_for_port(port: int, process: subprocess.Popen[Any]) -> None:
    """Until somebody listens there. Raises Failed when the process ends before it does."""
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            raise Failed(f"{process.args!r} ended with {process.returncode}")
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def blocks_of(file: Any) -> Iterator[bytes]:
    while block := file.read(BLOCK):
        yield block


def repeated(header: bytes, rows: bytes, times: int) -> Iterable[bytes]:
    """A file of any size that is nowhere."""
    yield header
    for _ in range(times):
        yield rows


def rate(size: int, times: Times) -> str:
    return f"{size / times.best / 1e6:.0f} MB/s"


def _complaints(log: Path) -> str:
    """The last lines of a server's log that are more than news."""
    lines = [line for line in log.read_text().splitlines() if '"level": "info"' not in line]
    return "\n".join(lines[-20:])


def _group(pid: int) -> int | None:
    with suppress(OSError):
        return os.getpgid(pid)
    return None


_ROLES = {
    "rota http worker": "http",
    "rota http": "http main",
    "rota runner": "runner",
    "rota courier": "courier",
    "rota scheduler": "scheduler",
}
"""By how the titles of processes begin, the longer ones first; the supervisor keeps its command line."""


def _role(words: list[str]) -> str:
    title = " ".join(words)
    return next((role for begin, role in _ROLES.items() if title.startswith(begin)), "supervisor")
