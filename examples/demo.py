"""A day end to end: a bulk job of numbers, as an operator would do it, tasks of the desk, as a worker would, and a task
of the field, which a member answers and an admin pays for.

Everything happens in a temporary folder and on loopback, and is gone afterwards.
"""

import csv
import json
import os
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import Request, urlopen

HERE = Path(__file__).parent
NUMBERS = HERE / "numbers.csv"
TASKS = HERE / "tasks.csv"
ROTA = [str(Path(sys.executable).with_name("rota"))]

MEDIA_TYPE = "application/vnd.api+json"
AWFUL_TASK = (
    '{"data":{"type":"Task","id":null,"attributes":{"name":"Awful Task","estimated_time":"3 2:20:10",'
    '"description":"This is awesome, as tasks go.","start":"2018-06-12T17:48:34+03:00",'
    '"end":"2018-12-12T17:48:34+03:00","timing_rule":"RRULE:FREQ=DAILY;INTERVAL=10;COUNT=50",'
    '"total_submission_target":1000,"user_submission_target":5,"status":"d","target_id":1,"target_content_type":15,'
    '"client":{"type":"Client","id":"1"},"locations":[{"type":"Location","id":"1"}]}}}'
)
"""As the published API has it."""

MARKET, ELSEWHERE = "-1.2921,36.8219", "-1.3,36.9"


def say(text: str) -> None:
    print(f"\n== {text}", flush=True)


def rota(*words: str, environ: dict[str, str], check: bool = True) -> str:
    """Run one command of rota, shown as it would be typed; what it printed on stdout."""
    print(f"$ rota {shlex.join(words)}", flush=True)
    done = subprocess.run([*ROTA, *words], env=environ, stdout=subprocess.PIPE, text=True, check=False)
    if check and done.returncode not in (0, 1):
        sys.exit(f"rota {words[0]} ended with {done.returncode}")
    return done.stdout


def call(method: str, path: str, body: str, environ: dict[str, str]) -> Any:
    """Send a JSON:API document, shown as it would be typed; the resource object of the answer."""
    url = environ["ROTA_URL"] + path
    print(f"$ curl -X {method} -H 'Content-Type:{MEDIA_TYPE}' -d {shlex.quote(body)} {url}", flush=True)
    headers = {"Content-Type": MEDIA_TYPE, "Authorization": f"Bearer {environ['ROTA_TOKEN']}"}
    with urlopen(Request(url, body.encode(), headers, method=method)) as answer:
        return json.load(answer)["data"]


