"""What a query asks of a collection, as SQL: the texts that fill the slots of its statements, and their parameters."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rota.domain.field.queries import Comparison, Condition, Query
from rota.store import times
from rota.store.comparisons import test_of
from rota.store.lookups import COLLECTIONS, RELATIONS, Collection, Relation

MANY = 100_000
"""Of more, PostgreSQL could not keep a set in the memory that it has for one: each record is looked at by itself."""


def filling(collection: str, query: Query) -> "Filling":
    made = Filling(COLLECTIONS[collection], dict(query.params))
    made.ask(query)
    return made


@dataclass(slots=True)
class _Related:
    """What is asked of the rows of a relation, and whether there shall be none."""

    relation: Relation
    tests: list[str]
    absent: bool

    @property
    def _asked(self) -> str:
        return " AND ".join([self.relation.scope, *self.tests])

    @property
    def ids(self) -> str:
        return f"{self.relation.key} AS id FROM {self.relation.rows} WHERE {self._asked}"

    def listed(self, record: str) -> str:
        """A list of ids, from which a database may start."""
        return f"{record} {'NOT IN' if self.absent else 'IN'} (SELECT {self.ids})"

    def looked_up(self, record: str) -> str:
        """A look at the record at hand."""
        select = f"SELECT 1 FROM {self.relation.rows} WHERE {self.relation.key} = {record} AND {self._asked}"
        return f"{'NOT ' if self.absent else ''}EXISTS ({select})"


@dataclass(slots=True)
class Filling:
    """`values` are the parameters of what the texts say; `known` is what may be asked of the collection."""

    known: Collection
    values: dict[str, Any]
    plain: list[str] = field(default_factory=list)
    related: dict[str, list[_Related]] = field(default_factory=dict)

    def ask(self, query: Query) -> None:
        """Ask all of the query's conditions, too."""
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
        if absent and relation.none:
            self.plain.append(relation.none)
        elif absent:
            yield _Related(relation, [], True)
        if len(absent) < len(tests):
            yield _Related(relation, self._row_tests(name, present), False)

    def _row_tests(self, name: str, present: list[Condition]) -> list[str]:
        if name == "occurrences":
            return list(times.tests(self.known.fields, present, self.placed))
        return [test_of(self.known.fields[test.field], test, self.placed) for test in present]

    @property
    def tests(self) -> list[str]:
        """Each of which a record must pass."""
        return [*self.plain, *(each.listed(self.known.id) for each in self._all_related())]

    def where(self) -> str:
        """The same in one text, for a database to start from whichever it likes."""
        return "".join(f" AND {test}" for test in self.tests)

    def walked(self, count: int) -> str:
        """What is asked while an order's index is walked."""
        return _unserved(f"{self.known.id} IN ({self.chosen()})") if count <= MANY else self.looked_up()

    def looked_up(self) -> str:
        """The same, asked of each record by itself."""
        looks = [each.looked_up(self.known.id) for each in self._all_related()]
        return "".join(map(_unserved, [*self.plain, *looks]))

    def chosen(self) -> str:
        """The ids of all that pass."""
        if sole := self._sole():
            return f"SELECT {sole.ids}"
        return f"SELECT {self.known.id} FROM {self.known.table} WHERE {self.known.scope}{self.where()}"

    def _all_related(self) -> list[_Related]:
        return [each for many in self.related.values() for each in many]

    def counting(self, usual: str) -> tuple[str, str]:
        """The statement that counts, and what is asked of it."""
        if (sole := self._sole()) and sole.relation.counted:
            return sole.relation.counted, "".join(f" AND {test}" for test in sole.tests)
        return usual, self.where()

    def _sole(self) -> _Related | None:
        """That of whose rows all is asked, where these alone tell which records pass."""
        related = self._all_related()
        alone = not self.plain and len(related) == 1 and related[0].relation.counted and not related[0].absent
        return related[0] if alone else None


def _unserved(test: str) -> str:
    """No index serves a test that is a CASE: what is left is the index of the order, or the ids."""
    return f" AND CASE WHEN {test} THEN TRUE ELSE FALSE END"


def _words(known: Collection, query: Query, values: dict[str, Any]) -> Iterator[str]:
    """Each word somewhere in the name, whatever its case."""
    for number, word in enumerate(query.words):
        escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        values[f"word{number}"] = f"%{escaped}%"
        yield f"{known.name} LIKE :word{number} ESCAPE '\\'"


def order(known: Collection, query: Query) -> str:
    """What is not there comes before all that is; the id breaks ties."""
    keys = [
        f"{known.orders[each.field]}{' DESC' if each.descending else ''}"
        + (f" NULLS {'LAST' if each.descending else 'FIRST'}" if each.field in known.nullable else "")
        for each in query.order
    ]
    return ", ".join(keys if any(each.field == "id" for each in query.order) else [*keys, known.id])
