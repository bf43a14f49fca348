"""A backup comes back as it was, into either database; one that is damaged, or not whole, touches nothing."""

import hashlib
import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from moving.conftest import content, whole_at
from moving.test_transfer import _count, _put, move
from rota.folder import RestoreMark
from rota.moving import archive
from rota.moving.archive import Reader
from rota.moving.backup import backup
from rota.moving.manifest import Manifest
from rota.moving.restore import restore
from rota.store.blobs import LocalBlobs
from rota.store.whole import Unmovable, Whole
from rota.store.whole_sqlite import SqliteWhole

Filled = Callable[..., Whole]
NewUrl = Callable[..., str]
SHAPES = ("backup.tar", "backup")
BLOBS = {"jobs/j1/in.csv": b"a,b\n" * 999, "jobs/j2/in.csv": b"", "jobs/j1/segments/000000000000.1.out": b"123"}


@pytest.fixture
def source(filled: Filled) -> Whole:
    whole = filled()
    assert isinstance(whole, SqliteWhole)
    _count(whole.path, {"j1": 3, "j2": 0})
    return whole


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobs:
    found = LocalBlobs(tmp_path / "blobs", durable=False)
    for key, data in {**BLOBS, "jobs/j1/manifest.json": b"made anew", "jobs/gone/in.csv": b"stray"}.items():
        _put(found, key, data)
    return found


@pytest.fixture
def target(tmp_path: Path) -> LocalBlobs:
    return LocalBlobs(tmp_path / "target", durable=False)


def make(source: Whole, blobs: LocalBlobs, path: Path) -> Manifest:
    return backup(source, blobs, path, archive_id="a1", version="0", now=86_400_000_000, tell=lambda sentence: None)


def bring(path: Path, whole: Whole, blobs: LocalBlobs, folder: Path, *, force: bool = False) -> Manifest:
    folder.mkdir(exist_ok=True)
    return restore(Reader(path), whole, blobs, RestoreMark(folder), force=force, tell=lambda sentence: None)


def everything(blobs: LocalBlobs) -> dict[str, bytes]:
    return {key: blobs.read(key, 0, 1 << 20) for key in blobs.names("jobs/")}


@pytest.mark.parametrize(("kind", "shape"), [("sqlite", "backup"), ("postgres", "backup.tar")])
def test_what_comes_back_is_what_was(
    source: Whole, blobs: LocalBlobs, target: LocalBlobs, new_url: NewUrl, tmp_path: Path, kind: str, shape: str
) -> None:
    before = content(source)
    made = make(source, blobs, tmp_path / shape)
    assert (made.blobs, made.blob_bytes) == (3, 999 * 4 + 3)
    whole = whole_at(new_url(kind))
    assert bring(tmp_path / shape, whole, target, tmp_path / "data") == made
    assert content(whole) == content(source) == before
    assert everything(target) == BLOBS
    assert RestoreMark(tmp_path / "data").read() is None


def test_a_table_larger_than_a_part_is_cut(
    source: Whole,
    blobs: LocalBlobs,
    target: LocalBlobs,
    new_url: NewUrl,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rota.moving.backup.PART", 100)
    monkeypatch.setattr("rota.store.whole_sqlite._BATCH", 1)
    make(source, blobs, tmp_path / "cut.tar")
    with tarfile.open(tmp_path / "cut.tar") as tar:
        assert len([name for name in tar.getnames() if name.startswith("tables/items/")]) > 3
    whole = whole_at(new_url("sqlite"))
    bring(tmp_path / "cut.tar", whole, target, tmp_path / "data")
    assert content(whole) == content(source)


def test_the_postgresql_of_a_backup_can_be_left_again(
    source: Whole, blobs: LocalBlobs, target: LocalBlobs, new_url: NewUrl, tmp_path: Path
) -> None:
    there = whole_at(new_url("postgres"))
    make(source, blobs, tmp_path / "one.tar")
    bring(tmp_path / "one.tar", there, target, tmp_path / "data")
    made = make(there, target, tmp_path / "two")
    back = whole_at(new_url("sqlite"))
    bring(tmp_path / "two", back, LocalBlobs(tmp_path / "again", durable=False), tmp_path / "more")
    assert content(back) == content(source)
    assert made.blobs == 3


@pytest.mark.parametrize("shape", SHAPES)
def test_an_archive_is_for_its_owner_alone_and_sha256sum_knows_it(
    source: Whole, blobs: LocalBlobs, tmp_path: Path, shape: str
) -> None:
    path = tmp_path / shape
    make(source, blobs, path)
    every = [path, *path.rglob("*")]
    assert {each.stat().st_mode & 0o777 for each in every if each.is_file()} == {0o600}
    assert path.stat().st_mode & 0o077 == 0
    if path.is_dir():
        subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=path, check=True)
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


