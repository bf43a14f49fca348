"""Remembers what lists have found, for as long as what it depends on stands still.

A state is one of the database, as a reading transaction sees it. What was found is true in later states, too, until a
record that it depends on is changed; and where it is known which, what was found can mostly be brought up to date by a
look at these records alone. A database that has crashed may give the name of a state to another; so what was found
counts only for connections that were open then: these have known the same life of the database.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from rota.store.port import Row

ROOM = 64_000_000
"""Bytes. What was asked for the longest time ago is forgotten first."""

_LEAST = 2_000
"""Bytes that anything takes, with the question."""

MOST = 1_000
"""Of so many changed records a list is brought up to date sooner than found anew."""

ALL = 0
"""Stands for all records, where changes are told."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Changes:
    """The state now, and the ids of the records that were changed since another; None where any may have been."""

    state: Any
    ids: frozenset[int] | None


Since = Callable[[Any, bool], Changes]
"""The changes since a state, or since None, of which nothing is known; with those that only count submissions, or
without."""


def changes(rows: Sequence[Row]) -> Changes:
    """What the statement `task_changes_since` tells.

    >>> changes([{"state": 5, "task_id": 7}, {"state": 5, "task_id": 8}])
    Changes(state=5, ids=frozenset({8, 7}))
    >>> changes([{"state": 5, "task_id": None}]).ids, changes([{"state": 5, "task_id": 0}]).ids
    (frozenset(), None)
    """
    ids = frozenset(row["task_id"] for row in rows if row["task_id"] is not None)
    return Changes(rows[0]["state"], None if ALL in ids or len(rows) > MOST else ids)


@dataclass(frozen=True, slots=True)
class _Kept:
    value: Any
    state: Any
    at: float

    @property
    def size(self) -> int:
        return _LEAST + int(getattr(self.value, "nbytes", 0))


class Memory:
    """For several threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def get(self, question: str) -> _Kept | None:
        with self._lock:
            return self._kept.get(question)

    def keep(self, question: str, kept: _Kept) -> None:
        with self._lock:
            self._forget(question)
            self._kept[question] = kept
            self._size += kept.size
            while self._size > ROOM:
                self._forget(next(iter(self._kept)))

    def _forget(self, question: str) -> None:
        kept = self._kept.pop(question, None)
        self._size -= kept.size if kept else 0


class Recall:
    """What one reading transaction remembers. `opened_at` is when its connection was, by the monotonic clock."""

    def __init__(self, memory: Memory, since: Since, opened_at: float) -> None:
        self._memory, self._since, self._opened_at = memory, since, opened_at
        self._told: dict[tuple[Any, bool], Changes] = {}

    def current(
        self,
        question: str,
        find: Callable[[], T],
        renew: Callable[[T, frozenset[int]], T] | None = None,
        *,
        counted: bool = False,
    ) -> T:
        """What was found, where it still holds; or what `renew` makes of it by the records that were changed; or what
        `find` finds now. What depends on how many submissions are counted is `counted`."""
        kept = self._memory.get(question)
        if kept is not None and kept.at < self._opened_at:
            kept = None
        changes = self._changes(kept.state if kept else None, counted)
        if kept is None or changes.ids is None or (changes.ids and renew is None):
            value = find()
        else:
            value = renew(kept.value, changes.ids) if renew and changes.ids else kept.value
        self._memory.keep(question, _Kept(value, changes.state, time.monotonic()))
        return value

    def _changes(self, state: Any, counted: bool) -> Changes:
        """Asked once for what was found in one state."""
        key = state, counted
        if key not in self._told:
            self._told[key] = self._since(state, counted)
        return self._told[key]
