"""Submissions are taken away as a table or as GeoJSON: all that the filters let through, and of members their own."""

import csv
import io
import json
from typing import Any

from dialects.jsonapi.outpost import Outpost
from ground import ANN, BOB, STRANGER

POINT = {"type": "Point", "coordinates": [36.8219, -1.2921]}


def submit(outpost: Outpost, who: str, data: dict[str, Any], **more: Any) -> int:
    return outpost.make("submissions", "Submission", who=who, task=1, data=data, **more)


def filled(outpost: Outpost) -> Outpost:
    task = {"start": "2018-06-01", "status": "a", "target_content_type": 13, "target_id": 1}
    outpost.make("tasks", "Task", name="Count, or not", **task)
    submit(outpost, ANN, {"stalls": 41, "who": {"name": "=Ann"}}, geopoint=POINT)
    submit(outpost, BOB, {"stalls": 7, "closed": True})
    return outpost


def taken(outpost: Outpost, query: str, who: str = "admin@localhost") -> Any:
    headers = {"X-Auth-Token": who, "Accept": "text/csv"}
    answer = outpost.client.simulate_get(f"/api/v1/exports/submissions{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_table_has_a_column_for_each_question(outpost: Outpost) -> None:
    answer = taken(filled(outpost), "?format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="submissions.csv"'
    one, other = rows(answer.text)
    assert (one["user"], one["task_name"], one["longitude"], one["stalls"]) == (ANN, "Count, or not", "36.8219", "41")
    assert (other["user"], other["longitude"], other["stalls"], other["closed"]) == (BOB, "", "7", "true")
    assert one.keys() == other.keys()


def test_geojson_holds_a_feature_for_each(outpost: Outpost) -> None:
    answer = taken(filled(outpost), "/?format=geojson")
    assert answer.headers["content-type"] == "application/geo+json"
    found = json.loads(answer.text)
    assert found["type"] == "FeatureCollection"
    one, other = found["features"]
    assert (one["geometry"], other["geometry"]) == (POINT, None)
    assert one["properties"]["data"] == {"stalls": 41, "who": {"name": "=Ann"}}


def test_nothing_is_a_whole_document_too(outpost: Outpost) -> None:
    assert json.loads(taken(outpost, "?format=geojson").text) == {"type": "FeatureCollection", "features": []}
    assert rows(taken(outpost, "").text) == []


def test_filters_are_those_of_the_list_and_members_have_their_own(outpost: Outpost) -> None:
    filled(outpost)
    assert [row["user"] for row in rows(taken(outpost, "?filter[status]=d&user=3").text)] == [BOB]
    assert [row["user"] for row in rows(taken(outpost, "", who=ANN).text)] == [ANN]
    assert rows(taken(outpost, "", who=STRANGER).text) == []


def test_what_cannot_be_asked_is_told_at_once(outpost: Outpost) -> None:
    status, told = outpost.refused("GET", "/exports/submissions?status=q&page=2&colour=red")
    assert (status, sorted(place for place, _ in told)) == (400, ["colour", "page", "status"])
    assert outpost.refused("GET", "/exports/submissions?format=xml")[1][0][0] == "format"
    assert outpost.refused("GET", "/exports/submissions", who=None)[0] == 401


def test_many_are_streamed_in_blocks(outpost: Outpost) -> None:
    filled(outpost)
    for number in range(300):
        submit(outpost, ANN, {"note": f"{number} " + "x" * 500})
    found = rows(taken(outpost, "?format=csv").text)
    assert [int(row["id"]) for row in found] == list(range(1, 303))
