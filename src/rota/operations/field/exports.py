"""All submissions that a query asks for, as a table or as GeoJSON, read in pages: memory does not grow with them.

Whoever takes them away keeps the transaction open: all of it is of one moment.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from rota.domain.accounts import Actor
from rota.domain.field.columns import Columns, cell
from rota.domain.field.queries import Comparison, Condition, Order, Query
from rota.domain.field.terms import Terms, moment_at
from rota.operations.field.access import permit
from rota.operations.field.submissions import Submissions, visible
from rota.store.port import Row, Tx

PAGE = 200
"""Answers are 1 MiB at most, and hardly ever more than 1 KiB."""

FIXED = (
    *("id", "task", "task_name", "user", "location", "location_name", "submission_time", "status", "valid", "comments"),
    *("amount", "longitude", "latitude"),
)
"""What every submission has: `user` is an e-mail address, `amount` what was paid."""

DATA = "data"


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` are as long as the header."""

    header: list[str]
    rows: Iterator[list[str]]


def table(tx: Tx, actor: Actor, query: Query, terms: Terms) -> Table:
    """The submissions by id, a column for each question that any of them answers. They are read twice: first to see
    which questions there are. The query's order, limit and offset do not count. Raises Forbidden."""
    permit(actor, Submissions.access.read)
    columns = Columns(FIXED)
    for row in _pages(tx, actor, query, "submissions_answers"):
        columns.add(msgspec.json.decode(row["data"]))
    return Table([*FIXED, *columns.header], _rows(tx, actor, query, terms, columns))


def features(tx: Tx, actor: Actor, query: Query, terms: Terms) -> Iterator[dict[str, Any]]:
    """The same as features of GeoJSON: the point is their geometry, null where none was sent, and the answers are a
    property, `data`, as they came. Raises Forbidden."""
    permit(actor, Submissions.access.read)
    return (_feature(row, terms) for row in _pages(tx, actor, query, "submissions_table"))


def lines(tx: Tx, actor: Actor, query: Query, terms: Terms) -> Iterator[dict[str, Any]]:
    """The same by column: what every submission has, and the answers in one, `data`, as JSON. Raises Forbidden."""
    permit(actor, Submissions.access.read)
    return ({**_fixed(row, terms), DATA: row["data"]} for row in _pages(tx, actor, query, "submissions_table"))


def _pages(tx: Tx, actor: Actor, query: Query, statement: str) -> Iterator[Row]:
    """Each page begins behind the last id of the one before, so that none costs more than another."""
    asked, last = replace(visible(actor, query), order=(Order("id"),), limit=PAGE), 0
    while True:
        behind = Condition("id", Comparison.GT, last)
        page = replace(asked, conditions=(*asked.conditions, behind))
        rows = tx.select(statement, "submissions", page, account_id=actor.account.id)
        yield from rows
        if len(rows) < PAGE:
            return
        last = rows[-1]["id"]


def _rows(tx: Tx, actor: Actor, query: Query, terms: Terms, columns: Columns) -> Iterator[list[str]]:
    for row in _pages(tx, actor, query, "submissions_table"):
        fixed = [cell(value) for value in _fixed(row, terms).values()]
        yield [*fixed, *columns.cells(msgspec.json.decode(row["data"]))]


def _feature(row: Row, terms: Terms) -> dict[str, Any]:
    facts = _fixed(row, terms)
    number, longitude, latitude = (facts.pop(name) for name in ("id", "longitude", "latitude"))
    point = None if longitude is None else {"type": "Point", "coordinates": [longitude, latitude]}
    data = msgspec.json.decode(row["data"])
    return {"type": "Feature", "id": number, "geometry": point, "properties": {**facts, "data": data}}


def _fixed(row: Row, terms: Terms) -> dict[str, Any]:
    submitted_at = msgspec.to_builtins(moment_at(row["submitted_at"], terms))
    values = (
        *(row["id"], row["task_id"], row["task_name"], row["user_email"], row["location_id"], row["location_name"]),
        *(submitted_at, row["status"], bool(row["valid"]), row["comments"]),
        *(f"{row['paid'] // 100}.{row['paid'] % 100:02}", row["longitude"], row["latitude"]),
    )
    return dict(zip(FIXED, values, strict=True))
