"""A peer: every row is a message of Celery over Redis. Runs in the peers' own environment, without rota.

`main` is for a process beside two of `celery -A bench.peer_celery worker`, and prints the seconds that it took. What
costs time and is not needed is off, Redis keeps nothing on disk, and the task itself puts its result into a list:
Celery's own results, which the client subscribes to one by one, took longer.
"""

import csv
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from celery import Celery
from redis import Redis

URL = os.environ["BENCH_URL"]
RESULTS = "results"
POLL_S = 0.01

app = Celery("bench", broker=URL)
app.conf.update(
    task_serializer="json",
    task_ignore_result=True,
    worker_prefetch_multiplier=64,
    worker_send_task_events=False,
    broker_pool_limit=None,
)
redis = Redis.from_url(URL)


@app.task(name="identity")
def identity(number: int, row: list[str]) -> None:
    redis.rpush(RESULTS, json.dumps([number, row]))


def run(source: Path, target: Path) -> None:
    with source.open(newline="") as given, target.open("w", newline="") as out:
        rows, writer = csv.reader(given), csv.writer(out, lineterminator="\n")
        writer.writerow(next(rows))
        count = _send(rows)
        _wait(count)
        results = sorted(json.loads(result) for result in redis.lrange(RESULTS, 0, -1))
        writer.writerows(row for _, row in results)
        out.flush()
        os.fsync(out.fileno())


def _send(rows: Iterator[list[str]]) -> int:
    count = 0
    with app.producer_pool.acquire(block=True) as producer:
        for row in rows:
            identity.apply_async((count, row), producer=producer)
            count += 1
    return count


def _wait(count: int) -> None:
    while redis.llen(RESULTS) < count:
        time.sleep(POLL_S)


def main(source: str, target: str) -> None:
    identity.delay(0, ["warm"])
    _wait(1)
    redis.delete(RESULTS)
    began = time.perf_counter()
    run(Path(source), Path(target))
    print(time.perf_counter() - began)
