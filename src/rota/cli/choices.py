"""What the environment chooses for a command: the settings, the server and the token."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rota.cli.output import CommandError

if TYPE_CHECKING:
    from rota.settings import Settings

DEFAULT_URL = "http://127.0.0.1:8000"
ADMIN_TOKEN = "admin-token"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def settings(**given: Any) -> "Settings":
    """The settings; what was given on the command line (and is not None) wins. Raises CommandError."""
    # With the domain that it reads by: a fifth of the time of a help page.
    from rota.settings import read_settings

    with told():
        return read_settings(**{name: value for name, value in given.items() if value is not None})


@contextmanager
def told() -> Iterator[None]:
    """Settings that cannot be used, a schema that does not fit, and a database that is away are told in sentences.

    Raises CommandError.
    """
    from rota.domain.errors import StoreUnavailable
    from rota.settings import BadSettings
    from rota.store.port import UnfitSchema

    try:
        yield
    except BadSettings as error:
        raise CommandError(str(error), exit_code=2) from error
    except UnfitSchema as error:
        raise CommandError(str(error)) from error
    except StoreUnavailable as error:
        # Not its URL, which may hold a password.
        raise CommandError("The database of ROTA_DATABASE_URL does not answer: try again once it does.") from error


def server_url() -> str | None:
    """ROTA_URL, or None where it is not set. Raises CommandError for what is no URL."""
    url = os.environ.get("ROTA_URL", "").strip().rstrip("/")
    if url and not _is_url(url):
        raise CommandError(f"ROTA_URL is {url!r}, but must be a URL such as {DEFAULT_URL}.", exit_code=2)
    return url or None


def token(url: str) -> str:
    """ROTA_TOKEN, or the token that the server left in the data folder. Raises CommandError.

    The folder's token goes to another machine only when ROTA_DATA says which folder: whatever folder happens to be
    called `data` here belongs to a server here.
    """
    if sent := os.environ.get("ROTA_TOKEN", "").strip():
        if not (sent.isascii() and sent.isprintable()):
            raise CommandError("ROTA_TOKEN cannot be a token: it holds characters that no header can.", exit_code=2)
        return sent
    path = settings().data / ADMIN_TOKEN
    try:
        if "ROTA_DATA" in os.environ or urlsplit(url).hostname in _LOOPBACK:
            return path.read_text().strip()
    except OSError:
        pass
    raise CommandError(f"ROTA_TOKEN is not set, and {path} cannot be used for {url}.", exit_code=2)


@contextmanager
def acting(token: str) -> Iterator[None]:
    """Let whatever the block does be done with this token."""
    before = os.environ.get("ROTA_TOKEN")
    os.environ["ROTA_TOKEN"] = token
    try:
        yield
    finally:
        if before is None:
            del os.environ["ROTA_TOKEN"]
        else:
            os.environ["ROTA_TOKEN"] = before


def _is_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
