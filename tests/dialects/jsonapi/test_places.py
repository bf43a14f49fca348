"""Locations, projects, segment rules and content types over HTTP."""

import json
from typing import Any

import planted
from dialects.jsonapi.outpost import Outpost
from ground import ADMIN, ANN

NAIROBI = {"type": "Point", "coordinates": [36.82, -1.29]}
ACROSS = {"type": "Polygon", "coordinates": [[[179, 0], [-179, 0], [-179, 1], [179, 1], [179, 0]]]}


def document(type_: str, number: int | None = None, **attributes: Any) -> Any:
    return {"data": {"type": type_, "attributes": attributes, **({"id": str(number)} if number else {})}}


def test_a_location_is_answered_with_all_that_is_computed(outpost: Outpost) -> None:
    city = outpost.make("locations", "Location", name="Nairobi", country="KE")
    number = outpost.make(
        "locations", "Location", name="Kiosk", geopoint=NAIROBI, radius=50, parent={"type": "Location", "id": str(city)}
    )
    found = outpost.get(f"/locations/{number}", who=ANN)["data"]
    assert (
        found["attributes"].items()
        >= {
            "name": "Kiosk",
            "country": "",
            "geopoint": NAIROBI,
            "radius": 50.0,
            "shapefile": None,
            "parent_name": "Nairobi",
            "location_type_name": None,
            "has_submissions": False,
        }.items()
    )
    assert found["relationships"]["parent"]["data"] == {"type": "Location", "id": str(city)}


def test_a_shape_is_answered_as_it_is_kept(outpost: Outpost) -> None:
    number = outpost.make("locations", "Location", name="Taveuni", shapefile=ACROSS)
    shape = outpost.get(f"/locations/{number}")["data"]["attributes"]["shapefile"]
    assert (shape["type"], len(shape["coordinates"])) == ("MultiPolygon", 2)
    answer = outpost.ask("PATCH", f"/locations/{number}", document("Location", number, shapefile=shape))
    assert answer.status_code == 200, answer.text
    assert answer.json["data"]["attributes"]["shapefile"] == shape


def test_faults_point_at_their_places(outpost: Outpost) -> None:
    body = document("Location", country="Kenya", geopoint={"type": "Point", "coordinates": [200, 0]}, radius=0)
    assert outpost.refused("POST", "/locations", body) == (
        400,
        [
            ("/data/attributes/country", "country must be a country's code of ISO 3166, such as KE."),
            ("/data/attributes/geopoint/coordinates/0", "geopoint.coordinates.0 must be a longitude from -180 to 180."),
            ("/data/attributes/name", "name is required."),
            ("/data/attributes/radius", "radius must be a number of metres, more than 0 and 20000000 at most."),
        ],
    )


def test_what_is_needed_is_a_conflict(outpost: Outpost) -> None:
    number = outpost.make("locations", "Location", name="Here")
    planted.submission(outpost.ground, planted.task(outpost.ground, number), location_id=number)
    assert outpost.refused("DELETE", f"/locations/{number}")[0] == 409


def test_a_project_lists_its_tasks_and_takes_others(outpost: Outpost) -> None:
    tasks = [planted.task(outpost.ground) for _ in range(2)]
    links = [{"type": "Task", "id": str(each)} for each in tasks]
    number = outpost.make("projects", "Project", name="Survey")
    answer = outpost.ask("PATCH", f"/projects/{number}/relationships/tasks", {"data": links})
    assert answer.status_code in {200, 204}, answer.text
    found = outpost.get(f"/projects/{number}?include=tasks")
    assert found["data"]["relationships"]["tasks"]["data"] == links
    assert found["data"]["relationships"]["tasks"]["meta"] == {"count": 2}
    assert [each["id"] for each in found["included"]] == [each["id"] for each in links]
    answer = outpost.ask("DELETE", f"/projects/{number}/relationships/tasks", {"data": links[:1]})
    assert answer.status_code in {200, 204}, answer.text
    assert outpost.get(f"/projects/{number}/relationships/tasks")["data"] == links[1:]


def test_a_segment_rule_has_its_content_type(outpost: Outpost) -> None:
    number = outpost.make(
        "segmentrules",
        "SegmentRule",
        name="Experts",
        target_content_type=13,
        target_field="expertise",
        target_field_value=4,
    )
    found = outpost.get(f"/segmentrules/{number}?include=target_content_type", who=ADMIN)
    assert found["data"]["attributes"]["target_field_value"] == "4"
    assert found["included"][0]["attributes"] == {"app_label": "accounts", "model": "user"}
    body = document("SegmentRule", number, target_field="country")
    assert outpost.refused("PATCH", f"/segmentrules/{number}", body) == (
        400,
        [("/data/attributes/target_field", "target_field must be one of id, email, name, role, expertise.")],
    )
    assert outpost.ask("GET", "/segmentrules", who=ANN).status_code == 403


def test_content_types_are_a_list_that_nobody_writes(outpost: Outpost) -> None:
    found = outpost.get("/contenttypes?filter[model]=form", who=ANN)["data"]
    assert [(each["id"], each["attributes"]["app_label"]) for each in found] == [("16", "field")]
    assert outpost.get("/contenttypes?sort=-id&page_size=2")["meta"]["pagination"] == {
        "page": 1,
        "pages": 3,
        "count": 5,
    }
    assert outpost.ask("POST", "/contenttypes", document("ContentType", model="x")).status_code in {403, 405}


def test_the_seeds_locations_filter_finds_tasks(outpost: Outpost) -> None:
    number = outpost.make("locations", "Location", name="Here")
    task = planted.task(outpost.ground, number, name="Awesome Task")
    planted.task(outpost.ground)
    found = outpost.get(f"/tasks?locations={number}&include=locations")
    assert [each["id"] for each in found["data"]] == [str(task)]
    assert json.dumps(found["included"]).count('"Here"') == 1
