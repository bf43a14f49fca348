"""How long rows of each action took lately, and how many small chunks a runner may therefore take together."""

from rota.domain.jobs import Chunk, Job

BUNCH = 16
"""Chunks in a bunch, at most."""

BUNCH_S = 0.1
"""What a bunch is meant to last. Others wait for their turn so long, and a crash repeats so much."""


class Pace:
    """Of one runner, which takes the first chunk of an action that it does not know alone."""

    def __init__(self) -> None:
        self._row_s: dict[str, float] = {}

    def note(self, action: str, rows: int, seconds: float) -> None:
        if rows:
            self._row_s[action] = seconds / rows

    def most(self, job: Job, chunk: Chunk) -> int:
        """How many chunks such as this one pass in the time that a bunch is meant to last."""
        chunk_s = self._row_s.get(f"{job.category}.{job.action}", BUNCH_S) * chunk.row_count
        return max(1, min(BUNCH, int(BUNCH_S / max(chunk_s, BUNCH_S / BUNCH))))
