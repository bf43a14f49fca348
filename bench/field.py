"""The field over HTTP: pages of a long list of tasks against a short one, new tasks, and many who answer one task.

Size: tasks in the long list.
"""

import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog

from bench.measure import Finding, Unmeasured, at_most, brief, in_turns, scratch
from bench.postgres import postgres
from bench.server import Failed, serving
from bench.survey import ADMIN, Survey, found, open_store
from rota.clock import now
from rota.engine.scheduler import Almanac, Scheduler
from rota.settings import read_settings

SHORT = 1_000
RUNS = 40
CREATED = 60
TARGET = 1_000
SUBMITTERS = 50
TOO_MANY = 200
"""Submissions beyond the target."""

MEDIA = "application/vnd.api+json"
TASKS = "/api/v1/tasks/"

PAGE = "page_size=100"
ASKED = (
    *("status=a", "status=a,s", "project={project}", "client={client}", "locations={location}", "required_expertise=2"),
    *(
        "date=2025-03-15",
        "date__gt=2025-12-01",
        "date__month=6",
        "date__week_day=2",
        "date__year=2026",
        "date__quarter=3",
    ),
    *("start_time__lte=09:30", "start_time__hour=10", "end_time__gte=21:00", "date__month=6&start_time__hour=10"),
    *(
        "created__gt=2025-01-01",
        "created__hour=3",
        "modified__month=1",
        "search=task",
        "search=9+7",
        "parent__isnull=true",
    ),
    *(f"ordering={name}" for name in ("created", "status", "submission_count", "estimated_time", "project__id")),
    *(f"ordering=-{name}" for name in ("created", "status", "submission_count", "estimated_time", "bounty__amount")),
    *(
        f"ordering={name}"
        for name in ("bounty__amount", "name", "start", "end", "modified", "-name,created", "status,-start")
    ),
    *("status=a&ordering=-bounty__amount", "date__gt=2025-06-01&ordering=name", "page=last"),
)
"""Filters and orderings, each of which is a request."""


def measure(long: int = 100_000) -> Iterator[Finding]:
    for name in ("SQLite", "PostgreSQL"):
        try:
            with _field(name, long) as (client, short, much):
                yield from _pages(name, client, short, much)
                yield from _creations(name, client, short)
                yield _targets(name, client, short)
        except Unmeasured as lack:
            yield Finding(f"the field on {name}", "", f"NOT MEASURED: {lack}", None)


class Client:
    """A connection for each thread, which is kept open."""

    def __init__(self, url: str) -> None:
        self._at, self._own = urlsplit(url).netloc, threading.local()

    def ask(self, verb: str, path: str, token: str, document: Any = None) -> Mapping[str, Any]:
        """Raises Failed unless the answer is a success."""
        connection = self._own.__dict__.setdefault("connection", HTTPConnection(self._at, timeout=120))
        body = None if document is None else json.dumps({"data": document})
        connection.request(verb, path, body, {"X-Auth-Token": token, "Content-Type": MEDIA})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise Failed(f"{verb} {path}: {answer.status} {content[:500]!r}")
        return {"bytes": len(content), "content": content}


@contextmanager
def _field(name: str, long: int) -> Iterator[tuple[Client, Survey, Survey]]:
    with ExitStack() as stack:
        folder: Path = stack.enter_context(scratch())
        (folder / "data").mkdir()
        (folder / "data" / "admin-token").write_text(ADMIN)
        embedded = f"sqlite:///{folder / 'data' / 'rota.db'}"
        database = embedded if name == "SQLite" else stack.enter_context(postgres())
        store = open_store(database)
        short, much = found(store, SHORT, long)
        # As on a server that has been up for a while: what has come to its time among so many takes seconds.
        Scheduler(Almanac(store, read_settings({}).terms, now, structlog.get_logger())).turn()
        store.close()
        server = stack.enter_context(serving(folder, workers=0, ROTA_DATABASE_URL=database))
        yield Client(server.url), short, much


def _pages(name: str, client: Client, short: Survey, much: Survey) -> Iterator[Finding]:
    def page(survey: Survey, asked: str = "") -> None:
        client.ask("GET", f"{TASKS}?{PAGE}&{asked}", survey.token)

    took = in_turns(RUNS, short=lambda: page(short), much=lambda: page(much))
    size = client.ask("GET", f"{TASKS}?{PAGE}", short.token)["bytes"]
    claim = f"page of 100 of {short.tasks:,} tasks on {name}, median"
    yield at_most(claim, 20, took["short"].median * 1000, "ms", f"{size / 1000:.0f} kB")
    for asked in ("", *ASKED):
        yield _against(name, client, short, much, asked)


