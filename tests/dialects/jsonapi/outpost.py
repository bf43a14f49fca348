"""The outpost of a ground: the dialect's application over a store, a clock that tests turn, and people with tokens."""

from typing import Any

import falcon.testing
import msgspec

from ground import ADMIN, ANN, BOB, STRANGER, Ground
from rota.dialects.jsonapi.app import create
from rota.operations import accounts
from rota.store.port import Blobs, Store
from support import service_on

MEDIA_TYPE = "application/vnd.api+json"
HOST = "http://rota.test"


class Outpost:
    """Everybody's token is their e-mail. The clock stands still unless a test passes time."""

    def __init__(self, store: Store, blobs: Blobs) -> None:
        self.ground = Ground.found(store)
        self.service = service_on(store, blobs, clock=lambda: self.ground.time, terms=self.ground.terms)
        self.client = falcon.testing.TestClient(create(self.service))
        with store.write() as tx:
            root = accounts.superuser(tx)
            for email in (ADMIN, ANN, BOB, STRANGER):
                accounts.add_token(tx, root, email, email, token_id=email, expires_at=None, now=1)

    def ask(self, method: str, path: str, body: Any = None, *, who: str | None = ADMIN, **more: Any) -> Any:
        """`path` goes on from /api/v1. A body that is no bytes is sent as JSON."""
        headers = {"Host": "rota.test", **({"X-Auth-Token": who} if who else {}), **more.pop("headers", {})}
        if body is not None:
            more["body"] = body if isinstance(body, bytes) else msgspec.json.encode(body)
            headers = {"Content-Type": MEDIA_TYPE, **headers}
        answer = self.client.simulate_request(method, f"/api/v1{path}", headers=headers, **more)
        if answer.content:
            assert answer.headers["content-type"].partition(";")[0] == MEDIA_TYPE
        assert answer.headers["vary"] == "Accept"
        return answer

    def get(self, path: str, *, who: str = ADMIN, **more: Any) -> Any:
        """The document of a success."""
        answer = self.ask("GET", path, who=who, **more)
        assert answer.status_code == 200, answer.text
        return answer.json

    def make(self, segment: str, type_: str, *, who: str = ADMIN, **attributes: Any) -> int:
        """The id of a new record."""
        answer = self.ask("POST", f"/{segment}", {"data": {"type": type_, "attributes": attributes}}, who=who)
        assert answer.status_code == 201, answer.text
        return int(answer.json["data"]["id"])

    def refused(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, list[tuple[str, str]]]:
        """The status of a refusal, whose form is checked, and of each error its place and its sentence."""
        answer = self.ask(method, path, body, **more)
        assert answer.json.keys() == {"errors"}, answer.text
        for error in answer.json["errors"]:
            assert error.keys() - {"source"} == {"id", "status", "code", "title", "detail"}
            assert all(isinstance(error[name], str) for name in error.keys() - {"source"})
        told = [("".join(error.get("source", {}).values()), error["detail"]) for error in answer.json["errors"]]
        return answer.status_code, told
