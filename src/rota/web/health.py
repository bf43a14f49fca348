"""Alive: this process answers. Ready: the database, the blobs and the engine answer too."""

from collections.abc import Callable
from typing import Any

import falcon
import msgspec

from rota.store.port import Blobs, Store

STALLED_S = 60
"""A chunk that waits this long while nobody has taken any is a sign that no engine runs."""


class Alive:
    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        response.data = b'{"alive":true}'
        response.content_type = falcon.MEDIA_JSON


class Ready:
    """200 when all parts answer, else 503; the body names each part and what is wrong with it."""

    def __init__(self, store: Store, blobs: Blobs, clock: Callable[[], int]) -> None:
        self._parts: dict[str, Callable[[], object]] = {
            "database": store.check,
            "blobs": blobs.check,
            "engine": lambda: _check_engine(store, clock()),
        }

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        said: dict[str, Any] = {name: _ask(check) for name, check in self._parts.items()}
        ready = all(answer == "ok" for answer in said.values())
        response.status = falcon.HTTP_200 if ready else falcon.HTTP_503
        response.data = msgspec.json.encode({"ready": ready, **said})
        response.content_type = falcon.MEDIA_JSON


def _ask(check: Callable[[], object]) -> str:
    try:
        check()
    except Exception as trouble:
        said = (str(getattr(trouble, "code", "")), str(trouble))
        return ": ".join(filter(None, said)) or type(trouble).__name__
    return "ok"


def _check_engine(store: Store, now: int) -> None:
    with store.read() as tx:
        waiting_since = tx.value("engine_waiting_since", now=now)
    if waiting_since is not None and now - waiting_since > STALLED_S * 1_000_000:
        raise RuntimeError(f"a chunk has waited for a runner for {(now - waiting_since) // 1_000_000} s")