@contextmanager
def server(folder: Path) -> Iterator[dict[str, str]]:
    """A server with two workers on a free port; the environment that its clients need."""
    environ = {**os.environ, "ROTA_LOG_LEVEL": "error"}
    command = [*ROTA, "serve", "--data", str(folder), "--port", "0", "--workers", "2"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        print(line)
        try:
            token = (folder / "admin-token").read_text().strip()
            yield {**environ, "ROTA_URL": line.rsplit(" ", 1)[-1], "ROTA_TOKEN": token}
        finally:
            process.terminate()
            print(f"The server drained and left with exit code {process.wait()}.")


def account_of(path: Path) -> str:
    """The account that most rows of the file are for."""
    with path.open(newline="") as file:
        return Counter(row["account_id"] for row in csv.DictReader(file)).most_common(1)[0][0]


def show(title: str, text: str, lines: int) -> None:
    rows = text.splitlines()
    say(f"{title} ({len(rows) - 1} rows)")
    print("\n".join(rows[: lines + 1]))


def run_bulk_job(environ: dict[str, str]) -> None:
    say("An account to put the numbers in")
    print(rota("account", "add", "Demo", "--id", account_of(NUMBERS), environ=environ).strip())
    say(f"{NUMBERS.name}: upload, check, start, watch")
    action = "number_management.add"
    job = rota("job", "add", action, str(NUMBERS), "--start", "--watch", environ=environ).strip().splitlines()[0]
    say("The job")
    print(rota("job", "show", job, environ=environ).strip())
    show("The first lines of out.csv", rota("job", "output", job, environ=environ), 5)
    failed = rota("job", "output", job, "--name", "failed.csv", environ=environ)
    show("The first lines of failed.csv", failed, 8)
    say("Why rows failed")
    for reason, count in Counter(row["error"] for row in csv.DictReader(failed.splitlines())).most_common():
        print(f"{count:6}  {reason}")


def run_desk(environ: dict[str, str]) -> None:
    def desk(*words: str) -> str:
        out = rota(*words, environ=environ).strip()
        if out:
            print(out)
        return out

    say("A worker comes in")
    environ = {**environ, "ROTA_TOKEN": rota("login", environ=environ).strip()}
    say("Tasks, with times as people write them")
    plumber = desk("add", "Call the plumber", "-f", "tomorrow noon", "-e", "5 minutes", "-g", "phone", "-p", "3")
    minutes = desk(
        "add", "-t", "Write the minutes", "-d", "Of the last meeting.", "-f", "in 2 hours", "-e", "1h30m", "-p", "2"
    )
    say(f"{TASKS.name}: a batch of tasks, one of which cannot be taken")
    desk("add", "-b", str(TASKS))
    say("What is most urgent? Take it, put it aside, take the next")
    desk("peek", "-n", "3")
    desk("grab")
    desk("bg")
    desk("grab")
    say("Back to the first, which puts the second aside; done with it, and the second goes on")
    desk("fg", plumber)
    desk("jobs")
    desk("done")
    say("The life of the task in hand, and where its time went so far")
    desk("show", minutes)
    say("It fails; the life of the other, and the day so far")
    desk("done", "failure")
    desk("show", plumber)
    desk("last", "-n", "12")
    desk("logout")


def run_field(environ: dict[str, str]) -> None:
    def field(*words: str, **more: str) -> str:
        out = rota("field", *words, environ={**environ, **more}).strip()
        if out:
            print(out)
        return out

    say("A client, and a place: all that is within 150 m of a point")
    field("client", "add", "Acme Ltd")
    field("location", "add", "Nairobi market", "--point", MARKET, "--radius", "150", "--country", "KE")
    say("The Awful Task, as the published API writes it")
    made = call("POST", "/api/v1/tasks/", AWFUL_TASK, environ)
    print(json.dumps(made, indent=2))
    say("It ended in 2018: bring it to these days, let it pay, and offer it")
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    times = {"start": today.isoformat(), "end": (today + timedelta(days=7)).isoformat()}
    changes = {**times, "timing_rule": "RRULE:FREQ=DAILY", "amount": 400000, "status": "a"}
    body = json.dumps({"data": {"type": "Task", "id": made["id"], "attributes": changes}})
    call("PATCH", f"/api/v1/tasks/{made['id']}/", body, environ)
    field("task", "dates", made["id"], "-n", "3")
    say("A member sees what there is to do, and answers: once at the market, and once from elsewhere, which is refused")
    rota("user", "add", "wanjiru@example.org", environ=environ)
    member = rota("token", "create", "--email", "wanjiru@example.org", environ=environ).strip()
    field("todo", "--near", MARKET, ROTA_TOKEN=member)
    answer = field("submit", made["id"], "cows=12", "--at", MARKET, ROTA_TOKEN=member)
    field("submit", made["id"], "cows=12", "--at", ELSEWHERE, ROTA_TOKEN=member)
    say("An admin approves the first, which pays; what came of it all")
    field("approve", answer, "-m", "Well counted.")
    field("submission", "list")
    field("task", "show", made["id"])
    field("people")


def main() -> None:
    with TemporaryDirectory(prefix="rota-demo-") as folder:
        say("A server on an empty folder")
        with server(Path(folder)) as environ:
            run_bulk_job(environ)
            run_desk(environ)
            run_field(environ)


if __name__ == "__main__":
    main()
