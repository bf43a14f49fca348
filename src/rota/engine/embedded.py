"""Keeps the processes of one server alive: forks them, replaces those that die or freeze, and drains them at the end.

The supervisor has imported the engine: a fork of it works at once, runs the very code that its siblings run, and shares
their memory. It touches no database and no blob and has one thread, so that nothing of either is forked half.
"""

import gc
import multiprocessing
import os
import secrets
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from rota.engine.lifeline import Lifeline

POLL_S = 0.05
TRIES = 5
REPEAT_S = 1.0
SLOW_RESTART_S = 1.0
"""Wait before a process is started again that died before its first tick: it would only die again."""

Act = Callable[[Lifeline, str, str | None], None]
"""What a process does, given its lifeline, the name of the instance, and that of its forerunner."""

_FORKING = multiprocessing.get_context("fork")


@dataclass(slots=True)
class Child:
    """One process and what is known of it."""

    name: str
    act: Act
    process: BaseProcess | None = None
    instance: str = ""
    forerunner: str | None = None
    pulse: int = -1
    ticked_at: float = 0.0
    ticked: bool = False
    start_at: float = 0.0
    failures: int = 0


@dataclass(slots=True)
class Supervisor:
    """`freeze_s`: a child that ticks and then goes silent this long is killed. `drain_s`: so long may a drain take."""

    log: Any
    freeze_s: float
    drain_s: float = 60.0
    children: list[Child] = field(default_factory=list)
    _draining: bool = False
    _announced: bool = False

    def start(self, name: str, act: Act) -> None:
        """Start a child, which is kept alive from `run` on."""
        if not self.children:
            # What is never collected is never copied.
            gc.freeze()
        self.children.append(Child(name, act))
        self._start(self.children[-1], time.monotonic())

    @contextmanager
    def killing(self) -> Iterator[None]:
        """Leave no child behind when something goes wrong: at its end Python would wait for them."""
        try:
            yield
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """End everything at once."""
        for child in self.children:
            if child.process:
                child.process.kill()
                child.process.join()

    def run(self, ready: Callable[[], bool], announce: Callable[[], None]) -> int:
        """Keep everything alive, call `announce` once `ready` says so, and return 0 after SIGTERM or SIGINT.

        Returns 1 when a child has died TRIES times in a row without having got anywhere.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        looked_at = time.monotonic()
        while not self._draining and not self._is_hopeless():
            now = time.monotonic()
            # After a stop of the whole group the ticks of the children are still on their way.
            self._tend(now, forgiving=now - looked_at > 10 * POLL_S)
            looked_at = now
            if not self._announced and ready():
                self._announced = True
                announce()
            time.sleep(POLL_S)
        self._drain()
        return 1 if self._is_hopeless() else 0

    def _is_hopeless(self) -> bool:
        return any(child.failures >= TRIES for child in self.children)

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
            if child.process.exitcode is not None:
                self._bury(child, now)
            elif child.ticked and now - child.ticked_at > self.freeze_s:
                self.log.warning("process.frozen", process=child.name, pid=child.process.pid)
                child.process.kill()

    def _start(self, child: Child, now: float) -> None:
        assert threading.active_count() == 1, "a fork takes one thread along and leaves the locks of all others"
        read_end, write_end = os.pipe()
        os.set_blocking(read_end, False)
        child.instance = f"{child.name}.{secrets.token_hex(4)}"
        lifeline = Lifeline(write_end, os.getpid())
        child.pulse, child.ticked, child.ticked_at = read_end, False, now
        child.process = _FORKING.Process(target=self._become, args=(child, lifeline))
        child.process.start()
        os.close(write_end)

    def _become(self, child: Child, lifeline: Lifeline) -> None:
        """In the new process."""
        _leave_sigint_to_the_supervisor()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for each in self.children:
            if each.process:
                os.close(each.pulse)
        child.act(lifeline, child.instance, child.forerunner)

    def _heard(self, child: Child) -> bool:
        try:
            heard = bool(os.read(child.pulse, 4096))
        except BlockingIOError:
            return False
        child.ticked = child.ticked or heard
        return heard

    def _bury(self, child: Child, now: float) -> None:
        assert child.process is not None
        self.log.warning("process.died", process=child.name, pid=child.process.pid, code=child.process.exitcode)
        os.close(child.pulse)
        child.process = None
        child.failures = 0 if child.ticked and self._announced else child.failures + 1
        # A child that never ticked has not buried its forerunner yet.
        child.forerunner = child.instance if child.ticked else child.forerunner
        child.start_at = now if child.ticked else now + SLOW_RESTART_S

    def _drain(self) -> None:
        until = time.monotonic() + self.drain_s
        while alive := [each.process for each in self.children if each.process and each.process.exitcode is None]:
            for process in alive:
                # Again and again: one that is still starting may have lost the first.
                process.terminate() if time.monotonic() < until else process.kill()
            alive[0].join(REPEAT_S)
            if alive[0].exitcode is None:
                self.log.info("process.drains", pid=alive[0].pid)


def aside(act: Callable[[], None]) -> None:
    """Do it in a process of its own, and raise what it raises: whatever it opens there is not the supervisor's."""
    ear, mouth = _FORKING.Pipe(duplex=False)
    process = _FORKING.Process(target=_tell, args=(act, mouth))
    process.start()
    mouth.close()
    try:
        trouble = ear.recv()
    except EOFError:
        trouble = ChildProcessError("what was begun aside was killed")
    process.join()
    if trouble:
        raise trouble


def _leave_sigint_to_the_supervisor() -> None:
    """Ctrl-C goes to the whole group, and the supervisor answers it with SIGTERM for each. Of two signals at once the
    second met Granian in the handler of the first, where it waits for itself: every other Ctrl-C took 30 s."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _tell(act: Callable[[], None], mouth: Connection) -> None:
    _leave_sigint_to_the_supervisor()
    try:
        act()
        mouth.send(None)
    except Exception as error:
        error.add_note(traceback.format_exc())
        mouth.send(error)
