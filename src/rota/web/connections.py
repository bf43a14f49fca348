"""Gives up clients that take nothing of what is sent to them: an end of the server does not wait for those."""

import fcntl
import os
import socket
import struct
import termios
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

BYTES_ACKED = 120
"""Where tcpi_bytes_acked stands in Linux's struct tcp_info."""


def cut_standing(before: Mapping[int, int]) -> dict[int, int]:
    """Shut down this process's connections on which bytes wait of which none was taken since the look `before`; what
    each of the others has taken so far, by descriptor, for the next look.

    The descriptors are the server's, and are found as Linux shows them: nothing else wakes a thread that waits in a
    write to such a connection, nor a server that waits for its end.
    """
    now = {number: taken for number in _sockets() if (taken := _taken(number)) is not None}
    for number, taken in now.items():
        if before.get(number) == taken:
            _shut_down(number)
    return now


def _sockets() -> list[int]:
    """The descriptors of this process that are sockets."""
    return [int(path.name) for path in Path("/proc/self/fd").iterdir() if path.is_socket()]


def _taken(number: int) -> int | None:
    """How many bytes the peer has taken so far; None when it has taken all, and for what is no TCP connection.

    That fewer bytes wait would not tell: the server fills them up.
    """
    with suppress(OSError), _duplicate(number) as connection:
        if struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4)))[0]:
            info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, BYTES_ACKED + 8)
            taken: int = struct.unpack_from("Q", info, BYTES_ACKED)[0]
            return taken
    return None


def _shut_down(number: int) -> None:
    with suppress(OSError), _duplicate(number) as connection:
        connection.shutdown(socket.SHUT_RDWR)


def _duplicate(number: int) -> socket.socket:
    return socket.socket(fileno=os.dup(number))
