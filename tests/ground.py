"""The ground of the field: a store with an admin, members and a stranger, and a clock that tests turn by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import Any

from rota.domain.accounts import Actor, Role
from rota.domain.field.queries import Found, Query
from rota.domain.field.terms import Terms
from rota.operations import accounts
from rota.operations.field.collection import Collection
from rota.operations.field.everything import collections
from rota.store.port import Store

ROOT = "0" * 32
SECOND = 1_000_000
START = 1_530_000_000 * SECOND
"""26 June 2018, 08:00 UTC."""

TERMS = Terms(UTC, "UTC")
ADMIN, ANN, BOB = "admin@localhost", "ann@x.org", "bob@x.org"
STRANGER = "eve@elsewhere.org"


@dataclass
class Ground:
    """Ann and Bob are members beside the admin; the stranger is the admin of an account of her own."""

    store: Store
    terms: Terms = TERMS
    time: int = START
    actors: dict[str, Actor] = field(default_factory=dict)

    @classmethod
    def found(cls, store: Store, terms: Terms = TERMS) -> "Ground":
        ground = cls(store, terms)
        with store.write() as tx:
            accounts.found(tx, email=ADMIN, token="the first token", account_id=ROOT, token_id="t0", now=1)
            root = accounts.superuser(tx)
            elsewhere = accounts.add_account(tx, root, "elsewhere", None, account_id="e" * 32, now=1)
            ground.actors[ADMIN] = root
            for email in (ANN, BOB):
                ground.actors[email] = replace(root, user=accounts.add_user(tx, root, email, now=1))
            eve = accounts.add_user(tx, root, STRANGER, account_id=elsewhere.id, role=Role.ADMIN, now=1)
            ground.actors[STRANGER] = Actor(eve, elsewhere)
        return ground

    def kept(self, kind: str) -> Collection:
        return collections(self.terms)[kind]

    def create(self, kind: str, *, who: str = ADMIN, **given: Any) -> int:
        with self.store.write() as tx:
            return self.kept(kind).create(tx, self.actors[who], given, now=self.time)

    def change(self, kind: str, record_id: int, *, who: str = ADMIN, **given: Any) -> None:
        with self.store.write() as tx:
            self.kept(kind).change(tx, self.actors[who], record_id, given, now=self.time)

    def delete(self, kind: str, record_id: int, *, who: str = ADMIN) -> None:
        with self.store.write() as tx:
            self.kept(kind).delete(tx, self.actors[who], record_id, now=self.time)

    def load(self, kind: str, ids: Sequence[int], *, who: str = ADMIN) -> list[Any]:
        with self.store.read() as tx:
            return self.kept(kind).load(tx, self.actors[who], ids, now=self.time)

    def get(self, kind: str, record_id: int, *, who: str = ADMIN) -> Any:
        (value,) = self.load(kind, [record_id], who=who)
        return value

    def find(self, kind: str, query: Query | None = None, *, who: str = ADMIN) -> Found:
        with self.store.read() as tx:
            return self.kept(kind).find(tx, self.actors[who], query or Query(), now=self.time)

    def events(self, subject: str) -> list[Mapping[str, Any]]:
        with self.store.read() as tx:
            return list(tx.all("events_of_subject", subject=subject))

    def wait(self, seconds: float) -> None:
        self.time += round(seconds * SECOND)
