"""Blobs in object storage: S3 and whatever speaks its protocol, Google Cloud Storage and Azure, all through obstore.

A blob that fits one part is sent by one request. A larger one goes by a multipart upload, of which memory holds two
parts: one that fills and one on its way. Either becomes visible whole, by the request that ends it.
"""

import re
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError
from obstore.store import from_url

from rota.domain.errors import StorageFull, StoreUnavailable
from rota.store.port import ABANDONED_S, INCOMING

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

PART = 5 << 20
"""Bytes of a part of a multipart upload: the least that S3 takes."""

MOST_PARTS = 10_000
"""That S3 takes of one upload."""

RANGE = 1 << 20
"""Bytes that one request of a stream asks for, and that it holds. One request for the whole would last as long as its
reader reads, and be cut off by servers and by obstore's own time limit."""

MOST_DELETED = 1_000
"""Keys that S3 deletes by one request."""

_CLIENT: "ClientConfig" = {
    "allow_http": True,
    "connect_timeout": timedelta(seconds=3),
    "timeout": timedelta(seconds=30),
}
"""Thirty seconds for the 5 MiB of a part: a line slower than 175 kB/s is none to keep blobs behind. Plain HTTP is used
where the endpoint says so."""

_RETRIES: "RetryConfig" = {
    "max_retries": 5,
    "retry_timeout": timedelta(seconds=10),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2), "base": 2},
}
"""Hiccups are ridden out here; what lasts is told, and tried again by whoever asked: runners every second, clients
after a 503. A request that waits holds a thread, so not for minutes."""

_FULL = {"507", "InsufficientStorage", "QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded"}
"""Of all that says no, what says that there is no room."""


