"""The line to a server, opened when a command needs it: a help page is to wait for no HTTP library."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from rota.cli.client import Client


@contextmanager
def connect() -> "Iterator[Client]":
    """The server of ROTA_URL, or the one on this machine."""
    from rota.cli.client import server

    with server() as client:
        yield client


def ask(method: str, path: str, **words: Any) -> Any:
    """One question, as Client.ask puts it."""
    with connect() as client:
        return client.ask(method, path, **words)


def segment(text: str) -> str:
    """A text as one segment of a path."""
    return quote(text, safe="")
