"""A small installation of the dialect: a real SQLite store and blobs on disk, a clock and ids that the test rules."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import falcon.testing

from rota.actions.registry import Action, Catalogue, Form
from rota.dialects.kazoo.app import create
from rota.domain.jobs import Tally, segment_key
from rota.domain.rows import format_rows
from rota.engine import ledger
from rota.engine.ledger import Result
from rota.operations import accounts
from rota.store.port import Blobs, Store
from support import service_on

ROOT, CHILD, OTHER = "a" * 32, "b" * 32, "c" * 32
ROOT_TOKEN, CHILD_TOKEN, OTHER_TOKEN = "root-token", "child-token", "other-token"
START = 1_700_000_000_000_000
GREGORIAN = 62_167_219_200 + 1_700_000_000
NODE = "rota@test"

DOC = "Attempts to create a month-on-month listing."


def _nothing(*_: Any) -> None: ...


def _action(category: str, name: str, **more: Any) -> Action:
    declared = {"description": f"The {name} task", "doc": f"Does {name}.", "call": _nothing, "form": Form.BATCH}
    return Action(category, name, **{**declared, **more})


CATALOGUE = Catalogue(
    [
        _action(
            "number_management",
            "add",
            mandatory=("number", "account_id"),
            optional=("auth_by", "module_name"),
            chunk_rows=2,
        ),
        _action("number_management", "list", form=Form.GENERATOR, output=("number", "state")),
        _action(
            "services",
            "descendant_quantities",
            description="List per-month descendant accounts quantities",
            doc=DOC,
            form=Form.GENERATOR,
            output=("account_id", "year"),
        ),
        _action("skel", "id1", optional=("col1",), any_fields=True, chunk_rows=2),
    ]
)


@dataclass
class Lab:
    """The installation, and the hands of a runner. `statements` are the names of all that ran."""

    store: Store
    blobs: Blobs
    statements: list[str]
    now: int = START
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.client = falcon.testing.TestClient(self.app())

    def app(self, **options: Any) -> Any:
        given = {"catalogue": CATALOGUE, "node": NODE, "clock": lambda: self.now, "new_id": self.new_id}
        return create(service_on(self.store, self.blobs, **{**given, **self.options, **options}))

    def with_options(self, **options: Any) -> "Lab":
        self.client = falcon.testing.TestClient(self.app(**options))
        return self

    def new_id(self, length: int) -> str:
        return f"{next(self.ids):0{length}x}"

    def ask(self, verb: str, path: str, token: str | None = CHILD_TOKEN, **more: Any) -> falcon.testing.Result:
        headers = {"X-Request-ID": "req-1", **more.pop("headers", {})}
        if token:
            headers = {"X-Auth-Token": token, **headers}
        return self.client.simulate_request(verb, path, headers=headers, **more)

    def put_csv(self, body: bytes | str, action: str = "number_management/add", **more: Any) -> falcon.testing.Result:
        category, name = action.split("/")
        headers = {"Content-Type": "text/csv", **more.pop("headers", {})}
        path = f"/v2/accounts/{CHILD}/tasks"
        params = {"category": category, "action": name, **more.pop("params", {})}
        return self.ask("PUT", path, body=body, headers=headers, params=params, **more)

    def created(self, body: bytes | str | None = None, action: str = "number_management/add", **more: Any) -> str:
        """The id of a new task."""
        if body is None:
            category, name = action.split("/")
            answer = self.ask(
                "PUT", f"/v2/accounts/{CHILD}/tasks", params={"category": category, "action": name}, **more
            )
        else:
            answer = self.put_csv(body, action, **more)
        assert answer.status_code == 201, answer.text
        return str(answer.json["data"]["_read_only"]["id"])

    def task(self, task_id: str, tail: str = "") -> str:
        return f"/v2/accounts/{CHILD}/tasks/{task_id}{tail}"

    def started(self, *args: Any, **more: Any) -> str:
        task_id = self.created(*args, **more)
        assert self.ask("PATCH", self.task(task_id)).status_code == 200
        return task_id

    def take(self, owner: str = "runner") -> ledger.Grant | None:
        with self.store.write() as tx:
            return ledger.take(tx, owner, lease_until=self.now + 10_000_000, now=self.now)

    def settle(self, grant: ledger.Grant, verdicts: str, lines: list[list[str]] | None = None) -> None:
        """Settle a chunk; `verdicts` is one letter per row, `+` or `-`, and the lines are given as they go out."""
        lines = lines if lines is not None else [[f"row{i}", mark] for i, mark in enumerate(verdicts)]
        good = [line for line, mark in zip(lines, verdicts, strict=True) if mark == "+"]
        bad = [line for line, mark in zip(lines, verdicts, strict=True) if mark == "-"]
        parts = {"out": lines, **({"success": good, "failed": bad} if good and bad else {})}
        chunk = grant.chunk
        for part, rows in parts.items():
            with self.blobs.create(segment_key(chunk.job_id, chunk.first_row, chunk.epoch, part)) as upload:
                upload.write(format_rows(rows))
                upload.commit()
        sizes = [len(format_rows(rows)) for rows in (lines, good, bad)]
        with self.store.write() as tx:
            ledger.settle(tx, grant.job, [Result(grant.chunk, Tally(len(good), len(bad), *sizes))], now=self.now)

    def run(self, *chunks: tuple[str, list[list[str]]]) -> None:
        """Take and settle one chunk after the other."""
        for verdicts, lines in chunks:
            grant = self.take()
            assert grant
            self.settle(grant, verdicts, lines)

    def blob_names(self) -> list[str]:
        return self.blobs.names("")


def people(store: Store) -> None:
    with store.write() as tx:
        accounts.found(tx, email="root@x.org", token=ROOT_TOKEN, account_id=ROOT, token_id="t0", now=START)
        root = accounts.superuser(tx)
        for account_id, name in ((CHILD, "child"), (OTHER, "other")):
            accounts.add_account(tx, root, name, None, account_id=account_id, now=START)
            email = f"{name}@x.org"
            accounts.add_user(tx, root, email, account_id=account_id, now=START)
            accounts.add_token(tx, root, email, f"{name}-token", token_id=name, expires_at=None, now=START)


def success(data: Any, **more: Any) -> dict[str, Any]:
    """A whole envelope; the revision is whatever it is."""
    return {**_common(), "status": "success", "data": data, **more}


def error(digits: str, message: str, data: Any, **more: Any) -> dict[str, Any]:
    return {**_common(), "status": "error", "error": digits, "message": message, "data": data, **more}


def _common() -> dict[str, Any]:
    return {
        "auth_token": CHILD_TOKEN,
        "node": NODE,
        "request_id": "req-1",
        "timestamp": "2023-11-14T22:13:20Z",
        "version": "0.1.0",
    }


def whole(answer: falcon.testing.Result) -> dict[str, Any]:
    """The body of a success without its revision, which must be there."""
    body = dict(answer.json)
    assert body.pop("revision")
    return body
