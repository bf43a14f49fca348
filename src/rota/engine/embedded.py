"""Keeps the processes of one server alive: starts them, restarts those that die or freeze, and drains them at the end.

The supervisor itself touches no database and no blob, so that nothing a child does can hurt it.
"""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

POLL_S = 0.05
SLOW_RESTART_S = 1.0
"""Wait before a process is started again that died before its first tick: it would only die again."""


@dataclass(slots=True)
class Child:
    """One process and what is known of it. `command` is called with the name of the instance and of its forerunner."""

    name: str
    command: Callable[[str, str | None], Sequence[str]]
    process: subprocess.Popen[bytes] | None = None
    instance: str = ""
    forerunner: str | None = None
    pulse: int = -1
    ticked_at: float = 0.0
    ticked: bool = False
    start_at: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """`freeze_s`: a child that ticks and then goes silent this long is killed. `drain_s`: so long may a drain take."""

    environ: Mapping[str, str]
    log: Any
    freeze_s: float
    drain_s: float = 60.0
    children: list[Child] = field(default_factory=list)
    _draining: bool = False

    def start(self, name: str, command: Callable[[str, str | None], Sequence[str]]) -> None:
        """Start a child, which is kept alive from `run` on."""
        self.children.append(Child(name, command))
        self._start(self.children[-1], time.monotonic())

    def add(self, name: str, command: Callable[[str, str | None], Sequence[str]], *, patience_s: float) -> None:
        """A child that `run` starts when others are ready, or have taken longer than this."""
        self.children.append(Child(name, command, start_at=time.monotonic() + patience_s))

    def kill(self) -> None:
        """End everything at once."""
        for child in self.children:
            if child.process:
                child.process.kill()
                child.process.wait()

    def run(self, ready: Callable[[], bool], announce: Callable[[], None]) -> int:
        """Keep everything alive, call `announce` once `ready` says so, and return 0 after SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        looked_at, announced = time.monotonic(), False
        while not self._draining:
            now = time.monotonic()
            # After a stop of the whole group the ticks of the children are still on their way.
            self._tend(now, forgiving=now - looked_at > 10 * POLL_S)
            looked_at = now
            if not announced and ready():
                announced = True
                announce()
                self._start_waiting(now)
            time.sleep(POLL_S)
        return self._drain()

    def _on_signal(self, number: int, frame: Any) -> None:
        self._draining = True

    def _tend(self, now: float, *, forgiving: bool) -> None:
        for child in self.children:
            if child.process is None:
                if now >= child.start_at:
                    self._start(child, now)
                continue
            if self._heard(child) or forgiving:
                child.ticked_at = now
            if child.process.poll() is not None:
                self._bury(child, now)
            elif child.ticked and now - child.ticked_at > self.freeze_s:
                self.log.warning("process.frozen", process=child.name, pid=child.process.pid)
                child.process.kill()

    def _start_waiting(self, now: float) -> None:
        for child in self.children:
            if not child.instance:
                self._start(child, now)

    def _start(self, child: Child, now: float) -> None:
        read_end, write_end = os.pipe()
        os.set_blocking(read_end, False)
        child.instance = f"{child.name}.{secrets.token_hex(4)}"
        command = [*child.command(child.instance, child.forerunner)]
        environ = {**self.environ, "ROTA_TICK_FD": str(write_end), "ROTA_PARENT": str(os.getpid())}
        child.process = subprocess.Popen(command, env=environ, pass_fds=[write_end], stdin=subprocess.DEVNULL)
        os.close(write_end)
        child.pulse, child.ticked, child.ticked_at = read_end, False, now

    def _heard(self, child: Child) -> bool:
        try:
            heard = bool(os.read(child.pulse, 4096))
        except BlockingIOError:
            return False
        child.ticked = child.ticked or heard
        return heard

    def _bury(self, child: Child, now: float) -> None:
        assert child.process is not None
        self.log.warning("process.died", process=child.name, pid=child.process.pid, code=child.process.returncode)
        os.close(child.pulse)
        child.process = None
        # A child that never ticked has not buried its forerunner yet.
        child.forerunner = child.instance if child.ticked else child.forerunner
        child.start_at = now if child.ticked else now + SLOW_RESTART_S

    def _drain(self) -> int:
        alive = [child.process for child in self.children if child.process]
        for process in alive:
            process.terminate()
        until = time.monotonic() + self.drain_s
        for process in alive:
            try:
                process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.log.error("process.drain_overdue", pid=process.pid)
                process.kill()
                process.wait()
        return 0


def ticker(environ: Mapping[str, str] = os.environ) -> Callable[[], None]:
    """What a child calls at every beat: tells the supervisor that it lives, and dies with it."""
    descriptor, parent = int(environ.get("ROTA_TICK_FD", "-1")), int(environ.get("ROTA_PARENT", "0"))

    def tick() -> None:
        if parent and os.getppid() != parent:
            os._exit(1)
        if descriptor >= 0:
            try:
                os.write(descriptor, b".")
            except OSError:
                os._exit(1)

    return tick


def module_command(module: str, *words: str) -> list[str]:
    """The command line of one of rota's own modules in this interpreter."""
    return [sys.executable, "-m", module, *words]
