"""What all stores of blobs promise: a folder, one that machines share, a memory, a bucket of a real S3 server."""

import os
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from buckets import Bucket, get, put
from races import at_once
from rota.store.blobs import LocalBlobs
from rota.store.objects import PART, RANGE, ObjectBlobs, open_objects
from rota.store.port import INCOMING, Blobs

STORES = ("folder", "shared folder", "memory", "bucket")
MORE_THAN_A_PART = PART + (1 << 20)


@pytest.fixture(params=STORES)
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    match request.param:
        case "memory":
            return ObjectBlobs(MemoryStore())
        case "bucket":
            return open_objects(request.getfixturevalue("bucket").url)
        case kind:
            return LocalBlobs(tmp_path / "blobs", shared=kind == "shared folder")


@pytest.fixture(params=[5, MORE_THAN_A_PART], ids=["small", "of several parts"])
def data(request: pytest.FixtureRequest) -> bytes:
    return os.urandom(request.param)


def test_nothing_is_visible_before_the_commit(blobs: Blobs, data: bytes) -> None:
    with blobs.create("jobs/1/in.csv") as upload:
        upload.write(data)
        assert blobs.size("jobs/1/in.csv") is None
        assert blobs.names("jobs/") == []
        upload.commit()
        assert blobs.size("jobs/1/in.csv") == len(data)
    assert get(blobs, "jobs/1/in.csv") == data


@pytest.mark.parametrize("crash", [False, True])
def test_leaving_without_a_commit_discards(blobs: Blobs, data: bytes, crash: bool) -> None:
    try:
        with blobs.create("jobs/1/in.csv") as upload:
            upload.write(data)
            if crash:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert blobs.size("jobs/1/in.csv") is None
    assert blobs.names("jobs/") == blobs.names(INCOMING) == []


def test_a_commit_replaces_what_was_there(blobs: Blobs, data: bytes) -> None:
    put(blobs, "jobs/1/in.csv", b"the old one")
    with blobs.create("jobs/1/in.csv") as upload:
        upload.write(data)
        assert get(blobs, "jobs/1/in.csv") == b"the old one"
        upload.commit()
    assert get(blobs, "jobs/1/in.csv") == data


@pytest.mark.parametrize(
    "sizes", [(), (0,), (0, 1, 0, 2), (PART,), (PART, 0), (PART, 1), (1, PART, 1), (2 * PART + 3,), (1 << 20,) * 11]
)
def test_writes_of_any_size_are_joined(blobs: Blobs, sizes: Sequence[int]) -> None:
    pieces = [os.urandom(size) for size in sizes]
    with blobs.create("jobs/1/in.csv") as upload:
        for piece in pieces:
            upload.write(piece)
        upload.commit()
    assert get(blobs, "jobs/1/in.csv") == b"".join(pieces)


def test_a_buffer_may_be_used_again_once_it_was_written(blobs: Blobs) -> None:
    buffer = bytearray(1 << 20)
    with blobs.create("jobs/1/in.csv") as upload:
        for number in range(8):
            buffer[:] = bytes([number]) * len(buffer)
            upload.write(memoryview(buffer))  # type: ignore[arg-type]
        upload.commit()
    assert get(blobs, "jobs/1/in.csv") == b"".join(bytes([number]) * len(buffer) for number in range(8))


def test_any_range_can_be_streamed_and_read(blobs: Blobs) -> None:
    data = os.urandom(2 * RANGE + 10)
    put(blobs, "a/b", data)
    for start in (0, 1, RANGE - 1, RANGE, 2 * RANGE + 5, len(data), len(data) + 1):
        for end in (0, 1, RANGE, RANGE + 1, 2 * RANGE, len(data), 3 * RANGE):
            blocks = list(blobs.stream("a/b", start, end))
            assert b"".join(blocks) == data[start:end] == blobs.read("a/b", start, end)
            assert all(0 < len(block) <= RANGE for block in blocks)


def test_names_are_sorted_and_below_the_prefix_alone(blobs: Blobs) -> None:
    for key in ("jobs/2/b", "jobs/10/a", "jobs/1/z/y", "jobs/1/in.csv", "jobs", "other/1"):
        if key != "jobs" or not isinstance(blobs, LocalBlobs):
            put(blobs, key, b"")
    assert blobs.names("jobs/") == ["jobs/1/in.csv", "jobs/1/z/y", "jobs/10/a", "jobs/2/b"]
    assert blobs.names("jobs/1/") == ["jobs/1/in.csv", "jobs/1/z/y"]
    assert blobs.names("nothing/") == []


def test_folders_are_the_first_steps_below_the_prefix(blobs: Blobs) -> None:
    for key in ("jobs/2/b", "jobs/10/a", "jobs/1/z/y", "jobs/1/in.csv", "jobs/file", "other/1"):
        put(blobs, key, b"")
    assert blobs.folders("jobs/") == ["1", "10", "2"]
    assert blobs.folders("nothing/") == []


