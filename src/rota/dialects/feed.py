"""Tells many listeners what the log tells, while the log is read once: one thread a process follows it for all.

The thread is started by the first listener and ends with the last. It passes events on to the accounts that are
listened to, where the latest of them are kept; each listener has a position of its own there. Whoever is too slow, or
comes back after a while, reads what is no longer kept from the database, and hurts nobody. While a listener waits it
holds a thread and no more: no connection, no transaction.
"""

import traceback
from bisect import bisect_right
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from operator import attrgetter
from threading import Condition, Event, Lock, Thread

import structlog

from rota.domain.errors import TooManyStreams
from rota.domain.events import DESK, Kind
from rota.operations import log
from rota.operations.log import Choice
from rota.operations.tail import LIMIT, Tail, Told, highest, newest
from rota.store.port import Bell, Store

logger = structlog.get_logger()

POLL_S = 0.02
QUIET = 4
"""So many times longer is the wait after a look at a log in which nothing happens: it grows with every look.

A look takes 0.1 ms of processor time on SQLite, so listeners to a quiet log cost 0.3 % of a core, and an event waits
80 ms at most. On PostgreSQL a bell rings instead.
"""
PATIENCE_S = 1.0
"""How long a bell is trusted that does not ring."""

PAUSE_S = 1.0
"""Wait after the database did not answer."""
RETRY_AFTER_S = 5
KEPT = 2_000
"""Events of an account that are kept at least."""

DOUBTS = frozenset({Kind.TOKEN_REVOKED, Kind.USER_CHANGED, Kind.SHIFT_ENDED})
"""What may take a user's right to listen away; `subject` is the user."""

_HEARD = DESK | DOUBTS
_ID = attrgetter("id")
_ENDLESS = 2**63 - 1


@dataclass(slots=True)
class Channel:
    """The latest events of an account: all those that are heard of after the id `floor`, in the order of ids."""

    floor: int
    listeners: int = 0
    told: list[Told] = field(default_factory=list)
    changed: Condition = field(default_factory=Condition)

    def tell(self, events: Iterable[Told]) -> None:
        with self.changed:
            self.told.extend(events)
            if len(self.told) > 2 * KEPT:
                self.floor = self.told[-KEPT - 1].id
                del self.told[:-KEPT]
            self.changed.notify_all()

    def after(self, position: int) -> list[Told]:
        return self.told[bisect_right(self.told, position, key=_ID) :]


