"""A whole server whose blobs are in a bucket of a real S3 server: what is kept there, and what becomes of kills and of
storage that goes away."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from buckets import Bucket, Relay
from rota.store.objects import PART
from support import trial_environ, wait_until
from web.serving import SERVE, Server

Serve = Callable[..., Server]


@pytest.fixture
def relay(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    """Stands between rota and its storage."""
    with Relay(bucket.server) as relay:
        monkeypatch.setenv("AWS_ENDPOINT_URL", relay.url)
        yield relay


@pytest.fixture
def serve(tmp_path: Path, bucket: Bucket) -> Iterator[Serve]:
    """Starts a server on the test's folder and bucket; all are gone at the end."""
    servers: list[Server] = []

    def start(folder: str = "data", **settings: str) -> Server:
        servers.append(Server(tmp_path / folder, ROTA_BLOBS_URL=bucket.url, **settings))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


def table(words: list[str]) -> bytes:
    return ("word\n" + "".join(f"{word}\n" for word in words)).encode()


def first_cells(output: bytes) -> list[str]:
    return [line.split(",")[0] for line in output.decode().splitlines()[1:]]


def has_done(server: Server, task_id: str, rows: int) -> bool:
    done: int = server.task(task_id)["success_count"]
    return done >= rows


def runners(server: Server) -> list[int]:
    return [pid for pid in server.children() if b"runner" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_a_job_from_upload_to_deletion(serve: Serve, bucket: Bucket) -> None:
    server = serve()
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
    assert server.call("DELETE", f"{server.tasks}/{task_id}").status == 200
    wait_until(lambda: bucket.objects() == [], "the sweep")
    assert bucket.unfinished() == []


def test_an_upload_that_is_refused_leaves_nothing(serve: Serve, bucket: Bucket) -> None:
    server = serve(workers=0)
    body = table(["x" * 1000] * 6_000) + b"one,cell,too,many\n"
    answer = server.call("PUT", f"{server.tasks}?category=trial&action=row", body, Content_Type="text/csv")
    assert answer.status == 400
    assert bucket.objects() == bucket.unfinished() == []


@pytest.mark.parametrize("victim", ["runner", "everything"])
def test_a_kill_in_mid_chunk_loses_and_doubles_nothing(serve: Serve, bucket: Bucket, victim: str) -> None:
    server = serve()
    words = [f"w{index}" if index % 2 else "wait" for index in range(60)]
    task_id = server.submit("trial.row", table(words))
    for progress in (10, 30):
        wait_until(partial(has_done, server, task_id, progress), "progress")
        if victim == "runner":
            os.kill(runners(server)[0], signal.SIGKILL)
        else:
            server.kill()
            server = serve()
    assert server.wait(task_id)["success_count"] == len(words)
    assert first_cells(server.file(task_id)) == words
    segments = [key for key in bucket.objects() if "/segments/" in key]
    parts = {key.rsplit("/")[-1].split(".")[0] for key in segments}
    # One epoch of each chunk: what the dead wrote is gone.
    assert len(segments) == len(parts)


def test_storage_that_goes_away_for_a_while_costs_no_row(serve: Serve, bucket: Bucket, relay: Relay) -> None:
    server = serve()
    words = [f"w{index}" if index % 2 else "wait" for index in range(200)]
    task_id = server.submit("trial.row", table(words))
    wait_until(partial(has_done, server, task_id, 10), "progress")
    with relay.cut():
        ready = server.call("GET", "/readyz")
        assert ready.status == 503
        assert ready.json["blobs"].startswith("store_unavailable: ")
        assert "a-secret-key" not in ready.body.decode()
        answer = server.call("PUT", f"{server.tasks}?category=trial&action=row", table(["a"]), Content_Type="text/csv")
        assert answer.status == 503
        assert server.task(task_id)["status"] == "executing"
    task = server.wait(task_id)
    assert (task["status"], task["success_count"]) == ("success", len(words))
    assert first_cells(server.file(task_id)) == words
    assert server.call("GET", "/readyz").status == 200


@pytest.mark.parametrize(
    ("environ", "url", "says"),
    [
        ({}, "s3://no-such-bucket-of-ours/a", "NoSuchBucket"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "s3://bucket", "http://127.0.0.1:1/bucket"),
    ],
    ids=["no bucket", "no server"],
)
def test_a_start_without_its_storage_says_so_in_a_sentence(
    tmp_path: Path, bucket: Bucket, environ: dict[str, str], url: str, says: str
) -> None:
    words = ["--data", str(tmp_path / "data"), "--port", "0", "--workers", "1"]
    started = subprocess.run(
        [sys.executable, "-c", SERVE, *words],
        env=trial_environ(ROTA_BLOBS_URL=url, ROTA_LOG_LEVEL="error", **environ),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert started.returncode == 2
    assert started.stdout == ""
    assert f"ROTA_BLOBS_URL is {url!r}, but no blob can be written there" in started.stderr
    assert says in started.stderr.replace("\n", " ")
    assert "Traceback" not in started.stderr
    assert "a-secret-key" not in started.stderr
