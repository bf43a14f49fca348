"""A PostgreSQL that the tests start themselves, on a free port of loopback, and may stop at once and start again."""

import os
import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp

SKIPPED = "SKIPPED: PostgreSQL tests did NOT run: no `postgres` binary found (apt-get install postgresql)"
SETTINGS = ("fsync=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0", "max_connections=200")


def binary(name: str) -> str | None:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return shutil.which(name) or next((str(folder / name) for folder in folders if (folder / name).exists()), None)


class Cluster:
    """`host` is the address that it listens on, `settings` are those of PostgreSQL."""

    def __init__(self, host: str = "127.0.0.1", settings: Sequence[str] = SETTINGS) -> None:
        self._settings = settings
        self._folder = Path(mkdtemp(prefix="rota-pg-", dir="/tmp"))
        if os.getuid() == 0:
            shutil.chown(self._folder, "postgres", "postgres")
        self._data, self._host, self._port = self._folder / "data", host, _free_port(host)
        self.url = f"postgresql://rota@{host}:{self._port}"
        self._run("initdb", "-U", "rota", "-A", "trust", "-E", "UTF8", "--no-sync", check=True)
        with (self._data / "pg_hba.conf").open("a") as access:
            access.write("host all all all trust\n")
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Returns when it answers."""
        settings = [f"listen_addresses={self._host}", f"unix_socket_directories={self._folder}", *self._settings]
        options = [word for setting in settings for word in ("-c", setting)]
        command = [*_words("postgres"), "-D", str(self._data), "-p", str(self._port), *options]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/")
        self._wait_until_up()

    def stop(self) -> None:
        """At once, as a crash is: nobody's transaction is waited for."""
        if self._process:
            self._run("pg_ctl", "stop", "-m", "immediate")
            self._process.wait(30)
            self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *words: str, check: bool = False) -> None:
        command = [*_words(program), "-D", str(self._data), *words]
        subprocess.run(command, check=check, capture_output=True, cwd="/")

    def _wait_until_up(self) -> None:
        import psycopg

        while True:
            assert self._process and self._process.poll() is None, "PostgreSQL did not start"
            try:
                psycopg.connect(f"{self.url}/postgres", connect_timeout=10).close()
            except psycopg.OperationalError:
                continue
            return


def _words(program: str) -> list[str]:
    """PostgreSQL refuses to run as root: then it runs as the user `postgres`."""
    path = binary(program)
    assert path, SKIPPED
    return ["runuser", "-u", "postgres", "--", path] if os.getuid() == 0 else [path]


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port
