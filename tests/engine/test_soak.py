"""Many random kills and freezes in a row: no row lost, none doubled, no effect twice. Run by `make soak`."""

import os
import random
import signal
from collections.abc import Callable
from contextlib import suppress

import pytest

from engine.conftest import Workers
from engine.test_processes import check_whole, done, numbered, table
from support import House, wait_until

KILLS = int(os.environ.get("ROTA_SOAK_KILLS", "200"))
SEED = int(os.environ.get("ROTA_SOAK_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
ROWS = 20 * KILLS
"""Enough that work is left until the last kill."""


class Tormentor:
    """Does one random thing to the processes at a time."""

    def __init__(self, start: Callable[[int], Workers], dice: random.Random) -> None:
        self._start, self._dice = start, dice
        self._frozen: list[int] = []
        self.workers = start(2)

    def strike(self) -> str:
        blow = self._dice.choice([self._kill_group, self._kill_one, self._kill_one, self._freeze, self._drain])
        blow()
        return blow.__name__

    def calm(self) -> None:
        """Whoever was frozen wakes up, and finds that its chunks have gone elsewhere."""
        for pid in self._frozen:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self._frozen.clear()

    def _kill_group(self) -> None:
        self._frozen.clear()
        self.workers.kill()
        self.workers = self._start(2)

    def _kill_one(self) -> None:
        self._hit(signal.SIGKILL)

    def _freeze(self) -> None:
        self.calm()
        self._frozen += self._hit(signal.SIGSTOP)

    def _drain(self) -> None:
        self.calm()
        assert self.workers.drain() == 0
        self.workers = self._start(2)

    def _hit(self, number: signal.Signals) -> list[int]:
        alive = self.workers.runners()
        if not alive:
            return []
        pid = self._dice.choice(alive)
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        return [pid]


@pytest.mark.soak
def test_random_kills_lose_no_row_and_double_none(house: House, start_workers: Callable[[int], Workers]) -> None:
    print(f"ROTA_SOAK_SEED={SEED} ROTA_SOAK_KILLS={KILLS}")
    dice = random.Random(SEED)
    words = numbered(ROWS, every=4, special="wait")
    ids = [house.submit(action, table(words)) for action in ("trial.row", "trial.batch", "trial.write")]
    tormentor = Tormentor(start_workers, dice)
    for _ in range(KILLS):
        before = sum(done(house, each) for each in ids)
        patience = dice.randrange(0, 15)
        wait_until(
            lambda b=before, p=patience: (
                sum(done(house, each) for each in ids) >= b + p  # type: ignore[misc]
                or all(house.job(each).is_final for each in ids)
                or sum(done(house, each) for each in ids) < b
            ),
            "progress",
        )
        print(tormentor.strike(), end=" ", flush=True)
    tormentor.calm()
    for each in ids:
        house.wait(each)
        check_whole(house, each, words)
    with house.store.read() as tx:
        totals = {row["name"]: row["amount"] for row in tx.all("totals_all")}
    assert totals["trial_wait"] == ROWS // 4
    assert all(totals[f"trial_{word}"] == 1 for word in words if word != "wait")
    print({name: amount for name, amount in totals.items() if not name.startswith("trial_")})
