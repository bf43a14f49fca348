"""What lists may be asked, as SQL: closed tables from the fields of a collection to columns, and from lookups to tests.

Together with filters.py this is the only dynamic SQL. Its text comes from these tables alone; values are parameters.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rota.domain.field.queries import Comparison, Condition, Offsets, Query
from rota.store import clocks, offers


@dataclass(frozen=True, slots=True)
class Column:
    """`parts` are what of its values can be tested, as SQL; those of a moment are told by `clocks`. A column `of` a
    relation is that of another table, with many rows for one record."""

    sql: str
    parts: Mapping[str, str] = field(default_factory=dict)
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows of another table: those of the record at hand."""

    sql: str


@dataclass(frozen=True, slots=True)
class Collection:
    """`fields` may be tested, `orders` sorted by; `named` are whole conditions."""

    id: str
    fields: Mapping[str, Column]
    orders: Mapping[str, str]
    nullable: frozenset[str] = frozenset()
    name: str = "name"
    named: Mapping[str, str] = field(default_factory=dict)


_COMPARED: Mapping[Comparison, str] = {
    Comparison.EXACT: "=",
    Comparison.GT: ">",
    Comparison.GTE: ">=",
    Comparison.LT: "<",
    Comparison.LTE: "<=",
}


def _date(column: str, week: str, week_day: str) -> Mapping[str, str]:
    return {
        "month": f"{column} / 100 % 100",
        "day": f"{column} % 100",
        "week": week,
        "week_day": week_day,
    }


def _time(column: str) -> Mapping[str, str]:
    return {"minute": f"{column} / 60000000 % 60", "second": f"{column} / 1000000 % 60"}


_RELATIONS: Mapping[str, Relation] = {
    "occurrences": Relation("SELECT 1 FROM occurrences o WHERE o.task_id = t.id"),
    "locations": Relation("SELECT 1 FROM task_locations tl WHERE tl.task_id = t.id"),
    "segment_rules": Relation("SELECT 1 FROM task_segment_rules tr WHERE tr.task_id = t.id"),
}

COLLECTIONS: Mapping[str, Collection] = {
    "tasks": Collection(
        "t.id",
        {
            "id": Column("t.id"),
            "status": Column("t.status"),
            "project": Column("t.project_id"),
            "parent": Column("t.parent_id"),
            "client": Column("t.client_id"),
            "required_expertise": Column("t.required_expertise"),
            "created": Column("t.created_at"),
            "modified": Column("t.modified_at"),
            "locations": Column("tl.location_id", of="locations"),
            "segment_rules": Column("tr.segment_rule_id", of="segment_rules"),
            "date": Column("o.date", _date("o.date", "o.week", "o.week_day"), "occurrences"),
            "start_time": Column("o.start_time", _time("o.start_time"), "occurrences"),
            "end_time": Column("o.end_time", _time("o.end_time"), "occurrences"),
        },
        {
            "created": "t.created_at",
            "modified": "t.modified_at",
            "status": "t.status",
            "submission_count": "t.submission_count",
            "estimated_time": "t.estimated_us",
            "project": "t.project_id",
            "bounty_amount": "t.bounty_amount",
            "name": "t.name",
            "start": "t.start_at",
            "end": "t.end_at",
            "near": offers.DISTANCE,
            "id": "t.id",
        },
        frozenset({"estimated_time", "project", "bounty_amount", "end"}),
        name="t.folded_name",
        named={"eligible": offers.ELIGIBLE},
    ),
    "occurrences": Collection(
        "o.id",
        {
            "id": Column("o.id"),
            "task": Column("o.task_id"),
            "location": Column("o.location_id"),
            "date": Column("o.date", _date("o.date", "o.week", "o.week_day")),
            "start_time": Column("o.start_time", _time("o.start_time")),
            "end_time": Column("o.end_time", _time("o.end_time")),
        },
        {
            "date": "o.date",
            "start_time": "o.start_time",
            "end_time": "o.end_time",
            "created": "o.created_at",
            "id": "o.id",
        },
    ),
    "submissions": Collection(
        "s.id",
        {
            "id": Column("s.id"),
            "task": Column("s.task_id"),
            "user": Column("s.user_id"),
            "location": Column("s.location_id"),
            "status": Column("s.status"),
            "valid": Column("s.valid"),
            "submission_time": Column("s.submitted_at"),
            "created": Column("s.created_at"),
            "modified": Column("s.modified_at"),
        },
        {
            "submission_time": "s.submitted_at",
            "created": "s.created_at",
            "modified": "s.modified_at",
            "status": "s.status",
            "id": "s.id",
        },
        named={"own": "s.user_id = :own"},
    ),
    "bounties": Collection(
        "b.id",
        {"id": Column("b.id"), "task": Column("b.task_id"), "created": Column("b.created_at")},
        {"amount": "b.amount", "created": "b.created_at", "id": "b.id"},
    ),
}


