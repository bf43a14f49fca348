"""Blobs on a local disk: whole or not there, swept when abandoned and never while alive."""

import errno
import io
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from races import at_once
from rota.domain.errors import StorageFull
from rota.store import blobs as module
from rota.store.blobs import BLOCK, LocalBlobs
from rota.store.port import INCOMING

_HOLD = """
import sys
from pathlib import Path
from rota.store.blobs import LocalBlobs
upload = LocalBlobs(Path(sys.argv[1])).create()
upload.write(b"half of it")
if len(sys.argv) > 2:
    upload.commit(sys.argv[2])
print("held", flush=True)
sys.stdin.read()
"""


def put(blobs: LocalBlobs, key: str, data: bytes) -> None:
    with blobs.create() as upload:
        upload.write(data)
        upload.commit(key)


def get(blobs: LocalBlobs, key: str) -> bytes:
    size = blobs.size(key)
    assert size is not None
    return blobs.read(key, 0, size)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture(params=[True, False], ids=["durable", "not durable"])
def blobs(request: pytest.FixtureRequest, root: Path) -> LocalBlobs:
    return LocalBlobs(root, durable=request.param)


def test_what_is_committed_is_there_and_nothing_else(blobs: LocalBlobs, root: Path) -> None:
    put(blobs, "jobs/1/in.csv", b"bytes")
    assert get(blobs, "jobs/1/in.csv") == b"bytes"
    assert files(root) == ["jobs/1/in.csv"]


def test_nothing_is_visible_before_the_commit(blobs: LocalBlobs) -> None:
    with blobs.create() as upload:
        upload.write(b"bytes")
        assert blobs.size("jobs/1/in.csv") is None
        assert blobs.names("jobs/") == []
        upload.commit("jobs/1/in.csv")
        assert blobs.size("jobs/1/in.csv") == 5


@pytest.mark.parametrize("crash", [False, True])
def test_leaving_without_a_commit_discards(blobs: LocalBlobs, root: Path, crash: bool) -> None:
    try:
        with blobs.create() as upload:
            upload.write(b"bytes")
            if crash:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert files(root) == []


def test_a_commit_replaces_what_was_there_at_once(blobs: LocalBlobs) -> None:
    put(blobs, "jobs/1/in.csv", b"the old and longer one")
    reading = blobs.stream("jobs/1/in.csv", 0, 22)
    with blobs.create() as upload:
        upload.write(b"new")
        assert get(blobs, "jobs/1/in.csv") == b"the old and longer one"
        first = next(reading)
        upload.commit("jobs/1/in.csv")
    assert get(blobs, "jobs/1/in.csv") == b"new"
    # Who was reading the old one goes on reading it.
    assert first + b"".join(reading) == b"the old and longer one"


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


def test_writes_of_any_size_are_joined(blobs: LocalBlobs) -> None:
    pieces = [b"", b"a", b"b" * (BLOCK + 1), b"", memoryview(b"cd")]
    with blobs.create() as upload:
        for piece in pieces:
            upload.write(piece)  # type: ignore[arg-type]
        upload.commit("jobs/1/in.csv")
    assert get(blobs, "jobs/1/in.csv") == b"a" + b"b" * (BLOCK + 1) + b"cd"


@pytest.mark.parametrize("start", [0, 1, BLOCK - 1, BLOCK, 2 * BLOCK + 5])
@pytest.mark.parametrize("end", [0, 1, BLOCK, BLOCK + 1, 2 * BLOCK + 10, 3 * BLOCK])
def test_any_range_can_be_streamed_and_read(blobs: LocalBlobs, start: int, end: int) -> None:
    data = os.urandom(2 * BLOCK + 10)
    put(blobs, "a/b", data)
    blocks = list(blobs.stream("a/b", start, end))
    assert b"".join(blocks) == data[start:end]
    assert all(0 < len(block) <= BLOCK for block in blocks)
    if start <= end:
        assert blobs.read("a/b", start, end) == data[start:end]


def test_names_are_sorted_and_below_the_prefix_alone(blobs: LocalBlobs) -> None:
    for key in ("jobs/2/b", "jobs/10/a", "jobs/1/z/y", "jobs/1/in.csv", "other/1"):
        put(blobs, key, b"")
    assert blobs.names("jobs/") == ["jobs/1/in.csv", "jobs/1/z/y", "jobs/10/a", "jobs/2/b"]
    assert blobs.names("jobs/1/") == ["jobs/1/in.csv", "jobs/1/z/y"]
    assert blobs.names("nothing/") == []


