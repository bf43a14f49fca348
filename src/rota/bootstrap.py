"""Puts a server together: the only file that names a database, a blob store, an engine and the settings.

`main` is what the processes of a server run: see process.py.
"""

import gc
import os
import random
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from threading import Thread
from typing import Any

import structlog

from rota import __version__, folder
from rota.clock import new_id, new_token, now
from rota.domain.errors import StorageFull, StoreUnavailable
from rota.engine import lifeline
from rota.operations import nodes
from rota.operations.nodes import Node
from rota.settings import BadSettings, Settings, read_settings
from rota.store.port import INCOMING, Blobs, Store
from rota.store.whole import Whole
from rota.web import address, connections

log = structlog.get_logger()

STANDING_S = 2.0
"""A client that takes nothing for so long is given up while the server ends."""

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def open_store(settings: Settings, **options: Any) -> Store:
    """The database of the settings. The driver of the other one is never imported."""
    durable = settings.durability == "full"
    if settings.database.startswith("sqlite:"):
        from rota.store.sqlite import SqliteStore

        return SqliteStore(settings.database, durable=durable, busy_s=settings.busy_s, **options)
    from rota.store.postgres import PostgresStore

    return PostgresStore(
        settings.database,
        durable=durable,
        busy_s=settings.busy_s,
        statement_s=settings.statement_s,
        connections=settings.threads + 4,
        tickets=settings.engine == "procrastinate",
        **options,
    )


def open_whole(url: str) -> Whole:
    """The database of the URL, to be read and replaced as a whole."""
    if url.startswith("sqlite:"):
        from rota.store.whole_sqlite import SqliteWhole

        return SqliteWhole(url)
    from rota.store.whole_postgres import PostgresWhole

    return PostgresWhole(url)


def open_blobs(settings: Settings) -> Blobs:
    """The blobs of the settings. What object storage takes to import is not paid for a folder."""
    scheme, _, rest = settings.blobs.partition("://")
    if scheme == "file":
        from rota.store.blobs import LocalBlobs

        return LocalBlobs(Path(rest), durable=settings.durability == "full", shared=settings.shares_blobs)
    from rota.store.objects import open_objects

    return open_objects(settings.blobs, largest=settings.max_upload)


def migrate(settings: Settings, node: Node | None = None, *, after: bool = False) -> list[str]:
    """Bring the schema up to date, found the root account, let the weights of urgency hold; the ids of the migrations
    that were applied. `node` is who starts; `after` also takes away what older ones need. Raises UnfitSchema."""
    from rota.operations import urgency
    from rota.operations.field import bounties

    settings.data.mkdir(parents=True, exist_ok=True)
    if folder.RestoreMark(settings.data).read():
        raise BadSettings(
            f"A restore into {settings.data} was interrupted: run `rota restore` again. To go on without what "
            f"it was to bring back, remove {settings.data / 'restoring'}."
        )
    store = open_store(settings)
    gate = (lambda: nodes.refuse_if_older(store, now=now())) if after else None
    # While nobody else migrates: whoever takes something away next sees the node, or the node sees that it is gone.
    enter = (lambda: nodes.enter(store, node, now=now())) if node else None
    applied = [*store.migrate(gate, enter), *_engage(settings)]
    _found(settings, store)
    urgency.adopt(store, settings.weights)
    with store.read() as tx:
        _keep_currency(settings, bounties.currency(tx))
    store.close()
    return applied


def _engage(settings: Settings) -> list[str]:
    """Let the database know its engine; the ids of the migrations that were applied."""
    if settings.database.startswith("sqlite:"):
        return []
    from rota.store import tickets
    from rota.store.postgres import PostgresStore

    store = PostgresStore(settings.database, tickets=True)
    engage = {"procrastinate": tickets.begin, "embedded": tickets.end}[settings.engine]
    applied: list[str] = engage(store)
    store.close()
    return applied


def serve(settings: Settings, *, host: str, port: int, workers: int) -> int:
    """Serve until SIGTERM or SIGINT; the exit code. Prints one line when it is ready."""
    configure_log(settings)
    try:
        port = address.free_port(host, port)
    except OSError as error:
        print(f"rota: cannot listen on {address.url(host, port)}: {error.strerror}", file=sys.stderr)
        return 1
    settings.data.mkdir(parents=True, exist_ok=True)
    with folder.sole_server(settings.data) as sole:
        supervisor = _supervisor(settings)
        # First, because it takes longest: it imports while the database is brought up to date.
        supervisor.start("http", lambda *_: _command("http", host, str(port)))
        node = _node(settings, "server")
        try:
            migrate(settings, node)
            _check_blobs(settings)
            if sole:
                _recover(settings)
        except BaseException:
            supervisor.kill()
            raise
        # Their imports would take the cores from the HTTP process: that one is waited for.
        owners = _owners(settings, sole=sole)
        _add_runners(supervisor, owners, workers, patience_s=2.0)
        supervisor.add(
            f"{owners}courier",
            lambda name, forerunner: _command("courier", name, forerunner or ""),
            patience_s=2.0,
        )
        supervisor.add("scheduler", lambda *_: _command("scheduler", node.written(), ""), patience_s=2.0)
        code: int = supervisor.run(
            ready=lambda: address.answers(host, port),
            announce=lambda: print(f"rota: listening on {address.url(host, port)}", flush=True),
        )
        nodes.leave(open_store(settings), node)
        return code


