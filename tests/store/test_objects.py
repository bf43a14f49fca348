"""Blobs in object storage: how they travel, what becomes of uploads that end badly, and what is said when storage says
no. What they have in common with other stores of blobs is in test_blobs_anywhere.py."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
from obstore.store import MemoryStore

from buckets import Bucket, get, put
from races import at_once
from rota.domain.errors import StorageFull, StoreUnavailable
from rota.store import objects as module
from rota.store.objects import PART, RANGE, ObjectBlobs, open_objects
from support import wait_until

_HOLD = """
import sys
from rota.store.objects import PART, open_objects
upload = open_objects(sys.argv[1]).create("jobs/1/in.csv")
for _ in range(3):
    upload.write(b"x" * PART)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def blobs(bucket: Bucket) -> ObjectBlobs:
    return open_objects(bucket.url)


def test_what_fits_a_part_goes_by_one_request_and_the_rest_in_parts(blobs: ObjectBlobs, bucket: Bucket) -> None:
    put(blobs, "small", b"x" * PART)
    put(blobs, "large", b"x" * (2 * PART + 1))
    assert bucket.objects() == ["large", "small"]
    assert "-" not in bucket.etag("small")
    assert bucket.etag("large").endswith("-3")


@pytest.mark.parametrize("largest", [0, 10_000 * PART, 10_000 * PART + 1, 1 << 40])
def test_the_largest_blob_that_may_come_fits_the_parts_that_s3_takes(largest: int) -> None:
    part = open_objects("s3://bucket", largest=largest)._part
    assert part >= PART
    assert part * module.MOST_PARTS >= largest


def test_parts_are_sent_while_the_next_is_written(blobs: ObjectBlobs, bucket: Bucket) -> None:
    with blobs.create("jobs/1/in.csv") as upload:
        upload.write(b"x" * PART)
        assert bucket.unfinished() == []
        upload.write(b"x" * PART)
        wait_until(lambda: bucket.unfinished() == ["some/prefix/jobs/1/in.csv"], "the first part")
        assert bucket.objects() == []
        upload.commit()
    assert bucket.unfinished() == []
    assert bucket.objects() == ["jobs/1/in.csv"]


@pytest.mark.parametrize("parts", [0, 1, 3])
def test_an_upload_that_is_discarded_is_aborted(blobs: ObjectBlobs, bucket: Bucket, parts: int) -> None:
    with pytest.raises(KeyboardInterrupt), blobs.create("jobs/1/in.csv") as upload:
        for _ in range(parts):
            upload.write(b"x" * (PART + 1))
        raise KeyboardInterrupt
    assert bucket.objects() == bucket.unfinished() == []
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("sending")]


