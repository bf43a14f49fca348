"""Slash commands and buttons of Slack's on a real server, of eight people at once: how long until an answer is there.

Signed requests against a queue of tasks, on an idle server and while a bulk job has the processors. Size: rounds of ten
requests that each person makes on the idle server.
"""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from bench import table
from bench.measure import Finding, at_most, brief, scratch
from bench.server import FINAL, Client, Failed, Server, serving
from rota.clock import now
from rota.dialects.queue.slack.signature import sign
from rota.operations import accounts, item_batches
from rota.store.sqlite import SqliteStore

SECRET = "a signing secret"
PEOPLE = 8
QUEUE = 10_000
ROWS = 2_000_000
ASKED_S = 0.3
LINES = ("login", "list queued 20", "peek 5", "grab", "whoami", "bg", "fg", "add one more -f 2h -g tag")
BUTTONS = ("grab", "done")


def measure(rounds: int = 50) -> Iterator[Finding]:
    with scratch(ROWS * 400) as folder, serving(folder, ROTA_SLACK_SIGNING_SECRET=SECRET) as server:
        _fill(folder / "data" / "rota.db")
        for number in range(PEOPLE):
            _hire(server.client(), number)
        yield _finding("idle", _talk(server, lambda done: done < rounds))
        source = table.write(folder / "in.csv", "quoted", ROWS)
        yield _finding("busy with a bulk job", _while_busy(server, source))


def _finding(state: str, took: list[float]) -> Finding:
    took = sorted(took)
    median, late = took[len(took) // 2], took[int(len(took) * 0.99)]
    more = f"median {brief(median)}, worst {brief(took[-1])} of {len(took):,}"
    return at_most(f"an answer to Slack on a server that is {state}, 99 of 100", ASKED_S, late, "s", more)


def _while_busy(server: Server, source: Path) -> list[float]:
    client = server.client()
    job, over = client.create_from(source), threading.Event()
    client.start(job)

    def watch() -> None:
        while client.status(job) not in FINAL:
            time.sleep(0.05)
        over.set()

    watcher = threading.Thread(target=watch)
    watcher.start()
    took = _talk(server, lambda _: not over.is_set())
    watcher.join()
    return took


def _talk(server: Server, goes_on: Callable[[int], bool]) -> list[float]:
    """Seconds of each request of all people."""

    def person(number: int) -> list[float]:
        line = _Line(server, f"U{number}")
        took: list[float] = []
        for done in count():
            if not goes_on(done):
                return took
            took += [line.say(text) for text in LINES]
            # The task that was grabbed by the command is put aside by the button's.
            took += [line.press(action) for action in BUTTONS]
        raise AssertionError

    with ThreadPoolExecutor(PEOPLE) as pool:
        return [seconds for took in pool.map(person, range(PEOPLE)) for seconds in took]


class _Line:
    """One person's connection to the server, as Slack's."""

    def __init__(self, server: Server, slack_id: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
        self._slack_id, self._said, self._shown = slack_id, count(time.time_ns()), 0

    def say(self, text: str) -> float:
        form = {"user_id": self._slack_id, "command": "/rota", "text": text, "trigger_id": f"{next(self._said)}"}
        return self._post("/slack/commands", form)

    def press(self, action_id: str) -> float:
        """The button of the queued task that was shown last or, when it is in hand, of that one."""
        payload = {
            "type": "block_actions",
            "user": {"id": self._slack_id},
            "trigger_id": f"{next(self._said)}",
            "actions": [{"action_id": action_id, "value": str(self._shown), "action_ts": "1"}],
        }
        return self._post("/slack/interactive", {"payload": json.dumps(payload)})

    def _post(self, path: str, form: dict[str, str]) -> float:
        body, stamp = urlencode(form).encode(), str(int(time.time()))
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": sign(SECRET, stamp, body),
        }
        began = time.perf_counter()
        self._connection.request("POST", path, body, headers)
        answer = self._connection.getresponse()
        said = answer.read()
        seconds = time.perf_counter() - began
        if answer.status != 200 or b"link-slack" in said:
            raise Failed(f"{path}: {answer.status} {said[:500]!r}")
        for block in json.loads(said)["blocks"]:
            self._shown = int(block["elements"][0]["value"]) if "elements" in block else self._shown
        return seconds


def _hire(client: Client, number: int) -> None:
    email = f"{number}@example.org"
    client.ask("POST", "/admin/v1/users", json.dumps({"email": email}))
    client.ask("PATCH", f"/admin/v1/users/{email}", json.dumps({"slack_id": f"U{number}"}))


def _fill(database: Path) -> None:
    store = SqliteStore(f"sqlite:///{database}")
    with store.write() as tx:
        actor = accounts.superuser(tx)
        given = [{"title": f"task {number}", "priority": number % 10, "tags": "a b"} for number in range(QUEUE)]
        item_batches.add_all(tx, actor, given, now=now())
    store.close()
