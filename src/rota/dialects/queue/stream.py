"""`/events/stream`: what the desk's log tells, as it is told (server-sent events, WHATWG HTML section 9.2)."""

import time
from collections.abc import Callable
from typing import Any

import falcon
import msgspec

from rota.dialects.credentials import standing
from rota.dialects.feed import DOUBTS, Feed, Listener
from rota.dialects.queue import documents, params
from rota.dialects.queue.resource import Resource
from rota.domain.accounts import Actor
from rota.domain.errors import InvalidFields, StoreUnavailable
from rota.operations.log import Choice
from rota.operations.tail import Told

HEARTBEAT_S = 15.0
PAUSE_S = 1.0
RETRY_MS = 2_000
"""How long a client waits before it connects again."""

READERS: dict[str, params.Reader] = {
    "user": params.text,
    "type": params.EVENT_TYPE,
    "task": params.TASK,
    "last_event_id": params.EVENT,
}
HEADER = "Last-Event-ID"


class EventStream(Resource):
    """`/events/stream`"""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """What comes after the event that the caller names or, if they name none, from now on. It has no end."""
        asked = _asked(req)
        actor = self.actor(req)
        resp.content_type = "text/event-stream"
        resp.set_header("Cache-Control", "no-store")
        # nginx holds an answer back until it has a buffer full of it.
        resp.set_header("X-Accel-Buffering", "no")
        if req.env["REQUEST_METHOD"] != "HEAD":
            resp.stream = self._open(req, actor, asked)

    def _open(self, req: falcon.Request, actor: Actor, asked: dict[str, Any]) -> "Stream":
        user = asked.get("user")
        choice = Choice(
            kinds=params.EVENT_TYPES.get(asked.get("type", ""), ()),
            user=user.lower() if user else None,
            item_id=asked.get("task"),
        )
        works = standing(self.service.store, self.service.clock, req, actor)
        feed = self.service.feed
        listener = feed.join(actor.account.id, choice, asked.get("last_event_id"))
        return Stream(feed, listener, choice, actor, works, HEARTBEAT_S)


class Stream:
    """The bytes of one answer. Whoever has it must `close` it, begun or not.

    It ends when the feed is closed, and when what its caller was let in with works no longer: at a heartbeat, and as
    soon as the log tells of something that may be the reason.
    """

    def __init__(
        self,
        feed: Feed,
        listener: Listener,
        choice: Choice,
        actor: Actor,
        works: Callable[[], bool],
        heartbeat_s: float,
    ) -> None:
        self._feed, self._listener, self._choice = feed, listener, choice
        self._subject, self._works = f"user:{actor.user.id}", works
        self._heartbeat_s, self._beat_at = heartbeat_s, 0.0
        self._is_let_in = True

    def __iter__(self) -> "Stream":
        return self

    def __next__(self) -> bytes:
        if not self._beat_at:
            self._beat_at = time.monotonic() + self._heartbeat_s
            # With the id a client that is cut off before the first event misses none.
            return f"retry: {RETRY_MS}\nid: {self._listener.position}\n\n".encode()
        while self._is_let_in and not self._feed.closed:
            if block := self._block():
                return block
        raise StopIteration

    def close(self) -> None:
        self._listener.close()

    def _block(self) -> bytes:
        """What there is to send; nothing when there is nothing yet, or nothing for this caller any more."""
        now = time.monotonic()
        if now >= self._beat_at:
            self._beat_at = now + self._heartbeat_s
            return b":\n\n" if self._check(doubted=False) else b""
        try:
            told = self._listener.next(self._beat_at - now)
        except StoreUnavailable:
            # A client that were sent away now would come back at once, and be refused.
            time.sleep(PAUSE_S)
            return b""
        doubted = any(each.kind in DOUBTS and each.subject == self._subject for each in told)
        if doubted and not self._check(doubted=True):
            return b""
        return b"".join(_frame(each) for each in told if self._choice.takes(each))

    def _check(self, *, doubted: bool) -> bool:
        """While the database does not answer, only a doubt ends the stream: there is nothing to tell, either."""
        try:
            self._is_let_in = self._works()
        except StoreUnavailable:
            self._is_let_in = not doubted
        return self._is_let_in


def _frame(told: Told) -> bytes:
    document = documents.event(told)
    return f"id: {told.id}\nevent: {document['action']}\ndata: ".encode() + msgspec.json.encode(document) + b"\n\n"


def _asked(req: falcon.Request) -> dict[str, Any]:
    """The query and the header, read. Raises InvalidFields with the faults of both; the header goes before."""
    faults: dict[str, str] = {}
    asked: dict[str, Any] = {}
    try:
        asked = params.query(req, READERS)
    except InvalidFields as refusal:
        faults = refusal.faults
    if sent := (req.get_header(HEADER) or "").strip():
        try:
            asked["last_event_id"] = params.EVENT(sent)
        except ValueError as fault:
            faults[HEADER] = str(fault)
    if faults:
        raise InvalidFields(faults)
    return asked
