"""The description and the application agree: schemathesis asks the one what it finds in the other."""

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, settings

from dialects.queue.counter import ADMIN, ANN, Counter
from rota.dialects.queue.openapi import document
from rota.dialects.queue.params import MOST_SECONDS, moment
from rota.store.blobs import LocalBlobs
from rota.store.sqlite import SqliteStore

_served: dict[str, Any] = {}


def _known_people() -> dict[str, Any]:
    """The description, where people are those who are there."""
    text = json.dumps(document())
    return json.loads(text.replace('{"type": "string", "format": "email"', f'{{"type": "string", "enum": ["{ANN}"]'))


def _described(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The application of the moment, and the description, which schemathesis wants before any fixture has run."""
    if environ["PATH_INFO"] == "/openapi.json":
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(_known_people()).encode()]
    return _served["app"](environ, start_response)


schema = schemathesis.openapi.from_wsgi("/openapi.json", _described)
# A stream has no end, and the name in a webhook's URL is looked up.
bounded = schema.exclude(path="/events/stream").exclude(path_regex="^/webhooks", method=["POST", "PUT"])


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterable[Counter]:
    path: Path = tmp_path_factory.mktemp("openapi")
    store = SqliteStore(f"sqlite:///{path / 'rota.db'}", durable=False)
    store.migrate()
    counter = Counter(store, LocalBlobs(path / "blobs", durable=False))
    counter.login(ADMIN, ANN)
    for _ in range(3):
        counter.add()
    counter.grab()
    yield counter
    store.close()


def _forward(asked: dict[str, Any]) -> bool:
    """No description can say that an interval must not end before it begins."""
    try:
        return moment(str(asked.get("from") or 0)) <= moment(str(asked.get("to") or MOST_SECONDS))
    except ValueError:
        return True


@bounded.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_agrees(case: Any, shared: Counter) -> None:
    assume(_forward(case.query or {}))
    _served["app"] = shared.client.app
    # Wrong passwords are among the questions, and an address that sends many of them in a minute is told to wait.
    shared.wait(60)
    case.call_and_validate(headers={"X-Auth-Token": ADMIN})


def test_every_route_is_described(shared: Counter) -> None:
    for path, verbs in document()["paths"].items():
        filled = re.sub("{.*?}", "1", path)
        allowed = shared.client.simulate_request("TRACE", filled).headers["allow"].split(", ")
        assert {verb.lower() for verb in allowed} - {"options", "head"} == set(verbs)
