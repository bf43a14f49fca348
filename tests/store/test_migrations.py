"""The schema: applied once, in order, from several processes at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from rota.store.port import Store


def test_a_second_migration_applies_nothing(store: Store) -> None:
    assert store.migrate() == []


def test_migrating_at_once_applies_each_migration_once(open_store: Callable[[], Store]) -> None:
    stores = [open_store() for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        applied = sorted(name for names in pool.map(lambda each: each.migrate(), stores) for name in names)
    assert applied == ["0001_accounts", "0002_jobs", "0003_inventory", "0004_desk", "0006_webhooks"]
    stores[0].check()
