"""Actions that misbehave on purpose, installed through the entry point as a third party's would be."""

import os
import signal
import time
from collections.abc import Iterator, Mapping

from rota.actions.registry import Batch, Context, Form, Line, Refused, action

Row = Mapping[str, str]


@action("trial", "row", description="Does what its cell says", mandatory=("word",), output=("echo", "error"))
def row(context: Context, row: Row) -> list[Line] | Line | None:
    """ok, refuse, crash, die, wait, stick, twice, or anything else, which is echoed."""
    word = row["word"]
    if word == "refuse":
        raise Refused("not this one", {"echo": "refused"})
    if word == "crash":
        raise RuntimeError("on purpose")
    if word == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "wait":
        time.sleep(0.05)
    if word == "stick":
        time.sleep(3600)
    if word == "twice":
        return [{"echo": "one"}, {"echo": 2}]
    return None if word == "ok" else {"echo": word}


@action("trial", "small", description="Does what its cell says, a row a chunk", mandatory=("word",), chunk_rows=1)
def small(context: Context, row: Row) -> None:
    """die, or anything else, which is nothing."""
    if row["word"] == "die":
        os.kill(os.getpid(), signal.SIGKILL)


@action("trial", "key", description="The idempotency key of each row", mandatory=("word",), output=("key", "error"))
def key(context: Context, row: Row) -> Line:
    return {"key": context.key()}


@action(
    "trial",
    "batch",
    description="Does what its cells say, together",
    mandatory=("word",),
    form=Form.BATCH,
    chunk_rows=100,
    batch_rows=10,
)
def batch(context: Context, batch: Batch) -> list[Refused | None]:
    words = [row["word"] for row in batch]
    if "crash" in words:
        raise RuntimeError("on purpose")
    if "die" in words:
        os.kill(os.getpid(), signal.SIGKILL)
    if "wait" in words:
        time.sleep(0.05)
    return [Refused("not this one") if word == "refuse" else None for word in words]


@action(
    "trial",
    "write",
    description="Counts each row in rota's own totals",
    mandatory=("word",),
    form=Form.BATCH,
    writes=True,
    chunk_rows=20,
)
def write(context: Context, batch: Batch) -> None:
    assert context.tx is not None
    words = [row["word"] for row in batch]
    context.tx.batch("total_add", [{"name": f"trial_{word}", "amount": 1} for word in words])
    if "crash" in words:
        raise RuntimeError("on purpose")
    if "wait" in words:
        time.sleep(0.05)


@action(
    "trial",
    "ordered",
    description="Says when each row was run",
    mandatory=("word",),
    output=("at", "error"),
    ordered=True,
    chunk_rows=5,
)
def ordered(context: Context, row: Row) -> Line:
    return {"at": time.monotonic_ns()}


@action("trial", "fatal", description="A crash ends the job", mandatory=("word",), crash_ends_job=True, chunk_rows=1)
def fatal(context: Context, row: Row) -> None:
    if row["word"] == "crash":
        raise RuntimeError("on purpose")


@action("trial", "lines", description="So many lines", form=Form.GENERATOR, output=("number", "even"))
def lines(context: Context) -> Iterator[list[Line]]:
    for page in range(5):
        yield [{"number": number, "even": number % 2 == 0} for number in range(page * 10, page * 10 + 10)]


@action("trial", "endless", description="Never ends by itself", form=Form.GENERATOR, output=("number",))
def endless(context: Context) -> Iterator[list[Line]]:
    number = 0
    while True:
        time.sleep(0.01)
        yield [{"number": number}]
        number += 1


@action("trial", "deadly", description="Dies without input", form=Form.GENERATOR, output=("number",))
def deadly(context: Context) -> Iterator[list[Line]]:
    os.kill(os.getpid(), signal.SIGKILL)
    yield []


@action("trial", "closed", description="Refuses everybody", form=Form.GENERATOR, output=("number",))
def closed(context: Context) -> Iterator[list[Line]]:
    raise Refused("forbidden")
    yield []
