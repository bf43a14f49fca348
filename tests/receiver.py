"""A receiver of webhooks on this machine, with a verification of its own: nothing of rota's is used to check rota."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOLERANCE_S = 300


@dataclass(frozen=True)
class Message:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def is_signed_with(self, secret: str) -> bool:
        """As the standard tells receivers to check, by hand."""
        if abs(time.time() - int(self.headers["webhook-timestamp"])) > TOLERANCE_S:
            return False
        key = base64.b64decode(secret[len("whsec_") :])
        signed = b".".join([self.id.encode(), self.headers["webhook-timestamp"].encode(), self.body])
        mine = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        given = [word.split(",", 1) for word in self.headers["webhook-signature"].split(" ")]
        return any(version == "v1" and hmac.compare_digest(mine, signature) for version, signature in given)


@dataclass
class Receiver:
    """Answers each path in turn as its plan says, the last answer again and again; 204 where there is no plan."""

    port: int = 0
    plans: dict[str, list[tuple[int, dict[str, str]]]] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def answer(self, message: Message) -> tuple[int, dict[str, str]]:
        self.messages.append(message)
        plan = self.plans.get(message.path)
        if not plan:
            return 204, {}
        return plan.pop(0) if plan[1:] else plan[0]

    def at(self, path: str) -> list[Message]:
        return [each for each in self.messages if each.path == path]

    def types(self, path: str = "/") -> list[str]:
        return [each.json["type"] for each in self.at(path)]


@contextmanager
def listening() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:
                # Who sent it was killed in the middle of it.
                self.close_connection = True
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, told = receiver.answer(Message(self.path, headers, body))
            self.send_response(status)
            for name, value in {"Content-Length": "0", **told}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *args: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()
