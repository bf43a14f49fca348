"""The category field: cells as fields, one outcome a row, and rights."""

import json

import pytest

from actions.world import NOW, World, errors
from ground import TERMS
from rota.actions import field
from rota.actions.registry import Refused
from rota.operations.accounts import actor_of_user
from rota.operations.field import exports
from rota.operations.field.everything import collections
from rota.operations.field.imports import COLUMNS


def cells(**given: str) -> dict[str, str]:
    return {**dict.fromkeys(COLUMNS, ""), **given}


def test_a_row_is_a_location_of_the_account_of_the_job(world: World) -> None:
    (answer,) = world.change(field.import_locations, [cells(name="Kiosk", country="ke")], account_id=world.customer)
    with world.store.read() as tx:
        (row,) = tx.all("locations_by_ids", account_id=world.customer, ids=f"[{answer['location_id']}]")
    assert (row["name"], row["country"]) == ("Kiosk", "KE")


def test_a_row_that_cannot_be_taken_says_why_and_spares_the_others(world: World) -> None:
    rows = [
        cells(name=" ", country="Kenya"),
        cells(name="a", longitude="east", radius="-5"),
        cells(name="a", longitude="36.8", radius="5"),
        cells(name="a", latitude="1.2", radius="5"),
        cells(name="a", longitude="181", latitude="-91", radius="5"),
        cells(name="a", longitude="36.8", latitude="-1.2"),
        cells(name="a", radius="5"),
        cells(name="a", shapefile='{"type": "Polygon", "coordinates": [[[0, 0], [1, "1"]]]}'),
        cells(name="a", shapefile="here"),
        cells(name="a", parent="999", location_type="999"),
        cells(name="a", parent="nowhere"),
        cells(name="good"),
    ]
    assert errors(world.change(field.import_locations, rows)) == [
        "name may not be blank; country must be a country's code of ISO 3166, such as KE",
        "longitude must be a number of degrees; radius must be a number of metres, more than 0 and 20000000 at most",
        "latitude is required with a longitude",
        "longitude is required with a latitude",
        "longitude must be a number of degrees from -180 to 180; latitude must be a number of degrees from -90 to 90",
        "radius is required with a geopoint",
        "longitude is required with a radius",
        "shapefile.coordinates.0 must have 4 positions at least",
        "shapefile must be a GeoJSON MultiPolygon",
        "parent does not exist; location_type does not exist",
        "parent does not exist",
        "",
    ]


@pytest.mark.parametrize("user", ["member", "stranger"])
def test_who_may_not_write_adds_nothing(world: World, user: str) -> None:
    if user == "stranger":
        world.home[world.admin] = world.stranger
    (answer,) = world.change(
        field.import_locations, [cells(name="a")], user_id=world.member if user == "member" else world.admin
    )
    assert isinstance(answer, Refused)
    assert str(answer) == "forbidden"


def test_an_export_is_of_the_accounts_own_submissions_and_for_admins(world: World) -> None:
    kept = collections(TERMS)
    given = {"name": "a", "timing_rule": "FREQ=DAILY", "target_content_type": 13, "target_id": world.admin}
    with world.store.write() as tx:
        actor = actor_of_user(tx, world.admin)
        assert actor
        task = kept["task"].create(tx, actor, {**given, "status": "a"}, now=NOW)
        sent = [
            kept["submission"].create(tx, actor, {"task": task, "data": {"stalls": number}}, now=NOW)
            for number in range(205)
        ]
    found = world.generate(field.export_submissions)
    assert [line["id"] for line in found] == sent
    assert set(found[0]) == {*exports.FIXED, "data"}
    assert (found[7]["user"], found[7]["task_name"]) == ("admin@example.org", "a")
    assert json.loads(found[7]["data"]) == {"stalls": 7}
    assert world.generate(field.export_submissions, world.customer) == []
    with pytest.raises(Refused, match="forbidden"):
        world.generate(field.export_submissions, user_id=world.member)
