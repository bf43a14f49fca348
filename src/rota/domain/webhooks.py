"""Webhooks: which events they are told of, what is sent and how it is signed, when it is tried again.

Signatures, headers and secrets follow Standard Webhooks 1.0.0.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

from rota.domain.events import DESK, Kind

SECOND = 1_000_000
URL_LIMIT = 2_000
DESCRIPTION_LIMIT = 1_000
SECRET_BYTES = 32
OVERLAP_S = 86_400
LONGEST_OVERLAP_S = 7 * 86_400
WEBHOOKS_LIMIT = 100
"""Webhooks of one account: each event of the account is written down once for each of them."""

KINDS = tuple(kind.value for kind in Kind if kind in DESK or kind.startswith("job."))
"""What a webhook may be told of."""

TEST = "webhook.test"
"""The type of a message that was asked for to see whether messages arrive. It is sent once."""

SCHEDULE_S = (5, 30, 2 * 60, 10 * 60, 30 * 60, 3_600, 2 * 3_600, 4 * 3_600, 8 * 3_600, 8 * 3_600)
"""Seconds to wait after the first failed attempt, the second, and so on: together a day. Then it is given up."""

DAY = 86_400 * SECOND
"""Of a receiver with a long queue not all attempts come to pass in a day: what has waited so long is given up, too."""

JITTER = 0.2
"""By how much of itself a wait is longer or shorter, so that what failed together does not come back together."""

PATIENCE_S = 3_600
"""A receiver may ask to be left alone for so long, and no longer."""

GONE = 410
_THROTTLED = frozenset({429, 503})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PREFIX = "whsec_"


class State(StrEnum):
    """Of a delivery: still to be made, made, given up."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What signs: after a rotation the previous secret, too, until `previous_until`."""

    current: str = field(repr=False)
    previous: str | None = field(default=None, repr=False)
    previous_until: int | None = None

    def at(self, now: int) -> tuple[str, ...]:
        """The newest first."""
        if self.previous and now < (self.previous_until or 0):
            return self.current, self.previous
        return (self.current,)


@dataclass(frozen=True, slots=True)
class Webhook:
    """`kinds` of events, all where there are none. Only events after `position` are for it. Where `disabled_at` is set
    nothing is sent, for the reason `disabled_because`."""

    id: str
    account_id: str
    url: str
    kinds: tuple[str, ...]
    description: str
    secrets: Secrets
    position: int
    created_at: int
    disabled_at: int | None
    disabled_because: str | None
    delivered_at: int | None
    failing_since: int | None

    @property
    def enabled(self) -> bool:
        return self.disabled_at is None

    def wants(self, kind: str, event_id: int) -> bool:
        """Of its account's events those of the kinds that it asked for, written after it was enabled."""
        return event_id > self.position and kind in (self.kinds or KINDS)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one webhook. `message_id` is the same at every attempt; `queued_at` is when it was put in line."""

    id: int
    webhook_id: str
    message_id: str
    kind: str
    payload: str
    state: State
    attempts: int
    queued_at: int
    next_at: int
    attempted_at: int | None
    settled_at: int | None
    last_status: int | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Fields:
    """What a person wrote of a webhook, checked. `enabled` is None where they did not say."""

    url: str
    kinds: tuple[str, ...] = ()
    description: str = ""
    enabled: bool | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt: the status of the answer, or why there is none. `retry_after` is the answer's header."""

    status: int | None = None
    error: str | None = None
    retry_after: str = ""

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """The receiver wants no more messages."""
        return self.status == GONE

    @property
    def sentence(self) -> str | None:
        """What was wrong, or None."""
        if self.is_success or self.status is None:
            return self.error
        moved = ", and redirects are not followed" if 300 <= self.status < 400 else ""
        return f"answered {self.status}{moved}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a delivery; `next_at` is when it is tried again, if it is pending."""

    state: State
    next_at: int


