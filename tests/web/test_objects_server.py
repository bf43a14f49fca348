"""A whole server whose blobs are in a bucket of a real S3 server: what is kept there, and what becomes of kills and of
storage that goes away."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from buckets import Bucket, Relay
from rota.store.objects import PART
from support import trial_environ, wait_until
from web.serving import SERVE, Server


@pytest.fixture(scope="module")
def bucket(s3_server: str) -> Bucket:
    found = Bucket(s3_server, f"b{uuid4().hex}")
    found.make()
    return found


@pytest.fixture(scope="module")
def relay(bucket: Bucket) -> Iterator[Relay]:
    """Stands between rota and its storage."""
    with Relay(bucket.server) as relay:
        yield relay


@pytest.fixture(scope="module")
def settings(bucket: Bucket, relay: Relay) -> dict[str, str]:
    return {**bucket.environ, "AWS_ENDPOINT_URL": relay.url, "ROTA_BLOBS_URL": bucket.url}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, settings: dict[str, str]) -> Iterator[Server]:
    """One for all tests, which leave it and its bucket as they were."""
    server = Server(tmp_path_factory.mktemp("objects") / "data", **settings)
    yield server
    server.kill()


@pytest.fixture(autouse=True)
def nothing_is_left(bucket: Bucket) -> Iterator[None]:
    yield
    wait_until(lambda: bucket.objects() == [], "the sweep")
    assert bucket.unfinished() == []


def table(words: list[str]) -> bytes:
    return ("word\n" + "".join(f"{word}\n" for word in words)).encode()


def first_cells(output: bytes) -> list[str]:
    return [line.split(",")[0] for line in output.decode().splitlines()[1:]]


def has_done(server: Server, task_id: str, rows: int) -> bool:
    done: int = server.task(task_id)["success_count"]
    return done >= rows


def runners(server: Server) -> list[int]:
    return [pid for pid in server.children() if b"runner" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def delete(server: Server, task_id: str) -> None:
    assert server.call("DELETE", f"{server.tasks}/{task_id}").status == 200


def check_whole(server: Server, bucket: Bucket, task_id: str, words: list[str]) -> None:
    """Output rows equal input rows, in order, none twice; and of each chunk one epoch is kept."""
    task = server.wait(task_id)
    assert (task["status"], task["success_count"]) == ("success", len(words))
    assert first_cells(server.file(task_id)) == words
    segments = [key.rsplit("/")[-1].split(".") for key in bucket.objects() if "/segments/" in key]
    assert len(segments) == len({first_row for first_row, *_ in segments})


def test_a_job_from_upload_to_deletion(server: Server, bucket: Bucket) -> None:
    # More than a part: the upload goes in several, and its chunks are read as ranges.
    words = [f"w{index:06d}{'x' * 1000}" if index % 5 else "refuse" for index in range(7_000)]
    source = table(words)
    assert len(source) > PART
    task_id = server.submit("trial.batch", source)
    task = server.wait(task_id)
    assert task["success_count"] + task["failure_count"] == len(words)
    out = server.file(task_id)
    assert first_cells(out) == words
    assert server.file(task_id, "in.csv") == source
    answer = server.call(
        "GET", f"{server.tasks}/{task_id}?csv_name=out.csv", Accept="text/csv", Range="bytes=5000000-5000999"
    )
    assert (answer.status, answer.body) == (206, out[5_000_000:5_001_000])
    assert server.call("GET", f"{server.tasks}/{task_id}/manifest").status == 200
    assert {key.split("/")[1] for key in bucket.objects() if key.startswith("jobs/")} == {task_id}
    assert bucket.etag(f"jobs/{task_id}/in.csv").endswith("-2")
    # Nothing of it on the machine itself.
    assert not (server.folder / "blobs").exists()
    delete(server, task_id)


def test_an_upload_that_is_refused_leaves_nothing(server: Server, bucket: Bucket) -> None:
    body = table(["x" * 1000] * 6_000) + b"one,cell,too,many\n"
    answer = server.call("PUT", f"{server.tasks}?category=trial&action=row", body, Content_Type="text/csv")
    assert answer.status == 400
    assert bucket.objects() == bucket.unfinished() == []


def test_a_runner_that_is_killed_in_mid_chunk_loses_and_doubles_nothing(server: Server, bucket: Bucket) -> None:
    words = [f"w{index}" if index % 2 else "wait" for index in range(60)]
    task_id = server.submit("trial.row", table(words))
    for progress in (5, 20):
        wait_until(partial(has_done, server, task_id, progress), "progress")
        os.kill(runners(server)[0], signal.SIGKILL)
    check_whole(server, bucket, task_id, words)
    delete(server, task_id)


@pytest.mark.soak
def test_killing_everything_loses_and_doubles_nothing(tmp_path: Path, bucket: Bucket) -> None:
    mine = Bucket(bucket.server, f"b{uuid4().hex}")
    mine.make()
    settings = {**mine.environ, "ROTA_BLOBS_URL": mine.url}
    server = Server(tmp_path / "data", **settings)
    words = [f"w{index}" if index % 2 else "wait" for index in range(100)]
    task_id = server.submit("trial.row", table(words))
    for progress in (10, 50):
        wait_until(partial(has_done, server, task_id, progress), "progress")
        server.kill()
        server = Server(tmp_path / "data", **settings)
    check_whole(server, mine, task_id, words)
    delete(server, task_id)
    wait_until(lambda: mine.objects() == [], "the sweep")
    server.kill()


def test_storage_that_goes_away_for_a_while_costs_no_row(server: Server, bucket: Bucket, relay: Relay) -> None:
    words = [f"w{index}" if index % 2 else "wait" for index in range(80)]
    task_id = server.submit("trial.row", table(words))
    wait_until(partial(has_done, server, task_id, 5), "progress")
    with relay.cut():
        ready = server.call("GET", "/readyz")
        assert ready.status == 503
        assert ready.json["blobs"].startswith("store_unavailable: ")
        assert "a-secret-key" not in ready.body.decode()
        answer = server.call("PUT", f"{server.tasks}?category=trial&action=row", table(["a"]), Content_Type="text/csv")
        assert answer.status == 503
        assert server.task(task_id)["status"] == "executing"
    check_whole(server, bucket, task_id, words)
    assert server.call("GET", "/readyz").status == 200
    delete(server, task_id)


def test_a_start_without_its_storage_says_so_in_a_sentence(tmp_path: Path, settings: dict[str, str]) -> None:
    url = "s3://no-such-bucket-of-ours/a"
    words = ["--data", str(tmp_path / "data"), "--port", "0", "--workers", "1"]
    started = subprocess.run(
        [sys.executable, "-c", SERVE, *words],
        env=trial_environ(**{**settings, "ROTA_BLOBS_URL": url, "ROTA_LOG_LEVEL": "error"}),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert started.returncode == 2
    assert started.stdout == ""
    said = " ".join(started.stderr.split())
    assert f"ROTA_BLOBS_URL is '{url}', which cannot be used" in said
    assert "NoSuchBucket" in said
    assert "Traceback" not in said
    assert "a-secret-key" not in said
