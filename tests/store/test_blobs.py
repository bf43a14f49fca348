"""Blobs in a folder: whole or not there, swept when abandoned and never while alive. What all stores of blobs promise
is in test_blobs_anywhere.py."""

import errno
import io
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from buckets import get, put
from races import at_once
from rota.domain.errors import StorageFull, StoreUnavailable
from rota.store import blobs as module
from rota.store.blobs import BLOCK, LocalBlobs
from rota.store.port import ABANDONED_S, INCOMING

_HOLD = """
import sys
from pathlib import Path
from rota.store.blobs import BLOCK, LocalBlobs
upload = LocalBlobs(Path(sys.argv[1])).create("jobs/1/in.csv")
upload.write(b"half of it")
if len(sys.argv) > 2:
    upload.commit()
print("held", flush=True)
sys.stdin.read()
"""


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture(params=["durable", "not durable", "shared"])
def blobs(request: pytest.FixtureRequest, root: Path) -> LocalBlobs:
    return LocalBlobs(root, durable=request.param != "not durable", shared=request.param == "shared")


@pytest.fixture(params=["durable", "not durable"])
def own_blobs(request: pytest.FixtureRequest, root: Path) -> LocalBlobs:
    """In a folder that no other machine writes to."""
    return LocalBlobs(root, durable=request.param == "durable")


def test_what_is_committed_is_there_and_nothing_else(blobs: LocalBlobs, root: Path) -> None:
    put(blobs, "jobs/1/in.csv", b"bytes")
    assert get(blobs, "jobs/1/in.csv") == b"bytes"
    assert files(root) == ["jobs/1/in.csv"]


@pytest.mark.parametrize("crash", [False, True])
def test_leaving_without_a_commit_discards(blobs: LocalBlobs, root: Path, crash: bool) -> None:
    try:
        with blobs.create("jobs/1/in.csv") as upload:
            upload.write(b"bytes")
            if crash:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert files(root) == []


