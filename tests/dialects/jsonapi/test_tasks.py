"""Tasks over HTTP: the published documents, what they refer to, what is included, copies and histories."""

from typing import Any

from dialects.jsonapi.outpost import HOST, Outpost
from ground import ADMIN, ANN, STRANGER

NOW = "2018-06-26T08:00:00Z"
TASK: dict[str, Any] = {"name": "Awful Task", "target_content_type": 13, "target_id": 1, "start": NOW}

AWFUL = b"""{"data":{"type":"Task","id":null,"attributes":{"name":"Awful Task","estimated_time":"3 2:20:10",
"description":"This is awesome, as tasks go.","start":"2018-06-12T17:48:34+03:00","end":"2018-12-12T17:48:34+03:00",
"timing_rule":"RRULE:FREQ=DAILY;INTERVAL=10;COUNT=50","total_submission_target":1000,"user_submission_target":5,
"status":"d","target_id":1,"target_content_type":15,"amount":400000,"client":{"type":"Client","id":"1"},
"locations":[{"type":"Location","id":"1"}]}}}"""
"""As the published call has it, but for the amount."""


def _one(type_: str, number: int | None) -> Any:
    return {"data": None if number is None else {"type": type_, "id": str(number)}}


def _place(outpost: Outpost, name: str = "Shop") -> int:
    return outpost.make(
        "locations", "Location", name=name, geopoint={"type": "Point", "coordinates": [36.8, -1.3]}, radius=50
    )


def _task(outpost: Outpost, **given: Any) -> int:
    return outpost.make("tasks", "Task", **{**TASK, **given})


def test_the_published_call_and_its_whole_answer(outpost: Outpost) -> None:
    outpost.make("clients", "Client", name="Acme")
    _place(outpost)
    made = outpost.ask("POST", "/tasks/", AWFUL)
    url = f"{HOST}/api/v1/tasks/1/"
    assert (made.status_code, made.headers["location"]) == (201, url)
    task = {
        "type": "Task",
        "id": "1",
        "attributes": {
            "created": NOW,
            "modified": NOW,
            "name": "Awful Task",
            "estimated_time": "3 02:20:10",
            "approved_submissions_count": 0,
            "pending_submissions_count": 0,
            "rejected_submissions_count": 0,
            "total_bounty_payout": "0 KES",
            "current_bounty_amount": "400000.00 KES",
            "required_expertise": "1",
            "description": "This is awesome, as tasks go.",
            "xform_title": None,
            "xform_id_string": None,
            "status_display": "Draft",
            "required_expertise_display": "Beginner",
            "start": "2018-06-12T14:48:34Z",
            "end": "2018-12-12T14:48:34Z",
            "timing_rule": "RRULE:FREQ=DAILY;INTERVAL=10;COUNT=50",
            "total_submission_target": 1000,
            "user_submission_target": 5,
            "status": "d",
            "submission_count": 0,
            "target_id": 1,
            "created_by_name": ADMIN,
            "occurrence_count": 19,
        },
        "relationships": {
            "created_by": _one("User", 1),
            "parent": _one("Task", None),
            "client": _one("Client", 1),
            "bounty": _one("Bounty", 1),
            "target_content_type": _one("ContentType", 15),
            "segment_rules": {"data": [], "meta": {"count": 0}},
            "locations": {"data": [{"type": "Location", "id": "1"}], "meta": {"count": 1}},
            "project": _one("Project", None),
        },
        "links": {"self": url},
    }
    assert made.json == {"jsonapi": {"version": "1.1"}, "links": {"self": url}, "data": task}
    assert [*made.json["data"]["attributes"]] == [*task["attributes"]]
    assert [*made.json["data"]["relationships"]] == [*task["relationships"]]
    listed = outpost.get("/tasks/")
    assert (listed["data"], listed["meta"]) == ([task], {"pagination": {"page": 1, "pages": 1, "count": 1}})
    assert listed["links"]["first"] == listed["links"]["last"] == f"{HOST}/api/v1/tasks/?page=1"


def test_what_was_got_may_be_sent_back(outpost: Outpost) -> None:
    number = _task(outpost, locations=[_place(outpost)], amount="12.50")
    got = outpost.get(f"/tasks/{number}")
    answer = outpost.ask("PATCH", f"/tasks/{number}", {"data": got["data"]})
    assert (answer.status_code, answer.json) == (200, got)


