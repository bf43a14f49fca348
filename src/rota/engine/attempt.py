"""One attempt of a delivery: a signed POST, and what came of it. Nothing that goes wrong on the way is an exception."""

import time

import httpcore

from rota import __version__
from rota.domain.webhooks import Outcome, headers
from rota.operations.deliveries import Due
from rota.outbound import AddressRefused, Call, Clock, Deadline, Network, Resolve, resolve, send

_SENT = (
    ("User-Agent", f"rota/{__version__}"),
    ("Accept", "*/*"),
    ("Content-Type", "application/json"),
)


def attempt(
    due: Due, *, until: float, private: bool, now: int, clock: Clock = time.monotonic, look_up: Resolve = resolve
) -> Outcome:
    """Send the message, and wait for the status of the answer until `until` by `clock`, in seconds.

    Nothing is sent after that: whoever is stopped in between and goes on later stays silent. `now` (microseconds since
    1970) goes into the signature. Of the answer's body nothing is read. `private` allows addresses that are not public.
    """
    body = due.payload.encode()
    sent = (*_SENT, *headers(due.message_id, due.secrets.at(now), body, now))
    network = Network(Deadline(until, clock), private=private, resolve=look_up)
    try:
        reply = send(Call("POST", due.url, sent, body), network, limit=0)
    except AddressRefused:
        return Outcome(error="the address is not public")
    except httpcore.TimeoutException:
        return Outcome(error="timed out")
    except Exception as error:
        # Whatever a URL or an answer brings about: it is this delivery's trouble alone.
        return Outcome(error=f"unreachable: {_printable(str(error)) or type(error).__name__}")
    return Outcome(reply.status, retry_after=reply.retry_after)


def _printable(text: str) -> str:
    """Its beginning, without what no database would take."""
    return "".join(each for each in text[:200] if each.isprintable())
