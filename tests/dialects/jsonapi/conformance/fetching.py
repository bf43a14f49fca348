"""Checks of what is read: negotiation, URLs, inclusion, sparse fieldsets, sorting, pages, queries."""

from typing import Any

from dialects.jsonapi.conformance.documents import primary, walk
from dialects.jsonapi.conformance.peer import MEDIA_TYPE, Peer, expect, fresh, linkage_url, url_of

PARAMETERS = ("charset=utf-8", "version=1", 'ext="https://example.org/none"')


def refuses_parameters(peer: Peer) -> None:
    data = {"data": {"type": "Client", "attributes": {"name": fresh("client")}}}
    for each in PARAMETERS:
        expect(peer.ask("POST", "/clients", data, Content_Type=f"{MEDIA_TYPE}; {each}"), 415)


def refuses_to_answer_with_parameters(peer: Peer) -> None:
    for each in PARAMETERS:
        expect(peer.ask("GET", "/clients", Accept=f"{MEDIA_TYPE}; {each}"), 406)
    expect(peer.ask("GET", "/clients", Accept=f"{MEDIA_TYPE}; version=1, {MEDIA_TYPE}"), 200)


def self_links_lead_to_their_resource(peer: Peer) -> None:
    world = peer.world
    for each in (world.client, world.project, world.place, world.task, world.form, world.submission):
        found = peer.get(url_of(each))["data"]
        assert (found["type"], found["id"]) == (each["type"], each["id"])


def all_links_can_be_fetched(peer: Peer) -> None:
    links = set()
    for _, document in peer.documents:
        for each in walk(document):
            links |= {link for link in each.get("links", {}).values() if link}
    for link in sorted(links):
        expect(peer.ask("GET", link), 200)


def related_links_are_valid_and_stay(peer: Peer) -> None:
    task = peer.task()
    before = peer.get(linkage_url(task, "client"))["links"]["related"]
    assert peer.get(before)["data"] is None
    client = peer.client()
    expect(peer.change(task, client={"type": "Client", "id": client["id"]}), 200)
    assert peer.get(linkage_url(task, "client"))["links"]["related"] == before
    assert peer.get(before)["data"]["id"] == client["id"]
    expect(peer.change(task, client=None), 200)


def collections_are_answered(peer: Peer) -> None:
    expect(peer.ask("GET", url_of(peer.world.client)), 200)
    document = expect(peer.ask("GET", "/clients"), 200).json()
    assert all(each.keys() >= {"type", "id", "attributes"} for each in document["data"])
    assert peer.get("/clients?filter[name]=of+nobody")["data"] == []


def single_resources_are_answered(peer: Peer) -> None:
    assert isinstance(peer.get(url_of(peer.world.task))["data"], dict)
    assert peer.get(url_of(peer.world.bare, "client"))["data"] is None


def what_is_not_there_is_404(peer: Peer) -> None:
    for path in ("/tasks/999999999999", "/tasks/x", "/tasks/0", "/nothing", "/tasks/999999999999/client"):
        expect(peer.ask("GET", path), 404)
    told = peer.get("/tasks/999999999999", 404)["errors"][0]
    assert told["status"] == "404"
    assert told["detail"]


def follows_http(peer: Peer) -> None:
    url = url_of(peer.world.client)
    head, got = peer.ask("HEAD", url), peer.ask("GET", url)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == got.headers["content-type"]
    assert "accept" in got.headers["vary"].lower()
    refused = expect(peer.ask("PUT", url, {"data": None}), 405)
    assert {"GET", "PATCH", "DELETE"} <= set(refused.headers["allow"].split(", "))
    assert "www-authenticate" in expect(peer.ask("GET", url, X_Auth_Token="no token at all"), 401).headers


def relationships_can_be_fetched(peer: Peer) -> None:
    for record in (peer.world.task, peer.world.bare):
        for name, each in peer.get(url_of(record))["data"]["relationships"].items():
            document = peer.get(linkage_url(record, name))
            assert document["data"] == each["data"]
            assert document["links"].keys() >= {"self", "related"}


def empty_relationships_are_answered(peer: Peer) -> None:
    assert peer.get(linkage_url(peer.world.bare, "client"))["data"] is None
    assert peer.get(linkage_url(peer.world.bare, "locations"))["data"] == []


def unknown_relationships_are_404(peer: Peer) -> None:
    expect(peer.ask("GET", linkage_url(peer.world.task, "nothing")), 404)
    expect(peer.ask("GET", "/tasks/999999999999/relationships/client"), 404)


def relationships_have_pages(peer: Peer) -> None:
    document = peer.get(linkage_url(peer.world.project, "tasks") + "?page_size=1")
    assert document["links"].keys() >= {"first", "last", "next", "prev"}
    assert document["meta"]["count"] == 1