def test_relations_are_read_wherever_they_are_written_and_relationships_win(outpost: Outpost) -> None:
    one, two = (outpost.make("clients", "Client", name=name) for name in "ab")
    data = {
        "type": "Task",
        "attributes": {**TASK, "client": one, "parent": None, "project": None, "segment_rules": []},
        "relationships": {"client": _one("Client", two), "created_by": {"data": 5}, "bounty": {"data": None}},
    }
    answer = outpost.ask("POST", "/tasks", {"data": data})
    assert answer.json["data"]["relationships"]["client"] == _one("Client", two)
    wrong = {
        "type": "Task",
        "id": "1",
        "attributes": {"client": {"type": "Task", "id": "1"}, "locations": [1, {"type": "Location"}, {"type": "Task"}]},
        "relationships": {
            "parent": {},
            "project": {"data": 5},
            "target_content_type": {"data": {"type": "ContentType", "id": []}},
            "segment_rules": {"data": {"type": "SegmentRule", "lid": "x"}},
        },
    }
    assert outpost.refused("PATCH", "/tasks/1", {"data": wrong}) == (
        400,
        [
            ("/data/attributes/client/type", "The linkage must be of the type Client."),
            ("/data/attributes/locations/1", "The linkage must have an id."),
            ("/data/attributes/locations/2/type", "The linkage must be of the type Location."),
            ("/data/relationships/parent", "parent must be a relationship object with data."),
            ("/data/relationships/project/data", "The linkage must be a resource identifier."),
            ("/data/relationships/segment_rules/data", "The linkage must be a list of resource identifiers."),
            ("/data/relationships/target_content_type/data/id", "The linkage must be an id."),
        ],
    )


def test_what_does_not_exist_is_not_found_at_its_place(outpost: Outpost) -> None:
    given = {"type": "Task", "attributes": {**TASK, "locations": [7]}, "relationships": {"client": _one("Client", 9)}}
    missing = [
        ("/data/attributes/locations/0", "locations.0 does not exist."),
        ("/data/relationships/client/data", "client does not exist."),
    ]
    assert outpost.refused("POST", "/tasks", {"data": given}) == (404, missing)
    given["attributes"]["name"] = ""
    status, told = outpost.refused("POST", "/tasks", {"data": given})
    assert (status, len(told)) == (400, 3)


def test_a_location_of_a_task_has_its_own_rule_and_hours(outpost: Outpost) -> None:
    one, two = _place(outpost), _place(outpost, "Mall")
    own = {"timing_rule": "FREQ=WEEKLY;COUNT=2", "start": "07:00", "end": "14:30"}
    linkage = [{"type": "Location", "id": str(one)}, {"type": "Location", "id": str(two), "meta": own}]
    number = _task(outpost, timing_rule="FREQ=DAILY;COUNT=2", locations=linkage)
    shown = outpost.get(f"/tasks/{number}")["data"]["relationships"]["locations"]
    told = {"timing_rule": own["timing_rule"], "start": "07:00:00", "end": "14:30:00"}
    assert shown == {"data": [linkage[0], {**linkage[1], "meta": told}], "meta": {"count": 2}}
    bad = [linkage[0], {**linkage[1], "meta": {"start": "25:00"}}]
    data = {"type": "Task", "id": number, "relationships": {"locations": {"data": bad}}}
    status, ((place, _),) = outpost.refused("PATCH", f"/tasks/{number}", {"data": data})
    assert (status, place) == (400, "/data/relationships/locations/data/1/meta/start")


