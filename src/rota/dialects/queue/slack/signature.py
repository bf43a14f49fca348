"""Tells a request of Slack's from anybody else's: signature v0, an HMAC over the time of sending and the raw body.

Source: https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import hmac
import re
from hashlib import sha256

import falcon

PATIENCE_S = 300
"""How far the time of sending may be from the clock, either way: later, a request that was overheard is worthless."""

_TIME = re.compile(r"[0-9]{1,12}")


def sign(secret: str, stamp: str, body: bytes) -> str:
    """What X-Slack-Signature says of a body that was sent at `stamp`, seconds since 1970."""
    return f"v0={hmac.new(secret.encode(), b'v0:%s:%s' % (stamp.encode(), body), sha256).hexdigest()}"


def verify(secret: str, req: falcon.Request, body: bytes, now: int) -> str:
    """The time of sending, as it was signed. HTTP errors: 401 for whatever Slack has not signed just now.

    `now` is microseconds since 1970. The signatures are compared in a time that does not tell where they differ.
    """
    stamp, signature = req.get_header("X-Slack-Request-Timestamp") or "", req.get_header("X-Slack-Signature") or ""
    if not stamp or not signature:
        raise _unauthenticated("Slack signs what it sends, and this is not signed")
    if not _TIME.fullmatch(stamp) or abs(now // 1_000_000 - int(stamp)) > PATIENCE_S:
        raise _unauthenticated(f"This was not sent within {PATIENCE_S} s of the server's clock")
    if not hmac.compare_digest(sign(secret, stamp, body).encode(), signature.encode()):
        raise _unauthenticated("The signature is not that of this body")
    return stamp


def _unauthenticated(why: str) -> falcon.HTTPError:
    return falcon.HTTPUnauthorized(title="Unauthenticated", description=why, challenges=["Slack-Signature"])
