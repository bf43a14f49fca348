"""A whole server, as a user meets it: real sockets, real processes, real kills."""

import hashlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPConnection
from pathlib import Path

import pytest

from support import wait_until
from web.serving import SERVE, Server


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts a server on the test's folder; all are gone at the end."""
    servers: list[Server] = []

    def start(folder: Path = tmp_path / "data", **settings: str) -> Server:
        servers.append(Server(folder, **settings))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


def table(words: list[str]) -> bytes:
    return ("word\n" + "".join(f"{word}\n" for word in words)).encode()


def has_done(server: Server, task_id: str, rows: int) -> bool:
    done: int = server.task(task_id)["success_count"]
    return done >= rows


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for tests that leave it as it was, and look at no more than they have brought."""
    server = Server(tmp_path_factory.mktemp("standing") / "data", workers=1)
    yield server
    server.kill()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings that choose each database in turn."""
    return {} if request.param == "sqlite" else {"ROTA_DATABASE_URL": request.getfixturevalue("postgres_url")}


def test_a_job_from_upload_to_manifest(serve: Callable[..., Server], database: dict[str, str]) -> None:
    server = serve(**database)
    words = [f"w{index}" if index % 5 else "refuse" for index in range(500)]
    task_id = server.submit("trial.row", table(words))
    task = server.wait(task_id)
    assert (task["status"], task["success_count"], task["failure_count"]) == ("partial", 400, 100)
    out = server.file(task_id).decode().splitlines()
    assert out[0] == "word,echo,error"
    assert [line.split(",")[0] for line in out[1:]] == words
    manifest = server.call("GET", f"{server.tasks}/{task_id}/manifest").json
    for file in manifest["files"]:
        content = server.file(task_id, file["name"])
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file["bytes"], file["sha256"])
    rows = {file["name"]: file["rows"] for file in manifest["files"]}
    assert rows == {"in.csv": 500, "out.csv": 500, "success.csv": 400, "failed.csv": 100, "unprocessed.csv": 0}


def test_health_readiness_metrics_and_docs_answer(serve: Callable[..., Server]) -> None:
    server = serve()
    task_id = server.submit("trial.row", table(["ok"] * 7))
    server.wait(task_id)
    assert server.call("GET", "/healthz").json == {"alive": True}
    assert server.call("GET", "/readyz").json == {"ready": True, "database": "ok", "blobs": "ok", "engine": "ok"}
    metrics = server.call("GET", "/metrics").body.decode()
    assert "rota_rows_succeeded_total 7.0" in metrics
    assert 'rota_requests_total{dialect="kazoo",method="PUT",status="201"} 1.0' in metrics
    assert b"descendant" in server.call("GET", "/docs/kazoo.json").body or server.call("GET", "/docs").status == 200
    assert server.call("GET", "/docs/kazoo.json").json["openapi"].startswith("3.1")
    assert b"http" not in server.call("GET", "/docs").body.replace(b"http.call", b"").split(b"<h2")[0]


@pytest.mark.parametrize("cut", ["close", "kill"])
def test_an_upload_whose_client_or_server_vanishes_leaves_nothing(serve: Callable[..., Server], cut: str) -> None:
    server = serve()
    client = socket.create_connection((server.host, server.port))
    head = f"PUT {server.tasks}?category=trial&action=row HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {server.token}\r\n"
    client.sendall(f"{head}Content-Type: text/csv\r\nContent-Length: 1000000\r\n\r\nword\n{'a' * 9}\n".encode())
    client.sendall(b"b\n" * 100_000)
    wait_until(lambda: bool(server.blobs()), "the upload")
    if cut == "close":
        client.close()
        wait_until(lambda: not server.blobs(), "the end of the upload")
    else:
        server.kill()
        client.close()
        assert server.blobs()
        server = serve()
    assert server.blobs() == []
    assert server.call("GET", server.tasks).json["data"] == []


def test_a_chunked_upload_is_taken_whole_and_refused_cut(serve: Callable[..., Server]) -> None:
    server = serve()
    head = f"PUT {server.tasks}?category=trial&action=row HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {server.token}\r\n"
    head += "Content-Type: text/csv\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    with socket.create_connection((server.host, server.port)) as client:
        client.sendall(head.encode() + b"7\r\nword\nab\r\n")
        wait_until(lambda: bool(server.blobs()), "the cut upload")
    wait_until(lambda: not server.blobs(), "the end of the cut upload")
    with socket.create_connection((server.host, server.port)) as client, client.makefile("rb") as answer:
        client.sendall(head.encode() + b"8\r\nword\nab\n\r\n0\r\n\r\n")
        assert answer.readline().split()[1] == b"201"
    assert len(server.call("GET", server.tasks).json["data"]) == 1


