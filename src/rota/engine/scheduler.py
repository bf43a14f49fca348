"""A scheduler: one process of each server that does to tasks what time does to them, until it is drained."""

import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rota.domain.errors import StorageFull, StoreUnavailable
from rota.domain.field.terms import Terms
from rota.operations.field import lists, schedule
from rota.operations.field.schedule import BATCH
from rota.store.port import Store, Tx

POLL_S = 5.0
"""Between two looks. What is due is done within a minute, also where one look fails."""


@dataclass(frozen=True, slots=True)
class Almanac:
    """What a scheduler works with. `clock` is microseconds since 1970."""

    store: Store
    terms: Terms
    clock: Callable[[], int]
    log: Any


class Scheduler:
    """`drain` may be called from a signal handler."""

    def __init__(self, almanac: Almanac) -> None:
        self._almanac = almanac
        self._draining = threading.Event()

    def drain(self) -> None:
        """Return from `run` after the transaction in hand."""
        self._draining.set()

    def run(self) -> None:
        while not self._draining.is_set():
            self._survive()
            self._draining.wait(POLL_S)

    def turn(self) -> int:
        """Do all that is due; to how many tasks something was done."""
        store, terms, clock = self._almanac.store, self._almanac.terms, self._almanac.clock
        with store.read() as tx:
            due, many = schedule.is_due(tx, terms, now=clock()), lists.has_many_changes(tx)
        if many:
            with store.write(shared=True) as tx:
                lists.forget_changes(tx)
        if not due:
            return 0
        return (
            self._until_done(lambda tx: schedule.expire(tx, now=clock()))
            + self._until_done(lambda tx: schedule.start(tx, now=clock()))
            + self._until_done(lambda tx: schedule.advance(tx, terms, now=clock()))
        )

    def _until_done(self, act: Callable[[Tx], int]) -> int:
        """One transaction after the other, while each finds as much as it may do."""
        done, last = 0, BATCH
        while last == BATCH and not self._draining.is_set():
            with self._almanac.store.write(shared=True) as tx:
                last = act(tx)
            done += last
        return done

    def _survive(self) -> None:
        try:
            self.turn()
        except (StorageFull, StoreUnavailable) as trouble:
            self._almanac.log.error("scheduler.postponed", reason=trouble.code)
        except Exception:
            # As text: a log that renders the exception itself may show local variables.
            self._almanac.log.error("scheduler.failed", traceback=traceback.format_exc())
