"""One address before several servers: connections go to them in turn, as a proxy in front of rota deals them out."""

import itertools
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from support import wait_until

BLOCK = 1 << 16


class Balancer:
    """`backends` are ports of loopback, and may be changed at any time. One that cannot be connected to is passed over,
    which is all that is tried twice: what a server has begun to hear is its own."""

    def __init__(self) -> None:
        self.backends: list[int] = []
        self.open: Counter[int] = Counter()
        self._lock = threading.Lock()
        self._turns = itertools.count()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]

    def serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def take_out(self, port: int) -> None:
        """No more connections to it; returns when those that it has are over."""
        with self._lock:
            self.backends = [each for each in self.backends if each != port]
        wait_until(lambda: not self.open[port], "the end of what was begun")

    def put_in(self, port: int) -> None:
        self.backends = [*self.backends, port]

    def close(self) -> None:
        # A mere close would leave the thread in its accept.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _carry(self, client: socket.socket) -> None:
        with client, suppress(OSError), self._connected() as server:
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            _pump(client, server)
            back.join()

    @contextmanager
    def _connected(self) -> Iterator[socket.socket]:
        backends, first = self.backends, next(self._turns)
        for step in range(len(backends)):
            port = backends[(first + step) % len(backends)]
            with suppress(ConnectionRefusedError), self._counted(port):
                server = socket.create_connection(("127.0.0.1", port))
                with server:
                    yield server
                return

    @contextmanager
    def _counted(self, port: int) -> Iterator[None]:
        with self._lock:
            # Chosen just before it was taken out.
            if port not in self.backends:
                raise ConnectionRefusedError
            self.open[port] += 1
        try:
            yield
        finally:
            with self._lock:
                self.open[port] -= 1


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while block := source.recv(BLOCK):
            target.sendall(block)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextmanager
def balancing() -> Iterator[Balancer]:
    balancer = Balancer()
    thread = threading.Thread(target=balancer.serve)
    thread.start()
    yield balancer
    balancer.close()
    thread.join()
