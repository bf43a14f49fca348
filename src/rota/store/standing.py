"""Finds pages of tasks by what is remembered: which of them fit, and in which order all of them stand.

Of 100 000 tasks both take the databases 10 to 100 ms to find. They are kept by the condition and by the order, not by
the page, and brought up to date by a look at the tasks that were changed since, so that a page costs what it shows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from rota.domain.field.queries import Found, Query
from rota.store.filling import Filling, filling, order
from rota.store.finding import FEW, Run
from rota.store.memory import Recall

Ids = NDArray[np.int64]
Span = tuple[int, int]
"""Places in an order, of which the second is not included."""

OF = "tasks"
"""The collection whose changed records are told one by one."""

AHEAD = 2_000
"""So many ids are looked at, first in order, before it is asked how all stand."""

POSTS = 64
"""So many ids of an order are looked at at a time: each takes a few µs, the look 0.2 to 0.5 ms."""

MARKS = 20_000_000
"""Of ids up to this those that fit are marked, one byte for each id: numpy.isin takes four times as long."""

MOVED = 30
"""Of so many changed tasks an order is brought up to date sooner than read anew."""


def find(recall: Recall, run: Run, query: Query, params: Mapping[str, Any]) -> Found:
    """A page of ids of tasks, and how many there are."""
    return _Standing(recall, run, query, filling(OF, query), params).found()


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
        begin, end = self.query.offset, self.query.offset + self.query.limit
        if begin >= len(fitting):
            return fitting[:0]
        if len(fitting) <= FEW:
            return self._sorted(fitting)[begin:end]
        if end <= AHEAD:
            found = among(self._first(), fitting)
            if len(found) >= min(end, len(fitting)):
                return found[begin:end]
        return among(self._standing(), fitting)[begin:end]

    def _fitting(self) -> Ids:
        """All that pass, in no order."""
        asked = self.query.conditions, self.query.words, sorted(self.params.items())
        return self.recall.current(f"fitting {asked}", self._all_fitting, self._fitting_again)

    def _all_fitting(self) -> Ids:
        return distinct(self._all(self.filling.chosen()))

    def _fitting_again(self, known: Ids, changed: frozenset[int]) -> Ids:
        passing = self._ids("tasks_passing", {"ids": _listed(changed)}, where=self.filling.looked_up())
        return np.concatenate([without(known, changed), passing])

    def _standing(self) -> Ids:
        """All of the account, in the order asked for."""
        return self._in_order("standing", self._all_standing, self._standing_again)

    def _all_standing(self) -> Ids:
        return self._all(self._account_in_order)

    def _standing_again(self, known: Ids, changed: frozenset[int]) -> Ids:
        return merged(known, changed, self._sorted) if len(changed) <= MOVED else self._all_standing()

    def _first(self) -> Ids:
        """The first of these, about as many as are looked at before it is asked how all stand."""
        return self._in_order("first", self._read_first, self._first_again)

    def _read_first(self) -> Ids:
        return self._all(f"{self._account_in_order} LIMIT {2 * AHEAD}")

    def _first_again(self, known: Ids, changed: frozenset[int]) -> Ids:
        """Some fall behind the others, until too few are left."""
        if len(known) < AHEAD or len(changed) > MOVED:
            return self._read_first()
        return merged(known, changed, self._sorted, first=True)

    def _in_order(self, what: str, find: Callable[[], Ids], renew: Callable[[Ids, frozenset[int]], Ids]) -> Ids:
        question = f"{what} {(self.query.order, sorted(self.params.items()))}"
        return self.recall.current(question, find, renew, counted=is_counted(self.query))

    @property
    def _account_in_order(self) -> str:
        known = self.filling.known
        return f"SELECT t.id FROM {known.table} WHERE {known.scope} ORDER BY {self._order}"

    @property
    def _order(self) -> str:
        return order(self.filling.known, self.query)

    def _sorted(self, ids: Ids) -> Ids:
        """Those of these that there are, in the order asked for."""
        return self._ids("tasks_sorted", {"ids": _listed(ids.tolist())}, order=self._order)

    def _all(self, chosen: str) -> Ids:
        """The ids of a choice, in its order."""
        return self._ids("tasks_ids", {}, chosen=chosen)

    def _ids(self, statement: str, given: Mapping[str, Any], **slots: str) -> Ids:
        (row,) = self.run(statement, slots, {**self.params, **self.filling.values, **given})
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
    size = int(max(standing.max(initial=0), fitting.max(initial=0))) + 1
    if size > MARKS:
        return standing[np.isin(standing, fitting)]
    marked = np.zeros(size, np.bool_)
    marked[fitting] = True
    return standing[marked[standing]]


def without(ids: Ids, changed: frozenset[int]) -> Ids:
    return ids[~np.isin(ids, np.array([*changed], np.int64))]


def merged(standing: Ids, changed: frozenset[int], sort: Callable[[Ids], Ids], *, first: bool = False) -> Ids:
    """What stood in an order, with the changed ones where they belong now; of the `first` only, without those that
    belong behind them. `sort` tells the order of a few, and leaves out those that are no more.

    >>> by_size = lambda ids: np.sort(ids[ids != 4])
    >>> merged(np.array([1, 3, 4, 5, 7, 9]), frozenset({4, 6, 9, 2}), by_size).tolist()
    [1, 2, 3, 5, 6, 7, 9]
    """
    rest = without(standing, changed)
    spans = _narrowed(rest, dict.fromkeys(changed, (0, len(rest))), sort)
    while any(begin < end for begin, end in spans.values()):
        spans = _narrowed(rest, spans, sort)
    places = {each: at for each, (at, _) in spans.items() if not first or at < len(rest)}
    return np.insert(rest, [*places.values()], [*places])


def _narrowed(rest: Ids, spans: Mapping[int, Span], sort: Callable[[Ids], Ids]) -> Mapping[int, Span]:
    """Of each id, in their own order, a part of the span in which it belongs: between two of the posts that stand there
    far apart. Of 100 000 it is the third look that leaves nothing between them."""
    posts = {at for begin, end in spans.values() for at in range(begin, end, max(1, -((begin - end) // POSTS)))}
    at_post = {int(rest[at]): at for at in posts}
    found = sort(np.array([*at_post, *spans], np.int64)).tolist()
    begins, ends, begin, end = {}, {}, 0, len(rest)
    for each in found:
        begins[each] = begin = at_post.get(each, begin - 1) + 1
    for each in reversed(found):
        ends[each] = end = at_post.get(each, end)
    known = {each: spans[each] for each in found if each in spans}
    return {each: (max(begins[each], span[0]), min(ends[each], span[1])) for each, span in known.items()}