def includes_what_is_asked(peer: Peer) -> None:
    world = peer.world
    url = url_of(world.task)
    assert "included" not in peer.get(url)
    found = peer.get(f"{url}?include=client,parent")["included"]
    assert {(each["type"], each["id"]) for each in found} == {
        ("Client", world.client["id"]),
        ("Task", world.parent["id"]),
    }
    deeper = peer.get(f"{url}?include=locations.location_type")["included"]
    assert {each["type"] for each in deeper} == {"Location", "LocationType"}


def refuses_unknown_paths(peer: Peer) -> None:
    for path in ("nothing", "client.nothing", "name", "client,", "client..", ".", "parent.client.x"):
        error = expect(peer.ask("GET", f"/tasks?include={path}"), 400).json()["errors"][0]
        assert error["source"] == {"parameter": "include"}


def shows_only_fields_that_are_asked(peer: Peer) -> None:
    url = url_of(peer.world.task)
    found = peer.get(f"{url}?fields[Task]=name,client&include=client&fields[Client]=name")
    assert found["data"]["attributes"].keys() == {"name"}
    assert found["data"]["relationships"].keys() == {"client"}
    assert [each["attributes"].keys() for each in found["included"]] == [{"name"}]
    bare = peer.get(f"{url}?fields[Task]=")["data"]
    assert not bare.keys() & {"attributes", "relationships"}


def _named(peer: Peer, order: str) -> list[str]:
    word = fresh("sorted").replace(" ", "")
    for letter in "bca":
        peer.client(f"{word} {letter}")
    found = peer.get(f"/clients?search={word}&sort={order}")["data"]
    return [each["attributes"]["name"][-1] for each in found]


def sorts(peer: Peer) -> None:
    assert _named(peer, "name") == ["a", "b", "c"]
    assert _named(peer, "-name") == ["c", "b", "a"]
    assert _named(peer, "id") == ["b", "c", "a"]


def sorts_by_several_fields(peer: Peer) -> None:
    assert _named(peer, "name,-id") == ["a", "b", "c"]
    assert _named(peer, "-id,name") == ["a", "c", "b"]


def sorts_by_default(peer: Peer) -> None:
    first, again = peer.get("/tasks"), peer.get("/tasks")
    assert first["data"] == again["data"]


def refuses_unknown_orders(peer: Peer) -> None:
    for order in ("nothing", "name,nothing", "--name", "client.name"):
        error = expect(peer.ask("GET", f"/clients?sort={order}"), 400).json()["errors"][0]
        assert error["source"] == {"parameter": "sort"}


def pages(peer: Peer) -> None:
    """Pages follow one another in the order of the list, and none of their records comes twice."""
    word = fresh("paged").replace(" ", "")
    made = [peer.client(f"{word} {number}")["id"] for number in range(5)]
    url: Any = f"/clients?search={word}&sort=-id&page[size]=2"
    found, first = [], True
    while url:
        document = peer.get(url)
        links = document["links"]
        assert {"first", "last", "next", "prev"} <= links.keys()
        assert (links["prev"] is None) is first
        found += [each["id"] for each in primary(document)]
        url, first = links["next"], False
    assert found == list(reversed(made))
    assert document["meta"]["pagination"] == {"page": 3, "pages": 3, "count": 5}
    assert [each["id"] for each in primary(peer.get(links["first"]))] == found[:2]
    assert [each["id"] for each in primary(peer.get(links["last"]))] == found[4:]


def filters(peer: Peer) -> None:
    client = peer.client()
    found = peer.get(f"/clients?filter[id]={client['id']}")["data"]
    assert [each["id"] for each in found] == [client["id"]]


def refuses_unknown_parameters(peer: Peer) -> None:
    for name in ("nothing", "a", "Include", "camelCase", "page[nothing]", "filter[nothing]", "fields", "filter"):
        error = expect(peer.ask("GET", f"/clients?{name}=1"), 400).json()["errors"][0]
        assert error["source"] == {"parameter": name}


def tells_several_problems(peer: Peer) -> None:
    errors = expect(peer.ask("GET", "/tasks?include=x&sort=y&page=z"), 400).json()["errors"]
    assert {error["source"]["parameter"] for error in errors} == {"include", "sort", "page"}


OWN_PARAMETERS = ("page_size", "eligible_for")


def own_parameters_are_known_by_their_names(peer: Peer) -> None:
    """Names with another character than small letters, which the specification leaves to servers. `ordering`, `search`
    and `near` are older than that rule, and keep their names for those who know them."""
    expect(peer.ask("GET", "/tasks?page_size=1&eligible_for=me"), 200)
    assert all("_" in name for name in OWN_PARAMETERS)
