"""Finds pages of tasks by what is remembered: which of them fit, and in which order all of them stand.

Of 100 000 tasks both take the databases 10 to 100 ms to find. They are kept by the condition and by the order, not by
the page, and brought up to date by a look at the tasks that were changed since, so that a page costs what it shows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from rota.domain.field.queries import Found, Query
from rota.store.filling import Filling, filling, order
from rota.store.finding import FEW, Run
from rota.store.memory import Recall

Ids = NDArray[np.int64]

OF = "tasks"
"""The collection whose changed records are told one by one."""

AHEAD = 2_000
"""So many are looked at, first in order, before it is asked how all stand."""

MOVED = 30
"""Of so many changed tasks an order is brought up to date sooner than read anew."""


def find(recall: Recall, run: Run, query: Query, params: Mapping[str, Any]) -> Found:
    """A page of ids of tasks, and how many there are."""
    return _Standing(recall, run, query, filling(OF, query), params).found()


def has_index(query: Query) -> bool:
    """Whether the first in its order are found without sorting all."""
    fields = [each.field for each in query.order if each.field != "id"]
    return len(fields) <= 1 or (fields == ["start", "name"] and len({each.descending for each in query.order}) == 1)


def is_counted(query: Query) -> bool:
    """Whether the order depends on how many submissions there are."""
    return any(each.field == "submission_count" for each in query.order)


@dataclass(frozen=True, slots=True)
class _Standing:
    recall: Recall
    run: Run
    query: Query
    filling: Filling
    params: Mapping[str, Any]

    def found(self) -> Found:
        fitting = self._fitting()
        return Found(tuple(self._page(fitting).tolist()), len(fitting))

    def _page(self, fitting: Ids) -> Ids:
        first, end = self.query.offset, self.query.offset + self.query.limit
        if first >= len(fitting):
            return fitting[:0]
        if len(fitting) <= FEW:
            return self._sorted(fitting)[first:end]
        if end <= AHEAD and has_index(self.query):
            found = among(self._all(f"{self._in_order} LIMIT {AHEAD}"), fitting)
            if len(found) >= min(end, len(fitting)):
                return found[first:end]
        return among(self._standing(), fitting)[first:end]

    def _fitting(self) -> Ids:
        """All that pass, in no order."""
        asked = self.query.conditions, self.query.words, sorted(self.params.items())
        return self.recall.current(f"fitting {asked}", self._all_fitting, self._fitting_again)

    def _all_fitting(self) -> Ids:
        return distinct(self._all(self.filling.chosen()))

    def _fitting_again(self, known: Ids, changed: frozenset[int]) -> Ids:
        passing = self._ids("tasks_among", {"ids": _listed(changed)}, where=self.filling.looked_up())
        return np.concatenate([without(known, changed), passing])

    def _standing(self) -> Ids:
        """All of the account, in the order asked for."""
        question, counted = f"standing {(self.query.order, sorted(self.params.items()))}", is_counted(self.query)
        return self.recall.current(question, self._all_standing, self._standing_again, counted=counted)

    @property
    def _in_order(self) -> str:
        known = self.filling.known
        return f"SELECT t.id FROM {known.table} WHERE {known.scope} ORDER BY {order(known, self.query)}"

    def _all_standing(self) -> Ids:
        return self._all(self._in_order)

    def _standing_again(self, known: Ids, changed: frozenset[int]) -> Ids:
        return merged(known, changed, self._sorted) if len(changed) <= MOVED else self._all_standing()

    def _sorted(self, ids: Ids) -> Ids:
        """Those of these that there are, in the order asked for."""
        return self._ids("tasks_sorted", {"ids": _listed(ids.tolist())})

    def _ids(self, statement: str, given: Mapping[str, Any], **slots: str) -> Ids:
        slots["order"] = order(self.filling.known, self.query)
        rows = self.run(statement, slots, {**self.params, **self.filling.values, **given})
        return np.array([row["id"] for row in rows], np.int64)

    def _all(self, chosen: str) -> Ids:
        """The ids of a choice, in its order."""
        (row,) = self.run("tasks_ids", {"chosen": chosen}, {**self.params, **self.filling.values})
        return np.fromstring(row["ids"] or "", np.int64, sep=",")


def _listed(ids: Sequence[int] | frozenset[int]) -> str:
    return msgspec.json.encode(list(ids)).decode()


def distinct(ids: Ids) -> Ids:
    """Each once. What is sorted already is sorted fast, where numpy.unique would take twenty times as long."""
    ids = np.sort(ids)
    is_new: NDArray[np.bool_] = np.diff(ids, prepend=0) != 0
    return ids[is_new]


def among(standing: Ids, fitting: Ids) -> Ids:
    """Those that fit, as they stand."""
    fits: NDArray[np.bool_] = np.isin(standing, fitting)
    return standing[fits]


def without(ids: Ids, changed: frozenset[int]) -> Ids:
    return ids[~np.isin(ids, np.array([*changed], np.int64))]


def merged(standing: Ids, changed: frozenset[int], sort: Callable[[Ids], Ids]) -> Ids:
    """What stood in an order, with the changed ones where they belong now. `sort` tells the order of a few, and leaves
    out those that are no more; it is asked twice, for about as many as the square root of all: between which of the
    posts that stand far apart does each belong, and where between these?

    >>> by_size = lambda ids: np.sort(ids[ids != 4])
    >>> merged(np.array([1, 3, 4, 5, 7, 9]), frozenset({4, 6, 9, 2}), by_size).tolist()
    [1, 2, 3, 5, 6, 7, 9]
    """
    rest, moved = without(standing, changed), np.array([*changed], np.int64)
    step = max(1, isqrt(len(rest)))
    stretches = {at // step for at in _places(rest, np.arange(0, len(rest), step), moved, sort).values() if at >= 0}
    near = [np.arange(each * step, min((each + 1) * step, len(rest))) for each in sorted(stretches)]
    places = _places(rest, np.concatenate([np.arange(0), *near]), moved, sort)
    return np.insert(rest, [at + 1 for at in places.values()], [*places])


def _places(rest: Ids, posts: Ids, moved: Ids, sort: Callable[[Ids], Ids]) -> Mapping[int, int]:
    """Behind which place of the rest each of the moved ones belongs, in their own order; -1 for before all. The rest is
    asked about at these posts only."""
    at_post = dict(zip(rest[posts].tolist(), posts.tolist(), strict=True))
    places, last = {}, -1
    for each in sort(np.concatenate([rest[posts], moved])).tolist():
        last = at_post.get(each, last)
        if each not in at_post:
            places[each] = last
    return places
