"""Checks of what is written: resources that are made, changed and removed, and their relationships."""

from typing import Any

from dialects.jsonapi.conformance.peer import Peer, expect, fresh, linkage_url, linked, url_of


def _client(**more: Any) -> Any:
    return {"type": "Client", "attributes": {"name": fresh("client")}, **more}


def ignores_unknown_members(peer: Peer) -> None:
    data = _client(unknown=1, links={"self": "x"}, meta={"a": [1]})
    answer = expect(peer.ask("POST", "/clients", {"data": data, "unknown": {}, "meta": {}, "jsonapi": {"x": 1}}), 201)
    peer.made.append(answer.json()["data"]["links"]["self"])
    assert "unknown" not in answer.json()["data"]
    client = {"data": {"type": "Client", "id": peer.world.client["id"], "unknown": 1}, "unknown": 1}
    expect(peer.ask("PATCH", linkage_url(peer.task(), "client"), client), 204)


def ignores_at_members(peer: Peer) -> None:
    data = {
        "@context": 1,
        "type": "Client",
        "attributes": {"@type": "x", "name": fresh("client")},
        "relationships": {"@r": 1},
    }
    found = peer.create("clients", data).json()["data"]
    expect(peer.ask("PATCH", url_of(found), {"@c": 1, "data": {**data, "id": found["id"]}}), 200)
    task = peer.task()
    meta = {"@note": "x"}
    place = {"@a": 1, **linked("Location", peer.world.place["id"])[0], "meta": meta}
    expect(peer.ask("PATCH", linkage_url(task, "locations"), {"data": [place], "@b": 2}), 204)
    assert "meta" not in peer.get(linkage_url(task, "locations"))["data"][0]


def names_are_case_sensitive(peer: Peer) -> None:
    expect(peer.ask("POST", "/clients", {"Data": _client()}), 400)
    expect(peer.ask("POST", "/clients", {"data": {"type": "Client", "attributes": {"Name": "x"}}}), 400)
    expect(peer.ask("GET", "/clients?Sort=name"), 400)


def refuses_other_roots(peer: Peer) -> None:
    for body in (b"[]", b"null", b'"x"', b"1", b"", b"{", b"\xff"):
        expect(peer.ask("POST", "/clients", body), 400)


def refuses_other_attributes(peer: Peer) -> None:
    for attributes in ([], "x", None, 1):
        expect(peer.ask("POST", "/clients", {"data": {"type": "Client", "attributes": attributes}}), 400)


def creates(peer: Peer) -> None:
    answer = peer.create("clients", _client())
    found = answer.json()["data"]
    assert answer.headers["location"] == found["links"]["self"]
    assert peer.get(answer.headers["location"])["data"] == found


def wants_a_single_resource(peer: Peer) -> None:
    for document in ({}, {"data": None}, {"data": [_client()]}, {"data": "x"}, {"meta": {}}):
        expect(peer.ask("POST", "/clients", document), 400)
        expect(peer.ask("PATCH", url_of(peer.world.client), document), 400)


def wants_a_type(peer: Peer) -> None:
    expect(peer.ask("POST", "/clients", {"data": {"attributes": {"name": "x"}}}), 400)
    expect(peer.ask("POST", "/clients", {"data": _client(type=1)}), 400)


def wants_relationship_objects(peer: Peer) -> None:
    task = peer.world.bare
    for given in (None, [], "1", {}, {"meta": {}}, {"links": {}}):
        data = {"type": "Task", "id": task["id"], "relationships": {"client": given}}
        expect(peer.ask("PATCH", url_of(task), {"data": data}), 400)
        data = {"type": "Task", "attributes": {"name": "x"}, "relationships": {"client": given}}
        expect(peer.ask("POST", "/tasks", {"data": data}), 400)


def refuses_ids_of_clients(peer: Peer) -> None:
    """Whether there is such a record or not."""
    for given in ("123e4567-e89b-12d3-a456-426655440000", peer.world.client["id"]):
        expect(peer.ask("POST", "/clients", {"data": _client(id=given)}), 403)