def _against(name: str, client: Client, short: Survey, much: Survey, asked: str) -> Finding:
    """One filter or ordering of the long list against the plain page of the short one, each asked just after something
    else was written, and of the long list also just after one of its tasks was changed. What is asked for the first
    time in the life of the server is told, too."""
    some = {survey: _some(client, survey) for survey in (short, much)}
    worded = {survey: asked.format(**each) for survey, each in some.items()}
    names = itertools.count()

    def ask(survey: Survey, asked: str) -> float:
        began = time.perf_counter()
        client.ask("GET", f"{TASKS}?{PAGE}&{asked}", survey.token)
        return time.perf_counter() - began

    def afresh(survey: Survey, asked: str) -> float:
        client.ask("POST", "/api/v1/clients/", survey.token, {"type": "Client", "attributes": {"name": "new"}})
        return ask(survey, asked)

    def changed(survey: Survey, asked: str) -> float:
        task = {"type": "Task", "id": some[survey]["task"], "attributes": {"name": f"changed {next(names)}"}}
        client.ask("PATCH", f"{TASKS}{task['id']}/", survey.token, task)
        return ask(survey, asked)

    took = in_turns(
        9,
        plain=lambda: afresh(short, ""),
        short=lambda: afresh(short, worded[short]),
        much=lambda: afresh(much, worded[much]),
        changed=lambda: changed(much, worded[much]),
    )
    base = max(took["plain"].median, took["short"].median)
    again, after = took["much"].median, took["changed"].median
    more = f"{brief(again)} against {brief(base)}; a task changed {brief(after)}; at first {brief(took['much'].all[0])}"
    claim = f"tasks?{asked} of {much.tasks:,} on {name}, against {short.tasks:,}"
    return at_most(claim, 2, max(again, after) / base, "x", more)


def _some(client: Client, survey: Survey) -> Mapping[str, str]:
    """Ids that the survey has."""
    task = json.loads(client.ask("GET", f"{TASKS}?page_size=1", survey.token)["content"])["data"][0]
    first = task["relationships"]
    return {
        "task": task["id"],
        "client": first["client"]["data"]["id"],
        "project": first["project"]["data"]["id"],
        "location": first["locations"]["data"][0]["id"],
    }


def _creations(name: str, client: Client, survey: Survey) -> Iterator[Finding]:
    target = json.loads(client.ask("GET", "/api/v1/users/", survey.token)["content"])["data"][0]["id"]

    def create(**given: Any) -> None:
        attributes = {"name": "new", "target_content_type": 13, "target_id": int(target), **given}
        client.ask("POST", TASKS, survey.token, {"type": "Task", "attributes": attributes})

    took = in_turns(
        CREATED,
        five=lambda: create(timing_rule="FREQ=DAILY;COUNT=5", amount=400),
        unbounded=lambda: create(timing_rule="FREQ=DAILY"),
    )
    yield at_most(f"new task of 5 occurrences with an amount on {name}, median", 15, took["five"].median * 1000, "ms")
    yield at_most(f"new task of an unbounded daily rule on {name}, median", 60, took["unbounded"].median * 1000, "ms")


def _targets(name: str, client: Client, survey: Survey) -> Finding:
    """As many submissions as are wanted are accepted, and no more."""
    target = json.loads(client.ask("GET", "/api/v1/users/", survey.token)["content"])["data"][0]["id"]
    attributes = {
        "name": "wanted",
        "start": "2020-01-01",
        "status": "a",
        "target_content_type": 13,
        "target_id": int(target),
    }
    wanted = {"type": "Task", "attributes": {**attributes, "total_submission_target": TARGET}}
    task = json.loads(client.ask("POST", TASKS, survey.token, wanted)["content"])["data"]["id"]

    def submit(_: int) -> str:
        given = {"type": "Submission", "attributes": {"task": {"type": "Task", "id": task}, "data": {}}}
        answer = client.ask("POST", "/api/v1/submissions/", survey.token, given)
        return str(json.loads(answer["content"])["data"]["attributes"]["status"])

    with ThreadPoolExecutor(SUBMITTERS) as pool:
        statuses = Counter(pool.map(submit, range(TARGET + TOO_MANY)))
    claim = f"{SUBMITTERS} submitters at once, a target of {TARGET} on {name}: accepted"
    exact = statuses == {"d": TARGET, "b": TOO_MANY}
    return Finding(claim, f"{TARGET}", f"{statuses['d']}, refused {statuses['b']}", exact)