def test_included_records_come_once_and_sparse(outpost: Outpost) -> None:
    client = outpost.make("clients", "Client", name="Acme")
    parent = _task(outpost, client=client, amount=1)
    child = _task(outpost, client=client, parent=parent, start="2018-06-27")
    document = outpost.get("/tasks?include=client,parent.client,bounty&fields[Task]=parent,name&fields[Client]=name")
    assert [each["id"] for each in document["data"]] == [str(parent), str(child)]
    assert document["data"][1] == {
        "type": "Task",
        "id": str(child),
        "attributes": {"name": "Awful Task"},
        "relationships": {"parent": _one("Task", parent)},
        "links": {"self": f"{HOST}/api/v1/tasks/{child}"},
    }
    included = [(each["type"], each["id"], [*each.get("attributes", {})]) for each in document["included"]]
    assert included == [("Client", str(client), ["name"]), ("Bounty", "1", ["amount", "created"])]
    whole = outpost.get(f"/tasks/{child}?include=parent.bounty")["included"]
    assert [(each["type"], each["id"]) for each in whole] == [("Task", str(parent)), ("Bounty", "1")]
    assert outpost.get(f"/tasks/{parent}?include=parent")["included"] == []
    assert "included" not in outpost.get(f"/tasks/{parent}?include=")
    assert "attributes" not in outpost.get(f"/tasks/{parent}?fields[Task]=client")["data"]
    assert outpost.refused("GET", "/tasks?include=client", who=ANN)[0] == 403
    assert outpost.get("/tasks?include=parent", who=ANN)["included"] == []


def test_a_page_costs_as_many_statements_whatever_its_size(outpost: Outpost, statements: list[str]) -> None:
    places = [_place(outpost), _place(outpost)]
    query = "/tasks?include=client,bounty,locations,parent.client,target_content_type&page_size="
    for _ in range(3):
        client = outpost.make("clients", "Client", name="Acme")
        _task(outpost, client=client, amount=5, locations=places)

    def cost(size: int) -> int:
        statements.clear()
        assert len(outpost.get(f"{query}{size}")["data"]) == size
        return len(statements)

    assert cost(1) == cost(3) <= 13


def test_to_one_relationships_have_urls(outpost: Outpost) -> None:
    client = outpost.make("clients", "Client", name="Acme")
    number = _task(outpost)
    path, related = f"/tasks/{number}/relationships/client", f"/tasks/{number}/client"
    links = {"self": f"{HOST}/api/v1{path}", "related": f"{HOST}/api/v1{related}"}
    assert outpost.get(path) == {"jsonapi": {"version": "1.1"}, "links": links, "data": None}
    assert outpost.get(related)["data"] is None
    answer = outpost.ask("PATCH", path, _one("Client", client))
    assert (answer.status_code, answer.content) == (204, b"")
    assert outpost.get(path)["data"] == {"type": "Client", "id": str(client)}
    assert outpost.get(f"{related}?fields[Client]=name")["data"]["attributes"] == {"name": "Acme"}
    assert outpost.refused("PATCH", path, _one("Client", 99)) == (404, [("/data", "client does not exist.")])
    assert outpost.refused("PATCH", path, {"data": []})[0] == 400
    assert outpost.refused("POST", path, {"data": []})[0] == 405
    assert outpost.ask("PATCH", path, _one("Client", None)).status_code == 204
    assert outpost.get(path)["data"] is None
    assert outpost.refused("PATCH", f"/tasks/{number}/relationships/bounty", {"data": None})[0] == 403
    assert outpost.refused("PATCH", path, {"data": None}, who=ANN)[0] == 403
    assert outpost.refused("GET", related, who=ANN)[0] == 403
    assert outpost.refused("GET", path, who=STRANGER)[0] == 404


def test_to_many_relationships_gain_and_lose_members(outpost: Outpost) -> None:
    one, two, three = (_place(outpost, name) for name in "abc")
    own = {"timing_rule": None, "start": "07:00:00", "end": None}
    first = {"type": "Location", "id": str(one), "meta": own}
    number = _task(outpost, timing_rule="FREQ=DAILY;COUNT=2", locations=[first])
    path = f"/tasks/{number}/relationships/locations"

    def given(*ids: int) -> Any:
        return {"data": [{"type": "Location", "id": str(each)} for each in ids]}

    assert outpost.ask("POST", path, given(two, one)).status_code == 204
    assert outpost.get(path)["data"] == [first, {"type": "Location", "id": str(two)}]
    assert outpost.get(path)["meta"] == {"count": 2}
    missing = (404, [("/data/1", "locations.1 does not exist.")])
    assert outpost.refused("POST", path, given(three, 99)) == missing
    assert outpost.ask("DELETE", path, given(one, three, 99)).status_code == 204
    assert outpost.get(path)["data"] == given(two)["data"]
    assert outpost.ask("PATCH", path, given(three, one)).status_code == 204
    assert outpost.get(path)["data"] == given(one, three)["data"]
    related = outpost.get(f"/tasks/{number}/locations?page_size=1&fields[Location]=name&ordering=-name")
    assert [each["attributes"] for each in related["data"]] == [{"name": "c"}]
    assert related["meta"] == {"pagination": {"page": 1, "pages": 2, "count": 2}}
    assert outpost.ask("PATCH", path, given()).status_code == 204
    assert outpost.get(f"/tasks/{number}/locations")["data"] == []
    assert outpost.refused("POST", path, {"data": None})[0] == 400


