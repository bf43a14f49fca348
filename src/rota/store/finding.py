"""Finds the page of a list that a query asks for, and counts the whole: four statements at most, whatever is asked.

The count is asked first, for it says which way to the page is the shorter one. Where few records fit, they are gathered
and sorted. Where many do, the page is looked for among the first in the order that is asked for. If that does not fill
it, the index of the order is walked past all that is not in the set of those that fit: what sorts a list often goes
with what filters it, such as a start with dates, so that the first to fit may be far along. Left to themselves the
databases guess, and SQLite, which has no statistics, sorts half a table for want of a better guess.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rota.domain.field.queries import Found, Query
from rota.store.filling import Filling, filling, order
from rota.store.port import Row

FEW = 500
"""So many are gathered and sorted sooner than found along the way."""

AHEAD = 500
"""So many records are looked at, first in order, before a set is made of all that fit."""

Run = Callable[[str, Mapping[str, str], Mapping[str, Any]], list[Row]]
"""The rows of a statement whose slots are filled: its name, the slots, the parameters."""


def find(run: Run, collection: str, query: Query, params: Mapping[str, Any]) -> Found:
    """A page of ids, and how many there are."""
    search = _Search(run, collection, query, filling(collection, query), params)
    count = search.count()
    return Found(search.page(count) if query.offset < count else (), count)


def select(run: Run, statement: str, collection: str, query: Query, params: Mapping[str, Any]) -> list[Row]:
    """The rows of a page, by a statement that reads more than ids."""
    filled = filling(collection, query)
    slots = {"where": filled.where(), "order": order(filled.known, query)}
    return run(statement, slots, {**params, **filled.values, "limit": query.limit, "offset": query.offset})


LONG = frozenset({"tasks", "occurrences", "submissions"})
"""The lists for which it matters which way is taken."""


@dataclass(frozen=True, slots=True)
class _Search:
    run: Run
    collection: str
    query: Query
    filled: Filling
    params: Mapping[str, Any]

    def count(self) -> int:
        statement, where = self.filled.counting(f"{self.collection}_count")
        count: int = self.run(statement, {"where": where}, {**self.params, **self.filled.values})[0]["n"]
        return count

    def page(self, count: int) -> tuple[int, ...]:
        """By the way that is the shorter one."""
        query, filled = self.query, self.filled
        if self.collection not in LONG or not filled.tests:
            return self._ids("find", where=filled.where())
        if count <= FEW or any(each.field in filled.known.costly for each in query.order):
            return self._ids("gather", chosen=f"SELECT DISTINCT * FROM ({filled.chosen()}) passing")
        end = query.offset + query.limit
        found = self._among_the_first() if end <= AHEAD else []
        if len(found) >= min(end, count):
            return tuple(found[query.offset : end])
        return self._ids("find", where=filled.walked(count))

    def _among_the_first(self) -> list[int]:
        ahead = self._ids("find", {"limit": AHEAD, "offset": 0}, where="")
        fitting = set(self._ids("among", {"ids": str([*ahead])}, where=self.filled.looked_up()))
        return [each for each in ahead if each in fitting]

    def _ids(self, statement: str, given: Mapping[str, Any] | None = None, /, **slots: str) -> tuple[int, ...]:
        slots["order"] = order(self.filled.known, self.query)
        paged = {"limit": self.query.limit, "offset": self.query.offset}
        values = {**self.params, **self.filled.values, **paged, **(given or {})}
        return tuple(row["id"] for row in self.run(f"{self.collection}_{statement}", slots, values))
