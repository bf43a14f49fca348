"""A server that answers by a script, and remembers what it was sent."""

import json
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

ACCOUNT = "a" * 32


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Script:
    """Answers by method and path (without the query): each in turn, the last one again and again."""

    url: str = ""
    answers: dict[tuple[str, str], list[tuple[int, dict[str, str], bytes]]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    def add(self, method: str, path: str, body: Any, status: int = 200, **headers: str) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.setdefault((method, path), []).append((status, named, raw))

    def answer(self, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        known = self.answers.get((method, path))
        if not known:
            return 418, {}, b"not in the script"
        return known.pop(0) if known[1:] else known[0]

    def sent(self, method: str) -> list[Request]:
        return [each for each in self.requests if each.method == method]


class Handler(BaseHTTPRequestHandler):
    script: Script

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.script.requests.append(Request(self.command, self.path, headers, self.rfile.read(length)))
        status, named, body = self.script.answer(self.command, self.path.partition("?")[0])
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **named}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815

    def log_message(self, *words: Any) -> None:
        pass
