"""Fills a database with rows in every table, whatever tables there are: values as odd as their columns take."""

import random
import sqlite3
from collections.abc import Callable, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from rota.store.whole import Column, Kind, Table
from rota.store.whole_sqlite import SqliteSnapshot

Dice = random.Random
Value = Callable[[Dice, dict[str, Any]], Any]

ODD = "aZ09 \t\n\r\\,;\"'|.\x01\x7f\N{NO-BREAK SPACE}äßİ\u0301\N{ZERO WIDTH SPACE}\ufffe\U0001f600\U0010ffff"
WHOLES = (0, 1, -1, 2, 100, 255, 65_536, (1 << 53) + 1, (1 << 63) - 1, -(1 << 63))
REALS = (0.0, -0.0, 1.0, 1e15, 1e16, 0.1, 1e-5, 5e-324, 2.0**-1022, 1.7976931348623157e308, 2e23, 9.5367431640625e-07)


def one_of(*values: Any) -> Value:
    return lambda dice, row: dice.choice(values)


def between(least: int, most: int) -> Value:
    return lambda dice, row: dice.randint(least, most)


def same_as(name: str, value: Any = 0) -> Value:
    """Null where another column of the row is."""
    return lambda dice, row: None if row[name] is None else value


ROOT_FIRST: Mapping[tuple[str, str], Value] = {
    ("accounts", "parent_id"): lambda dice, row: None if row["n"] == 0 else "accounts-0",
}
RULES: Mapping[tuple[str, str], Value] = {
    **ROOT_FIRST,
    ("users", "role"): one_of("admin", "member"),
    ("users", "expertise"): between(1, 4),
    ("chunks", "state"): one_of("open", "leased", "settled"),
    ("numbers", "state"): one_of("available", "in_service", "reserved", "released", "deleted"),
    ("rates", "weight"): between(1, 100),
    ("items", "estimate_us"): between(1, 1 << 40),
    ("items", "status"): lambda dice, row: ("queued", "completed", "deleted")[row["n"] % 3],
    ("items", "holder_id"): lambda dice, row: 1 if row["n"] % 3 == 1 else None,
    ("items", "completed_at"): lambda dice, row: 5 if row["n"] % 3 == 1 else None,
    ("items", "completion"): lambda dice, row: "success" if row["n"] % 3 == 1 else None,
    ("items", "created_at"): one_of(1_000),
    ("items", "since"): one_of(1_010),
    ("items", "queued_us"): one_of(1),
    ("items", "worked_us"): one_of(2),
    ("items", "suspended_us"): one_of(3),
    ("items", "rejected_us"): one_of(4),
    ("webhooks", "previous_until"): same_as("previous_secret"),
    ("webhooks", "disabled_because"): same_as("disabled_at", "gone"),
    ("deliveries", "state"): lambda dice, row: ("pending", "delivered", "failed")[row["n"] % 3],
    ("deliveries", "courier"): lambda dice, row: "me" if row["n"] % 3 == 0 else None,
    ("deliveries", "settled_at"): lambda dice, row: None if row["n"] % 3 == 0 else 7,
    ("webhook_cursor", "one"): one_of(1),
    ("locations", "latitude"): same_as("longitude", -0.5),
    ("locations", "radius_m"): same_as("longitude", 5e-324),
    ("locations", "shape"): lambda dice, row: None if row["longitude"] is not None else '{"type": "Point"}',
    ("segment_rules", "target_content_type"): one_of(13, 15),
    ("tasks", "total_submission_target"): between(0, 9),
    ("tasks", "user_submission_target"): one_of(None, 0, 9),
    ("tasks", "status"): one_of(*"abcdes"),
    ("tasks", "required_expertise"): between(1, 4),
    ("tasks", "target_content_type"): between(13, 17),
    ("tasks", "bounty_id"): one_of(None, 1),
    ("tasks", "bounty_amount"): same_as("bounty_id", 100),
    ("tasks", "submission_count"): one_of(6),
    ("tasks", "approved_count"): one_of(1),
    ("tasks", "pending_count"): one_of(2),
    ("tasks", "rejected_count"): one_of(3),
    ("bounties", "amount"): between(1, 1 << 40),
    ("occurrences", "starts_at"): one_of(-5),
    ("occurrences", "ends_at"): one_of(5),
    ("submissions", "status"): one_of(*"abcd"),
    ("submissions", "paid"): lambda dice, row: 12 if row["status"] == "a" else 0,
    ("ledger_entries", "book"): one_of("task", "user"),
    ("ledger_entries", "amount"): one_of(-5, 5),
}
"""What checks of the schema ask for."""

