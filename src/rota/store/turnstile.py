"""The turn of a process to write to a database that several processes of a machine share."""

import fcntl
import os
from pathlib import Path


class Turnstile:
    """Lets the writing processes of one database go one after the other, in about the order in which they came.

    By SQLite alone a process that writes again and again starves those that sleep between their tries: beside two
    runners in a bulk job a request waited 4.6 s. Whoever waits for the lock holds the gate, so that the one who had it
    last cannot overtake them. The kernel lets both go when a process dies.
    """

    def __init__(self, path: Path) -> None:
        self._paths = [path.with_name(f"{path.name}.{name}") for name in ("gate", "lock")]
        self._files: list[int] = []

    def enter(self) -> None:
        if not self._files:
            self._files = [os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600) for path in self._paths]
        gate, lock = self._files
        fcntl.flock(gate, fcntl.LOCK_EX)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
        finally:
            fcntl.flock(gate, fcntl.LOCK_UN)

    def leave(self) -> None:
        fcntl.flock(self._files[1], fcntl.LOCK_UN)

    def close(self) -> None:
        while self._files:
            os.close(self._files.pop())
