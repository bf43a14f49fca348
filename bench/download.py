"""The download of an output against the limit: the same bytes from one file, streamed by a bare WSGI application.

Both are served by Granian with the same settings, and read by the same client. Size: MB.
"""

import http.client
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench import table
from bench.measure import Finding, at_least, in_turns, scratch
from bench.server import BLOCK, PATIENCE_S, free_port, rate, running, serving, wait_for_port

RUNS = 7


def measure(megabytes: int = 200) -> Iterator[Finding]:
    with scratch(6 * megabytes * 10**6) as folder, serving(folder) as server:
        client = server.client()
        job = client.create_from(table.write_size(folder / "in.csv", "unquoted", megabytes * 10**6))
        client.run(job)
        output = folder / "out.csv"
        client.save(f"{job}/output", output)
        with _plain(output) as port:
            size, asked = output.stat().st_size, f"{job}/output"
            took = in_turns(RUNS, limit=partial(_read, port, size), rota=lambda: _expect(client.download(asked), size))
        print(f"   plain file {rate(size, took['limit'])}, rota {rate(size, took['rota'])}")
        ratio = took["limit"].median / took["rota"].median
        more = f"{size / took['rota'].median / 1e6:.0f} MB/s, medians of {RUNS}"
        yield at_least(f"download of {megabytes} MB against a plain file from a bare server", 0.7, ratio, more)


@contextmanager
def _plain(file: Path) -> Iterator[int]:
    port = free_port()
    with running([sys.executable, "-m", "bench.plain", str(file), str(port)]) as process:
        wait_for_port(port, process)
        yield port


def _read(port: int, size: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    connection.request("GET", "/")
    answer, buffer, got = connection.getresponse(), bytearray(BLOCK), 0
    while block := answer.readinto(buffer):
        got += block
    connection.close()
    _expect(got, size)


def _expect(got: int, size: int) -> None:
    assert got == size, f"{got} bytes of {size}"
