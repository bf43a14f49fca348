"""Claim: an upload, from the socket to the committed job, is as fast as reading the file once with csv.reader (0.9x).

Run: PYTHONPATH=src python bench/upload.py [MEGABYTES]. Starts the kazoo dialect on Granian over a folder of its own,
every write flushed, and prints MB/s of csv.reader and of the upload, their ratio, and the server's peak memory.
"""

import csv
import http.client
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

RUNS = 3
PORT = 8992
TOKEN = "bench-token"
ACCOUNT = "a" * 32


def application() -> Any:
    """The dialect alone, as Granian's worker makes it."""
    from rota.actions import skel
    from rota.actions.registry import Catalogue, declared_in
    from rota.clock import new_id, now
    from rota.dialects.kazoo.app import create
    from rota.operations import accounts
    from rota.store.blobs import LocalBlobs
    from rota.store.sqlite import SqliteStore

    data = Path(os.environ["BENCH_DATA"])
    store = SqliteStore(f"sqlite:///{data / 'rota.db'}")
    store.migrate()
    with store.write() as tx:
        accounts.found(tx, email="bench@localhost", token=TOKEN, account_id=ACCOUNT, token_id="t", now=now())
    return create(
        store=store,
        blobs=LocalBlobs(data / "blobs"),
        catalogue=Catalogue(declared_in(skel)),
        node="bench",
        max_upload=1 << 40,
        max_json=1 << 25,
        stop_s=1.5,
        session_s=60,
        clock=now,
        new_id=new_id,
    )


def serve() -> None:
    from granian import Granian
    from granian.constants import Interfaces

    target = f"{Path(__file__).stem}:application"
    Granian(target, port=PORT, interface=Interfaces.WSGI, factory=True, blocking_threads=4, log_enabled=False).serve()


@contextmanager
def server(data: Path) -> Iterator[int]:
    """The process id of a server that answers."""
    paths = f"{Path(__file__).parent}:{os.environ.get('PYTHONPATH', '')}"
    environ = {**os.environ, "BENCH_DATA": str(data), "PYTHONPATH": paths}
    process = subprocess.Popen([sys.executable, __file__, "serve"], env=environ, start_new_session=True)
    try:
        while not answers():
            time.sleep(0.05)
        yield process.pid
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def answers() -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", PORT)
        connection.request("GET", "/v2/tasks")
        return connection.getresponse().status == 200
    except OSError:
        return False


def write_table(path: Path, size: int) -> None:
    rows = "".join(f"+1415{number:07},{ACCOUNT},knm_local,Customer {number}\n" for number in range(100_000)).encode()
    with path.open("wb") as file:
        file.write(b"number,account_id,module_name,name\n")
        while file.tell() < size:
            file.write(rows)


def read(path: Path) -> float:
    """Seconds that csv.reader takes."""
    begin = time.perf_counter()
    with path.open(newline="") as file:
        for _ in csv.reader(file):
            pass
    return time.perf_counter() - begin


def upload(path: Path) -> float:
    """Seconds until the job is committed."""
    begin = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", PORT, blocksize=1 << 18)
    headers = {"X-Auth-Token": TOKEN, "Content-Type": "text/csv", "Content-Length": str(path.stat().st_size)}
    with path.open("rb") as file:
        connection.request("PUT", "/v2/tasks?category=skel&action=id1", file, headers)
        assert connection.getresponse().status == 201
    return time.perf_counter() - begin


def peak_megabytes(group: int) -> float:
    """The largest resident size that any process of the server has had."""
    found = [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()]
    texts = [Path(f"/proc/{each}/status").read_text() for each in found if os.getpgid(each) == group]
    return max(int(match[1]) for text in texts if (match := re.search(r"VmHWM:\s+(\d+)", text))) / 1024


def main(megabytes: int) -> None:
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        path = Path(folder) / "in.csv"
        write_table(path, megabytes * 1_000_000)
        size = path.stat().st_size / 1e6
        with server(Path(folder)) as group:
            pairs = [(read(path), upload(path)) for _ in range(RUNS)]
            peak = peak_megabytes(group)
    reader, ours = (size / statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"csv.reader {reader:.0f} MB/s, upload {ours:.0f} MB/s: {ours / reader:.2f}x; server's peak {peak:.0f} MiB")


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 500)