class Feed:
    """`most` listeners are let in at a time; `poll_s` is how long the log is left alone after news."""

    def __init__(self, store: Store, most: int, *, poll_s: float = POLL_S) -> None:
        self.store = store
        self._closed = Event()
        self._most, self._poll_s = most, poll_s
        self._channels: dict[str, Channel] = {}
        self._listeners = 0
        # What the thread has passed on to all channels, while there is a thread.
        self._position: int | None = None
        self._lock, self._starting = Lock(), Lock()

    @property
    def closed(self) -> bool:
        return self._closed.is_set()

    @property
    def listeners(self) -> int:
        """How many there are now."""
        return self._listeners

    def join(self, account_id: str, choice: Choice, after: int | None = None) -> "Listener":
        """Listen to what comes after an id or, without one, to what commits from now on.

        An id that the log has not reached stands for now. Raises TooManyStreams, also when the feed is closed, and
        what the store does.
        """
        with self._lock:
            if self.closed or self._listeners >= self._most:
                raise TooManyStreams(RETRY_AFTER_S)
            self._listeners += 1
        try:
            self._start()
        except BaseException:
            with self._lock:
                self._listeners -= 1
            raise
        listener = self._enter(account_id, choice)
        try:
            listener.begin(after)
        except BaseException:
            listener.close()
            raise
        return listener

    def leave(self, account_id: str) -> None:
        with self._lock:
            self._listeners -= 1
            channel = self._channels[account_id]
            channel.listeners -= 1
            if not channel.listeners:
                del self._channels[account_id]

    def close(self) -> None:
        """Let every listener know that there is no more to come."""
        with self._lock:
            self._closed.set()
            channels = list(self._channels.values())
        for channel in channels:
            with channel.changed:
                channel.changed.notify_all()

    def _start(self) -> None:
        """Let the thread be there, which stays as long as anybody is counted as a listener."""
        with self._starting:
            if self._position is None:
                self._position = position = newest(self.store)
                Thread(target=self._follow, args=(position,), name="feed", daemon=True).start()

    def _enter(self, account_id: str, choice: Choice) -> "Listener":
        with self._lock:
            assert self._position is not None
            channel = self._channels.setdefault(account_id, Channel(self._position))
            channel.listeners += 1
            return Listener(self, channel, account_id, choice, self._position)

    def _follow(self, position: int) -> None:
        tail, poll_s = Tail(self.store, position), self._poll_s
        with self.store.bell("events") or nullcontext() as bell:
            while self._is_wanted():
                try:
                    events = tail.next()
                except Exception:
                    # As text: a log that renders the exception itself may show local variables.
                    logger.error("feed.interrupted", traceback=traceback.format_exc())
                    self._closed.wait(PAUSE_S)
                    continue
                if events:
                    self._tell(events, tail.position)
                poll_s = self._poll_s if events else min(1.25 * poll_s, QUIET * self._poll_s)
                if len(events) < LIMIT:
                    self._wait(bell, poll_s, self._poll_s if tail.is_awaiting else PATIENCE_S)

    def _wait(self, bell: Bell | None, poll_s: float, patience_s: float) -> None:
        if bell:
            bell.wait(poll_s, patience_s)
        else:
            self._closed.wait(poll_s)

    def _is_wanted(self) -> bool:
        with self._lock:
            if not self._listeners:
                self._position = None
            return self._listeners > 0 and not self.closed

    def _tell(self, events: list[Told], position: int) -> None:
        # Whoever joins meanwhile comes before all of these or after all of them.
        with self._lock:
            by_account: dict[str, list[Told]] = {}
            for told in events:
                if told.account_id in self._channels and told.kind in _HEARD:
                    by_account.setdefault(told.account_id, []).append(told)
            for account_id, heard in by_account.items():
                self._channels[account_id].tell(heard)
            self._position = position


class Listener:
    """One who listens to an account, and goes on after the id `position`. For one thread.

    Of the past, which is read from the database, they get the events of their choice; of the present all of the desk
    and all DOUBTS, for there is nothing to be gained by choosing for each of many.
    """

    def __init__(self, feed: Feed, channel: Channel, account_id: str, choice: Choice, position: int) -> None:
        self.position = position
        self._feed, self._channel, self._account_id, self._choice = feed, channel, account_id, choice
        self._known: frozenset[int] = frozenset()
        self._left = False

    def begin(self, after: int | None) -> None:
        """Choose the position. What was committed before now is told only to those who ask for it by an id."""
        with self._feed.store.read() as tx:
            if after is not None and after <= highest(tx):
                self.position = after
                return
            past = log.after(tx, self._account_id, Choice(), position=self.position, until=_ENDLESS)
        self._known = frozenset(told.id for told in past)

    def next(self, timeout_s: float) -> list[Told]:
        """What came meanwhile, in order; empty after `timeout_s` without anything, when the feed is closed, and when
        all that came was there before the listener."""
        with self._channel.changed:
            floor = self._channel.floor
            if self.position >= floor:
                self._channel.changed.wait_for(self._is_told_or_over, timeout_s)
                floor = self._channel.floor
            if self.position >= floor:
                return self._news(self._channel.after(self.position))
        return self._read_up(floor)

    def close(self) -> None:
        """Listen no more. A second time is no error."""
        if not self._left:
            self._left = True
            self._feed.leave(self._account_id)

    def _is_told_or_over(self) -> bool:
        told = self._channel.told
        return self._feed.closed or bool(told and told[-1].id > self.position)

    def _news(self, events: list[Told]) -> list[Told]:
        if events:
            self.position = events[-1].id
        return [told for told in events if told.id not in self._known] if self._known else events

    def _read_up(self, floor: int) -> list[Told]:
        """From the database, up to what the channel keeps. Nothing up to there is yet to come."""
        with self._feed.store.read() as tx:
            past = log.after(tx, self._account_id, self._choice, position=self.position, until=floor, limit=LIMIT)
        self.position = past[-1].id if len(past) == LIMIT else floor
        return past