def refuses_other_types(peer: Peer) -> None:
    error = expect(peer.ask("POST", "/clients", {"data": _client(type="Task")}), 409).json()["errors"][0]
    assert error["source"] == {"pointer": "/data/type"}
    assert error["detail"]


def refuses_what_is_not_made_by_clients(peer: Peer) -> None:
    expect(peer.ask("POST", "/contenttypes", {"data": {"type": "ContentType", "attributes": {}}}), 403)
    data = {"type": "ContentType", "id": "13", "attributes": {}}
    expect(peer.ask("PATCH", "/contenttypes/13", {"data": data}), 403)


def is_all_or_nothing(peer: Peer) -> None:
    """Of a good name and a bad target neither is kept."""
    task = peer.task()
    before = peer.get(url_of(task))["data"]
    expect(peer.change(task, {"name": "other", "total_submission_target": -1}), 400)
    expect(peer.change(task, {"name": "other"}, client={"type": "Client", "id": "999999999999"}), 404)
    assert peer.get(url_of(task))["data"] == before


def knows_no_missing_relations(peer: Peer) -> None:
    """What a request refers to, and what it aims at, must be there."""
    missing = {"type": "Client", "id": "999999999999"}
    expect(peer.change(peer.world.bare, client=missing), 404)
    target = linked("ContentType", "13")[0]
    attributes = {"name": fresh("task"), "timing_rule": "FREQ=DAILY;COUNT=1", "target_id": int(peer.person["id"])}
    relations = {"client": {"data": missing}, "target_content_type": {"data": target}}
    data = {"type": "Task", "attributes": attributes, "relationships": relations}
    answer = expect(peer.ask("POST", "/tasks", {"data": data}), 404)
    assert answer.json()["errors"][0]["source"]["pointer"].startswith("/data/relationships/client")


def changes(peer: Peer) -> None:
    """The answer is what a GET gives; what was not sent stays."""
    task = peer.task(description="as it was", client=linked("Client", peer.world.client["id"])[0])
    answer = expect(peer.change(task, {"name": "another"}), 200)
    found = answer.json()["data"]
    assert found == peer.get(url_of(task))["data"]
    kept = {name: value for name, value in task["attributes"].items() if name not in {"name", "modified"}}
    assert kept.items() <= found["attributes"].items()
    assert found["attributes"]["name"] == "another"
    assert found["relationships"] == task["relationships"]


def changes_relationships_with_their_resource(peer: Peer) -> None:
    task = peer.task(client=linked("Client", peer.world.client["id"])[0])
    place = linked("Location", peer.world.place["id"])
    found = expect(peer.change(task, locations=place), 200).json()["data"]["relationships"]
    assert found["locations"]["data"] == place
    assert found["client"]["data"]["id"] == peer.world.client["id"]
    assert expect(peer.change(task, locations=[]), 200).json()["data"]["relationships"]["locations"]["data"] == []


def wants_type_and_id(peer: Peer) -> None:
    client = peer.client()
    for data in (
        {"id": client["id"]},
        {"type": "Client"},
        {"type": "Client", "id": None},
        {"type": "Client", "id": []},
    ):
        expect(peer.ask("PATCH", url_of(client), {"data": {**data, "attributes": {"name": "x"}}}), 400)


def wants_the_same_type_and_id(peer: Peer) -> None:
    client = peer.client()
    for data in ({"type": "Task", "id": client["id"]}, {"type": "Client", "id": "1" + client["id"]}):
        error = expect(peer.ask("PATCH", url_of(client), {"data": data}), 409).json()["errors"][0]
        assert error["source"]["pointer"] in {"/data/type", "/data/id"}
        assert error["detail"]


def changes_nothing_that_is_not_there(peer: Peer) -> None:
    data = {"type": "Client", "id": "999999999999", "attributes": {"name": "x"}}
    expect(peer.ask("PATCH", "/clients/999999999999", {"data": data}), 404)


def removes(peer: Peer) -> None:
    client = peer.client()
    answer = expect(peer.ask("DELETE", url_of(client)), 204)
    assert answer.content == b""
    expect(peer.ask("GET", url_of(client)), 404)
    expect(peer.ask("DELETE", url_of(client)), 404)


