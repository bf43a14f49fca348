"""The Atomic Operations extension: changes that are all made or none, local ids, and faults at their places."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from dialects.jsonapi.outpost import HOST, MEDIA_TYPE, Outpost
from ground import ANN, ROOT, STRANGER
from races import until_they_wait
from rota.store.port import Store, Tx
from rota.store.postgres import PostgresStore

ATOMIC = f'{MEDIA_TYPE}; ext="https://jsonapi.org/ext/atomic"'
AT = "/atomic:operations"
TASK = {"name": "t", "target_content_type": 13, "target_id": 1, "start": "2018-07-01"}


def send(outpost: Outpost, *operations: Any, **more: Any) -> Any:
    headers = {"Content-Type": ATOMIC, "Accept": ATOMIC, **more.pop("headers", {})}
    return outpost.ask("POST", "/operations", {"atomic:operations": operations}, headers=headers, **more)


def refused(outpost: Outpost, *operations: Any, **more: Any) -> tuple[int, list[tuple[str, str]]]:
    """The status, and of each error the place within the operations and the sentence."""
    answer = send(outpost, *operations, **more)
    assert answer.json.keys() == {"errors"}, answer.text
    places = [(each["source"]["pointer"].removeprefix(AT), each["detail"]) for each in answer.json["errors"]]
    return answer.status_code, places


def client(name: str, **more: Any) -> Any:
    return {"op": "add", "data": {"type": "Client", "attributes": {"name": name}, **more}}


def task(name: str, **more: Any) -> Any:
    attributes = {"name": name, "timing_rule": "FREQ=DAILY;COUNT=2", "target_content_type": 13, "target_id": 1}
    return {"op": "add", "data": {"type": "Task", "attributes": attributes, **more}}


def names(outpost: Outpost, segment: str = "clients") -> list[str]:
    return [each["attributes"]["name"] for each in outpost.get(f"/{segment}?sort=id")["data"]]


def test_a_document_of_operations_is_answered_by_one_of_results(outpost: Outpost) -> None:
    answer = send(outpost, client("Acme"), {"op": "remove", "ref": {"type": "Client", "id": "1"}}, client("Ajax"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, ATOMIC)
    times = {"created": "2018-06-26T08:00:00Z", "modified": "2018-06-26T08:00:00Z"}
    acme, ajax = (
        {
            "type": "Client",
            "id": number,
            "attributes": {"name": name, **times},
            "links": {"self": f"{HOST}/api/v1/clients/{number}"},
        }
        for number, name in (("1", "Acme"), ("2", "Ajax"))
    )
    assert answer.json == {
        "jsonapi": {"version": "1.1", "ext": ["https://jsonapi.org/ext/atomic"]},
        "atomic:results": [{"data": acme}, {}, {"data": ajax}],
    }


def test_local_ids_stand_for_what_was_made_before(outpost: Outpost) -> None:
    answer = send(
        outpost,
        client("Acme", lid="c"),
        {"op": "add", "data": {"type": "Project", "lid": "c", "attributes": {"name": "Roads"}}},
        task("Count", lid="t", relationships={"client": {"data": {"type": "Client", "lid": "c"}}}),
        {
            "op": "update",
            "ref": {"type": "Task", "lid": "t"},
            "data": {"type": "Task", "lid": "t", "attributes": {"name": "Look"}},
        },
        {
            "op": "update",
            "ref": {"type": "Task", "lid": "t", "relationship": "project"},
            "data": {"type": "Project", "lid": "c"},
        },
        task("Part", relationships={"parent": {"data": {"type": "Task", "lid": "t"}}}),
    )
    assert answer.status_code == 200, answer.text
    shown = outpost.get("/tasks?sort=id")["data"]
    assert [each["attributes"]["name"] for each in shown] == ["Look", "Part"]
    told = {name: shown[0]["relationships"][name]["data"] for name in ("client", "project")}
    assert told == {"client": {"type": "Client", "id": "1"}, "project": {"type": "Project", "id": "1"}}
    assert shown[1]["relationships"]["parent"]["data"] == {"type": "Task", "id": "1"}


def test_members_are_added_replaced_and_taken_away(outpost: Outpost) -> None:
    project = {"op": "add", "data": {"type": "Project", "lid": "p", "attributes": {"name": "Roads"}}}

    def members(op: str, *ids: str) -> Any:
        ref = {"type": "Project", "id": "1", "relationship": "tasks"}
        return {"op": op, "ref": ref, "data": [{"type": "Task", "id": each} for each in ids]}

    assert send(outpost, project, task("a"), task("b"), task("c")).status_code == 200
    answer = send(outpost, members("update", "1", "2"), members("remove", "1"), members("add", "3"))
    assert (answer.status_code, answer.content) == (204, b"")
    linkage = outpost.get("/projects/1/relationships/tasks")["data"]
    assert {each["id"] for each in linkage} == {"2", "3"}


@pytest.mark.parametrize("href", ["/api/v1/clients", "clients/", f"{HOST}/api/v1/clients"])
def test_a_collection_is_named_by_a_url(outpost: Outpost, href: str) -> None:
    assert send(outpost, {**client("Acme"), "href": href}).status_code == 200
    changed = {"type": "Client", "id": "1", "attributes": {"name": "Ajax"}}
    assert send(outpost, {"op": "update", "href": "/api/v1/clients/1", "data": changed}).status_code == 200
    assert names(outpost) == ["Ajax"]
    assert send(outpost, {"op": "remove", "href": "clients/1"}).status_code == 204


def test_what_fails_undoes_what_was_done_before(outpost: Outpost) -> None:
    kept = outpost.make("clients", "Client", name="Kept")
    nameless = {"type": "Client", "id": str(kept), "attributes": {"name": " ", "colour": "red"}}
    failing = {"op": "update", "data": nameless}
    assert refused(outpost, client("Acme"), failing, client("")) == (
        400,
        [
            ("/1/data/attributes/colour", "Client has no attribute of this name."),
            ("/1/data/attributes/name", "name may not be blank."),
        ],
    )
    assert names(outpost) == ["Kept"]


UNFIT: list[tuple[Any, int, str, str]] = [
    ([], 400, "/0", "An operation must be an object."),
    ({}, 400, "/0", "op must be one of add, update, remove."),
    ({"op": "merge"}, 400, "/0/op", "op must be one of add, update, remove."),
    ({"op": "remove"}, 400, "/0", "An operation that removes must have a ref or an href."),
    ({"op": "add"}, 400, "/0", "An operation must have a ref, an href or a resource object."),
    ({"op": "add", "data": []}, 400, "/0/data", "An operation must have a ref, an href or a resource object."),
    ({"op": "add", "data": {"type": "Cat"}}, 400, "/0/data/type", "type must be that of a resource."),
    ({"op": "update", "data": {"type": "Client"}}, 400, "/0/data", "id or lid is required."),
    (
        {"op": "remove", "ref": {"type": "Client"}, "href": "/"},
        400,
        "/0",
        "An operation has a ref or an href, not both.",
    ),
    ({"op": "remove", "ref": "Client"}, 400, "/0/ref", "A ref must be an object."),
    ({"op": "remove", "ref": {"id": "1"}}, 400, "/0/ref", "type is required."),
    ({"op": "remove", "ref": {"type": ["Client"], "id": "1"}}, 400, "/0/ref/type", "type must be that of a resource."),
    ({"op": "remove", "ref": {"type": "Client", "id": {}}}, 400, "/0/ref/id", "id must be a text."),
    ({"op": "remove", "ref": {"type": "Client", "id": "01"}}, 404, "/0/ref/id", "There is no Client of this id."),
    ({"op": "remove", "ref": {"type": "Client", "id": "9"}}, 404, "/0/ref", "There is no client 9 here."),
    (
        {"op": "remove", "ref": {"type": "Client", "lid": "x"}},
        400,
        "/0/ref/lid",
        "The lid names nothing that an operation before has made.",
    ),
    ({"op": "add", "ref": {"type": "Client", "id": "9"}, "data": {}}, 400, "/0/ref", "A record is nothing to add."),
    ({"op": "remove", "href": "clients"}, 400, "/0/href", "A collection is nothing to remove."),
    ({"op": "remove", "href": 1}, 400, "/0/href", "An href must be a text."),
    ({"op": "remove", "href": "http://[1"}, 400, "/0/href", "The href is no URL."),
    *(
        ({"op": "remove", "href": href}, 404, "/0/href", "The href leads to nothing here.")
        for href in ("http://x.org/api/v1/clients/1", "/tasks/1", "clients/x", "clients/1?a=b", "clients/1/tasks", "")
    ),
    (
        {"op": "update", "ref": {"type": "Task", "id": "1", "relationship": "x"}, "data": None},
        404,
        "/0/ref/relationship",
        "Task has no relationship of this name.",
    ),
    (
        {"op": "add", "ref": {"type": "Task", "id": "1", "relationship": "client"}, "data": None},
        403,
        "/0/ref",
        "A to-one is nothing to add.",
    ),
    (
        {"op": "update", "ref": {"type": "Task", "id": "1", "relationship": "bounty"}, "data": None},
        403,
        "/0/ref",
        "You do not have permission to perform this action.",
    ),
    ({"op": "add", "href": "clients"}, 400, "/0", "The operation must have data."),
    ({"op": "add", "href": "clients", "data": {"type": "Task"}}, 409, "/0/data/type", "The type is not Client."),
    (client("Acme", id="7"), 403, "/0/data/id", "Ids are given by the server."),
    (client("Acme", lid=7), 400, "/0/data/lid", "lid must be a text."),
]


@pytest.mark.parametrize(("operation", "status", "place", "sentence"), UNFIT)
def test_an_unfit_operation_is_told_at_its_place(
    outpost: Outpost, operation: Any, status: int, place: str, sentence: str
) -> None:
    assert refused(outpost, operation) == (status, [(place, sentence)])


def test_the_forms_of_all_operations_are_looked_at_first(outpost: Outpost) -> None:
    twice = [client("Acme", lid="a"), client("Ajax", lid="a")]
    assert refused(outpost, *twice, {"op": "x"}, 1) == (
        400,
        [
            ("/1/data/lid", "The lid names another record already."),
            ("/2/op", "op must be one of add, update, remove."),
            ("/3", "An operation must be an object."),
        ],
    )


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({}, ""),
        ({"data": []}, ""),
        ({"atomic:operations": {}}, AT),
        ({"atomic:operations": []}, AT),
        ({"atomic:operations": [client("a")] * 101}, AT),
        ({"atomic:operations": [client("a")], "data": None}, "/data"),
        ({"atomic:operations": [client("a")], "atomic:results": []}, "/atomic:results"),
    ],
)
def test_a_document_must_be_one_of_operations(outpost: Outpost, document: Any, place: str) -> None:
    status, told = outpost.refused("POST", "/operations", document, headers={"Content-Type": ATOMIC})
    assert status == 400
    assert place in [each for each, _ in told]
    assert names(outpost) == []


@pytest.mark.parametrize(
    "content_type",
    [MEDIA_TYPE, "application/json", f'{MEDIA_TYPE}; ext="https://example.org/x"', f"{ATOMIC}; charset=utf-8"],
)
def test_the_extension_must_be_named_and_no_other(outpost: Outpost, content_type: str) -> None:
    document = {"atomic:operations": [client("a")]}
    assert outpost.refused("POST", "/operations", document, headers={"Content-Type": content_type})[0] == 415


def test_the_extension_is_negotiated_where_it_is_served(outpost: Outpost) -> None:
    assert outpost.refused("GET", "/clients", headers={"Accept": ATOMIC})[0] == 406
    assert outpost.refused("POST", "/clients", {}, headers={"Content-Type": ATOMIC})[0] == 415
    other = f'{MEDIA_TYPE}; ext="https://example.org/x"'
    assert outpost.refused("POST", "/operations", {}, headers={"Content-Type": ATOMIC, "Accept": other})[0] == 406
    assert outpost.refused("GET", "/operations")[0] == 405


def test_everybody_may_do_what_they_may_do_alone(outpost: Outpost) -> None:
    outpost.make("clients", "Client", name="Acme")
    told = [("/0/data", "You do not have permission to perform this action.")]
    assert refused(outpost, client("Ajax"), who=ANN) == (403, told)
    remove = {"op": "remove", "ref": {"type": "Client", "id": "1"}}
    assert refused(outpost, remove, who=STRANGER) == (404, [("/0/ref", "There is no client 1 here.")])
    assert outpost.refused("POST", "/operations", {}, headers={"Content-Type": ATOMIC}, who=None)[0] == 401


def test_ordinary_documents_may_call_their_record_by_a_local_id(outpost: Outpost) -> None:
    made = outpost.ask("POST", "/clients", {"data": client("Acme", lid="a")["data"]})
    assert made.status_code == 201
    document = {
        "data": task("Count", lid="t", relationships={"parent": {"data": {"type": "Task", "lid": "t"}}})["data"]
    }
    assert outpost.refused("POST", "/tasks", document)[0] == 400


def test_of_two_that_wait_for_each_other_one_begins_anew(outpost: Outpost, open_store: Callable[[], Store]) -> None:
    store, ground = open_store(), outpost.ground
    if not isinstance(store, PostgresStore):
        pytest.skip("SQLite lets one write after the other")
    first, second = (ground.create("task", **TASK) for _ in range(2))
    renamed = [
        {"op": "update", "data": {"type": "Task", "id": str(each), "attributes": {"name": "renamed"}}}
        for each in (first, second)
    ]

    def lock(tx: Tx, task: int) -> None:
        tx.one("task_lock", account_id=ROOT, ids=f"[{task}]")

    with ThreadPoolExecutor(1) as pool:
        with store.write() as tx:
            # The other is the first to look why it waits, and is undone.
            tx._connection.execute("SET LOCAL deadlock_timeout = '1min'")  # type: ignore[attr-defined]
            lock(tx, second)
            answer = pool.submit(send, outpost, *renamed)
            until_they_wait(store, 1, answer)
            lock(tx, first)
        assert answer.result().status_code == 200
    assert names(outpost, "tasks") == ["renamed", "renamed"]
