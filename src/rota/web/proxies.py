"""Who asks through a proxy, and how: by the headers that the operator's own proxies add, and nobody else's."""

from collections.abc import MutableMapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

Networks = Sequence[IPv4Network | IPv6Network]


def read_networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Addresses and networks between commas. Raises ValueError.

    >>> read_networks("127.0.0.1, 10.0.0.0/8")
    (IPv4Network('127.0.0.1/32'), IPv4Network('10.0.0.0/8'))
    """
    return tuple(ip_network(word.strip()) for word in text.split(",") if word.strip())


def unveil(environ: MutableMapping[str, Any], proxies: Networks) -> None:
    """Put the caller's own address, and the scheme that they used, into the environment of a request that one of the
    proxies has passed on. The address is the last one that is no proxy's: what comes before it anybody may have
    written."""
    if not _is_in(environ.get("REMOTE_ADDR", ""), proxies):
        return
    passed = [word.strip() for word in environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if word.strip()]
    others = [word for word in passed if not _is_in(word, proxies)]
    if passed:
        environ["REMOTE_ADDR"] = others[-1] if others else passed[0]
    if (scheme := environ.get("HTTP_X_FORWARDED_PROTO", "").strip().lower()) in {"http", "https"}:
        environ["wsgi.url_scheme"] = scheme


def _is_in(address: str, networks: Networks) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)
