"""A page of 50 jobs out of 100 000 against one out of 100, and the SQL statements that it takes.

In one process, without a network: what is compared is the work of a page. Size: jobs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import falcon.testing
import structlog

from bench.measure import Finding, Times, at_most, brief, in_turns, scratch
from rota.actions.registry import installed
from rota.clock import new_id, now
from rota.dialects.feed import Feed
from rota.dialects.service import Service
from rota.operations import accounts, jobs
from rota.operations.jobs import Order
from rota.store.blobs import LocalBlobs
from rota.store.sqlite import SqliteStore
from rota.web.app import create

FEW = 100
PAGE = 50
RUNS = 200


@dataclass(frozen=True)
class House:
    """An account with so many jobs. `statements` are the names of all that ran."""

    client: falcon.testing.TestClient
    path: str
    token: str
    statements: list[str]

    def page(self, start_key: str | None = None) -> Any:
        query = f"page_size={PAGE}" + (f"&start_key={start_key}" if start_key else "")
        answer = self.client.simulate_get(self.path, query_string=query, headers={"X-Auth-Token": self.token})
        assert answer.status_code == 200, answer.text
        assert len(answer.json["data"]) == PAGE
        return answer.json


def measure(many: int = 100_000) -> Iterator[Finding]:
    # A line of the log per page would be measured with it.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with scratch() as folder:
        few, full = _house(folder / "few", FEW), _house(folder / "many", many)
        middle = _key_of_middle(full, many)
        pages = {"few": lambda: _page(few), "first": lambda: _page(full), "middle": lambda: _page(full, middle)}
        took = in_turns(RUNS, **pages)
        counts = {"few": _count(few), "many": _count(full)}
    yield from _findings(took, counts, many)


def _findings(took: dict[str, Times], counts: dict[str, list[str]], many: int) -> Iterator[Finding]:
    for name, times in took.items():
        print(f"   {name}: {times}")
    for name in ("first", "middle"):
        ratio = took[name].median / took["few"].median
        more = f"{brief(took[name].median)} against {brief(took['few'].median)}, medians of {RUNS}"
        yield at_most(f"{name} page of {PAGE} out of {many:,} jobs against one of {FEW}", 1.2, ratio, "x", more)
    same = counts["many"] == counts["few"]
    measured = f"{len(counts['many'])}: {', '.join(counts['many'])}"
    yield Finding(f"statements for a page out of {many:,} jobs", f"as out of {FEW}", measured, same)


def _page(house: House, start_key: str | None = None) -> None:
    house.page(start_key)


def _count(house: House) -> list[str]:
    house.statements.clear()
    house.page()
    return list(house.statements)


def _house(folder: Path, size: int) -> House:
    statements: list[str] = []
    store = SqliteStore(f"sqlite:///{folder / 'rota.db'}", observe=statements.append)
    store.migrate()
    token = new_id(32)
    with store.write() as tx:
        ids = {"account_id": new_id(32), "token_id": new_id(16)}
        accounts.found(tx, email="admin@localhost", token=token, now=now(), **ids)
        actor = accounts.superuser(tx)
        order, began = Order("skel", "id1", False, ("col1", "error"), None), now()
        for number in range(size):
            jobs.create(tx, actor, actor.account, order, None, job_id=new_id(30), now=began + number)
    service = Service(
        store=store,
        blobs=LocalBlobs(folder / "blobs"),
        catalogue=installed(),
        node="bench",
        max_upload=1 << 20,
        max_json=1 << 20,
        stop_s=1.0,
        session_s=60.0,
        feed=Feed(store, 0),
        clock=now,
        new_id=new_id,
    )
    path = f"/v2/accounts/{actor.account.id}/tasks"
    return House(falcon.testing.TestClient(create(service)), path, token, statements)  # type: ignore[arg-type]


def _key_of_middle(house: House, many: int) -> str:
    """Where a page in the middle begins: as if a client had paged its way there."""
    query = f"page_size={min(many // 2, 1000)}"
    key = None
    for _ in range(max(many // 2 // 1000, 1)):
        more = f"&start_key={key}" if key else ""
        answer = house.client.simulate_get(house.path, query_string=query + more, headers={"X-Auth-Token": house.token})
        key = answer.json["next_start_key"]
    return str(key)
