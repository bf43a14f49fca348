"""Many clients of one server, in a process of their own that costs little beside it: raw sockets, requests made ahead.

Reads a JSON plan from stdin and prints the latencies as JSON. A plan: host, port, `seconds`, `clients` (a list of lists
of raw requests, each a client's round, which it repeats and never leaves halfway), `every_s`, the time from one request
of a client to its next, 0 for none, and `most`, how many requests a client makes. `{id}` in a request is the `_id` of
the answer before it.
"""

import asyncio
import json
import random
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any
from urllib.parse import urlsplit

ID = b"{id}"
_ID_OF_ANSWER = re.compile(rb'"_id": ?(\d+)')


@dataclass(frozen=True)
class Swarmed:
    """What came of it: seconds of every request in the order in which they ended, by HTTP status, and of the whole."""

    latencies: Sequence[float]
    statuses: Mapping[str, int]
    seconds: float

    @property
    def per_s(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        return percentile(self.latencies, share)

    def __str__(self) -> str:
        parts = [f"{name} {value * 1000:.1f} ms" for name, value in (("median", median(self.latencies)),)]
        parts += [f"p{share * 100:g} {self.percentile(share) * 1000:.1f} ms" for share in (0.99,)]
        return f"{self.per_s:.0f}/s, {', '.join(parts)}"


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def request(verb: str, path: str, token: str, body: bytes = b"") -> str:
    """The bytes of a request, as text."""
    head = f"{verb} {path} HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {token}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head + "\r\n" + body.decode()


def swarm(url: str, clients: list[list[str]], seconds: float, *, every_s: float = 0.0, most: float = 10**9) -> Swarmed:
    """Let all clients ask at once for so many seconds."""
    at = urlsplit(url)
    plan = {"host": at.hostname, "port": at.port, "clients": clients, "seconds": seconds}
    command = [sys.executable, "-m", "bench.swarm"]
    given = json.dumps({**plan, "every_s": every_s, "most": most})
    done = subprocess.run(command, input=given, stdout=subprocess.PIPE, text=True, check=True)
    return Swarmed(**json.loads(done.stdout))


async def _client(plan: Mapping[str, Any], round_: list[bytes], until: float, found: dict[str, Any]) -> None:
    reader, writer = await asyncio.open_connection(plan["host"], plan["port"])
    every_s, number, body = plan["every_s"], 0, b""
    if every_s:
        await asyncio.sleep(random.random() * every_s)
    due = time.perf_counter()
    while ((began := time.perf_counter()) < until and number < plan["most"]) or number % len(round_):
        writer.write(_filled(round_[number % len(round_)], body))
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(_length(head))
        found["latencies"].append(time.perf_counter() - began)
        status = head[9:12].decode()
        found["statuses"][status] = found["statuses"].get(status, 0) + 1
        number += 1
        if every_s:
            due += every_s
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
    writer.close()


def _filled(asked: bytes, answer: bytes) -> bytes:
    if ID not in asked:
        return asked
    found = _ID_OF_ANSWER.search(answer)
    return asked.replace(ID, found[1] if found else b"0")


def _length(head: bytes) -> int:
    name = b"content-length:"
    at = head.lower().index(name) + len(name)
    return int(head[at : head.index(b"\r", at)])


async def _main(plan: Mapping[str, Any]) -> None:
    found: dict[str, Any] = {"latencies": [], "statuses": {}}
    rounds = [[text.encode() for text in client] for client in plan["clients"]]
    began = time.perf_counter()
    until = began + plan["seconds"]
    await asyncio.gather(*(_client(plan, round_, until, found) for round_ in rounds))
    print(json.dumps({**found, "seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    asyncio.run(_main(json.load(sys.stdin)))
