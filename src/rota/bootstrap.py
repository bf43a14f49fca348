"""Puts a server together: the only file that names a database, a blob store, an engine and the settings.

Which processes it has is in group.py, and what each of them does in processes.py.
"""

import signal
import sys
from pathlib import Path
from typing import Any

import structlog

from rota import folder
from rota.clock import new_id, new_token, now
from rota.operations import nodes
from rota.operations.nodes import Node
from rota.settings import BadSettings, Settings
from rota.store.port import Blobs, Store
from rota.store.whole import Whole

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
    """Run the runner by the engine of the settings, until SIGTERM."""
    if settings.engine == "procrastinate":
        from rota.engine.procrastinate import TicketedRunner
        from rota.store.postgres import LINK

        return TicketedRunner(runner, engine, settings.database, LINK).run()
    signal.signal(signal.SIGTERM, lambda *_: runner.drain())
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