def _of_names(alias: str, **more: Column) -> Collection:
    """A collection of records that have a name and little else."""
    columns = {"created": f"{alias}.created_at", "modified": f"{alias}.modified_at"}
    return Collection(
        f"{alias}.id",
        {
            "id": Column(f"{alias}.id"),
            "name": Column(f"{alias}.name"),
            **{k: Column(v) for k, v in columns.items()},
            **more,
        },
        {"id": f"{alias}.id", "name": f"{alias}.name", **columns},
        name=f"lower({alias}.name)",
    )


COLLECTIONS = {
    **COLLECTIONS,
    "clients": _of_names("c"),
    "projects": _of_names("p"),
    "location_types": _of_names("lt"),
    "locations": _of_names(
        "l",
        country=Column("l.country"),
        parent=Column("l.parent_id"),
        location_type=Column("l.location_type_id"),
    ),
    "segment_rules": _of_names("r", active=Column("r.active"), target_content_type=Column("r.target_content_type")),
    "forms": Collection(
        "f.id",
        {"id": Column("f.id"), "title": Column("f.title"), "id_string": Column("f.id_string")},
        {
            "id": "f.id",
            "title": "f.title",
            "id_string": "f.id_string",
            "created": "f.created_at",
            "modified": "f.modified_at",
        },
        name="lower(f.title)",
    ),
    "people": Collection(
        "u.id",
        {
            "id": Column("u.id"),
            "email": Column("u.email"),
            "name": Column("u.name"),
            "role": Column("u.role"),
            "expertise": Column("u.expertise"),
        },
        {"id": "u.id", "email": "u.email", "name": "u.name", "expertise": "u.expertise", "created": "u.created_at"},
        name="lower(u.name || ' ' || u.email)",
        named={"own": "u.id = :own"},
    ),
}


def fill(collection: str, query: Query) -> tuple[str, str, dict[str, Any]]:
    """What takes the places of `{where}` and `{order}`, and the parameters that it names."""
    known = COLLECTIONS[collection]
    values: dict[str, Any] = dict(query.params)
    tests = [*_tests(known, query, values), *_words(known, query, values)]
    tests += [known.named[name] for name in query.named]
    return "".join(f" AND {test}" for test in tests), _order(known, query), values


def _tests(known: Collection, query: Query, values: dict[str, Any]) -> Iterator[str]:
    there: dict[str, list[Condition]] = {}
    for test in query.conditions:
        column = known.fields[test.field]
        if column.of is None:
            yield _test(column, test, values)
        else:
            there.setdefault(column.of, []).append(test)
    for relation, tests in there.items():
        yield from _related(_RELATIONS[relation].sql, known, tests, values)


def _related(select: str, known: Collection, tests: list[Condition], values: dict[str, Any]) -> Iterator[str]:
    """One row for all of them; `isnull` asks whether there is a row at all."""
    absent = [test for test in tests if test.comparison is Comparison.ISNULL and test.value]
    present = [test for test in tests if test.comparison is not Comparison.ISNULL]
    if absent:
        yield f"NOT EXISTS ({select})"
    if len(absent) < len(tests):
        sql = "".join(f" AND {_test(known.fields[test.field], test, values)}" for test in present)
        yield f"EXISTS ({select}{sql})"


def _test(column: Column, test: Condition, values: dict[str, Any]) -> str:
    def placed(value: Any) -> str:
        name = f"p{len(values)}"
        values[name] = value
        return f":{name}"

    return _COMPARISONS[test.comparison](_tested(column, test.part, test.offsets), test.value, placed)


def _tested(column: Column, part: str | None, offsets: Offsets) -> str:
    if part is None:
        return column.sql
    return f"({clocks.PARTS[part](column.sql, offsets) if offsets else column.parts[part]})"


Placed = Callable[[Any], str]


def _among(sql: str, value: tuple[Any, ...], placed: Placed) -> str:
    if len(value) == 1:
        return f"{sql} = {placed(value[0])}"
    return f"{sql} IN ({', '.join(map(placed, value))})" if value else "FALSE"


def _between(sql: str, value: tuple[Any, Any], placed: Placed) -> str:
    return f"{sql} BETWEEN {placed(value[0])} AND {placed(value[1])}"


def _is_null(sql: str, value: bool, placed: Placed) -> str:
    return f"{sql} IS NULL" if value else f"{sql} IS NOT NULL"


def _within(sql: str, value: tuple[tuple[Any, Any], ...], placed: Placed) -> str:
    return f"({' OR '.join(_in_span(sql, *span, placed) for span in value)})" if value else "FALSE"


def _in_span(sql: str, first: Any, end: Any, placed: Placed) -> str:
    ends = [] if first is None else [f"{sql} >= {placed(first)}"]
    ends += [] if end is None else [f"{sql} < {placed(end)}"]
    return " AND ".join(ends) or f"{sql} IS NOT NULL"


def _compared(sign: str) -> Callable[[str, Any, Placed], str]:
    return lambda sql, value, placed: f"{sql} {sign} {placed(value)}"


_COMPARISONS: Mapping[Comparison, Callable[[str, Any, Placed], str]] = {
    **{each: _compared(sign) for each, sign in _COMPARED.items()},
    Comparison.IN: _among,
    Comparison.RANGE: _between,
    Comparison.ISNULL: _is_null,
    Comparison.WITHIN: _within,
}


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
