"""A desk in a store: workers of one account, items in the queue, and a clock that tests turn by hand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rota.domain.accounts import Actor
from rota.domain.items import Item, Line, Status
from rota.operations import accounts, items, log, shifts
from rota.store.port import Store, Tx

ROOT = "0" * 32
SECOND = 1_000_000
START = 1_700_000_000 * SECOND


def query(tx: Tx, sql: str) -> list[dict[str, Any]]:
    """Rows of a statement that only tests ask for."""
    return list(tx._connection.execute(sql))  # type: ignore[attr-defined]


@dataclass
class Desk:
    """`time` is microseconds; it moves by one at every look."""

    store: Store
    time: int = START
    made: int = 0
    actors: dict[str, Actor] = field(default_factory=dict)

    @classmethod
    def found(cls, store: Store, *workers: str) -> "Desk":
        desk = cls(store)
        with store.write() as tx:
            ids = {"account_id": ROOT, "token_id": "t0"}
            accounts.found(tx, email="admin@localhost", token="the first token", now=desk.now(), **ids)
            desk.actors["admin@localhost"] = accounts.superuser(tx)
        for email in workers:
            desk.hire(email)
        return desk

    def now(self) -> int:
        self.time += 1
        return self.time

    @property
    def admin(self) -> Actor:
        return self.actors["admin@localhost"]

    def hire(self, email: str, *, on_shift: bool = True) -> Actor:
        with self.store.write() as tx:
            user = accounts.add_user(tx, self.admin, email, now=self.now())
        self.actors[email] = replace(self.admin, user=user)
        if on_shift:
            self.login(email)
        return self.actors[email]

    def login(self, email: str, by: str | None = None) -> str:
        """The token of the shift."""
        self.made += 1
        token = f"token {self.made}"
        with self.store.write() as tx:
            actor = self.actors[by or email]
            shifts.login(tx, actor, email, token=token, token_id=f"s{self.made}", now=self.now())
        return token

    def act(self, verb: Callable[..., Any], email: str, *args: Any, **named: Any) -> Any:
        """What an operation that writes answers to a user."""
        with self.store.write() as tx:
            return verb(tx, self.actors[email], *args, now=self.now(), **named)

    def add(self, title: str = "a title", by: str = "admin@localhost", **given: Any) -> Item:
        item: Item = self.act(items.add, by, {"title": title, **given})
        return item

    def get(self, item_id: int) -> Item:
        with self.store.read() as tx:
            return items.by_id(tx, self.admin, item_id)

    def status(self, item: Item) -> Status:
        return self.get(item.id).status

    def lines(self, **narrowed: Any) -> list[Line]:
        with self.store.read() as tx:
            return log.recent(tx, self.admin, limit=1_000, **narrowed)

    def kinds(self, **narrowed: Any) -> list[str]:
        return [line.kind for line in self.lines(**narrowed)]

    def check(self) -> None:
        """What must hold at any time, whatever has happened."""
        now = self.now()
        with self.store.read() as tx:
            for row in query(tx, "SELECT id FROM items"):
                check_item(tx, items.by_id(tx, self.admin, row["id"]), now)
            twice = "SELECT holder_id FROM items WHERE status = 'active' GROUP BY holder_id HAVING count(*) > 1"
            assert query(tx, twice) == []


_COUNTED: Mapping[str, str] = {"queued": "queued_us", "active": "worked_us", "suspended": "suspended_us"}


def check_item(tx: Tx, item: Item, now: int) -> None:
    """Its times add up, and are those of its phases, which adjoin."""
    times = item.times_at(now)
    assert times.total_us == item.elapsed_us(now) == times.since - item.created_at
    if item.status not in {Status.COMPLETED, Status.DELETED}:
        assert times.since == now
    at = item.created_at
    for phase in query(tx, f"SELECT * FROM item_phases WHERE item_id = {item.id} ORDER BY ended_at, started_at"):
        assert phase["started_at"] == at
        at = phase["ended_at"]
    assert at == item.times.since
    kinds = [line.kind for line in log.recent(tx, _any_actor(tx), item_id=item.id, limit=1_000)]
    moves = [kind for kind in kinds if kind not in {"item.added", "item.updated"}]
    (phases,) = query(tx, f"SELECT count(*) AS n FROM item_phases WHERE item_id = {item.id}")
    assert len(moves) == phases["n"]


def _any_actor(tx: Tx) -> Actor:
    return accounts.superuser(tx)
