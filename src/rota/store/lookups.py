"""What lists may be asked, as SQL: closed tables from the fields of a collection to columns, and from lookups to tests.

Together with filters.py this is the only dynamic SQL. Its text comes from these tables alone; values are parameters.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rota.store import offers


@dataclass(frozen=True, slots=True)
class Column:
    """`parts` are what of its values can be tested, as SQL; those of a moment are told by `clocks`. A column `of` a
    relation is that of another table, with many rows for one record."""

    sql: str
    parts: Mapping[str, str] = field(default_factory=dict)
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows of other tables, those whose `key` is the record's id; `scope` are those of the account. Where all that is
    asked is asked of them, the statement `counted` counts the records faster. `none` tells a record without any."""

    rows: str
    key: str
    scope: str
    counted: str | None = None
    none: str | None = None


@dataclass(frozen=True, slots=True)
class Collection:
    """`fields` may be tested, `orders` sorted by; `named` are whole conditions. The `table` has the alias that columns
    have here and in the statements. No index has a `costly` order. Of one that is `told`, the table task_changes
    tells of what its lists depend on; those of others depend on all there is."""

    table: str
    id: str
    fields: Mapping[str, Column]
    orders: Mapping[str, str]
    nullable: frozenset[str] = frozenset()
    name: str = "name"
    named: Mapping[str, str] = field(default_factory=dict)
    costly: frozenset[str] = frozenset()
    told: bool = False

    @property
    def scope(self) -> str:
        """What is the account's."""
        return f"{self.table.split()[1]}.account_id = :account_id"


def _date(column: str, week: str, week_day: str) -> Mapping[str, str]:
    return {
        "month": f"{column} / 100 % 100",
        "day": f"{column} % 100",
        "week": week,
        "week_day": week_day,
    }


def _time(column: str) -> Mapping[str, str]:
    return {"minute": f"{column} / 60000000 % 60", "second": f"{column} / 1000000 % 60"}


RELATIONS: Mapping[str, Relation] = {
    # Tested by what the occurrences have in common, see `times`.
    "occurrences": Relation(
        "task_times d", "d.task_id", "d.account_id = :account_id", "tasks_count_timed", "t.occurrence_count = 0"
    ),
    "locations": Relation(
        "task_locations tl JOIN locations tll ON tll.id = tl.location_id",
        "tl.task_id",
        "tll.account_id = :account_id",
        "tasks_count_located",
    ),
    "segment_rules": Relation("task_segment_rules tr", "tr.task_id", "TRUE"),
}

COLLECTIONS: Mapping[str, Collection] = {
    "tasks": Collection(
        "tasks t",
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
            "locations": Column("tll.id", of="locations"),
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
        costly=frozenset({"near"}),
        told=True,
    ),
    "occurrences": Collection(
        "occurrences o",
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
        # Whoever changes occurrences notes their task's times.
        told=True,
    ),
    "submissions": Collection(
        "submissions s",
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
        "bounties b",
        "b.id",
        {"id": Column("b.id"), "task": Column("b.task_id"), "created": Column("b.created_at")},
        {"amount": "b.amount", "created": "b.created_at", "id": "b.id"},
    ),
}


def _of_names(table: str, **more: Column) -> Collection:
    """A collection of records that have a name and little else."""
    alias = table.split()[1]
    columns = {"created": f"{alias}.created_at", "modified": f"{alias}.modified_at"}
    return Collection(
        table,
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
    "clients": _of_names("clients c"),
    "projects": _of_names("projects p"),
    "location_types": _of_names("location_types lt"),
    "locations": _of_names(
        "locations l",
        country=Column("l.country"),
        parent=Column("l.parent_id"),
        location_type=Column("l.location_type_id"),
    ),
    "segment_rules": _of_names(
        "segment_rules r", active=Column("r.active"), target_content_type=Column("r.target_content_type")
    ),
    "forms": Collection(
        "forms f",
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
        "users u",
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
