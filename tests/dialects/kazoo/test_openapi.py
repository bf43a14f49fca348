"""The description and the application agree: schemathesis asks the one what it finds in the other."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import falcon.testing
import pytest
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

import described
from dialects.kazoo.lab import CATALOGUE, CHILD_TOKEN, Lab, people
from rota.dialects.kazoo.openapi import document
from rota.store.blobs import LocalBlobs
from rota.store.sqlite import SqliteStore


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterable[Lab]:
    path: Path = tmp_path_factory.mktemp("openapi")
    store = SqliteStore(f"sqlite:///{path / 'rota.db'}", durable=False)
    store.migrate()
    people(store)
    yield Lab(store, LocalBlobs(path / "blobs", durable=False), [])
    store.close()


@pytest.fixture(scope="module")
def schema(shared: Lab) -> Any:
    return described.read(shared.app(), document(CATALOGUE))


_ALL = [(path, verb) for path, verbs in document(CATALOGUE)["paths"].items() for verb in verbs]


@pytest.mark.parametrize(("path", "verb"), _ALL)
def test_agrees(path: str, verb: str, schema: Any) -> None:
    def check(case: Any) -> None:
        case.call_and_validate(headers={"X-Auth-Token": CHILD_TOKEN})

    operation = schema[path][verb]
    for case in described.edges(schema, operation):
        check(case)
    described.invent(operation, check, GenerationMode.POSITIVE, 8)
    with suppress(Unsatisfiable):
        described.invent(operation, check, GenerationMode.NEGATIVE, 8)


def test_every_route_is_described(shared: Lab) -> None:
    client = falcon.testing.TestClient(shared.app())
    for path, verbs in document()["paths"].items():
        filled = path.replace("{account_id}", "b" * 32).replace("{task_id}", "f" * 30)
        allowed = client.simulate_request("TRACE", filled).headers["allow"].split(", ")
        assert {verb.lower() for verb in allowed} - {"options", "head"} == set(verbs)
