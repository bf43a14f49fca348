"""Puts a server together: the only file that names a database, a blob store, an engine and the settings.

What each of its processes does is in processes.py.
"""

import os
import signal
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import structlog

from rota import __version__, folder
from rota.clock import new_id, new_token, now
from rota.domain.errors import StorageFull, StoreUnavailable
from rota.operations import nodes
from rota.operations.nodes import Node
from rota.settings import BadSettings, Settings
from rota.store.port import Blobs, Store
from rota.store.whole import Whole
from rota.web import address

log = structlog.get_logger()

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


def run_engine(settings: Settings, engine: Any, runner: Any) -> None:
    """Run the runner by the engine of the settings, until SIGTERM or SIGINT."""
    if settings.engine == "procrastinate":
        from rota.engine.procrastinate import TicketedRunner
        from rota.store.postgres import LINK

        return TicketedRunner(runner, engine, settings.database, LINK).run()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: runner.drain())
    return runner.run()  # type: ignore[no-any-return]


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