def worker(settings: Settings, *, workers: int) -> int:
    """Run engine processes only, until SIGTERM or SIGINT; the exit code."""
    configure_log(settings)
    node = _node(settings, "worker")
    migrate(settings, node)
    _check_blobs(settings)
    supervisor = _supervisor(settings)
    _add_runners(supervisor, _owners(settings, sole=False), workers, patience_s=0.0)
    supervisor.add("beacon", lambda *_: _command("beacon", node.written(), ""), patience_s=0.0)
    code: int = supervisor.run(ready=lambda: True, announce=lambda: None)
    nodes.leave(open_store(settings), node)
    return code


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


def configure_log(settings: Settings) -> None:
    """Structured lines on stderr: readable on a terminal, JSON elsewhere."""
    renderer: Any = structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[settings.log_level]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )


def _serve_http(host: str, port: int) -> None:
    from granian import Granian
    from granian.constants import Interfaces

    settings = read_settings()
    lifeline.hold()
    lifeline.raise_children()
    Granian(
        "rota.bootstrap:application",
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
    _run_until_drained(settings, engine, runner)
    store.close()


def _run_until_drained(settings: Settings, engine: Any, runner: Any) -> None:
    if settings.engine == "procrastinate":
        from rota.engine.procrastinate import TicketedRunner
        from rota.store.postgres import LINK

        return TicketedRunner(runner, engine, settings.database, LINK).run()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: runner.drain())
    return runner.run()  # type: ignore[no-any-return]


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


def _node(settings: Settings, kind: str) -> Node:
    return Node(new_id(16), settings.node_name, kind, __version__, open_store(settings).knows(), started_at=now())


def _supervisor(settings: Settings) -> Any:
    from rota.engine.embedded import Supervisor

    return Supervisor(_environ(settings), log, freeze_s=settings.lease_s + 2)


def _add_runners(supervisor: Any, owners: str, workers: int, *, patience_s: float) -> None:
    for number in range(workers):
        supervisor.add(
            f"{owners}{number}",
            lambda owner, forerunner: _command("runner", owner, forerunner or ""),
            patience_s=patience_s,
        )


def _command(*words: str) -> list[str]:
    from rota.engine.embedded import module_command

    return module_command("rota.process", *words)


def _environ(settings: Settings) -> dict[str, str]:
    """The environment that gives a child these very settings."""
    chosen = {choice.name: getattr(settings, choice.name) for choice in fields(settings)}
    words = {f"ROTA_{name.upper()}": str(value) for name, value in chosen.items() if value != ""}
    return {**os.environ, **words, "ROTA_DATA": str(settings.data.absolute())}


def _found(settings: Settings, store: Store) -> None:
    """Found the root account on the first start; its superuser's token is in a file before it works anywhere."""
    from rota.operations import accounts

    token = settings.admin_token or new_token()
    with store.write() as tx:
        if accounts.found(
            tx, email=settings.admin_email, token=token, account_id=new_id(32), token_id=new_id(16), now=now()
        ):
            folder.write_admin_token(settings.data, token)
        elif settings.admin_token:
            accounts.ensure_token(tx, email=settings.admin_email, token=token, token_id=new_id(16), now=now())


def _keep_currency(settings: Settings, kept: str | None) -> None:
    """Amounts that were promised in one currency are none of another. Raises BadSettings."""
    if kept not in {None, settings.currency}:
        raise BadSettings(f"ROTA_CURRENCY is {settings.currency!r}, but the bounties of this database are in {kept}.")


def _recover(settings: Settings) -> None:
    """Nobody else serves this folder: what its earlier runners and its courier held is free, with no lease to wait
    for."""
    from rota.engine import ledger
    from rota.operations import deliveries, sweeps

    store, owners = open_store(settings), _owners(settings, sole=True)
    with store.write() as tx:
        ledger.recover(tx, owners, now=now())
        deliveries.free(tx, owners, now=now())
    if not settings.shares_blobs:
        # Else nobody can be seen to have died, and there may be much to look through: runners do so as they go.
        sweeps.remove_orphans(store, open_blobs(settings))
    store.close()


def _check_blobs(settings: Settings) -> None:
    """Raises BadSettings when no blob can be written, or when others' are there. A full disk is no fault of the
    settings, and may end."""
    from rota.operations import seal

    store, blobs = open_store(settings), open_blobs(settings)
    try:
        blobs.check()
        seal.put(store, blobs)
    except StoreUnavailable as trouble:
        raise BadSettings(f"ROTA_BLOBS_URL is {settings.blobs!r}, which cannot be used: {trouble}.") from None
    except StorageFull:
        log.warning("blobs.full")
    finally:
        store.close()


def _owners(settings: Settings, *, sole: bool) -> str:
    """How the names of this process's runners and its courier begin, in a database that other machines and `rota
    worker` may share.

    Only those of a sole server may be freed by the next one.
    """
    return f"{folder.server_id(settings.data)}.{'sole' if sole else 'more'}."


def main(words: Sequence[str]) -> None:
    if words[0] == "http":
        _serve_http(words[1], int(words[2]))
    else:
        {"runner": _run_runner, "courier": _run_courier, "scheduler": _run_scheduler, "beacon": _run_beacon}[words[0]](
            words[1], words[2] or None
        )
