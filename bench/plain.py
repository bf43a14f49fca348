"""The limit of a download: a WSGI application that does nothing but stream one file, behind the same server as rota.

Run: python -m bench.plain FILE PORT.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from granian import Granian
from granian.constants import Interfaces

from rota.settings import Settings
from rota.store.blobs import BLOCK

VARIABLE = "BENCH_FILE"


def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    path = Path(os.environ[VARIABLE])
    start_response("200 OK", [("Content-Type", "text/csv"), ("Content-Length", str(path.stat().st_size))])
    return _blocks(path)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while block := file.read(BLOCK):
            yield block


def main(file: str, port: str) -> None:
    os.environ[VARIABLE] = file
    threads = Settings().threads
    Granian(
        "bench.plain:app",
        address="127.0.0.1",
        port=int(port),
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=threads,
        backpressure=threads * 4,
        websockets=False,
        log_enabled=False,
    ).serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
