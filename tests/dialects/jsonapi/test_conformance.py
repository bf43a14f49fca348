"""Every statement of JSON:API is kept by a real server, and none is forgotten."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dialects.jsonapi.conformance.peer import Peer
from dialects.jsonapi.conformance.statements import LIST, STATEMENTS, Statement, failure, listed
from web.serving import Server

SHARED = Path(__file__).parents[4] / "shared" / "contracts" / LIST.name


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    server = Server(tmp_path_factory.mktemp("conformance"), workers=0)
    with Peer(f"http://{server.host}:{server.port}", server.token) as found:
        yield found
    server.kill()


@pytest.mark.parametrize("statement", [each for each in STATEMENTS if each.checks], ids=lambda each: each.id)
def test_a_statement_is_kept(statement: Statement, peer: Peer) -> None:
    assert failure(statement, peer) is None


def test_the_table_is_the_list() -> None:
    assert [each.id for each in STATEMENTS] == [each["id"] for each in listed()]
    assert all(bool(each.checks) is not bool(each.reason) for each in STATEMENTS)


@pytest.mark.skipif(not SHARED.exists(), reason="the list that is shared is not here")
def test_the_list_is_the_one_that_is_shared() -> None:
    assert listed() == json.loads(SHARED.read_text())
