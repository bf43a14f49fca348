"""A bucket of a real S3 server, seen from outside, with plain HTTP and not through rota; and blobs that fit memory."""

import re
from dataclasses import dataclass

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

    def keys(self) -> list[str]:
        """Every object, without the prefix that they all have."""
        found = re.findall("<Key>(.+?)</Key>", self._ask("?list-type=2"))
        assert all(key.startswith("some/prefix/") for key in found)
        return [key.removeprefix("some/prefix/") for key in found]

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