def test_a_job_survives_the_death_of_the_whole_server(serve: Callable[..., Server], database: dict[str, str]) -> None:
    server = serve(**database)
    words = [f"w{index}" if index % 2 else "wait" for index in range(100)]
    task_id = server.submit("trial.row", table(words))
    for progress in (10, 50):
        wait_until(partial(has_done, server, task_id, progress), "progress")
        server.kill()
        server = serve(**database)
    server.wait(task_id)
    assert [line.split(",")[0] for line in server.file(task_id).decode().splitlines()[1:]] == words
    assert not [name for name in server.blobs() if name.startswith("incoming")]


def test_a_killed_http_process_is_replaced(serve: Callable[..., Server]) -> None:
    server = serve(workers=1)
    before = server.children()
    for pid in before:
        os.kill(pid, signal.SIGKILL)

    def answers() -> bool:
        try:
            return server.call("GET", "/readyz").status == 200 and not set(before) & set(server.children())
        except OSError:
            return False

    wait_until(answers, "the new process")


def test_a_server_whose_main_process_was_killed_can_be_started_again_at_once(serve: Callable[..., Server]) -> None:
    server = serve()
    task_id = server.submit("trial.row", table(["wait"] * 60))
    wait_until(lambda: server.task(task_id)["success_count"] > 0, "a first row")
    server.kill_main()
    again = serve(port=server.port)
    assert again.port == server.port
    again.wait(task_id)
    assert len(again.file(task_id).splitlines()) == 61


def test_sigterm_drains_and_exits_with_0(serve: Callable[..., Server]) -> None:
    server = serve()
    task_id = server.submit("trial.row", table(["wait"] * 100))
    wait_until(lambda: server.task(task_id)["success_count"] > 0, "a first row")
    assert server.drain() == 0
    server = serve()
    server.wait(task_id)
    assert len(server.file(task_id).splitlines()) == 101


def test_ctrl_c_reaches_all_processes_and_drains_at_once(serve: Callable[..., Server]) -> None:
    for _ in range(3):
        assert serve(workers=0).interrupt() == 0


def test_a_stop_is_answered_within_two_seconds_even_by_a_row_that_will_not_end(standing: Server) -> None:
    task_id = standing.submit("trial.row", table(["a", "stick", "b"]))
    wait_until(lambda: standing.task(task_id)["success_count"] == 1, "the first row")
    answer = standing.call("PATCH", f"{standing.tasks}/{task_id}/stop")
    assert answer.task["status"] == "stopped"
    assert "end_timestamp" in answer.task
    parts = {
        name: standing.file(task_id, f"{name}.csv").splitlines()[1:] for name in ("success", "failed", "unprocessed")
    }
    assert parts == {
        "success": [b"a,a,"],
        "failed": [b"stick,,stopped while this row was running"],
        "unprocessed": [b"b"],
    }


def test_a_stop_without_any_worker_is_a_stop(serve: Callable[..., Server]) -> None:
    server = serve(workers=0)
    task_id = server.submit("trial.row", table(["a", "b"]))
    assert server.call("PATCH", f"{server.tasks}/{task_id}/stop").task["status"] == "stopped"
    assert server.file(task_id, "unprocessed.csv") == b"word\na\nb\n"


def test_of_two_starts_at_once_one_counts(standing: Server) -> None:
    for _ in range(10):
        task_id = standing.submit("trial.row", table(["ok"]), start=False)
        with ThreadPoolExecutor(4) as pool:
            answers = list(
                pool.map(lambda _, path=f"{standing.tasks}/{task_id}": standing.call("PATCH", path), range(4))
            )
        assert sorted(answer.status for answer in answers) == [200, 404, 404, 404]
        refused = [answer.json["data"] for answer in answers if answer.status == 404]
        assert refused == [{"cause": task_id, "message": "bad identifier", "reason": "task already started"}] * 3


