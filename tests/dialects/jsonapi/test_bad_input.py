"""Whatever is sent: an answer of the dialect below 500, and nothing that is half kept."""

from typing import Any

import pytest

from dialects.jsonapi.outpost import MEDIA_TYPE, Outpost
from rota.dialects.jsonapi.bodies import PARTS_LIMIT
from rota.dialects.jsonapi.params import MOST_CONDITIONS
from rota.dialects.jsonapi.resources import RESOURCES
from rota.domain.field.lookups import VALUES_LIMIT

JUNK: list[Any] = [
    *(None, True, 0, -1, 1.5, 2**63, 2**64 - 1, "", "01", "１", "x", "a" * 70_000, [], {}, [[]], [{}], [None]),
    *({"type": 1}, {"type": "Client"}, {"type": "Client", "id": None}, {"type": "Client", "id": {}}),
    *({"type": "Task", "id": "1", "meta": 1}, [{"type": "Location", "id": "1", "meta": {"start": 1}}], 1e308),
]
WRITTEN = [each for each in RESOURCES.values() if each.kind not in {"occurrence", "bounty", "content_type", "job"}]

BODIES = {
    "brackets": b"[" * 100_000,
    "nested": b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "objects": b'{"data":[' + b"{}," * (PARTS_LIMIT + 1) + b"{}]}",
    "nothing": b"",
    "null": b"null",
    "not UTF-8": b"\xff\xfe{}",
    "BOM": b"\xef\xbb\xbf{}",
    "twice": b'{"data":{},"data":{}}',
    "NaN": b'{"data":NaN}',
    "infinite": b'{"data":1e400}',
    "digits": b'{"data":' + b"9" * 5_000 + b"}",
    "surrogate": rb'{"data":"\ud800"}',
    "NUL": rb'{"data":"\u0000"}',
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_no_document_is_refused(outpost: Outpost, name: str) -> None:
    atomic = {"Content-Type": f'{MEDIA_TYPE}; ext="https://jsonapi.org/ext/atomic"'}
    for method, path, headers in (("POST", "/clients", {}), ("POST", "/operations", atomic)):
        status, told = outpost.refused(method, path, BODIES[name], headers=headers)
        assert (status, len(told)) == (400, 1)


@pytest.mark.parametrize("resource", WRITTEN, ids=lambda resource: resource.kind)
def test_no_field_can_be_written_so_that_the_server_fails(outpost: Outpost, resource: Any) -> None:
    outpost.make("tasks", "Task", name="a", timing_rule="FREQ=DAILY;COUNT=1", target_content_type=13, target_id=1)
    names = [each.name for each in (*resource.attributes, *resource.relationships) if each.writable]
    for name in names:
        for value in JUNK:
            for data in ({"attributes": {name: value}}, {"relationships": {name: {"data": value}}}):
                document = {"data": {"type": resource.type, **data}}
                assert outpost.ask("POST", f"/{resource.segment}", document).status_code < 500, (name, value)


PATHS = [
    *("/tasks/0", "/tasks/01", "/tasks/-1", "/tasks/1.5", f"/tasks/{2**63}", "/tasks/１", "/tasks/%00", "/tasks/%ff"),
    *("/tasks/1%2F2", "/tasks/1/relationships", "/tasks/1e3", "/nothing", "/"),
]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_that_leads_nowhere_is_404(outpost: Outpost, path: str) -> None:
    assert outpost.refused("GET", path)[0] == 404


QUERIES = [
    *("page_size=1000000000", "page=x", "include=" + ",".join(["client.x"] * 1_000), "include=" + "parent." * 100),
    *("id=１", "created__year=x", "date__range=1", "start_time__hour=", "near=nan,nan", "near=1e400,0", "near=91,0"),
    *("filter[%00]=1", "%ff=1", "search=%00", "fields[X]=a", "status=z", "created__date__gte=2018-13-45"),
]


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_that_says_nothing_is_400(outpost: Outpost, query: str) -> None:
    assert outpost.refused("GET", "/tasks", query_string=query)[0] == 400


def test_the_most_values_and_lookups_are_answered(outpost: Outpost) -> None:
    years = ",".join(map(str, range(1, VALUES_LIMIT + 1)))
    assert outpost.ask("GET", "/tasks", query_string=f"created__year={years}").status_code == 200
    assert outpost.refused("GET", "/tasks", query_string=f"created__year={years},1")[0] == 400
    lookups = "&".join(f"created__year__gt={year}" for year in range(MOST_CONDITIONS))
    assert outpost.ask("GET", "/tasks", query_string=lookups).status_code == 200
    assert outpost.refused("GET", "/tasks", query_string=f"{lookups}&id=1")[0] == 400


@pytest.mark.parametrize("page", ["99999999999999999999", "1000000000", "0", "-1"])
def test_a_page_that_cannot_be_is_404(outpost: Outpost, page: str) -> None:
    assert outpost.refused("GET", "/tasks", query_string=f"page={page}")[0] == 404


def test_a_submission_must_say_of_which_task(outpost: Outpost) -> None:
    for attributes in ({"task": None}, {}):
        document = {"data": {"type": "Submission", "attributes": attributes}}
        assert outpost.refused("POST", "/submissions", document)[0] == 400
