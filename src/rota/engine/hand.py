"""The chunk that a runner has in hand, shared between the thread that works it and the thread that keeps its lease."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from rota.engine.apply import Cells, Output
from rota.engine.ledger import Grant


@dataclass(slots=True)
class Hand:
    """`since` is monotonic seconds. `running` are the rows inside the action at this moment.

    Whoever sets `closed` first, under the lock, is the one to settle: the worker when it has come to an end, or the
    heart when a stopped job's row will not end.
    """

    grant: Grant
    since: float
    abandonable: bool
    output: Output = field(default_factory=Output)
    running: Sequence[Cells] = ()
    stop_seen: float | None = None
    closed: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, rows: Sequence[Cells]) -> None:
        with self.lock:
            self.running = rows

    def finish(self, output: Output) -> None:
        with self.lock:
            self.running = ()
            if not self.closed:
                self.output.extend(output)

    def close(self) -> bool:
        """True for the one who closes it."""
        with self.lock:
            first, self.closed = not self.closed, True
            return first