def test_a_process_that_dies_leaves_nothing_that_can_be_seen(bucket: Bucket) -> None:
    """But parts without an end, which a rule of the bucket removes: the documentation says which."""
    with Popen([sys.executable, "-c", _HOLD, bucket.url], stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        process.kill()
        process.wait()
    assert bucket.objects() == []
    put(open_objects(bucket.url), "jobs/1/in.csv", b"the next one")
    assert get(open_objects(bucket.url), "jobs/1/in.csv") == b"the next one"


def test_uploads_at_once_do_not_mix(blobs: ObjectBlobs) -> None:
    sent = [os.urandom(PART + number) for number in (1, 2, 3)]
    at_once(*(partial(put, blobs, f"jobs/{number}", data) for number, data in enumerate(sent)))
    assert [get(blobs, f"jobs/{number}") for number in range(3)] == sent


def test_a_stream_asks_for_no_more_than_it_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    real = module.obstore.get_range

    def spy(store: object, key: str, *, start: int, end: int) -> object:
        asked.append((start, end))
        return real(store, key, start=start, end=end)  # type: ignore[arg-type]

    monkeypatch.setattr(module.obstore, "get_range", spy)
    blobs = ObjectBlobs(MemoryStore())
    put(blobs, "a", b"x" * (4 * RANGE))
    reading = blobs.stream("a", 3, 2 * RANGE + 5)
    next(reading)
    assert asked == [(3, RANGE + 3)]
    assert sum(map(len, reading)) == RANGE + 2
    assert asked[1:] == [(RANGE + 3, 2 * RANGE + 3), (2 * RANGE + 3, 2 * RANGE + 5)]


def test_storage_that_minds_a_missing_key_deletes_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    real = module.obstore.delete

    def minding(store: MemoryStore, keys: str | list[str]) -> None:
        for key in [keys] if isinstance(keys, str) else keys:
            module.obstore.head(store, key)
            real(store, key)

    monkeypatch.setattr(module.obstore, "delete", minding)
    blobs = ObjectBlobs(MemoryStore())
    put(blobs, "b", b"")
    blobs.delete(["a", "b", "c"])
    assert blobs.names("") == []


USES: dict[str, Callable[[ObjectBlobs], object]] = {
    "put": lambda blobs: put(blobs, "a", b"bytes"),
    "put in parts": lambda blobs: put(blobs, "a", b"x" * (3 * PART)),
    "read": lambda blobs: blobs.read("a", 0, 5),
    "stream": lambda blobs: list(blobs.stream("a", 0, 5)),
    "names": lambda blobs: blobs.names("jobs/"),
    "folders": lambda blobs: blobs.folders("jobs/"),
    "delete": lambda blobs: blobs.delete(["a", "b"]),
    "sweep": lambda blobs: blobs.sweep("jobs/"),
    "check": lambda blobs: blobs.check(),
}


@pytest.fixture(params=list(USES))
def use(request: pytest.FixtureRequest) -> Callable[[ObjectBlobs], object]:
    return USES[request.param]


def test_a_bucket_that_is_not_there_is_no_missing_blob(bucket: Bucket, use: Callable[[ObjectBlobs], object]) -> None:
    """Else a job would be given up, because its input is gone."""
    blobs = open_objects(bucket.url)
    bucket.remove()
    with pytest.raises(StoreUnavailable, match="NoSuchBucket"):
        use(blobs)


@contextmanager
def _refusing(status: int, code: str) -> Iterator[str]:
    """A server that says the same to every request, and to whom it says so."""

    class Refusing(BaseHTTPRequestHandler):
        def _refuse(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            told = f"<Error><Code>{code}</Code><AWSAccessKeyId>{KEY}</AWSAccessKeyId></Error>".encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told if self.command != "HEAD" else b"")

        def log_message(self, *args: object) -> None:
            return

    for verb in ("GET", "PUT", "POST", "DELETE", "HEAD"):
        setattr(Refusing, f"do_{verb}", Refusing._refuse)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


KEY, SECRET = "THE-ACCESS-KEY", "the-secret-key"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setitem(module._RETRIES, "max_retries", 1)
    return monkeypatch


@pytest.mark.parametrize(
    ("status", "code", "refusal"),
    [
        (403, "AccessDenied", StoreUnavailable),
        (403, "InvalidAccessKeyId", StoreUnavailable),
        (401, "Unauthorized", StoreUnavailable),
        (400, "AuthorizationHeaderMalformed", StoreUnavailable),
        (503, "SlowDown", StoreUnavailable),
        (507, "XMinioStorageFull", StorageFull),
        (403, "QuotaExceeded", StorageFull),
    ],
)
def test_what_storage_says_is_told_without_keys(
    aws: pytest.MonkeyPatch, use: Callable[[ObjectBlobs], object], status: int, code: str, refusal: type[Exception]
) -> None:
    with _refusing(status, code) as url:
        aws.setenv("AWS_ENDPOINT_URL", url)
        with pytest.raises(refusal) as told:
            use(open_objects("s3://bucket/prefix"))
    said = str(told.value)
    assert refusal is StorageFull or (code in said and str(status) in said)
    assert KEY not in said
    assert SECRET not in said
    assert "\n" not in said
    # A log that renders the chain of exceptions shows no more.
    assert told.value.__suppress_context__
    assert told.value.__cause__ is None


def test_storage_that_does_not_answer_is_unavailable(
    aws: pytest.MonkeyPatch, use: Callable[[ObjectBlobs], object]
) -> None:
    aws.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(StoreUnavailable, match=r"http://127\.0\.0\.1:1/bucket"):
        use(open_objects("s3://bucket/prefix"))


def test_storage_that_fails_while_parts_are_sent_fails_the_upload_soon(aws: pytest.MonkeyPatch, bucket: Bucket) -> None:
    blobs = open_objects(bucket.url)
    with pytest.raises(StoreUnavailable), blobs.create("jobs/1/in.csv") as upload:
        upload.write(b"x" * (PART + 1))
        wait_until(lambda: bucket.unfinished() != [], "the beginning")
        bucket.remove()
        for _ in range(100):
            upload.write(b"x" * (1 << 20))


@pytest.mark.parametrize("url", ["gs://bucket/prefix", "az://container/prefix"])
def test_other_clouds_are_let_through(monkeypatch: pytest.MonkeyPatch, url: str, tmp_path: Path) -> None:
    """As far as this can be seen without one: a store is made of the URL, and says why it is none."""
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")
    assert isinstance(open_objects(url), ObjectBlobs)
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME")
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT", str(tmp_path / "nothing.json"))
    with pytest.raises(StoreUnavailable):
        open_objects(url)
