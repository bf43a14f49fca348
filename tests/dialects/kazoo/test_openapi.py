"""The description and the application agree: schemathesis asks the one what it finds in the other."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import falcon.testing
import pytest
import schemathesis
from hypothesis import HealthCheck, settings

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


_served: dict[str, Any] = {}


def _described(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The application of the moment, and the description, which schemathesis wants before any fixture has run."""
    if environ["PATH_INFO"] == "/openapi.json":
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(document(CATALOGUE)).encode()]
    return _served["app"](environ, start_response)


schema = schemathesis.openapi.from_wsgi("/openapi.json", _described)


@schema.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_agrees(case: Any, shared: Lab) -> None:
    _served["app"] = shared.app()
    case.call_and_validate(headers={"X-Auth-Token": CHILD_TOKEN})


def test_every_route_is_described(shared: Lab) -> None:
    client = falcon.testing.TestClient(shared.app())
    for path, verbs in document()["paths"].items():
        filled = path.replace("{account_id}", "b" * 32).replace("{task_id}", "f" * 30)
        allowed = client.simulate_request("TRACE", filled).headers["allow"].split(", ")
        assert {verb.lower() for verb in allowed} - {"options", "head"} == set(verbs)
