"""How a child process stays tied to its supervisor: it says that it lives, and does not outlive it."""

import os
import threading
import time
from collections.abc import Callable, Mapping

TICK_S = 0.25


def hold(environ: Mapping[str, str] = os.environ) -> None:
    """Tick to the supervisor that started this process, from a thread that waits for nothing else; die with it."""
    descriptor, parent = int(environ["ROTA_TICK_FD"]), int(environ["ROTA_PARENT"])

    def tick() -> None:
        if os.getppid() != parent:
            os._exit(1)
        try:
            os.write(descriptor, b".")
        except OSError:
            os._exit(1)

    _repeat(tick)


def die_with_parent() -> None:
    """For a grandchild: Granian's worker would outlive a killed Granian, and keep the port."""
    parent = os.getppid()

    def look() -> None:
        if os.getppid() != parent:
            os._exit(1)

    _repeat(look)


def _repeat(act: Callable[[], None]) -> None:
    def run() -> None:
        while True:
            act()
            time.sleep(TICK_S)

    threading.Thread(target=run, name="lifeline", daemon=True).start()
