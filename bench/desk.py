"""The desk: grabbing, peeking and adding with a long queue against a short one, and sums over a long past.

Size: items in the long queue.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from bench.measure import Finding, Unmeasured, at_most, brief, in_turns, scratch, timed
from bench.postgres import postgres
from rota.domain.accounts import Actor
from rota.operations import accounts, holding, item_batches, items, shifts, stats
from rota.store.port import Store, Tx
from rota.store.postgres import PostgresStore
from rota.store.sqlite import SqliteStore

SHORT = 1_000
RUNS = 200
PAST = 200_000
"""Completed items, each with five events and four phases."""
USERS = 50
STEP = 10_000_000
NOW = 4 * PAST * STEP


def measure(long: int = 100_000) -> Iterator[Finding]:
    for name, open_store in _stores().items():
        with ExitStack() as stack:
            try:
                store = open_store(stack)
            except Unmeasured as lack:
                yield Finding(f"the desk on {name}", "", f"NOT MEASURED: {lack}", None)
                continue
            yield from _queue(name, store, long)
            yield from _past(name, store)


def _stores() -> dict[str, Callable[[ExitStack], Store]]:
    def sqlite(stack: ExitStack) -> Store:
        return _opened(stack, SqliteStore(f"sqlite:///{stack.enter_context(scratch()) / 'rota.db'}"))

    def server(stack: ExitStack) -> Store:
        return _opened(stack, PostgresStore(stack.enter_context(postgres())))

    return {"SQLite": sqlite, "PostgreSQL": server}


def _opened(stack: ExitStack, store: Store) -> Store:
    stack.callback(store.close)
    store.migrate()
    with store.write() as tx:
        accounts.found(tx, email="a@localhost", token="t" * 20, account_id="0" * 32, token_id="t", now=1)
        actor = accounts.superuser(tx)
        for number in range(USERS):
            accounts.add_user(tx, actor, f"{number}@example.org", now=1)
        shifts.login(tx, actor, token="shift", token_id="shift", now=1)
    return store


def _queue(name: str, store: Store, long: int) -> Iterator[Finding]:
    with store.read() as tx:
        actor = accounts.superuser(tx)
    # A queue each, of two accounts in one database: what else the machine does meets both alike.
    queues = {"short": actor, "long": _second(store, actor)}
    for actor_of, size in ((queues["short"], SHORT), (queues["long"], long)):
        _fill(store, actor_of, size)
    _analyze(store)
    for what, work in (("grab", _grab), ("peek", _peek), ("add", _add)):
        works = {each: lambda who=who, work=work: work(store, who) for each, who in queues.items()}
        took = in_turns(RUNS, **works)
        short, much = took["short"].median, took["long"].median
        more = f"{brief(much)} with {long:,} items, {brief(short)} with {SHORT:,}"
        yield at_most(f"{what} on {name}, a long queue against a short one", 1.5, much / short, "x", more)


def _second(store: Store, actor: Actor) -> Actor:
    with store.write() as tx:
        account = accounts.add_account(tx, actor, "second", None, account_id="1" * 32, now=1)
        user = accounts.add_user(tx, actor, "second@example.org", account_id=account.id, now=1)
        second = replace(actor, user=user, account=account)
        shifts.login(tx, second, token="second", token_id="second", now=1)
        return second


def _fill(store: Store, actor: Actor, size: int) -> None:
    for start in range(0, size, SHORT):
        given = [{"title": f"{n}", "priority": n % 10, "tags": "a b"} for n in range(start, start + SHORT)]
        with store.write() as tx:
            item_batches.add_all(tx, actor, given, now=NOW + start)


def _grab(store: Store, actor: Actor) -> float:
    """Seconds of the grab; the item then goes, so that the next finds another."""
    turns = []

    def grab() -> None:
        with store.write() as tx:
            turns.append(holding.grab(tx, actor, now=2 * NOW))

    seconds = timed(grab)
    with store.write() as tx:
        holding.complete(tx, actor, turns[0].item.id, now=2 * NOW + 1)
    return seconds


def _peek(store: Store, actor: Actor) -> None:
    with store.write() as tx:
        items.available(tx, actor, 10, now=2 * NOW)


def _add(store: Store, actor: Actor) -> None:
    with store.write() as tx:
        items.add(tx, actor, {"title": "one more", "priority": -1}, now=2 * NOW)


def _past(name: str, store: Store) -> Iterator[Finding]:
    with store.write() as tx:
        _live(tx, store)
    _analyze(store)
    with store.read() as tx:
        actor = accounts.superuser(tx)
    sums: dict[str, Callable[[Tx], Any]] = {
        "workers": lambda tx: stats.workers(tx, actor, now=NOW),
        "owners": lambda tx: stats.owners(tx, actor, now=NOW),
        "items": lambda tx: stats.items(tx, actor, now=NOW),
        "waiting times": lambda tx: stats.waiting(tx, actor, STEP, now=NOW),
        "items by status": lambda tx: stats.by_status(tx, actor),
        "one day of workers": lambda tx: stats.workers(tx, actor, since=PAST * STEP - 86_400_000_000, now=NOW),
    }

    def run(work: Callable[[Tx], Any]) -> None:
        with store.read() as tx:
            work(tx)

    took = in_turns(3, **{what: lambda work=work: run(work) for what, work in sums.items()})
    for what, times in took.items():
        yield at_most(f"sums of {what} on {name} over {5 * PAST:,} events", 1.0, times.median, "s")


def _live(tx: Tx, store: Store) -> None:
    """Items that lived long ago: queued, active, suspended, active, completed."""
    sqlite = isinstance(store, SqliteStore)
    series = (
        f"(WITH RECURSIVE n (k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < {PAST}) SELECT k FROM n)"
        if sqlite
        else f"generate_series(1, {PAST})"
    )
    source, root = f"FROM {series} AS s{'' if sqlite else ' (k)'}", "'" + "0" * 32 + "'"
    person = f"2 + k % {USERS}"
    begun, ended = f"CAST(k AS bigint) * {STEP}", f"CAST(k AS bigint) * {STEP} + 4000"
    run = tx._connection.execute  # type: ignore[attr-defined]
    if not sqlite:
        run("SET LOCAL session_replication_role = replica")
    run(
        "INSERT INTO items (id, account_id, title, description, instructions, deadline, dated, estimate_us, priority,"
        " tags, properties, blocks, owner_id, creator_id, created_at, modified_at, status, holder_id, grabbed_at,"
        " completed_at, completion, since, queued_us, worked_us, suspended_us, generation, score)"
        f" SELECT 1000000 + k, {root}, 'x', '', '', 1, FALSE, 1, 0, '', '{{}}', 0, {person}, 1, {begun}, {ended},"
        f" 'completed', 2 + (k / 7) % {USERS}, {begun}, {ended}, 'success', {ended}, 1000, 2000, 1000, 0, k {source}"
    )
    stages = (("queued", "grab"), ("active", "suspend"), ("suspended", "activate"), ("active", "complete-success"))
    for at, (status, verb) in enumerate(stages):
        run(
            "INSERT INTO item_phases (item_id, account_id, owner_id, user_id, status, started_at, ended_at, verb)"
            f" SELECT 1000000 + k, {root}, {person}, 2 + (k / 7) % {USERS}, '{status}', {begun} + {at * 1000},"
            f" {begun} + {at * 1000 + 1000}, '{verb}' {source}"
        )
    for kind in ("item.added", "item.grabbed", "item.suspended", "item.activated", "item.succeeded"):
        run(
            "INSERT INTO events (at, kind, account_id, subject, user_id, facts)"
            f" SELECT {begun}, '{kind}', {root}, 'item:' || (1000000 + k), 2 + (k / 7) % {USERS}, '{{}}' {source}"
        )
    run(f"INSERT INTO shifts (user_id, started_at, ended_at) SELECT {person}, {begun}, {ended} {source}")


def _analyze(store: Store) -> None:
    """What autovacuum does on a server by itself; SQLite plans without statistics."""
    if isinstance(store, PostgresStore):
        import psycopg

        with psycopg.connect(store.url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
