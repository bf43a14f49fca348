"""Finds the page of a list that a query asks for, and counts the whole: two statements at most, whatever is asked.

The count is asked first, for it says which way to the page is the shorter one. Where few records fit, they are gathered
and sorted. Where many do, the index is walked that has the order asked for, until the page is full. Left to themselves
the databases guess, and SQLite, which has no statistics, guesses wrong: it sorts half a table for want of an index.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rota.domain.field.queries import Comparison, Condition, Found, Query
from rota.store import times
from rota.store.comparisons import test_of
from rota.store.lookups import COLLECTIONS, RELATIONS, Collection, Relation
from rota.store.port import Row

FEW = 2000
"""So many are gathered sooner than found along the way."""

Run = Callable[[str, Mapping[str, str], Mapping[str, Any]], list[Row]]
"""The rows of a statement whose slots are filled: its name, the slots, the parameters."""


def find(run: Run, collection: str, query: Query, params: Mapping[str, Any]) -> Found:
    """A page of ids, and how many there are."""
    filled = _Filling(COLLECTIONS[collection], dict(query.params))
    filled.ask(query)
    paged = {"limit": query.limit, "offset": query.offset}
    counted, where = filled.counting(f"{collection}_count")
    count = run(counted, {"where": where}, {**params, **filled.values})[0]["n"]
    if query.offset >= count:
        return Found((), count)
    few = count <= FEW and bool(filled.tests) and f"{collection}_gather" in GATHERED
    statement, where = (f"{collection}_gather", filled.where()) if few else (f"{collection}_find", filled.walked())
    slots = {"where": where, "order": _order(filled.known, query)}
    return Found(tuple(row["id"] for row in run(statement, slots, {**params, **filled.values, **paged})), count)


def select(run: Run, statement: str, collection: str, query: Query, params: Mapping[str, Any]) -> list[Row]:
    """The rows of a page, by a statement that reads more than ids."""
    filled = _Filling(COLLECTIONS[collection], dict(query.params))
    filled.ask(query)
    slots = {"where": filled.where(), "order": _order(filled.known, query)}
    return run(statement, slots, {**params, **filled.values, "limit": query.limit, "offset": query.offset})


GATHERED = frozenset({"tasks_gather", "occurrences_gather", "submissions_gather"})
"""The lists that are long enough to choose between two ways."""


@dataclass(slots=True)
class _Related:
    """What is asked of the rows of a relation, and whether there shall be none."""

    relation: Relation
    tests: list[str]
    absent: bool

    @property
    def chosen(self) -> str:
        return " AND ".join([self.relation.scope, *self.tests])

    def listed(self, record: str) -> str:
        """A list of ids, from which a database may start."""
        select = f"SELECT {self.relation.key} FROM {self.relation.rows} WHERE {self.chosen}"
        return f"{record} {'NOT IN' if self.absent else 'IN'} ({select})"

    def looked_up(self, record: str) -> str:
        """A look at the record at hand."""
        select = f"SELECT 1 FROM {self.relation.rows} WHERE {self.relation.key} = {record} AND {self.chosen}"
        return f"{'NOT ' if self.absent else ''}EXISTS ({select})"


@dataclass(slots=True)
class _Filling:
    known: Collection
    values: dict[str, Any]
    plain: list[str] = field(default_factory=list)
    related: dict[str, list[_Related]] = field(default_factory=dict)

    def ask(self, query: Query) -> None:
        there: dict[str, list[Condition]] = {}
        for test in query.conditions:
            column = self.known.fields[test.field]
            if column.of is None:
                self.plain.append(test_of(column, test, self.placed))
            else:
                there.setdefault(column.of, []).append(test)
        for name, tests in there.items():
            self.related[name] = list(self._related(name, tests))
        self.plain += _words(self.known, query, self.values)
        self.plain += [self.known.named[name] for name in query.named]

    def placed(self, value: Any) -> str:
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f":{name}"

    def _related(self, name: str, tests: list[Condition]) -> Iterator[_Related]:
        """One row for all tests; `isnull` asks whether there is a row at all."""
        relation = RELATIONS[name]
        absent = [test for test in tests if test.comparison is Comparison.ISNULL and test.value]
        present = [test for test in tests if test.comparison is not Comparison.ISNULL]
        if absent:
            yield _Related(relation, [], True)
        if len(absent) < len(tests):
            yield _Related(relation, self._row_tests(name, present), False)

    def _row_tests(self, name: str, present: list[Condition]) -> list[str]:
        if name == "occurrences":
            return list(times.tests(self.known.fields, present, self.placed))
        return [test_of(self.known.fields[test.field], test, self.placed) for test in present]

    @property
    def tests(self) -> list[str]:
        related = [each.listed(self.known.id) for many in self.related.values() for each in many]
        return [*self.plain, *related]

    def where(self) -> str:
        return "".join(f" AND {test}" for test in self.tests)

    def walked(self) -> str:
        """No index serves a test that is a CASE: what is left to walk is the order's."""
        looks = [each.looked_up(self.known.id) for many in self.related.values() for each in many]
        return "".join(f" AND CASE WHEN {test} THEN TRUE ELSE FALSE END" for test in [*self.plain, *looks])

    def counting(self, usual: str) -> tuple[str, str]:
        """The statement that counts, and what is asked of it."""
        related = [each for many in self.related.values() for each in many]
        if not self.plain and len(related) == 1 and related[0].relation.counted and not related[0].absent:
            return related[0].relation.counted, "".join(f" AND {test}" for test in related[0].tests)
        return usual, self.where()


def _words(known: Collection, query: Query, values: dict[str, Any]) -> Iterator[str]:
    """Each word somewhere in the name, whatever its case."""
    for number, word in enumerate(query.words):
        escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        values[f"word{number}"] = f"%{escaped}%"
        yield f"{known.name} LIKE :word{number} ESCAPE '\\'"


def _order(known: Collection, query: Query) -> str:
    """What is not there comes before all that is; the id breaks ties."""
    keys = [
        f"{known.orders[each.field]}{' DESC' if each.descending else ''}"
        + (f" NULLS {'LAST' if each.descending else 'FIRST'}" if each.field in known.nullable else "")
        for each in query.order
    ]
    return ", ".join([*keys, known.id])