def test_a_copy_and_a_history(outpost: Outpost) -> None:
    number = _task(outpost, amount=3)
    outpost.ground.wait(86_400)
    copied = outpost.ask("POST", f"/tasks/{number}/clone")
    assert (copied.status_code, copied.headers["location"]) == (201, f"{HOST}/api/v1/tasks/{number + 1}")
    assert copied.json["data"]["attributes"]["name"] == "Awful Task - Copy"
    data = {"type": "Task", "id": number, "attributes": {"status": "e"}}
    assert outpost.ask("PATCH", f"/tasks/{number}", {"data": data}).status_code == 200
    *_, last = outpost.get(f"/tasks/{number}/history")["data"]
    assert last["attributes"] == {
        "at": "2018-06-27T08:00:00Z",
        "kind": "task.changed",
        "user": ADMIN,
        "before": {"status": "d"},
        "after": {"status": "e"},
    }
    for path in (f"/tasks/{number}/history", f"/tasks/{number}/clone"):
        method = "POST" if path.endswith("clone") else "GET"
        assert outpost.refused(method, path, who=ANN)[0] == 403
        assert outpost.refused(method, path, who=STRANGER)[0] == 404


def test_a_history_speaks_as_the_document_does(outpost: Outpost) -> None:
    number, place = _task(outpost, amount=2.5), _place(outpost)
    own = {"type": "Location", "id": str(place), "meta": {"start": "07:00"}}
    changes = {"end": "2018-07-01T00:00:00Z", "estimated_time": 90, "required_expertise": 3, "locations": [own]}
    data = {"type": "Task", "id": number, "attributes": changes}
    assert outpost.ask("PATCH", f"/tasks/{number}", {"data": data}).status_code == 200
    made, paid, changed = (each["attributes"] for each in outpost.get(f"/tasks/{number}/history")["data"])
    assert made["before"] is None
    assert (made["after"]["start"], made["after"]["client"], made["after"]["estimated_time"]) == (NOW, None, None)
    assert not {"start_at", "client_id", "estimated_us", "zone", "start_given"} & made["after"].keys()
    assert (paid["kind"], paid["after"]) == ("bounty.created", {"bounty": 1, "amount": "2.50 KES"})
    assert changed["before"] == {"end": None, "estimated_time": None, "required_expertise": "1", "locations": []}
    assert changed["after"] == {
        "end": "2018-07-01T00:00:00Z",
        "estimated_time": "00:01:30",
        "required_expertise": "3",
        "locations": [{"location": place, "timing_rule": None, "start": "07:00:00", "end": None}],
    }


def test_occurrences_are_told_as_they_are_said(outpost: Outpost) -> None:
    number = _task(outpost, start=None, timing_rule="DTSTART:20180524T070000\nRRULE:FREQ=DAILY;COUNT=2")
    shown = outpost.get(f"/occurrences?task={number}&date__gte=2018-05-25")
    assert [(each["attributes"], each["relationships"]) for each in shown["data"]] == [
        (
            {
                "created": NOW,
                "date": "2018-05-25",
                "start_time": "07:00:00",
                "end_time": "23:59:59.999999",
                "time_string": "25th May 2018, 7 a.m. to 11:59 p.m.",
            },
            {"task": _one("Task", number), "location": _one("Location", None)},
        )
    ]
    data = {"type": "TaskOccurrence", "id": "1", "attributes": {}}
    assert outpost.refused("PATCH", "/occurrences/1", {"data": data})[0] == 403
    assert outpost.refused("GET", "/occurrences", who=ANN)[0] == 403
