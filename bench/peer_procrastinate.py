"""A peer: every row is a job of Procrastinate in PostgreSQL. Runs in the peers' own environment, without rota.

`prepare` makes the tables; `main` is for a process beside two of `procrastinate worker`, and prints the seconds that it
took. Jobs are deferred a thousand at a time; a job keeps its result in a table of ours, because Procrastinate keeps
none.
"""

import csv
import os
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import procrastinate
import psycopg

URL = os.environ["BENCH_URL"]
BATCH = 1000
IDENTITY = "INSERT INTO results (number, cells) VALUES (%(number)s, %(cells)s)"

app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=URL, min_size=1, max_size=10))


@app.task(name="identity")
async def identity(number: int, cells: list[str]) -> None:
    await app.connector.execute_query_async(IDENTITY, number=number, cells=cells)


def prepare() -> None:
    with app.open():
        app.schema_manager.apply_schema()
    with psycopg.connect(URL) as connection:
        connection.execute("CREATE TABLE results (number INTEGER PRIMARY KEY, cells TEXT[] NOT NULL)")


def run(source: Path, target: Path) -> None:
    with source.open(newline="") as given, target.open("w", newline="") as out:
        rows, writer = csv.reader(given), csv.writer(out, lineterminator="\n")
        writer.writerow(next(rows))
        count = _defer({"number": number, "cells": row} for number, row in enumerate(rows))
        with psycopg.connect(URL, autocommit=True) as connection:
            while connection.execute("SELECT count(*) FROM results").fetchone() != (count,):
                time.sleep(0.1)
            cursor = connection.execute("SELECT cells FROM results ORDER BY number")
            writer.writerows(cells for (cells,) in cursor)
        out.flush()
        os.fsync(out.fileno())


def _defer(jobs: Iterator[dict[str, Any]]) -> int:
    count = 0
    with app.open():
        while batch := list(islice(jobs, BATCH)):
            identity.batch_defer(*batch)
            count += len(batch)
    return count


def main(source: str, target: str) -> None:
    began = time.perf_counter()
    run(Path(source), Path(target))
    print(time.perf_counter() - began)
