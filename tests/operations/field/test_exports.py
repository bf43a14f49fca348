"""Exports: every submission once, a column for each question, of what the actor may see, in pages."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from answering import NAIROBI, Answering, point
from ground import ADMIN, ANN, BOB, TERMS
from rota.domain.field.queries import Comparison, Condition, Query
from rota.domain.field.terms import Terms
from rota.operations.field import exports
from rota.store.port import Store


@pytest.fixture
def field(store: Store) -> Answering:
    return Answering.found(store)


def table(field: Answering, query: Query | None = None, who: str = ADMIN) -> list[dict[str, str]]:
    with field.ground.store.read() as tx:
        found = exports.table(tx, field.ground.actors[who], query or Query(), TERMS)
        assert len(set(found.header)) == len(found.header)
        return [dict(zip(found.header, row, strict=True)) for row in found.rows]


def features(field: Answering, who: str = ADMIN) -> list[dict[str, Any]]:
    with field.ground.store.read() as tx:
        return list(exports.features(tx, field.ground.actors[who], Query(), TERMS))


def test_a_row_says_all_of_a_submission(field: Answering) -> None:
    task = field.task()
    field.bounty(task, 501)
    place = field.disc(task, 100)
    sent = field.submit(task, geopoint=point(*NAIROBI), data={"who": {"age": 4, "is_new": True}, "tags": ["a", "b"]})
    field.review(sent.id, "a", comments="Good, thanks")
    (row,) = table(field)
    assert row == {
        "id": str(sent.id),
        "task": str(task),
        "task_name": "Count",
        "user": ANN,
        "location": str(place),
        "location_name": "Here",
        "submission_time": "2018-06-26T08:00:00Z",
        "status": "a",
        "valid": "true",
        "comments": "Good, thanks",
        "amount": "5.01",
        "longitude": "36.8172",
        "latitude": "-1.2833",
        "who.age": "4",
        "who.is_new": "true",
        "tags": '["a","b"]',
    }


def test_a_feature_is_a_submission_at_its_point(field: Answering) -> None:
    task = field.task()
    sent = field.submit(task, geopoint=point(*NAIROBI), data={"who": {"age": 4}})
    field.submit(task)
    there, nowhere = features(field)
    assert (there["type"], there["id"], there["geometry"]) == ("Feature", sent.id, point(*NAIROBI))
    assert there["properties"]["data"] == {"who": {"age": 4}}
    assert (there["properties"]["amount"], there["properties"]["valid"]) == ("0.00", True)
    assert nowhere["geometry"] is None


def test_the_columns_are_those_that_any_submission_of_the_query_has(field: Answering) -> None:
    one, other = field.task(), field.task()
    field.submit(one, data={"a": 1})
    field.submit(one, data={"b": None, "c": "x"})
    field.submit(other, data={"d": 1})
    of_one = Query(conditions=(Condition("task", Comparison.EXACT, one),))
    assert [[row["a"], row["b"], row["c"], "d" in row] for row in table(field, of_one)] == [
        ["1", "", "", False],
        ["", "", "x", False],
    ]


def test_every_submission_is_there_once_whatever_the_pages(field: Answering, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PAGE", 2)
    task = field.task()
    for count in range(5):
        assert [row["n"] for row in table(field)] == [str(number) for number in range(count)]
        assert len(features(field)) == count
        field.submit(task, data={"n": count})


def test_a_submission_at_the_end_of_the_calendar_spoils_no_export(field: Answering) -> None:
    nairobi = Terms(ZoneInfo("Africa/Nairobi"), "Africa/Nairobi")
    field.submit(field.task(), submission_time="9999-12-31T23:00:00Z")
    with field.ground.store.read() as tx:
        (line,) = exports.lines(tx, field.ground.actors[ADMIN], Query(), nairobi)
    assert line["submission_time"] == "9999-12-31T23:00:00Z"


def test_members_take_away_their_own(field: Answering) -> None:
    task = field.task()
    field.submit(task, data={"a": 1})
    theirs = field.submit(task, who=BOB, data={"b": 1})
    (row,) = table(field, who=BOB)
    assert (row["id"], "a" in row) == (str(theirs.id), False)
    assert [each["id"] for each in features(field, who=BOB)] == [theirs.id]
