"""A PostgreSQL of one's own on a free port of loopback, durable as it is by default, and gone afterwards."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.measure import Unmeasured, scratch
from bench.server import free_port, running, wait_for_port


@contextmanager
def postgres() -> Iterator[str]:
    """Its URL. Raises Unmeasured where PostgreSQL is not installed."""
    with scratch() as folder:
        if os.getuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        data, port = str(folder / "data"), free_port()
        words = ["-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8"]
        subprocess.run([*_words("initdb"), *words], check=True, capture_output=True, cwd="/")
        settings = ["listen_addresses=127.0.0.1", f"unix_socket_directories={folder}"]
        options = [word for setting in settings for word in ("-c", setting)]
        command = [*_words("postgres"), "-D", data, "-p", str(port), *options]
        with (folder / "log").open("wb") as log, running(command, stdout=log, stderr=log, cwd="/") as process:
            wait_for_port(port, process)
            _wait_for_answer(port)
            yield f"postgresql://bench@127.0.0.1:{port}/postgres"


def _wait_for_answer(port: int) -> None:
    """A server listens before it lets anybody in."""
    while subprocess.run([*_words("pg_isready"), "--quiet", "-h", "127.0.0.1", "-p", str(port)], cwd="/").returncode:
        time.sleep(0.05)


def _words(name: str) -> list[str]:
    """How to call a program of PostgreSQL, which refuses to run as root: then as the user `postgres`."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which(name) or next((str(folder / name) for folder in folders if (folder / name).exists()), None)
    if found is None:
        raise Unmeasured(f"no `{name}` found: apt-get install postgresql")
    return ["runuser", "-u", "postgres", "--", found] if os.getuid() == 0 else [found]
