"""Clients and location types over HTTP: made, shown, listed, changed, removed; whole documents."""

from typing import Any

from dialects.jsonapi.outpost import HOST, Outpost
from ground import ANN, STRANGER

CREATED = "2018-06-26T08:00:00Z"


def _client(number: int, name: str) -> Any:
    return {
        "type": "Client",
        "id": str(number),
        "attributes": {"name": name, "created": CREATED, "modified": CREATED},
        "links": {"self": f"{HOST}/api/v1/clients/{number}"},
    }


def _written(name: str, **more: Any) -> Any:
    return {"data": {"type": "Client", "attributes": {"name": name}, **more}}


def test_a_record_is_made_shown_changed_and_removed(outpost: Outpost) -> None:
    made = outpost.ask("POST", "/clients", _written(" Acme ", id=None))
    url = f"{HOST}/api/v1/clients/1"
    document = {"jsonapi": {"version": "1.1"}, "links": {"self": url}, "data": _client(1, "Acme")}
    assert (made.status_code, made.headers["location"], made.json) == (201, url, document)
    assert outpost.get("/clients/1") == document
    changed = outpost.ask("PATCH", "/clients/1", _written("Ajax", id=1))
    assert (changed.status_code, changed.json["data"]) == (200, _client(1, "Ajax"))
    removed = outpost.ask("DELETE", "/clients/1")
    assert (removed.status_code, removed.content) == (204, b"")
    assert outpost.refused("GET", "/clients/1") == (404, [("", "There is no client 1 here.")])


def test_a_list_is_paged_and_linked(outpost: Outpost) -> None:
    for name in "abc":
        outpost.make("clients", "Client", name=name)
    url = f"{HOST}/api/v1/clients/?ordering=-name&page_size=2"
    assert outpost.get("/clients/?ordering=-name&page_size=2&page=2") == {
        "jsonapi": {"version": "1.1"},
        "links": {
            "self": f"{url}&page=2",
            "first": f"{url}&page=1",
            "last": f"{url}&page=2",
            "next": None,
            "prev": f"{url}&page=1",
        },
        "data": [{**_client(1, "a"), "links": {"self": f"{HOST}/api/v1/clients/1/"}}],
        "meta": {"pagination": {"page": 2, "pages": 2, "count": 3}},
    }


def test_an_empty_list_has_one_page(outpost: Outpost) -> None:
    document = outpost.get("/clients?page=last")
    assert (document["data"], document["meta"]) == ([], {"pagination": {"page": 1, "pages": 1, "count": 0}})


def test_members_and_strangers_see_what_is_theirs(outpost: Outpost) -> None:
    outpost.make("clients", "Client", name="Acme")
    outpost.make("locationtypes", "LocationType", name="Shop")
    told = (403, [("", "You do not have permission to perform this action.")])
    assert outpost.refused("GET", "/clients", who=ANN) == told
    assert outpost.refused("PATCH", "/locationtypes/1", b"{", who=ANN) == told
    assert outpost.get("/locationtypes/1", who=ANN)["data"]["attributes"]["name"] == "Shop"
    assert outpost.refused("GET", "/clients/1", who=STRANGER)[0] == 404
