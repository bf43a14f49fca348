"""Several servers of one PostgreSQL and one folder of blobs, and one address before them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from web.balancer import Balancer, balancing
from web.serving import Server


@pytest.fixture
def balancer() -> Iterator[Balancer]:
    with balancing() as made:
        yield made


@pytest.fixture
def start(tmp_path: Path, postgres_url: str) -> Iterator[Callable[..., Server]]:
    """Starts a server as another machine would: with a data folder of its own; blobs and database are shared."""
    servers: list[Server] = []

    def start_it(name: str, workers: int = 0, **settings: str) -> Server:
        shared = {"ROTA_DATABASE_URL": postgres_url, "ROTA_BLOBS_URL": f"file://{tmp_path / 'blobs'}"}
        mine = {"ROTA_NODE": name, "ROTA_ADMIN_TOKEN": "t" * 20}
        servers.append(Server(tmp_path / name, workers=workers, **{**shared, **mine, **settings}))
        return servers[-1]

    yield start_it
    for server in servers:
        server.kill()