@pytest.mark.parametrize("shape", SHAPES)
def test_a_damaged_archive_touches_nothing(
    source: Whole, blobs: LocalBlobs, target: LocalBlobs, new_url: NewUrl, tmp_path: Path, shape: str
) -> None:
    path = tmp_path / shape
    make(source, blobs, path)
    for damage in _damages(path):
        damage()
        whole = whole_at(new_url("sqlite"))
        with pytest.raises(Unmovable):
            bring(path, whole, target, tmp_path / "data")
        assert whole.counts() == {}
        assert everything(target) == {}
        assert RestoreMark(tmp_path / "data").read() is None


def _damages(path: Path) -> list[Callable[[], object]]:
    """Each keeps the damage of those before."""
    if path.is_dir():
        blob = path / "blobs/jobs/j1/in.csv"
        return [
            lambda: blob.write_bytes(blob.read_bytes().replace(b"a", b"A", 1)),
            lambda: blob.unlink(),
            lambda: (path / "SHA256SUMS").unlink(),
        ]
    whole = path.read_bytes()
    return [
        *(lambda at=at: path.write_bytes(_flipped(whole, at)) for at in range(600, len(whole) - 2048, len(whole) // 9)),
        *(lambda at=at: os.truncate(path, at) for at in range(len(whole) - 3000, 0, -len(whole) // 5)),
        lambda: path.unlink(),
    ]


def _flipped(data: bytes, at: int) -> bytes:
    """One bit of what is a file's, not of the filling between files."""
    while data[at] == 0:
        at += 1
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def test_an_added_file_is_found(source: Whole, blobs: LocalBlobs, tmp_path: Path) -> None:
    make(source, blobs, tmp_path / "a.tar")
    with tarfile.open(tmp_path / "a.tar") as old, tarfile.open(tmp_path / "b.tar", "w") as new:
        for member in old.getmembers():
            if member.name == archive.SUMS:
                new.addfile(tarfile.TarInfo("blobs/jobs/more/in.csv"))
            new.addfile(member, old.extractfile(member))
    with pytest.raises(Unmovable, match=r"jobs/more/in.csv is damaged"):
        Reader(tmp_path / "b.tar").verify()


@pytest.mark.parametrize("name", ["/etc/passwd", "blobs/../../x", ".."])
def test_a_name_that_leads_out_of_the_archive_is_refused(tmp_path: Path, name: str) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo(name))
    with pytest.raises(Unmovable, match="which no backup has"):
        Reader(tmp_path / "a.tar").verify()
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "SHA256SUMS").write_text(f"{hashlib.sha256().hexdigest()}  {name}\n")
    with pytest.raises(Unmovable, match="which no backup has"):
        Reader(folder).verify()


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_is_overwritten(source: Whole, blobs: LocalBlobs, tmp_path: Path, shape: str) -> None:
    make(source, blobs, tmp_path / shape)
    with pytest.raises(Unmovable, match="exists already"):
        make(source, blobs, tmp_path / shape)
    Reader(tmp_path / shape).verify()


@pytest.mark.parametrize("shape", SHAPES)
def test_a_backup_that_fails_leaves_nothing(source: Whole, blobs: LocalBlobs, tmp_path: Path, shape: str) -> None:
    place = tmp_path / "place"
    blobs.delete(["jobs/j1/segments/000000000000.1.out"])
    with pytest.raises(Unmovable, match=r"segments/000000000000.1.out is missing"):
        make(source, blobs, place / shape)
    assert list(place.iterdir()) == []
    _put(blobs, "jobs/j1/segments/000000000000.1.out", b"1234")
    with pytest.raises(Unmovable, match="has 4 bytes, where the ledger counts 3"):
        make(source, blobs, place / shape)
    assert list(place.iterdir()) == []


def test_an_archive_of_another_format_names_the_version_that_reads_it(tmp_path: Path) -> None:
    with archive.create(tmp_path / "a.tar", 0) as writer:
        data = b'{"format": 9, "rota": "7.1"}'
        writer.put("manifest.json", len(data), [data])
    with pytest.raises(Unmovable, match=r"format 9, and this rota reads 1: use rota 7.1"):
        bring(tmp_path / "a.tar", SqliteWhole(f"sqlite:///{tmp_path}/x.db"), LocalBlobs(tmp_path / "b"), tmp_path / "d")


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_target_that_holds_anything_is_replaced_by_force_alone(
    source: Whole, blobs: LocalBlobs, target: LocalBlobs, filled: Filled, new_url: NewUrl, tmp_path: Path, kind: str
) -> None:
    make(source, blobs, tmp_path / "a.tar")
    whole = whole_at(new_url(kind))
    _put(target, "jobs/other/in.csv", b"other")
    with pytest.raises(Unmovable, match="blobs of other jobs"):
        bring(tmp_path / "a.tar", whole, target, tmp_path / "data")
    bring(tmp_path / "a.tar", whole, target, tmp_path / "data", force=True)
    bring(tmp_path / "a.tar", whole, target, tmp_path / "data")
    move(filled(2), whole, force=True)
    with pytest.raises(Unmovable, match=r"4 accounts.*--force"):
        bring(tmp_path / "a.tar", whole, target, tmp_path / "data")
    assert RestoreMark(tmp_path / "data").read() is None
    bring(tmp_path / "a.tar", whole, target, tmp_path / "data", force=True)
    assert content(whole) == content(source)
