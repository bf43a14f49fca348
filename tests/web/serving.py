"""A real `rota serve` on a folder of its own, and a client for it."""

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from rota.domain.jobs import FINAL
from support import trial_environ, wait_until

SERVE = "import sys; from rota.cli.main import run; sys.argv = ['rota', 'serve', *sys.argv[1:]]; run()"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def task(self) -> dict[str, Any]:
        task: dict[str, Any] = self.json["data"]["_read_only"]
        return task


class Server:
    """Processes in a group of their own; `kill` takes them all at once."""

    def __init__(self, folder: Path, *, workers: int = 2, port: int = 0, **settings: str) -> None:
        environ = trial_environ(ROTA_LEASE_S="1", ROTA_LOG_LEVEL="error", **settings)
        words = ["--data", str(folder), "--port", str(port), "--workers", str(workers)]
        self.folder, self.settings = folder, settings
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE, *words], env=environ, start_new_session=True, stdout=subprocess.PIPE
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        match = re.fullmatch(r"rota: listening on http://([\d.]+):(\d+)\n", line)
        assert match, line
        self.host, self.port = match[1], int(match[2])
        # Whoever founds the database leaves a token; a second server of it finds it founded.
        self.token = settings.get("ROTA_ADMIN_TOKEN") or (folder / "admin-token").read_text().strip()
        self.account = self.call("GET", "/admin/v1/me").json["account"]["id"]

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request with the superuser's token; `Content_Type` in keywords is the header Content-Type."""
        connection = HTTPConnection(self.host, self.port, timeout=60)
        sent = {"X-Auth-Token": self.token, **{name.replace("_", "-"): value for name, value in headers.items()}}
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    @property
    def tasks(self) -> str:
        return f"/v2/accounts/{self.account}/tasks"

    def submit(self, action: str, source: bytes | None, *, start: bool = True) -> str:
        category, name = action.split(".")
        headers = {"Content_Type": "text/csv"} if source is not None else {}
        answer = self.call("PUT", f"{self.tasks}?category={category}&action={name}", source, **headers)
        assert answer.status == 201, answer.body
        task_id: str = answer.task["id"]
        if start:
            assert self.call("PATCH", f"{self.tasks}/{task_id}").status == 200
        return task_id

    def task(self, task_id: str) -> dict[str, Any]:
        return self.call("GET", f"{self.tasks}/{task_id}").task

    def wait(self, task_id: str) -> dict[str, Any]:
        wait_until(lambda: self.task(task_id)["status"] in FINAL, "the end of the task")
        return self.task(task_id)

    def file(self, task_id: str, name: str = "out.csv") -> bytes:
        answer = self.call("GET", f"{self.tasks}/{task_id}?csv_name={name}", Accept="text/csv")
        assert answer.status == 200, answer.body
        return answer.body

    def blobs(self) -> list[str]:
        """All files below the blobs' folder but the seal."""
        folder = self.folder / "blobs"
        # Folders may go while they are walked.
        found = (Path(at, name) for at, _, names in os.walk(folder) for name in names)
        return sorted(name for path in found if (name := str(path.relative_to(folder))) != "seal")

    def children(self) -> list[int]:
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in found.split()]

    def drain(self) -> int:
        self.process.terminate()
        return self._closed(self.process.wait(60))

    def interrupt(self) -> int:
        """As Ctrl-C does: all processes at once. In less time than Granian's is killed after."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self._closed(self.process.wait(20))

    def kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self._closed(self.process.wait(60))

    def kill_main(self) -> None:
        """The supervisor alone; the others notice."""
        self.process.kill()
        self._closed(self.process.wait(60))

    def _closed(self, code: int) -> int:
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code
