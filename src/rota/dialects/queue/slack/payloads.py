"""Reads what Slack sends: who, what they typed or which buttons they pressed, and what makes two requests the same."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

import falcon
import msgspec

from rota.dialects.queue.slack.blocks import PRESSED
from rota.domain.accounts import email_fault
from rota.operations.slack import Request

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Sent:
    """A person, by what Slack knows of them, and the lines that they typed; a button is a line, too.

    `response_url` takes another answer later; it is empty where Slack named none.
    """

    slack_id: str
    emails: tuple[str, ...]
    lines: tuple[str, ...]
    request: Request
    response_url: str = ""


def read_form(body: bytes) -> dict[str, str]:
    """The fields, the first of each name. HTTP errors: 400 for what is no form."""
    try:
        return dict(reversed(parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=1000)))
    except ValueError as error:
        raise _malformed("The body is no form") from error


def command(form: Mapping[str, str], stamp: str, *, retry: bool) -> Sent:
    """A slash command. Source: https://docs.slack.dev/interactivity/implementing-slash-commands"""
    user, text, trigger = (form.get(name, "") for name in ("user_id", "text", "trigger_id"))
    said = ("command", form.get("team_id", ""), user, form.get("command", ""), text, trigger)
    emails = _emails(form.get("user_email"), form.get("user_name"))
    return Sent(user, emails, (text,), _request(said, trigger, stamp, retry))


def interaction(form: Mapping[str, str], stamp: str, *, retry: bool) -> Sent | None:
    """Pressed buttons, or None for what is not of interest here. HTTP errors: 400 for a malformed payload.

    Source: https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
    """
    payload = _object(form.get("payload", ""))
    pressed = [each for each in _dicts(payload.get("actions")) if _is_ours(each)]
    if payload.get("type") != "block_actions" or not pressed:
        return None
    user, team, trigger = _dict(payload.get("user")), _dict(payload.get("team")), _text(payload.get("trigger_id"))
    told = [[_text(each.get(name)) for name in ("action_id", "value", "action_ts")] for each in pressed]
    said = ("interaction", _text(team.get("id")), _text(user.get("id")), trigger, told)
    return Sent(
        _text(user.get("id")),
        _emails(*(user.get(name) for name in ("email", "username", "name"))),
        tuple(f"{PRESSED[action]} {value}" for action, value, _ in told),
        # Every press has a time of its own.
        _request(said, trigger or told[0][2], stamp, retry),
        _text(payload.get("response_url")),
    )


def _is_ours(action: Mapping[str, Any]) -> bool:
    """A button of rota's names a task, always: without one, its line would be about another."""
    return _text(action.get("action_id")) in PRESSED and _text(action.get("value")).isdigit()


def _request(said: Iterable[Any], mark: str, stamp: str, retry: bool) -> Request:
    """`mark` is what Slack gives no two requests, where it gave anything."""
    fingerprint = sha256(msgspec.json.encode([*said])).hexdigest()
    return Request(fingerprint, "" if mark else stamp, retry)


def _emails(*names: Any) -> tuple[str, ...]:
    return tuple(name for name in names if isinstance(name, str) and not email_fault(name))


def _object(text: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _malformed("The payload is no JSON") from error
    if not isinstance(found, dict):
        raise _malformed("The payload is no JSON object")
    return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _malformed(why: str) -> falcon.HTTPError:
    return falcon.HTTPBadRequest(title="Malformed Request", description=why)
