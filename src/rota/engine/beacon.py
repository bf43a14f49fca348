"""A beacon: says for a server or a worker that it lives, until it is drained."""

import threading
import traceback
from collections.abc import Callable
from typing import Any

from rota.domain.errors import StorageFull, StoreUnavailable
from rota.operations import nodes
from rota.operations.nodes import BEAT_S, Node
from rota.store.port import Store


class Beacon:
    """`clock` is microseconds since 1970. `drain` may be called from a signal handler.

    Whoever started the node says when it has ended: parts of it may outlive the beacon.
    """

    def __init__(self, store: Store, node: Node, clock: Callable[[], int], log: Any) -> None:
        self._store, self._node, self._clock, self._log = store, node, clock, log
        self._draining = threading.Event()

    def drain(self) -> None:
        """Return from `run`."""
        self._draining.set()

    def start(self) -> None:
        """Run beside something else, in a process that is there anyway, and end with it."""
        threading.Thread(target=self.run, name="beacon", daemon=True).start()

    def run(self) -> None:
        while not self._draining.is_set():
            self._survive()
            self._draining.wait(BEAT_S)

    def turn(self) -> None:
        """Say it once."""
        with self._store.write(shared=True) as tx:
            nodes.beat(tx, self._node, now=self._clock())

    def _survive(self) -> None:
        try:
            self.turn()
        except (StorageFull, StoreUnavailable) as trouble:
            self._log.error("beacon.postponed", reason=trouble.code)
        except Exception:
            # As text: a log that renders the exception itself may show local variables.
            self._log.error("beacon.failed", traceback=traceback.format_exc())
