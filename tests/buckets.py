"""A bucket of a real S3 server, seen from outside, with plain HTTP and not through rota; and blobs that fit memory."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from rota.store.port import Blobs


@dataclass(frozen=True)
class Bucket:
    """`server` is the URL of a server that asks for no signature."""

    server: str
    name: str

    @property
    def url(self) -> str:
        """What ROTA_BLOBS_URL says of it; not the whole bucket is rota's."""
        return f"s3://{self.name}/some/prefix"

    @property
    def environ(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": "an-access-key",
            "AWS_SECRET_ACCESS_KEY": "a-secret-key",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.server,
        }

    def make(self) -> None:
        httpx.put(f"{self.server}/{self.name}").raise_for_status()

    def remove(self) -> None:
        httpx.delete(f"{self.server}/{self.name}").raise_for_status()

    def objects(self) -> list[str]:
        """The key of every object but the seal, without the prefix that they all have."""
        found = re.findall("<Key>(.+?)</Key>", self._ask("?list-type=2"))
        assert all(key.startswith("some/prefix/") for key in found)
        return [key.removeprefix("some/prefix/") for key in found if key != "some/prefix/seal"]

    def unfinished(self) -> list[str]:
        """The keys of multipart uploads that were neither ended nor aborted."""
        return re.findall("<Key>(.+?)</Key>", self._ask("?uploads"))

    def etag(self, key: str) -> str:
        """The server's own: that of an object of several parts ends in their number."""
        found = re.findall("<Key>(.+?)</Key>.*?<ETag>(.+?)</ETag>", self._ask("?list-type=2"), re.DOTALL)
        return dict(found)[f"some/prefix/{key}"].replace("&quot;", "").strip('"')

    def _ask(self, query: str) -> str:
        answer = httpx.get(f"{self.server}/{self.name}{query}")
        answer.raise_for_status()
        return answer.text


def put(blobs: Blobs, key: str, data: bytes) -> None:
    with blobs.create(key) as upload:
        upload.write(data)
        upload.commit()


def get(blobs: Blobs, key: str) -> bytes:
    size = blobs.size(key)
    assert size is not None
    return blobs.read(key, 0, size)


class Relay:
    """Passes connections on to a server until it is cut, and again once that is over."""

    def __init__(self, server: str) -> None:
        self._to = (urlsplit(server).hostname, urlsplit(server).port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._is_cut = False
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> "Relay":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._is_cut = True
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._drop()

    @contextmanager
    def cut(self) -> Iterator[None]:
        self._is_cut = True
        self._drop()
        yield
        self._is_cut = False

    def _drop(self) -> None:
        for each in list(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if self._is_cut:
                    near.close()
                    continue
                far = socket.create_connection(self._to)
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        self._open.add(source)
        with suppress(OSError):
            while data := source.recv(1 << 16):
                target.sendall(data)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._open.discard(source)
        source.close()
