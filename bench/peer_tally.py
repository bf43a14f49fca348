"""What a peer's worker process does beside its work: waits for the word, counts for a fixed time, and tells.

Runs in the peers' own environment, without rota.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable


class Tally:
    """Counts tasks, and calls `stop` once so many seconds are over."""

    def __init__(self, seconds: float, stop: Callable[[], object]) -> None:
        self._seconds, self._stop, self._over = seconds, stop, False
        self._first_at = self._last_at = self._idle_s = 0.0
        self._counted = self._late = 0

    def note(self) -> None:
        """One more task is done. Those of a worker that is stopping count apart."""
        if self._over:
            self._late += 1
            return
        self._last_at = time.perf_counter()
        if not self._counted:
            self._first_at = self._last_at
        self._counted += 1

    def _end(self) -> None:
        self._over = True
        self._stop()

    def wait_for_word(self) -> None:
        """All is connected: several processes begin at once."""
        print("ready", flush=True)
        sys.stdin.readline()
        asyncio.get_running_loop().call_later(self._seconds, self._end)
        self._idle_s = time.process_time()

    def tell(self) -> None:
        """Print how many tasks counted, the seconds from the first of them to the last, how many came late, and the
        processor time of all; then wait until the connections have been looked at."""
        told = {
            "counted": self._counted,
            "seconds": self._last_at - self._first_at,
            "late": self._late,
            "cpu_s": time.process_time() - self._idle_s,
        }
        print(json.dumps(told), flush=True)
        sys.stdin.readline()
