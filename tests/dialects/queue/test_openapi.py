"""The description and the application agree: schemathesis asks the one what it finds in the other."""

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

import described
from dialects.queue.counter import ADMIN, ANN, Counter
from rota.dialects.queue.openapi import document
from rota.dialects.queue.params import MOST_SECONDS, moment
from rota.store.blobs import LocalBlobs
from rota.store.sqlite import SqliteStore


def _known_people() -> dict[str, Any]:
    """The description, where people are those who are there."""
    text = json.dumps(document())
    return json.loads(text.replace('{"type": "string", "format": "email"', f'{{"type": "string", "enum": ["{ANN}"]'))


# A stream has no end, and the name in a webhook's URL is looked up.
_BOUNDED = [
    (path, verb)
    for path, verbs in document()["paths"].items()
    for verb in verbs
    if path != "/events/stream" and not (path.startswith("/webhooks") and verb in {"post", "put"})
]


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


def _is_forward(asked: dict[str, Any]) -> bool:
    """No description can say that an interval must not end before it begins."""
    try:
        return moment(str(asked.get("from") or 0)) <= moment(str(asked.get("to") or MOST_SECONDS))
    except ValueError:
        return True


@pytest.fixture(scope="module")
def schema(shared: Counter) -> Any:
    return described.read(shared.client.app, _known_people())


@pytest.mark.parametrize(("path", "verb"), _BOUNDED)
def test_agrees(path: str, verb: str, shared: Counter, schema: Any) -> None:
    def check(case: Any) -> None:
        # Wrong passwords are among the questions, and an address that sends many of them in a minute is told to wait.
        shared.wait(60)
        case.call_and_validate(headers={"X-Auth-Token": ADMIN})

    def check_forward(case: Any) -> None:
        assume(_is_forward(case.query or {}))
        check(case)

    operation = schema[path][verb]
    for case in described.edges(schema, operation):
        if _is_forward(case.query or {}):
            check(case)
    described.invent(operation, check_forward, GenerationMode.POSITIVE, 8)
    with suppress(Unsatisfiable):
        described.invent(operation, check_forward, GenerationMode.NEGATIVE, 8)


def test_every_route_is_described(shared: Counter) -> None:
    for path, verbs in document()["paths"].items():
        filled = re.sub("{.*?}", "1", path)
        allowed = shared.client.simulate_request("TRACE", filled).headers["allow"].split(", ")
        assert {verb.lower() for verb in allowed} - {"options", "head"} == set(verbs)
