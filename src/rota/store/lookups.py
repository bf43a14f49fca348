"""What lists may be asked, as SQL: closed tables from the fields of a collection to columns, and from lookups to tests.

Together with filters.py this is the only dynamic SQL. Its text comes from these tables alone; values are parameters.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from rota.domain.field.queries import Comparison, Condition, Query


@dataclass(frozen=True, slots=True)
class Column:
    """`parts` are what of its values can be tested, as SQL. A column `of` a table of many rows for one record is tested
    there: `of` is the sub-select of ids that its tests complete."""

    sql: str
    parts: Mapping[str, str]
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Collection:
    """`fields` may be tested, `orders` sorted by; `named` are whole conditions."""

    id: str
    fields: Mapping[str, Column]
    orders: Mapping[str, str]
    nullable: frozenset[str] = frozenset()
    name: str = "name"
    named: Mapping[str, str] | None = None


_COMPARED: Mapping[Comparison, str] = {
    Comparison.EXACT: "=",
    Comparison.GT: ">",
    Comparison.GTE: ">=",
    Comparison.LT: "<",
    Comparison.LTE: "<=",
}


def _date(column: str, week: str, week_day: str) -> Mapping[str, str]:
    return {
        "year": f"{column} / 10000",
        "month": f"{column} / 100 % 100",
        "day": f"{column} % 100",
        "quarter": f"({column} / 100 % 100 + 2) / 3",
        "week": week,
        "week_day": week_day,
    }


def _time(column: str) -> Mapping[str, str]:
    return {
        "hour": f"{column} / 3600000000",
        "minute": f"{column} / 60000000 % 60",
        "second": f"{column} / 1000000 % 60",
    }


def _plain(column: str, of: str | None = None) -> Column:
    return Column(column, {}, of)


_OF_OCCURRENCES = "SELECT o.task_id FROM occurrences o WHERE o.account_id = :account_id"
_OF_LOCATIONS = "SELECT tl.task_id FROM task_locations tl WHERE TRUE"
_OF_RULES = "SELECT tr.task_id FROM task_segment_rules tr WHERE TRUE"

COLLECTIONS: Mapping[str, Collection] = {
    "tasks": Collection(
        "t.id",
        {
            "id": _plain("t.id"),
            "status": _plain("t.status"),
            "project": _plain("t.project_id"),
            "parent": _plain("t.parent_id"),
            "client": _plain("t.client_id"),
            "required_expertise": _plain("t.required_expertise"),
            "created": _plain("t.created_at"),
            "modified": _plain("t.modified_at"),
            "locations": _plain("tl.location_id", _OF_LOCATIONS),
            "segment_rules": _plain("tr.segment_rule_id", _OF_RULES),
            "date": Column("o.date", _date("o.date", "o.week", "o.week_day"), _OF_OCCURRENCES),
            "start_time": Column("o.start_time", _time("o.start_time"), _OF_OCCURRENCES),
            "end_time": Column("o.end_time", _time("o.end_time"), _OF_OCCURRENCES),
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
            "id": "t.id",
        },
        frozenset({"estimated_time", "project", "bounty_amount", "end"}),
        name="t.folded_name",
    ),
    "occurrences": Collection(
        "o.id",
        {
            "id": _plain("o.id"),
            "task": _plain("o.task_id"),
            "location": _plain("o.location_id"),
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
            "id": _plain("s.id"),
            "task": _plain("s.task_id"),
            "user": _plain("s.user_id"),
            "location": _plain("s.location_id"),
            "status": _plain("s.status"),
            "valid": _plain("s.valid"),
            "submission_time": _plain("s.submitted_at"),
            "created": _plain("s.created_at"),
            "modified": _plain("s.modified_at"),
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
        {"id": _plain("b.id"), "task": _plain("b.task_id"), "created": _plain("b.created_at")},
        {"amount": "b.amount", "created": "b.created_at", "id": "b.id"},
    ),
}


def _of_names(alias: str, **more: Column) -> Collection:
    """A collection of records that have a name and little else."""
    columns = {"created": f"{alias}.created_at", "modified": f"{alias}.modified_at"}
    return Collection(
        f"{alias}.id",
        {
            "id": _plain(f"{alias}.id"),
            "name": _plain(f"{alias}.name"),
            **{k: _plain(v) for k, v in columns.items()},
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
        country=_plain("l.country"),
        parent=_plain("l.parent_id"),
        location_type=_plain("l.location_type_id"),
    ),
    "segment_rules": _of_names("r", active=_plain("r.active"), target_content_type=_plain("r.target_content_type")),
    "forms": Collection(
        "f.id",
        {"id": _plain("f.id"), "title": _plain("f.title"), "id_string": _plain("f.id_string")},
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
            "id": _plain("u.id"),
            "email": _plain("u.email"),
            "name": _plain("u.name"),
            "role": _plain("u.role"),
            "expertise": _plain("u.expertise"),
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
    conditions = [*_tests(known, query, values), *_words(known, query, values)]
    conditions += [(known.named or {})[name] for name in query.named]
    where = "".join(f" AND {condition}" for condition in conditions)
    return where, _order(known, query), values


def _tests(known: Collection, query: Query, values: dict[str, Any]) -> Iterator[str]:
    numbers = count()
    there: dict[str, list[str]] = {}
    for test in query.conditions:
        column = known.fields[test.field]
        sql = _test(column, test, values, numbers)
        if column.of is None:
            yield sql
        else:
            there.setdefault(column.of, []).append(sql)
    for select, tests in there.items():
        yield f"{known.id} IN ({select} AND {' AND '.join(tests)})"


def _test(column: Column, test: Condition, values: dict[str, Any], numbers: Iterator[int]) -> str:
    sql = column.parts[test.part] if test.part else column.sql

    def placed(value: Any) -> str:
        name = f"p{next(numbers)}"
        values[name] = value
        return f":{name}"

    if test.comparison is Comparison.ISNULL:
        return f"{sql} IS NULL" if test.value else f"{sql} IS NOT NULL"
    if test.comparison is Comparison.IN:
        return f"{sql} IN ({', '.join(map(placed, test.value))})" if test.value else "FALSE"
    if test.comparison is Comparison.RANGE:
        least, most = test.value
        return f"{sql} BETWEEN {placed(least)} AND {placed(most)}"
    return f"{sql} {_COMPARED[test.comparison]} {placed(test.value)}"


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
