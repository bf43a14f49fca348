"""The description and the application agree: schemathesis asks the one what it finds in the other."""

import json
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from falcon.inspect import RouteInfo, inspect_routes
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

import described
from dialects.jsonapi.outpost import Outpost
from ground import ADMIN, ANN, TERMS
from rota.dialects.jsonapi import schemas
from rota.dialects.jsonapi.answers import ROOT
from rota.dialects.jsonapi.exports import FORMATS as EXPORTS
from rota.dialects.jsonapi.openapi import document
from rota.dialects.jsonapi.resources import RESOURCES
from rota.dialects.jsonapi.uploads import UPLOADS
from rota.store.blobs import LocalBlobs
from rota.store.sqlite import SqliteStore

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


_ALL = [(path, verb) for path, verbs in document(TERMS)["paths"].items() for verb in verbs]
_ONE = re.compile(
    r"/(clients(/{id})?|tasks/{id}/(relationships/)?project|projects/{id}/(relationships/)?tasks|operations)$"
)
_ONE_OF_EACH = [(path, verb) for path, verb in _ALL if _ONE.search(path)]
"""What stands for all others: one resource, one relationship of each number, and what there is only once."""

# What a schema cannot say: whether a rule, a shape or a schema of answers is sound, whether a name is taken, whether a
# parent would be its own, and whether what is written of a record fits the rest of it.
_MEANT = re.compile(
    r"/(tasks|locations|forms|submissions|segmentrules|users|operations)"
    r"(/\{id\}(/clone|/relationships/(parent|target_content_type))?)?$"
)


def _sampled(paths: Collection[str]) -> dict[str, Any]:
    """The description of these paths, with a few of the lookups of each filter: of all of them there are hundreds."""
    found = document(TERMS)
    found["paths"] = {path: found["paths"][path] for path in paths}
    # Spreadsheets cannot be made up.
    for verb in found["paths"].get(f"{ROOT}/forms", {}).values():
        for media in UPLOADS:
            verb.get("requestBody", {"content": {}})["content"].pop(media, None)
    for name, each in found["components"]["schemas"].items():
        if name.endswith("Filter"):
            lookups = sorted(each["properties"], key=lambda lookup: (lookup.count("__"), lookup))
            each["properties"] = {lookup: each["properties"][lookup] for lookup in lookups[::9]}
    return found


def _schema(outpost: Outpost, paths: Collection[str]) -> Any:
    """What schemathesis knows of these paths."""
    schema = described.read(outpost.client.app, _sampled(paths))
    schema.config.generation.allow_x00 = False
    return schema


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterable[Outpost]:
    path: Path = tmp_path_factory.mktemp("openapi")
    store = SqliteStore(f"sqlite:///{path / 'rota.db'}", durable=False)
    store.migrate()
    outpost = Outpost(store, LocalBlobs(path / "blobs", durable=False))
    outpost.make("clients", "Client", name="Acme")
    outpost.make("projects", "Project", name="North")
    outpost.make("tasks", "Task", name="a", timing_rule="FREQ=DAILY;COUNT=3", target_content_type=13, target_id=1)
    yield outpost
    store.close()


@pytest.fixture(scope="module")
def one_of_each(shared: Outpost) -> Any:
    return _schema(shared, {path for path, _ in _ONE_OF_EACH})


def _agrees(case: Any, outpost: Outpost) -> None:
    # Wrong passwords are among the questions, and an address that sends many of them in a minute is told to wait.
    outpost.ground.wait(60)
    meant = case.method != "GET" and _MEANT.search(case.path)
    excluded = [positive_data_acceptance] if meant else []
    # What stands among the attributes is not looked at where the relationships say it, too.
    excluded += [negative_data_rejection] if re.search("/projects(/{id})?$", case.path) else []
    case.call_and_validate(headers={"X-Auth-Token": ADMIN}, excluded_checks=excluded)


def _invented(operation: Any, outpost: Outpost, mode: GenerationMode, examples: int) -> None:
    """Questions that are as described, or that are not."""

    def check(case: Any) -> None:
        # Whole numbers that no 64 bits hold are refused wherever they stand.
        assume(not re.search(r"\d{19}", repr(case.body)))
        _agrees(case, outpost)

    described.invent(operation, check, mode, examples)


@pytest.mark.parametrize(("path", "verb"), _ONE_OF_EACH)
def test_one_of_each_agrees(path: str, verb: str, shared: Outpost, one_of_each: Any) -> None:
    _invented(one_of_each[path][verb], shared, GenerationMode.POSITIVE, 4)


@pytest.mark.soak
@pytest.mark.parametrize(("path", "verb"), _ALL)
def test_all_agree(path: str, verb: str, shared: Outpost) -> None:
    schema = _schema(shared, [path])
    operation, modes = schema[path][verb], list(GenerationMode)
    wrong: list[Exception] = []
    for case in described.edges(schema, operation):
        try:
            _agrees(case, shared)
        except FailureGroup as failed:
            wrong += failed.exceptions
    for mode in modes:
        try:
            _invented(operation, shared, mode, 30)
        except FailureGroup as failed:
            wrong += failed.exceptions
        except Unsatisfiable:
            pass
    # One of each kind: of the same there may be hundreds.
    kinds = {(type(each), str(each)[:200]): each for each in wrong}
    assert not kinds, "\n\n".join(map(str, kinds.values()))


def test_every_format_is_described() -> None:
    assert _FIT.keys() == schemas.FORMATS.keys()


@pytest.mark.parametrize("resource", RESOURCES.values(), ids=lambda resource: resource.kind)
def test_every_field_is_described(resource: Any) -> None:
    written = {each.name for each in resource.attributes if each.writable}
    assert schemas.WRITTEN.get(resource.kind, {}).keys() == written
    assert all(schemas.shown(resource.kind, each.name) is not None for each in resource.attributes if each.shown)
    assert schemas.SHOWN.get(resource.kind, {}).keys() <= {each.name for each in resource.attributes}
    assert set(schemas.REQUIRED.get(resource.kind, ())) <= written


def _paths(route: RouteInfo) -> Iterable[str]:
    """As the description has them: it names every relationship."""
    path = route.path.replace("{record_id}", "{id}")
    segment = path.split("/")[3]
    of_it = next((each.relationships for each in RESOURCES.values() if each.segment == segment), ())
    return [path.replace("{name}", each.name) for each in of_it] if "{name}" in path else [path]


def test_what_is_served_is_what_is_described(shared: Outpost) -> None:
    def allowed(path: str) -> set[str]:
        asked = {"Host": "rota.test", "X-Auth-Token": ANN}
        answer = shared.client.simulate_options(path.replace("{id}", "1"), headers=asked)
        return {verb.lower() for verb in answer.headers["allow"].split(", ")} - {"options"}

    paths = [path for route in inspect_routes(shared.client.app) for path in _paths(route)]
    served = {path: allowed(path) for path in paths}
    assert served == {path: set(verbs) for path, verbs in document(TERMS)["paths"].items()}


def test_exports_are_described_in_all_formats() -> None:
    described = document(TERMS)["paths"]["/api/v1/exports/submissions"]["get"]["responses"]["200"]["content"]
    assert list(described) == [media.partition(";")[0] for media, _ in EXPORTS.values()]
