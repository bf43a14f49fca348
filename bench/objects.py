"""What it costs that blobs are in a bucket and not on the disk: the same upload and download, in turns, on two servers.

The bucket is that of moto's S3 server, which is written in Python and shares the machine: it bounds what is measured,
and is measured itself, through obstore alone. These are figures, and only of memory something is asked. Size: MB.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from subprocess import DEVNULL

from bench import table
from bench.measure import Finding, Times, Unmeasured, at_most, in_turns, scratch
from bench.memory import ASKED_MB
from bench.server import Server, free_port, rate, running, serving, wait_for_port
from rota.store.objects import ObjectBlobs, open_objects

RUNS = 3
S3 = Path(sys.prefix) / "s3/bin/moto_server"


def measure(megabytes: int = 200) -> Iterator[Finding]:
    with scratch(8 * megabytes * 10**6) as folder, _bucket() as environ:
        source = table.write_size(folder / "in.csv", "quoted", megabytes * 10**6)
        size, data = source.stat().st_size, source.read_bytes()
        with serving(folder / "disk") as disk, serving(folder / "bucket", **environ) as bucket:
            servers, jobs = {"disk": disk, "bucket": bucket}, dict[str, str]()
            os.environ.update(environ)
            bare = open_objects(environ["ROTA_BLOBS_URL"])
            up = in_turns(
                RUNS,
                **{name: partial(_upload, server, source, jobs, name) for name, server in servers.items()},
                bare=partial(_put, bare, data),
            )
            _show("upload", size, up)
            run = in_turns(1, **{name: partial(_run, server, jobs[name]) for name, server in servers.items()})
            _show("run", size, run)
            down = in_turns(
                RUNS,
                **{name: partial(_download, server, jobs[name]) for name, server in servers.items()},
                bare=lambda: sum(map(len, bare.stream("bare", 0, size))) and None,
            )
            _show("download", size, down)
            yield from (_largest(name, server, megabytes) for name, server in servers.items())


def _upload(server: Server, source: Path, jobs: dict[str, str], name: str) -> None:
    # Each time by a new connection: the last one stood idle while the others had their turn.
    jobs[name] = server.client().create_from(source)


def _run(server: Server, job: str) -> float:
    return server.client().run(job)


def _download(server: Server, job: str) -> None:
    server.client().download(f"{job}/output")


def _put(blobs: ObjectBlobs, data: bytes) -> None:
    with blobs.create("bare") as upload:
        for at in range(0, len(data), 1 << 20):
            upload.write(data[at : at + (1 << 20)])
        upload.commit()


def _show(what: str, size: int, times: dict[str, Times]) -> None:
    print(f"   {what}: " + ", ".join(f"{name} {rate(size, took)}" for name, took in times.items()))


def _largest(name: str, server: Server, megabytes: int) -> Finding:
    role, peak = max(server.peaks().values(), key=lambda each: each[1])
    claim = f"blobs on {name}: largest process over {RUNS} uploads, a run and {RUNS} downloads of {megabytes} MB"
    return at_most(claim, ASKED_MB, peak / 1e6, "MB", role)


@contextmanager
def _bucket() -> Iterator[dict[str, str]]:
    """The settings by which a server, and this process, keep their blobs in a bucket."""
    if not S3.exists():
        raise Unmeasured("there is no S3 server: make setup installs moto's")
    port = free_port()
    environ = {
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "ROTA_BLOBS_URL": "s3://bench/rota",
    }
    with running([str(S3), "-H", "127.0.0.1", "-p", str(port)], stdout=DEVNULL, stderr=DEVNULL) as process:
        wait_for_port(port, process)
        connection = HTTPConnection("127.0.0.1", port)
        connection.request("PUT", "/bench")
        connection.getresponse().read()
        connection.close()
        yield environ
