"""Calls that leave rota: to addresses that are allowed only, within one deadline, and no faster than a rate.

The address is checked where it is connected to, after the name was resolved and with no look-up in between, so that
a name cannot point elsewhere once it has passed.
"""

import base64
import codecs
import functools
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

CONNECT_S = 5.0
LIMIT = 64 * 1024
"""Bytes of a body that are read, where nobody asks for less."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_BLOCK = 16 * 1024

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Clock = Callable[[], float]
Resolve = Callable[[str, int], list[str]]


class AddressRefused(Exception):
    """The address is not public, and only public ones may be called."""


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """`text` is the body's beginning, as much of it as was asked for."""

    status: int
    text: str
    retry_after: str = ""


class Gate:
    """Lets calls through `per_s` to the second; 0 is without limit."""

    def __init__(self, per_s: float, clock: Clock, sleep: Callable[[float], None]) -> None:
        self._gap = 1 / per_s if per_s > 0 else 0.0
        self._clock, self._sleep = clock, sleep
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> float:
        """Wait for one's turn; how many seconds that took."""
        with self._lock:
            now = self._clock()
            mine = max(now, self._next)
            self._next = mine + self._gap
        if mine > now:
            self._sleep(mine - now)
        return mine - now


class Deadline:
    """A moment after which nothing of a call goes on, however lively the other side is."""

    def __init__(self, until: float, clock: Clock) -> None:
        self._until, self._clock = until, clock

    def left(self, timeout: float | None) -> float:
        """Seconds that the next step may take. Raises httpcore.ReadTimeout when there are none."""
        left = self._until - self._clock()
        if left <= 0:
            raise httpcore.ReadTimeout("deadline")
        return left if timeout is None else min(left, timeout)


class Network(httpcore.NetworkBackend):
    """Connects to allowed addresses only, to the first that answers. Raises AddressRefused if any is not."""

    def __init__(self, deadline: Deadline, *, private: bool, resolve: Resolve) -> None:
        self._deadline, self._private, self._resolve = deadline, private, resolve
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError("no address")
        for address in self._allowed(host, port):
            try:
                stream = self._sockets.connect_tcp(address, port, self._deadline.left(timeout))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _Stream(stream, self._deadline)
        raise failure

    def _allowed(self, host: str, port: int) -> list[str]:
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(str(error)) from error
        if not self._private and not all(is_public(address) for address in found):
            raise AddressRefused
        return found


class _Stream(httpcore.NetworkStream):
    """A stream whose every step ends with the deadline."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner, self._deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(min(max_bytes, _BLOCK), self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _BLOCK):
            self._inner.write(buffer[start : start + _BLOCK], self._deadline.left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return _Stream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def send(call: Call, network: httpcore.NetworkBackend, limit: int = LIMIT) -> Reply:
    """One try on a connection of its own; redirects are not followed, cookies and proxies not known.

    Of the body `limit` bytes are read; with 0 the reply is there once its headers are. Raises AddressRefused for an
    address that may not be called, and httpcore's errors for what goes wrong on the way.
    """
    url = httpx.URL(call.url)
    target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    headers = [("Host", url.netloc.decode()), *_credentials(url), *call.headers]
    timeouts = {"timeout": {"connect": CONNECT_S}}
    with (
        httpcore.ConnectionPool(ssl_context=_tls(), network_backend=network) as pool,
        pool.stream(call.method, target, headers=headers, content=call.body or None, extensions=timeouts) as answer,
    ):
        told = {name.lower(): value.decode("latin-1") for name, value in answer.headers}
        data = _beginning(answer.iter_stream(), limit)
    text = _text(data, told.get(b"content-type", ""), whole=len(data) < limit)
    return Reply(answer.status, text, told.get(b"retry-after", ""))


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host, in the system's order of preference. Its own timeout is the system's, too."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def is_public(text: str) -> bool:
    """An address of the internet at large: not private, loopback, link-local, multicast or reserved, and not one of
    these in the dress of another family."""
    address = ipaddress.ip_address(text)
    if address in _NAT64:
        address = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return all(_is_global(each) for each in (address, *_carried(address)))


def is_url(text: str) -> bool:
    """An http or https URL with a host."""
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, UnicodeError):
        return False
    return url.scheme in {"http", "https"} and bool(url.host)


def has_credentials(text: str) -> bool:
    """A URL with a name or a password before its host."""
    return bool(httpx.URL(text).userinfo)


def host_of(text: str) -> str:
    return httpx.URL(text).host


def leads_inside(text: str, resolve: Resolve) -> bool:
    """Whether an address of a URL's host is not public, as far as can be told now: of a host that has none, nobody
    knows where it will lead."""
    url = httpx.URL(text)
    try:
        found = resolve(url.raw_host.decode("ascii"), url.port or 0)
    except (OSError, UnicodeError):
        return False
    return not all(is_public(address) for address in found)


def _is_global(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address.is_site_local:
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _carried(address: Address) -> Iterator[Address]:
    """The IPv4 addresses that an IPv6 address leads to."""
    if isinstance(address, ipaddress.IPv4Address):
        return
    yield from (each for each in (address.ipv4_mapped, address.sixtofour, *(address.teredo or ())) if each)


def _credentials(url: httpx.URL) -> list[tuple[str, str]]:
    if not url.userinfo:
        return []
    pair = f"{url.username}:{url.password}".encode()
    return [("Authorization", f"Basic {base64.b64encode(pair).decode()}")]


def _beginning(parts: Iterator[bytes], limit: int) -> bytes:
    data = b""
    while len(data) < limit and (part := next(parts, b"")):
        data += part
    return data[:limit]


def _text(data: bytes, content_type: str, *, whole: bool) -> str:
    _, _, charset = content_type.partition("charset=")
    try:
        decoder = codecs.getincrementaldecoder(charset.split(";")[0].strip(" \"'") or "utf-8")("replace")
    except LookupError:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
    # Where the body was cut, half a character at the end is left out.
    return str(decoder.decode(data, final=whole))


@functools.cache
def _tls() -> ssl.SSLContext:
    """Loading the authorities takes tens of milliseconds: once in a process."""
    return httpx.create_ssl_context()