def tells_why_it_cannot_remove(peer: Peer) -> None:
    error = expect(peer.ask("DELETE", url_of(peer.world.task)), 409).json()["errors"][0]
    assert error["detail"]


def changes_to_one_relationships(peer: Peer) -> None:
    task, client = peer.task(), linked("Client", peer.world.client["id"])[0]
    url = linkage_url(task, "client")
    for data in (client, client, None, client):
        answer = expect(peer.ask("PATCH", url, {"data": data}), 204)
        assert answer.content == b""
        assert peer.get(url)["data"] == data
    for data in ("1", [client], {"type": "Client"}, {"id": "1"}, {"type": "Task", "id": "1"}):
        expect(peer.ask("PATCH", url, {"data": data}), 400)
    expect(peer.ask("PATCH", url, {}), 400)
    expect(peer.ask("PATCH", url, {"data": {"type": "Client", "id": "999999999999"}}), 404)
    assert peer.get(url)["data"] == client


def _members(peer: Peer) -> tuple[str, list[Any]]:
    """A project's relationship, and tasks that may be its members."""
    project = peer.make("projects", "Project", {"name": fresh("project")})
    return linkage_url(project, "tasks"), linked("Task", *(peer.task()["id"] for _ in range(3)))


def _ids(peer: Peer, url: str) -> set[str]:
    return {each["id"] for each in peer.get(url)["data"]}


def replaces_members(peer: Peer) -> None:
    url, (one, two, three) = _members(peer)
    expect(peer.ask("PATCH", url, {"data": [one, two]}), 204)
    expect(peer.ask("PATCH", url, {"data": [three]}), 204)
    assert _ids(peer, url) == {three["id"]}
    expect(peer.ask("PATCH", url, {"data": [one, {"type": "Task", "id": "999999999999"}]}), 404)
    assert _ids(peer, url) == {three["id"]}
    expect(peer.ask("PATCH", url, {"data": []}), 204)
    assert _ids(peer, url) == set()


def adds_members(peer: Peer) -> None:
    """None twice."""
    url, (one, two, three) = _members(peer)
    for data in ([one], [one, two], [], [two, two, three]):
        expect(peer.ask("POST", url, {"data": data}), 204)
    found = peer.get(url)
    assert sorted(each["id"] for each in found["data"]) == sorted(each["id"] for each in (one, two, three))
    assert found["meta"]["count"] == 3


def takes_members_away(peer: Peer) -> None:
    """Who is no member is not missed."""
    url, (one, two, three) = _members(peer)
    expect(peer.ask("PATCH", url, {"data": [one, two]}), 204)
    for data in ([one, three], [one], []):
        expect(peer.ask("DELETE", url, {"data": data}), 204)
    assert _ids(peer, url) == {two["id"]}


def wants_members(peer: Peer) -> None:
    url, (one, *_) = _members(peer)
    for method in ("PATCH", "POST", "DELETE"):
        for document in ({}, {"data": None}, {"data": one}, {"data": ["1"]}, {"data": [{"type": "Task"}]}):
            expect(peer.ask(method, url, document), 400)


def refuses_relationships_that_cannot_be_written(peer: Peer) -> None:
    for name in ("created_by", "bounty"):
        expect(peer.ask("PATCH", linkage_url(peer.world.task, name), {"data": None}), 403)


def answers_at_once(peer: Peer) -> None:
    """Nothing is left for later: what is answered is done, and no 202 is needed."""
    client = peer.create("clients", _client()).json()["data"]
    assert (
        expect(peer.change(client, {"name": fresh("client")}), 200).json()["data"] == peer.get(url_of(client))["data"]
    )
    url = linkage_url(peer.world.bare, "client")
    expect(peer.ask("PATCH", url, {"data": linked("Client", client["id"])[0]}), 204)
    assert peer.get(url)["data"]["id"] == client["id"]
    expect(peer.ask("PATCH", url, {"data": None}), 204)
    expect(peer.ask("DELETE", url_of(client)), 204)
    expect(peer.ask("GET", url_of(client)), 404)
