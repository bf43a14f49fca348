"""What each process of a server does: HTTP, runners that work chunks, a courier, a scheduler, a beacon.

Each function is the whole life of a process that the supervisor has forked, to which its ticks and its signals go.
"""

import gc
import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any

from setproctitle import setproctitle

from rota.actions.registry import installed
from rota.bootstrap import log, open_blobs, open_store, run_engine
from rota.clock import new_id, now
from rota.domain.errors import StorageFull, StoreUnavailable
from rota.domain.webhooks import Outcome
from rota.engine import ledger, lifeline
from rota.engine.beacon import Beacon
from rota.engine.courier import Courier, Office
from rota.engine.lifeline import Gate, Lifeline
from rota.engine.runner import Heart, Runner
from rota.engine.scheduler import Almanac, Scheduler
from rota.engine.work import Engine
from rota.operations.deliveries import Due
from rota.operations.nodes import Node
from rota.settings import Settings
from rota.store.port import INCOMING, Store
from rota.web import connections

STANDING_S = 2.0
"""A client that takes nothing for so long is given up while the server ends."""


def serve_http(settings: Settings, host: str, port: int, gate: Gate, line: Lifeline, *_: str | None) -> None:
    """Granian, and below it the process with the application, which answers once the gate is open."""
    gate.approach()
    # Nobody else needs them, and the supervisor has other things to do meanwhile.
    from granian import Granian
    from granian.constants import Interfaces

    line.hold()
    granian = Granian(
        "rota",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        # SQLite and the GIL let about one thread run at a time: more threads only hold slow clients and stops in wait.
        # A stream holds one for as long as it lasts, and must not take it from other requests.
        blocking_threads=settings.threads + settings.streams,
        backpressure=settings.threads * 4 + settings.streams,
        websockets=False,
        log_enabled=False,
        workers_kill_timeout=30,
        process_name="rota http",
    )
    parent = os.getpid()
    granian.serve(target_loader=lambda: _application(settings, parent, gate), wrap_loader=False)


def _application(settings: Settings, parent: int, gate: Gate) -> Any:
    """The WSGI application, in the process that Granian forks for it."""
    # Until Granian's worker has its own handlers it has its parent's, which would swallow the one SIGTERM that it gets.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    lifeline.die_with(parent)
    from rota.dialects.feed import Feed
    from rota.dialects.service import Service
    from rota.web.app import create
    from rota.web.proxies import read_networks

    store = open_store(settings)
    feed = Feed(store, settings.streams)

    lifeline.at_sigterm(lambda: _end_answers(feed))
    Thread(target=_cut_stalled, args=(settings.stall_s,), name="stalled", daemon=True).start()
    service = Service(
        store=store,
        blobs=open_blobs(settings),
        catalogue=installed(),
        node=settings.node_name,
        max_upload=settings.max_upload,
        max_json=settings.max_json,
        stop_s=settings.stop_s,
        session_s=settings.session_s,
        feed=feed,
        clock=now,
        new_id=new_id,
        slack_secret=settings.slack_signing_secret,
        slack_respond=settings.slack_respond,
        webhooks_private=settings.webhooks_private,
        terms=settings.terms,
        proxies=read_networks(settings.proxies),
    )
    application = create(service)
    gate.wait()
    return application


def _end_answers(feed: Any) -> None:
    """Granian waits for the answers that it has begun: streams have no end of their own, and whoever takes nothing of
    what was sent to them would hold up the end of the server."""
    feed.close()
    _cut_stalled(STANDING_S)


def _cut_stalled(stall_s: float) -> None:
    """Whoever takes nothing of an answer holds a thread and, while it comes from the database, a transaction."""
    taken: dict[int, int] = {}
    while True:
        taken = connections.cut_standing(taken)
        time.sleep(stall_s)


def run_runner(settings: Settings, line: Lifeline, owner: str, forerunner: str | None) -> None:
    """A runner, `owner` in the ledger."""
    setproctitle(f"rota runner {owner}")
    store = open_store(settings)
    # Before the actions are imported, which may take long: by then another runner may have taken over what the
    # forerunner held, and a row that kills would be taken for one whose runner froze, again and again.
    if forerunner:
        with store.write() as tx:
            ledger.bury(tx, forerunner, now=now())
    engine = _engine(settings, store, owner)
    runner = Runner(engine, owner)
    # Cells are many and form no cycles: collecting after every 700 of them took a tenth of a runner's time.
    gc.freeze()
    gc.set_threshold(100_000, 10, 10)
    # What the forerunner was writing when it died; everything that a living process writes is locked.
    with suppress(StorageFull, StoreUnavailable):
        engine.blobs.sweep(INCOMING)
    Heart(runner).start()
    # Apart from the heart, which waits while the database is locked: a process that waits is not frozen.
    line.hold()
    run_engine(settings, engine, runner)
    store.close()


def _engine(settings: Settings, store: Store, owner: str) -> Engine:
    options = {
        "http_call_private": settings.http_call_private,
        "http_call_rate": settings.http_call_rate,
        "terms": settings.terms,
    }
    catalogue = installed()
    priorities = {action.title: action.priority for action in catalogue}
    for name in settings.unknown(priorities):
        log.warning("settings.unknown_action", action=name)
    rules, told = settings.rules(priorities), log.bind(runner=owner)
    return Engine(store, open_blobs(settings), catalogue, now, settings.lease_s, options, told, rules)


def run_courier(settings: Settings, line: Lifeline, name: str, forerunner: str | None) -> None:
    """A courier, `name` in the queue of deliveries."""
    setproctitle(f"rota courier {name}")

    def attempt(due: Due, until: float) -> Outcome:
        # With the first one: most servers have no webhook, and this is a third of what a courier weighs.
        from rota.engine.attempt import attempt

        return attempt(due, until=until, private=settings.webhooks_private, now=now())

    store = open_store(settings)
    times = {"lease_s": settings.lease_s, "keep_s": settings.webhooks_keep_s}
    office = Office(store, name, forerunner, attempt, now, random.random, log=log.bind(courier=name), **times)
    courier = Courier(office)
    _until_drained(line, courier.drain, courier.run)
    store.close()


def run_scheduler(settings: Settings, node: Node, line: Lifeline, *_: str | None) -> None:
    """The scheduler, and the beacon of a server in a thread of it."""
    setproctitle("rota scheduler")
    store = open_store(settings)
    scheduler = Scheduler(Almanac(store, settings.terms, now, log.bind(process="scheduler")))
    Beacon(store, node, now, log.bind(process="beacon")).start()
    _until_drained(line, scheduler.drain, scheduler.run)
    store.close()


def run_beacon(settings: Settings, node: Node, line: Lifeline, *_: str | None) -> None:
    """The beacon of a worker."""
    setproctitle("rota beacon")
    store = open_store(settings)
    beacon = Beacon(store, node, now, log.bind(process="beacon"))
    _until_drained(line, beacon.drain, beacon.run)
    store.close()


def _until_drained(line: Lifeline, drain: Callable[[], None], run: Callable[[], None]) -> None:
    signal.signal(signal.SIGTERM, lambda *_: drain())
    line.hold()
    run()
