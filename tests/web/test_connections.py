"""Connections at the end of a server: those on which nothing moves are cut, and no others."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from rota.web.connections import cut_standing

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pairs() -> Iterator[list[Pair]]:
    """Three connections, the near end of each first."""
    with ExitStack() as stack, socket.create_server(("127.0.0.1", 0)) as server:
        made = []
        for _ in range(3):
            near = stack.enter_context(socket.create_connection(server.getsockname()))
            made.append((near, stack.enter_context(server.accept()[0])))
        yield made


def fill(near: socket.socket) -> None:
    """More bytes than the buffers of both ends hold."""
    near.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            near.send(b"x" * 65_536)


def test_whoever_takes_nothing_is_cut_and_whoever_takes_little_or_waits_for_more_is_not(pairs: list[Pair]) -> None:
    (standing, _), (slow, reader), (quiet, other) = pairs
    for near in (standing, slow):
        fill(near)
    taken = cut_standing({})
    for _ in range(5):
        # As much as opens the window of the kernel again.
        reader.recv(2 << 20, socket.MSG_WAITALL)
        fill(slow)
        taken = cut_standing(taken)
    with pytest.raises(BrokenPipeError):
        standing.send(b"x")
    for near, far in ((slow, reader), (quiet, other)):
        near.shutdown(socket.SHUT_WR)
        while far.recv(1 << 20):
            pass
