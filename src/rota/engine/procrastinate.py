"""The engine of several machines: Procrastinate wakes a runner that has nothing to do and hands it a ticket.

A runner is one process with one of Procrastinate's workers, which works one ticket at a time in a thread. The main
thread has the worker's event loop, which listens for tickets, says that the worker lives, and looks after the tickets
of all. Nothing that goes wrong in it touches the chunk in hand: the worker is made anew for as long as it takes.
"""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import procrastinate

from rota.domain.errors import StorageFull, StoreUnavailable
from rota.engine import tickets
from rota.engine.runner import Runner
from rota.engine.work import Engine

HEARTBEAT_S = 2.0
SILENT_S = 15.0
"""A worker without a heartbeat for so long is forgotten, and its ticket with it. Its chunk does not wait for that: the
lease runs out by itself."""

MEND_S = 2.0
POLL_S = 2.0
"""Between two looks for tickets, should no notification come."""

RETRY_S = 1.0


class TicketedRunner:
    """`url` and `link` are how Procrastinate reaches the database: with connections of its own."""

    def __init__(self, runner: Runner, engine: Engine, url: str, link: Mapping[str, Any]) -> None:
        self._runner, self._engine = runner, engine
        self._url, self._link = url, link
        self._draining = asyncio.Event()
        self._attending: asyncio.Task[None] | None = None

    def run(self) -> None:
        """Work until SIGTERM."""
        logging.getLogger("procrastinate").addHandler(_Relay(self._engine.log))
        logging.getLogger("procrastinate").setLevel(logging.ERROR)
        asyncio.run(self._run())

    def drain(self) -> None:
        """Settle the rows in hand, then return from `run`. In the thread of the event loop."""
        self._runner.drain()
        if self._attending and not self._draining.is_set():
            # Procrastinate takes this as the request to take no more tickets, and to wait for the one in hand; a second
            # one it would not wait for.
            self._attending.cancel()
        self._draining.set()

    async def _run(self) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.drain)
        mending = asyncio.create_task(self._repeat(self._mend, MEND_S))
        await self._repeat(self._attend, RETRY_S)
        await mending

    async def _repeat(self, act: Callable[[], Awaitable[None]], pause_s: float) -> None:
        """Until drained, whatever comes."""
        while not self._draining.is_set():
            try:
                await act()
            except Exception as error:
                self._engine.log.warning("engine.interrupted", reason=type(error).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._draining.wait(), pause_s)

    async def _attend(self) -> None:
        """Be a worker of Procrastinate until drained. Raises what goes wrong, the database's absence above all."""
        async with self._app().open_async() as app:
            if self._draining.is_set():
                return
            self._attending = asyncio.create_task(
                app.run_worker_async(
                    queues=[tickets.QUEUE],
                    concurrency=1,
                    install_signal_handlers=False,
                    delete_jobs="always",
                    fetch_job_polling_interval=POLL_S,
                    # Stops are told by the ledger, to the runner's heart.
                    abort_job_polling_interval=3600.0,
                    update_heartbeat_interval=HEARTBEAT_S,
                    stalled_worker_timeout=SILENT_S,
                )
            )
            with suppress(asyncio.CancelledError):
                await self._attending

    def _app(self) -> procrastinate.App:
        connector = procrastinate.PsycopgConnector(
            conninfo=self._url,
            kwargs=dict(self._link),
            min_size=1,
            max_size=2,
            timeout=10.0,
        )
        app = procrastinate.App(connector=connector)
        app.task(name=tickets.TASK, queue=tickets.QUEUE)(self._use)
        return app

    def _use(self) -> None:
        """Use a ticket: work while anything waits, then tear up the tickets that are left over from it."""
        self._runner.work_off()
        with suppress(StorageFull, StoreUnavailable):
            tickets.tear_up(self._engine.store, self._engine.rules, self._engine.clock)

    async def _mend(self) -> None:
        await asyncio.to_thread(self._mend_once)

    def _mend_once(self) -> None:
        self._runner.sweep()
        engine = self._engine
        with engine.store.write() as tx:
            missing = tickets.mend(tx, engine.rules, silent_s=SILENT_S, now=engine.clock())
        if missing:
            engine.log.debug("tickets.mended", missing=missing)


class _Relay(logging.Handler):
    """What Procrastinate logs, as a line of rota's."""

    def __init__(self, log: Any) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.warning("procrastinate", text=record.getMessage().splitlines()[0])
