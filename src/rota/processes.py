"""What each process of a server does: HTTP, runners that work chunks, a courier, a scheduler, a beacon.

`main` is called by process.py, under a supervisor that ticks and signals go to.
"""

import gc
import random
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from threading import Thread
from typing import Any

import structlog

from rota.bootstrap import configure_log, open_blobs, open_store, run_engine
from rota.clock import new_id, now
from rota.domain.errors import StorageFull, StoreUnavailable
from rota.engine import lifeline
from rota.settings import read_settings
from rota.store.port import INCOMING
from rota.web import connections

log = structlog.get_logger()

STANDING_S = 2.0
"""A client that takes nothing for so long is given up while the server ends."""


def application() -> Any:
    """The WSGI application, in the process that Granian starts for it."""
    # Until Granian's worker has its own handlers it has its parent's, which would swallow the one SIGTERM that it gets.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    from rota.actions.registry import installed
    from rota.dialects.feed import Feed
    from rota.dialects.service import Service
    from rota.web.app import create
    from rota.web.proxies import read_networks

    settings = read_settings()
    configure_log(settings)
    lifeline.die_with_parent()
    store = open_store(settings)
    feed = Feed(store, settings.streams)

    lifeline.at_signal(lambda: _end_answers(feed))
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
    return create(service)


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


def _serve_http(host: str, port: int) -> None:
    from granian import Granian
    from granian.constants import Interfaces

    settings = read_settings()
    lifeline.hold()
    lifeline.raise_children()
    Granian(
        "rota.processes:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=1,
        # SQLite and the GIL let about one thread run at a time: more threads only hold slow clients and stops in wait.
        # A stream holds one for as long as it lasts, and must not take it from other requests.
        blocking_threads=settings.threads + settings.streams,
        backpressure=settings.threads * 4 + settings.streams,
        websockets=False,
        log_enabled=False,
        workers_kill_timeout=30,
    ).serve()


def _run_runner(owner: str, forerunner: str | None) -> None:
    from rota.engine import ledger

    settings = read_settings()
    configure_log(settings)
    store = open_store(settings)
    # Before the actions are imported, which takes most of a second: by then another runner may have taken over what the
    # forerunner held, and a row that kills would be taken for one whose runner froze, again and again.
    if forerunner:
        with store.write() as tx:
            ledger.bury(tx, forerunner, now=now())

    from rota.actions.registry import installed
    from rota.engine.runner import Heart, Runner
    from rota.engine.work import Engine

    options = {
        "http_call_private": settings.http_call_private,
        "http_call_rate": settings.http_call_rate,
        "terms": settings.terms,
    }
    catalogue = installed()
    priorities = {action.title: action.priority for action in catalogue}
    for name in settings.unknown(priorities):
        log.warning("settings.unknown_action", action=name)
    rules, given = settings.rules(priorities), log.bind(runner=owner)
    engine = Engine(store, open_blobs(settings), catalogue, now, settings.lease_s, options, given, rules)
    runner = Runner(engine, owner)
    # Cells are many and form no cycles: collecting after every 700 of them took a tenth of a runner's time.
    gc.freeze()
    gc.set_threshold(100_000, 10, 10)
    # What the forerunner was writing when it died; everything that a living process writes is locked.
    with suppress(StorageFull, StoreUnavailable):
        engine.blobs.sweep(INCOMING)
    Heart(runner).start()
    # Apart from the heart, which waits while the database is locked: a process that waits is not frozen.
    lifeline.hold()
    run_engine(settings, engine, runner)
    store.close()


def _run_courier(name: str, forerunner: str | None) -> None:
    from rota.domain.webhooks import Outcome
    from rota.engine.courier import Courier, Office
    from rota.operations.deliveries import Due

    settings = read_settings()
    configure_log(settings)

    def attempt(due: Due, until: float) -> Outcome:
        # With the first one: most servers have no webhook, and this is a third of what a courier weighs.
        from rota.engine.attempt import attempt

        return attempt(due, until=until, private=settings.webhooks_private, now=now())

    store = open_store(settings)
    times = {"lease_s": settings.lease_s, "keep_s": settings.webhooks_keep_s}
    office = Office(store, name, forerunner, attempt, now, random.random, log=log.bind(courier=name), **times)
    courier = Courier(office)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: courier.drain())
    lifeline.hold()
    courier.run()
    store.close()


def _run_scheduler(node: str, _: str | None) -> None:
    from rota.engine.beacon import Beacon
    from rota.engine.scheduler import Almanac, Scheduler

    settings = read_settings()
    configure_log(settings)
    store = open_store(settings)
    scheduler = Scheduler(Almanac(store, settings.terms, now, log.bind(process="scheduler")))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: scheduler.drain())
    lifeline.hold()
    Beacon(store, node, now, log.bind(process="beacon")).start()
    scheduler.run()
    store.close()


def _run_beacon(node: str, _: str | None) -> None:
    from rota.engine.beacon import Beacon

    settings = read_settings()
    configure_log(settings)
    store = open_store(settings)
    beacon = Beacon(store, node, now, log.bind(process="beacon"))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: beacon.drain())
    lifeline.hold()
    beacon.run()
    store.close()


def main(words: Sequence[str]) -> None:
    """`words` are the kind of the process and two arguments of its own."""
    if words[0] == "http":
        _serve_http(words[1], int(words[2]))
    else:
        {"runner": _run_runner, "courier": _run_courier, "scheduler": _run_scheduler, "beacon": _run_beacon}[words[0]](
            words[1], words[2] or None
        )
