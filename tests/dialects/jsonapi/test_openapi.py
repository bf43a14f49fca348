"""The description and the application agree: schemathesis asks the one what it finds in the other."""

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import positive_data_acceptance

from dialects.jsonapi.outpost import Outpost
from ground import ADMIN, TERMS
from rota.dialects.jsonapi import schemas
from rota.dialects.jsonapi.openapi import document
from rota.dialects.jsonapi.resources import RESOURCES
from rota.store.blobs import LocalBlobs
from rota.store.sqlite import SqliteStore

_served: dict[str, Any] = {}

_SQUARE = [[[[36.0, -1.0], [36.1, -1.0], [36.1, -0.9], [36.0, -1.0]]]]
_FIT: dict[str, st.SearchStrategy[Any]] = {
    "timing-rule": st.sampled_from(["FREQ=DAILY;COUNT=2", "RRULE:FREQ=WEEKLY;BYDAY=MO", "FREQ=MONTHLY;INTERVAL=2"]),
    "span": st.sampled_from(["PT15M", "3 2:20:10", "00:15:00", "900"]),
    "money": st.decimals("0.01", "100000", places=2).map(str),
    "moment": st.sampled_from(["2019-06-12T17:48:34+03:00", "2019-06-12", "2019-06-12T17:48:34.5Z"]),
    "clock": st.sampled_from(["7:00", "17:27:01.5"]),
    "geojson": st.just(json.dumps({"type": "Point", "coordinates": [36.8, -1.2]})),
    "json-schema": st.just('{"type": "object"}'),
    "country": st.sampled_from(["", "KE", "ke"]),
    "answers": st.just("{}"),
    "target-field": st.sampled_from(["id", "name"]),
    "e-mail": st.integers(0, 10**12).map(lambda number: f"a{number}@x.org"),
}
for name, strategy in _FIT.items():
    schemathesis.openapi.format(name, strategy)


def _sampled() -> dict[str, Any]:
    """The description, with a few of the lookups of each filter: of all of them there are hundreds."""
    found = document(TERMS)
    for name, each in found["components"]["schemas"].items():
        if name.endswith("Filter"):
            lookups = sorted(each["properties"], key=lambda lookup: (lookup.count("__"), lookup))
            each["properties"] = {lookup: each["properties"][lookup] for lookup in lookups[::9]}
    return found


def _described(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The application of the moment, and the description, which schemathesis wants before any fixture has run."""
    if environ["PATH_INFO"] == "/openapi.json":
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(_sampled()).encode()]
    return _served["app"](environ, start_response)


schema = schemathesis.openapi.from_wsgi("/openapi.json", _described)
schema.config.phases.coverage.enabled = False
schema.config.generation.allow_x00 = False

# What a schema cannot say: whether a rule, a shape or a schema of answers is sound, and whether a name is taken.
_MEANT = re.compile(r"/(tasks|locations|forms|submissions|segmentrules|users|operations)(/\{id\}(/clone)?)?$")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterable[Outpost]:
    path: Path = tmp_path_factory.mktemp("openapi")
    store = SqliteStore(f"sqlite:///{path / 'rota.db'}", durable=False)
    store.migrate()
    outpost = Outpost(store, LocalBlobs(path / "blobs", durable=False))
    outpost.make("clients", "Client", name="Acme")
    outpost.make("tasks", "Task", name="a", timing_rule="FREQ=DAILY;COUNT=3", target_content_type=13, target_id=1)
    yield outpost
    store.close()


@schema.parametrize()
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
def test_agrees(case: Any, shared: Outpost) -> None:
    # Whole numbers that no 64 bits hold are refused wherever they stand.
    assume(not re.search(r"\d{19}", repr(case.body)))
    _served["app"] = shared.client.app
    # Wrong passwords are among the questions, and an address that sends many of them in a minute is told to wait.
    shared.ground.wait(60)
    meant = case.method != "GET" and _MEANT.search(case.path)
    excluded = [positive_data_acceptance] if meant else []
    case.call_and_validate(headers={"X-Auth-Token": ADMIN}, excluded_checks=excluded)


def test_every_format_is_described() -> None:
    assert _FIT.keys() == schemas.FORMATS.keys()


@pytest.mark.parametrize("resource", RESOURCES.values(), ids=lambda resource: resource.kind)
def test_every_field_is_described(resource: Any) -> None:
    written = {each.name for each in resource.attributes if each.writable}
    assert schemas.WRITTEN.get(resource.kind, {}).keys() == written
    assert all(schemas.shown(resource.kind, each.name) is not None for each in resource.attributes if each.shown)
    assert schemas.SHOWN.get(resource.kind, {}).keys() <= {each.name for each in resource.attributes}
    assert set(schemas.REQUIRED.get(resource.kind, ())) <= written


def test_every_path_is_served(shared: Outpost) -> None:
    for path, verbs in document(TERMS)["paths"].items():
        filled = re.sub("{.*?}", "1", path)
        allowed = shared.client.simulate_request("TRACE", filled).headers["allow"].lower().split(", ")
        assert set(verbs) <= set(allowed)