ONE_ROW = {"webhook_cursor"}


def fill(path: Path, dice: Dice, rows: int = 4) -> None:
    """Put so many rows into every table of a migrated SQLite, in which nothing else is yet."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("BEGIN")
    tables = {table.name: table for table in SqliteSnapshot(connection).tables}
    parents = {name: _parents(connection, name) for name in tables}
    order = TopologicalSorter({name: set(found.values()) - {name} for name, found in parents.items()}).static_order()
    for name in order:
        # Triggers have put rows into some, for those of other tables.
        connection.execute(f"DELETE FROM {name}")
        for number in range(1 if name in ONE_ROW else rows):
            _insert(connection, tables[name], parents[name], number, dice)
        if tables[name].counted:
            # What was given out last is gone.
            connection.execute("UPDATE sqlite_sequence SET seq = seq + 10 WHERE name = ?", [name])
    connection.execute("COMMIT")
    connection.close()


def _parents(connection: sqlite3.Connection, name: str) -> dict[str, str]:
    return {row[3]: row[2] for row in connection.execute(f"PRAGMA foreign_key_list({name})")}


def _insert(connection: sqlite3.Connection, table: Table, parents: dict[str, str], number: int, dice: Dice) -> None:
    nullable = {row[1] for row in connection.execute(f"PRAGMA table_info({table.name})") if not row[3] and not row[5]}
    row: dict[str, Any] = {"n": number}
    # Columns that follow from others come after these.
    for column in sorted(table.columns, key=lambda column: (table.name, column.name) in RULES):
        row[column.name] = _value(table, column, parents, column.name in nullable, row, dice)
    names = [column.name for column in table.columns]
    try:
        connection.execute(
            f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
            [row[name] for name in names],
        )
    except sqlite3.IntegrityError as error:
        raise AssertionError(f"RULES must say what a row of {table.name} takes: {error} {row}") from error


def _value(
    table: Table, column: Column, parents: dict[str, str], may_be_null: bool, row: dict[str, Any], dice: Dice
) -> Any:
    if rule := RULES.get((table.name, column.name)):
        return rule(dice, row)
    number: int = row["n"]
    if parent := parents.get(column.name):
        # Each to a row of its own: so unique indexes are content.
        return None if may_be_null and dice.random() < 0.3 else _id(column.kind, parent, number)
    if column.name in table.key or (column.kind is Kind.TEXT and not may_be_null and number == 0):
        return _id(column.kind, table.name, number)
    if may_be_null and dice.random() < 0.3:
        return None
    return _any(column.kind, number, dice)


def _id(kind: Kind, table: str, number: int) -> Any:
    return number + 1 if kind is Kind.WHOLE else f"{table}-{number}" if kind is Kind.TEXT else number % 2


def _any(kind: Kind, number: int, dice: Dice) -> Any:
    if kind is Kind.WHOLE:
        return dice.choice(WHOLES)
    if kind is Kind.REAL:
        return dice.choice(REALS)
    if kind is Kind.FLAG:
        return dice.choice((0, 1))
    # The number keeps texts apart, where they must be.
    return "".join(dice.choices(ODD, k=dice.choice((0, 1, 5, 40)))) + str(number)
