"""Webhooks of a desk, and couriers who are moved by hand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from desk import Desk
from rota.domain.accounts import Actor
from rota.domain.webhooks import Delivery, Fields, Outcome, State, Webhook
from rota.operations import deliveries, webhooks
from rota.operations.deliveries import Claim, Settlement
from rota.operations.tail import Tail, newest
from rota.store.port import Store, Tx

SECOND = 1_000_000
LEASE = 30 * SECOND
URL = "http://receiver.example/"
FINE = Outcome(200)
SECRET = "whsec_" + "A" * 43 + "="


@dataclass
class Mailroom:
    """Time is the desk's. Everything is done by its admin, unless somebody else is named."""

    desk: Desk
    made: int = 0
    actors: dict[str, Actor] = field(default_factory=dict)

    @property
    def store(self) -> Store:
        return self.desk.store

    def write(self, change: Callable[[Tx], Any]) -> Any:
        with self.store.write() as tx:
            return change(tx)

    def add(self, *kinds: str, actor: Actor | None = None, url: str = URL) -> Webhook:
        self.made += 1
        position, webhook_id = newest(self.store), f"{self.made:016x}"
        with self.store.write() as tx:
            return webhooks.add(
                tx,
                actor or self.desk.admin,
                Fields(url, kinds),
                webhook_id=webhook_id,
                secret=SECRET,
                position=position,
                now=self.desk.now(),
            )

    def get(self, webhook: Webhook) -> Webhook:
        with self.store.read() as tx:
            return webhooks.by_id(tx, self.desk.admin, webhook.id)

    def change(self, webhook: Webhook, **changes: Any) -> Webhook:
        fields = {"url": webhook.url, "kinds": webhook.kinds, "description": webhook.description, **changes}
        position = newest(self.store)
        return self._act(webhooks.update, webhook.id, Fields(**fields), position=position)

    def remove(self, webhook: Webhook) -> Webhook:
        return self._act(webhooks.delete, webhook.id)

    def test(self, webhook: Webhook) -> Delivery:
        self.made += 1
        delivery: Delivery = self._act(webhooks.test, webhook.id, test_id=f"{self.made:x}")
        return delivery

    def retry(self, delivery: Delivery) -> Delivery:
        queued: Delivery = self._act(webhooks.retry, delivery.webhook_id, delivery.message_id)
        return queued

    def deliveries(self, webhook: Webhook, state: State | None = None) -> list[Delivery]:
        """The oldest first."""
        with self.store.read() as tx:
            return webhooks.deliveries(tx, self.desk.admin, webhook.id, state=state, limit=1_000)[::-1]

    def kinds(self, webhook: Webhook) -> list[str]:
        return [each.kind for each in self.deliveries(webhook)]

    def hand_out(self) -> int:
        """Write the deliveries of all events that there are; how many."""
        with self.store.read() as tx:
            position = deliveries.begin(tx)
        if position is None:
            return 0
        tail = Tail(self.store, position)
        told = tail.next()
        if not told:
            return 0
        written: int | None = self.write(
            lambda tx: deliveries.hand_out(tx, told, position=position, now=self.desk.now())
        )
        return written or 0

    def claim(self, courier: str = "one", *, slots: int = 100, busy: Sequence[str] = ()) -> list[Claim]:
        """What a courier gets who has nothing in hand."""
        now = self.desk.now()
        with self.store.read() as tx:
            found = deliveries.due(tx, busy, now=now)
        chosen = deliveries.choose(found, [], slots)
        claims: list[Claim] = self.write(
            lambda tx: deliveries.claim(tx, chosen, courier, lease_until=now + LEASE, now=now)
        )
        return claims

    def settle(self, claim: Claim, outcome: Outcome, jitter: float = 0.5) -> bool:
        """Whether it counted."""
        settlement = Settlement(claim, outcome, self.desk.now(), jitter)
        return bool(self.write(lambda tx: deliveries.settle(tx, [settlement])))

    def attempt(self, outcome: Outcome) -> int:
        """Make all that is due; how many attempts that were."""
        claims = self.claim()
        for claim in claims:
            assert self.settle(claim, outcome)
        return len(claims)

    def _act(self, verb: Callable[..., Any], *args: Any, **named: Any) -> Any:
        with self.store.write() as tx:
            return verb(tx, self.desk.admin, *args, now=self.desk.now(), **named)
