"""Killed anywhere, a move, a backup and a restore are run again, and end as if nothing had been."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from moving.conftest import content, whole_at
from moving.filling import fill
from moving.test_live import RUN
from moving.test_transfer import _count, _put
from rota.store.blobs import LocalBlobs
from rota.store.whole_sqlite import SqliteWhole
from support import trial_environ

SEED = int(os.environ.get("ROTA_SOAK_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
BLOBS = {"jobs/j1/in.csv": b"a,b\n" * 99, "jobs/j2/in.csv": b"", "jobs/j1/segments/000000000000.1.out": b"123"}
NewUrl = Callable[..., str]


@pytest.fixture
def folder(tmp_path: Path, migrated_sqlite: Path) -> Path:
    """A data folder with rows in every table, and blobs."""
    path = tmp_path / "data"
    path.mkdir()
    shutil.copy(migrated_sqlite, path / "rota.db")
    fill(path / "rota.db", random.Random(SEED))
    _count(path / "rota.db", {"j1": 3, "j2": 0})
    for key, data in BLOBS.items():
        _put(LocalBlobs(path / "blobs", durable=False), key, data)
    return path


def run(words: list[str], after: int | None = None, **settings: str) -> tuple[int, str]:
    """Run a command, killed after so many lines of its talk; its exit code and what it printed."""
    environ = trial_environ(**settings)
    command = [sys.executable, "-c", RUN, *words]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for number, _ in enumerate(process.stderr):
            if number == after:
                process.kill()
        return process.wait(), process.stdout.read().decode()


def strike(words: list[str], kills: int, dice: random.Random, **settings: str) -> dict[str, object]:
    """Kill the command again and again, at any of its about forty steps; what it printed when it was let be."""
    for _ in range(kills):
        run(words, dice.randrange(44), **settings)
    code, printed = run([*words, "--json"], **settings)
    assert code == 0
    found: dict[str, object] = json.loads(printed)
    return found


def strike_a_move(folder: Path, url: str, kills: int, dice: random.Random) -> None:
    there = folder.parent / "blobs"
    words = ["migrate-store", "--to", url, "--blobs-to", f"file://{there}", "--data", str(folder)]
    found = strike(words, kills, dice)
    assert found["blobs"] == 3
    expected = content(SqliteWhole(f"sqlite:///{folder / 'rota.db'}"))
    assert content(whole_at(url)) == expected
    _check_blobs(there)


def strike_a_backup_and_its_restore(folder: Path, url: str, shape: str, kills: int, dice: random.Random) -> None:
    place = folder.parent / "place" / shape
    for _ in range(kills):
        run(["backup", str(place), "--data", str(folder)], dice.randrange(44))
        if place.exists():
            # It was over before it was killed.
            shutil.rmtree(place.parent)
    assert run(["backup", str(place), "--data", str(folder)])[0] == 0
    assert [each.name for each in place.parent.iterdir()] == [shape]
    new = folder.parent / "new"
    settings = {"ROTA_DATABASE_URL": url}
    strike(["restore", str(place), "--data", str(new)], kills, dice, **settings)
    assert content(whole_at(url)) == content(SqliteWhole(f"sqlite:///{folder / 'rota.db'}"))
    _check_blobs(new / "blobs")
    assert not (new / "restoring").exists()


def _check_blobs(folder: Path) -> None:
    blobs = LocalBlobs(folder, durable=False)
    assert {key: blobs.read(key, 0, 1 << 20) for key in blobs.names("jobs/")} == BLOBS


def test_a_move_that_is_killed_is_run_again(folder: Path, new_url: NewUrl) -> None:
    strike_a_move(folder, new_url("postgres"), 1, random.Random(SEED))


@pytest.mark.soak
def test_a_backup_and_a_restore_that_are_killed_are_run_again(folder: Path, new_url: NewUrl) -> None:
    strike_a_backup_and_its_restore(folder, new_url("sqlite"), "a", 1, random.Random(SEED))


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_many_kills(folder: Path, new_url: NewUrl, kind: str) -> None:
    dice = random.Random(SEED)
    strike_a_move(folder, new_url(kind, bare=True), 30, dice)
    strike_a_backup_and_its_restore(folder, new_url(kind, bare=True), "a.tar", 30, dice)
