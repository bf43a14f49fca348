"""The counter of a desk: the dialect's application over a store, a clock that tests turn, and people with tokens."""

from typing import Any

import falcon.testing

from desk import ROOT, SECOND, Desk
from rota.dialects.queue.app import create
from rota.operations import accounts
from rota.operations.passwords import hash_password
from rota.store.port import Blobs, Store
from support import service_on

ADMIN = "admin@localhost"
ANN, BOB = "ann@x.org", "bob@x.org"
STRANGER = "eve@elsewhere.org"
PASSWORD = "correct horse"
HASH = hash_password(PASSWORD)


class Counter:
    """Ann and Bob work here, the admin is a superuser, and a stranger has an account of her own.

    The clock stands still unless a test passes time.
    """

    def __init__(self, store: Store, blobs: Blobs) -> None:
        self.desk = Desk.found(store)
        self.time = 1_700_000_000 * SECOND
        self.service = service_on(store, blobs, clock=lambda: self.time)
        self.client = falcon.testing.TestClient(create(self.service))
        with store.write() as tx:
            root = accounts.superuser(tx)
            elsewhere = accounts.add_account(tx, root, "elsewhere", None, account_id="e" * 32, now=1)
            for email, account in ((ANN, ROOT), (BOB, ROOT), (STRANGER, elsewhere.id)):
                accounts.add_user(tx, root, email, account_id=account, password_hash=HASH, now=1)
            for email in (ADMIN, ANN, BOB, STRANGER):
                accounts.add_token(tx, root, email, email, token_id=email, expires_at=None, now=1)

    def ask(self, method: str, path: str, body: Any = None, *, who: str | None = ANN, **more: Any) -> Any:
        headers = {**({"X-Auth-Token": who} if who else {}), **more.pop("headers", {})}
        if isinstance(body, bytes):
            more["body"] = body
            headers = {"Content-Type": "application/json", **headers}
        elif body is not None:
            more["json"] = body
        return self.client.simulate_request(method, path, headers=headers, **more)

    def get(self, path: str, *, who: str = ANN, **more: Any) -> Any:
        """The document of a success."""
        answer = self.ask("GET", path, who=who, **more)
        assert answer.status_code == 200, answer.text
        return answer.json

    def refused(
        self, method: str, path: str, body: Any = None, *, who: str | None = ANN, **more: Any
    ) -> tuple[int, str]:
        """The status and the sentence of a refusal, whose form is checked."""
        answer = self.ask(method, path, body, who=who, **more)
        document = answer.json
        assert document.keys() == {"error", "text"}
        assert document["error"]["message"] == document["text"]
        assert document["error"]["code"]
        return answer.status_code, document["text"]

    def add(self, title: str = "a title", *, who: str = ANN, **given: Any) -> int:
        answer = self.ask("POST", "/tasks", {"title": title, **given}, who=who)
        assert answer.status_code == 201, answer.text
        number: int = answer.json["_id"]
        return number

    def login(self, *emails: str) -> None:
        for email in emails:
            assert self.ask("POST", "/workers", who=email).status_code == 200

    def grab(self, task_id: int | None = None, *, who: str = ANN) -> dict[str, Any]:
        answer = self.ask("POST", "/workers/tasks" if task_id is None else f"/workers/tasks/{task_id}", who=who)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json
        return found

    def move(self, task_id: int, status: str, *, who: str = ANN) -> dict[str, Any]:
        answer = self.ask("PUT", f"/workers/tasks/{task_id}", {"status": status}, who=who)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json
        return found

    def wait(self, seconds: float) -> None:
        self.time += round(seconds * SECOND)
