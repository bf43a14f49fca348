"""A peer: jobs of Procrastinate that do nothing. Runs in the peers' own environment, without rota.

`fill` makes the tables and the jobs; `work` is a worker process, which fetches one job at a time, as all of them do.
"""

import asyncio
import os
from contextlib import suppress

import procrastinate
import uvloop

from bench.peer_tally import Tally

BATCH = 1000
POOL = 5
"""Connections of a process: with 20 or 50 it did less."""

app = procrastinate.App(
    connector=procrastinate.PsycopgConnector(conninfo=os.environ["BENCH_URL"], min_size=POOL, max_size=POOL)
)


@app.task(name="nothing", pass_context=True)
async def nothing(context: procrastinate.JobContext) -> None:
    context.additional_context["tally"].note()


def fill(count: int) -> None:
    with app.open():
        app.schema_manager.apply_schema()
        for first in range(0, count, BATCH):
            nothing.batch_defer(*[{}] * min(BATCH, count - first))


def work(seconds: float, concurrency: int) -> None:
    uvloop.run(_work(seconds, concurrency))


async def _work(seconds: float, concurrency: int) -> None:
    tally = Tally(seconds, lambda: worker.cancel())
    async with app.open_async():
        tally.wait_for_word()
        options = {"concurrency": concurrency, "additional_context": {"tally": tally}}
        worker = asyncio.create_task(app.run_worker_async(install_signal_handlers=False, **options))
        # Cancelled, it lets the jobs in hand end.
        with suppress(asyncio.CancelledError):
            await worker
        tally.tell()