@pytest.mark.soak
def test_more_names_than_a_page_are_listed_and_deleted(bucket: Bucket) -> None:
    """S3 lists and deletes a thousand at a time."""
    blobs = open_objects(bucket.url)
    keys = [f"jobs/{number % 2}/segments/{number:04d}" for number in range(1_005)]

    def put_every(nth: int) -> None:
        for key in keys[nth::4]:
            put(blobs, key, b"")

    at_once(*(partial(put_every, nth) for nth in range(4)))
    assert blobs.names("jobs/") == sorted(keys)
    assert blobs.folders("jobs/") == ["0", "1"]
    blobs.delete(keys)
    assert bucket.objects() == []


def test_a_blob_that_is_not_there_has_no_size_and_cannot_be_read(blobs: Blobs) -> None:
    assert blobs.size("jobs/1/in.csv") is None
    for read in (lambda: blobs.read("jobs/1/in.csv", 0, 1), lambda: list(blobs.stream("jobs/1/in.csv", 0, 1))):
        with pytest.raises(FileNotFoundError):
            read()
    put(blobs, "jobs/1/in.csv", b"")
    assert blobs.size("jobs/1/in.csv") == 0


def test_deleting_what_is_not_there_is_no_error(blobs: Blobs) -> None:
    blobs.delete(["jobs/1/in.csv", "nothing/at/all"])
    blobs.delete([])
    put(blobs, "jobs/1/in.csv", b"")
    put(blobs, "jobs/1/rows.csv", b"")
    blobs.delete(["jobs/0/in.csv", "jobs/1/in.csv", "jobs/1/in.csv", "jobs/2/in.csv", "jobs/1/rows.csv"])
    assert blobs.names("jobs/") == []


def test_committing_twice_is_an_error(blobs: Blobs, data: bytes) -> None:
    with blobs.create("jobs/1/a") as upload:
        upload.write(data)
        upload.commit()
        with pytest.raises(FileNotFoundError):
            upload.commit()
    assert get(blobs, "jobs/1/a") == data


def test_a_sweep_spares_a_living_upload(blobs: Blobs, data: bytes) -> None:
    asked: list[bool] = []
    with blobs.create("jobs/1/in.csv") as upload:
        upload.write(data)
        assert blobs.sweep(INCOMING) == 0
        upload.commit()
        # Until its owner has let go, even under its key. Nobody is asked: its owner may yet change the answer.
        assert blobs.sweep("jobs/", lambda: bool(asked.append(True))) == 0
    assert get(blobs, "jobs/1/in.csv") == data
    assert asked == []


def test_a_sweep_spares_what_it_is_told_to(aged: Callable[[], Blobs]) -> None:
    blobs = aged()
    assert blobs.sweep("jobs/", lambda: True) == 0
    assert blobs.names("jobs/") == ["jobs/1/in.csv"]
    assert blobs.sweep("jobs/", lambda: False) == 1
    assert blobs.names("jobs/") == blobs.names(INCOMING) == []


@pytest.fixture(params=STORES)
def aged(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Blobs]:
    """Makes a store with a blob of which everybody has let go long ago."""

    def make() -> Blobs:
        match request.param:
            case "memory":
                blobs: Blobs = ObjectBlobs(MemoryStore(), abandoned_s=0)
            case "bucket":
                blobs = open_objects(request.getfixturevalue("bucket").url, abandoned_s=0)
            case kind:
                blobs = LocalBlobs(tmp_path / "blobs", shared=kind == "shared folder")
        put(blobs, "jobs/1/in.csv", b"bytes")
        if isinstance(blobs, LocalBlobs):
            path = tmp_path / "blobs/jobs/1/in.csv"
            long_ago = path.stat().st_mtime - timedelta(days=2).total_seconds()
            os.utime(path, (long_ago, long_ago))
        return blobs

    return make


def test_what_others_have_let_go_is_swept_by_the_clock_of_the_store(blobs: Blobs) -> None:
    """What was just written stays where machines share a store; one that has a folder to itself sees the lock gone."""
    put(blobs, "jobs/1/in.csv", b"bytes")
    swept = blobs.sweep("jobs/")
    assert swept == (1 if isinstance(blobs, LocalBlobs) and not blobs._shared else 0)
    assert blobs.names(INCOMING) == []


def test_commits_and_deletions_in_one_folder_do_not_disturb_each_other(blobs: Blobs) -> None:
    def come_and_go(number: int) -> None:
        for turn in range(15):
            put(blobs, f"jobs/1/segments/{number}.{turn}", b"bytes")
            blobs.delete([f"jobs/1/segments/{number}.{turn}"])

    at_once(*(partial(come_and_go, number) for number in range(4)))
    assert blobs.names("jobs/") == []


def test_a_store_of_blobs_knows_whether_it_can_write(blobs: Blobs) -> None:
    blobs.check()
    assert blobs.names("") == []