def open_objects(url: str, *, largest: int = 0, abandoned_s: float = ABANDONED_S) -> "ObjectBlobs":
    """Blobs below `s3://bucket/prefix`, or a `gs://` or `az://` URL. Credentials and the endpoint come from the
    environment, by the names that the providers gave them. `largest` is the most bytes that a blob may have to take.

    Raises StoreUnavailable for a URL of which no store can be made; nothing is asked of the network yet.
    """
    with _translating():
        store = from_url(url, client_options=_CLIENT, retry_config=_RETRIES)
    return ObjectBlobs(store, part=max(PART, -(-largest // MOST_PARTS)), abandoned_s=abandoned_s)


class ObjectBlobs:
    """Blobs of a bucket that any number of machines share: see `ABANDONED_S`."""

    def __init__(self, store: "ObjectStore", *, part: int = PART, abandoned_s: float = ABANDONED_S) -> None:
        self._store, self._part, self._abandoned_s = store, part, abandoned_s

    def create(self, key: str) -> "ObjectUpload":
        return ObjectUpload(self._store, key, self._part)

    def size(self, key: str) -> int | None:
        with _translating():
            try:
                return obstore.head(self._store, key)["size"]
            except FileNotFoundError:
                return None

    def read(self, key: str, start: int, end: int) -> bytes:
        if start >= end:
            return b""
        with _translating():
            try:
                return bytes(obstore.get_range(self._store, key, start=start, end=end))
            except BaseError as error:
                # Behind the end of a blob there is nothing; obstore's memory says so in words of its own.
                if _status(str(error)) == "416" or "Invalid range" in str(error):
                    return b""
                raise

    def stream(self, key: str, start: int, end: int) -> Iterator[bytes]:
        while start < end:
            block = self.read(key, start, min(start + RANGE, end))
            if block:
                yield block
            if len(block) < RANGE:
                return
            start += RANGE

    def names(self, prefix: str) -> list[str]:
        with _translating():
            return sorted(meta["path"] for page in obstore.list(self._store, prefix) for meta in page)

    def folders(self, prefix: str) -> list[str]:
        with _translating():
            found = obstore.list_with_delimiter(self._store, prefix)["common_prefixes"]
        return sorted(path.rstrip("/").rpartition("/")[2] for path in found)

    def delete(self, keys: Iterable[str]) -> None:
        every = list(keys)
        for at in range(0, len(every), MOST_DELETED):
            self._delete(every[at : at + MOST_DELETED])

    def _delete(self, keys: Sequence[str]) -> None:
        try:
            with _translating():
                obstore.delete(self._store, keys)
        except FileNotFoundError:
            # Some stores mind, and leave the others where they are.
            for key in keys:
                with suppress(FileNotFoundError), _translating():
                    obstore.delete(self._store, key)

    def sweep(self, prefix: str, spare: Callable[[], bool] = lambda: False) -> int:
        with _translating():
            found = [meta for page in obstore.list(self._store, prefix) for meta in page]
        if not found:
            return 0
        before = self._now() - timedelta(seconds=self._abandoned_s)
        gone = [meta["path"] for meta in found if meta["last_modified"] <= before and not spare()]
        self.delete(gone)
        return len(gone)

    def check(self) -> None:
        with self._probe():
            return

    def _now(self) -> datetime:
        """The time of the store's own clock, by which it dates its objects."""
        with self._probe() as key, _translating():
            return obstore.head(self._store, key)["last_modified"]

    @contextmanager
    def _probe(self) -> Iterator[str]:
        key = INCOMING + uuid.uuid4().hex
        with self.create(key) as upload:
            upload.write(b"ready?")
            upload.commit()
        yield key
        self.delete([key])


class ObjectUpload:
    """An upload that has not outgrown one part is nowhere but here."""

    def __init__(self, store: "ObjectStore", key: str, part: int) -> None:
        self._store, self._key, self._part = store, key, part
        self._held = bytearray()
        self._sending: _Sending | None = None
        self._committed = False

    def write(self, data: bytes) -> None:
        if self._sending:
            self._sending.give(bytes(data))
            return
        self._held += data
        if len(self._held) > self._part:
            self._sending = _Sending(self._store, self._key, self._part)
            self._sending.give(bytes(self._held))
            self._held.clear()

    def commit(self) -> None:
        if self._committed:
            raise FileNotFoundError(f"{self._key} is committed, and nothing is left to commit")
        self._committed = True
        if self._sending:
            self._sending.finish()
            return
        with _translating():
            obstore.put(self._store, self._key, bytes(self._held), use_multipart=False)

    def __enter__(self) -> "ObjectUpload":
        return self

    def __exit__(self, *exc: object) -> None:
        if self._sending and not self._committed:
            self._sending.discard()


class _Discarded(Exception):
    """The upload is left without a commit."""


class _Sending(threading.Thread):
    """A multipart upload. obstore pulls bytes while we are pushed some, so they meet here, a block at a time.

    What obstore cannot end it aborts, and what we discard ends for it in an exception: only a process that dies leaves
    parts behind, which a rule of the bucket removes (docs/operate.md); obstore has no call that lists them.
    """

    def __init__(self, store: "ObjectStore", key: str, part: int) -> None:
        super().__init__(name=f"sending {key}", daemon=True)
        self._store, self._key, self._part = store, key, part
        self._turn = threading.Condition()
        self._block: bytes | None = None
        self._end: type[Exception] | None = None
        self._over = False
        self._trouble: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            with _translating():
                obstore.put(
                    self._store, self._key, self._blocks(), use_multipart=True, chunk_size=self._part, max_concurrency=1
                )
        except BaseException as trouble:
            self._trouble = trouble
        with self._turn:
            self._over = True
            self._turn.notify_all()

    def give(self, block: bytes) -> None:
        """Returns when there is room for the next block. Raises the store's own."""
        with self._turn:
            self._turn.wait_for(lambda: self._block is None or self._over)
            self._raise_trouble()
            self._block = block
            self._turn.notify_all()

    def finish(self) -> None:
        """Make what was given visible. Raises the store's own."""
        self._end_with(StopIteration)
        self._raise_trouble()

    def discard(self) -> None:
        self._end_with(_Discarded)

    def _end_with(self, end: type[Exception]) -> None:
        with self._turn:
            self._end = end
            self._turn.notify_all()
        self.join()

    def _raise_trouble(self) -> None:
        if self._trouble:
            raise self._trouble

    def _blocks(self) -> Iterator[bytes]:
        while (block := self._next()) is not None:
            yield block

    def _next(self) -> bytes | None:
        with self._turn:
            self._turn.wait_for(lambda: self._block is not None or self._end)
            block, self._block = self._block, None
            self._turn.notify_all()
        if block is None and self._end is _Discarded:
            raise _Discarded
        return block


@contextmanager
def _translating() -> Iterator[None]:
    """Says in rota's own words what stores say. Their texts are not passed on: some repeat the name of the key."""
    try:
        yield
    except FileNotFoundError as error:
        if _code(str(error)) == "NoSuchBucket":
            raise StoreUnavailable(_brief(str(error))) from None
        raise FileNotFoundError(_brief(str(error))) from None
    except BaseError as error:
        text = str(error)
        if _FULL & {_status(text), _code(text)}:
            raise StorageFull from None
        raise StoreUnavailable(_brief(text)) from None
    except ValueError as error:
        raise StoreUnavailable(_brief(str(error))) from None


def _code(text: str) -> str:
    """The word by which S3 names what is wrong; empty where the text has none."""
    found = re.search(r"<Code>(\w+)</Code>", text)
    return found[1] if found else ""


def _status(text: str) -> str:
    found = re.search(r"status code: (\d+)", text)
    return found[1] if found else ""


def _brief(text: str) -> str:
    """The first line without the body of the answer, and what that says is wrong."""
    line = re.sub(r"(status code: \d+[^:]*):.*", r"\1", text.partition("\n")[0])
    return f"{line} ({code})" if (code := _code(text)) else line