def read_fields(given: Mapping[str, Any], url_fault: Callable[[str], str | None]) -> Fields | dict[str, str]:
    """The fields, with defaults for what is missing, or a sentence for each that cannot be taken."""
    checks: Mapping[str, Callable[[Any], str | None]] = {
        "url": lambda value: _url_fault(value, url_fault),
        "types": _types_fault,
        "description": _description_fault,
        "enabled": lambda value: None if isinstance(value, bool) else "must be true or false",
    }
    faults = {} if "url" in given else {"url": "is missing"}
    for name, value in given.items():
        if fault := checks[name](value) if name in checks else "is not a field that can be written":
            faults[name] = fault
    if faults:
        return faults
    kinds = tuple(dict.fromkeys(given.get("types") or ()))
    return Fields(given["url"], kinds, given.get("description", ""), given.get("enabled"))


def _url_fault(value: Any, url_fault: Callable[[str], str | None]) -> str | None:
    if not isinstance(value, str) or not value.isprintable():
        return "is not a URL"
    return f"is longer than {URL_LIMIT} characters" if len(value) > URL_LIMIT else url_fault(value)


def _types_fault(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        return "must be a list of event types"
    unknown = [each for each in value if each not in KINDS]
    return f"holds what is none of {', '.join(KINDS)}" if unknown else None


def _description_fault(value: Any) -> str | None:
    if not isinstance(value, str) or not value.isprintable():
        return "must be a text of one line"
    return f"is longer than {DESCRIPTION_LIMIT} characters" if len(value) > DESCRIPTION_LIMIT else None


def new_secret(random: bytes) -> str:
    """A secret as it is shown: the bytes in base64, behind a prefix that tells what it is."""
    return _PREFIX + base64.b64encode(random).decode()


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """A `v1` signature: HMAC-SHA256 over id, timestamp (seconds since 1970) and body."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    mac = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(mac).decode()}"


def headers(message_id: str, secrets: tuple[str, ...], body: bytes, now: int) -> tuple[tuple[str, str], ...]:
    """What goes with an attempt at `now`."""
    timestamp = now // SECOND
    signatures = " ".join(sign(secret, message_id, timestamp, body) for secret in secrets)
    return ("webhook-id", message_id), ("webhook-timestamp", str(timestamp)), ("webhook-signature", signatures)


def payload(kind: str, at: int, data: Mapping[str, Any]) -> str:
    """The body of a message: `at` is when the event came about."""
    when = (_EPOCH + timedelta(microseconds=at)).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return json.dumps({"type": kind, "timestamp": when, "data": data}, separators=(",", ":"))


def data_of(subject: str, user: str | None, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a message says of an event of the desk or of a bulk job. An item is called a task, as everywhere outside."""
    thing, _, word = subject.partition(":")
    told = {_TASKS.get(name, name): value for name, value in facts.items()}
    if user is not None:
        told["user"] = user
    if thing in _NAMES:
        told[_NAMES[thing]] = int(word) if thing == "item" else word
    return told


_TASKS: Mapping[str, str] = {"items": "tasks"}
_NAMES: Mapping[str, str] = {"item": "task_id", "job": "job_id"}


def judge(outcome: Outcome, kind: str, attempts: int, age_us: int, now: int, jitter: float) -> Verdict:
    """What becomes of a delivery after so many attempts, the last of which had this outcome, and so long in line.

    `jitter` in [0, 1) chooses where in its range the wait lies.
    """
    if outcome.is_success:
        return Verdict(State.DELIVERED, now)
    if outcome.is_gone or kind == TEST or attempts > len(SCHEDULE_S) or age_us >= DAY:
        return Verdict(State.FAILED, now)
    wait_s = SCHEDULE_S[attempts - 1] * (1 - JITTER + 2 * JITTER * jitter)
    return Verdict(State.PENDING, now + round(max(wait_s, _asked_s(outcome, now)) * SECOND))


def _asked_s(outcome: Outcome, now: int) -> float:
    """Seconds for which the receiver asked to be left alone (RFC 9110, 10.2.3), at most PATIENCE_S; 0 if it did not."""
    if outcome.status not in _THROTTLED:
        return 0
    text = outcome.retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]), PATIENCE_S)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, OverflowError, TypeError, IndexError):
        # OverflowError comes of an offset of thirty digits; the others its parser has raised in earlier versions.
        return 0
    if when.tzinfo is None:
        return 0
    return min(max(0.0, (when - _EPOCH).total_seconds() - now / SECOND), PATIENCE_S)
