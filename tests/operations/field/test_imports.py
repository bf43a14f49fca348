"""Batches of locations: each row as if it were written alone, at the cost of one."""

import json
from typing import Any

import pytest

import planted
from ground import ADMIN, STRANGER, TERMS, Ground
from rota.domain.field.queries import Query
from rota.operations.field import imports
from rota.operations.field.imports import COLUMNS, Outcome
from rota.store.port import Store

SQUARE = '{"type": "Polygon", "coordinates": [[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]]}'
POINT = {"longitude": "36.82", "latitude": "-1.29", "radius": "100"}


@pytest.fixture
def ground(store: Store) -> Ground:
    return Ground.found(store)


def add(ground: Ground, *rows: dict[str, str], who: str = ADMIN) -> list[Outcome]:
    cells = [{**dict.fromkeys(COLUMNS, ""), **row} for row in rows]
    with ground.store.write() as tx:
        return imports.add_all(tx, ground.actors[who], cells, TERMS, now=ground.time)


def added(ground: Ground, *rows: dict[str, str]) -> list[Any]:
    found = add(ground, *rows)
    return ground.load("location", [each for each in found if isinstance(each, int)])


def test_a_row_makes_what_a_person_would_have_made(ground: Ground) -> None:
    by_hand = ground.create(
        "location",
        name="Kiosk",
        country="KE",
        description="by the road",
        geopoint={"type": "Point", "coordinates": [36.82, -1.29]},
        radius=100,
    )
    (number,) = add(ground, {"name": " Kiosk ", "country": "ke", "description": "by the road", **POINT})
    assert isinstance(number, int)
    rows = [{**planted.row(ground, "locations", each), "id": 0} for each in (by_hand, number)]
    assert rows[0] == rows[1]
    told = [[event["facts"] for event in ground.events(f"location:{each}")] for each in (by_hand, number)]
    assert told[0] == told[1]
    assert ground.create("location", name="next") > number


def test_a_shape_stands_in_a_cell(ground: Ground) -> None:
    (kept,) = added(ground, {"name": "Square", "shapefile": SQUARE})
    assert json.loads(kept.shape)["type"] == "MultiPolygon"


def test_a_parent_is_named_by_its_id_or_its_name_and_may_stand_in_an_earlier_row(ground: Ground) -> None:
    country = ground.create("location", name="Kenya")
    rows = added(
        ground,
        {"name": "Nairobi", "parent": "Kenya"},
        {"name": "Kibera", "parent": " Nairobi "},
        {"name": "Mombasa", "parent": str(country)},
    )
    assert [each.parent_name for each in rows] == ["Kenya", "Nairobi", "Kenya"]


def test_of_several_of_one_name_the_newest_is_meant(ground: Ground) -> None:
    ground.create("location", name="Kenya")
    newer = ground.create("location", name="Kenya")
    first, second, third = added(
        ground, {"name": "a", "parent": "Kenya"}, {"name": "Kenya"}, {"name": "b", "parent": "Kenya"}
    )
    assert (first.parent_id, third.parent_id) == (newer, second.id)


def test_a_row_below_one_that_was_refused_is_refused(ground: Ground) -> None:
    first, second = add(ground, {"name": "Nairobi", "country": "QQ"}, {"name": "Kibera", "parent": "Nairobi"})
    assert not isinstance(first, int)
    assert not isinstance(second, int)
    assert [fault.path for fault in second] == [("parent",)]


def test_a_row_is_told_all_that_is_wrong_with_it(ground: Ground) -> None:
    bad = {"country": "QQ", "parent": "nobody", "location_type": "9", "longitude": "36", "radius": "5"}
    (faults,) = add(ground, {"name": "Nairobi", **bad})
    assert isinstance(faults, tuple)
    assert [each.path[0] for each in faults] == ["country", "latitude", "parent", "location_type"]


def test_a_type_that_nobody_has_is_made_once_and_told_of(ground: Ground) -> None:
    shop = ground.create("location_type", name="Shop")
    rows = added(
        ground,
        {"name": "a", "location_type": "Shop"},
        {"name": "b", "location_type": "Clinic"},
        {"name": "c", "location_type": "Clinic"},
        {"name": "d", "location_type": str(shop)},
        {"name": "", "location_type": "Never"},
        {"name": "e", "location_type": "Never", "parent": "nowhere"},
    )
    assert [each.location_type_name for each in rows] == ["Shop", "Clinic", "Clinic", "Shop"]
    assert ground.find("location_type").count == 2
    (told,) = ground.events(f"location_type:{rows[1].location_type_id}")
    assert (told["kind"], told["facts"]) == ("location_type.created", '{"after":{"name":"Clinic"}}')


def test_another_accounts_locations_and_types_do_not_exist(ground: Ground) -> None:
    place = ground.create("location", name="Kenya")
    shop = ground.create("location_type", name="Shop")
    by_id, by_name, theirs = add(
        ground,
        {"name": "a", "parent": str(place), "location_type": str(shop)},
        {"name": "b", "parent": "Kenya"},
        {"name": "c", "location_type": "Shop"},
        who=STRANGER,
    )
    assert not isinstance(by_id, int)
    assert [fault.path for fault in by_id] == [("parent",), ("location_type",)]
    assert not isinstance(by_name, int)
    (kept,) = ground.load("location", [theirs] if isinstance(theirs, int) else [], who=STRANGER)
    assert kept.location_type_id != shop


def test_many_rows_take_as_many_statements_as_one(ground: Ground, statements: list[str]) -> None:
    def cost(*rows: dict[str, str]) -> int:
        statements.clear()
        assert all(isinstance(each, int) for each in add(ground, *rows))
        return len(statements)

    one = cost({"name": "a", "location_type": "x", "parent": ""}, {"name": "b", "parent": "a"})
    many = [{"name": f"p{at}", "location_type": f"t{at}", "parent": f"p{at - 1}" if at else ""} for at in range(60)]
    assert cost(*many) == one
    assert ground.find("location", Query(limit=1)).count == 62


def test_nothing_comes_of_nothing(ground: Ground) -> None:
    assert add(ground) == []
    assert add(ground, {"name": ""}) != []
    assert ground.find("location").count == 0