def test_a_stop_that_races_with_the_end_leaves_a_sound_job(standing: Server) -> None:
    for _ in range(10):
        task_id = standing.submit("trial.row", table(["ok"] * 50))
        answer = standing.call("PATCH", f"{standing.tasks}/{task_id}/stop")
        task = standing.wait(task_id)
        assert (answer.status, task["status"]) in {(200, "stopped"), (404, "success")}
        done = len(standing.file(task_id).splitlines()) - 1
        assert done == task["success_count"]
        assert done + len(standing.file(task_id, "unprocessed.csv").splitlines()) - 1 == 50


def test_a_delete_that_races_with_a_start_is_one_of_the_two(standing: Server) -> None:
    for _ in range(10):
        task_id = standing.submit("trial.row", table(["wait"] * 5), start=False)
        path = f"{standing.tasks}/{task_id}"
        with ThreadPoolExecutor(2) as pool:
            started, deleted = pool.map(lambda verb, path=path: standing.call(verb, path).status, ("PATCH", "DELETE"))
        assert (started, deleted) in {(200, 404), (404, 200)}
        if started == 200:
            standing.wait(task_id)
            assert standing.call("DELETE", path).status == 200
        assert standing.call("GET", path).status == 404
        wait_until(lambda id_=task_id: not any(id_ in name for name in standing.blobs()), "the sweep")


def test_a_locked_database_makes_everybody_wait_and_nobody_fail(serve: Callable[..., Server]) -> None:
    server = serve()
    task_id = server.submit("trial.row", table(["ok", "wait"] * 40))
    lock = sqlite3.connect(server.folder / "rota.db", isolation_level=None, check_same_thread=False)
    lock.execute("BEGIN IMMEDIATE")
    threading.Timer(5, lambda: lock.execute("ROLLBACK")).start()
    created = server.submit("trial.row", table(["ok"]))
    assert server.wait(created)["status"] == "success"
    assert server.wait(task_id)["status"] == "success"
    assert len(server.file(task_id).splitlines()) == 81
    lock.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if os.getuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("SKIPPED: a full disk needs the right to mount one")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_refuses_uploads_and_holds_up_jobs_until_there_is_room(
    serve: Callable[..., Server], small_disk: Path, tmp_path: Path
) -> None:
    server = serve(ROTA_BLOBS_URL=f"file://{small_disk}")
    task_id = server.submit("trial.row", table(["ok", "wait"] * 20), start=False)
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(b"x" * 4096)
    path = f"{server.tasks}?category=trial&action=row"
    refused = server.call("PUT", path, table(["word"] * 100_000), Content_Type="text/csv")
    assert (refused.status, refused.json["message"]) == (507, "insufficient storage")
    assert server.call("GET", "/readyz").status == 503
    assert server.call("PATCH", f"{server.tasks}/{task_id}").status == 200
    assert server.task(task_id)["status"] == "executing"
    ballast.unlink()
    assert server.wait(task_id)["status"] == "success"
    assert len(server.file(task_id).splitlines()) == 41
    assert not list(small_disk.glob("incoming/*"))


def test_a_server_that_cannot_start_says_so_and_exits(tmp_path: Path) -> None:
    broken = tmp_path / "broken-1.0.dist-info"
    broken.mkdir()
    (broken / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (broken / "entry_points.txt").write_text("[rota.actions]\nbroken = no_such_module\n")
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", SERVE, "--data", str(tmp_path / "data"), "--port", "0", "--workers", "1"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 1
    assert "no_such_module" in done.stderr
    assert done.stdout == ""


def test_whoever_is_answered_finds_the_first_token(tmp_path: Path) -> None:
    """Requests wait until the database is there and founded, however early they come."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["--data", str(tmp_path), "--port", str(port), "--workers", "0"]
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, *words], start_new_session=True, stdout=subprocess.PIPE
    ) as server:
        wait_until(lambda: is_alive(port), "an answer")
        assert (tmp_path / "admin-token").exists()
        server.terminate()


def is_alive(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@pytest.mark.parametrize("tenths", (1, 5, 12))
def test_a_server_that_is_told_to_stop_while_it_starts_stops(tmp_path: Path, tenths: int) -> None:
    command = [sys.executable, "-c", SERVE, "--data", str(tmp_path / "data"), "--port", "0", "--workers", "1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.2 + tenths / 10)
        process.terminate()
        process.wait(30)


def test_a_port_that_is_taken_is_a_sentence_and_not_a_traceback(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        from rota import group
        from rota.settings import read_settings

        port = taken.getsockname()[1]
        assert group.serve(read_settings({}, data=tmp_path), host="127.0.0.1", port=port, workers=0) == 1
