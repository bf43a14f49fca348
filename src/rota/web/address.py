"""Where a server listens: finding the port, and finding out whether anybody answers there."""

import errno
import http.client
import socket
import time
from contextlib import closing

PORT_PATIENCE_S = 2.0
"""The processes of a killed server notice within half a second, and only then let go of its port."""

_REACHABLE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def free_port(host: str, port: int) -> int:
    """The port, or a free one for 0. Raises OSError when it is taken, and stays so for PORT_PATIENCE_S."""
    until = time.monotonic() + PORT_PATIENCE_S
    while True:
        try:
            return _bindable(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > until:
                raise
            time.sleep(0.05)


def answers(host: str, port: int) -> bool:
    """Does a server at this address call itself ready?"""
    with closing(http.client.HTTPConnection(_REACHABLE.get(host, host), port, timeout=2)) as connection:
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False


def url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _bindable(host: str, port: int) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        return int(probe.getsockname()[1])
