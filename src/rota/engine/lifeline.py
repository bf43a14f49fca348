"""How a child process stays tied to its supervisor: it says that it lives, and does not outlive it."""

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

TICK_S = 0.25


@dataclass(frozen=True, slots=True)
class Lifeline:
    """What a child was given by its supervisor, the process `parent`: a pipe to tick through."""

    descriptor: int
    parent: int

    def hold(self) -> None:
        """Tick from a thread that waits for nothing else; die with the supervisor."""

        def tick() -> None:
            if os.getppid() != self.parent:
                os._exit(1)
            try:
                os.write(self.descriptor, b".")
            except OSError:
                os._exit(1)

        _repeat(tick)


class Gate:
    """Keeps a child from going on until its supervisor opens, which is made before the fork. Whoever is forked when it
    has been opened passes."""

    def __init__(self) -> None:
        self._inside, outside = os.pipe()
        self._outside: int | None = outside

    def open(self) -> None:
        if self._outside is not None:
            os.write(self._outside, b".")
        self.approach()

    def approach(self) -> None:
        """For the child: only the supervisor can open it. Later the number may be that of another file."""
        if self._outside is not None:
            os.close(self._outside)
        self._outside = None

    def wait(self) -> None:
        os.read(self._inside, 1)


def die_with(parent: int) -> None:
    """For a grandchild: Granian's worker would outlive a killed Granian, and keep the port."""

    def look() -> None:
        if os.getppid() != parent:
            os._exit(1)

    _repeat(look)


def at_sigterm(act: Callable[[], None]) -> None:
    """Call `act`, from a thread of its own, when SIGTERM comes, whoever handles them and whoever will.

    Not a handler: Granian's worker sets its own when the application is there, and nothing calls those before them.
    For the main thread.
    """
    heard, said = os.pipe()
    os.set_blocking(said, False)
    signal.set_wakeup_fd(said)

    def wait() -> None:
        while os.read(heard, 1)[0] != signal.SIGTERM:
            pass
        act()

    threading.Thread(target=wait, name="signals", daemon=True).start()


def _repeat(act: Callable[[], None]) -> None:
    def run() -> None:
        while True:
            act()
            time.sleep(TICK_S)

    threading.Thread(target=run, name="lifeline", daemon=True).start()