def test_a_blob_is_flushed_before_it_has_its_name(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What survives power loss: the bytes first, then the name, then the folder that holds the name."""
    order: list[str] = []
    real = {"fdatasync": os.fdatasync, "fsync": os.fsync, "rename": Path.rename}

    def spy(name: str) -> Callable[..., object]:
        def call(*args: object) -> object:
            order.append(name)
            return real[name](*args)

        return call

    monkeypatch.setattr(os, "fdatasync", spy("fdatasync"))
    monkeypatch.setattr(os, "fsync", spy("fsync"))
    monkeypatch.setattr(Path, "rename", spy("rename"))
    blobs = LocalBlobs(root)
    put(blobs, "jobs/1/in.csv", b"bytes")
    assert order[0] == "fdatasync"
    assert order[-2:] == ["rename", "fsync"]
    # Two folders are new: what names them is flushed too.
    assert order[1:-2] == ["fsync", "fsync"]
    order.clear()
    put(LocalBlobs(root, durable=False), "jobs/1/in.csv", b"bytes")
    assert order == ["rename"]


def test_deleting_removes_emptied_folders_and_no_others(blobs: LocalBlobs, root: Path) -> None:
    keys = ["jobs/1/in.csv", "jobs/1/segments/a", "jobs/1/segments/b", "jobs/2/in.csv"]
    for key in keys:
        put(blobs, key, b"")
    blobs.delete(["jobs/1/segments/a"])
    assert files(root) == ["jobs/1/in.csv", "jobs/1/segments/b", "jobs/2/in.csv"]
    blobs.delete(blobs.names("jobs/1/"))
    assert files(root) == ["jobs/2/in.csv"]
    assert not (root / "jobs/1").exists()


def test_a_commit_survives_that_its_empty_folder_is_deleted(
    blobs: LocalBlobs, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when one runner discards a job's only segment while another commits its first."""
    real, times = module._make_folder, []

    def make_and_lose(folder: Path, *rest: object) -> None:
        real(folder, *rest)  # type: ignore[arg-type]
        times.append(folder)
        if len(times) < 3:
            folder.rmdir()

    monkeypatch.setattr(module, "_make_folder", make_and_lose)
    put(blobs, "jobs/1/segments/a", b"bytes")
    assert get(blobs, "jobs/1/segments/a") == b"bytes"
    assert len(times) == 3


def test_commits_and_deletions_in_one_folder_do_not_disturb_each_other(blobs: LocalBlobs) -> None:
    def come_and_go(number: int) -> None:
        for turn in range(50):
            put(blobs, f"jobs/1/segments/{number}.{turn}", b"bytes")
            blobs.delete([f"jobs/1/segments/{number}.{turn}"])

    at_once(*(partial(come_and_go, number) for number in range(4)))
    assert blobs.names("jobs/") == []


def hold(root: Path, *words: str) -> subprocess.Popen[str]:
    """Another process with an upload in its hands."""
    environ = {**os.environ, "PYTHONPATH": str(Path(module.__file__).parents[2])}
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(root), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environ,
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


@pytest.mark.parametrize("words", [(), ("jobs/1/in.csv",)], ids=["incoming", "under its key"])
def test_a_sweep_removes_an_upload_once_its_process_has_died(root: Path, words: tuple[str, ...]) -> None:
    blobs = LocalBlobs(root)
    with hold(root, *words) as process:
        assert blobs.sweep(INCOMING) + blobs.sweep("jobs/") == 0
        assert len(files(root)) == 1
        process.kill()
        process.wait()
        assert blobs.sweep(INCOMING) + blobs.sweep("jobs/") == 1
    assert files(root) == []


def test_an_upload_that_a_sweep_finds_before_its_lock_is_made_again(
    own_blobs: LocalBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, swept = module.fcntl.flock, []

    def sweep_first(file: io.FileIO, how: int) -> None:
        if not swept:
            swept.append(True)
            swept.append(own_blobs.sweep(INCOMING))
        real(file, how)

    monkeypatch.setattr(module.fcntl, "flock", sweep_first)
    put(own_blobs, "jobs/1/in.csv", b"bytes")
    assert swept == [True, 1]
    assert get(own_blobs, "jobs/1/in.csv") == b"bytes"


def test_a_store_of_blobs_knows_whether_it_can_write(blobs: LocalBlobs, root: Path) -> None:
    blobs.check()
    assert files(root) == []


def fail_with(number: int) -> Callable[..., object]:
    def call(*args: object, **options: object) -> object:
        raise OSError(number, os.strerror(number))

    return call


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("call", ["os.fdatasync", "pathlib.Path.rename", "pathlib.Path.mkdir", "pathlib.Path.open"])
def test_a_full_disk_is_told_wherever_it_shows(
    root: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    blobs = LocalBlobs(root)
    with monkeypatch.context() as patched:
        patched.setattr(call, fail_with(number))
        with pytest.raises(StorageFull):
            put(blobs, "jobs/1/in.csv", b"bytes")
    assert files(root) == []


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EACCES, errno.EROFS, errno.ETIMEDOUT])
def test_other_trouble_of_the_disk_is_no_fault_of_the_rows(
    root: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "fdatasync", fail_with(number))
    with pytest.raises(StoreUnavailable, match=os.strerror(number)):
        put(LocalBlobs(root), "jobs/1/in.csv", b"bytes")
    assert files(root) == []
    monkeypatch.setattr(Path, "open", fail_with(number))
    with pytest.raises(StoreUnavailable, match=os.strerror(number)):
        LocalBlobs(root).read("jobs/1/in.csv", 0, 1)


def test_who_reads_a_blob_goes_on_reading_it_when_it_is_replaced_or_deleted(blobs: LocalBlobs) -> None:
    put(blobs, "jobs/1/in.csv", b"the old one" * BLOCK)
    reading = [blobs.stream("jobs/1/in.csv", 0, 11 * BLOCK) for _ in range(2)]
    first = [next(each) for each in reading]
    put(blobs, "jobs/1/in.csv", b"new")
    assert first[0] + b"".join(reading[0]) == b"the old one" * BLOCK
    blobs.delete(["jobs/1/in.csv"])
    assert first[1] + b"".join(reading[1]) == b"the old one" * BLOCK


def test_a_shared_folder_without_locks_is_swept_by_age_alone(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on network file systems that have none: what is written to stays, what was forgotten for a day goes."""
    monkeypatch.setattr(module.fcntl, "flock", fail_with(errno.ENOLCK))
    blobs = LocalBlobs(root, shared=True)
    with blobs.create("jobs/1/in.csv") as living, blobs.create("jobs/2/in.csv") as forgotten:
        living.write(b"bytes")
        long_ago = forgotten.written_at() - ABANDONED_S - 60
        os.utime(forgotten._path, (long_ago, long_ago))
        assert blobs.sweep(INCOMING) == 1
        living.commit()
        # Whoever was taken for dead and is not hears of it, and can try again.
        with pytest.raises(StoreUnavailable, match="abandoned"):
            forgotten.commit()
    assert files(root) == ["jobs/1/in.csv"]


def test_a_folder_of_its_own_is_not_used_without_locks(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.fcntl, "flock", fail_with(errno.ENOLCK))
    with pytest.raises(StoreUnavailable, match="locks"):
        LocalBlobs(root).check()
    assert files(root) == []


def test_a_disk_that_fills_up_during_an_upload_keeps_nothing_of_it(tiny_disk: Path) -> None:
    blobs = LocalBlobs(tiny_disk / "blobs")
    put(blobs, "jobs/1/in.csv", b"bytes")
    with pytest.raises(StorageFull), blobs.create("jobs/2/in.csv") as upload:
        for _ in range(20):
            upload.write(b"x" * 100_000)
    assert files(tiny_disk) == ["blobs/jobs/1/in.csv"]
    put(blobs, "jobs/2/in.csv", b"x" * 100_000)
    assert blobs.size("jobs/2/in.csv") == 100_000
