"""Remembers what lists found, as long as what they depend on stands still: one question at one state has one answer.

A state is a value that two reading transactions have in common only if they see the same rows. Of tasks the database
counts the changes; of what it does not, any change is a new state. A database that has crashed may give out the same
value again, for other rows; so an answer counts only for connections that were open when it was found: these have known
the same life of the database. Whoever turns the pages of a list, or looks at it again, asks what was asked before; to
count 100 000 tasks anew for that takes up to 100 ms.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from rota.domain.field.queries import Found, Query

MOST = 512
"""Answers of a page each; the one that was asked for the longest time ago is forgotten first."""

LONGEST = 200
"""Ids. What is asked for more is not asked by people."""


class Memory:
    """For several threads."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[Any, float, Found]] = OrderedDict()
        self._lock = threading.Lock()

    def find(
        self,
        collection: str,
        query: Query,
        params: Mapping[str, Any],
        state: Any,
        ask: Callable[[], Found],
        *,
        opened_at: float,
    ) -> Found:
        """What was found in this state, or what `ask` finds now. `opened_at` is when the caller's connection was
        opened, by the monotonic clock."""
        if query.limit > LONGEST or "eligible" in query.named:  # the latter asks for this very moment
            return ask()
        key = repr((collection, query, sorted(params.items())))
        with self._lock:
            kept = self._known.get(key)
        if kept is None or kept[0] != state or kept[1] < opened_at:
            kept = state, time.monotonic(), ask()
        with self._lock:
            self._known[key] = kept
            self._known.move_to_end(key)
            if len(self._known) > MOST:
                self._known.popitem(last=False)
        return kept[2]
