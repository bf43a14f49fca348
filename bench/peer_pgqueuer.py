"""A peer: jobs of PGQueuer that do nothing. Runs in the peers' own environment, without rota.

`fill` makes the tables and the jobs; `work` is a worker process, which takes so many jobs at a time and waits for none
of them.
"""

import os

import asyncpg
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.models import Job
from pgqueuer.queries import Queries

from bench.peer_tally import Tally

BATCH = 1000


def fill(count: int) -> None:
    uvloop.run(_fill(count))


def work(seconds: float, batch: int) -> None:
    uvloop.run(_work(seconds, batch))


async def _fill(count: int) -> None:
    connection = await asyncpg.connect(os.environ["BENCH_URL"])
    queries = Queries.from_asyncpg_connection(connection)
    await queries.install()
    for first in range(0, count, BATCH):
        size = min(BATCH, count - first)
        await queries.enqueue(["nothing"] * size, [None] * size, [0] * size)
    await connection.close()


async def _work(seconds: float, batch: int) -> None:
    connection = await asyncpg.connect(os.environ["BENCH_URL"])
    queuer = PgQueuer.from_asyncpg_connection(connection)
    tally = Tally(seconds, queuer.shutdown.set)

    @queuer.entrypoint("nothing")
    async def nothing(job: Job) -> None:
        tally.note()

    tally.wait_for_word()
    await queuer.run(batch_size=batch)
    tally.tell()
    await connection.close()
