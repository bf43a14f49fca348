"""Speaks to a rota server over HTTP, and turns what goes wrong into sentences."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

import httpx

from rota.cli import choices
from rota.cli.answers import RefusedError
from rota.cli.output import CommandError

# A server may check an upload of gigabytes before it answers, and read from a slow disk.
_TIMEOUT = httpx.Timeout(300, connect=10)
_BLOCK = 1 << 16


class Client:
    """One server. Every failure is a CommandError that says in a sentence what went wrong and where."""

    def __init__(
        self,
        url: str,
        token: str = "",
        transport: httpx.BaseTransport | None = None,
        basic: tuple[str, str] | None = None,
    ) -> None:
        """Who asks is said by the token, or by `basic`: an e-mail and its password."""
        self.url = url
        headers = {"X-Auth-Token": token} if token else {}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=_TIMEOUT, transport=transport, auth=basic)

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        file: IO[bytes] | None = None,
        content_type: str | None = None,
    ) -> Any:
        """The JSON document of the answer, or None for an empty one. `file` is sent with its length.

        Raises RefusedError, or CommandError when there is no answer.
        """
        with self._sentences():
            answer = self._http.request(
                method,
                path,
                params=_given(query),
                json=body,
                content=file,
                headers={"Content-Type": content_type} if content_type else None,
            )
        _check(answer)
        if answer.status_code == 204:
            return None
        try:
            return answer.json()
        except ValueError as error:
            raise CommandError(f"{self.url} does not answer as rota does: {error}.") from error

    @contextmanager
    def blocks(self, path: str, *, query: Mapping[str, Any], accept: str) -> Iterator[Iterator[bytes]]:
        """The body of the answer in blocks as they come. Raises as `ask` does, also when the body breaks off."""
        with (
            self._sentences(),
            self._http.stream("GET", path, params=_given(query), headers={"Accept": accept}) as answer,
        ):
            if not answer.is_success:
                answer.read()
            _check(answer)
            yield answer.iter_bytes(_BLOCK)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.close()

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except httpx.ConnectError as error:
            raise CommandError(f"Nobody answers at {self.url}: {error}.") from error
        except httpx.TimeoutException as error:
            raise CommandError(f"{self.url} did not answer in time.") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CommandError(f"The talk with {self.url} broke off: {error}.") from error
        except UnicodeEncodeError as error:
            raise CommandError(f"{error.object!r} cannot be sent: it is not UTF-8.", exit_code=2) from error


def _check(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    try:
        body = answer.json()
    except ValueError:
        body = None
    raise RefusedError(answer.status_code, body)


def _given(query: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (query or {}).items() if value is not None}


def server() -> Client:
    """The server of ROTA_URL, or the one on this machine."""
    url = choices.server_url() or choices.DEFAULT_URL
    return Client(url, choices.token(url))
