"""A courier: one process that writes deliveries from the log of events, and makes them, until it is drained.

The thread of `run` alone speaks with the database; those of the pool do nothing but call. So what came of many attempts
is settled in one transaction, together with the claims that follow.
"""

import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from rota.domain.errors import StorageFull, StoreUnavailable
from rota.domain.webhooks import SECOND, Outcome
from rota.operations import deliveries
from rota.operations.deliveries import Claim, Due, Settlement
from rota.operations.tail import Tail
from rota.store.port import Store

ATTEMPT_S = 15.0
"""How long an attempt may take, from its claim on. A lease is longer: of two couriers one at a time sends."""

SLOTS = 32
"""Attempts at a time."""

POLL_S = 0.2
IDLE_S = 1.0
"""Between two looks; the second where no webhook listens, and a look is one short read."""

RETRY_S = 1.0
FORGET_S = 60.0
EVENTS = 200

Attempt = Callable[[Due, float], Outcome]
"""Makes an attempt, which ends at the given time of `time.monotonic`."""


@dataclass(frozen=True, slots=True)
class Office:
    """What a courier works with. `name` stands in the database for what it has in hand, and `forerunner` for what one
    had who is dead; `clock` is microseconds since 1970, `chance` in [0, 1)."""

    store: Store
    name: str
    forerunner: str | None
    attempt: Attempt
    clock: Callable[[], int]
    chance: Callable[[], float]
    lease_s: float
    keep_s: float
    log: Any


class Reader:
    """Follows the log, and writes the deliveries of its events."""

    def __init__(self, store: Store, clock: Callable[[], int]) -> None:
        self._store, self._clock = store, clock
        self._tail: Tail | None = None
        self.listening = False

    def read(self) -> bool:
        """Write the deliveries of the next events; True when there may be more of them at once."""
        tail = self._follow()
        if tail is None:
            return False
        before, told = tail.position, tail.next(EVENTS)
        if told:
            # Whatever happens now: what is written is what the database says then.
            self._tail = None
            with self._store.write() as tx:
                written = deliveries.hand_out(tx, told, position=before, now=self._clock())
            self._tail = None if written is None else tail
        return len(told) == EVENTS

    def _follow(self) -> Tail | None:
        """Where the database says that the hand-out has come to; None while no webhook listens."""
        with self._store.read() as tx:
            position = deliveries.begin(tx)
        self.listening = position is not None
        if position is None:
            self._tail = None
        elif self._tail is None or self._tail.position < position:
            self._tail = Tail(self._store, position)
        return self._tail


class Courier:
    """`drain` may be called from a signal handler."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._reader = Reader(office.store, office.clock)
        self._pool = ThreadPoolExecutor(SLOTS, thread_name_prefix="attempt")
        self._returned: SimpleQueue[Settlement | None] = SimpleQueue()
        self._draining = threading.Event()
        self._in_hand: set[Claim] = set()
        self._unsettled: list[Settlement] = []
        self._forerunner = office.forerunner
        self._forgot_at = float("-inf")

    def drain(self) -> None:
        """Let the attempts in hand come to their ends, then return from `run`."""
        self._draining.set()
        self._returned.put(None)

    def run(self) -> None:
        """Work until drained."""
        while not self._draining.is_set():
            self.collect(self.turn())
        until = time.monotonic() + ATTEMPT_S + RETRY_S
        while (self._in_hand or self._unsettled) and time.monotonic() < until:
            self.collect(POLL_S)
            self._survive(self._settle)
        self._pool.shutdown(wait=False)

    def turn(self) -> float:
        """Do once all that there is to do; for how many seconds to wait then, unless an attempt comes back."""
        more = self._survive(self._reader.read)
        done = [self._survive(act) for act in (self._bury, self._send, self._forget)]
        if None in (more, *done):
            return RETRY_S
        if more:
            return 0.0
        return POLL_S if self._reader.listening or self._in_hand else IDLE_S

    def collect(self, wait_s: float) -> None:
        """Take back the attempts that have ended; if there is none, wait for the first."""
        with suppress(Empty):
            returned = self._returned.get(timeout=wait_s) if wait_s else self._returned.get_nowait()
            while True:
                if returned:
                    self._in_hand.remove(returned.claim)
                    self._unsettled.append(returned)
                returned = self._returned.get_nowait()

    def _bury(self) -> bool:
        """Once: what a dead forerunner had in hand is due."""
        if self._forerunner:
            with self._office.store.write() as tx:
                deliveries.free(tx, self._forerunner, now=self._office.clock())
            self._forerunner = None
        return True

    def _send(self) -> bool:
        """Claim what is due, as much of it as there are hands for, and let it be sent."""
        store, now = self._office.store, self._office.clock()
        with store.read() as tx:
            found = deliveries.due(tx, self._busy(), now=now)
        chosen = deliveries.choose(found, [claim.due for claim in self._in_hand], SLOTS)
        if not chosen:
            return self._settle()
        # By both clocks the lease begins before the claim.
        until, lease_until = time.monotonic() + ATTEMPT_S, now + round((ATTEMPT_S + self._office.lease_s) * SECOND)
        with store.write() as tx:
            deliveries.settle(tx, self._unsettled)
            claims = deliveries.claim(tx, chosen, self._office.name, lease_until=lease_until, now=now)
        self._unsettled.clear()
        for claim in claims:
            self._in_hand.add(claim)
            self._pool.submit(self._attempt, claim, until)
        return True

    def _settle(self) -> bool:
        if self._unsettled:
            with self._office.store.write() as tx:
                deliveries.settle(tx, self._unsettled)
            self._unsettled.clear()
        return True

    def _attempt(self, claim: Claim, until: float) -> None:
        """In a thread of the pool."""
        office = self._office
        outcome = Outcome(error="the courier failed")
        try:
            outcome = office.attempt(claim.due, until)
        finally:
            self._returned.put(Settlement(claim, outcome, office.clock(), office.chance()))

    def _busy(self) -> list[str]:
        load = Counter(claim.due.webhook_id for claim in self._in_hand)
        failing = {claim.due.webhook_id for claim in self._in_hand if claim.due.failing}
        return [each for each, count in load.items() if deliveries.is_busy(count, failing=each in failing)]

    def _forget(self) -> bool:
        """Once in a while, and until there is no more of it."""
        if time.monotonic() - self._forgot_at > FORGET_S:
            before = self._office.clock() - round(self._office.keep_s * SECOND)
            with self._office.store.write() as tx:
                removed = deliveries.forget(tx, before=before)
            if removed < deliveries.FORGET:
                self._forgot_at = time.monotonic()
        return True

    def _survive(self, act: Callable[[], bool]) -> bool | None:
        """What it answers, or None where it failed: it is tried again, and nothing else waits for it."""
        try:
            return act()
        except (StorageFull, StoreUnavailable) as trouble:
            self._office.log.error("courier.postponed", act=act.__name__, reason=trouble.code)
        except Exception:
            # As text: a log that renders the exception itself may show local variables, a secret among them.
            self._office.log.error("courier.failed", act=act.__name__, traceback=traceback.format_exc())
        return None