def test_a_blob_that_is_not_there_has_no_size(blobs: LocalBlobs) -> None:
    assert blobs.size("jobs/1/in.csv") is None
    put(blobs, "jobs/1/in.csv", b"")
    assert blobs.size("jobs/1/in.csv") == 0


def test_deleting_removes_emptied_folders_and_no_others(blobs: LocalBlobs, root: Path) -> None:
    keys = ["jobs/1/in.csv", "jobs/1/segments/a", "jobs/1/segments/b", "jobs/2/in.csv"]
    for key in keys:
        put(blobs, key, b"")
    blobs.delete(["jobs/1/segments/a"])
    assert files(root) == ["jobs/1/in.csv", "jobs/1/segments/b", "jobs/2/in.csv"]
    blobs.delete(blobs.names("jobs/1/"))
    assert files(root) == ["jobs/2/in.csv"]
    assert not (root / "jobs/1").exists()


def test_deleting_what_is_not_there_is_no_error(blobs: LocalBlobs) -> None:
    blobs.delete(["jobs/1/in.csv", "nothing/at/all"])
    put(blobs, "jobs/1/in.csv", b"")
    blobs.delete(["jobs/1/in.csv", "jobs/1/in.csv"])
    assert blobs.size("jobs/1/in.csv") is None


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


def test_committing_twice_is_an_error(blobs: LocalBlobs) -> None:
    with blobs.create() as upload:
        upload.commit("jobs/1/a")
        with pytest.raises(FileNotFoundError):
            upload.commit("jobs/1/b")


def test_a_sweep_spares_a_living_upload(blobs: LocalBlobs) -> None:
    with blobs.create() as upload:
        upload.write(b"bytes")
        assert blobs.sweep(INCOMING) == 0
        upload.commit("jobs/1/in.csv")
        # Until its owner has let go, even under its key.
        assert blobs.sweep("jobs/") == 0
    assert get(blobs, "jobs/1/in.csv") == b"bytes"


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


def test_a_sweep_spares_what_it_is_told_to(blobs: LocalBlobs) -> None:
    put(blobs, "jobs/1/in.csv", b"")
    assert blobs.sweep("jobs/", lambda: True) == 0
    assert blobs.sweep("jobs/", lambda: False) == 1


def test_a_sweep_does_not_ask_while_an_upload_lives(blobs: LocalBlobs) -> None:
    """Its owner may yet do what would change the answer."""
    asked: list[bool] = []
    with blobs.create() as upload:
        upload.commit("jobs/1/in.csv")
        blobs.sweep("jobs/", lambda: bool(asked.append(True)))
    assert asked == []


def test_an_upload_that_a_sweep_finds_before_its_lock_is_made_again(
    blobs: LocalBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, swept = module.fcntl.flock, []

    def sweep_first(file: io.FileIO, how: int) -> None:
        if not swept:
            swept.append(True)
            swept.append(blobs.sweep(INCOMING))
        real(file, how)

    monkeypatch.setattr(module.fcntl, "flock", sweep_first)
    put(blobs, "jobs/1/in.csv", b"bytes")
    assert swept == [True, 1]
    assert get(blobs, "jobs/1/in.csv") == b"bytes"


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


def test_another_fault_of_the_disk_is_passed_on(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fdatasync", fail_with(errno.EIO))
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        put(LocalBlobs(root), "jobs/1/in.csv", b"bytes")
    assert files(root) == []


def test_a_disk_that_fills_up_during_an_upload_keeps_nothing_of_it(tiny_disk: Path) -> None:
    blobs = LocalBlobs(tiny_disk / "blobs")
    put(blobs, "jobs/1/in.csv", b"bytes")
    with pytest.raises(StorageFull), blobs.create() as upload:
        for _ in range(20):
            upload.write(b"x" * 100_000)
    assert files(tiny_disk) == ["blobs/jobs/1/in.csv"]
    put(blobs, "jobs/2/in.csv", b"x" * 100_000)
    assert blobs.size("jobs/2/in.csv") == 100_000
