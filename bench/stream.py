"""How soon 100 subscribers of the event stream have what was written over HTTP, and what they cost while it is quiet.

The time runs from before the request that adds a task is sent until a subscriber, in a process of its own, has read its
event: the write itself and its commit are part of it. Size: events.
"""

import json
import multiprocessing
import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlsplit

from bench.measure import Finding, Seconds, Unmeasured, at_most, brief, scratch
from bench.postgres import postgres
from bench.server import Failed, Server, serving

SUBSCRIBERS = 100
EACH_S = 0.05
QUIET_S = 10.0
BURST = 1_000
ASKED_MS = 200.0
"""At the 99th percentile."""
PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Written:
    """When the request that wrote an event was sent, and when its answer was there."""

    sent: Seconds
    answered: Seconds


@dataclass(slots=True)
class Subscriber:
    """One connection. `rest` is the block that has not come whole."""

    connection: socket.socket
    rest: bytes = b""
    tasks: list[tuple[int, Seconds]] = field(default_factory=list)

    def read(self) -> int:
        """Note the task of every event that has come, and when; how many blocks came."""
        got, now = self.connection.recv(1 << 16), time.perf_counter()
        if not got:
            raise Failed("a stream has ended")
        *blocks, self.rest = (self.rest + got).split(b"\n\n")
        for block in blocks:
            _, found, data = block.partition(b"\ndata: ")
            if found:
                self.tasks.append((json.loads(data)["task_id"], now))
        return len(blocks)


def measure(events: int = 400) -> Iterator[Finding]:
    for name in ("SQLite", "PostgreSQL"):
        with ExitStack() as stack:
            try:
                settings = {"ROTA_DATABASE_URL": stack.enter_context(postgres())} if name == "PostgreSQL" else {}
            except Unmeasured as lack:
                yield Finding(f"the stream on {name}", "", f"NOT MEASURED: {lack}", None)
                continue
            server = stack.enter_context(serving(stack.enter_context(scratch()), workers=1, **settings))
            alone = _quiet(server)
            crowd = stack.enter_context(_crowd(server))
            yield _cost(name, _quiet(server) - alone)
            yield from _delays(name, server, crowd, events)
            yield _burst(name, server, crowd)


def _cost(name: str, cores: float) -> Finding:
    return Finding(f"{SUBSCRIBERS} subscribers to a quiet log on {name}", "", f"{100 * cores:.1f} % of a core", None)


def _delays(name: str, server: Server, crowd: Connection, events: int) -> Iterator[Finding]:
    written = _write(server, events)
    came = _heard(crowd, events)
    times = [at - written[task].sent for task, at in came]
    print(f"   {name}: {len(times)} deliveries, {_spread(times)} from the request that wrote the event;")
    print(f"   {_spread([max(0.0, at - written[task].answered) for task, at in came])} from its answer")
    claim = f"{SUBSCRIBERS} subscribers, {1 / EACH_S:.0f} events/s, from request to subscriber on {name}: p99"
    more = f"p50 {brief(median(times))}, worst {brief(max(times))}"
    yield at_most(claim, ASKED_MS, quantiles(times, n=100)[98] * 1000, "ms", more)


def _burst(name: str, server: Server, crowd: Connection) -> Finding:
    """A bulk job of BURST tasks, from its start until every subscriber has every event."""
    client = server.client()
    job = client.create(b"title\n" + b"x\n" * BURST, action="queue/add")
    began = time.perf_counter()
    client.start(job)
    took = max(at for _, at in _heard(crowd, BURST)) - began
    more = f"{BURST * SUBSCRIBERS / took:.0f} deliveries/s"
    return Finding(f"a job of {BURST} tasks on {name}, until all have all events", "", f"{brief(took)}, {more}", None)


def _spread(times: list[Seconds]) -> str:
    return f"p50 {brief(median(times))}, p99 {brief(quantiles(times, n=100)[98])}, worst {brief(max(times))}"


def _quiet(server: Server) -> float:
    """The share of a core that the process which answers HTTP takes while nothing happens."""
    time.sleep(1)
    began = server.cpu_s("http")
    time.sleep(QUIET_S)
    return (server.cpu_s("http") - began) / QUIET_S


def _write(server: Server, events: int) -> dict[int, Written]:
    """Add tasks at a steady rate; when each was."""
    client, written, due = server.client(), {}, time.perf_counter()
    for number in range(events):
        time.sleep(max(0.0, due - time.perf_counter()))
        sent = time.perf_counter()
        answer = client.ask("POST", "/tasks", json.dumps({"title": f"{number}"}), {"Content-Type": "application/json"})
        written[answer["_id"]] = Written(sent, time.perf_counter())
        # Not in step with the server's looks at the log.
        due += EACH_S * (0.5 + number * 0.618 % 1)
    return written


@contextmanager
def _crowd(server: Server) -> Iterator[Connection]:
    """The subscribers, all of them connected."""
    mine, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_subscribe, args=(server.url, server.token, theirs))
    process.start()
    try:
        _answer(mine)
        yield mine
    finally:
        process.kill()
        process.join()


def _heard(crowd: Connection, events: int) -> list[tuple[int, Seconds]]:
    """The task and the time of every event that any subscriber has had, once all of them have had so many."""
    crowd.send(events)
    return list(_answer(crowd))


def _answer(crowd: Connection) -> Any:
    if not crowd.poll(PATIENCE_S):
        raise Failed("subscribers wait in vain")
    return crowd.recv()


def _subscribe(url: str, token: str, asked: Connection) -> None:
    """The other process. Says that all are connected and then, to each number of events, what all have had."""
    address, selector = urlsplit(url), selectors.DefaultSelector()
    crowd = [Subscriber(socket.create_connection((address.hostname, address.port))) for _ in range(SUBSCRIBERS)]
    for each in crowd:
        each.connection.sendall(f"GET /events/stream HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {token}\r\n\r\n".encode())
        while not each.read():
            pass
        selector.register(each.connection, selectors.EVENT_READ, each)
    selector.register(asked, selectors.EVENT_READ)
    asked.send("connected")
    wanted = None
    while True:
        for key, _ in selector.select():
            if key.data:
                key.data.read()
            else:
                wanted = asked.recv()
        if wanted is not None and all(len(each.tasks) >= wanted for each in crowd):
            asked.send([pair for each in crowd for pair in each.tasks])
            for each in crowd:
                each.tasks.clear()
            wanted = None
