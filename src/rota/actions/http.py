"""The category `http`: calling an HTTP service for each row."""

import functools
import json
import time
from collections.abc import Callable, Mapping

import httpcore

from rota import __version__
from rota.actions.registry import ERROR, Context, Form, Line, Refused, action
from rota.outbound import AddressRefused, Call, Clock, Deadline, Gate, Network, Reply, Resolve, is_url, send
from rota.outbound import resolve as look_up

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
TOTAL_S = 30.0
TRIES = 3
PAUSE_S = 0.5
"""Before the second try; twice that before the third."""
PATIENCE_S = 5.0
"""A service that asks to be left alone for longer than this is not tried again."""

_PASSING = frozenset({429, 502, 503, 504})
_ON_THE_WAY = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.RemoteProtocolError)


class Caller:
    """Calls with a deadline and retries. One per process: the rate is the process's."""

    def __init__(
        self,
        *,
        private: bool,
        rate: float,
        clock: Clock = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        resolve: Resolve = look_up,
    ) -> None:
        self._private, self._clock, self._sleep, self._resolve = private, clock, sleep, resolve
        self._gate = Gate(rate, clock, sleep)

    def call(self, call: Call) -> Reply:
        """The last try's reply. Raises AddressRefused, or httpcore's error of the last try."""
        until = self._clock() + TOTAL_S
        for tried in range(TRIES):
            # A row does not pay for the turn it had to wait for.
            until += self._gate.wait()
            outcome = self._try(call, until)
            pause = _pause(outcome, tried)
            if pause is None or tried + 1 == TRIES or self._clock() + pause >= until:
                break
            self._sleep(pause)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _try(self, call: Call, until: float) -> Reply | Exception:
        network = Network(Deadline(until, self._clock), private=self._private, resolve=self._resolve)
        try:
            return send(call, network)
        except _ON_THE_WAY as error:
            return error


@action(
    "http",
    "call",
    description="Call an HTTP service for each row",
    doc="Sends a request to `url` and returns the answer's `status` and the first 64 KiB of its body as `response`.\n"
    "`method` is GET, POST, PUT, PATCH, DELETE or HEAD; if empty, POST with a `body` and GET without.\n"
    "Each request carries an `Idempotency-Key` that is the same whenever the row is tried again: after connection "
    "errors and the statuses 429, 502, 503 and 504, up to three times.\n"
    "Redirects are not followed. Private, loopback and other addresses that are not public are refused, unless the "
    "operator allows them.\n"
    "Reasons for failure: `http STATUS` for 400 and above, `address refused`, `unreachable`, `timed out`.\n",
    form=Form.ROW,
    mandatory=("url",),
    optional=("method", "body"),
    verifiers={"url": is_url, "method": lambda cell: cell.upper() in METHODS},
    output=("status", "response", ERROR),
    parallel=16,
    chunk_rows=64,
)
def call(context: Context, row: Mapping[str, str]) -> Line:
    """Raises Refused, with the answer's columns when there was one."""
    options = context.options
    caller = _caller(bool(options.get("http_call_private", False)), float(options.get("http_call_rate", 0)))
    return answer(caller, context.key(), row)


def answer(caller: Caller, key: str, row: Mapping[str, str]) -> Line:
    """The columns of a row's reply. Raises Refused."""
    try:
        reply = caller.call(_request(key, row))
    except AddressRefused:
        raise Refused("address refused") from None
    except httpcore.TimeoutException:
        raise Refused("timed out") from None
    except _ON_THE_WAY:
        raise Refused("unreachable") from None
    line = {"status": reply.status, "response": reply.text}
    if reply.status >= 400:
        raise Refused(f"http {reply.status}", line)
    return line


@functools.cache
def _caller(private: bool, rate: float) -> Caller:
    return Caller(private=private, rate=rate)


def _request(key: str, row: Mapping[str, str]) -> Call:
    body = row["body"]
    headers = [("User-Agent", f"rota/{__version__}"), ("Accept", "*/*"), ("Idempotency-Key", key)]
    if body:
        headers.append(("Content-Type", _content_type(body)))
    method = row["method"].upper() or ("POST" if body else "GET")
    return Call(method, row["url"], tuple(headers), body.encode())


def _content_type(body: str) -> str:
    try:
        json.loads(body)
    except ValueError:
        return "text/plain; charset=utf-8"
    return "application/json"


def _pause(outcome: Reply | Exception, tried: int) -> float | None:
    """Seconds to wait before another try, or None when there is to be none."""
    pause: float = PAUSE_S * 2**tried
    if isinstance(outcome, Exception):
        return pause
    if outcome.status not in _PASSING:
        return None
    asked = float(outcome.retry_after) if outcome.retry_after.isdecimal() else 0.0
    return max(pause, asked) if asked <= PATIENCE_S else None
